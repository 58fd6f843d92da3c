//! A page of a hundred users that is kept, asked for 1,000 times a second.
//!
//! The clock is open: requests leave when they are due, whether or not those before
//! them are answered. Times are the gateway's own, from its metrics, from the head
//! of a request to the head of its answer. It ends with an error when one request in
//! a hundred takes a millisecond or more, or Graph is asked twice.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on may panic")]
#![expect(clippy::print_stdout, reason = "its result is what it prints")]

mod common;

use std::{process::ExitCode, time::Duration};

use actix_web::rt::{self, System, time};
use azure_sandbox::Service;

use common::{Gateway, azure};

const EACH: Duration = Duration::from_millis(1);
const REQUESTS: u32 = 10_000;
const PATH: &str = "/directory/users?department=Engineering&top=100";
const ROUTE: &str = r#"method="GET",route="/directory/users",status="2xx""#;

fn main() -> ExitCode {
    let azure = azure();
    let gateway = Gateway::before(&azure, &[]);
    let text = System::new().block_on(load(&gateway));
    let total = value(&text, &format!("duration_seconds_count{{{ROUTE}}}"));
    let within = |bound: &str| {
        let series = format!("duration_seconds_bucket{{{ROUTE},le=\"{bound}\"}}");
        value(&text, &series) / total
    };
    let mut calls = azure.requests(Service::Graph);
    // The others prove that users can be listed at all.
    calls.retain(|call| call.query.contains("Engineering"));
    let calls = calls.len();
    println!("{total} requests at 1,000 a second; {calls} call(s) to Graph for it");
    for bound in ["0.0005", "0.001", "0.0025", "0.005"] {
        println!("within {bound} s: {:.3} %", within(bound) * 100.0);
    }
    if within("0.001") >= 0.99 && calls == 1 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Sends all requests; returns the metrics after the last answer.
async fn load(gateway: &Gateway) -> String {
    let client = awc::Client::builder().disable_timeout().finish();
    let url = format!("http://{}{PATH}", gateway.api);
    let mut due = time::interval(EACH);
    let mut sent = Vec::new();
    for _ in 0..REQUESTS {
        due.tick().await;
        let request = client.get(&url);
        sent.push(rt::spawn(async move {
            let mut answer = request.send().await.unwrap();
            assert!(answer.status().is_success());
            answer.body().await.unwrap().len()
        }));
    }
    for request in sent {
        assert!(request.await.unwrap() > 0);
    }
    let metrics = client.get(format!("http://{}/metrics", gateway.admin));
    let body = metrics.send().await.unwrap().body().limit(1 << 20).await;
    String::from_utf8(body.unwrap().to_vec()).unwrap()
}

fn value(text: &str, series: &str) -> f64 {
    let name = format!("mi_gateway_http_request_{series} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&name));
    line.unwrap().parse().unwrap()
}
