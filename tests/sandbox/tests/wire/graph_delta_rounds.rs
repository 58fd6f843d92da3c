//! Rounds of delta queries, as they add up to the directory.

use std::{cell::Cell, collections::HashMap};

use azure_sandbox::{Sandbox, Settings};
use serde_json::json;

use crate::{
    client::sandbox,
    directory::{found, read},
    replica::{Replica, delta_link, live},
};

const SELECT: &str = "department,displayName,surname,jobTitle,accountEnabled,userType,mobilePhone";

#[test]
fn a_first_round_is_everybody() {
    let azure = sandbox();
    azure.churn(300, 1);
    let mut replica = Replica::new(&azure, &format!("$select={SELECT}"));

    replica.round(&azure, || ());

    assert_eq!(replica.users, live(&azure, SELECT));
}

#[test]
fn ten_thousand_changes_in_rounds_add_up_to_the_directory() {
    for (replays, rounds) in [(true, 40), (false, 8)] {
        let azure = told(replays, 90);
        let mut replica = Replica::new(&azure, &format!("$select={SELECT}"));
        for round in 0..rounds {
            azure.churn(250, round);
            replica.round(&azure, || ());
            if round % 8 == 7 {
                assert_eq!(replica.users, live(&azure, SELECT), "round {round}");
            }
        }
    }
}

#[test]
fn what_changes_while_pages_are_read_is_in_this_round_or_the_next() {
    let azure = told(true, 40);
    let mut replica = Replica::new(&azure, &format!("$select={SELECT}"));
    let seed = Cell::new(0);
    let churn = || {
        seed.set(seed.get() + 1);
        azure.churn(25, seed.get());
    };
    for _ in 0..12 {
        replica.round(&azure, churn);
        churn();
    }
    assert!(seed.get() > 100, "{}", seed.get());

    replica.round(&azure, || ());

    assert_eq!(replica.users, live(&azure, SELECT));
}

#[test]
fn items_are_repeated_on_a_later_page_and_come_in_no_order() {
    let azure = told(true, 100);
    let listed: Vec<_> = live(&azure, "mail").into_keys().collect();
    let mut replica = Replica::new(&azure, "$select=mail");
    let mut shown = Vec::new();
    while let Some(page) = replica.page(&azure) {
        shown.extend(page.iter().map(|it| it["id"].as_str().unwrap().to_owned()));
    }

    let mut times: HashMap<&String, usize> = HashMap::new();
    for id in &shown {
        *times.entry(id).or_default() += 1;
    }

    let repeated = times.values().filter(|times| **times > 1).count();
    assert!(repeated > 100, "{repeated}");
    let seed: Vec<_> = shown.iter().filter(|id| listed.contains(*id)).collect();
    assert!(!seed.is_sorted());
    assert_eq!(replica.users.len(), 2_000);
}

#[test]
fn who_goes_after_they_were_shown_may_be_repeated_as_gone() {
    let azure = told(true, 1_000);
    let mut replica = Replica::new(&azure, "$select=mail");
    let shown = replica.page(&azure).unwrap();
    for user in &shown {
        azure.remove_user(user["id"].as_str().unwrap());
    }
    let before = replica.users.len();

    replica.round(&azure, || ());

    let gone = before + 1_000 - replica.users.len();
    assert!((50..1_000).contains(&gone), "{gone}");
    replica.round(&azure, || ());
    assert_eq!(replica.users, live(&azure, "mail"));
}

#[test]
fn a_round_may_replay_the_one_before_in_the_present_state() {
    let azure = told(true, 200);
    let mut replica = Replica::new(&azure, "$deltatoken=latest&$select=jobTitle,department");
    replica.round(&azure, || ());
    let ids: Vec<_> = azure.user_ids("Sales").into_iter().take(100).collect();
    for id in &ids {
        azure.change_user(id, &json!({"jobTitle": "Clerk"}));
    }
    replica.round(&azure, || ());

    let later = read(&azure, &replica.link);

    let replayed = found(&later);
    assert!((1..=10).contains(&replayed.len()), "{}", replayed.len());
    for user in replayed {
        assert!(ids.contains(&user["id"].as_str().unwrap().to_owned()));
        assert_eq!(user["jobTitle"], "Clerk");
        assert_eq!(user["department"], "Sales");
    }
}

#[test]
fn without_replays_a_quiet_round_is_empty_and_others_show_each_user_once() {
    let azure = told(false, 150);
    let mut replica = Replica::new(&azure, "$select=mail");
    let mut shown = 0;
    while let Some(page) = replica.page(&azure) {
        assert_eq!(page.len(), 150);
        shown += page.len();
    }
    assert_eq!(shown, 1_950);
    assert_eq!(replica.users.len(), 2_000);

    let quiet = read(&azure, &replica.link);

    assert_eq!(found(&quiet), [0; 0]);
    assert!(delta_link(&quiet).is_some());
}

#[test]
fn a_page_can_be_asked_for_again_when_its_answer_was_lost() {
    let azure = told(true, 50);
    let mut replica = Replica::new(&azure, &format!("$select={SELECT}"));
    let mut turn = 0;
    loop {
        let link = replica.link.clone();
        let went_on = replica.page(&azure).is_some();
        turn += 1;
        azure.churn(20, turn);
        if turn % 3 == 0 {
            replica.link = link;
        } else if !went_on {
            break;
        }
    }

    replica.round(&azure, || ());

    assert_eq!(replica.users, live(&azure, SELECT));
}

#[test]
fn a_hundred_thousand_users_are_read_in_one_round() {
    let azure = Sandbox::start(Settings {
        users: Some(100_000),
        delta_page: 5_000,
        ..Settings::default()
    })
    .unwrap();
    let mut replica = Replica::new(&azure, "$select=department");

    replica.round(&azure, || ());

    let workforce = replica.users.values();
    let workforce = workforce.filter(|user| user.get("department") == Some(&json!("Workforce")));
    assert_eq!(workforce.count(), 98_000);
    assert_eq!(replica.users.len(), 100_000);
}

fn told(delta_replays: bool, delta_page: usize) -> Sandbox {
    Sandbox::start(Settings {
        delta_page,
        delta_replays,
        ..Settings::default()
    })
    .unwrap()
}
