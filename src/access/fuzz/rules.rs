//! The rules of all kinds of tokens, and what the claims of a caller then are.

use std::sync::LazyLock;

use serde_json::Value;
use uuid::Uuid;

use super::{
    super::{
        Caller, Refusal,
        claims::Moment,
        entra,
        jwks::Key,
        jws::Jws,
        oidc::{self, Clusters},
    },
    NOW,
};
use crate::config::{Cloud, EntraCallers, EntraVersion, Issuer};

pub(super) const AUDIENCE: &str = "mi-gateway";

const ISSUER: &str = "https://issuer.example";

const TENANT: Uuid = Uuid::from_u128(0x5ab1_e000_0000_4000_8000_0000_0000_000a);

/// How far clocks may be apart, in seconds.
const SKEW: u64 = 60;

pub(super) enum Rules {
    Entra(entra::Rules),
    Oidc(oidc::Rules),
}

pub(super) static RULES: LazyLock<Vec<Rules>> = LazyLock::new(|| {
    let issuer = Issuer {
        issuer: ISSUER.to_owned(),
        audiences: vec![AUDIENCE.to_owned()],
    };
    let oidc = [Clusters::One, Clusters::Several];
    let oidc = oidc.map(|clusters| Rules::Oidc(oidc::Rules::new(&issuer, clusters)));
    let entra = [EntraVersion::V1, EntraVersion::V2]
        .into_iter()
        .filter_map(entra);
    entra.chain(oidc).collect()
});

fn entra(version: EntraVersion) -> Option<Rules> {
    let callers = EntraCallers {
        endpoint: "https://login.microsoftonline.com".parse().ok()?,
        cloud: Cloud::Public,
        tenant: TENANT,
        audiences: vec![AUDIENCE.to_owned()],
        versions: vec![version],
    };
    Some(Rules::Entra(entra::Rules::new(&callers, version)))
}

impl Rules {
    pub(super) fn caller(
        &self,
        token: &Jws<'_>,
        key: &Key,
        now: Moment,
    ) -> Result<(Caller, u64), Refusal> {
        match self {
            Self::Entra(rules) => rules.caller(token, key, now),
            Self::Oidc(rules) => rules.caller(token, key, now),
        }
    }

    fn issuer(&self) -> &str {
        match self {
            Self::Entra(rules) => &rules.issuer,
            Self::Oidc(rules) => &rules.issuer,
        }
    }

    /// The same once more, on claims that nothing of ours has read. Those that are
    /// passed over need not be good JSON, and are then not looked at here.
    pub(super) fn check(&self, caller: &Caller, expires: u64, claims: &[u8]) {
        let Ok(claims) = serde_json::from_slice::<Value>(claims) else {
            return;
        };
        assert_eq!(claims["iss"], self.issuer());
        assert_eq!(claims["exp"], expires);
        assert!(expires.saturating_add(SKEW) > NOW);
        let begins = claims["nbf"].as_u64().unwrap_or_default();
        assert!(begins <= NOW + SKEW);
        let audience = &claims["aud"];
        let several = audience.as_array();
        assert!(audience == AUDIENCE || several.is_some_and(|all| all.contains(&AUDIENCE.into())));
        match caller {
            Caller::Anonymous => panic!("nobody was named"),
            Caller::Entra(principal) => {
                let id = claims["oid"].as_str().and_then(|id| id.parse().ok());
                assert_eq!(id, Some(principal.object_id));
                assert_eq!(principal.tenant, TENANT);
                let has_grant = !principal.roles.is_empty() || claims["scp"].is_string();
                assert!(has_grant, "{claims}");
            }
            Caller::Account(_) => assert_eq!(claims["sub"], caller.id()),
            Caller::Subject(subject) => {
                assert_eq!(claims["sub"], subject.id.as_str());
                assert!(!subject.id.is_empty() && subject.issuer == ISSUER);
            }
        }
    }
}
