//! Many machines, page by page.

use std::time::{Duration, Instant};

use azure_sandbox::{Fleet, Sandbox, Settings};

use crate::{
    compute::{VERSION, order, read},
    lists::{first, list, rows, texts},
};

#[test]
fn a_fleet_is_dealt_over_its_subscriptions_and_stands_beside_the_seed() {
    let seed = Sandbox::start(Settings::default()).unwrap();
    let azure = fleet(7, 3);

    let machines = azure.virtual_machines();

    assert_eq!(machines.len(), seed.virtual_machines().len() + 7);
    let sizes: Vec<_> = (1..=3)
        .map(|number| rows(&list(&azure, &subscription(number), "")).len())
        .collect();
    assert_eq!(sizes, [3, 2, 2]);
    let last = machines.last().unwrap();
    assert_eq!(
        (last.name.as_str(), last.resource_group.as_str()),
        ("fleet-00007", "rg-fleet")
    );
    let shown = read(&azure, &format!("{}{}?{VERSION}", azure.url(), last.id()));
    assert_eq!(shown.text("/id"), last.id());
}

#[test]
fn ten_thousand_machines_are_there_at_once_and_each_is_found_at_once() {
    let began = Instant::now();
    let azure = fleet(10_000, 1);
    let started = began.elapsed();
    let machines = azure.virtual_machines();
    let id = machines.last().unwrap().id();

    let began = Instant::now();
    for _ in 0..20 {
        let url = format!("{}{id}/reapply?{VERSION}", azure.url());
        let status = order(&azure, "POST", &url).status;
        assert!([202, 429].contains(&status), "{status}");
    }

    // Ample, for a busy machine: a search would take far longer.
    assert!(started < Duration::from_secs(1), "{started:?}");
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn many_machines_come_in_pages_of_two_hundred() {
    let azure = fleet(450, 1);
    let own = subscription(1);
    for scope in ["", "/resourceGroups/rg-fleet"] {
        let mut names = Vec::new();
        let mut sizes = Vec::new();
        let mut next = Some(first(&azure, &format!("{own}{scope}"), ""));

        while let Some(url) = next {
            assert!(url.starts_with(azure.url()), "{url}");
            let page = read(&azure, &url);
            assert_eq!(page.status, 200, "{}", page.body);
            sizes.push(rows(&page).len());
            names.extend(texts(&page, "/name"));
            next = page.json()["nextLink"].as_str().map(str::to_owned);
        }

        assert_eq!(sizes, [200, 200, 50], "{scope}");
        let expected: Vec<_> = (1..=450).map(|it| format!("fleet-{it:05}")).collect();
        assert_eq!(names, expected);
    }
}

#[test]
fn a_page_that_is_full_has_no_other_after_it_where_nothing_is_left() {
    let azure = fleet(200, 1);

    let page = list(&azure, &subscription(1), "");

    assert_eq!(rows(&page).len(), 200);
    assert_eq!(page.json().get("nextLink"), None);
}

#[test]
fn a_page_link_keeps_what_was_asked_for() {
    let azure = fleet(201, 1);

    let first = list(&azure, &subscription(1), "&statusOnly=true");

    let link = first.text("/nextLink");
    assert!(link.contains("%24skiptoken="), "{link}");
    let last = read(&azure, &link);
    assert_eq!(rows(&last).len(), 1);
    assert_eq!(rows(&last)[0].get("tags"), None);
}

fn fleet(machines: u32, subscriptions: u32) -> Sandbox {
    Sandbox::start(Settings {
        fleet: Some(Fleet {
            machines,
            subscriptions,
        }),
        ..Settings::default()
    })
    .unwrap()
}

/// A subscription of a fleet.
fn subscription(number: u32) -> String {
    format!("/subscriptions/f1ee7000-0000-4000-8000-{number:012}")
}
