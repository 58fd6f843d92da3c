//! What has to hold of links: our token goes where they lead.

use std::sync::LazyLock;

use actix_web::{http::Uri, web::Bytes};
use serde_json::{Map, Value};

use crate::{
    azure::{
        DeltaLink, Departments, Next, PageLink, Select, Top, UserQuery, UserType,
        envelope::Envelope, graph,
    },
    http::fuzz::host_asked,
};

/// Where a delta query and a listing begin.
pub(super) const USERS: &str = "https://graph.microsoft.com/v1.0/users?";

/// A query that Graph takes at once, and one in parts that narrows by all there is.
static QUERIES: LazyLock<Vec<UserQuery>> = LazyLock::new(|| {
    let departments = [
        "R&D", "it's", "Küche", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j",
    ];
    let read = [
        Departments::read(["Finance"]),
        Departments::read(departments),
    ];
    let of =
        |departments: Departments, (enabled, user_type, search): (_, _, Option<&str>)| UserQuery {
            departments,
            enabled,
            user_type,
            search: search.and_then(|it| it.parse().ok()),
            select: Select::default(),
            top: Top::default(),
        };
    let narrowed = [
        (None, None, None),
        (Some(true), Some(UserType::Guest), Some("Zoé")),
    ];
    let queries = read.into_iter().flatten().zip(narrowed);
    queries
        .map(|(departments, more)| of(departments, more))
        .collect()
});

/// The queries that links are held against.
pub(crate) fn users() -> &'static [UserQuery] {
    &QUERIES
}

/// A link, or what stands in it from the question mark on.
pub(crate) fn page_link(text: &str) {
    for query in users() {
        for text in [text, text.strip_prefix(USERS).unwrap_or(text)] {
            if let Some(link) = PageLink::accept(text, query) {
                assert_eq!(link.as_str(), text);
                check_page(&link, query);
            }
        }
    }
    if let Some(link) = DeltaLink::accept(text, USERS) {
        check_delta(&Next::Done(link));
    }
}

/// A page of users: its rows are a list, and what follows it is of the same query.
pub(crate) fn user_page(body: &[u8]) -> Option<Bytes> {
    check_envelope(body);
    let body = Bytes::copy_from_slice(body);
    let mut rows = None;
    for query in users() {
        let at = PageLink::first(query, 0)?;
        let Ok(page) = graph::page(body.clone(), USERS, query, &at) else {
            continue;
        };
        let users = page.body.slice(page.users);
        assert!(matches!(
            serde_json::from_slice(&users),
            Ok(Value::Array(_)) | Err(_)
        ));
        if let Some(next) = page.next {
            assert_ne!(next.as_str(), at.as_str());
            check_page(&next, query);
        }
        rows = Some(users);
    }
    rows
}

/// What is read of a collection is what it says as a whole.
fn check_envelope(body: &[u8]) {
    let Ok(whole) = Envelope::anywhere(body) else {
        return;
    };
    if is_collection(body) {
        let read = Envelope::read(body).map(|it| (it.users, it.next));
        assert!(read.is_ok_and(|it| it == (whole.users, whole.next)));
    }
}

/// Whether all there is beside its users are annotations.
fn is_collection(body: &[u8]) -> bool {
    let members = serde_json::from_slice::<Map<String, Value>>(body);
    let is_known = |name: &String| name == "value" || name.starts_with('@');
    members.is_ok_and(|it| it.keys().all(is_known))
}

/// Graph is asked for it byte for byte, and it is found to be what it is once more.
pub(crate) fn check_page(link: &PageLink, query: &UserQuery) {
    let url = format!("{USERS}{}", link.as_str());
    assert_eq!(host_asked(&url), "graph.microsoft.com");
    let asked: Option<Uri> = url.parse().ok();
    assert_eq!(asked.as_ref().and_then(Uri::query), Some(link.as_str()));
    assert_eq!(asked.as_ref().map(Uri::path), Some("/v1.0/users"));
    assert_eq!(PageLink::accept(link.as_str(), query).as_ref(), Some(link));
    let first = PageLink::first(query, link.chunk());
    assert!(first.is_some_and(|it| it.is_first()));
}

/// The same of one into the delta query.
pub(super) fn check_delta(next: &Next) {
    let (Next::Page(link) | Next::Done(link)) = next;
    let url = link.url(USERS);
    assert_eq!(host_asked(&url), "graph.microsoft.com");
    let asked: Option<Uri> = url.parse().ok();
    let path = asked.as_ref().map_or("", Uri::path);
    assert!(
        path.starts_with("/v1.0/users/") && path.contains("delta"),
        "{url}"
    );
}
