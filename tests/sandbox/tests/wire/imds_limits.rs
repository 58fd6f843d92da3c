//! What the token endpoint of a virtual machine bears.

use std::{thread, time::Instant};

use azure_sandbox::{Sandbox, Service, Settings};

use crate::client::{Answer, METADATA, get, sandbox, token_url, wait};

#[test]
fn a_sixth_request_at_a_time_is_refused_at_once() {
    let azure = sandbox();
    let held = azure.hold(Service::Token);

    thread::scope(|scope| {
        let five: Vec<_> = (0..5).map(|_| scope.spawn(|| ask(&azure))).collect();
        wait(held.arrived(5));
        let sixth = ask(&azure);
        held.release();
        let statuses: Vec<_> = five
            .into_iter()
            .map(|request| request.join().unwrap().status)
            .collect();
        let next = ask(&azure);

        assert_eq!(sixth.status, 429);
        assert_eq!(sixth.text("/error"), "too_many_requests");
        assert_eq!(statuses, [200; 5]);
        assert_eq!(next.status, 200);
    });
    assert_eq!(azure.requests(Service::Token).len(), 7);
}

#[test]
fn instance_metadata_takes_no_place_of_the_token_endpoint() {
    let azure = sandbox();
    let url = format!("{}/metadata/versions", azure.url());
    let held = azure.hold(Service::Instance);

    thread::scope(|scope| {
        let six: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| get(&url, &[METADATA])))
            .collect();
        wait(held.arrived(6));
        let token = ask(&azure);
        held.release();

        assert_eq!(token.status, 200);
        for request in six {
            assert_eq!(request.join().unwrap().status, 200);
        }
    });
}

#[test]
fn more_than_twenty_requests_a_second_are_refused() {
    let azure = sandbox();
    let start = Instant::now();

    let (admitted, refusal) = (0_u64..1_000)
        .map(|_| ask(&azure))
        .enumerate()
        .find(|(_, answer)| answer.status != 200)
        .unwrap();

    // A slow machine may need more than one second for 21 requests.
    let seconds = usize::try_from(start.elapsed().as_secs()).unwrap() + 1;
    assert!((20..=20 * seconds).contains(&admitted), "{admitted}");
    assert_eq!(refusal.status, 429);
    assert_eq!(refusal.text("/error"), "too_many_requests");
}

#[test]
fn a_host_without_limits_refuses_nobody() {
    let azure = Sandbox::start(Settings {
        identity_limits: false,
        ..Settings::default()
    })
    .unwrap();
    let held = azure.hold(Service::Token);

    let answers: Vec<_> = thread::scope(|scope| {
        let all: Vec<_> = (0..21).map(|_| scope.spawn(|| ask(&azure))).collect();
        wait(held.arrived(21));
        held.release();
        all.into_iter()
            .map(|request| request.join().unwrap().status)
            .collect()
    });

    assert_eq!(answers, [200; 21]);
    assert_eq!(azure.peak_concurrency(Service::Token), 21);
}

fn ask(azure: &Sandbox) -> Answer {
    get(&token_url(azure, ""), &[METADATA])
}
