//! The environment, checked: all its faults at once, before anything is bound.

mod cloud;
mod identity;
mod log;
mod reader;
mod scope;
mod variables;

use std::{env, fmt, net::SocketAddr, num::NonZeroUsize, str::FromStr, time::Duration};

use serde::Deserialize;
use url::Url;

pub(crate) use cloud::Upstream;
pub(crate) use identity::{Identity, IdentityId, Source};
pub use log::{Log, LogFormat};
pub(crate) use scope::Scope;
pub use variables::{VARIABLES, Variable, help};

use reader::Reader;

/// What the gateway is told by its environment.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) admin_listen: SocketAddr,
    pub(crate) public_url: Option<Url>,
    pub(crate) workers: Option<NonZeroUsize>,
    pub(crate) arm: Upstream,
    pub(crate) graph: Upstream,
    pub(crate) identity: Identity,
    pub(crate) scope: Option<Scope>,
    pub(crate) limits: Limits,
    pub(crate) shutdown: Shutdown,
    pub(crate) log: Log,
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

/// The gateway's own variables as text, without their prefix.
///
/// `envy` alone would stop at the first bad value and, for types that parse
/// from text, not say which variable held it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Raw {
    listen: Option<String>,
    admin_listen: Option<String>,
    public_url: Option<String>,
    workers: Option<String>,
    cloud: Option<String>,
    arm_endpoint: Option<String>,
    graph_endpoint: Option<String>,
    imds_endpoint: Option<String>,
    scopes: Option<String>,
    identity_object_id: Option<String>,
    identity_resource_id: Option<String>,
    upstream_timeout: Option<String>,
    token_wait: Option<String>,
    body_limit: Option<String>,
    header_limit: Option<String>,
    shutdown_delay: Option<String>,
    shutdown_grace: Option<String>,
    log: Option<String>,
    log_format: Option<String>,
}

/// Variables that Azure's hosts set; their names are Azure's.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Host {
    azure_client_id: Option<String>,
    azure_federated_token_file: Option<String>,
    identity_endpoint: Option<String>,
    identity_header: Option<String>,
    identity_server_thumbprint: Option<String>,
    imds_endpoint: Option<String>,
    msi_endpoint: Option<String>,
    msi_secret: Option<String>,
}

const PREFIX: &str = "MIG_";

impl Config {
    /// Reads the environment of this process.
    pub fn from_env() -> Result<Self, Faults> {
        #[expect(clippy::disallowed_methods, reason = "this is `config`")]
        Self::from_vars(env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    /// Reads `vars`; an empty value counts as none, as Helm renders a blank.
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Result<Self, Faults> {
        let vars: Vec<_> = vars
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let mut reader = Reader::default();
        reader.refuse_unknown(vars.iter().map(|(name, _)| name.as_str()));
        let raw: Result<Raw, _> = envy::prefixed(PREFIX).from_iter(vars.iter().cloned());
        let host: Result<Host, _> = envy::from_iter(vars);
        match (raw, host) {
            (Ok(raw), Ok(host)) => Self::read(reader, &raw, &host),
            // Not reached: all fields are optional text.
            (Err(error), _) | (_, Err(error)) => Err(Faults(vec![error.to_string()])),
        }
    }

    /// What is logged, and how it looks.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    fn read(mut reader: Reader, raw: &Raw, host: &Host) -> Result<Self, Faults> {
        let reads = &mut reader;
        let upstreams = cloud::upstreams(reads, raw);
        let identity = Identity::read(reads, raw, host);
        let limits = Limits::read(reads, raw);
        let shutdown = Shutdown::read(reads, raw);
        let log = Log::read(reads, raw);
        let listen = reads.required("MIG_LISTEN", raw.listen.as_deref(), LOOPBACK, loopback);
        let admin_listen = reads.parsed(
            "MIG_ADMIN_LISTEN",
            raw.admin_listen.as_deref(),
            "an address and port",
        );
        let public_url =
            reads.optional("MIG_PUBLIC_URL", raw.public_url.as_deref(), ORIGIN, origin);
        let workers = reads.optional("MIG_WORKERS", raw.workers.as_deref(), WORKERS, workers);
        let scope = reads.optional("MIG_SCOPES", raw.scopes.as_deref(), Scope::EXPECTED, parsed);
        let config = (|| {
            let [arm, graph] = upstreams?;
            Some(Self {
                listen: listen?,
                admin_listen: admin_listen?,
                public_url,
                workers,
                arm,
                graph,
                identity: identity?,
                scope,
                limits: limits?,
                shutdown: shutdown?,
                log: log?,
            })
        })();
        reader.finish(config)
    }
}

/// What one request may use up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) upstream_timeout: Duration,
    pub(crate) token_wait: Duration,
    pub(crate) body: usize,
    pub(crate) headers: usize,
}

impl Limits {
    fn read(reader: &mut Reader, raw: &Raw) -> Option<Self> {
        let times = Duration::from_millis(100)..=FIVE_MINUTES;
        let timeout = reader.duration(
            "MIG_UPSTREAM_TIMEOUT",
            raw.upstream_timeout.as_deref(),
            &times,
        );
        let wait = reader.duration("MIG_TOKEN_WAIT", raw.token_wait.as_deref(), &times);
        let body = reader.bytes("MIG_BODY_LIMIT", raw.body_limit.as_deref());
        let headers = reader.bytes("MIG_HEADER_LIMIT", raw.header_limit.as_deref());
        Some(Self {
            upstream_timeout: timeout?,
            token_wait: wait?,
            body: body?,
            headers: headers?,
        })
    }
}

/// How the gateway ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shutdown {
    pub(crate) delay: Duration,
    pub(crate) grace: Duration,
}

impl Shutdown {
    fn read(reader: &mut Reader, raw: &Raw) -> Option<Self> {
        let times = Duration::ZERO..=FIVE_MINUTES;
        let delay = reader.duration("MIG_SHUTDOWN_DELAY", raw.shutdown_delay.as_deref(), &times);
        let grace = reader.duration("MIG_SHUTDOWN_GRACE", raw.shutdown_grace.as_deref(), &times);
        Some(Self {
            delay: delay?,
            grace: grace?,
        })
    }
}

const FIVE_MINUTES: Duration = Duration::from_mins(5);

const LOOPBACK: &str = "a loopback address and port: callers are not authenticated yet, so the \
     API is offered to this host alone";

fn loopback(text: &str) -> Option<SocketAddr> {
    text.parse()
        .ok()
        .filter(|address: &SocketAddr| address.ip().is_loopback())
}

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

fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

#[cfg(test)]
mod tests;
