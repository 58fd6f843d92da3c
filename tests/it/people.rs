//! A client of the directory's pages.

use serde_json::Value;
use url::form_urlencoded;

use crate::{answer::Answer, gateway::Gateway};

/// The path of the first page of `department`, with more parameters.
pub(crate) fn listing(department: &str, rest: &str) -> String {
    let department: String = form_urlencoded::byte_serialize(department.as_bytes()).collect();
    format!("/directory/users?department={department}{rest}")
}

/// The users on a page.
pub(crate) fn rows(page: &Answer) -> Vec<Value> {
    page.json()["value"].as_array().unwrap().clone()
}

/// The ids of the users on a page.
pub(crate) fn ids(page: &Answer) -> Vec<String> {
    let rows = rows(page);
    let ids = rows.iter().map(|user| user["id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

/// The path and query of the next page.
pub(crate) fn next(page: &Answer) -> Option<String> {
    let link = page.json()["nextLink"].as_str()?.to_owned();
    let (_, path) = link.split_once("/directory").unwrap();
    Some(format!("/directory{path}"))
}

/// Every page of a listing.
pub(crate) async fn pages(gateway: &Gateway, first: String) -> Vec<Answer> {
    let mut pages = Vec::new();
    let mut path = Some(first);
    while let Some(at) = path {
        let page = gateway.get(&at).await;
        assert_eq!(page.status, 200, "{}", page.text());
        path = next(&page);
        pages.push(page);
    }
    pages
}
