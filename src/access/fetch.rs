//! The keys of an issuer, as it publishes them.
//!
//! Sources: `OpenID` Connect Discovery 1.0, section 4; RFC 8414, section 3.

use std::time::Duration;

use actix_web::http::Uri;
use serde::Deserialize;
use url::Url;

use super::jwks::{InvalidKeys, Keys};
use crate::http::{Client, Deadline, Error, Refusal, Request, Response, RetryPolicy};

/// For both questions together: a caller may wait for them.
const ALLOWED: Duration = Duration::from_secs(5);

/// Where an issuer tells of itself.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Its configuration.
    pub(super) configuration: Url,
    /// Who it has to say it is.
    pub(super) issuer: String,
    pub(super) keys: KeysAt,
}

/// Which host keys are read from.
#[derive(Clone, Copy, Debug)]
pub(super) enum KeysAt {
    /// That of the configuration, as with Entra ID: a cloud has one, and what stands in for it is
    /// not to be gone around.
    SameHost,
    /// Whichever one the configuration names.
    Named,
}

/// Keys could not be read.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("the configuration of the issuer could not be read")]
    Configuration(#[source] Error),
    #[error("what is there is no configuration of an issuer")]
    Malformed,
    #[error("it is the configuration of another issuer")]
    OtherIssuer,
    #[error("the configuration leads to keys over an open connection")]
    Insecure,
    #[error("the keys of the issuer could not be read")]
    Keys(#[source] Error),
    #[error("the keys of the issuer are of no use")]
    Invalid(#[from] InvalidKeys),
}

impl FetchError {
    /// A word for it, as a metric has it.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Configuration(Error::Refused(_)) | Self::Keys(Error::Refused(_)) => "refused",
            Self::Configuration(_) | Self::Keys(_) => "unreachable",
            Self::OtherIssuer => "other_issuer",
            Self::Malformed | Self::Insecure | Self::Invalid(_) => "invalid",
        }
    }

    /// What the issuer says, where it refuses.
    pub(super) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Configuration(error) | Self::Keys(error) => error.refusal(),
            Self::Malformed | Self::OtherIssuer | Self::Insecure | Self::Invalid(_) => None,
        }
    }
}

#[derive(Deserialize)]
struct Configuration {
    issuer: String,
    jwks_uri: String,
}

/// Asks the issuer at `place`, once.
pub(super) async fn keys(client: &Client, place: &Place) -> Result<Keys, FetchError> {
    let deadline = Deadline::after(ALLOWED);
    let configuration = get(client, &place.configuration, "discover_issuer", deadline).await;
    let configuration = configuration.map_err(FetchError::Configuration)?;
    let url = place.told_by(&configuration.body)?;
    let keys = get(client, &url, "signing_keys", deadline).await;
    let keys = keys.map_err(FetchError::Keys)?;
    Ok(Keys::read(&keys.body)?)
}

async fn get(
    client: &Client,
    url: &Url,
    operation: &'static str,
    deadline: Deadline,
) -> Result<Response, Error> {
    let request = Request::get(url.as_str(), operation);
    client.send(&request, deadline, RetryPolicy::NEVER).await
}

impl Place {
    /// Which variables are to be looked at after `error`, where they may be what is wrong.
    /// Entra ID answers a tenant that it does not know with 400, or with 404 where it is no
    /// tenant's name at all.
    ///
    /// Source: "Microsoft Entra authentication and authorization error codes", AADSTS90002.
    pub(super) fn mend(&self, error: &FetchError) -> Option<&'static str> {
        let is_unknown = error
            .refusal()
            .is_some_and(|it| matches!(it.status.as_u16(), 400 | 404));
        let is_another = matches!(error, FetchError::OtherIssuer);
        (is_unknown || is_another).then_some(match self.keys {
            KeysAt::SameHost => "see MIG_AUTH_TENANT and MIG_CLOUD",
            KeysAt::Named => "see MIG_AUTH_ISSUERS",
        })
    }

    /// Where the keys are by a configuration.
    pub(super) fn told_by(&self, configuration: &[u8]) -> Result<Url, FetchError> {
        let configuration: Configuration =
            serde_json::from_slice(configuration).map_err(|_| FetchError::Malformed)?;
        self.keys_of(&configuration)
    }

    fn keys_of(&self, configuration: &Configuration) -> Result<Url, FetchError> {
        if configuration.issuer != self.issuer {
            return Err(FetchError::OtherIssuer);
        }
        let named = Url::parse(&configuration.jwks_uri).map_err(|_| FetchError::Malformed)?;
        // awc takes fewer letters in the name of a host.
        let asked = named.as_str().parse::<Uri>();
        asked.map_err(|_| FetchError::Malformed)?;
        match self.keys {
            KeysAt::SameHost => {
                let mut url = self.configuration.clone();
                url.set_path(named.path());
                url.set_query(named.query());
                Ok(url)
            }
            KeysAt::Named => {
                let is_own = named.origin() == self.configuration.origin();
                let is_safe = named.scheme() == "https" || is_own;
                is_safe.then_some(named).ok_or(FetchError::Insecure)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(keys: KeysAt) -> Place {
        Place {
            configuration: "http://127.0.0.1:1/t/.well-known/openid-configuration"
                .parse()
                .unwrap(),
            issuer: "https://issuer.example".to_owned(),
            keys,
        }
    }

    fn at(keys: KeysAt, issuer: &str, uri: &str) -> Result<String, &'static str> {
        let configuration = Configuration {
            issuer: issuer.to_owned(),
            jwks_uri: uri.to_owned(),
        };
        let found = place(keys).keys_of(&configuration);
        found.map(String::from).map_err(|error| error.label())
    }

    #[test]
    fn keys_are_read_where_the_issuer_may_be_believed() {
        let issuer = "https://issuer.example";
        let keys = "https://login.example/t/keys?p=1";
        let stand_in = "http://127.0.0.1:1/t/keys?p=1";
        assert_eq!(at(KeysAt::SameHost, issuer, keys), Ok(stand_in.to_owned()));
        assert_eq!(at(KeysAt::Named, issuer, keys), Ok(keys.to_owned()));
        assert!(at(KeysAt::Named, issuer, stand_in).is_ok());
        let open = "http://login.example/t/keys";
        assert_eq!(at(KeysAt::Named, issuer, open), Err("invalid"));
        let other = at(KeysAt::SameHost, "https://issuer.example/", keys);
        assert_eq!(other, Err("other_issuer"));
    }
}
