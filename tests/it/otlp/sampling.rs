//! Which traces are recorded, and what others are told of it.

use azure_sandbox::Service;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use super::{Collector, TRACE, before, of_ours, traced};

#[actix_web::test]
async fn what_the_caller_does_not_record_is_not_recorded_here() {
    let collector = Collector::start();
    let mut gateway = before(&collector, &[]);
    gateway.ready().await;
    assert_eq!(traced(&gateway, "GET", "/vms/web-01", "00").await, 200);
    let sent = gateway.azure.requests(Service::VirtualMachines).remove(0);
    gateway.stop();
    assert!(of_ours(&collector).is_empty());
    let parent = sent.header("traceparent").unwrap();
    assert!(parent.starts_with(&format!("00-{TRACE}-")) && parent.ends_with("-00"));
}

#[actix_web::test]
async fn a_sampler_of_our_own_goes_over_the_callers_word() {
    let collector = Collector::start();
    for (sampler, flags, is_sent) in [("always_on", "00", true), ("always_off", "01", false)] {
        let sampler = ("OTEL_TRACES_SAMPLER", sampler);
        let mut gateway = before(&collector, &[sampler]);
        traced(&gateway, "GET", "/vms/web-01", flags).await;
        gateway.stop();
        let sent = gateway.azure.requests(Service::VirtualMachines).remove(0);
        let flags = sent.header("traceparent").unwrap().ends_with("-01");
        assert_eq!(flags, is_sent, "{sampler:?}");
        assert_eq!(!of_ours(&collector).is_empty(), is_sent, "{sampler:?}");
        drop(gateway);
        collector.forget();
    }
}

#[actix_web::test]
async fn health_and_metrics_are_no_traces() {
    let collector = Collector::start();
    let mut gateway = before(&collector, &[]);
    gateway.ready().await;
    gateway.admin("/metrics").await;
    gateway.stop();
    let spans = collector.spans();
    assert!(spans.iter().all(|span| span.kind() != SpanKind::Server));
    // What was done at the start had no caller, and is a trace of its own.
    let acquired: Vec<_> = spans
        .iter()
        .filter(|span| span.name == "acquire token")
        .collect();
    assert_eq!(acquired.len(), 2);
    assert!(acquired.iter().all(|span| span.parent_span_id.is_empty()));
}
