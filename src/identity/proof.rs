//! Whether a token is for the API that was asked for, and of the identity that
//! was meant.
//!
//! It keeps tokens out of the cache that Azure would refuse, or obey in another
//! name; nobody is let in by it. A token that cannot be read proves nothing and
//! is used: Azure calls its tokens opaque.

use super::{Claims, failure::Unusable, response::Grant};
use crate::config::{ARM_ID, Cloud, GRAPH_ID, IdentityId};

/// Checks `grant`, which was asked for with `audience` and for `id`.
pub(super) fn check(grant: &Grant, audience: &str, id: &IdentityId) -> Result<(), Unusable> {
    let silent = Claims::default();
    let claims = grant.claims.as_ref().unwrap_or(&silent);
    if !claims.audiences.is_empty() && !claims.audiences.iter().any(|it| is_for(it, audience)) {
        return Err(Unusable::WrongAudience);
    }
    if claims.contradict(id) || grant.echo.contradict(id) {
        return Err(Unusable::WrongIdentity);
    }
    Ok(())
}

/// Whether a token with the claim `aud` is one for `audience`.
fn is_for(aud: &str, audience: &str) -> bool {
    let aud = aud.trim_end_matches('/').to_ascii_lowercase();
    let audience = audience.trim_end_matches('/').to_ascii_lowercase();
    let mut clouds = Cloud::ALL.into_iter().map(Cloud::arm_names);
    let aliases = clouds.find(|names| names.contains(&&*audience));
    match (aliases, aud.parse::<uuid::Uuid>().is_ok()) {
        (Some(_), true) => aud == ARM_ID,
        (None, true) => aud == GRAPH_ID,
        (Some(names), false) => names.contains(&&*aud),
        (None, false) => aud == audience,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use serde_json::{Value, json};

    use super::*;
    use crate::secret::Secret;

    const OWN: &str = "5ab1e000-0000-4000-8000-000000000001";
    const OTHER: &str = "5ab1e000-0000-4000-8000-000000000002";
    const PUBLIC: &str = "https://management.azure.com/";

    fn grant(claims: &Value, echo: &Value) -> Grant {
        let payload = URL_SAFE_NO_PAD.encode(claims.to_string());
        let token = format!("e30.{payload}.s");
        Grant {
            claims: Claims::read(&token),
            token: Secret::new(token),
            lifetime: Duration::from_hours(1),
            echo: serde_json::from_value::<crate::identity::response::Echo>(echo.clone())
                .unwrap()
                .into(),
        }
    }

    fn told(claims: &Value, echo: &Value, id: &IdentityId) -> Result<(), Unusable> {
        check(&grant(claims, echo), PUBLIC, id)
    }

    #[test]
    fn an_api_goes_by_several_names_and_by_none_of_another() {
        for (aud, audience, is_same) in [
            ("https://management.azure.com", PUBLIC, true),
            ("https://management.core.windows.net/", PUBLIC, true),
            ("https://Management.Azure.com/", PUBLIC, true),
            (ARM_ID, PUBLIC, true),
            (OTHER, PUBLIC, false),
            (OTHER, "https://graph.microsoft.com", false),
            (GRAPH_ID, PUBLIC, false),
            ("https://graph.microsoft.com", PUBLIC, false),
            ("https://management.usgovcloudapi.net/", PUBLIC, false),
            (
                "https://management.chinacloudapi.cn",
                "https://management.core.chinacloudapi.cn/",
                true,
            ),
            (
                "https://graph.microsoft.com/",
                "https://graph.microsoft.com",
                true,
            ),
            (GRAPH_ID, "https://graph.microsoft.us", true),
            (ARM_ID, "https://graph.microsoft.com", false),
            (
                "https://graph.microsoft.us",
                "https://graph.microsoft.com",
                false,
            ),
        ] {
            assert_eq!(is_for(aud, audience), is_same, "{aud} for {audience}");
        }
    }

    #[test]
    fn p20_a_token_of_another_identity_fails_by_claim_and_by_echo() {
        let id = IdentityId::ClientId(OWN.to_owned());
        let own = json!({"aud": PUBLIC, "appid": OWN});
        assert_eq!(told(&own, &json!({"client_id": OWN}), &id), Ok(()));
        assert_eq!(told(&own, &json!({"client_id": ""}), &id), Ok(()));
        for (claims, echo) in [
            (json!({"appid": OTHER}), json!({})),
            (json!({"azp": OTHER}), json!({"client_id": OWN})),
            (own, json!({"client_id": OTHER})),
        ] {
            let told = told(&claims, &echo, &id);
            assert_eq!(told, Err(Unusable::WrongIdentity), "{claims} {echo}");
        }
        let id = IdentityId::ResourceId("/a/b".to_owned());
        for name in ["msi_res_id", "mi_res_id"] {
            let told = told(&json!({}), &json!({name: "/A/c"}), &id);
            assert_eq!(told, Err(Unusable::WrongIdentity), "{name}");
        }
    }

    #[test]
    fn a_token_for_another_api_fails_and_one_that_cannot_be_read_does_not() {
        let wrong = json!({"aud": "https://vault.azure.net"});
        let told = told(&wrong, &json!({}), &IdentityId::System);
        assert_eq!(told, Err(Unusable::WrongAudience));
        let opaque = Grant {
            claims: None,
            ..grant(&json!({}), &json!({}))
        };
        assert_eq!(check(&opaque, PUBLIC, &IdentityId::System), Ok(()));
    }
}
