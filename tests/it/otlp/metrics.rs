//! The metrics of `/metrics`, pushed.

use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Metric, NumberDataPoint, metric::Data, number_data_point::Value,
};

use super::{Collector, before, collector::attribute};

/// The points of `name` in the last message that came.
fn last<'a>(messages: &'a [Vec<Metric>], name: &str) -> Option<&'a Data> {
    let metric = messages.last()?.iter().find(|it| it.name == name)?;
    metric.data.as_ref()
}

fn value(point: &NumberDataPoint) -> f64 {
    match point.value {
        Some(Value::AsDouble(value)) => value,
        Some(Value::AsInt(_)) | None => panic!("{point:?}"),
    }
}

#[actix_web::test]
async fn metrics_are_pushed_with_the_values_of_metrics() {
    let collector = Collector::start();
    let often = ("OTEL_METRIC_EXPORT_INTERVAL", "50");
    let mut gateway = before(&collector, &[often]);
    gateway.ready().await;
    for _ in 0..3 {
        assert_eq!(gateway.get("/vms/web-01").await.status, 200);
    }
    let series = r#"http_requests_total{method="GET",route="/vms/{name}",status="2xx"}"#;
    assert_eq!(gateway.metric(series).await.to_string(), "3");
    gateway.stop();
    let messages = collector.metrics();
    let Some(Data::Sum(sum)) = last(&messages, "mi_gateway_http_requests_total") else {
        panic!("there is no such sum");
    };
    assert!(sum.is_monotonic);
    assert_eq!(
        sum.aggregation_temporality(),
        AggregationTemporality::Cumulative
    );
    let is_ours = |point: &&NumberDataPoint| {
        let label = |name| attribute(&point.attributes, name);
        label("route") == "/vms/{name}" && label("status") == "2xx"
    };
    let point = sum.data_points.iter().find(is_ours).unwrap();
    assert_eq!(value(point).to_string(), "3");
    assert!(point.start_time_unix_nano > 0);
    assert!(point.start_time_unix_nano < point.time_unix_nano);
    let Some(Data::Gauge(gauge)) = last(&messages, "mi_gateway_build_info") else {
        panic!("there is no such gauge");
    };
    let version = attribute(&gauge.data_points[0].attributes, "version");
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
}

#[actix_web::test]
async fn histograms_keep_their_bounds_and_count_each_value_once() {
    let collector = Collector::start();
    let mut gateway = before(&collector, &[]);
    gateway.ready().await;
    for _ in 0..5 {
        gateway.get("/vms/web-01").await;
    }
    gateway.stop();
    let messages = collector.metrics();
    let name = "mi_gateway_http_request_duration_seconds";
    let Some(Data::Histogram(histogram)) = last(&messages, name) else {
        panic!("there is no such histogram");
    };
    let point = histogram
        .data_points
        .iter()
        .find(|point| attribute(&point.attributes, "route") == "/vms/{name}")
        .unwrap();
    assert_eq!(point.count, 5);
    assert_eq!(point.bucket_counts.iter().sum::<u64>(), 5);
    assert_eq!(point.explicit_bounds.len(), 14);
    assert_eq!(point.bucket_counts.len(), 15);
    assert!(point.sum.unwrap() > 0.0);
    let metric = messages[0].iter().find(|it| it.name == name).unwrap();
    assert_eq!(metric.unit, "s");
}

#[actix_web::test]
async fn every_metric_of_metrics_is_pushed_under_its_name() {
    let collector = Collector::start();
    let mut gateway = before(&collector, &[]);
    gateway.proven().await;
    gateway.get("/vms/web-01").await;
    let text = gateway.admin("/metrics").await.text();
    gateway.stop();
    let messages = collector.metrics();
    let pushed: Vec<_> = messages
        .last()
        .unwrap()
        .iter()
        .map(|it| &*it.name)
        .collect();
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let named: Vec<_> = types.map(|line| line.split(' ').next().unwrap()).collect();
    assert!(named.len() > 20, "{named:?}");
    for name in named {
        assert!(pushed.contains(&name), "{name} among {pushed:?}");
    }
}

#[actix_web::test]
async fn the_gateway_is_told_from_others_by_its_resource() {
    let collector = Collector::start();
    let team = ("OTEL_RESOURCE_ATTRIBUTES", "team=power");
    let mut gateway = before(&collector, &[team, ("OTEL_SERVICE_NAME", "vms")]);
    gateway.ready().await;
    gateway.stop();
    let resources = collector.resources();
    assert_eq!(resources.len(), 2, "of traces and of metrics");
    for resource in &resources {
        let told = |name| attribute(&resource.attributes, name);
        assert_eq!((&*told("service.name"), &*told("team")), ("vms", "power"));
        assert_eq!(told("service.version"), env!("CARGO_PKG_VERSION"));
    }
    let instance = |place: usize| attribute(&resources[place].attributes, "service.instance.id");
    assert_eq!(instance(0), instance(1));
    assert_eq!(instance(0).len(), 36);
}
