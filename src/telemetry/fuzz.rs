//! What has to hold of the ids that callers send.

use actix_web::http::header::HeaderMap;

use super::{RequestId, TraceContext};

/// The longest state that is carried on.
const LONGEST_STATE: usize = 512;

/// What goes on is a trace that others can go on with.
pub(crate) fn headers(headers: &HeaderMap) {
    let trace = TraceContext::continued(headers);
    assert!(trace.state().is_none_or(|it| it.len() <= LONGEST_STATE));
    let sent: HeaderMap = trace.headers().collect();
    let again = TraceContext::continued(&sent);
    assert_eq!(again.id(), trace.id());
    assert_eq!(again.is_sampled(), trace.is_sampled());
    assert_eq!(again.state(), trace.state());
    for value in headers.get_all("x-request-id") {
        request_id(value.to_str().ok());
    }
}

/// One that is taken is taken as it is, and fits into a header and into a line.
fn request_id(text: Option<&str>) {
    let id = RequestId::accepted(text).to_string();
    assert!((1..=128).contains(&id.len()));
    assert!(id.bytes().all(|byte| byte.is_ascii_graphic()), "{id:?}");
    assert_eq!(RequestId::accepted(Some(&id)).to_string(), id);
}
