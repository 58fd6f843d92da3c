//! The body of a request: read whole, within its limits, before any handler runs.

use std::{
    future::{Ready, poll_fn, ready},
    pin::Pin,
    task::{self, Poll},
    time::{Duration, Instant},
};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest,
    body::{BodySize, BoxBody, MessageBody},
    dev::{Payload, ServiceRequest},
    http::{
        StatusCode,
        header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING},
    },
    rt::time,
    web::{Bytes, BytesMut},
};
use futures_core::Stream as _;

use super::{Problem, inbound::Inbound};

/// The body has to be there by then, so that a slow client holds no handler.
const SLOWEST_BODY: Duration = Duration::from_secs(10);

/// Reads the body of `request`, and puts it back as one piece. What could not
/// be read stays in the request, for [`Unread`].
pub(super) async fn buffer(request: &mut ServiceRequest, limit: usize) -> Result<(), Problem> {
    let mut payload = request.take_payload();
    // Neither means no body (RFC 9112, 6.3), though actix hands out what follows
    // `Upgrade: websocket` as one without end, whatever length it has.
    let length = length(request);
    let has_body = length.is_some() || request.headers().contains_key(TRANSFER_ENCODING);
    if !has_body || matches!(payload, Payload::None) {
        return Ok(());
    }
    let began = Instant::now();
    let body = read(&mut payload, length.unwrap_or(usize::MAX), limit);
    let outcome = time::timeout(SLOWEST_BODY, body).await;
    Inbound::leave_out(request.request(), began.elapsed());
    let slow = || Err(Problem::body_too_slow(SLOWEST_BODY));
    match outcome.unwrap_or_else(|_| slow()) {
        // Without a byte it is none: see `NoBody`.
        Ok(body) if body.is_empty() => {}
        Ok(body) => request.set_payload(Payload::from(body)),
        Err(problem) => {
            request.set_payload(payload);
            return Err(problem);
        }
    }
    Ok(())
}

/// How long the body of `request` is by its own account.
pub(super) fn length(request: &ServiceRequest) -> Option<usize> {
    let length = request.headers().get(CONTENT_LENGTH)?;
    // It is a number, as actix has seen: if it is none here, it is too large for one.
    let number = length.to_str().ok().and_then(|text| text.parse().ok());
    Some(number.unwrap_or(usize::MAX))
}

/// The first `length` bytes of `payload`, or as many as there are.
async fn read(payload: &mut Payload, length: usize, limit: usize) -> Result<Bytes, Problem> {
    let mut body = BytesMut::new();
    while body.len() < length {
        let Some(chunk) = poll_fn(|waker| Pin::new(&mut *payload).poll_next(waker)).await else {
            break;
        };
        let mut chunk = chunk.map_err(|_| Problem::invalid("the body broke off"))?;
        chunk.truncate(length - body.len());
        if body.len() + chunk.len() > limit {
            return Err(Problem::body_too_large(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// The answer to a request whose body is not read to its end.
///
/// actix closes the connection after the answer while somebody still holds the
/// payload; once it is dropped, a chunked body is read on without limit.
pub(super) struct Unread {
    answer: BoxBody,
    _payload: Payload,
}

impl Unread {
    pub(super) fn new(answer: impl MessageBody + 'static, payload: Payload) -> Self {
        Self {
            answer: BoxBody::new(answer),
            _payload: payload,
        }
    }
}

impl MessageBody for Unread {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.answer.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        waker: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.answer).poll_next(waker)
    }
}

/// Proof that the request has no body.
///
/// A body is refused and not overlooked: whoever sends one means something by
/// it that would not happen.
pub(super) struct NoBody;

impl FromRequest for NoBody {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(match payload {
            // As `buffer` has left it.
            Payload::None => Ok(Self),
            _ if is_json(request) => Err(Problem::invalid("this operation takes no body")),
            _ => Err(Problem::unreadable(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "this operation takes no body, and none of this content type",
            )),
        })
    }
}

/// Whether `request` has JSON, or does not say what it has. Media types compare without
/// regard to case, and without their parameters.
pub(super) fn is_json(request: &HttpRequest) -> bool {
    let media = request.headers().get(CONTENT_TYPE);
    media.and_then(|it| it.to_str().ok()).is_none_or(|media| {
        let essence = media.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/json")
    })
}
