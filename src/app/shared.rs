//! The two kinds of state: what all workers know, and what each connects with.

use std::{
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use actix_web::rt::{signal::unix::Signal, time};

use super::{Error, admin, cloud, transport::Transport};
use crate::{
    access::{Access, Authenticator},
    api::{self, Edge, Refusals},
    audit::Audit,
    azure::{ArmClient, ArmKnowledge, GraphClient, ResourceGraphClient, Throttle},
    changes::ChangeLimits,
    config::{self, Config, Upstream},
    directory::{Directory, KnownPages, Listings, Permission, Replica, keep},
    export::{self, Export},
    http::{Client, Deadline, Guard, Profile, Tls},
    identity::{self, ManagedIdentity, Plan, TokenCache, TokenSource},
    inventory::{Inventory, KnownNames, Metadata, Surroundings},
    metrics::Metrics,
    policy::Policies,
    power::{Operations, Power},
    task::Tasks,
    telemetry::Tracer,
};

/// How long a connection to Azure may take to open, TLS included.
const CONNECT: Duration = Duration::from_secs(3);

/// A page of 999 users with every property is some 600 kB.
const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// When a host that did not tell of itself is asked again.
const UNTIL_KNOWN: Duration = Duration::from_mins(1);

/// What all workers know: built once, `Send + Sync`.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(super) metrics: Metrics,
    pub(super) tracer: Tracer,
    pub(super) tasks: Tasks,
    pub(super) audit: Audit,
    pub(super) limits: ChangeLimits,
    pub(crate) permission: Permission,
    pub(super) access: Access,
    pub(super) config: Arc<Config>,
    pub(super) started: Instant,
    plan: Arc<Plan>,
    tokens: TokenCache,
    operations: Operations,
    arm: ArmKnowledge,
    throttle: Throttle,
    arm_guard: Guard,
    graph_guard: Guard,
    pub(super) surroundings: Arc<Surroundings>,
    names: KnownNames,
    pages: KnownPages,
    listings: Listings,
    pub(super) replica: Option<Replica>,
    tls: Option<Tls>,
    stopping: Arc<AtomicBool>,
    refusals: Refusals,
}

/// What one worker serves with: it holds connections and is not `Send`.
pub(crate) struct Worker {
    pub(crate) inventory: Rc<Inventory>,
    pub(crate) power: Rc<Power>,
    pub(crate) directory: Rc<Directory>,
}

