//! Whether a caller has an answer already (RFC 9110, 13.1.2).

use actix_web::{
    HttpMessage as _, HttpRequest,
    http::header::{EntityTag, IfNoneMatch},
};

/// Whether one of the answers that the caller has is the one with `tag`.
pub(super) fn is_known(request: &HttpRequest, tag: &EntityTag) -> bool {
    match request.get_header::<IfNoneMatch>() {
        Some(IfNoneMatch::Any) => true,
        Some(IfNoneMatch::Items(known)) => known.iter().any(|it| it.weak_eq(tag)),
        None => false,
    }
}
