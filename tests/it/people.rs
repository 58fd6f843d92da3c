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

/// The ids in the first column of a CSV with a header.
pub(crate) fn in_csv(answer: &Answer) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(&answer.body[..]);
    assert_eq!(reader.headers().unwrap().get(0), Some("id"));
    let id = |record: csv::Result<csv::StringRecord>| record.unwrap()[0].to_owned();
    reader.records().map(id).collect()
}

/// The ids in NDJSON.
pub(crate) fn in_ndjson(answer: &Answer) -> Vec<String> {
    let text = answer.text();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines
        .map(|user: Value| user["id"].as_str().unwrap().to_owned())
        .collect()
}
