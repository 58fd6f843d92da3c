//! How callers prove who they are.

mod entra;
mod kubernetes;
mod oidc;

use std::{env, net::SocketAddr};

use url::Url;

use super::{
    ADDRESS, Cloud, Faults,
    form::words,
    reader::{Faulty, Reader},
};

pub(crate) use entra::{EntraCallers, EntraVersion};
pub(crate) use kubernetes::Reviews;
pub(crate) use oidc::Issuer;

/// The ways in which callers may prove who they are; none at all where the API
/// is for this host alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Callers {
    pub(crate) entra: Option<EntraCallers>,
    pub(crate) issuers: Vec<Issuer>,
    pub(crate) kubernetes: Option<Reviews>,
}

/// One word of `MIG_AUTH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Entra,
    Oidc,
    Kubernetes,
}

const METHODS: &str = "none, or one or more of entra, oidc and kubernetes, separated by commas";

impl Callers {
    /// Those of the environment of this process, whatever is wrong with the rest of it.
    pub(crate) fn from_env() -> Result<Self, Faults> {
        #[expect(clippy::disallowed_methods, reason = "this is `config`")]
        let mut reader = Reader::new(env::vars_os())?;
        let callers = Cloud::read(&mut reader).and_then(|cloud| {
            let authority = cloud.authority()?;
            Self::read(&mut reader, Some((cloud, &authority)))
        });
        reader.finish(callers)
    }

    /// With `cloud`, and where its Entra ID is, unless `MIG_ENTRA_ENDPOINT` says otherwise.
    pub(super) fn read(reader: &mut Reader, cloud: Option<(Cloud, &Url)>) -> Result<Self, Faulty> {
        // Checked whatever they are needed for: a wrong one is never meant.
        let entra_endpoint = EntraCallers::endpoint(reader);
        let api_server = Reviews::endpoint(reader);
        let methods = reader.required("MIG_AUTH", METHODS, methods)?;
        let has = |method| methods.contains(&method);
        refuse_idle(reader, &methods);
        let entra = match cloud {
            Some(cloud) if has(Method::Entra) => {
                Some(EntraCallers::read(reader, cloud, entra_endpoint))
            }
            _ => None,
        };
        let issuers = has(Method::Oidc).then(|| oidc::read(reader));
        let kubernetes = has(Method::Kubernetes).then(|| Reviews::read(reader, api_server));
        Ok(Self {
            entra: entra.transpose()?,
            issuers: issuers.transpose()?.unwrap_or_default(),
            kubernetes: kubernetes.transpose()?,
        })
    }

    /// Whether there are keys to be read over TLS, from hosts that the machine's
    /// authorities vouch for.
    pub(crate) fn need_tls(&self) -> bool {
        let entra = self.entra.iter().any(|it| it.endpoint.scheme() == "https");
        entra
            || self
                .issuers
                .iter()
                .any(|it| it.issuer.starts_with("https:"))
    }

    /// Whether anybody is asked who they are.
    pub(crate) fn are_asked(&self) -> bool {
        self.entra.is_some() || !self.issuers.is_empty() || self.kubernetes.is_some()
    }
}

fn methods(text: &str) -> Option<Vec<Method>> {
    if text == "none" {
        return Some(Vec::new());
    }
    let words = text.split(',').map(|word| match word.trim() {
        "entra" => Some(Method::Entra),
        "oidc" => Some(Method::Oidc),
        "kubernetes" => Some(Method::Kubernetes),
        _ => None,
    });
    words.collect()
}

/// A variable of a method that is not chosen would be overlooked without a word,
/// and with it what it was to forbid.
fn refuse_idle(reader: &mut Reader, methods: &[Method]) {
    let variables = [
        (Method::Entra, "MIG_AUTH_TENANT"),
        (Method::Entra, "MIG_AUTH_AUDIENCE"),
        (Method::Oidc, "MIG_AUTH_ISSUERS"),
        (Method::Kubernetes, "MIG_AUTH_KUBERNETES_AUDIENCE"),
    ];
    for (method, name) in variables {
        if reader.has(name) && !methods.contains(&method) {
            let word = match method {
                Method::Entra => "entra",
                Method::Oidc => "oidc",
                Method::Kubernetes => "kubernetes",
            };
            reader.fault(format!(
                "{name} is set, and MIG_AUTH does not have {word}: add it, or unset {name}"
            ));
        }
    }
}

const LISTEN: &str = "MIG_LISTEN";
const ANYWHERE: &str = "0.0.0.0:8080";
const NEAR: &str = "127.0.0.1:8080";

/// Where the API is offered: to this host alone, unless callers are asked who
/// they are.
pub(super) fn listen(reader: &mut Reader, callers: Option<&Callers>) -> Result<SocketAddr, Faulty> {
    // Where the methods are at fault, which addresses are right is not known.
    let is_anywhere = callers.is_none_or(Callers::are_asked);
    let default = if is_anywhere { ANYWHERE } else { NEAR };
    let address: SocketAddr = reader.required_or(LISTEN, Some(default), ADDRESS, super::parsed)?;
    if is_anywhere || address.ip().is_loopback() {
        return Ok(address);
    }
    Err(reader.fault(format!(
        "{LISTEN} is {address}, and callers are not authenticated: set MIG_AUTH to entra, oidc or \
         kubernetes to offer the API beyond this host, or {LISTEN} to a loopback address"
    )))
}

/// Audiences of tokens that are for somebody else. Who took them for its own
/// could pass them on, and be their bearer there.
///
/// Sources: "Microsoft identity platform access tokens" (validate the audience);
/// "Workload identity federation" (`api://AzureADTokenExchange` and those of the
/// national clouds); the audiences of Graph's predecessor.
fn is_of_others(audience: &str) -> bool {
    const OTHERS: [&str; 5] = [
        "api://azureadtokenexchange",
        "api://azureadtokenexchangeusgov",
        "api://azureadtokenexchangechina",
        "00000002-0000-0000-c000-000000000000",
        "https://graph.windows.net",
    ];
    let plain = audience.trim_end_matches('/').to_ascii_lowercase();
    OTHERS.contains(&plain.as_str()) || Cloud::has_audience(&plain)
}

const AUDIENCE: &str = "audiences of the gateway's own, such as the client id of its application, \
     and not those of tokens for Azure or for api://AzureADTokenExchange";

/// An audience that may be the gateway's.
fn audience(text: &str) -> Option<String> {
    let is_one = !text.is_empty() && !text.contains(|letter: char| letter.is_whitespace());
    (is_one && !is_of_others(text)).then(|| text.to_owned())
}

/// Several, separated by commas or spaces.
fn audiences(text: &str) -> Option<Vec<String>> {
    let all: Option<Vec<_>> = words(text).map(audience).collect();
    all.filter(|all| !all.is_empty())
}

#[cfg(test)]
mod tests;
