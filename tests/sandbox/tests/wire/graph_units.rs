//! Resource units, and what comes when they are used up.

use azure_sandbox::{Fault, Sandbox, Service, Settings, Times};

use crate::{
    client::{Answer, GRAPH, bearer, claims, get, sandbox},
    directory::{assert_refused, read, users},
};

#[test]
fn units_that_are_used_up_are_told_and_then_refused() {
    let azure = limited(20);

    // Two units come back each second: far fewer than are asked for.
    let answers: Vec<_> = (0..40).map(|_| users(&azure, "$top=20")).collect();

    let refused: Vec<_> = answers.iter().filter(|it| it.status == 429).collect();
    let served = answers.len() - refused.len();
    assert!(!refused.is_empty() && served >= 10, "{served}");
    assert_eq!(answers[0].header("x-ms-throttle-limit-percentage"), None);
    for answer in refused {
        assert_refused(answer, 429, "TooManyRequests");
        assert_eq!(
            answer.header("x-ms-throttle-information"),
            Some("ResourceUnitLimitExceeded")
        );
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=9).contains(&wait), "{wait}");
        let share = share(answer).unwrap();
        assert!((0.9..=1.8).contains(&share), "{share}");
    }
}

#[test]
fn a_share_is_told_once_most_is_used() {
    let much = limited(10);
    let all = limited(2);

    assert_eq!(share(&users(&much, "")), None);
    let used_up = users(&all, "");
    assert_eq!(used_up.status, 200);
    assert_eq!(share(&used_up), Some(1.0));
}

#[test]
fn a_refusal_names_the_application_and_its_tenant() {
    let azure = limited(1);
    users(&azure, "");

    let refused = users(&azure, "");

    let claims = claims(&azure.mint(GRAPH));
    let [app, tenant] = ["appid", "tid"].map(|name| claims[name].as_str().unwrap().to_owned());
    assert_eq!(
        refused.header("x-ms-throttle-scope"),
        Some(format!("Tenant_Application/ReadWrite/{app}/{tenant}").as_str())
    );
}

#[test]
fn how_long_to_wait_may_be_left_out() {
    let azure = Sandbox::start(Settings {
        graph_units: Some(1),
        graph_retry_after: false,
        ..Settings::default()
    })
    .unwrap();

    let refused = users(&azure, "");

    assert_refused(&refused, 429, "TooManyRequests");
    assert_eq!(refused.header("retry-after"), None);
}

#[test]
fn low_priority_is_refused_first() {
    let azure = limited(10);
    let asked = |priority: &str| -> Answer {
        let authorization = bearer(&azure, GRAPH);
        let headers = [
            ("authorization", authorization.as_str()),
            ("x-ms-throttle-priority", priority),
        ];
        get(&format!("{}/v1.0/users?$select=id", azure.url()), &headers)
    };
    while share(&asked("Normal")).is_none() {}

    let low = asked("low");
    let high = asked("High");

    assert_refused(&low, 429, "TooManyRequests");
    assert_eq!(high.status, 200);
}

#[test]
fn limits_that_do_not_hold_are_told_only() {
    let azure = Sandbox::start(Settings {
        graph_units: Some(1),
        throttles: false,
        ..Settings::default()
    })
    .unwrap();

    let answer = users(&azure, "");

    assert_eq!(answer.status, 200);
    assert!(share(&answer).is_some());
}

#[test]
fn what_graph_refuses_costs_too() {
    let azure = sandbox();

    for (query, units) in [
        ("$top=0", "1"),
        ("$top=1000", "2"),
        ("$expand=manager", "3"),
    ] {
        let answer = users(&azure, query);
        assert_eq!(answer.status, 400);
        assert_eq!(answer.header("x-ms-resource-unit"), Some(units), "{query}");
    }
    let other = read(&azure, &format!("{}/v1.0/elves", azure.url()));
    assert_eq!(other.header("x-ms-resource-unit"), Some("1"));
}

#[test]
fn a_throttle_on_demand_takes_no_units() {
    let azure = limited(2);
    azure.inject(
        Service::Graph,
        Fault::Throttle { retry_after: 3 },
        Times::Next(5),
    );

    let refused: Vec<_> = (0..5).map(|_| users(&azure, "").status).collect();

    assert_eq!(refused, [429; 5]);
    assert_eq!(users(&azure, "").status, 200);
}

fn limited(units: u32) -> Sandbox {
    Sandbox::start(Settings {
        graph_units: Some(units),
        ..Settings::default()
    })
    .unwrap()
}

/// How much is used, as it is told.
fn share(answer: &Answer) -> Option<f64> {
    let text = answer.header("x-ms-throttle-limit-percentage")?;
    Some(text.parse().unwrap())
}
