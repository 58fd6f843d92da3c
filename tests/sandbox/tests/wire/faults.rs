//! Faults on demand, as a client meets them.

use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use azure_sandbox::{Fault, Sandbox, Service, Times};
use serde_json::json;

use crate::{
    client::{Answer, GRAPH, METADATA, PATIENCE, bearer, get, sandbox, send, token_url, wait},
    compute::{VERSION, act, deallocate, machine, read},
};

#[test]
fn a_scripted_answer_is_given_as_often_as_asked_and_then_the_real_one() {
    let azure = sandbox();
    let fault = Fault::Answer {
        status: 503,
        headers: vec![("retry-after".to_owned(), "7".to_owned())],
        body: "later".to_owned(),
    };

    azure.inject(Service::Token, fault, Times::Next(2));
    let answers: Vec<_> = (0..3).map(|_| token(&azure)).collect();

    for answer in &answers[..2] {
        assert_eq!((answer.status, answer.body.as_str()), (503, "later"));
        assert_eq!(answer.header("retry-after"), Some("7"));
    }
    assert_eq!(answers[2].status, 200);
}

#[test]
fn faults_take_effect_one_after_the_other_until_they_are_cleared() {
    let azure = sandbox();
    azure.inject(Service::Token, Fault::answer(500, "{}"), Times::Next(1));
    azure.inject(Service::Token, Fault::answer(503, "{}"), Times::Always);

    let before: Vec<_> = (0..4).map(|_| token(&azure).status).collect();
    azure.clear(Service::Token);
    let after = token(&azure).status;

    assert_eq!(before, [500, 503, 503, 503]);
    assert_eq!(after, 200);
    assert_eq!(azure.faults_met(Service::Token), 4);
    assert_eq!(azure.faults_met(Service::Graph), 0);
}

#[test]
fn a_fault_for_no_request_is_none() {
    let azure = sandbox();

    azure.inject(Service::Token, Fault::answer(500, "{}"), Times::Next(0));

    assert_eq!(token(&azure).status, 200);
}

#[test]
fn a_fault_of_one_service_leaves_the_others_alone() {
    let azure = sandbox();

    azure.inject(Service::Graph, Fault::answer(500, "{}"), Times::Always);

    assert_eq!(users(&azure).status, 500);
    assert_eq!(token(&azure).status, 200);
    assert_eq!(vm(&azure).status, 200);
}

#[test]
fn each_service_words_its_throttling_in_its_own_way() {
    let azure = sandbox();
    for service in [Service::Token, Service::VirtualMachines, Service::Graph] {
        azure.inject(service, Fault::Throttle { retry_after: 9 }, Times::Always);
    }

    let (token, vm, users) = (token(&azure), vm(&azure), users(&azure));

    for answer in [&token, &vm, &users] {
        assert_eq!(answer.status, 429);
        assert_eq!(answer.header("retry-after"), Some("9"));
    }
    assert_eq!(token.text("/error"), "too_many_requests");
    assert_eq!(vm.text("/code"), "OperationNotAllowed");
    assert_eq!(users.text("/error/code"), "TooManyRequests");
    assert!(users.header("x-ms-throttle-scope").is_some());
    assert!(users.header("request-id").is_some());
}

