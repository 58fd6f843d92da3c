//! A page for people: HTML, under a policy of its own.

use actix_web::{
    HttpResponse,
    http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY},
};
use maud::Markup;

/// `markup` as an answer. A browser loads for it what `policy` names and nothing else;
/// where a link leads, nobody learns where it was.
pub(crate) fn page(policy: &'static str, markup: Markup) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .body(markup.into_string())
}
