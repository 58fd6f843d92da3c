//! What Azure says when it refuses, whichever of its services spoke.

use std::time::{Duration, SystemTime};

use actix_web::http::{StatusCode, header::HeaderMap, header::RETRY_AFTER};
use serde_json::Value;

use super::retry::retry_after;

/// The longest message that is kept, in characters: it goes to callers.
const MESSAGE_LIMIT: usize = 1_000;

/// An answer with a status other than success.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    /// The status.
    pub(crate) status: StatusCode,
    /// The machine-readable code, where the body has one.
    pub(crate) code: Option<String>,
    /// The sentence for people, where the body has one.
    pub(crate) message: Option<String>,
    /// The newest api-version, where IMDS does not know the one asked for.
    pub(crate) newest_version: Option<String>,
    /// How long to stay away, where the answer says so.
    pub(crate) retry_after: Option<Duration>,
    /// Azure's id of the request, for a support ticket.
    pub(crate) request_id: Option<String>,
    /// The id that the Activity Log shows.
    pub(crate) correlation_id: Option<String>,
}

impl Refusal {
    /// Reads every documented shape of an error body; what fits none of them
    /// leaves `code` and `message` empty.
    pub(crate) fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
        let body = serde_json::from_slice(body).unwrap_or(Value::Null);
        let (code, message) = code_and_message(&body);
        Self {
            status,
            code,
            message,
            newest_version: text_of(body.pointer("/newest-versions/0")),
            retry_after: headers
                .get(RETRY_AFTER)
                .and_then(|value| retry_after(value.to_str().ok()?, SystemTime::now())),
            request_id: text("x-ms-request-id").or_else(|| text("request-id")),
            correlation_id: text("x-ms-correlation-request-id"),
        }
    }
}

/// The shapes, with where each is seen:
/// `{"error":{"code","message"}}` ARM, Graph, Service Fabric ·
/// `{"code","message"}` Compute's 429 ·
/// `{"error":"code","error_description":"message"}` IMDS, Entra ID ·
/// `{"statusCode","message"}` App Service.
fn code_and_message(body: &Value) -> (Option<String>, Option<String>) {
    let envelope = body.get("error").filter(|error| error.is_object());
    let part = |name| text_of(envelope.unwrap_or(body).get(name));
    let code = part("code").or_else(|| text_of(body.get("error")));
    let message = part("message").or_else(|| text_of(body.get("error_description")));
    (code, message)
}

fn text_of(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str().filter(|text| !text.is_empty())?;
    Some(text.chars().take(MESSAGE_LIMIT).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> (Option<String>, Option<String>) {
        let refusal = Refusal::read(StatusCode::BAD_REQUEST, &HeaderMap::new(), body.as_bytes());
        (refusal.code, refusal.message)
    }

    #[test]
    fn every_documented_error_body_gives_its_code_and_message() {
        for body in [
            r#"{"error":{"code":"C","message":"M"}}"#,
            r#"{"code":"C","message":"M","details":[]}"#,
            r#"{"error":"C","error_description":"M"}"#,
            r#"{"error":{"code":"C","message":"M","innererror":{"trace":"T"}}}"#,
        ] {
            assert_eq!(read(body), (Some("C".into()), Some("M".into())), "{body}");
        }
        let app_service = r#"{"statusCode":400,"message":"M","correlationId":"g"}"#;
        assert_eq!(read(app_service), (None, Some("M".into())));
    }

    #[test]
    fn a_body_of_another_shape_is_no_message() {
        for body in [
            "",
            "null",
            "[]",
            "<html>",
            r#"{"notExpectedJson":1}"#,
            r#"{"error":{}}"#,
        ] {
            assert_eq!(read(body), (None, None), "{body}");
        }
    }
}