#[test]
fn a_reset_comes_before_any_answer() {
    let azure = sandbox();

    azure.inject(Service::Token, Fault::Reset, Times::Next(1));

    let (received, end) = raw(&azure);
    assert_eq!(received, "");
    assert_eq!(end.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(token(&azure).status, 200);
}

#[test]
fn a_closed_connection_ends_in_good_order_and_without_an_answer() {
    let azure = sandbox();

    azure.inject(Service::Token, Fault::Close, Times::Next(1));

    let (received, end) = raw(&azure);
    assert_eq!(received, "");
    end.unwrap();
    assert_eq!(token(&azure).status, 200);
}

#[test]
fn a_head_that_is_cut_ends_before_its_first_header() {
    let azure = sandbox();

    azure.inject(Service::Token, Fault::CutHead, Times::Next(1));

    let (received, end) = raw(&azure);
    assert!(received.starts_with("HTTP/1.1 200 OK\r\n"), "{received}");
    assert_eq!(received.matches("\r\n").count(), 1, "{received}");
    end.unwrap();
    assert_eq!(token(&azure).status, 200);
}

#[test]
fn what_is_accepted_may_have_no_link_and_is_done_all_the_same() {
    let azure = sandbox();

    azure.inject(Service::Actions, Fault::Unlink, Times::Next(1));
    let answer = deallocate(&azure, "web-01");

    assert_eq!(answer.status, 202);
    for name in ["azure-asyncoperation", "location"] {
        assert_eq!(answer.header(name), None);
    }
    assert_eq!(azure.orders().len(), 1);
}

#[test]
fn a_fault_that_changes_nothing_of_an_answer_waits_for_the_next() {
    let azure = sandbox();
    let met = || azure.faults_met(Service::Actions);

    azure.inject(Service::Actions, Fault::Unlink, Times::Next(1));
    assert_eq!(act(&azure, "web-99", "restart").status, 404);
    assert_eq!(met(), 0);
    let accepted = deallocate(&azure, "web-01");
    assert_eq!((accepted.header("location"), met()), (None, 1));

    let silent = Fault::Alter(json!({"error": null}));
    azure.inject(Service::Actions, silent, Times::Next(1));
    assert!(deallocate(&azure, "web-02").header("location").is_some());
    assert_eq!(met(), 1);
    assert_eq!(act(&azure, "web-99", "restart").body, "{}");
    assert_eq!(met(), 2);
    assert!(deallocate(&azure, "web-03").header("location").is_some());
}

#[test]
fn a_truncated_answer_announces_more_than_comes() {
    let azure = sandbox();
    let whole = token(&azure);

    for (fault, cut) in [
        (Fault::Truncate, whole.body.len() / 2),
        (Fault::TruncateAt(0), 0),
        (Fault::TruncateAt(9), 9),
    ] {
        azure.inject(Service::Token, fault, Times::Next(2));
        let (received, end) = raw(&azure);
        let failed = send("GET", &token_url(&azure, ""), &[METADATA], "");

        let (head, body) = received.split_once("\r\n\r\n").unwrap();
        let announced = format!("content-length: {}", whole.body.len());
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(head.contains(&announced), "{head}");
        assert_eq!(body, &whole.body[..cut]);
        end.unwrap();
        assert!(failed.is_err(), "{failed:?}");
    }
}

#[test]
fn a_truncated_answer_in_chunks_has_no_last_chunk() {
    let azure = sandbox();
    for (cut, chunks) in [(0, ""), (9, "9\r\n{\"access_\r\n")] {
        let fault = Fault::TruncateChunkedAt(cut);
        azure.inject(Service::Token, fault, Times::Next(1));
        let (received, end) = raw(&azure);

        let (head, body) = received.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("transfer-encoding: chunked"), "{head}");
        assert!(!head.contains("content-length"), "{head}");
        assert_eq!(body, chunks);
        end.unwrap();
    }
}

#[test]
fn a_redirect_names_its_target() {
    let azure = sandbox();
    let target = "http://127.0.0.1:9/elsewhere";

    azure.inject(
        Service::Token,
        Fault::Redirect(target.to_owned()),
        Times::Next(1),
    );
    let answer = token(&azure);

    assert_eq!(answer.status, 302);
    assert_eq!(answer.header("location"), Some(target));
}

#[test]
fn an_oversized_answer_is_as_long_as_asked() {
    let azure = sandbox();

    azure.inject(Service::Token, Fault::Oversize(200_000), Times::Next(1));
    let answer = token(&azure);

    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-length"), Some("200000"));
    assert_eq!(answer.body.len(), 200_000);
}

#[test]
fn a_delayed_answer_is_the_real_one() {
    let azure = sandbox();
    let delay = Duration::from_millis(150);

    azure.inject(Service::Token, Fault::Delay(delay), Times::Next(1));
    let start = Instant::now();
    let answer = token(&azure);

    assert!(start.elapsed() >= delay, "{:?}", start.elapsed());
    assert_eq!(answer.status, 200);
}

#[test]
fn a_hold_keeps_requests_until_it_is_released() {
    let azure = sandbox();
    let hold = azure.hold(Service::Token);

    thread::scope(|scope| {
        let waiting = scope.spawn(|| token(&azure));
        wait(hold.arrived(1));
        assert_eq!(vm(&azure).status, 200);
        assert!(!waiting.is_finished());

        hold.release();

        assert_eq!(waiting.join().unwrap().status, 200);
    });
    assert_eq!(token(&azure).status, 200);
}

#[test]
fn what_azure_does_not_have_is_refused_and_remembered() {
    let azure = sandbox();

    let answer = get(&format!("{}/v2/nothing?x=1", azure.url()), &[]);

    assert_eq!(answer.status, 404);
    let unexpected = azure.unexpected();
    assert_eq!(unexpected.len(), 1);
    assert_eq!(
        (unexpected[0].path.as_str(), unexpected[0].query.as_str()),
        ("/v2/nothing", "x=1")
    );
}

fn token(azure: &Sandbox) -> Answer {
    get(&token_url(azure, ""), &[METADATA])
}

fn vm(azure: &Sandbox) -> Answer {
    read(azure, &format!("{}?{VERSION}", machine(azure, "web-01")))
}

fn users(azure: &Sandbox) -> Answer {
    let url = format!("{}/v1.0/users?$top=1", azure.url());
    get(&url, &[("authorization", &bearer(azure, GRAPH))])
}

/// What comes on the wire for a token, and how the connection ends.
fn raw(azure: &Sandbox) -> (String, io::Result<usize>) {
    let address = azure.url().strip_prefix("http://").unwrap();
    let url = token_url(azure, "");
    let target = url.strip_prefix(azure.url()).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "GET {target} HTTP/1.1\r\nHost: {address}\r\nMetadata: true\r\n\r\n"
    )
    .unwrap();
    let mut received = String::new();
    let end = stream.read_to_string(&mut received);
    (received, end)
}
