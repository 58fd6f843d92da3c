//! Errors as RFC 9457 problem documents: the one place that knows our codes.

mod cause;
mod challenge;
mod code;
mod grant;
mod in_the_way;
mod refusal;

use std::{error::Error, fmt, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    body::{BoxBody, MessageBody},
    http::{
        StatusCode,
        header::{ALLOW, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use challenge::Challenge;
use code::Code;
use serde::Serialize;

use super::{allowance, inbound::Inbound};
use crate::changes::{Exceeded, Left};

/// What Azure said, as far as callers may know it.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Upstream {
    service: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) correlation_id: Option<String>,
}

/// A virtual machine that the caller may have meant.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    resource_id: String,
    subscription_id: String,
    resource_group: String,
}

/// An answer that is an error. `Display` and `source` are for the log; what
/// the caller gets is the document that [`Problem::render`] writes.
#[derive(Debug)]
pub(crate) struct Problem {
    code: Code,
    status: StatusCode,
    detail: Box<str>,
    retry_after: Option<Duration>,
    /// The header that says what would be taken instead.
    accepted: Option<Box<(HeaderName, HeaderValue)>>,
    challenge: Option<Challenge>,
    limit: Option<Box<Left>>,
    operation: Option<Box<str>>,
    upstream: Option<Box<Upstream>>,
    candidates: Box<[Candidate]>,
    source: Option<Box<dyn Error>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    code: &'static str,
    request_id: String,
    trace_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<&'a Upstream>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    candidates: &'a [Candidate],
}

