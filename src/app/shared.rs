//! The two kinds of state: what all workers know, and what each connects with.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::Error;
use crate::{
    api::Edge,
    azure::{ArmClient, ArmKnowledge, GraphClient, ResourceGraphClient},
    config::{Config, Source, Upstream},
    directory::Directory,
    http::{Client, Profile, Tls},
    identity::{self, ManagedIdentity, Plan, Resource, TokenCache, TokenSource},
    inventory::{Inventory, KnownNames, Metadata, Surroundings},
    metrics::Metrics,
    power::{Operations, Power},
    task::Tasks,
};

/// How long a connection to Azure may take to open, TLS included.
const CONNECT: Duration = Duration::from_secs(3);

/// A page of 999 users with every property is some 600 kB.
const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// What all workers know: built once, `Send + Sync`.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) metrics: Metrics,
    pub(super) tasks: Tasks,
    config: Arc<Config>,
    plan: Arc<Plan>,
    tokens: TokenCache,
    operations: Operations,
    arm: ArmKnowledge,
    surroundings: Arc<Surroundings>,
    names: KnownNames,
    tls: Option<Tls>,
    stopping: Arc<AtomicBool>,
}

/// What one worker serves with: it holds connections and is not `Send`.
pub(super) struct Worker {
    pub(super) inventory: Inventory,
    pub(super) power: Power,
    pub(super) directory: Directory,
}

impl Shared {
    /// The shared state for `config`.
    pub(super) fn new(config: &Config) -> Result<Self, Error> {
        let metrics = Metrics::new()?;
        let is_https = |upstream: &Upstream| upstream.endpoint.scheme() == "https";
        let needs_tls = is_https(&config.arm) || is_https(&config.graph);
        Ok(Self {
            tokens: TokenCache::new(metrics.clone()),
            metrics,
            tasks: Tasks::default(),
            plan: Arc::new(Plan::new(config)),
            operations: Operations::new(),
            arm: ArmKnowledge::default(),
            surroundings: Arc::new(Surroundings::new(config.scopes.clone())),
            names: KnownNames::new(),
            tls: needs_tls.then(Tls::native).transpose()?,
            stopping: Arc::default(),
            config: Arc::new(config.clone()),
        })
    }

    /// What the edge of a listener needs.
    pub(super) fn edge(&self) -> Edge {
        Edge {
            metrics: self.metrics.clone(),
            body_limit: self.config.limits.body,
            header_limit: self.config.limits.headers,
        }
    }

    /// Connections for one more worker.
    pub(super) fn worker(&self) -> Worker {
        let identity = self.identity();
        let graph = GraphClient::new(
            self.upstream("graph"),
            identity.clone(),
            &self.config.graph.endpoint,
        );
        // One host, and so one set of connections.
        let (client, endpoint) = (self.upstream("arm"), &self.config.arm.endpoint);
        let machines = ResourceGraphClient::new(client.clone(), identity.clone(), endpoint);
        let arm = ArmClient::new(client, identity, endpoint.clone(), self.arm.clone());
        let inventory = Inventory::new(
            Arc::clone(&self.surroundings),
            self.names.clone(),
            machines,
            self.metadata(),
            self.tasks.clone(),
        );
        Worker {
            inventory: inventory.clone(),
            power: Power::new(
                arm,
                inventory,
                self.config.allow,
                self.operations.clone(),
                self.tasks.clone(),
                self.metrics.clone(),
            ),
            directory: Directory::new(graph),
        }
    }

    /// The managed identity, with a connection of its own.
    pub(super) fn identity(&self) -> ManagedIdentity {
        let client = identity::client(self.metrics.clone());
        let source = TokenSource::new(client, Arc::clone(&self.plan));
        ManagedIdentity::new(
            self.tokens.clone(),
            source,
            self.metrics.clone(),
            self.config.limits.token_wait,
        )
    }

    /// Begins to fetch what every request needs; readiness tells how far it is.
    pub(super) fn warm_up(&self) {
        let identity = self.identity();
        for resource in Resource::ALL {
            identity.lacks(resource);
        }
    }

    /// From now on the gateway is not ready.
    pub(super) fn stop_being_ready(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the gateway is about to end.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    fn upstream(&self, service: &'static str) -> Client {
        let profile = Profile {
            service,
            connect: CONNECT,
            body_limit: BODY_LIMIT,
            tls: self.tls.clone(),
        };
        Client::new(profile, self.metrics.clone())
    }

    fn metadata(&self) -> Metadata {
        match &self.config.identity.source {
            Source::Imds { endpoint } => {
                Metadata::Service(identity::client(self.metrics.clone()), endpoint.clone())
            }
            Source::AppService { .. } => Metadata::None,
        }
    }
}
