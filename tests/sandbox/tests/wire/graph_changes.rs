//! A directory in which people come, move and go.

use std::time::{Duration, Instant};

use azure_sandbox::{Sandbox, Settings};
use serde_json::{Value, json};

use crate::{
    client::{Answer, sandbox, send},
    directory::{filtered, found, ids, next_link, of_department, pages, read, users},
};

#[test]
fn who_moves_is_listed_where_they_are_now() {
    let azure = sandbox();
    let id = someone_of(&azure, "Legal");

    azure.change_user(&id, &json!({"department": "R&D", "jobTitle": null}));

    assert!(!ids(&azure, &of_department("Legal")).contains(&id));
    assert!(ids(&azure, &of_department("R&D")).contains(&id));
    assert!(azure.user_ids("r&d").contains(&id));
    let shown = one(&azure, &id, "department,jobTitle,companyName");
    assert_eq!(
        shown,
        json!({"department": "R&D", "jobTitle": null, "companyName": "Example"})
    );
}

#[test]
fn who_is_removed_is_not_listed_until_they_are_restored() {
    let azure = sandbox();
    let legal = of_department("Legal");
    let before = ids(&azure, &legal);
    let id = before[3].clone();

    azure.remove_user(&id);
    let without = ids(&azure, &legal);
    azure.restore_user(&id);

    assert_eq!(without.len(), before.len() - 1);
    assert!(!without.contains(&id));
    assert_eq!(ids(&azure, &legal), before);
}

#[test]
fn who_is_purged_does_not_come_back() {
    let azure = sandbox();
    let [live, removed] = ["Legal", "Sales"].map(|department| someone_of(&azure, department));

    azure.purge_user(&live);
    azure.remove_user(&removed);
    azure.purge_user(&removed);

    for id in [live, removed] {
        for verb in ["restore", "remove", "purge"] {
            let refused = control(&azure, "POST", &format!("/{id}/{verb}"), &json!({}));
            assert_eq!(refused.status, 400, "{verb}");
        }
        assert!(!ids(&azure, "$top=999").contains(&id));
    }
}

#[test]
fn who_is_new_is_listed_with_everything_that_users_have() {
    let azure = sandbox();

    let of_new = azure.add_user(Some("Küche & Café"));
    let of_none = azure.add_user(None);

    assert!(ids(&azure, &of_department("Küche & Café")).contains(&of_new));
    assert_eq!(
        one(&azure, &of_none, "department"),
        json!({"department": null})
    );
    let shown = one(&azure, &of_new, "userPrincipalName,userType,accountEnabled");
    assert_eq!(
        shown,
        json!({
            "userPrincipalName": "user2000@example.com",
            "userType": "Member",
            "accountEnabled": true,
        })
    );
    assert_eq!(ids(&azure, "$top=999").len(), 2_002);
}

#[test]
fn departments_are_those_that_somebody_is_in() {
    let azure = sandbox();
    let last = someone_of(&azure, "1.5 Half");
    assert_eq!(azure.user_ids("1.5 Half").len(), 1);

    azure.change_user(&last, &json!({"department": "Vandelay Industries"}));

    let departments = azure.departments();
    assert!(!departments.contains(&"1.5 Half".to_owned()));
    assert!(departments.contains(&"Vandelay Industries".to_owned()));
    assert_eq!(departments.len(), 21);
}

#[test]
fn what_users_cannot_have_is_refused_and_nothing_is_changed() {
    let azure = sandbox();
    let id = someone_of(&azure, "Legal");

    for properties in [
        json!({"department": "Sales", "shoeSize": "44"}),
        json!({"department": "Sales", "accountEnabled": "true"}),
        json!({"department": "Sales", "mail": 7}),
        json!({"department": "Sales", "businessPhones": null}),
        json!({"id": "00000000-0000-0000-0000-000000000000"}),
    ] {
        let refused = control(&azure, "PATCH", &format!("/{id}"), &properties);
        assert_eq!(refused.status, 400, "{properties}");
    }

    assert!(azure.user_ids("Legal").contains(&id));
}