impl Shared {
    /// The shared state for `config`.
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let metrics = Metrics::new()?;
        let is_https = |upstream: &Upstream| upstream.endpoint.scheme() == "https";
        let callers = &config.callers;
        let export = config.export.as_ref();
        let needs_tls = is_https(&config.arm)
            || is_https(&config.graph)
            || callers.need_tls()
            || export.is_some_and(config::Export::needs_tls);
        let tls = needs_tls.then(Tls::native).transpose()?;
        let tasks = Tasks::default();
        let at_once = config.limits.upstream.div_ceil(config.workers().get());
        let allowed = config.limits.upstream_timeout;
        Ok(Self {
            arm_guard: Guard::new(at_once, allowed),
            graph_guard: Guard::new(at_once, allowed),
            access: Access::new(callers, tls.clone(), &tasks, &metrics),
            tokens: TokenCache::new(metrics.clone()),
            replica: config
                .directory
                .replica
                .map(|settings| Replica::new(settings, metrics.clone())),
            permission: Permission::new(metrics.clone()),
            limits: ChangeLimits::new(config.changes, metrics.clone()),
            audit: Audit::new(config.audit.clone(), metrics.clone()).map_err(Error::Thread)?,
            tracer: tracer(config, &metrics),
            metrics,
            tasks,
            plan: Arc::new(Plan::new(config)?),
            operations: Operations::new(config.limits.operations),
            arm: ArmKnowledge::default(),
            throttle: Throttle::new(Instant::now()),
            surroundings: Arc::new(Surroundings::new(config.scopes.clone(), allowed)),
            names: KnownNames::new(),
            pages: KnownPages::new(config.directory.pages),
            listings: Listings::default(),
            tls,
            started: Instant::now(),
            stopping: Arc::default(),
            refusals: Refusals::new(allowed),
            config: Arc::new(config.clone()),
        })
    }

    /// What the edge of a listener needs.
    pub(super) fn edge(&self) -> Edge {
        Edge {
            metrics: self.metrics.clone(),
            tracer: self.tracer.clone(),
            refusals: self.refusals.clone(),
            stopping: Arc::clone(&self.stopping),
            body_limit: self.config.limits.body,
            header_limit: self.config.limits.headers,
            patterns: if self.config.docs {
                api::PATTERNS_AND_DOCS
            } else {
                api::PATTERNS
            },
        }
    }

    /// Connections for one more worker.
    pub(crate) fn worker(&self) -> Worker {
        let identity = self.identity();
        let graph = self.graph(identity.clone());
        // One host, and so one set of connections.
        let (client, endpoint) = (self.to_arm(), &self.config.arm.endpoint);
        let machines = ResourceGraphClient::new(client.clone(), identity.clone(), endpoint);
        let arm = self.arm(client, identity);
        let inventory = Rc::new(Inventory::new(
            Arc::clone(&self.surroundings),
            self.names.clone(),
            machines,
            self.metadata(),
            self.tasks.clone(),
        ));
        Worker {
            inventory: Rc::clone(&inventory),
            power: Rc::new(Power::new(
                arm,
                inventory,
                self.config.allow,
                self.operations.clone(),
                self.tasks.clone(),
                self.metrics.clone(),
                (self.audit.clone(), self.limits.clone()),
            )),
            directory: Rc::new(Directory::new(
                graph,
                self.permission.clone(),
                self.replica.clone(),
                (self.pages.clone(), self.listings.clone()),
                self.tasks.clone(),
                self.metrics.clone(),
            )),
        }
    }

    /// Begins to send traces and metrics, where they are to be sent.
    pub(super) fn export(&self, policies: &Policies, transport: &Transport) -> Export {
        let Some(config) = &self.config.export else {
            return Export::default();
        };
        let (shared, identity) = (self.clone(), self.identity());
        let (policies, transport) = (policies.clone(), transport.clone());
        let gather = move || {
            admin::observe(&shared, &identity, &policies, &transport);
            shared.metrics.gather()
        };
        let told = (&self.metrics, &self.tracer);
        Export::begin(config, self.tls.as_ref(), told, gather)
    }

    /// What one worker asks callers with.
    pub(crate) fn authenticator(&self) -> Authenticator {
        Authenticator::new(self.access.clone())
    }

    /// The managed identity, with a connection of its own.
    pub(crate) fn identity(&self) -> ManagedIdentity {
        let client = self.plan.client(self.metrics.clone());
        let source = TokenSource::new(client, Arc::clone(&self.plan));
        ManagedIdentity::new(
            self.tokens.clone(),
            source,
            (self.metrics.clone(), self.tracer.clone()),
            self.config.limits.token_wait,
            self.config.identity.source.evidence(),
        )
    }

    /// Says which identity it is, and begins to fetch what every request needs;
    /// readiness tells how far it is.
    pub(super) fn warm_up(&self) {
        self.authenticator().keep(&self.tasks);
        let identity = self.identity();
        identity.introduce();
        self.tasks.follow(identity.clone().keep_tokens());
        if let Some(replica) = self.replica.clone() {
            let timeout = self.config.limits.upstream_timeout;
            self.tasks.follow(keep(
                replica,
                self.graph(identity),
                timeout,
                self.tracer.clone(),
            ));
        }
    }

    /// Begins to look which cloud the host is in, until it is known. The gateways of
    /// a node take turns as with tokens: instance metadata bears five requests a
    /// second of all of them.
    ///
    /// Source: "Azure Instance Metadata Service", rate limiting.
    pub(super) fn compare_clouds(&self) {
        let (shared, metadata) = (self.clone(), self.metadata());
        let timeout = self.config.limits.upstream_timeout;
        self.tasks.follow(async move {
            time::sleep(shared.config.identity_delay).await;
            let learn = || {
                let deadline = Deadline::after(timeout);
                shared.surroundings.learn(&metadata, deadline)
            };
            while !learn().await {
                time::sleep(UNTIL_KNOWN.mul_f64(0.5 + fastrand::f64())).await;
            }
            cloud::warn(&shared);
        });
    }

    /// Begins to look whether users can be listed, and goes on with it.
    pub(super) fn prove_permission(&self) {
        let graph = self.graph(self.identity());
        let proving = self.permission.clone();
        self.tasks
            .follow(proving.keep_proving(graph, self.tracer.clone()));
    }

    /// Opens the record of changes, before anybody is served.
    pub(super) fn open_audit(&self) -> Result<(), Error> {
        let opened = self.audit.open();
        opened.map_err(|source| Error::Audit(self.audit.target().to_string(), source))
    }

    /// Begins to open the record of changes again whenever `hangup` says so.
    pub(super) fn reopen_audit(&self, mut hangup: Signal) {
        let audit = self.audit.clone();
        self.tasks.follow(async move {
            while hangup.recv().await.is_some() {
                audit.reopen();
            }
        });
    }

    /// From now on the gateway is not ready.
    pub(super) fn stop_being_ready(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the gateway is about to end.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Resource Manager by way of `client`.
    pub(crate) fn arm(&self, client: Client, identity: ManagedIdentity) -> ArmClient {
        let endpoint = self.config.arm.endpoint.clone();
        ArmClient::new(client, identity, endpoint, self.arm.clone())
    }

    /// Graph, with connections of its own.
    pub(crate) fn graph(&self, identity: ManagedIdentity) -> GraphClient {
        GraphClient::new(
            self.upstream("graph", Some(self.graph_guard.clone())),
            identity,
            &self.config.graph.endpoint,
            self.throttle.clone(),
        )
    }

    /// Connections to Resource Manager.
    pub(crate) fn to_arm(&self) -> Client {
        self.upstream("arm", Some(self.arm_guard.clone()))
    }

    /// Connections to Azure, under the name `service`.
    pub(crate) fn upstream(&self, service: &'static str, guard: Option<Guard>) -> Client {
        let profile = Profile {
            service,
            connect: CONNECT,
            body_limit: BODY_LIMIT,
            tls: self.tls.clone(),
            guard,
        };
        Client::new(profile, self.metrics.clone())
    }

    /// Where a worker learns which host this is.
    pub(crate) fn metadata(&self) -> Metadata {
        match self.config.identity.source.instance_metadata() {
            Some(endpoint) => {
                Metadata::Service(identity::client(self.metrics.clone()), endpoint.clone())
            }
            None => Metadata::None,
        }
    }
}

