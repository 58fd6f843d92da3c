//! A local Azure: managed identity, Resource Manager and Graph as they are on
//! the wire, with faults on demand.
//!
//! One listener serves everything but the token endpoints that stand at the path
//! of another one; what a request is for follows from its path. Another one does
//! the same over TLS, for clients that go by Azure's names.
//! What is imitated, and from which source, stands at the head of each module.

mod app_service;
mod app_service_2017;
mod arc;
mod arm;
mod arrivals;
mod authority;
mod azure;
mod callers;
mod clock;
mod cloud;
mod cloud_shell;
mod control;
mod entra;
mod environment;
mod faults;
mod folder;
mod gate;
mod graph;
mod identities;
mod imds;
mod journal;
mod known;
mod kubernetes;
mod machine_learning;
mod patch;
mod query;
mod resource_graph;
mod seed;
mod server;
mod service_fabric;
mod settings;
mod signing;
mod sources;
mod tokens;
mod users;
mod vm_extension;

use std::{io, net::TcpListener, path::Path, sync::Arc, time::Duration};

pub use arc::ArcFault;
pub use arm::{
    history::{Order, Standing},
    roles::Assignment,
};
pub use callers::{
    API_APP_ID_URI, API_CLIENT_ID, Caller, CallerKind, CallerToken, SCOPE, Shape, SignedBy,
    TokenVersion,
};
pub use cloud::Cloud;
pub use faults::{Fault, Hold, Times};
pub use graph::AppRoles;
pub use journal::{Recorded, Service};
pub use known::Unknown;
pub use kubernetes::{KUBERNETES_AUDIENCE, ServiceAccountToken};
pub use seed::{DEFAULT_SCOPE, TENANT, VirtualMachine};
pub use server::Refusing;
pub use settings::{DateForm, Fleet, Host, Identity, NumberForm, PageLinks, PollQuota, Settings};

use azure::Azure;
use server::{Entrances, Server};
use service_fabric::Certificates;

/// The sandbox could not be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A port was not to be had.
    #[error("the sandbox cannot listen")]
    Listen(#[source] io::Error),
    /// The files of its hosts have no place.
    #[error("the sandbox cannot have a folder of its own")]
    Folder(#[source] io::Error),
    /// Service Fabric has nothing to show to its clients.
    #[error("the sandbox cannot make a certificate")]
    Certificate(#[source] io::Error),
}

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
        let listener = TcpListener::bind(settings.listen).map_err(Error::Listen)?;
        Self::on(listener, settings)
    }

    /// The same, where `listener` listens already.
    pub fn on(listener: TcpListener, settings: Settings) -> Result<Self, Error> {
        let entrances = Entrances::beside(listener, &settings).map_err(Error::Listen)?;
        let urls = entrances.urls().map_err(Error::Listen)?;
        let certificates = Certificates::new().map_err(Error::Certificate)?;
        let azure = Arc::new(Azure::new(urls, certificates, settings).map_err(Error::Folder)?);
        let server = Server::start(entrances, Arc::clone(&azure)).map_err(Error::Listen)?;
        Ok(Self { azure, server })
    }

    /// Where it listens, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.azure.url
    }

    /// Where it listens for TLS, and for requests to be led to Azure's hosts by
    /// `CONNECT`; without a slash at the end.
    #[must_use]
    pub fn secure_url(&self) -> &str {
        &self.azure.urls.secure
    }

    /// What clients over TLS are to trust: a file in PEM, gone with the sandbox.
    #[must_use]
    pub fn ca_file(&self) -> &Path {
        self.azure.authority.file()
    }

    /// The variables that such a host sets, with those that lead a program to Azure's
    /// own names, over TLS.
    #[must_use]
    pub fn environment_over_tls(&self, host: Host) -> Vec<(String, String)> {
        self.azure.environment_over_tls(host)
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

    /// How many requests to `service` have met a fault so far, or a hold.
    #[must_use]
    pub fn faults_met(&self, service: Service) -> usize {
        self.azure.faults.met(service)
    }

    /// Until the guard is dropped, connections are refused, as where nothing
    /// listens; those that there are have been reset. The ports stay the same.
    ///
    /// # Panics
    ///
    /// Where somebody else took a port.
    pub fn refuse_connections(&self) -> Refusing {
        match self.server.refuse_connections() {
            Ok(refusing) => refusing,
            Err(error) => panic!("connections cannot be refused: {error}"),
        }
    }

    /// The requests to `service`, in order of arrival.
    #[must_use]
    pub fn requests(&self, service: Service) -> Vec<Recorded> {
        self.azure.journal.requests(service)
    }

    /// Resolves once `count` requests to `service` have arrived in all.
    ///
    /// # Panics
    ///
    /// Where they do not in a minute.
    pub async fn arrived(&self, service: Service, count: usize) {
        self.azure.journal.arrived(service, count).await;
    }

    /// The most requests to `service` that were under way at one time.
    #[must_use]
    pub fn peak_concurrency(&self, service: Service) -> usize {
        self.azure.journal.peak(service)
    }

    /// The requests of which something is not known here: see `Recorded::unknown`.
    #[must_use]
    pub fn unexpected(&self) -> Vec<Recorded> {
        self.azure.journal.unexpected()
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

    /// Every order that Resource Manager has taken, and how it stands; of those that
    /// are remembered, if not all are.
    #[must_use]
    pub fn orders(&self) -> Vec<Order> {
        self.azure.arm.orders()
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