#[test]
fn the_same_seed_makes_the_same_changes() {
    let everybody = |seed| {
        let azure = sandbox();
        azure.churn(3_000, seed);
        let query = "$top=999&$select=id,department,displayName,jobTitle,accountEnabled,userType";
        let pages = pages(&azure, query);
        pages.iter().flat_map(found).collect::<Vec<_>>()
    };

    let [once, again, other] = [7, 7, 8].map(everybody);

    assert_eq!(once, again);
    assert_ne!(once, other);
    assert_ne!(once.len(), 2_000);
}

#[test]
fn who_goes_between_two_pages_does_not_make_others_slip_through() {
    let azure = sandbox();
    let all = ids(&azure, "$top=999");
    let first = users(&azure, "$top=10");

    azure.remove_user(&all[2]);
    azure.remove_user(&all[10]);
    let second = read(&azure, &next_link(&first).unwrap());

    let shown: Vec<_> = found(&second).iter().map(|it| it["id"].clone()).collect();
    assert_eq!(shown, all[11..=20]);
}

#[test]
fn what_changes_in_one_sandbox_stays_there() {
    let [one, other] = [sandbox(), sandbox()];

    one.churn(500, 1);

    assert_ne!(ids(&one, "$top=999"), ids(&other, "$top=999"));
    assert_eq!(ids(&other, "$top=999"), ids(&sandbox(), "$top=999"));
}

#[test]
fn a_hundred_thousand_users_are_there_at_once() {
    let began = Instant::now();
    let azure = of_size(100_000);
    let workforce = azure.user_ids("Workforce");

    let page = users(&azure, &format!("{}&$top=999", of_department("workforce")));
    let last = users(&azure, &filtered("employeeId eq '99999'"));

    assert_eq!(workforce.len(), 98_000);
    assert_eq!(found(&page).len(), 999);
    assert!(next_link(&page).is_some());
    assert_eq!(found(&last).len(), 1);
    assert_eq!(azure.departments().last().unwrap(), "Workforce");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_directory_can_be_smaller_than_the_seed() {
    let azure = of_size(30);

    assert_eq!(ids(&azure, "").len(), 30);
    assert_eq!(azure.departments(), ["Seinfeld", "Kramer's Ideas"]);
    assert_eq!(ids(&of_size(0), ""), Vec::<String>::new());
}

#[test]
fn every_verb_can_be_had_over_http() {
    let azure = sandbox();
    let id = control(&azure, "POST", "", &json!({"department": "Legal"})).text("/id");
    let size = || azure.user_ids("Legal").len();
    let act = |method, path: &str, body: Value| {
        let done = control(&azure, method, path, &body);
        assert_eq!(done.status, 200, "{}", done.body);
    };
    assert_eq!(size(), 32);

    act("POST", &format!("/{id}/remove"), json!({}));
    assert_eq!(size(), 31);
    act("POST", &format!("/{id}/restore"), json!({}));
    assert_eq!(size(), 32);
    act("PATCH", &format!("/{id}"), json!({"department": "Sales"}));
    assert_eq!(size(), 31);
    act("POST", &format!("/{id}/purge"), json!({}));
    assert_eq!(azure.user_ids("Sales").len(), 290);

    let twin = sandbox();
    let twin_id = twin.add_user(Some("Legal"));
    twin.purge_user(&twin_id);
    act("POST", "/churn", json!({"changes": 50, "seed": 3}));
    twin.churn(50, 3);
    assert_eq!(twin_id, id);
    assert_eq!(ids(&azure, "$top=999"), ids(&twin, "$top=999"));
}

/// A sandbox with so many users.
fn of_size(users: u32) -> Sandbox {
    Sandbox::start(Settings {
        users: Some(users),
        ..Settings::default()
    })
    .unwrap()
}

/// The first id of `department`.
fn someone_of(azure: &Sandbox, department: &str) -> String {
    azure.user_ids(department).first().unwrap().clone()
}

/// The user `id`, as far as it is selected.
fn one(azure: &Sandbox, id: &str, select: &str) -> Value {
    let filter = filtered(&format!("id eq '{id}'"));
    let mut found = found(&users(azure, &format!("{filter}&$select={select}")));
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn control(azure: &Sandbox, method: &str, path: &str, body: &Value) -> Answer {
    let url = format!("{}/sandbox/users{path}", azure.url());
    send(method, &url, &[], &body.to_string()).unwrap()
}
