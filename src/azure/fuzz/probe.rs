//! What has to hold of users of whom one is looked for again.

use actix_web::http::Uri;
use serde_json::Value;
use url::Url;

use super::{super::probe, link::USERS};
use crate::http::fuzz::host_asked;

/// Whatever a department is called, one that was shown is asked for and nothing else; and
/// a link is followed within the listing alone.
pub(crate) fn probe(body: &[u8]) {
    let Some((filter, link)) = probe::of(body) else {
        return;
    };
    let literal = literal(&filter);
    if let Some(first) = first_department(body) {
        assert_eq!(literal, Some(first), "{filter}");
    }
    let query = probe::query(&filter);
    assert_eq!(
        host_asked(&format!("{USERS}{query}")),
        "graph.microsoft.com"
    );
    let asked = Url::parse(&format!("{USERS}{query}"));
    let is_whole = |url: Url| url.query_pairs().any(|(_, value)| value == filter);
    assert!(asked.is_ok_and(is_whole), "{query}");
    if let Some(further) = link.as_deref().and_then(|it| probe::further(it, USERS)) {
        check_link(further);
    }
}

/// The text that users are asked for by; `None` where there is more to the filter.
fn literal(filter: &str) -> Option<String> {
    let (_, quoted) = filter.split_once(' ')?;
    let quoted = quoted.strip_prefix("eq ").or(quoted.strip_prefix("ge "))?;
    let inner = quoted.strip_prefix('\'')?.strip_suffix('\'')?;
    // Each quote within is one of a pair.
    let text = inner.replace("''", "\0");
    (!text.contains('\'')).then(|| text.replace('\0', "'"))
}

/// By a plainer reading; `None` where there is none. Rows that are no objects are not
/// Graph's.
fn first_department(body: &[u8]) -> Option<String> {
    let page: Value = serde_json::from_slice(body).ok()?;
    let rows = page["value"].as_array()?;
    let departments = rows.iter().map(|row| row["department"].as_str());
    let first = departments.flatten().find(|it| !it.is_empty());
    let is_graphs = rows.iter().all(Value::is_object) && !first.unwrap_or_default().contains('\0');
    is_graphs.then(|| first.unwrap_or("!").to_owned())
}

/// Graph is asked for it byte for byte.
fn check_link(further: &str) {
    let url = format!("{USERS}{further}");
    assert_eq!(host_asked(&url), "graph.microsoft.com");
    let asked: Option<Uri> = url.parse().ok();
    assert_eq!(asked.as_ref().map(Uri::path), Some("/v1.0/users"));
    assert_eq!(asked.as_ref().and_then(Uri::query), Some(further));
}
