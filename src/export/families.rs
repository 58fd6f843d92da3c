//! The metrics of `/metrics` as OTLP has them: the same names, labels and values.
//!
//! A counter becomes a monotonic sum, a gauge a gauge, a histogram a histogram with
//! the same bounds, all cumulative. Names keep their endings, as whoever turns OTLP
//! into Prometheus adds none that is there already.

use std::time::SystemTime;

use prometheus::proto::{self, LabelPair, MetricFamily, MetricType};

use super::{
    resource::{scope, text},
    spans::nanoseconds,
    wire::{
        CUMULATIVE, Gauge, Histogram, HistogramPoint, KeyValue, Metric, MetricsRequest,
        NumberPoint, Points, Resource, ResourceMetrics, ScopeMetrics, Sum,
    },
};

/// From when to when is counted, in nanoseconds since 1970.
#[derive(Clone, Copy)]
struct Span {
    start: u64,
    now: u64,
}

/// What is sent of `families`, which count from `start` to `now`.
pub(super) fn request(
    resource: &Resource,
    families: &[MetricFamily],
    (start, now): (SystemTime, SystemTime),
) -> MetricsRequest {
    let span = Span {
        start: nanoseconds(start),
        now: nanoseconds(now),
    };
    let metrics = families.iter().filter_map(|family| metric(family, span));
    MetricsRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource.clone()),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(scope()),
                metrics: metrics.collect(),
            }],
        }],
    }
}

fn metric(family: &MetricFamily, span: Span) -> Option<Metric> {
    let numbers = |value: fn(&proto::Metric) -> f64| {
        let points = family.get_metric().iter();
        points
            .map(|metric| number(metric, value(metric), span))
            .collect()
    };
    let points = match family.get_field_type() {
        MetricType::COUNTER => Points::Sum(Sum {
            data_points: numbers(|metric| metric.get_counter().get_value()),
            aggregation_temporality: CUMULATIVE,
            is_monotonic: true,
        }),
        MetricType::GAUGE => Points::Gauge(Gauge {
            data_points: numbers(|metric| metric.get_gauge().get_value()),
        }),
        MetricType::HISTOGRAM => Points::Histogram(Histogram {
            data_points: family
                .get_metric()
                .iter()
                .map(|metric| histogram(metric, span))
                .collect(),
            aggregation_temporality: CUMULATIVE,
        }),
        // We have none.
        MetricType::SUMMARY | MetricType::UNTYPED => return None,
    };
    Some(Metric {
        name: family.name().to_owned(),
        description: family.help().to_owned(),
        unit: unit(family.name()).to_owned(),
        points: Some(points),
    })
}

/// The unit that is in the name, as UCUM has it.
fn unit(name: &str) -> &'static str {
    match name.trim_end_matches("_total").rsplit('_').next() {
        Some("seconds") => "s",
        Some("bytes") => "By",
        _ => "",
    }
}

fn number(metric: &proto::Metric, value: f64, span: Span) -> NumberPoint {
    NumberPoint {
        start_time_unix_nano: span.start,
        time_unix_nano: span.now,
        as_double: Some(value),
        attributes: labels(metric.get_label()),
    }
}

/// Prometheus counts in each bucket what is in those below it as well.
fn histogram(metric: &proto::Metric, span: Span) -> HistogramPoint {
    let histogram = metric.get_histogram();
    let count = histogram.get_sample_count();
    let (mut bounds, mut counts, mut below) = (Vec::new(), Vec::new(), 0);
    for bucket in histogram.get_bucket() {
        let bound = bucket.upper_bound();
        // The last one is what no bound holds.
        if bound.is_finite() {
            bounds.push(bound);
            counts.push(bucket.cumulative_count().saturating_sub(below));
            below = bucket.cumulative_count();
        }
    }
    counts.push(count.saturating_sub(below));
    HistogramPoint {
        start_time_unix_nano: span.start,
        time_unix_nano: span.now,
        count,
        sum: Some(histogram.get_sample_sum()),
        bucket_counts: counts,
        explicit_bounds: bounds,
        attributes: labels(metric.get_label()),
    }
}

fn labels(labels: &[LabelPair]) -> Vec<KeyValue> {
    let pairs = labels.iter();
    pairs
        .map(|label| text(label.name().to_owned(), label.value().to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_what_the_name_ends_with() {
        for (name, expected) in [
            ("mi_gateway_http_request_duration_seconds", "s"),
            ("process_cpu_seconds_total", "s"),
            ("process_resident_memory_bytes", "By"),
            ("mi_gateway_http_requests_total", ""),
            ("mi_gateway_policies", ""),
        ] {
            assert_eq!(unit(name), expected, "{name}");
        }
    }
}
