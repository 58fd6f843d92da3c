//! What came back from an upstream.

use std::time::{Duration, SystemTime};

use actix_web::{
    http::{
        StatusCode,
        header::{HeaderMap, HeaderName, RETRY_AFTER},
    },
    web::Bytes,
};
use awc::ClientResponse;

use super::{body, quota, refusal, retry, text};

/// An answer with a status of success, or of any that was asked for, read to its end.
pub(crate) struct Response {
    head: Head,
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

/// The head of an answer.
enum Head {
    /// As it came: it is not copied.
    Received(Box<ClientResponse>),
    Made(HeaderMap),
}

impl Response {
    /// What was received, with the body that was read from it.
    pub(super) fn received(head: ClientResponse, body: Bytes) -> Self {
        Self {
            status: head.status(),
            head: Head::Received(Box::new(head)),
            body,
        }
    }

    /// What somebody has told in another way.
    pub(crate) fn made(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Self {
            status,
            head: Head::Made(headers),
            body,
        }
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        match &self.head {
            Head::Received(head) => head.headers(),
            Head::Made(headers) => headers,
        }
    }

    /// The header `name`, when it is there and is text.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        text(self.headers().get(name)?)
    }

    /// What time it is where the answer comes from.
    pub(crate) fn date(&self) -> Option<SystemTime> {
        refusal::date(self.headers())
    }

    /// How long Azure wants to be left alone.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let value = self.header(&RETRY_AFTER)?;
        retry::retry_after(value, refusal::now(self.headers()))
    }

    /// What is left of the reads that Resource Manager counts by subscription.
    pub(crate) fn reads_left(&self) -> Option<u32> {
        quota::reads_left(self.headers())
    }

    /// The least that is left of any quota of the resource provider.
    pub(crate) fn provider_quota(&self) -> Option<u32> {
        quota::least(self.headers())
    }

    /// The share of its limit that Graph says is used.
    pub(crate) fn quota_used(&self) -> Option<f64> {
        quota::used(self.headers())
    }

    /// Whether the head says that there is no body. That `body` is empty does
    /// not say so: it may have been lost.
    pub(crate) fn is_bodiless(&self) -> bool {
        self.status == StatusCode::NO_CONTENT || body::length(self.headers()) == Some(0)
    }
}
