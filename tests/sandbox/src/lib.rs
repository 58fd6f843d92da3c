//! A local Azure: managed identity, Resource Manager and Graph as they are on
//! the wire, with faults on demand.
//!
//! One listener serves everything; what a request is for follows from its path.
//! What is imitated, and from which source, stands at the head of each module.

mod app_service;
mod arm;
mod azure;
mod control;
mod faults;
mod gate;
mod graph;
mod imds;
mod journal;
mod query;
mod resource_graph;
mod seed;
mod server;
mod settings;
mod tokens;
mod users;

use std::{io, net::TcpListener, sync::Arc, time::Duration};

pub use arm::roles::Assignment;
pub use faults::{Fault, Hold, Times};
pub use graph::AppRoles;
pub use journal::{Recorded, Service};
pub use seed::{DEFAULT_SCOPE, VirtualMachine};
pub use server::Refusing;
pub use settings::{Fleet, Host, Identity, PageLinks, Settings};

use azure::Azure;
use server::Server;

/// The sandbox could not be started.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox cannot listen")]
pub struct Error(#[from] io::Error);

/// A running local Azure; it ends when it is dropped.
///
/// It runs on a thread and a runtime of its own, so that any test can use it.
pub struct Sandbox {
    azure: Arc<Azure>,
    server: Server,
}

impl Sandbox {
    /// Starts a local Azure; it listens when this returns.
    pub fn start(settings: Settings) -> Result<Self, Error> {
        Self::on(TcpListener::bind(settings.listen)?, settings)
    }

    /// The same, where `listener` listens already.
    pub fn on(listener: TcpListener, settings: Settings) -> Result<Self, Error> {
        let url = format!("http://{}", listener.local_addr()?);
        let azure = Arc::new(Azure::new(url, settings));
        let server = Server::start(listener, Arc::clone(&azure))?;
        Ok(Self { azure, server })
    }

    /// Where it listens, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.azure.url
    }

    /// The variables that such a host sets, and where its ARM and Graph are.
    #[must_use]
    pub fn environment(&self, host: Host) -> Vec<(String, String)> {
        self.azure.environment(host)
    }

    /// From now on `service` answers with `fault`, as often as `times` says;
    /// faults of one service take effect one after the other.
    pub fn inject(&self, service: Service, fault: Fault, times: Times) {
        self.azure.faults.inject(service, fault, times);
    }

    /// Takes back the faults of `service`.
    pub fn clear(&self, service: Service) {
        self.azure.faults.clear(service);
    }

    /// From now on requests to `service` wait, until the hold is released.
    #[must_use]
    pub fn hold(&self, service: Service) -> Hold {
        self.azure.faults.hold(service)
    }

    /// Until the guard is dropped, connections are refused, as where nothing
    /// listens; those that there are have been reset. The port stays the same.
    ///
    /// # Panics
    ///
    /// Where somebody else took the port.
    pub fn refuse_connections(&self) -> Refusing {
        match self.server.refuse_connections() {
            Ok(refusing) => refusing,
            Err(error) => panic!("connections cannot be refused: {error}"),
        }
    }

    /// The requests to `service`, in order of arrival.
    #[must_use]
    pub fn requests(&self, service: Service) -> Vec<Recorded> {
        self.azure.journal.requests(Some(service))
    }

    /// Resolves once `count` requests to `service` have arrived in all.
    pub async fn arrived(&self, service: Service, count: usize) {
        self.azure.journal.arrived(service, count).await;
    }

    /// The most requests to `service` that were under way at one time.
    #[must_use]
    pub fn peak_concurrency(&self, service: Service) -> usize {
        self.azure.journal.peak(service)
    }

    /// Requests to paths that Azure is not known to have.
    #[must_use]
    pub fn unexpected(&self) -> Vec<Recorded> {
        self.azure.journal.requests(None)
    }

    /// Every token handed out so far is refused from now on, and forgotten by
    /// the host's cache.
    pub fn expire_tokens(&self) {
        self.azure.tokens.refuse_all(tokens::HostCache::Forgets);
    }

    /// Every token handed out so far is refused from now on, while the host's
    /// cache goes on handing it out, unless it is asked to be passed by.
    pub fn reject_tokens(&self) {
        self.azure.tokens.refuse_all(tokens::HostCache::Keeps);
    }

    /// Somebody else orders `action` of a virtual machine: `deallocate`,
    /// `hibernate`, `start`, `restart`, `powerOff`, `redeploy` or `reapply`; or
    /// its guest shuts down by itself: `shutdown`.
    ///
    /// # Panics
    ///
    /// Where there is no such machine or action, or Azure would refuse it: a
    /// test would go on from another state than it says.
    pub fn order(&self, resource_group: &str, name: &str, action: &str) {
        if let Err(error) = self.azure.arm.order(resource_group, name, action) {
            panic!("{action} of {name} cannot be ordered: {error}");
        }
    }

    /// Operations that begin from now on take this long.
    pub fn operations_take(&self, takes: Duration) {
        self.azure.arm.operations_take(takes);
    }

    /// The next operation that begins ends as failed, with this error, and
    /// leaves its machine as it was.
    pub fn fail_next_operation(&self, code: &str, message: &str) {
        self.azure.arm.fail_next_operation(code, message);
    }

    /// The status of no operation so far is found any more.
    pub fn forget_operations(&self) {
        self.azure.arm.forget_operations();
    }

    /// From now on every identity may do what `assignments` allow, and no more;
    /// at first it may do everything.
    pub fn assign(&self, assignments: Vec<Assignment>) {
        self.azure.roles.assign(assignments);
    }

    /// Page tokens given out so far have expired.
    pub fn expire_page_tokens(&self) {
        self.azure.graph.expire_pages();
    }

    /// What of Graph is granted to every identity from now on. As with real ones,
    /// tokens that there are keep the roles that they were issued with, and the
    /// host goes on handing them out: `expire_tokens` makes it sudden.
    pub fn app_roles(&self, app_roles: AppRoles) {
        self.azure.tokens.grant(app_roles);
    }

    /// From now on, so many pages without anybody come before each page of Graph's
    /// that has somebody; they have a link all the same.
    pub fn empty_pages(&self, pages: usize) {
        self.azure.graph.come_empty(pages);
    }

    /// A token for `resource`, as a caller would hold that goes to Azure itself.
    #[must_use]
    pub fn mint(&self, resource: &str) -> String {
        let identity = Identity::gateway();
        self.azure
            .tokens
            .mint(resource, &identity, self.azure.settings.token_lifetime)
            .token
    }

    /// What must not show anywhere: tokens, signatures of operation URLs, the
    /// identity header.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = self.azure.tokens.all();
        secrets.extend(self.azure.arm.signatures());
        secrets.push(self.azure.identity_header.clone());
        secrets
    }

    /// Every virtual machine.
    #[must_use]
    pub fn virtual_machines(&self) -> Vec<VirtualMachine> {
        seed::virtual_machines(self.azure.settings.fleet)
    }

    /// The power state of a virtual machine, such as `running`: what follows
    /// `PowerState/`. Of several machines, the first in the order of the seed.
    #[must_use]
    pub fn power_state(&self, resource_group: &str, name: &str) -> Option<String> {
        self.azure.arm.power_state(resource_group, name)
    }
}
