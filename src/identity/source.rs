//! The places that hand out tokens, and how each wants to be asked.

mod app_service;
mod arc;
mod azure_cli;
mod fault;
mod form;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzz;
mod imds;
mod key_file;
mod msi;
mod plan;
mod service_fabric;
mod workload;

use std::{sync::Arc, time::Duration};

use actix_web::{
    http::header::HeaderName,
    rt::{task::spawn_blocking, time},
};
use jiff::Timestamp;
use tokio::sync::{Mutex, SemaphorePermit};
use url::Url;

use super::{Gate, Resource, TokenError, Unusable, gate::Respite, response, response::Grant};
use crate::{
    config::{IdentityId, SourceKind},
    http::{self, Cause, Client, Deadline, Request, Response},
    metrics::Metrics,
    telemetry::TraceContext,
};
pub(crate) use fault::LocalFault;
use plan::Place;
pub(crate) use plan::Plan;

/// A token answer is some 4 KiB.
const BODY_LIMIT: usize = 64 * 1024;

/// No program that is led to a URL by another one can send it: instance metadata
/// and all that is like it want to see it.
const METADATA: HeaderName = HeaderName::from_static("metadata");

/// Whether the host may answer from a cache of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostCache {
    /// The usual case.
    Use,
    /// Ask for a token that is newly issued, where the endpoint can be asked.
    PassBy,
}

/// The client for instance metadata; tokens are asked for by [`Plan::client`].
pub(crate) fn client(metrics: Metrics) -> Client {
    let profile = http::Profile {
        service: "identity",
        connect: Duration::from_secs(1),
        body_limit: BODY_LIMIT,
        tls: None,
        guard: None,
    };
    Client::new(profile, metrics)
}

/// The configured source, as one worker reaches it.
#[derive(Clone)]
pub(crate) struct TokenSource {
    client: Client,
    plan: Arc<Plan>,
}

impl TokenSource {
    /// The source that `plan` describes.
    pub(crate) fn new(client: Client, plan: Arc<Plan>) -> Self {
        Self { client, plan }
    }

    /// What kind of source it is.
    pub(super) fn kind(&self) -> SourceKind {
        self.plan.kind
    }

    /// The source's name in metrics.
    pub(crate) fn label(&self) -> &'static str {
        self.kind().label()
    }

    /// Which identity it is asked for.
    pub(super) fn id(&self) -> &IdentityId {
        &self.plan.id
    }

    /// What a token for `resource` is asked for with.
    pub(super) fn audience(&self, resource: Resource) -> &'static str {
        self.plan.audience(resource)
    }

    /// Whether it can be asked to pass by its host's cache.
    pub(crate) fn has_bypass(&self) -> bool {
        matches!(self.plan.place, Place::Imds(_))
    }

    /// Waits until it is this request's turn. It has none while the endpoint wants to
    /// be left alone.
    pub(crate) async fn turn(&self) -> Result<Option<SemaphorePermit<'_>>, TokenError> {
        let turn = match &self.plan.gate {
            Some(gate) => gate.pass().await,
            None => None,
        };
        self.plan.respite.told().map_or(Ok(turn), Err)
    }

    /// Asks once for a token for `resource`, as part of `trace`.
    pub(crate) async fn fetch(
        &self,
        resource: Resource,
        host_cache: HostCache,
        trace: Option<&TraceContext>,
    ) -> Result<Grant, TokenError> {
        let turn = Turn {
            client: &self.client,
            audience: self.audience(resource),
            host_cache,
            deadline: Deadline::after(self.plan.place.patience()),
            trace,
        };
        let answer = self.plan.place.ask(&turn).await;
        let answer = answer.inspect_err(|failure| self.plan.respite.note(failure))?;
        response::read(&answer.body, Timestamp::now()).map_err(TokenError::Unusable)
    }
}

/// One asking for a token, of however many requests.
struct Turn<'a> {
    client: &'a Client,
    audience: &'static str,
    host_cache: HostCache,
    deadline: Deadline,
    trace: Option<&'a TraceContext>,
}

impl Turn<'_> {
    /// No endpoint of tokens is told of the trace: what it gives out is for all.
    async fn send(&self, request: Request<'_>) -> Result<Response, http::Error> {
        let request = request.recorded(self.trace);
        self.client.exchange(&request, self.deadline).await
    }
}

/// The reads of a source's files, one after another for all workers. One that hangs, such
/// as on a mount that is gone, cannot be ended: however often it is tried, it has one
/// thread of those by which names are resolved as well.
#[derive(Default)]
struct Reads(Arc<Mutex<()>>);

impl Reads {
    /// What `read` reads of a file, which holds up nobody for longer than until `deadline`.
    async fn within<T: Send + 'static>(
        &self,
        deadline: Deadline,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Cause> {
        let turn = Arc::clone(&self.0).lock_owned();
        let read = async {
            let turn = turn.await;
            let in_turn = move || {
                let _turn = turn;
                read()
            };
            spawn_blocking(in_turn).await
        };
        match time::timeout(deadline.remaining(), read).await {
            Ok(read) => read.map_err(|error| Cause::new(&error)),
            Err(_) => Err(Cause::said("it takes too long")),
        }
    }
}

/// `endpoint` with what most of them want to be told.
fn with_query(endpoint: &Url, version: &str, audience: &str, id: Option<(&str, &str)>) -> Url {
    let mut url = endpoint.clone();
    url.query_pairs_mut()
        .append_pair("api-version", version)
        .append_pair("resource", audience)
        .extend_pairs(id);
    url
}

/// The identity's parameter; `names` are those of client, object and resource
/// id at this source.
fn id_parameter<'a>(id: &'a IdentityId, names: [&'a str; 3]) -> Option<(&'a str, &'a str)> {
    let [client, object, resource] = names;
    match id {
        IdentityId::System => None,
        IdentityId::ClientId(id) => Some((client, id)),
        IdentityId::ObjectId(id) => Some((object, id)),
        IdentityId::ResourceId(id) => Some((resource, id)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[actix_web::test]
    async fn a_file_that_hangs_is_given_up_and_takes_one_thread() {
        let (reads, (end, hanging)) = (Reads::default(), mpsc::channel::<()>());
        let soon = || Deadline::after(Duration::from_millis(20));
        let given_up = reads.within(soon(), move || hanging.recv()).await;
        assert_eq!(given_up.unwrap_err().to_string(), "it takes too long");

        let again = reads.within(soon(), || ()).await;
        assert_eq!(again.unwrap_err().to_string(), "it takes too long");
        drop(end);
        let after = reads.within(Deadline::after(Duration::from_mins(1)), || "key");
        assert_eq!(after.await.unwrap(), "key");
    }
}
