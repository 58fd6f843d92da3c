//! What the store holds after changes in any order.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::azure::UserProperty::{self, Department, DisplayName, Id, JobTitle};

const DEPARTMENTS: [&str; 4] = [r#""A""#, r#""a""#, r#""B\u00c4""#, "null"];

fn present(id: &str, said: &[(UserProperty, &str)]) -> UserChange {
    let said = said.iter();
    let text = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    let id_said = (Id, text(&format!("{id:?}")));
    UserChange::Present {
        id: id.to_owned(),
        properties: said
            .map(|(name, it)| (*name, text(it)))
            .chain([id_said])
            .collect(),
    }
}

fn gone(id: &str) -> UserChange {
    UserChange::Gone(id.to_owned())
}

/// The rows of `department`, written.
fn rows(store: &Store, department: &str) -> Vec<String> {
    let written = |row: &Row| {
        let mut out = actix_web::web::BytesMut::new();
        row.write(&[Id, DisplayName, JobTitle], &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    };
    store
        .users(department, None)
        .map(|(_, row)| written(row))
        .collect()
}

fn ids(store: &Store, department: &str, after: Option<&str>) -> Vec<String> {
    let users = store.users(department, after);
    users.map(|(id, _)| id.to_owned()).collect()
}

fn row(id: &str, name: &str, title: &str) -> String {
    format!(r#"{{"id":"{id}","displayName":{name},"jobTitle":{title}}}"#)
}

/// Everybody as a plain map of texts, to compare with.
#[derive(Default)]
struct Model(BTreeMap<String, BTreeMap<UserProperty, String>>);

impl Model {
    fn apply(&mut self, change: &UserChange) {
        match change {
            UserChange::Gone(id) => drop(self.0.remove(id)),
            UserChange::Present { id, properties } => {
                let user = self.0.entry(id.clone()).or_default();
                for (name, text) in properties {
                    user.insert(*name, String::from_utf8(text.to_vec()).unwrap());
                }
            }
        }
    }

    fn rows(&self, department: &str) -> Vec<String> {
        let of = |user: &BTreeMap<UserProperty, String>| {
            let text = user.get(&Department)?;
            Some(
                serde_json::from_str::<Option<String>>(text)
                    .unwrap()?
                    .to_lowercase(),
            )
        };
        let text = |user: &BTreeMap<UserProperty, String>, name| {
            user.get(&name)
                .map_or_else(|| "null".to_owned(), String::clone)
        };
        self.0
            .iter()
            .filter(|(_, user)| of(user).as_deref() == Some(department))
            .map(|(id, user)| row(id, &text(user, DisplayName), &text(user, JobTitle)))
            .collect()
    }
}

#[test]
fn ten_thousand_random_changes_end_as_in_a_plain_map() {
    let mut random = fastrand::Rng::with_seed(11);
    let (mut store, mut model) = (Store::default(), Model::default());
    let mut last = Vec::new();
    for step in 0..10_000 {
        let id = random.u32(0..300).to_string();
        let change = match random.u8(0..10) {
            0 | 1 => gone(&id),
            2 | 3 if !last.is_empty() => {
                let replayed: &UserChange = random.choice(&last).unwrap();
                replayed.clone()
            }
            _ => {
                let mut said = Vec::new();
                let name = format!("\"N{step}\"");
                if random.bool() {
                    said.push((Department, *random.choice(&DEPARTMENTS).unwrap()));
                }
                if random.bool() {
                    said.push((DisplayName, &name));
                }
                if random.bool() {
                    said.push((JobTitle, if random.bool() { "null" } else { r#""J""# }));
                }
                present(&id, &said)
            }
        };
        model.apply(&change);
        store.apply(change.clone(), Round::Changes(1));
        last.push(change);
    }
    assert_eq!((store.len(), store.told()), (model.0.len(), model.0.len()));
    for department in ["a", "bä"] {
        let rows: BTreeSet<_> = rows(&store, department).into_iter().collect();
        assert!(rows.len() > 30, "{}", rows.len());
        assert_eq!(rows, model.rows(department).into_iter().collect());
    }
}

#[test]
fn users_come_in_the_order_of_their_ids_from_after_any_id() {
    let mut store = Store::default();
    for id in ["c", "a", "d", "b"] {
        store.apply(present(id, &[(Department, r#""X""#)]), Round::Full(1));
    }
    assert_eq!(ids(&store, "x", None), ["a", "b", "c", "d"]);
    assert_eq!(ids(&store, "x", Some("b")), ["c", "d"]);
    store.apply(gone("b"), Round::Changes(1));
    assert_eq!(ids(&store, "x", Some("b")), ["c", "d"]);
    assert!(ids(&store, "x", Some("d")).is_empty());
    assert!(ids(&store, "y", None).is_empty());
}

#[test]
fn a_user_who_gets_a_department_brings_the_rest_along() {
    let mut store = Store::default();
    store.apply(present("a", &[(DisplayName, r#""A""#)]), Round::Full(1));
    store.apply(present("a", &[(Department, r#""X""#)]), Round::Changes(1));
    assert_eq!(rows(&store, "x"), [row("a", r#""A""#, "null")]);
    store.apply(present("a", &[(Department, r#""Y""#)]), Round::Changes(1));
    assert!(rows(&store, "x").is_empty());
    assert_eq!(rows(&store, "y"), [row("a", r#""A""#, "null")]);
}

#[test]
fn a_full_synchronization_removes_who_and_what_it_does_not_tell_of() {
    let mut store = Store::default();
    let title = (JobTitle, r#""J""#);
    for id in ["a", "b"] {
        store.apply(
            present(id, &[(Department, r#""X""#), title]),
            Round::Full(1),
        );
    }
    store.apply(present("c", &[(Department, r#""Y""#)]), Round::Full(1));

    // The title was cleared; a repetition that tells less clears nothing.
    let now = [(Department, r#""X""#), (DisplayName, r#""A""#)];
    store.apply(present("a", &now), Round::Full(2));
    store.apply(present("a", &[]), Round::Full(2));
    assert_eq!(rows(&store, "x").len(), 2, "served until it is complete");
    assert_eq!((store.len(), store.told()), (3, 1));

    for department in store.departments() {
        store.sweep(&department, 2);
    }
    assert_eq!(rows(&store, "x"), [row("a", r#""A""#, "null")]);
    assert_eq!((store.len(), store.departments().len()), (1, 1));
}
