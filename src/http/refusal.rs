//! What Azure says when it refuses, whichever of its services spoke.

use std::time::{Duration, SystemTime};

use actix_web::http::{
    StatusCode,
    header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER},
};
use serde_json::Value;

use super::{
    challenge::Challenge,
    quota,
    retry::{LONGEST_PAUSE, retry_after},
};

/// The longest text of Azure's that is kept, in characters: it goes to callers and into
/// the record of changes. A refused api-version is answered with all that there are.
const TEXT_LIMIT: usize = 2_000;

/// An answer with a status other than success.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    /// The status.
    pub(crate) status: StatusCode,
    /// The machine-readable code, where the body has one.
    pub(crate) code: Option<String>,
    /// The code of the first detail: Resource Graph's own code is there, and
    /// Entra ID's number, such as 700024.
    pub(crate) detail: Option<String>,
    /// The sentence for people, where the body has one.
    pub(crate) message: Option<String>,
    /// The newest api-version, where IMDS does not know the one asked for.
    pub(crate) newest_version: Option<String>,
    /// The group of operations whose quota is used up, where Compute names it.
    pub(crate) group: Option<String>,
    /// What the challenge of a 401 says.
    pub(crate) challenge: Challenge,
    /// The challenge word for word, where it is for a password or a key.
    pub(crate) basic_challenge: Option<String>,
    /// Whether Resource Manager itself refuses, and no provider behind it.
    pub(crate) is_from_gateway: bool,
    /// How long to stay away, where the answer says so; a day at most.
    pub(crate) retry_after: Option<Duration>,
    /// Azure's id of the request, for a support ticket.
    pub(crate) request_id: Option<String>,
    /// The id that the Activity Log shows, or that the identity endpoint gives.
    pub(crate) correlation_id: Option<String>,
    /// Who says that it answers.
    pub(crate) server: Option<String>,
    /// What time it is where the answer comes from.
    pub(crate) date: Option<SystemTime>,
}

impl Refusal {
    /// What is not asked at all, as Azure has closed with `status` for that long, is
    /// refused as Azure has.
    pub(crate) fn closed(status: StatusCode, pause: Duration) -> Self {
        Self {
            retry_after: Some(pause),
            ..Self::read(status, &HeaderMap::new(), b"")
        }
    }

    /// Reads every documented shape of an error body; what fits none of them
    /// leaves `code` and `message` empty.
    pub(crate) fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let text = |name: &str| Some(cut(headers.get(name)?.to_str().ok()?));
        let plain = plain_text(headers, body);
        let body = serde_json::from_slice(body).unwrap_or(Value::Null);
        let (code, message) = code_and_message(&body);
        let message = message.or(plain);
        let pause = text(RETRY_AFTER.as_str())
            .and_then(|value| retry_after(&value, now(headers)))
            .or_else(|| told_pause(message.as_deref()?))
            .or_else(|| {
                // Every answer of Resource Graph tells it.
                let is_throttled = status == StatusCode::TOO_MANY_REQUESTS;
                quota::resets_after(headers).filter(|_| is_throttled)
            });
        Self {
            status,
            code,
            detail: text_of(body.pointer("/error/details/0/code"))
                .or_else(|| Some(body.pointer("/error_codes/0")?.as_u64()?.to_string())),
            message,
            group: throttled_group(&body),
            challenge: Challenge::read(headers),
            basic_challenge: text("www-authenticate").filter(|it| is_basic(it)),
            is_from_gateway: text("x-ms-failure-cause").as_deref() == Some("gateway"),
            newest_version: text_of(body.pointer("/newest-versions/0")),
            retry_after: pause.map(|pause| pause.min(LONGEST_PAUSE)),
            request_id: text("x-ms-request-id").or_else(|| text("request-id")),
            correlation_id: text("x-ms-correlation-request-id").or_else(|| correlation(&body)),
            server: text("server"),
            date: date(headers),
        }
    }
}

/// The name of a scheme has no case (RFC 9110, 11.1).
fn is_basic(challenge: &str) -> bool {
    let scheme = challenge.split(' ').next();
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"))
}

/// What the proxy of workload identity says, which is no JSON.
///
/// Source: Azure/azure-workload-identity `pkg/proxy/proxy.go`.
fn plain_text(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let media = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let text = std::str::from_utf8(body).ok()?.trim();
    let is_plain = media.starts_with("text/plain") && !text.is_empty() && !text.starts_with('<');
    is_plain.then(|| cut(text))
}

