//! Pages that are kept: who gets them, how old they are, when Graph is asked.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::rt::{self, time};
use azure_sandbox::{CallerToken, Fault, Service, Times};
use url::form_urlencoded;

use crate::{
    answer::Answer,
    callers::bearer::{entra, get},
    gateway::Gateway,
    people::{ids, listing, next},
};

const GUILD: &str = "/directory/users?department=C%2B%2B%20Guild";

async fn asked(gateway: &Gateway, path: &str, header: (&str, &str)) -> Answer {
    gateway
        .send("GET", gateway.api, path, &[header], Vec::new())
        .await
}

fn calls(gateway: &Gateway) -> usize {
    gateway.listings().len()
}

#[actix_web::test]
async fn a_page_is_asked_for_once_and_says_how_long_it_may_be_used() {
    let gateway = Gateway::start();
    let first = gateway.get(GUILD).await;
    let again = gateway.get(GUILD).await;
    assert_eq!(first.body, again.body);
    assert_eq!(calls(&gateway), 1);
    for answer in [&first, &again] {
        assert_eq!(
            answer.header("cache-control"),
            Some("private, max-age=30, stale-if-error=300")
        );
        let age: u64 = answer.header("age").unwrap().parse().unwrap();
        assert!(age < 30, "{age}");
    }
    assert_eq!(first.header("x-data-as-of"), again.header("x-data-as-of"));
    let metrics = gateway.admin("/metrics").await.text();
    for event in ["hit", "miss"] {
        let line = format!("directory_pages_total{{event=\"{event}\"}} 1\n");
        assert!(metrics.contains(&line), "{line}");
    }
}

#[actix_web::test]
async fn a_page_that_is_kept_grows_older() {
    let gateway = Gateway::start();
    let age = |answer: &Answer| answer.header("age").unwrap().parse::<u64>().unwrap();
    let began = Instant::now();
    gateway.get(GUILD).await;
    let older = |answer: &Answer| Some(age(answer)).filter(|age| *age > 0);
    let soon = Duration::from_secs(10);
    let age = gateway.within(soon, GUILD, older).await;
    assert!(age <= began.elapsed().as_secs(), "{age}");
    assert_eq!(calls(&gateway), 1);
}

#[actix_web::test]
async fn further_pages_are_kept_too_and_each_by_itself() {
    let gateway = Gateway::start();
    let first = gateway.get(&listing("R&D", "&top=99")).await;
    let second = gateway.get(&next(&first).unwrap()).await;
    assert_eq!(second.body, gateway.get(&next(&first).unwrap()).await.body);
    assert_eq!(calls(&gateway), 2);
    for other in ["&top=98", "&top=99&select=id", "&top=99&enabled=true"] {
        gateway.get(&listing("R&D", other)).await;
    }
    assert_eq!(calls(&gateway), 5);
}

#[actix_web::test]
async fn callers_that_come_together_share_one_call() {
    let gateway = Rc::new(Gateway::start());
    gateway.proven().await;
    let hold = gateway.azure.hold(Service::Graph);
    let callers: Vec<_> = (0..250)
        .map(|_| {
            let gateway = Rc::clone(&gateway);
            rt::spawn(async move { gateway.get(GUILD).await.status })
        })
        .collect();
    gateway.busy_with(250).await;
    hold.release();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), 200);
    }
    assert_eq!(calls(&gateway), 1);
}

#[actix_web::test]
async fn a_caller_who_wants_it_fresh_gets_it_fresh() {
    let gateway = Gateway::start();
    gateway.get(GUILD).await;
    for (wish, expected) in [
        ("no-cache", 2),
        ("max-age=0", 3),
        ("max-age=3600", 3),
        ("no-transform", 3),
    ] {
        let answer = asked(&gateway, GUILD, ("cache-control", wish)).await;
        assert_eq!(answer.status, 200);
        assert_eq!(calls(&gateway), expected, "{wish}");
    }
}

#[actix_web::test]
async fn those_who_want_it_fresh_do_not_get_what_was_asked_for_before_they_came() {
    let gateway = Rc::new(Gateway::start());
    gateway.proven().await;
    let user = gateway.azure.user_ids("C++ Guild").pop_first().unwrap();
    let hold = gateway.azure.hold(Service::Graph);
    let ask = |wish: &'static str| {
        let gateway = Rc::clone(&gateway);
        rt::spawn(async move { asked(&gateway, GUILD, ("cache-control", wish)).await })
    };
    let first = ask("no-transform");
    hold.arrived(1).await;
    let late: Vec<_> = ["no-cache", "max-age=0", "max-age=3600"].map(ask).into();
    let joined = |count: usize| {
        let line = format!("directory_pages_total{{event=\"joined\"}} {count}\n");
        move |answer: &Answer| answer.text().contains(&line).then_some(())
    };
    gateway.until("/metrics", joined(3)).await;
    let second = gateway.azure.hold(Service::Graph);
    hold.release();
    second.arrived(1).await;
    gateway.azure.remove_user(&user);
    // Three wait for the first page, and one of two who want a newer for the other.
    gateway.until("/metrics", joined(4)).await;
    second.release();
    assert_eq!(ids(&first.await.unwrap()).len(), 41);
    for (caller, users) in late.into_iter().zip([40, 40, 41]) {
        assert_eq!(ids(&caller.await.unwrap()).len(), users);
    }
    assert_eq!(calls(&gateway), 2);
}

