//! The environment, checked: all its faults at once, before anything is bound.

mod access;
mod audit;
mod changes;
mod cloud;
mod directory;
mod environment;
mod export;
mod form;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzz;
mod help;
mod identity;
mod log;
mod neighbours;
mod proxies;
mod reader;
mod scope;
mod tls;
mod variables;

use std::{
    env, ffi::OsString, fmt, net::SocketAddr, num::NonZeroUsize, ops::RangeInclusive,
    path::PathBuf, str::FromStr, thread, time::Duration,
};

use url::Url;
use uuid::Uuid;

pub(crate) use access::{Callers, EntraCallers, EntraVersion, Issuer, Reviews};
pub(crate) use audit::AuditTarget;
pub(crate) use changes::{Changes, Rate};
pub(crate) use cloud::{ARM_ID, Cloud, GRAPH_ID, Upstream};
pub(crate) use directory::{Directory, PageSettings, ReplicaSettings};
pub(crate) use export::{Choice, Export, Sampler};
pub(crate) use help::help;
pub(crate) use identity::{Credential, Identity, IdentityId, Source, SourceKind};
pub use log::{Log, LogFormat};
pub(crate) use proxies::Proxies;
pub(crate) use scope::{InvalidScope, ResourceGroup, Scope, Scopes, SubscriptionId};
pub(crate) use tls::TlsFiles;
pub use variables::{Variable, variables};

use environment::PREFIX;
use reader::{Faulty, Reader};

/// What the gateway is told by its environment.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) listen: SocketAddr,
    /// How callers prove who they are.
    pub(crate) callers: Callers,
    /// With what the API is offered over TLS; without it when `None`.
    pub(crate) tls: Option<TlsFiles>,
    pub(crate) admin_listen: SocketAddr,
    pub(crate) public_url: Option<Url>,
    /// Whether the contract is offered as a page, to everybody.
    pub(crate) docs: bool,
    /// Whose forwarded headers are believed; `None` for nobody's.
    pub(crate) proxies: Option<Proxies>,
    workers: Option<NonZeroUsize>,
    pub(crate) cloud: Cloud,
    pub(crate) arm: Upstream,
    pub(crate) graph: Upstream,
    pub(crate) identity: Identity,
    /// How long after the start an identity endpoint that others share is left
    /// alone.
    pub(crate) identity_delay: Duration,
    /// Where virtual machines are looked up; `None` when it is not set.
    pub(crate) scopes: Option<Scopes>,
    pub(crate) allow: Allow,
    /// Where policies are; `None` for the built-in ones.
    pub(crate) policy_file: Option<PathBuf>,
    /// How many changes there may be.
    pub(crate) changes: Changes,
    /// Whether virtual machines may be changed beyond their power state.
    pub(crate) vm_update: bool,
    pub(crate) directory: Directory,
    pub(crate) limits: Limits,
    pub(crate) shutdown: Shutdown,
    /// Where the record of changes goes.
    pub(crate) audit: AuditTarget,
    /// What is sent by OTLP; nothing when `None`.
    pub(crate) export: Option<Export>,
    /// What was asked for and is not done, each with the way out.
    pub(crate) warnings: Vec<&'static str>,
    pub(crate) log: Log,
    /// The same for a command that is done once: what it is asked for is its
    /// output, and what goes well needs no line.
    pub(crate) command_log: Log,
}

/// Everything that is wrong with the environment, each fault with its variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(Vec<String>);

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the configuration is not usable")?;
        self.0
            .iter()
            .try_for_each(|fault| write!(formatter, "\n  {fault}"))
    }
}

impl std::error::Error for Faults {}

impl Config {
    /// Reads the environment of this process.
    pub fn from_env() -> Result<Self, Faults> {
        #[expect(clippy::disallowed_methods, reason = "this is `config`")]
        Self::from_vars(env::vars_os())
    }

    /// Reads `vars`; an empty value counts as none, as Helm renders a blank.
    pub fn from_vars<T: Into<OsString>>(
        vars: impl IntoIterator<Item = (T, T)>,
    ) -> Result<Self, Faults> {
        let vars = vars
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        let mut reader = Reader::new(vars)?;
        let config = Self::read(&mut reader);
        reader.finish(config)
    }

    /// What is logged, and how it looks.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Threads that serve the API: one for each core, unless it is said.
    pub(crate) fn workers(&self) -> NonZeroUsize {
        let cores = || thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        self.workers.unwrap_or_else(cores)
    }

