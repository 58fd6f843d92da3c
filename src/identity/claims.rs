//! What a token says of its holder: enough to explain a refusal, and to tell a
//! token that is not the one asked for.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use uuid::Uuid;

use crate::config::IdentityId;

/// More roles than these are not kept.
const MOST_ROLES: usize = 32;

/// The claims of a token that could be read. Azure calls its tokens opaque, and
/// no access is decided by these.
///
/// Source: "Access tokens in the Microsoft identity platform".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Claims {
    /// The service principal's object id.
    pub(crate) object_id: Option<Uuid>,
    pub(crate) client_id: Option<Uuid>,
    /// The resource id of the managed identity, in lower case.
    pub(crate) resource_id: Option<String>,
    /// The directory that issued it.
    pub(crate) tenant_id: Option<Uuid>,
    /// The APIs that it is for; one as a rule.
    pub(crate) audiences: Vec<String>,
    /// When it expires, in seconds since 1970.
    pub(crate) expires: Option<i64>,
    /// The application permissions; absent from a token without any.
    pub(crate) roles: Vec<String>,
}

impl Claims {
    /// The claims of `token`, if it is a JWT that can be read. What goes into
    /// commands is an id or a plain word, whatever the token holds.
    pub(super) fn read(token: &str) -> Option<Self> {
        let payload = token.split('.').nth(1)?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let claims: Value = serde_json::from_slice(&payload).ok()?;
        let claims = claims.as_object()?;
        let text = |name| claims.get(name)?.as_str();
        let id = |name| text(name)?.parse().ok();
        let texts = |name| {
            let list = claims.get(name).and_then(Value::as_array);
            list.into_iter().flatten().filter_map(Value::as_str)
        };
        Some(Self {
            object_id: id("oid"),
            // Tokens of version 2.0 have the other.
            client_id: id("appid").or_else(|| id("azp")),
            resource_id: text("xms_mirid").map(str::to_ascii_lowercase),
            tenant_id: id("tid"),
            audiences: text("aud")
                .into_iter()
                .chain(texts("aud"))
                .map(str::to_owned)
                .collect(),
            expires: claims.get("exp").and_then(Value::as_i64),
            roles: texts("roles")
                .filter(|role| is_word(role))
                .take(MOST_ROLES)
                .map(str::to_owned)
                .collect(),
        })
    }

    /// Whether the token names another identity than `id`.
    pub(crate) fn contradict(&self, id: &IdentityId) -> bool {
        let is_other = |named: Option<Uuid>, id: &str| {
            named.is_some_and(|named| id.parse().is_ok_and(|id: Uuid| id != named))
        };
        match id {
            IdentityId::System => false,
            IdentityId::ClientId(id) => is_other(self.client_id, id),
            IdentityId::ObjectId(id) => is_other(self.object_id, id),
            IdentityId::ResourceId(id) => self
                .resource_id
                .as_ref()
                .is_some_and(|named| !named.eq_ignore_ascii_case(id)),
        }
    }
}

fn is_word(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (1..=120).contains(&text.len()) && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "5ab1e000-0000-4000-8000-000000000001";
    const OTHER: &str = "5ab1e000-0000-4000-8000-000000000002";

    fn read(claims: &Value) -> Option<Claims> {
        let payload = URL_SAFE_NO_PAD.encode(claims.to_string());
        Claims::read(&format!("e30.{payload}.s"))
    }

    #[test]
    fn ids_and_roles_are_read_from_either_version() {
        for name in ["appid", "azp"] {
            let claims = read(&json!({"oid": ID, name: OTHER, "roles": ["User.Read.All"]}));
            let claims = claims.unwrap();
            assert_eq!(claims.object_id, ID.parse().ok());
            assert_eq!(claims.client_id, OTHER.parse().ok());
            assert_eq!(claims.roles, ["User.Read.All"]);
        }
    }

    #[test]
    fn what_cannot_be_read_says_nothing_and_nothing_gets_into_a_command() {
        for token in ["", "opaque", "e30.!.s", "e30.W10.s"] {
            assert_eq!(Claims::read(token), None, "{token}");
        }
        let odd = json!({"oid": "'; rm -rf /", "appid": 7, "roles": ["a b", 1, "$(x)"]});
        assert_eq!(read(&odd), Some(Claims::default()));
        let odd = json!({"roles": "User.Read.All"});
        assert_eq!(read(&odd), Some(Claims::default()));
    }

    #[test]
    fn another_identity_is_told_only_where_the_token_names_one() {
        let claims = read(&json!({"oid": ID, "appid": ID, "xms_mirid": "/A/b"})).unwrap();
        let (id, other) = (ID.to_ascii_uppercase(), OTHER.to_owned());
        for own in [
            IdentityId::System,
            IdentityId::ClientId(id.clone()),
            IdentityId::ObjectId(id),
            IdentityId::ResourceId("/a/B".to_owned()),
        ] {
            assert!(!claims.contradict(&own), "{own:?}");
        }
        for other in [
            IdentityId::ClientId(other.clone()),
            IdentityId::ObjectId(other),
            IdentityId::ResourceId("/a/c".to_owned()),
        ] {
            assert!(claims.contradict(&other), "{other:?}");
            assert!(!Claims::default().contradict(&other), "{other:?}");
        }
    }
}
