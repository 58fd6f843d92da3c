//! Who asks for a change, and by which way.

use std::{net::IpAddr, sync::Arc};

use serde::Serialize;

use crate::{azure::correlation, policy::Warrant, telemetry::TraceContext};

/// Longer texts of callers are cut to so many bytes.
const LONGEST: usize = 512;

/// Everything that the record says of whoever is behind a change.
#[derive(Clone, Debug)]
pub(crate) struct Requester {
    pub(crate) warrant: Warrant,
    /// The policies that allowed it; `None` before it is decided, and where nobody decides.
    pub(crate) grounds: Option<Arc<[String]>>,
    pub(crate) provenance: Arc<Provenance>,
}

/// What is known of a request, whatever is decided of it.
#[derive(Debug)]
pub(crate) struct Provenance {
    /// Its id, as the log and the caller know it.
    pub(crate) request_id: String,
    /// The trace's id, in hexadecimal.
    pub(crate) trace_id: String,
    /// The same as Azure is told it, and shows it in its Activity Log.
    pub(crate) correlation_id: String,
    pub(crate) way: Way,
}

impl Requester {
    /// Whoever has `warrant`, by `way`, where nobody has decided.
    pub(crate) fn new(
        warrant: Warrant,
        request_id: String,
        trace: &TraceContext,
        way: Way,
    ) -> Self {
        Self {
            warrant,
            grounds: None,
            provenance: Arc::new(Provenance {
                request_id,
                trace_id: trace.trace_id().to_string(),
                correlation_id: correlation(trace).to_string(),
                way,
            }),
        }
    }

    /// The same, permitted by `policies`; a command on this host is by none.
    pub(crate) fn on(&self, policies: Arc<[String]>) -> Self {
        let grounds = match &self.warrant {
            Warrant::Host => None,
            Warrant::Caller(..) => Some(policies),
        };
        Self {
            grounds,
            ..self.clone()
        }
    }
}

/// Where a request came from, with OCSF's names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Endpoint {
    pub(crate) ip: IpAddr,
    /// `None` where a proxy did not tell it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    /// The proxies that it passed, the nearest to the gateway last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) intermediate_ips: Vec<IpAddr>,
}

/// How the request came.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// By the API.
    Api {
        source: Option<Endpoint>,
        method: String,
        /// Without the query.
        path: String,
        user_agent: Option<String>,
    },
    /// By a command on this host.
    Command,
}

impl Way {
    /// A request of the API; what is too long of it is cut.
    pub(crate) fn api(
        source: Option<Endpoint>,
        method: &str,
        path: &str,
        user_agent: Option<&str>,
    ) -> Self {
        Self::Api {
            source,
            method: cut(method),
            path: cut(path),
            user_agent: user_agent.map(cut),
        }
    }
}

/// The beginning of `text`.
pub(super) fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(LONGEST)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_two_characters() {
        assert_eq!(cut("Größe"), "Größe");
        let long = "a".to_owned() + &"ß".repeat(LONGEST);
        assert_eq!(cut(&long).len(), LONGEST - 1);
    }
}