    fn read(reader: &mut Reader) -> Result<Self, Faulty> {
        let azure = cloud::Azure::read(reader);
        let identity = Identity::read(reader, azure.as_ref().ok().map(|it| &it.authority));
        let directory = Directory::read(reader);
        let identity_delay = neighbours::start_delay(reader);
        let limits = Limits::read(reader);
        let shutdown = Shutdown::read(reader);
        let log = Log::read(reader);
        let cloud = azure
            .as_ref()
            .ok()
            .map(|azure| (azure.cloud, &azure.authority));
        let callers = Callers::read(reader, cloud);
        let listen = access::listen(reader, callers.as_ref().ok());
        let tls = TlsFiles::read(reader);
        let (audit, export) = (AuditTarget::read(reader), Export::read(reader));
        let admin_listen = reader.parsed("MIG_ADMIN_LISTEN", ADDRESS);
        let public_url = reader.optional("MIG_PUBLIC_URL", ORIGIN, origin);
        let docs = reader.switch("MIG_DOCS");
        let proxies = Proxies::read(reader);
        let workers = reader.optional("MIG_WORKERS", WORKERS, workers);
        let scopes = Scopes::read(reader);
        let allow = Allow::read(reader);
        let policy_file = reader.optional("MIG_POLICY_FILE", "a path", parsed);
        let changes = Changes::read(reader);
        let vm_update = reader.switch("MIG_VM_UPDATE");
        let cloud::Azure {
            cloud, arm, graph, ..
        } = azure?;
        Ok(Self {
            listen: listen?,
            callers: callers?,
            tls: tls?,
            admin_listen: admin_listen?,
            public_url: public_url?,
            docs: docs?,
            proxies: proxies?,
            workers: workers?,
            cloud,
            arm,
            graph,
            identity: identity?,
            scopes: scopes?,
            allow: allow?,
            policy_file: policy_file?,
            changes: changes?,
            vm_update: vm_update?,
            directory: directory?,
            identity_delay: identity_delay?,
            limits: limits?,
            shutdown: shutdown?,
            audit: audit?,
            export: export?,
            log: log?,
            command_log: log?.of_command(reader),
            warnings: reader.warnings(),
        })
    }
}

/// Which virtual machines may be switched although others depend on them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allow {
    /// Those that something else manages, such as the nodes of a cluster.
    pub(crate) managed: bool,
    /// The one that the gateway runs on.
    pub(crate) own_host: bool,
}

impl Allow {
    fn read(reader: &mut Reader) -> Result<Self, Faulty> {
        let managed = reader.switch("MIG_ALLOW_MANAGED");
        let own_host = reader.switch("MIG_ALLOW_SELF");
        Ok(Self {
            managed: managed?,
            own_host: own_host?,
        })
    }
}

/// What one request may use up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) upstream_timeout: Duration,
    pub(crate) token_wait: Duration,
    pub(crate) body: usize,
    pub(crate) headers: usize,
    /// Calls to one upstream at once, over all workers.
    pub(crate) upstream: usize,
    /// Operations under way at once, over all workers.
    pub(crate) operations: usize,
    /// Connections of callers at once, over all workers.
    pub(crate) connections: usize,
}

impl Limits {
    fn read(reader: &mut Reader) -> Result<Self, Faulty> {
        let times = Duration::from_millis(100)..=FIVE_MINUTES;
        let timeout = reader.duration("MIG_UPSTREAM_TIMEOUT", &times);
        let wait = reader.duration("MIG_TOKEN_WAIT", &times);
        let body = reader.bytes("MIG_BODY_LIMIT", &BODIES);
        let headers = reader.bytes("MIG_HEADER_LIMIT", &HEADS);
        let upstream = reader.number("MIG_UPSTREAM_CONCURRENCY", &CALLS);
        let operations = reader.number("MIG_OPERATION_LIMIT", &OPERATIONS);
        let connections = reader.number("MIG_CONNECTION_LIMIT", &CONNECTIONS);
        Ok(Self {
            upstream: upstream?,
            operations: operations?,
            connections: connections?,
            upstream_timeout: timeout?,
            token_wait: wait?,
            body: body?,
            headers: headers?,
        })
    }
}

const CALLS: RangeInclusive<usize> = 1..=4096;

const OPERATIONS: RangeInclusive<usize> = 1..=1_000_000;

const CONNECTIONS: RangeInclusive<usize> = 16..=65_536;

const BODIES: RangeInclusive<usize> = 1 << 10..=1 << 20;

/// With the rest of a head, it is at most 64 KiB: a longer name of a header has
/// actix-http panic, and it refuses a longer target before we can.
///
/// Source: `HeaderName::from_bytes` in the `http` crate, and its use in `h1/decoder.rs`.
const HEADS: RangeInclusive<usize> = 1 << 10..=40 << 10;

/// How the gateway ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shutdown {
    pub(crate) delay: Duration,
    pub(crate) grace: Duration,
}

impl Shutdown {
    fn read(reader: &mut Reader) -> Result<Self, Faulty> {
        let times = Duration::ZERO..=FIVE_MINUTES;
        let delay = reader.duration("MIG_SHUTDOWN_DELAY", &times);
        let grace = reader.duration("MIG_SHUTDOWN_GRACE", &times);
        Ok(Self {
            delay: delay?,
            grace: grace?,
        })
    }
}

const FIVE_MINUTES: Duration = Duration::from_mins(5);

const ADDRESS: &str = "an IP address and port, such as 127.0.0.1:8080, and no name";

const WORKERS: &str = "a number from 1 to 256";

fn workers(text: &str) -> Option<NonZeroUsize> {
    parsed(text).filter(|workers: &NonZeroUsize| workers.get() <= 256)
}

const ORIGIN: &str = "an http or https URL of scheme, host and port alone";

/// A URL that is scheme, host and port and nothing else.
fn origin(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_http = matches!(url.scheme(), "http" | "https");
    let bare = format!("{}/", url.origin().ascii_serialization());
    (is_http && url.as_str() == bare).then_some(url)
}

const GUID: &str = "a GUID of 36 characters, hyphens included";

/// A GUID as Azure writes it: the parser would also take braces, a `urn:uuid:`
/// in front, or no hyphens.
fn guid(text: &str) -> Option<String> {
    (text.len() == 36 && text.parse::<Uuid>().is_ok()).then(|| text.to_owned())
}

fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

#[cfg(test)]
mod tests;
