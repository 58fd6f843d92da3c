//! What has to hold of whatever Azure, or who stands in for it, puts into an answer.

use std::{
    sync::LazyLock,
    time::{Duration, SystemTime},
};

use actix_web::{
    http::{
        StatusCode, Uri,
        header::{HeaderMap, HeaderName, HeaderValue},
    },
    web::Bytes,
};

use super::{Refusal, Response, quota, retry};
use crate::metrics::Metrics;

/// A second of the year 2027.
const NOW: u64 = 1_800_000_000;

/// The longest text that is kept of a body, in characters.
const LONGEST: usize = 2_000;

static METRICS: LazyLock<Option<Metrics>> = LazyLock::new(|| Metrics::new().ok());

/// The answer of a status of success.
pub(crate) fn response((status, headers, body): (StatusCode, &HeaderMap, &[u8])) -> Response {
    Response::made(status, headers.clone(), Bytes::copy_from_slice(body))
}

/// What is read of a refusal is short, and no pause is longer than a day.
pub(crate) fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Refusal {
    let refusal = Refusal::read(status, headers, body);
    assert!(
        refusal
            .retry_after
            .is_none_or(|it| it <= retry::LONGEST_PAUSE)
    );
    let texts = [
        &refusal.code,
        &refusal.detail,
        &refusal.message,
        &refusal.newest_version,
        &refusal.group,
    ];
    for text in texts.into_iter().flatten() {
        assert!((1..=LONGEST).contains(&text.chars().count()), "{text:?}");
    }
    let is_name = |group: &String| group.bytes().all(|it| it.is_ascii_alphanumeric());
    assert!(refusal.group.as_ref().is_none_or(is_name));
    quotas(&response((status, headers, body)));
    refusal
}

/// `text` as the value of every header that tells of a pause or of a quota.
pub(crate) fn pause(text: &str) {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
    let told = retry::retry_after(text, now);
    assert!(told.is_none_or(|it| it <= retry::LONGEST_PAUSE));
    if is_number(text) {
        let seconds = text.parse().unwrap_or(u64::MAX);
        let pause = Duration::from_secs(seconds).min(retry::LONGEST_PAUSE);
        assert_eq!(told, Some(pause), "{text:?}");
    }
    let mut headers = HeaderMap::new();
    for name in [
        "retry-after",
        "x-ms-ratelimit-remaining-subscription-reads",
        "x-ms-resource-unit",
        "x-ms-throttle-limit-percentage",
        "x-ms-user-quota-remaining",
        "x-ms-user-quota-resets-after",
    ] {
        put(&mut headers, name, text);
    }
    let bucket = format!("Microsoft.Compute/HighCostGet;{text}");
    put(&mut headers, "x-ms-ratelimit-remaining-resource", &bucket);
    let answer = response((StatusCode::OK, &headers, b""));
    quotas(&answer);
    let is_left = is_number(text) && text.parse().is_ok_and(|left: i64| left > 0);
    assert!(!is_left || answer.provider_quota() != Some(0), "{text:?}");
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn put(headers: &mut HeaderMap, name: &'static str, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.append(HeaderName::from_static(name), value);
    }
}

fn quotas(answer: &Response) {
    assert!(
        answer
            .retry_after()
            .is_none_or(|it| it <= retry::LONGEST_PAUSE)
    );
    let is_share = |used: f64| used.is_finite() && used >= 0.0;
    assert!(answer.quota_used().is_none_or(is_share));
    if let Some(metrics) = &*METRICS {
        quota::record(answer.headers(), "arm", metrics);
    }
}

/// The host that is asked for `url`. awc reads URLs by another parser than we do, so
/// that one that was found to be good may lead elsewhere, or nowhere.
pub(crate) fn host_asked(url: &str) -> String {
    match url.parse::<Uri>() {
        Ok(uri) => uri.host().unwrap_or_default().to_ascii_lowercase(),
        Err(error) => panic!("{url:?} was accepted, and cannot be asked: {error}"),
    }
}
