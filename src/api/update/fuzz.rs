//! What has to hold of every change that callers ask for.

use std::collections::HashSet;

use actix_web::http::header::{HeaderMap, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use serde_json::{Map, Value, json};

use super::{Raw, version};
use crate::azure::Change;

/// A change is taken where it is as documented, and it is of the version that it was
/// asked for.
pub(crate) fn change(headers: &HeaderMap, body: &[u8]) {
    let given: Vec<_> = headers.get_all(IF_MATCH).collect();
    let is_fit = given.len() < 2 && given.iter().all(|it| is_version(it));
    let is_fit = is_fit && !headers.contains_key(IF_NONE_MATCH);
    let told = given.first().copied().cloned();
    assert_eq!(version(headers).ok(), is_fit.then_some(told));
    let Ok(said) = serde_json::from_slice::<Value>(body) else {
        assert!(read(body).is_none());
        return;
    };
    let plain = read(said.to_string().as_bytes());
    assert_eq!(plain.is_some(), is_documented(&said), "{said}");
    // What is there twice is refused.
    for change in read(body).iter().chain(&plain) {
        check(change, &said);
    }
}

/// One pair of quotes around all of it, or a star.
fn is_version(value: &HeaderValue) -> bool {
    let parts = value.to_str().map(|text| text.split('"').collect());
    parts.is_ok_and(|parts: Vec<_>| matches!(parts[..], ["*"] | ["", _, ""]))
}

fn read(body: &[u8]) -> Option<Change> {
    let raw: Raw = serde_json::from_slice(body).ok()?;
    raw.checked().ok()
}

/// By the contract.
fn is_documented(said: &Value) -> bool {
    let Value::Object(fields) = said else {
        return false;
    };
    let fits = |(name, value): (&String, &Value)| match (name.as_str(), value) {
        ("tags", Value::Object(tags)) => {
            tags.len() <= 50 && tags.iter().all(is_tag) && are_apart(tags)
        }
        ("size", Value::String(size)) => is_size(size),
        _ => false,
    };
    !fields.is_empty() && fields.iter().all(fits)
}

fn is_tag((name, value): (&String, &Value)) -> bool {
    let is_plain = |it: char| !it.is_control() && !"<>%&\\?/".contains(it);
    let value = value.as_str().map(|value| value.chars().count());
    (1..=512).contains(&name.chars().count())
        && name.chars().all(is_plain)
        && value.is_some_and(|length| length <= 256)
}

/// Names of tags have no case.
fn are_apart(tags: &Map<String, Value>) -> bool {
    let names: HashSet<_> = tags.keys().map(|name| name.to_lowercase()).collect();
    names.len() == tags.len()
}

fn is_size(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(is_plain)
}

/// Azure is asked for what was said, and nothing else; and no tag's value gets into the
/// record.
fn check(change: &Change, said: &Value) {
    let mut written = Map::new();
    if let Some(tags) = said["tags"].as_object() {
        written.insert("tags".to_owned(), json!(tags));
    }
    if let Some(size) = said["size"].as_str() {
        let properties = json!({ "hardwareProfile": { "vmSize": size } });
        written.insert("properties".to_owned(), properties);
    }
    assert_eq!(serde_json::to_value(change).ok(), Some(written.into()));
    let mut other = said.clone();
    let tags = other.get_mut("tags").and_then(Value::as_object_mut);
    for value in tags.into_iter().flat_map(Map::values_mut) {
        *value = json!("another");
    }
    let other = read(other.to_string().as_bytes());
    assert_eq!(other.map(|it| it.to_string()), Some(change.to_string()));
}
