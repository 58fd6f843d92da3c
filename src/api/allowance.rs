//! What is left of a limit, in the fields of an answer.
//!
//! Source: draft-ietf-httpapi-ratelimit-headers-10: the policy, a quota in a window of
//! seconds, and what remains until when.

use actix_web::{
    HttpResponse,
    http::header::{HeaderMap, HeaderName, HeaderValue},
};

use crate::changes::Left;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// That a change may be ordered, and how many more.
pub(super) struct Allowance(pub(super) Option<Left>);

impl Allowance {
    /// `answer`, which tells of it.
    pub(super) fn told(self, mut answer: HttpResponse) -> HttpResponse {
        if let Some(left) = self.0 {
            tell(&left, answer.headers_mut());
        }
        answer
    }
}

pub(super) fn tell(left: &Left, headers: &mut HeaderMap) {
    let (name, most, window) = (left.name, left.rate.most, left.rate.per.as_secs());
    let reset = left.reset.as_secs_f64().ceil();
    let fields = [
        (POLICY, format!("\"{name}\";q={most};w={window}")),
        (LIMIT, format!("\"{name}\";r={};t={reset}", left.remaining)),
    ];
    for (field, value) in fields {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(field, value);
        }
    }
}