impl Problem {
    fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            status: code.status(),
            detail: detail.into().into_boxed_str(),
            retry_after: None,
            accepted: None,
            challenge: None,
            limit: None,
            operation: None,
            upstream: None,
            candidates: Box::default(),
            source: None,
        }
    }

    /// 400: `why` says what is wrong with the request and what would be right.
    pub(crate) fn invalid(why: impl fmt::Display) -> Self {
        Self::new(Code::InvalidRequest, why.to_string())
    }

    /// 406, 408, 413, 414, 415 or 431: a request that cannot be read to its end, or
    /// not be answered as it wants.
    pub(crate) fn unreadable(status: StatusCode, why: impl Into<String>) -> Self {
        Self {
            status,
            ..Self::new(Code::InvalidRequest, why)
        }
    }

    /// 415, with the header that says what is taken.
    pub(crate) fn unsupported(name: HeaderName, accepted: &'static str, why: &str) -> Self {
        let accepted = HeaderValue::from_static(accepted);
        Self {
            accepted: Some(Box::new((name, accepted))),
            ..Self::unreadable(StatusCode::UNSUPPORTED_MEDIA_TYPE, why)
        }
    }

    /// 413.
    pub(crate) fn body_too_large(limit: usize) -> Self {
        let why = format!("the body has more than {limit} bytes");
        Self::unreadable(StatusCode::PAYLOAD_TOO_LARGE, why)
    }

    /// 408.
    pub(crate) fn body_too_slow(limit: Duration) -> Self {
        let why = format!("the body was not there within {} s", limit.as_secs());
        Self::unreadable(StatusCode::REQUEST_TIMEOUT, why)
    }

    /// 403: `why` says who may.
    pub(crate) fn forbidden(why: impl Into<String>) -> Self {
        Self::new(Code::Forbidden, why)
    }

    /// 403 for a caller who is known, and whose rights do not reach: `why` says
    /// what would.
    pub(crate) fn insufficient_scope(why: impl Into<String>) -> Self {
        Self {
            challenge: Some(Challenge::InsufficientScope),
            ..Self::new(Code::Forbidden, why)
        }
    }

    /// 429 of a limit of our own.
    pub(crate) fn too_many_changes(exceeded: &Exceeded) -> Self {
        let Exceeded(left) = exceeded;
        Self {
            limit: Some(Box::new(*left)),
            ..Self::new(Code::TooManyChanges, exceeded.to_string())
        }
        .retry_after(left.reset)
    }

    /// 404.
    pub(crate) fn not_found(what: impl Into<String>) -> Self {
        Self::new(Code::NotFound, what)
    }

    /// The same problem, with more to know where it is a 404.
    pub(crate) fn if_not_found(mut self, more: &str) -> Self {
        if self.code == Code::NotFound {
            self.detail = format!("{}; {more}", self.detail).into_boxed_str();
        }
        self
    }

    /// 500: a fault of ours.
    pub(crate) fn internal(what: impl Into<String>) -> Self {
        Self::new(Code::Internal, what)
    }

    /// 500: something of ours that cannot be written or read.
    pub(crate) fn internal_from(source: impl Error + 'static) -> Self {
        Self::internal(source.to_string()).caused(source)
    }

    /// The same, with the path of the operation that it is about.
    pub(crate) fn operation(self, place: String) -> Self {
        Self {
            operation: Some(place.into_boxed_str()),
            ..self
        }
    }

    /// The same, with the path of an operation that Azure may carry out. Without
    /// `Retry-After`: who would repeat the order, might have it done twice.
    fn in_doubt(self, place: String) -> Self {
        Self {
            retry_after: None,
            ..self.operation(place)
        }
    }

    fn caused(self, source: impl Error + 'static) -> Self {
        Self {
            source: Some(Box::new(source)),
            ..self
        }
    }

    fn retry_after(self, pause: Duration) -> Self {
        Self {
            retry_after: Some(pause),
            ..self
        }
    }

    fn upstream(self, upstream: Upstream) -> Self {
        Self {
            upstream: Some(Box::new(upstream)),
            ..self
        }
    }

    /// The problem behind an error response that actix made by itself.
    pub(crate) fn of_bare(response: &HttpResponse<impl MessageBody>) -> Self {
        match response.status() {
            StatusCode::NOT_FOUND => Self::not_found("there is nothing at this path"),
            StatusCode::METHOD_NOT_ALLOWED => Self {
                accepted: response
                    .headers()
                    .get(ALLOW)
                    .map(|methods| Box::new((ALLOW, methods.clone()))),
                ..Self::new(Code::MethodNotAllowed, "use a method that Allow names")
            },
            status if status.is_client_error() => {
                Self::unreadable(status, "the request could not be read")
            }
            _ => Self::internal("the request could not be answered"),
        }
    }

    /// The document, with the ids by which the request is found again.
    pub(crate) fn render(&self, path: &str, inbound: &Inbound) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::build(self.status);
        response.content_type("application/problem+json");
        if let Some(pause) = self.retry_after {
            response.insert_header((RETRY_AFTER, whole_seconds(pause)));
        }
        if let Some(accepted) = &self.accepted {
            response.insert_header(<(HeaderName, HeaderValue)>::clone(accepted));
        }
        if let Some(challenge) = self.challenge {
            response.insert_header((WWW_AUTHENTICATE, challenge.header(&self.detail)));
        }
        let mut response = response.body(self.document(path, inbound));
        if let Some(left) = &self.limit {
            allowance::tell(left, response.headers_mut());
        }
        response
    }

    /// The document by itself, as JSON.
    pub(crate) fn document(&self, path: &str, inbound: &Inbound) -> Vec<u8> {
        let document = Document {
            r#type: format!("urn:mi-gateway:problem:{}", self.code.as_str()),
            title: self.code.title(),
            status: self.status.as_u16(),
            detail: &self.detail,
            instance: path,
            code: self.code.as_str(),
            request_id: inbound.id.to_string(),
            trace_id: inbound.trace.trace_id().to_string(),
            operation: self.operation.as_deref(),
            upstream: self.upstream.as_deref(),
            candidates: &self.candidates,
        };
        serde_json::to_vec(&document).unwrap_or_default()
    }

    /// The resource ids of what may have been meant.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = &str> {
        self.candidates.iter().map(|it| it.resource_id.as_str())
    }

    /// What Azure said, if it did.
    pub(crate) fn said_upstream(&self) -> Option<&Upstream> {
        self.upstream.as_deref()
    }

    /// How long to wait before another try.
    pub(crate) fn pause(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The path of the operation that it is about.
    pub(crate) fn place(&self) -> Option<&str> {
        self.operation.as_deref()
    }

    /// Whether it is that the gateway has too much to do.
    pub(crate) fn is_overload(&self) -> bool {
        self.code == Code::Overloaded
    }

    /// The stable code, for the log.
    pub(crate) fn code(&self) -> &'static str {
        self.code.as_str()
    }
}

/// At least one, so that no client comes back at once.
pub(crate) fn whole_seconds(pause: Duration) -> u64 {
    pause
        .as_millis()
        .div_ceil(1_000)
        .try_into()
        .map_or(u64::MAX, |seconds: u64| seconds.max(1))
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.detail)
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref()
    }
}

/// Rendered by [`super::edge`], which knows the request's ids.
impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        HttpResponse::new(self.status)
    }
}
