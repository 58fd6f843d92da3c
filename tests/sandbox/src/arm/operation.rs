//! Long-running operations and their signed URLs.

use std::time::Instant;

use axum::{
    body::Body,
    http::{HeaderValue, Response, header},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::tokens::noise;

/// The certificate, signature and hash have the sizes that were recorded on
/// 2025-11-16: 2,217, 256 and 32 bytes, 3.6 kB in all.
const CERTIFICATE: usize = 2_217;
const SIGNATURE: usize = 256;
const HASH: usize = 32;

/// The two URLs of an operation. They have one certificate and differ in their
/// signatures, and nothing in them may be changed.
pub(super) struct SignedUrls {
    pub(super) status: String,
    pub(super) location: String,
}

impl SignedUrls {
    pub(super) fn new(
        root: &str,
        subscription: &str,
        location: &str,
        guid: &str,
        version: &str,
    ) -> Self {
        let base = format!(
            "{root}/subscriptions/{subscription}/providers/Microsoft.Compute/locations/{location}\
             /operations/{guid}?p={}",
            Uuid::new_v4()
        );
        let certificate = text(CERTIFICATE);
        Self {
            status: format!("{base}&api-version={version}&{}", signed(&certificate)),
            location: format!(
                "{base}&monitor=true&api-version={version}&{}",
                signed(&certificate)
            ),
        }
    }
}

fn signed(certificate: &str) -> String {
    // Ticks of .NET: 100 nanoseconds since the year 1.
    let ticks = 621_355_968_000_000_000 + Timestamp::now().as_nanosecond() / 100;
    let (signature, hash) = (text(SIGNATURE), text(HASH));
    format!("t={ticks}&c={certificate}&s={signature}&h={hash}")
}

fn text(size: usize) -> String {
    URL_SAFE_NO_PAD.encode(noise(size))
}

/// One operation under way, or ended.
pub(super) struct Operation {
    guid: String,
    urls: SignedUrls,
    started: Timestamp,
    began: Instant,
    ends: Instant,
}

impl Operation {
    pub(super) fn new(guid: String, urls: SignedUrls, ends: Instant) -> Self {
        Self {
            guid,
            urls,
            started: Timestamp::now(),
            began: Instant::now(),
            ends,
        }
    }

    /// What must not show of its URLs.
    pub(super) fn signatures(&self) -> Vec<String> {
        let urls = [&self.urls.status, &self.urls.location];
        urls.iter()
            .filter_map(|url| url.split("&s=").nth(1)?.split('&').next())
            .map(str::to_owned)
            .collect()
    }

    /// The answer to a GET of `url`; `None` when it is neither of the two, byte
    /// for byte.
    pub(super) fn answer(&self, url: &str, now: Instant) -> Option<Response<Body>> {
        let has_ended = now >= self.ends;
        if url == self.urls.status {
            return Some(self.status(has_ended));
        }
        let status = if has_ended { 200 } else { 202 };
        (url == self.urls.location).then(|| {
            Response::builder()
                .status(status)
                .body(Body::empty())
                .unwrap_or_default()
        })
    }

    /// Indented with CRLF, seven digits after the second: as recorded.
    fn status(&self, has_ended: bool) -> Response<Body> {
        let started = stamp(self.started);
        let name = &self.guid;
        let body = if has_ended {
            let took = self.ends.saturating_duration_since(self.began);
            let took = SignedDuration::try_from(took).unwrap_or_default();
            let ended = stamp(self.started + took);
            format!(
                "{{\r\n  \"startTime\": \"{started}\",\r\n  \"endTime\": \"{ended}\",\r\n  \
                 \"status\": \"Succeeded\",\r\n  \"name\": \"{name}\"\r\n}}"
            )
        } else {
            format!(
                "{{\r\n  \"startTime\": \"{started}\",\r\n  \"status\": \"InProgress\",\r\n  \
                 \"name\": \"{name}\"\r\n}}"
            )
        };
        let mut answer = Response::new(Body::from(body));
        let media = HeaderValue::from_static("application/json; charset=utf-8");
        answer.headers_mut().insert(header::CONTENT_TYPE, media);
        answer
    }
}

fn stamp(moment: Timestamp) -> String {
    let text = moment.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    format!("{text}.{:07}+00:00", moment.subsec_nanosecond() / 100)
}
