//! What has to hold of every query for users that is taken.

use url::{Url, form_urlencoded};

use super::query::Raw;
use crate::{
    azure::{PageLink, Top, UserQuery, fuzz::check_page},
    directory::Cursor,
};

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