/// Records what is sent to somebody, and nothing else.
fn tracer(config: &Config, metrics: &Metrics) -> Tracer {
    match &config.export {
        Some(to) if to.traces.is_some() => {
            Tracer::new(to.sampler, export::write_span, metrics.clone())
        }
        Some(_) | None => Tracer::default(),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderMap;
    use azure_sandbox::{AppRoles, Host, Sandbox, Service, Settings};

    use super::*;
    use crate::{
        directory::Verdict,
        http::{Context, Deadline},
        telemetry::TraceContext,
    };

    fn before(azure: &Sandbox) -> Shared {
        let config = Config::from_vars(azure.environment(Host::ContainerApp)).unwrap();
        Shared::new(&config).unwrap()
    }

    async fn proven(shared: &Shared) -> Verdict {
        let trace = TraceContext::continued(&HeaderMap::new());
        let context = Context::own(Deadline::after(Duration::from_secs(10)), trace);
        let graph = shared.graph(shared.identity());
        shared
            .permission
            .proven(&graph, &context)
            .await
            .unwrap()
            .verdict
    }

    #[actix_web::test]
    async fn callers_who_need_the_permission_proven_share_one_look() {
        let azure = Sandbox::start(Settings::default()).unwrap();
        let shared = before(&azure);
        let (a, b, c) = tokio::join!(proven(&shared), proven(&shared), proven(&shared));
        assert_eq!([a, b, c], [Verdict::Fine; 3]);
        assert_eq!(proven(&shared).await, Verdict::Fine);
        let asked = azure.requests(Service::Graph);
        assert_eq!(asked.len(), 2);
        for request in asked {
            assert_eq!(request.header("x-ms-throttle-priority"), Some("Normal"));
        }
    }

    #[actix_web::test]
    async fn a_permission_that_hides_departments_is_not_proven() {
        let azure = Sandbox::start(Settings::default()).unwrap();
        azure.app_roles(AppRoles::BasicHidden);
        assert_eq!(proven(&before(&azure)).await, Verdict::SilentlyEmpty);
    }
}
