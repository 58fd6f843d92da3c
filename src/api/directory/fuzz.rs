//! What has to hold of every query for users that is taken, and of the form and the age
//! in which they are wanted.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    http::header::{ACCEPT, CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, UPGRADE},
    test::TestRequest,
};
use url::{Url, form_urlencoded};

use super::{form::Form, query::Raw, validity::wanted};
use crate::{
    azure::{PageLink, Top, UserQuery, fuzz::check_page},
    directory::{Cursor, Freshness},
};

/// Whole listings are for those who can take them, JSON is for whoever takes it as well,
/// and nobody who wants what is new is given a page that is kept.
pub(crate) fn wishes(headers: &HeaderMap) {
    let form = Form::accepted(&request(headers)).ok();
    let is_websocket = |it: &HeaderValue| it.as_bytes().eq_ignore_ascii_case(b"websocket");
    if headers.get_all(UPGRADE).any(is_websocket) {
        assert!(matches!(form, None | Some(Form::Json)), "{form:?}");
    }
    let json = with(headers, ACCEPT, "application/json");
    assert_eq!(Form::accepted(&json).ok(), Some(Form::Json));
    let now = wanted(&with(headers, CACHE_CONTROL, "no-cache"));
    assert_eq!(now, Freshness::within(Duration::ZERO));
}

fn request(headers: &HeaderMap) -> HttpRequest {
    let headers = headers.iter();
    let request = headers.fold(TestRequest::default(), TestRequest::append_header);
    request.to_http_request()
}

/// The request with one line more.
fn with(headers: &HeaderMap, name: HeaderName, value: &'static str) -> HttpRequest {
    let mut headers = headers.clone();
    headers.append(name, HeaderValue::from_static(value));
    request(&headers)
}

/// A query that is taken is one that Graph can be asked, and its link asks for the
/// same.
pub(crate) fn query(text: &str) {
    let pairs = pairs(text);
    let Ok(raw) = Raw::read(&pairs) else { return };
    let Ok(query) = raw.query(Top::default()) else {
        return;
    };
    check_pages(&query);
    let Ok(base) = Url::parse("https://gateway.example") else {
        return;
    };
    let Ok(Some(cursor)) = raw.cursor() else {
        return;
    };
    check_link(&raw.link(&cursor, &base), &query, &cursor);
}

fn pairs(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

/// Every part of it begins with a page that is one of its own.
fn check_pages(query: &UserQuery) {
    let pages = (0..).map_while(|chunk| PageLink::first(query, chunk));
    let mut count = 0;
    for (chunk, page) in pages.enumerate() {
        let accepted = PageLink::accept(page.as_str(), query);
        assert!(accepted.is_some_and(|it| it.is_first() && it.chunk() == chunk));
        check_page(&page, query);
        count += 1;
    }
    assert!(count > 0 && count <= query.departments.iter().count());
}

fn check_link(link: &Url, query: &UserQuery, cursor: &Cursor) {
    assert_eq!(link.host_str(), Some("gateway.example"));
    let pairs = pairs(link.query().unwrap_or_default());
    let again = Raw::read(&pairs).ok();
    let asked = again
        .as_ref()
        .and_then(|raw| raw.query(Top::default()).ok());
    assert_eq!(asked.as_ref(), Some(query));
    let further = again.as_ref().and_then(|raw| raw.cursor().ok().flatten());
    assert_eq!(further.as_ref(), Some(cursor));
}
