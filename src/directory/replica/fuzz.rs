//! What has to hold of a replica whatever it was told.

use std::time::SystemTime;

use serde_json::Value;

use super::{
    Contents, Phase,
    page::page,
    store::{Round, Store},
};
use crate::azure::{UserChange, UserQuery, fuzz::users};

/// A change that is told twice is as good as told once; pages are JSON, and together
/// they have everybody once; and who is not told of again goes.
pub(in crate::directory) fn changes(changes: Vec<UserChange>) {
    let mut once = Contents {
        phase: Phase::Ready(SystemTime::UNIX_EPOCH),
        ..Contents::default()
    };
    let mut twice = Store::default();
    for change in changes {
        twice.apply(change.clone(), Round::Full(1));
        twice.apply(change.clone(), Round::Full(1));
        once.store.apply(change, Round::Full(1));
    }
    let twice = Contents {
        store: twice,
        phase: once.phase,
        trouble: None,
    };
    for query in users() {
        assert_eq!(listed(&once, query), listed(&twice, query));
    }
    for department in once.store.departments() {
        once.store.sweep(&department, 2);
    }
    assert_eq!(once.store.len(), 0);
}

/// Everybody of `query`, by pages of all sizes that the directory has room for.
fn listed(contents: &Contents, query: &UserQuery) -> Vec<Value> {
    let mut rows: Vec<Value> = Vec::new();
    let mut after = None;
    loop {
        let Some(page) = page(contents, query, after.as_ref()) else {
            panic!("it is ready");
        };
        match serde_json::from_slice(&page.rows) {
            Ok(Value::Array(more)) => rows.extend(more),
            other => panic!("{other:?} of {:?}", page.rows),
        }
        let Some(next) = page.next else { return rows };
        assert_eq!(next.to_string().parse(), Ok(next.clone()));
        assert!(rows.len() <= contents.store.len());
        after = Some(next);
    }
}
