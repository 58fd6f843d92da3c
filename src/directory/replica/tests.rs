//! What queries find in a replica, and when there is one to find it in.

use super::*;
use crate::azure::UserProperty;
use actix_web::web::Bytes;
use std::time::Duration;

const WHEN: Duration = Duration::from_secs(1_000);

fn as_of() -> SystemTime {
    SystemTime::UNIX_EPOCH + WHEN
}

fn user(id: &str, department: &str, name: &str, rest: &[(UserProperty, &str)]) -> UserChange {
    let said = [
        (UserProperty::Id, id),
        (UserProperty::Department, department),
        (UserProperty::DisplayName, name),
    ];
    let quoted = said.map(|(property, text)| (property, serde_json::to_string(text).unwrap()));
    let rest = rest
        .iter()
        .map(|(property, text)| (*property, (*text).to_owned()));
    UserChange::Present {
        id: id.to_owned(),
        properties: quoted
            .into_iter()
            .chain(rest)
            .map(|(property, text)| (property, Bytes::from(text)))
            .collect(),
    }
}

fn empty(most_users: usize) -> Replica {
    let settings = ReplicaSettings {
        poll: Duration::from_secs(30),
        most_users,
    };
    Replica::new(settings, Metrics::new().unwrap())
}

fn replica() -> Replica {
    let replica = empty(100);
    let enabled = |text| (UserProperty::AccountEnabled, text);
    let kind = |text| (UserProperty::UserType, text);
    let surname = |text| (UserProperty::Surname, text);
    let changes = vec![
        user("1", "R&D", "Ada", &[enabled("true"), kind(r#""Member""#)]),
        user(
            "2",
            "r&d",
            "Élodie",
            &[enabled("false"), surname(r#""O\u0027Adair""#)],
        ),
        user("3", "R&D", "Grace", &[enabled("true"), kind(r#""Guest""#)]),
        user("4", "Sales", "adam", &[]),
        user("5", "Sales", "Zoë", &[surname(r#""ADAMS""#)]),
    ];
    assert!(replica.apply(changes, Round::Full(1)));
    assert!(replica.complete(Round::Full(1), as_of()));
    replica
}

fn query(departments: &[&str]) -> UserQuery {
    UserQuery::of(departments, 2)
}

/// The ids on each page of `query`.
fn pages(replica: &Replica, query: &UserQuery) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut place = None;
    loop {
        let page = replica.page(query, place.as_ref()).unwrap();
        assert_eq!(page.as_of, as_of());
        let rows: Vec<serde_json::Value> = serde_json::from_slice(&page.rows).unwrap();
        let ids = rows
            .iter()
            .map(|row| row["id"].as_str().unwrap().to_owned());
        pages.push(ids.collect());
        let Some(next) = page.next else {
            return pages;
        };
        place = Some(next.to_string().parse().unwrap());
    }
}

#[test]
fn departments_come_one_after_the_other_and_the_last_page_leads_nowhere() {
    let replica = replica();
    let all = pages(&replica, &query(&["Sales", "Nobody", "R&D"]));
    assert_eq!(all, [vec!["4", "5"], vec!["1", "2"], vec!["3"]]);
    assert_eq!(pages(&replica, &query(&["Sales"])), [["4", "5"]]);
    assert_eq!(pages(&replica, &query(&["Nobody"])), [[""; 0]]);
}

#[test]
fn filters_leave_out_who_does_not_fit_and_who_does_not_say() {
    let replica = replica();
    let found = |change: fn(&mut UserQuery)| {
        let mut query = query(&["R&D", "Sales"]);
        change(&mut query);
        pages(&replica, &query).concat()
    };
    assert_eq!(found(|it| it.enabled = Some(true)), ["1", "3"]);
    assert_eq!(found(|it| it.enabled = Some(false)), ["2"]);
    assert_eq!(found(|it| it.user_type = "guest".parse().ok()), ["3"]);
    assert_eq!(found(|it| it.search = "AD".parse().ok()), ["1", "4", "5"]);
    assert_eq!(found(|it| it.search = "élo".parse().ok()), ["2"]);
    assert_eq!(found(|it| it.search = "o'a".parse().ok()), ["2"]);
    assert!(found(|it| it.search = "dam".parse().ok()).is_empty());
    let none = |it: &mut UserQuery| {
        it.enabled = Some(false);
        it.search = "ad".parse().ok();
    };
    assert!(found(none).is_empty());
}

#[test]
fn a_place_whose_user_has_gone_goes_on_behind_it() {
    let replica = replica();
    let query = query(&["R&D"]);
    let first = replica.page(&query, None).unwrap();
    assert!(replica.apply(vec![UserChange::Gone("2".to_owned())], Round::Changes(1)));
    let second = replica.page(&query, first.next.as_ref()).unwrap();
    assert_eq!(second.rows, r#"[{"id":"3"}]"#);
    let beyond = "7.x".parse().unwrap();
    assert_eq!(replica.page(&query, Some(&beyond)).unwrap().rows, "[]");
}

#[test]
fn there_is_no_answer_until_everybody_has_been_heard_of() {
    let replica = empty(10);
    let changes = || vec![user("1", "R&D", "Ada", &[])];
    assert!(replica.apply(changes(), Round::Full(1)));
    assert!(replica.page(&query(&["R&D"]), None).is_none());
    let status = replica.status();
    assert!(
        matches!(status, Status::Warming { users: 1, .. }),
        "{status:?}"
    );
    replica.complete(Round::Full(1), as_of());
    assert!(replica.page(&query(&["R&D"]), None).is_some());

    // Read anew: the answers go on.
    assert!(replica.apply(changes(), Round::Full(2)));
    assert!(replica.page(&query(&["R&D"]), None).is_some());
    let status = replica.status();
    assert!(
        matches!(status, Status::Ready { users: 1, .. }),
        "{status:?}"
    );
}

fn users(ids: &[&str]) -> Vec<UserChange> {
    ids.iter().map(|id| user(id, "R&D", "A", &[])).collect()
}

#[test]
fn who_has_left_does_not_make_the_others_too_many() {
    let replica = empty(2);
    assert!(replica.apply(users(&["1", "2"]), Round::Full(1)));
    assert!(replica.complete(Round::Full(1), as_of()));
    // Read anew: nobody says that 1 and 2 have gone.
    assert!(replica.apply(users(&["3"]), Round::Full(2)));
    assert!(replica.apply(users(&["4"]), Round::Full(2)));
    assert!(replica.complete(Round::Full(2), as_of()));
    assert_eq!(pages(&replica, &query(&["R&D"])), [["3", "4"]]);
    // Who comes may be told of pages before who goes.
    assert!(replica.apply(users(&["5"]), Round::Changes(2)));
    assert!(replica.apply(vec![UserChange::Gone("3".to_owned())], Round::Changes(2)));
    assert!(replica.complete(Round::Changes(2), as_of()));
    assert_eq!(pages(&replica, &query(&["R&D"])), [["4", "5"]]);
}

#[test]
fn too_many_users_are_given_up_before_all_are_read() {
    let replica = empty(2);
    assert!(!replica.apply(users(&["1", "2", "3"]), Round::Full(1)));
    assert!(matches!(replica.status(), Status::TooLarge { limit: 2 }));

    assert!(replica.apply(users(&["1", "2"]), Round::Full(2)));
    assert!(replica.complete(Round::Full(2), as_of()));
    // Told of again, they are no more than they were; one more is.
    assert!(replica.apply(users(&["1", "2", "1"]), Round::Full(3)));
    assert!(!replica.apply(users(&["3"]), Round::Full(3)));

    assert!(replica.apply(users(&["1", "2"]), Round::Full(4)));
    assert!(replica.complete(Round::Full(4), as_of()));
    assert!(replica.apply(users(&["3", "4"]), Round::Changes(4)));
    assert!(!replica.apply(users(&["5"]), Round::Changes(4)));
}

#[test]
fn too_many_users_are_given_up_and_may_come_back() {
    let replica = empty(2);
    assert!(replica.apply(users(&["1", "2"]), Round::Full(1)));
    assert!(replica.complete(Round::Full(1), as_of()));
    assert!(replica.apply(users(&["3"]), Round::Changes(1)));
    assert!(!replica.complete(Round::Changes(1), as_of()));
    assert!(replica.page(&query(&["R&D"]), None).is_none());
    assert!(matches!(replica.status(), Status::TooLarge { limit: 2 }));

    assert!(replica.apply(users(&["1"]), Round::Full(2)));
    assert!(replica.page(&query(&["R&D"]), None).is_none());
    assert!(replica.complete(Round::Full(2), as_of()));
    assert_eq!(pages(&replica, &query(&["R&D"])), [["1"]]);
}

#[test]
fn a_page_ends_after_so_many_who_do_not_fit() {
    let replica = empty(5_000);
    let guest = [(UserProperty::UserType, r#""Guest""#)];
    let kind = |number: u32| if number % 4_000 == 1 { &guest[..] } else { &[] };
    let users = (0..4_500).map(|number| user(&format!("{number:04}"), "R&D", "A", kind(number)));
    assert!(replica.apply(users.collect(), Round::Full(1)));
    replica.complete(Round::Full(1), as_of());
    let mut query = query(&["R&D", "Sales"]);
    query.user_type = "guest".parse().ok();
    assert_eq!(
        pages(&replica, &query),
        [vec!["0001"], vec![], vec!["4001"]]
    );
}

#[test]
fn departments_are_shown_as_soon_as_one_is() {
    let replica = empty(100);
    let of = |id: &str, department: &'static str| UserChange::Present {
        id: id.to_owned(),
        properties: vec![(UserProperty::Department, Bytes::from(department))],
    };
    assert!(!replica.shows_departments());
    assert!(replica.apply(vec![of("1", "null")], Round::Full(1)));
    assert!(!replica.shows_departments());
    assert!(replica.apply(vec![of("2", r#""Sales""#)], Round::Full(1)));
    assert!(replica.shows_departments());
}
