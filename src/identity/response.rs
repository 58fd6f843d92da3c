//! Reads a token out of every documented shape of an answer.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{
    Claims,
    expiry::{self, Expiry},
    failure::Unusable,
};
use crate::secret::Secret;

/// A token and how long it lasts from now.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) token: Secret,
    pub(crate) lifetime: Duration,
    /// What the token says of its holder, where it can be read.
    pub(crate) claims: Option<Claims>,
    /// What the endpoint says of the token's holder.
    pub(crate) echo: Claims,
}

/// The identity that an endpoint says it answered for.
#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names of the protocol")]
pub(super) struct Echo {
    #[serde(default)]
    client_id: Option<Value>,
    #[serde(default)]
    object_id: Option<Value>,
    #[serde(default)]
    msi_res_id: Option<Value>,
    #[serde(default)]
    mi_res_id: Option<Value>,
}

impl From<Echo> for Claims {
    fn from(echo: Echo) -> Self {
        let id = |value: Option<Value>| value?.as_str()?.parse().ok();
        let given = [&echo.msi_res_id, &echo.mi_res_id];
        let mut given = given.into_iter().flatten().filter_map(Value::as_str);
        let resource_id = given.find(|id| !id.is_empty()).map(str::to_ascii_lowercase);
        Self {
            client_id: id(echo.client_id),
            object_id: id(echo.object_id),
            resource_id,
            ..Self::default()
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(flatten)]
    echo: Echo,
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    expires_on: Option<Value>,
    #[serde(default)]
    expires_in: Option<Value>,
}

/// Reads the body of a token answer.
///
/// Expiry is the earliest of what `expires_on`, `expires_in` and the token's
/// own `exp` say: which of them an endpoint sends, and whether as number, text
/// or date, differs from one to the next.
pub(crate) fn read(body: &[u8], now: Timestamp) -> Result<Grant, Unusable> {
    let answer: Option<Answer> = serde_json::from_slice(body).map_err(|_| Unusable::NotJson)?;
    let answer = answer.ok_or(Unusable::NoToken)?;
    let token = answer.access_token.filter(|token| !token.is_empty());
    let token = token.ok_or(Unusable::NoToken)?;
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Unusable::NotText);
    }
    let claims = Claims::read(&token);
    let own = claims.as_ref().and_then(|claims| claims.expires);
    let stated = [
        expiry::on(answer.expires_on.as_ref(), now)?,
        expiry::within(answer.expires_in.as_ref())?,
        own.map(|epoch| Expiry::at(epoch, now)),
    ];
    let lifetime = match stated.into_iter().flatten().min() {
        None => return Err(Unusable::NoExpiry),
        Some(Expiry::Past) => return Err(Unusable::Expired),
        Some(Expiry::In(lifetime)) => lifetime,
    };
    Ok(Grant {
        token: Secret::new(token),
        lifetime,
        claims,
        echo: answer.echo.into(),
    })
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;

    /// 2026-11-24T10:00:00Z
    const NOW: i64 = 1_795_514_400;

    fn lifetime(body: &str) -> Result<u64, Unusable> {
        let now = Timestamp::from_second(NOW).unwrap();
        read(body.as_bytes(), now).map(|grant| grant.lifetime.as_secs())
    }

    #[test]
    fn every_documented_form_of_expiry_is_read() {
        for expiry in [
            r#""expires_on":"1795518000""#,
            r#""expires_on":1795518000"#,
            r#""expires_in":"3600""#,
            r#""expires_in":3600"#,
            r#""expires_in":"","expires_on":"1795518000""#,
            r#""expires_in":"3600","expires_on":"1795599999""#,
            r#""expires_in":"9999","expires_on":"1795518000""#,
            r#""expires_on":"3600""#,
            r#""expires_on":"11/24/2026 11:00:00 +00:00""#,
            r#""expires_on":"11/24/2026 11:00:00 AM +00:00""#,
            r#""expires_on":"11/24/2026 11:00:00""#,
            r#""expires_on":"2026-11-24 11:00:00""#,
            r#""expires_on":"2026-11-24T11:00:00.0000000+00:00""#,
        ] {
            let body = format!(r#"{{"access_token":"t",{expiry}}}"#);
            assert_eq!(lifetime(&body), Ok(3600), "{expiry}");
        }
    }

    #[test]
    fn an_answer_that_says_nothing_is_read_from_the_token_itself() {
        let payload = URL_SAFE_NO_PAD.encode(format!(r#"{{"exp":{}}}"#, NOW + 60));
        let body = format!(r#"{{"access_token":"e30.{payload}.s"}}"#);
        assert_eq!(lifetime(&body), Ok(60));
        assert_eq!(
            lifetime(r#"{"access_token":"opaque"}"#),
            Err(Unusable::NoExpiry)
        );
    }

    #[test]
    fn what_is_no_usable_token_is_named() {
        for (body, why) in [
            ("<html>", Unusable::NotJson),
            ("null", Unusable::NoToken),
            ("{}", Unusable::NoToken),
            (r#"{"access_token":""}"#, Unusable::NoToken),
            (
                r#"{"access_token":"a b","expires_in":9}"#,
                Unusable::NotText,
            ),
            (
                r#"{"access_token":"t","expires_on":"15609740s28"}"#,
                Unusable::UnknownExpiry,
            ),
            (
                r#"{"access_token":"t","expires_on":"1795514399"}"#,
                Unusable::Expired,
            ),
            (r#"{"access_token":"t","expires_in":0}"#, Unusable::Expired),
        ] {
            assert_eq!(lifetime(body), Err(why), "{body}");
        }
    }
}
