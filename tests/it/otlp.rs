//! Traces and metrics, as a collector gets them.

mod collector;
mod metrics;
mod outage;
mod sampling;
mod secrets;

use std::fmt::Write as _;

use azure_sandbox::{Host, Sandbox, Service, Settings};
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};

use crate::gateway::Gateway;
use collector::{Collector, attribute};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// A gateway that sends all it has to `collector`, and lets traces wait for its end.
fn before(collector: &Collector, vars: &[(&str, &str)]) -> Gateway {
    let url = collector.url();
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str());
    Gateway::with(&[&[endpoint], vars].concat())
}

/// A request within our trace, which whoever made it records or not.
async fn traced(gateway: &Gateway, method: &str, path: &str, flags: &str) -> u16 {
    let parent = format!("00-{TRACE}-{PARENT}-{flags}");
    let headers = [
        ("traceparent", parent.as_str()),
        ("prefer", "wait=15"),
        ("user-agent", "tests/1"),
    ];
    let answer = gateway.send(method, gateway.api, path, &headers, Vec::new());
    answer.await.status
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Those of the spans that belong to our trace.
fn of_ours(collector: &Collector) -> Vec<Span> {
    let mut spans = collector.spans();
    spans.retain(|span| hex(&span.trace_id) == TRACE);
    spans
}

/// The one span of that name.
fn one<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let found: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
    let [span] = found[..] else {
        let all: Vec<_> = spans.iter().map(|span| &span.name).collect();
        panic!("{name} is not once among {all:?}");
    };
    span
}

/// What is told of `span`, by these names.
fn told<const N: usize>(span: &Span, names: [&str; N]) -> [String; N] {
    names.map(|name| attribute(&span.attributes, name))
}

#[actix_web::test]
async fn an_order_is_a_tree_of_spans_from_its_caller_to_its_end() {
    let collector = Collector::start();
    let mut gateway = before(&collector, &[]);
    gateway.ready().await;
    assert_eq!(
        traced(&gateway, "POST", "/vms/web-01/deallocate", "01").await,
        200
    );
    gateway.stop();
    let spans = of_ours(&collector);
    let served = one(&spans, "POST /vms/{name}/deallocate");
    assert_eq!(hex(&served.parent_span_id), PARENT);
    assert_eq!(served.kind(), SpanKind::Server);
    let look = spans.iter().find(|span| span.name == "GET get_vm").unwrap();
    let order = one(&spans, "POST deallocate");
    let followed = one(&spans, "follow deallocate");
    for part in [look, order, followed] {
        assert_eq!(part.parent_span_id, served.span_id, "{}", part.name);
    }
    assert_eq!(followed.links[0].span_id, served.span_id);
    let poll = spans
        .iter()
        .find(|span| span.name == "GET operation_status")
        .unwrap();
    assert_eq!(poll.parent_span_id, followed.span_id);
    assert_eq!(poll.kind(), SpanKind::Client);
    assert!(spans.iter().all(|span| span.status.is_none()));
}

#[actix_web::test]
async fn spans_say_what_is_asked_in_the_words_of_the_conventions() {
    let collector = Collector::start();
    let mut gateway = before(&collector, &[]);
    gateway.ready().await;
    traced(&gateway, "POST", "/vms/web-01/deallocate", "01").await;
    let api = gateway.api;
    let sent = gateway.azure.requests(Service::Actions).remove(0);
    gateway.stop();
    let spans = of_ours(&collector);
    let served = one(&spans, "POST /vms/{name}/deallocate");
    assert_eq!(
        told(
            served,
            [
                "http.request.method",
                "http.route",
                "url.path",
                "url.scheme",
                "http.response.status_code",
                "server.address",
                "server.port",
                "user_agent.original",
                "client.address",
            ]
        ),
        [
            "POST",
            "/vms/{name}/deallocate",
            "/vms/web-01/deallocate",
            "http",
            "200",
            "127.0.0.1",
            &api.port().to_string(),
            "tests/1",
            "",
        ]
    );
    let order = one(&spans, "POST deallocate");
    let [method, service, status, id] = told(
        order,
        [
            "http.request.method",
            "peer.service",
            "http.response.status_code",
            "azure.service.request.id",
        ],
    );
    assert_eq!((&*method, &*service, &*status), ("POST", "arm", "202"));
    assert_eq!(id.len(), 36, "{id}");
    assert_eq!(told(order, ["server.address"]), ["127.0.0.1"]);
    assert_eq!(told(order, ["http.request.resend_count"]), [""]);
    let followed = one(&spans, "follow deallocate");
    let ended = ["mi_gateway.operation.action", "mi_gateway.operation.status"];
    assert_eq!(told(followed, ended), ["deallocate", "succeeded"]);
    // Azure goes on with the span of the call itself.
    let parent = format!("00-{TRACE}-{}-01", hex(&order.span_id));
    assert_eq!(sent.header("traceparent"), Some(&*parent));
}