#[actix_web::test]
async fn a_caller_who_has_it_gets_it_not_again() {
    let gateway = Gateway::start();
    let tag = gateway.get(GUILD).await.header("etag").unwrap().to_owned();
    for known in [&tag[..], "*", &format!("\"x\", {tag}")] {
        let answer = asked(&gateway, GUILD, ("if-none-match", known)).await;
        assert_eq!(answer.status, 304, "{known}");
        assert!(answer.body.is_empty());
        assert_eq!(answer.header("etag"), Some(&tag[..]));
    }
    let answer = asked(&gateway, GUILD, ("if-none-match", "W/\"0\"")).await;
    assert_eq!(answer.status, 200);
    let other = gateway.get(&listing("Sales", "")).await;
    assert_ne!(other.header("etag"), Some(&tag[..]));
}

#[actix_web::test]
async fn a_cache_of_several_callers_hands_a_page_to_nobody_else() {
    let gateway = entra(&[]);
    gateway.proven().await;
    let token = gateway.azure.caller_token(&CallerToken::default());
    let page = get(&gateway, GUILD, &token).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", &bearer[..]),
        ("if-none-match", page.header("etag").unwrap()),
    ];
    let known = gateway
        .send("GET", gateway.api, GUILD, &headers, Vec::new())
        .await;
    assert_eq!(known.status, 304);
    for answer in [page, known] {
        assert_eq!(answer.header("vary"), Some("accept, authorization"));
    }
}

#[actix_web::test]
async fn an_older_page_is_given_out_while_graph_is_in_trouble() {
    for trouble in [
        Fault::Throttle { retry_after: 90 },
        Fault::answer(503, "{}"),
        Fault::Reset,
    ] {
        let gateway = Gateway::with(&[("MIG_DIRECTORY_MAX_AGE", "0s")]);
        gateway.proven().await;
        let fresh = gateway.get(GUILD).await;
        gateway.azure.inject(Service::Graph, trouble, Times::Always);
        let stale = gateway.get(GUILD).await;
        assert_eq!(stale.status, 200, "{}", stale.text());
        assert_eq!(stale.body, fresh.body);
        assert_eq!(stale.header("x-data-as-of"), fresh.header("x-data-as-of"));
        let before = calls(&gateway);
        assert_eq!(gateway.get(GUILD).await.status, 200);
        assert_eq!(calls(&gateway), before, "Graph is left alone for a moment");
        let strict = asked(&gateway, GUILD, ("cache-control", "no-cache")).await;
        assert!(matches!(strict.status, 429 | 502), "{}", strict.status);
    }
}

#[actix_web::test]
async fn a_graph_that_does_not_answer_holds_nobody_up_who_can_have_an_older_page() {
    let gateway = Gateway::with(&[("MIG_DIRECTORY_MAX_AGE", "0s")]);
    gateway.proven().await;
    let fresh = gateway.get(GUILD).await;
    let hold = gateway.azure.hold(Service::Graph);
    let began = Instant::now();
    let stale = gateway.get(GUILD).await;
    assert_eq!(stale.body, fresh.body);
    assert!(began.elapsed() < Duration::from_secs(4));
    hold.release();
}