/// Where the bodies of App Service, Service Fabric and Entra ID have it.
fn correlation(body: &Value) -> Option<String> {
    ["/correlationId", "/error/correlationId", "/correlation_id"]
        .into_iter()
        .find_map(|place| text_of(body.pointer(place)))
}

/// What a head says of the time at its sender (RFC 9110, 6.6.1).
pub(super) fn date(headers: &HeaderMap) -> Option<SystemTime> {
    let text = headers.get(DATE)?.to_str().ok()?;
    httpdate::parse_http_date(text).ok()
}

/// The time at the sender of a head, by which its own dates count: whatever the clock
/// here says.
pub(super) fn now(headers: &HeaderMap) -> SystemTime {
    date(headers).unwrap_or_else(SystemTime::now)
}

/// The shapes, with where each is seen:
/// `{"error":{"code","message"}}` ARM, Graph, Service Fabric ·
/// `{"code","message"}` Compute's 429 ·
/// `{"error":"code","error_description":"message"}` IMDS, Entra ID ·
/// `{"statusCode","message"}` App Service · `{"StatusCode","Message"}` and
/// `{"ErrorCode","ExceptionMessage"}` its version 2017-09-01 ·
/// `{"error":"code","message"}` Machine Learning.
fn code_and_message(body: &Value) -> (Option<String>, Option<String>) {
    let envelope = body.get("error").filter(|error| error.is_object());
    let part = |name| text_of(envelope.unwrap_or(body).get(name));
    let code = part("code")
        .or_else(|| text_of(body.get("error")))
        .or_else(|| part("ErrorCode"));
    let message = part("message")
        .or_else(|| text_of(body.get("error_description")))
        .or_else(|| part("Message"))
        .or_else(|| part("ExceptionMessage"));
    (code, message)
}

/// What the details of Compute's 429 aim at, such as `HighCostGet`.
///
/// Source: MicrosoftDocs/SupportArticles-docs `troubleshooting-throttling-errors.md`.
fn throttled_group(body: &Value) -> Option<String> {
    let detail = body.pointer("/details/0")?;
    let is_name = |name: &String| name.chars().all(|letter| letter.is_ascii_alphanumeric());
    text_of(detail.get("target"))
        .filter(|_| text_of(detail.get("code")).as_deref() == Some("TooManyRequests"))
        .filter(is_name)
}

/// The pause that Resource Manager puts into words, as in "Please try again
/// after '6' seconds."
fn told_pause(message: &str) -> Option<Duration> {
    let (_, after) = message.split_once("try again after '")?;
    let (seconds, _) = after.split_once("' seconds")?;
    seconds.parse().ok().map(Duration::from_secs)
}

fn text_of(value: Option<&Value>) -> Option<String> {
    value?.as_str().filter(|text| !text.is_empty()).map(cut)
}

/// As much of `text` as is kept.
pub(crate) fn cut(text: &str) -> String {
    let end = text.char_indices().nth(TEXT_LIMIT);
    text[..end.map_or(text.len(), |(end, _)| end)].to_owned()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use serde_json::json;

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
            r#"{"error":"C","message":"M"}"#,
            r#"{"ErrorCode":"C","ExceptionMessage":"M"}"#,
        ] {
            assert_eq!(read(body), (Some("C".into()), Some("M".into())), "{body}");
        }
        let app_service = r#"{"statusCode":400,"message":"M","correlationId":"g"}"#;
        assert_eq!(read(app_service), (None, Some("M".into())));
    }

    #[test]
    fn a_pause_in_words_counts_where_no_header_says_it() {
        let body = br#"{"error":{"code":"C","message":"Please try again after '5' seconds."}}"#;
        let pause = |headers: &HeaderMap| {
            let refusal = Refusal::read(StatusCode::TOO_MANY_REQUESTS, headers, body);
            refusal.retry_after.map(|pause| pause.as_secs())
        };
        assert_eq!(pause(&HeaderMap::new()), Some(5));
        let header = (RETRY_AFTER, HeaderValue::from_static("7"));
        assert_eq!(pause(&HeaderMap::from_iter([header])), Some(7));
        assert_eq!(told_pause("Please try again after 'some' seconds."), None);
    }

    #[test]
    fn a_group_is_named_by_a_throttling_detail_alone() {
        let group =
            |code, target| throttled_group(&json!({"details": [{"code": code, "target": target}]}));
        assert_eq!(
            group("TooManyRequests", "HighCostGet").as_deref(),
            Some("HighCostGet")
        );
        assert_eq!(group("Other", "HighCostGet"), None);
        assert_eq!(group("TooManyRequests", "<b>"), None);
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
