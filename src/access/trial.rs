//! What came of asking somebody once who vouches for callers.

use super::{
    fetch::{FetchError, Place},
    jwks::Keys,
    kubernetes::Unusable,
};
use crate::{config::Reviews, http, telemetry::chain};

/// Whether somebody would vouch for callers.
pub(crate) struct Trial {
    /// Who that is: an issuer, or the API server.
    pub(crate) of: String,
    /// In words, if so.
    pub(crate) outcome: Result<String, Unproven>,
}

/// Callers of somebody would not be let in.
pub(crate) struct Unproven {
    pub(crate) code: &'static str,
    pub(crate) why: String,
    pub(crate) mend: String,
}

/// The API server reviewed nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreviewed {
    #[error("the gateway has no token for the API server")]
    Own(#[from] Unusable),
    #[error("no token could be reviewed")]
    Unanswered(#[from] http::Error),
    #[error("what answers is no API server")]
    Malformed,
}

impl Trial {
    /// That of the keys of the issuer at `place`.
    pub(super) fn of_issuer(place: &Place, answer: Result<Keys, FetchError>) -> Self {
        let outcome = match answer {
            Ok(keys) => Ok(format!("{} keys of it can be read", keys.len())),
            Err(error) => Err(Unproven {
                code: error.label(),
                why: told(&error, error.refusal()),
                mend: place.mend(&error).map_or_else(
                    || format!("see what answers: curl --verbose {}", place.configuration),
                    str::to_owned,
                ),
            }),
        };
        Self {
            of: place.issuer.clone(),
            outcome,
        }
    }

    /// That of a review by the API server of `reviews`.
    pub(super) fn of_cluster(reviews: &Reviews, answer: Result<(), Unreviewed>) -> Self {
        let endpoint = reviews.endpoint.origin().ascii_serialization();
        let outcome = match answer {
            Ok(()) => Ok("the API server reviews tokens".to_owned()),
            Err(error) => Err(error.unproven(&endpoint)),
        };
        Self {
            of: endpoint,
            outcome,
        }
    }
}

impl Unreviewed {
    fn unproven(&self, endpoint: &str) -> Unproven {
        let refusal = match self {
            Self::Unanswered(error) => error.refusal(),
            Self::Own(_) | Self::Malformed => None,
        };
        let (code, mend) = match (self, refusal.map(|it| it.status.as_u16())) {
            (Self::Own(_), _) => (
                "no_token",
                "let the pod have the token of its account: automountServiceAccountToken"
                    .to_owned(),
            ),
            (_, Some(401)) => ("refused", credentials(endpoint)),
            (_, Some(403)) => (
                "refused",
                "let the gateway's account create tokenreviews: kubectl create clusterrolebinding \
                 mi-gateway-review --clusterrole system:auth-delegator --serviceaccount \
                 NAMESPACE:ACCOUNT"
                    .to_owned(),
            ),
            (_, Some(_)) => ("refused", whereabouts(endpoint)),
            (Self::Malformed, None) => ("invalid", whereabouts(endpoint)),
            (Self::Unanswered(_), None) => ("unreachable", whereabouts(endpoint)),
        };
        Unproven {
            code,
            why: told(self, refusal),
            mend,
        }
    }
}

fn whereabouts(endpoint: &str) -> String {
    format!("see MIG_KUBERNETES_ENDPOINT, and let the gateway reach {endpoint}")
}

/// A pod goes on with the token of an account that was made anew, until that is renewed.
fn credentials(endpoint: &str) -> String {
    format!(
        "the API server does not accept the account's token: see whether \
         MIG_KUBERNETES_TOKEN_FILE is of the cluster at {endpoint} and renewed, and start the \
         pod anew if the account was made anew"
    )
}

/// `error`, and what whoever refused says to it.
fn told(error: &dyn std::error::Error, refusal: Option<&http::Refusal>) -> String {
    match refusal.and_then(|it| it.message.as_deref()) {
        Some(words) => format!("{}: {words}", chain(error)),
        None => chain(error),
    }
}
