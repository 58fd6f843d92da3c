//! What one delta query is answered.

use azure_sandbox::{Sandbox, Settings};
use serde_json::{Value, json};

use crate::{
    client::{Answer, encoded, sandbox},
    directory::{assert_refused, found, next_link, read},
    replica::delta_link,
};

#[test]
fn a_page_has_the_head_and_the_shape_of_a_listing() {
    let azure = sandbox();

    let page = delta(&azure, "$select=displayName,jobTitle,mobilePhone");

    assert_eq!(page.status, 200);
    assert_eq!(page.header("x-ms-resource-unit"), Some("1"));
    assert_eq!(page.header("odata-version"), Some("4.0"));
    assert!(page.header("request-id").is_some());
    let media = page.header("content-type").unwrap();
    assert!(media.starts_with("application/json;odata.metadata=minimal"));
    let context = page.text("/@odata.context");
    assert_eq!(context, format!("{}/v1.0/$metadata#users", azure.url()));
    assert_eq!(found(&page).len(), 200);
    let root = format!("{}/v1.0/users/delta?$skiptoken=", azure.url());
    let next = next_link(&page).unwrap();
    let token = next.strip_prefix(&root).unwrap();
    assert!(
        token
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || "-_".contains(it)),
        "{token}"
    );
    assert_eq!(delta_link(&page), None);
}

#[test]
fn a_first_round_has_the_selection_and_the_id_without_what_was_never_set() {
    let azure = sandbox();
    let cleared = azure.user_ids("Legal").first().unwrap().clone();
    azure.change_user(&cleared, &json!({"department": null}));

    let of = |id: &str| {
        let filter = encoded(&format!("id eq '{id}'"));
        let page = delta(
            &azure,
            &format!("$select=department,mobilePhone&$filter={filter}"),
        );
        found(&page)
    };

    let [user] = &of(&cleared)[..] else {
        panic!("one user is asked for")
    };
    assert_eq!(user, &json!({"id": cleared, "department": null}));
    let none = azure.add_user(None);
    assert_eq!(of(&none), [json!({"id": none})]);
}

#[test]
fn a_collection_in_which_there_was_never_anything_does_not_come() {
    let azure = sandbox();
    let users = found(&delta(&azure, "$select=businessPhones"));
    let (with, without): (Vec<&Value>, Vec<_>) = users
        .iter()
        .partition(|user| user.get("businessPhones").is_some());
    assert!(
        with.iter()
            .all(|user| user["businessPhones"][0].is_string())
    );
    assert!(!without.is_empty() && without.len() < with.len());
}

#[test]
fn without_a_selection_the_department_is_not_told() {
    let azure = quiet();
    let id = azure.user_ids("Legal").first().unwrap().clone();
    let link = delta_link(&delta(&azure, "$deltatoken=latest")).unwrap();

    azure.change_user(&id, &json!({"department": "Sales"}));
    assert_eq!(found(&read(&azure, &link)), [0; 0]);
    azure.change_user(&id, &json!({"mail": "other@example.com"}));

    let changes = found(&read(&azure, &link));
    assert_eq!(changes, [json!({"id": id, "mail": "other@example.com"})]);
}

#[test]
fn from_now_on_is_nobody_at_first() {
    let azure = sandbox();
    azure.churn(50, 1);

    for latest in [
        "$deltatoken=latest",
        "$deltaToken=LATEST&$select=department",
    ] {
        let page = delta(&azure, latest);
        assert_eq!(found(&page), [0; 0]);
        assert_eq!(next_link(&page), None);
        let later = read(&azure, &delta_link(&page).unwrap());
        assert_eq!(found(&later), [0; 0]);
    }
}