#[actix_web::test]
async fn a_method_that_is_none_is_told_and_names_no_span() {
    let collector = Collector::start();
    let mut gateway = before(&collector, &[]);
    gateway.ready().await;
    assert_eq!(traced(&gateway, "BREW", "/vms/web-01", "01").await, 405);
    gateway.stop();
    let spans = of_ours(&collector);
    let names = ["http.request.method", "http.request.method_original"];
    let [served] = &spans[..] else {
        panic!("{spans:?}")
    };
    assert!(served.name.starts_with("HTTP"), "{}", served.name);
    assert_eq!(told(served, names), ["_OTHER", "BREW"]);
}

#[actix_web::test]
async fn a_listing_of_users_is_a_span_with_graphs_as_its_part() {
    let collector = Collector::start();
    let mut gateway = before(&collector, &[]);
    gateway.proven().await;
    let path = "/directory/users?department=C%2B%2B%20Guild";
    assert_eq!(traced(&gateway, "GET", path, "01").await, 200);
    let sent = gateway.listings().remove(0);
    gateway.stop();
    let spans = of_ours(&collector);
    let served = one(&spans, "GET /directory/users");
    let asked = one(&spans, "GET list_users");
    assert_eq!(asked.parent_span_id, served.span_id);
    assert_eq!(told(asked, ["peer.service"]), ["graph"]);
    let parent = format!("00-{TRACE}-{}-01", hex(&asked.span_id));
    assert_eq!(sent.header("traceparent"), Some(&*parent));
    assert_eq!(told(served, ["url.path"]), ["/directory/users"]);
}

#[actix_web::test]
async fn a_token_that_is_refused_is_replaced_within_the_trace() {
    let collector = Collector::start();
    let azure = Sandbox::start(Settings::default()).unwrap();
    let url = collector.url();
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str());
    // It can be asked past its cache, and so has another.
    let mut gateway = Gateway::before(azure, Host::Vm, &[endpoint]);
    gateway.ready().await;
    gateway.azure.reject_tokens();
    assert_eq!(traced(&gateway, "GET", "/vms/web-01", "01").await, 200);
    gateway.stop();
    let spans = of_ours(&collector);
    let served = one(&spans, "GET /vms/{name}");
    let acquired = one(&spans, "acquire token");
    assert_eq!(acquired.parent_span_id, served.span_id);
    let told_of_it = ["mi_gateway.token.resource", "mi_gateway.token.source"];
    assert_eq!(told(acquired, told_of_it), ["arm", "imds"]);
    let asked = one(&spans, "GET token");
    assert_eq!(asked.parent_span_id, acquired.span_id);
    let mut looks: Vec<_> = spans.iter().filter(|it| it.name == "GET get_vm").collect();
    looks.sort_by_key(|span| span.start_time_unix_nano);
    let outcome = ["error.type", "http.request.resend_count"];
    assert_eq!(told(looks[0], outcome), ["401", ""]);
    assert_eq!(told(looks[1], outcome), ["", "1"]);
    assert_eq!(looks[0].status.as_ref().unwrap().code(), StatusCode::Error);
    for request in gateway.azure.requests(Service::Token) {
        assert_eq!(request.header("traceparent"), None);
    }
}

#[actix_web::test]
async fn a_failure_is_ours_or_the_callers() {
    let collector = Collector::start();
    let mut gateway = before(&collector, &[]);
    gateway.ready().await;
    assert_eq!(traced(&gateway, "GET", "/vms/none-such", "01").await, 404);
    gateway.stop();
    let spans = of_ours(&collector);
    let served = one(&spans, "GET /vms/{name}");
    assert_eq!(served.status, None);
    let names = [
        "http.response.status_code",
        "mi_gateway.problem",
        "error.type",
    ];
    assert_eq!(told(served, names), ["404", "not_found", ""]);
    let asked = spans.iter().find(|it| it.name == "GET get_vm").unwrap();
    assert_eq!(told(asked, ["error.type"]), ["404"]);
}
