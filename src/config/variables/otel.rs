//! OpenTelemetry's own variables, as far as they are read.

use super::{Variable, variable};

pub(super) const VARIABLES: [Variable; 14] = [
    variable(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        None,
        "Where traces and metrics are sent by OTLP over HTTP, such as http://localhost:4318; unset, and the next two as well: nothing is sent",
    ),
    variable(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        None,
        "The same for traces alone, taken as it is; unset: /v1/traces below OTEL_EXPORTER_OTLP_ENDPOINT",
    ),
    variable(
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
        None,
        "The same for metrics alone, taken as it is; unset: /v1/metrics below OTEL_EXPORTER_OTLP_ENDPOINT",
    ),
    variable(
        "OTEL_EXPORTER_OTLP_HEADERS",
        None,
        "Headers that are sent along, such as api-key=value; a secret, and never shown",
    ),
    variable(
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        Some("http/protobuf"),
        "How OTLP is spoken; there is no other way, as grpc takes HTTP/2",
    ),
    variable(
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        Some("10000"),
        "Longest time that sending may take, in milliseconds, 10 to 300000",
    ),
    variable(
        "OTEL_SERVICE_NAME",
        None,
        "What the gateway is called in traces and metrics; unset: service.name of OTEL_RESOURCE_ATTRIBUTES, else mi-gateway",
    ),
    variable(
        "OTEL_RESOURCE_ATTRIBUTES",
        None,
        "What traces and metrics say of the gateway beside, such as deployment.environment.name=test",
    ),
    variable(
        "OTEL_TRACES_SAMPLER",
        Some("parentbased_always_on"),
        "Which traces are recorded: parentbased_always_on, parentbased_always_off, parentbased_traceidratio, always_on, always_off or traceidratio",
    ),
    variable(
        "OTEL_TRACES_SAMPLER_ARG",
        Some("1"),
        "With traceidratio, the share of traces that is recorded, 0 to 1",
    ),
    variable(
        "OTEL_METRIC_EXPORT_INTERVAL",
        Some("60000"),
        "Time between two sendings of metrics, in milliseconds, 10 to 300000",
    ),
    variable(
        "OTEL_TRACES_EXPORTER",
        Some("otlp"),
        "none: no traces are sent, whatever endpoint is set",
    ),
    variable(
        "OTEL_METRICS_EXPORTER",
        Some("otlp"),
        "none: no metrics are sent, whatever endpoint is set",
    ),
    variable(
        "OTEL_SDK_DISABLED",
        Some("false"),
        "true: nothing is sent, whatever else is set",
    ),
];