#[test]
fn a_round_tells_what_changed_and_no_more() {
    let azure = quiet();
    let ids: Vec<_> = azure.user_ids("Sales").into_iter().collect();
    let query = "$deltatoken=latest&$select=department,jobTitle,mobilePhone,accountEnabled";
    let link = delta_link(&delta(&azure, query)).unwrap();

    azure.change_user(&ids[0], &json!({"department": "Legal", "surname": "Other"}));
    azure.change_user(&ids[1], &json!({"jobTitle": "Clerk"}));
    azure.change_user(&ids[1], &json!({"jobTitle": null}));
    azure.change_user(&ids[2], &json!({"surname": "Other"}));
    let new = azure.add_user(Some("Sales"));

    let round = read(&azure, &link);
    assert_eq!(
        of(&round, &ids[0]),
        [json!({"id": ids[0], "department": "Legal"})]
    );
    assert_eq!(
        of(&round, &ids[1]),
        [json!({"id": ids[1], "jobTitle": null})]
    );
    let [shown] = &of(&round, &new)[..] else {
        panic!("a new user comes once")
    };
    assert_eq!(shown["department"], "Sales");
    assert_eq!(shown["accountEnabled"], true);
    assert_eq!(shown.get("mobilePhone"), None);
    assert_eq!(found(&round).len(), 3);
    let next = read(&azure, &delta_link(&round).unwrap());
    assert_eq!(found(&next), [0; 0]);
}

#[test]
fn who_goes_leaves_a_tombstone_and_who_comes_back_comes_whole() {
    let azure = quiet();
    let ids: Vec<_> = azure.user_ids("Sales").into_iter().collect();
    let query = "$deltatoken=latest&$select=department,mail";
    let link = delta_link(&delta(&azure, query)).unwrap();
    let gone = |id: &str, reason: &str| json!({"id": id, "@removed": {"reason": reason}});

    azure.remove_user(&ids[0]);
    azure.purge_user(&ids[1]);
    azure.remove_user(&ids[2]);
    azure.purge_user(&ids[2]);
    let first = read(&azure, &link);
    azure.restore_user(&ids[0]);
    let second = read(&azure, &delta_link(&first).unwrap());

    assert_eq!(found(&first).len(), 3);
    assert_eq!(of(&first, &ids[0]), [gone(&ids[0], "changed")]);
    assert_eq!(of(&first, &ids[1]), [gone(&ids[1], "deleted")]);
    assert_eq!(of(&first, &ids[2]), [gone(&ids[2], "deleted")]);
    let back = found(&second);
    assert_eq!(back.len(), 1);
    assert_eq!(back[0]["department"], "Sales");
    assert!(back[0]["mail"].is_string());
}

#[test]
fn a_filter_names_up_to_fifty_users_and_holds_in_later_rounds() {
    let azure = quiet();
    let ids: Vec<_> = azure.user_ids("Sales").into_iter().collect();
    let filter = |ids: &[String]| {
        let terms: Vec<_> = ids.iter().map(|id| format!("id eq '{id}'")).collect();
        format!("$select=mail&$filter={}", encoded(&terms.join(" or ")))
    };

    let fifty = delta(&azure, &filter(&ids[..50]));
    for id in &ids[48..60] {
        azure.change_user(id, &json!({"mail": "other@example.com"}));
    }
    azure.remove_user(&ids[0]);
    azure.remove_user(&ids[70]);
    let later = read(&azure, &delta_link(&fifty).unwrap());

    assert_eq!(found(&fifty).len(), 50);
    let mut changed: Vec<_> = found(&later).iter().map(|it| it["id"].clone()).collect();
    changed.sort_by_key(Value::to_string);
    assert_eq!(json!(changed), json!([ids[0], ids[48], ids[49]]));
    assert_refused(
        &delta(&azure, &filter(&ids[..51])),
        400,
        "Request_UnsupportedQuery",
    );
}

/// A sandbox that tells changes once.
fn quiet() -> Sandbox {
    Sandbox::start(Settings {
        delta_replays: false,
        ..Settings::default()
    })
    .unwrap()
}

fn delta(azure: &Sandbox, query: &str) -> Answer {
    read(azure, &format!("{}/v1.0/users/delta?{query}", azure.url()))
}

/// What `round` tells of the user `id`.
fn of(round: &Answer, id: &str) -> Vec<Value> {
    let mut changes = found(round);
    changes.retain(|change| change["id"] == id);
    changes
}
