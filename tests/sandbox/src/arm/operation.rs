//! Long-running operations and their signed URLs.

use std::time::{Duration, Instant, SystemTime};

use axum::{
    body::Body,
    http::{HeaderValue, Response, header},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::{
    action::Action,
    failure::Failure,
    history::{Order, Standing},
    power::Course,
};
use crate::{gate::json as answer, tokens::noise};

/// The certificate, signature and hash have the sizes that were recorded on
/// 2025-11-16: 2,217, 256 and 32 bytes, 3.6 kB in all.
const CERTIFICATE: usize = 2_217;
const SIGNATURE: usize = 256;
const HASH: usize = 32;

/// The two URLs of an operation. They have one certificate and differ in their
/// signatures, and nothing in them may be changed.
#[derive(Clone)]
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

/// What an operation carries out.
pub(super) struct Ordered {
    /// The id of the machine that it is of.
    pub(super) machine: String,
    pub(super) action: Action,
    pub(super) correlation_id: Option<String>,
}

/// One operation under way, or ended.
pub(super) struct Operation {
    guid: String,
    ordered: Ordered,
    urls: SignedUrls,
    started: Timestamp,
    course: Course,
    is_forgotten: bool,
}

impl Operation {
    pub(super) fn new(guid: String, ordered: Ordered, urls: SignedUrls, course: Course) -> Self {
        Self {
            guid,
            ordered,
            urls,
            // One that joins a change that takes no time begins when it ends.
            started: Timestamp::now().min(course.ends_at),
            course,
            is_forgotten: false,
        }
    }

    /// A newer order takes the machine over, and follows this course.
    pub(super) fn preempt(&mut self, newer: &Course) {
        self.course.ends = newer.began;
        self.course.ends_at = newer.began_at;
        self.course.failure = Some(Failure::preempted());
    }

    /// It is not found any more.
    pub(super) fn forget(&mut self) {
        self.is_forgotten = true;
    }

    pub(super) fn is_forgotten(&self) -> bool {
        self.is_forgotten
    }

    pub(super) fn machine(&self) -> &str {
        &self.ordered.machine
    }

    /// The order as it stands.
    pub(super) fn order(&self, now: Instant) -> Order {
        let standing = match &self.course.failure {
            _ if !self.course.has_ended(now) => Standing::UnderWay,
            None => Standing::Succeeded(system(self.course.ends_at)),
            Some(failure) => Standing::Failed(failure.code.clone()),
        };
        Order {
            machine: self.ordered.machine.clone(),
            action: self.ordered.action.name(),
            correlation_id: self.ordered.correlation_id.clone(),
            began: system(self.course.began_at),
            standing,
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

    pub(super) fn is_under_way(&self, now: Instant) -> bool {
        !self.course.has_ended(now)
    }

    /// The answer to a GET of `url`; `None` when it is neither of the two, byte
    /// for byte.
    pub(super) fn answer(&self, url: &str, now: Instant) -> Option<Response<Body>> {
        let has_ended = self.course.has_ended(now);
        if url == self.urls.status {
            return Some(self.status(has_ended));
        }
        (url == self.urls.location).then(|| self.result(has_ended))
    }

    /// 202 while it runs, then what the action would have answered itself.
    fn result(&self, has_ended: bool) -> Response<Body> {
        let status = match &self.course.failure {
            Some(failure) if has_ended => {
                return answer(409, &json!({"error": failure.body()}));
            }
            Some(_) | None if has_ended => 200,
            Some(_) | None => 202,
        };
        let answer = Response::builder().status(status).body(Body::empty());
        answer.unwrap_or_default()
    }

    /// Indented with CRLF, seven digits after the second: as recorded. Where the
    /// error of a failure stands is from
    /// Azure/azure-resource-manager-rpc `v1.0/async-api-reference.md`.
    fn status(&self, has_ended: bool) -> Response<Body> {
        let mut members = vec![format!(
            "\"startTime\": \"{}\"",
            self.course.told(self.started)
        )];
        let status = match &self.course.failure {
            _ if !has_ended => "InProgress",
            None => "Succeeded",
            Some(failure) => failure.status(),
        };
        if has_ended {
            members.push(format!(
                "\"endTime\": \"{}\"",
                self.course.told(self.course.ends_at)
            ));
        }
        members.push(format!("\"status\": \"{status}\""));
        if let Some(failure) = self.course.failure.as_ref().filter(|_| has_ended) {
            members.push(format!("\"error\": {}", failure.body()));
        }
        members.push(format!("\"name\": \"{}\"", self.guid));
        let body = format!("{{\r\n  {}\r\n}}", members.join(",\r\n  "));
        let mut answer = Response::new(Body::from(body));
        let media = HeaderValue::from_static("application/json; charset=utf-8");
        answer.headers_mut().insert(header::CONTENT_TYPE, media);
        answer
    }
}

/// A moment as the standard library has it.
fn system(moment: Timestamp) -> SystemTime {
    let since = Duration::try_from(moment.as_duration());
    SystemTime::UNIX_EPOCH + since.unwrap_or_default()
}

/// A moment with seven digits after the second, as Compute writes it.
pub(super) fn stamp(moment: Timestamp) -> String {
    let text = moment.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    format!("{text}.{:07}+00:00", moment.subsec_nanosecond() / 100)
}