#[actix_web::test]
async fn nobody_who_can_have_an_older_page_waits_for_a_graph_that_is_closed() {
    let gateway = Gateway::with(&[("MIG_DIRECTORY_MAX_AGE", "0s")]);
    gateway.proven().await;
    let fresh = gateway.get(GUILD).await;
    let fault = Fault::Throttle { retry_after: 5 };
    gateway.azure.inject(Service::Graph, fault, Times::Next(1));
    for _ in 0..20 {
        let stale = gateway.get(GUILD).await;
        assert_eq!(stale.body, fresh.body);
    }
    // Who waits would wait for what the first one asked for.
    let joined = gateway.metric(r#"directory_pages_total{event="joined"}"#);
    assert!(joined.await.abs() < 0.5);
}

#[actix_web::test]
async fn an_older_page_is_given_out_while_there_is_no_token() {
    let gateway = Gateway::with(&[("MIG_DIRECTORY_MAX_AGE", "0s")]);
    gateway.proven().await;
    let fresh = gateway.get(GUILD).await;
    let fault = Fault::Throttle { retry_after: 90 };
    gateway.azure.inject(Service::Token, fault, Times::Always);
    gateway.azure.expire_tokens();
    let stale = gateway.get(GUILD).await;
    assert_eq!(stale.status, 200, "{}", stale.text());
    assert_eq!(stale.body, fresh.body);
    let strict = asked(&gateway, GUILD, ("cache-control", "no-cache")).await;
    assert_eq!(strict.code(), "unavailable");
}

#[actix_web::test]
async fn a_caller_that_leaves_does_not_end_the_call_for_a_page() {
    let gateway = Rc::new(Gateway::start());
    gateway.proven().await;
    let hold = gateway.azure.hold(Service::Graph);
    gateway.left_by_a_caller(GUILD, &hold).await;
    let next = rt::spawn({
        let gateway = Rc::clone(&gateway);
        async move { gateway.get(GUILD).await.status }
    });
    hold.release();

    assert_eq!(next.await.unwrap(), 200);
    assert_eq!(calls(&gateway), 1);
}

#[actix_web::test]
async fn who_joined_a_caller_whose_time_is_over_has_their_own() {
    let gateway = Rc::new(Gateway::with(&[("MIG_UPSTREAM_TIMEOUT", "4s")]));
    gateway.proven().await;
    let slow = Fault::Delay(Duration::from_mins(1));
    gateway.azure.inject(Service::Graph, slow, Times::Next(1));
    let ask = || {
        let gateway = Rc::clone(&gateway);
        rt::spawn(async move { gateway.get(GUILD).await.status })
    };
    let before = gateway.azure.requests(Service::Graph).len();
    let first = ask();
    gateway.azure.arrived(Service::Graph, before + 1).await;
    // So much more time has the second one.
    time::sleep(Duration::from_secs(2)).await;
    let second = ask();

    assert_eq!(first.await.unwrap(), 504);
    assert_eq!(second.await.unwrap(), 200);
    assert_eq!(calls(&gateway), 2);
}

/// To prove who they are takes of a caller's time.
#[actix_web::test]
async fn who_joined_a_caller_with_more_time_has_no_more_than_their_own() {
    let gateway = Rc::new(entra(&[("MIG_UPSTREAM_TIMEOUT", "4s")]));
    gateway.proven().await;
    let azure = &gateway.azure;
    let early = azure.caller_token(&CallerToken::default());
    azure.publish_next_key();
    azure.rotate_signing_keys();
    let late = azure.caller_token(&CallerToken::default());
    let (keys, pages) = (azure.hold(Service::Keys), azure.hold(Service::Graph));
    let ask = |token: String| {
        let gateway = Rc::clone(&gateway);
        rt::spawn(async move { get(&gateway, GUILD, &token).await.status })
    };
    let joining = ask(late);
    keys.arrived(1).await;
    // So much more time has whoever comes now.
    time::sleep(Duration::from_secs(2)).await;
    let first = ask(early);
    pages.arrived(1).await;
    keys.release();

    assert_eq!(joining.await.unwrap(), 504);
    pages.release();
    assert_eq!(first.await.unwrap(), 200);
    assert_eq!(calls(&gateway), 1);
}

#[actix_web::test]
async fn a_refusal_is_told_and_no_older_page_instead() {
    let gateway = Gateway::with(&[("MIG_DIRECTORY_MAX_AGE", "0s")]);
    gateway.proven().await;
    gateway.get(GUILD).await;
    let body = r#"{"error":{"code":"Authorization_RequestDenied","message":"Insufficient"}}"#;
    let denied = Fault::answer(403, body);
    gateway.azure.inject(Service::Graph, denied, Times::Always);
    for _ in 0..2 {
        let answer = gateway.get(GUILD).await;
        assert_eq!(answer.code(), "upstream_refused");
    }
    // Nor afterwards, when Graph does not say again that it refuses.
    gateway.azure.clear(Service::Graph);
    let trouble = Fault::answer(503, "{}");
    gateway.azure.inject(Service::Graph, trouble, Times::Always);
    assert_eq!(gateway.get(GUILD).await.code(), "upstream_failed");
}

#[actix_web::test]
async fn without_a_time_or_room_nothing_is_kept() {
    for nothing in [
        &[
            ("MIG_DIRECTORY_MAX_AGE", "0s"),
            ("MIG_DIRECTORY_STALE_IF_ERROR", "0s"),
        ][..],
        &[("MIG_DIRECTORY_CACHE", "0")],
    ] {
        let gateway = Gateway::with(nothing);
        for _ in 0..3 {
            assert_eq!(ids(&gateway.get(GUILD).await).len(), 41);
        }
        assert_eq!(calls(&gateway), 3, "{nothing:?}");
    }
}

/// The path of a listing of `departments`.
fn of(departments: &[&str]) -> String {
    let query: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(departments.iter().map(|it| ("department", it)))
        .append_pair("top", "999")
        .finish();
    format!("/directory/users?{query}")
}

#[actix_web::test]
async fn a_page_is_not_that_of_a_query_that_only_begins_alike() {
    let nobody: Vec<_> = (0..15).map(|it| format!("Nobody {it}")).collect();
    let mut fifteen: Vec<_> = nobody.iter().map(String::as_str).collect();
    let short = of(&fifteen);
    fifteen.push("Seinfeld");
    let long = of(&fifteen);
    for order in [[&short, &long], [&long, &short]] {
        let gateway = Gateway::start();
        gateway.proven().await;
        for path in order {
            let expected = if path == &long { 26 } else { 0 };
            let page = gateway.get(path).await;
            assert_eq!(ids(&page).len(), expected, "{}", page.text());
            assert_eq!(next(&page), None);
        }
    }
}
