//! Claims that tokens of every kind have, and the moment at which they count.
//!
//! Each has one type and no other: what is malformed is not taken for absent
//! (CVE-2026-25537), and a list of issuers is no issuer.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::Refusal;

/// How far clocks may be apart.
const SKEW: u64 = 60;

/// Seconds since 1970, now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment(pub(super) u64);

impl Moment {
    pub(super) fn now() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self(since.unwrap_or_default().as_secs())
    }

    /// Whether it is within the time of a token.
    pub(super) fn is_within(self, not_before: Option<u64>, expires: u64) -> Result<(), Refusal> {
        if self.0 >= expires.saturating_add(SKEW) {
            return Err(Refusal::Expired);
        }
        let early = not_before.is_some_and(|from| from > self.0.saturating_add(SKEW));
        if early {
            return Err(Refusal::NotYetValid);
        }
        Ok(())
    }

    /// How long it is until `expires`.
    pub(super) fn until(self, expires: u64) -> Duration {
        Duration::from_secs(expires.saturating_sub(self.0))
    }
}

/// What chooses the method, before anything is proven.
#[derive(Deserialize)]
pub(super) struct Claimed {
    pub(super) iss: String,
    /// Entra ID's alone: others have what they like in it, such as a number.
    #[serde(default)]
    pub(super) ver: Value,
}

/// `aud` as RFC 7519 has it: one, or a list.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Audiences {
    One(String),
    Several(Vec<String>),
}

impl Audiences {
    /// Whether one of them is of `own`, and none is for what would let the gateway
    /// become the caller elsewhere.
    pub(super) fn are_for(&self, own: &[String]) -> bool {
        let all = match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several,
        };
        let is_exchange = |it: &String| {
            let lower = it.to_ascii_lowercase();
            lower.starts_with("api://azureadtokenexchange")
        };
        all.iter().any(|it| own.contains(it)) && !all.iter().any(is_exchange)
    }
}

/// A claim that may be left out, and is not `null`.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_may_be_a_minute_apart() {
        let now = Moment(1000);
        assert_eq!(now.is_within(Some(1060), 941), Ok(()));
        assert_eq!(now.is_within(None, 940), Err(Refusal::Expired));
        assert_eq!(now.is_within(Some(1061), 2000), Err(Refusal::NotYetValid));
        assert_eq!(now.is_within(Some(0), u64::MAX), Ok(()));
        assert_eq!(now.until(990), Duration::ZERO);
    }

    #[test]
    fn a_token_for_the_exchange_is_for_nobody_else() {
        let own = ["mi-gateway".to_owned()];
        let audiences = |text: &str| serde_json::from_str::<Audiences>(text);
        assert!(audiences(r#""mi-gateway""#).unwrap().are_for(&own));
        assert!(
            audiences(r#"["other","mi-gateway"]"#)
                .unwrap()
                .are_for(&own)
        );
        for others in [
            r#""MI-GATEWAY""#,
            r#""mi-gateway/""#,
            "[]",
            r#"["mi-gateway","api://AzureADTokenExchange"]"#,
        ] {
            assert!(!audiences(others).unwrap().are_for(&own), "{others}");
        }
        assert!(audiences("7").is_err() && audiences("[7]").is_err());
    }
}
