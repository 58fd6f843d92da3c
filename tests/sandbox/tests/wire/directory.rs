//! A client of the users in the directory, which holds 2,000 of them.

use azure_sandbox::Sandbox;
use serde_json::Value;

use crate::client::{Answer, GRAPH, bearer, encoded, get};

/// More pages than any listing here has: beyond them the links go in a circle.
const MOST_PAGES: usize = 100;

/// `GET /v1.0/users`, and its query, with a token for Graph.
pub(crate) fn users(azure: &Sandbox, query: &str) -> Answer {
    read(azure, &format!("{}/v1.0/users?{query}", azure.url()))
}

/// `GET url` with a token for Graph.
pub(crate) fn read(azure: &Sandbox, url: &str) -> Answer {
    get(url, &[("authorization", &bearer(azure, GRAPH))])
}

/// The header without which no query is advanced.
const EVENTUAL: (&str, &str) = ("ConsistencyLevel", "eventual");

/// `GET url`, with a token for Graph, as advanced queries are asked.
pub(crate) fn read_eventually(azure: &Sandbox, url: &str) -> Answer {
    get(url, &[("authorization", &bearer(azure, GRAPH)), EVENTUAL])
}

/// `GET /v1.0/users` as an advanced query.
pub(crate) fn advanced(azure: &Sandbox, query: &str) -> Answer {
    let url = format!("{}/v1.0/users?$count=true&{query}", azure.url());
    read_eventually(azure, &url)
}

/// `filter`, as a query.
pub(crate) fn filtered(filter: &str) -> String {
    format!("$filter={}", encoded(filter))
}

/// The users of `department`, as a query: a quote is doubled, then everything
/// is encoded.
pub(crate) fn of_department(department: &str) -> String {
    filtered(&format!(
        "department eq '{}'",
        department.replace('\'', "''")
    ))
}

/// Every page of the listing that `query` asks for.
pub(crate) fn pages(azure: &Sandbox, query: &str) -> Vec<Answer> {
    let first = users(azure, query);
    let next = |page: &Answer| {
        assert_eq!(page.status, 200, "{}", page.body);
        next_link(page).map(|link| read(azure, &link))
    };
    let pages: Vec<_> = std::iter::successors(Some(first), next)
        .take(MOST_PAGES)
        .collect();
    assert!(pages.len() < MOST_PAGES, "{query} does not end");
    pages
}

/// The ids in a whole listing, in its order.
pub(crate) fn ids(azure: &Sandbox, query: &str) -> Vec<String> {
    let pages = pages(azure, query);
    let id = |user: &Value| user["id"].as_str().unwrap().to_owned();
    pages
        .iter()
        .flat_map(|page| found(page).iter().map(id).collect::<Vec<_>>())
        .collect()
}

/// The users on a page.
pub(crate) fn found(page: &Answer) -> Vec<Value> {
    page.json()["value"].as_array().expect(&page.body).clone()
}

/// The link to the page after this one.
pub(crate) fn next_link(page: &Answer) -> Option<String> {
    let json = page.json();
    let link = json.get("@odata.nextLink")?;
    Some(link.as_str().unwrap().to_owned())
}

pub(crate) fn assert_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.text("/error/code"), code);
    assert_ne!(answer.text("/error/message"), "");
}
