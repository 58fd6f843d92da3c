//! What is sent by OTLP, variable by variable.

use super::*;
use crate::config::Config;

fn config(vars: &[(&str, &str)]) -> Result<Option<Export>, String> {
    let config = Config::from_vars(vars.iter().copied());
    let config = config.map_err(|faults| faults.to_string())?;
    Ok(config.export)
}

fn export(vars: &[(&str, &str)]) -> Export {
    let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
    let vars: Vec<_> = vars.iter().copied().chain([base]).collect();
    config(&vars).unwrap().unwrap()
}

fn fault(vars: &[(&str, &str)]) -> String {
    let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
    let vars: Vec<_> = vars.iter().copied().chain([base]).collect();
    config(&vars).unwrap_err()
}

fn url(url: Option<Url>) -> Option<String> {
    url.map(Into::into)
}

#[test]
fn nothing_is_sent_where_no_endpoint_is_set() {
    for vars in [
        &[][..],
        &[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
            ("OTEL_TRACES_SAMPLER", "x"),
        ],
    ] {
        assert!(config(vars).unwrap().is_none(), "{vars:?}");
    }
}

#[test]
fn nothing_is_sent_where_it_is_turned_off_whatever_else_is_set() {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317");
    let grpc = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    for off in [
        &[("OTEL_SDK_DISABLED", "True")][..],
        &[
            ("OTEL_TRACES_EXPORTER", "none"),
            ("OTEL_METRICS_EXPORTER", "none"),
        ],
    ] {
        let vars = [&[endpoint, grpc], off].concat();
        assert!(config(&vars).unwrap().is_none(), "{vars:?}");
    }
}

#[test]
fn a_way_that_is_not_spoken_sends_nothing_and_is_warned_of() {
    let vars = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://agent:4317"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ];
    let config = Config::from_vars(vars).unwrap();
    assert!(config.export.is_none());
    let [warning] = config.warnings[..] else {
        panic!("{:?}", config.warnings);
    };
    assert!(warning.contains("set it to http/protobuf"), "{warning}");
    let off = [vars[0], vars[1], ("OTEL_SDK_DISABLED", "true")];
    assert!(Config::from_vars(off).unwrap().warnings.is_empty());
}

#[test]
fn each_kind_has_its_path_below_the_endpoint_of_all() {
    let of_all = export(&[]);
    let path = |kind| Some(format!("http://collector:4318/v1/{kind}"));
    assert_eq!(url(of_all.traces), path("traces"));
    assert_eq!(url(of_all.metrics), path("metrics"));
    let named = [
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "https://t.example/otlp",
        ),
        ("OTEL_METRICS_EXPORTER", "none"),
    ];
    let named = export(&named);
    assert_eq!(url(named.traces).as_deref(), Some("https://t.example/otlp"));
    assert_eq!(named.metrics, None);
}

#[test]
fn what_has_no_endpoint_of_its_own_is_sent_nowhere_else() {
    let alone = [(
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
        "http://m.example/otlp",
    )];
    let alone = config(&alone).unwrap().unwrap();
    assert!(alone.traces.is_none() && alone.metrics.is_some());
}

#[test]
fn headers_are_decoded_and_never_shown() {
    let given = export(&[(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "Authorization=Basic%20aHVudGVyMg%3D%3D , x-tenant= a",
    )]);
    let (name, value) = &given.headers[0];
    assert_eq!(
        (name.as_str(), value.to_str().unwrap()),
        ("authorization", "Basic aHVudGVyMg==")
    );
    assert_eq!(given.headers[1].1, "a");
    assert!(!format!("{given:?}").contains("aHVudGVy"), "{given:?}");
    for wrong in [
        "hunter2",
        "a b=hunter2",
        "host=hunter2",
        "a=hunter2%0A",
        "a=hunter2%ff",
    ] {
        let told = fault(&[("OTEL_EXPORTER_OTLP_HEADERS", wrong)]);
        assert!(
            told.contains("OTEL_EXPORTER_OTLP_HEADERS is not shown"),
            "{told}"
        );
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[test]
fn a_service_has_the_name_that_is_set_for_it_alone() {
    let name = |vars: &[_]| {
        let resource = export(vars).resource;
        let named = resource
            .iter()
            .filter(|(name, _)| name == "service.name")
            .map(|(_, value)| value.clone());
        named.collect::<Vec<_>>()
    };
    let listed = ("OTEL_RESOURCE_ATTRIBUTES", "service.name=a,team=b%2Cc");
    assert_eq!(name(&[]), ["mi-gateway"]);
    assert_eq!(name(&[listed]), ["a"]);
    assert_eq!(name(&[listed, ("OTEL_SERVICE_NAME", "d")]), ["d"]);
    let team = ("team".to_owned(), "b,c".to_owned());
    assert!(export(&[listed]).resource.contains(&team));
}

#[test]
fn samplers_are_those_of_the_specification() {
    let of = |sampler| export(&[("OTEL_TRACES_SAMPLER", sampler)]).sampler;
    assert_eq!(export(&[]).sampler, Sampler::OfParent(Choice::All));
    assert_eq!(
        of("parentbased_always_off"),
        Sampler::OfParent(Choice::None)
    );
    assert_eq!(of("always_on"), Sampler::Own(Choice::All));
    assert_eq!(of("always_off"), Sampler::Own(Choice::None));
    assert_eq!(of("traceidratio"), Sampler::Own(Choice::Share(1.0)));
    let share = export(&[
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
    ]);
    assert_eq!(share.sampler, Sampler::OfParent(Choice::Share(0.25)));
}

#[test]
fn times_are_milliseconds_as_the_specification_has_them() {
    let given = export(&[
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "15000"),
    ]);
    assert_eq!(given.timeout, Duration::from_millis(2_500));
    assert_eq!(given.interval, Duration::from_secs(15));
    assert_eq!(export(&[]).interval, Duration::from_mins(1));
}

#[test]
fn a_password_in_an_endpoint_is_refused_and_not_shown() {
    let name = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT";
    let told = fault(&[(name, "http://user:password@collector/")]);
    assert!(
        told.contains(r#"is "http://…@collector/", expected"#),
        "{told}"
    );
    assert!(told.contains("without a user"), "{told}");
}

#[test]
fn faults_name_the_variable_and_what_is_right() {
    for (name, value, words) in [
        (
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "http/json",
            "expected http/protobuf",
        ),
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "collector:4318",
            "an http or https URL",
        ),
        (
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
            "http://c/#d",
            "or a fragment",
        ),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "milliseconds from 10"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "0", "milliseconds from 10"),
        (
            "OTEL_TRACES_SAMPLER",
            "jaeger_remote",
            "parentbased_always_on",
        ),
        ("OTEL_RESOURCE_ATTRIBUTES", "team", "name=value"),
        ("OTEL_SDK_DISABLED", "yes", "true or false"),
        ("OTEL_TRACES_EXPORTER", "zipkin", "otlp or none"),
        ("OTEL_METRICS_EXPORTER", "prometheus", "otlp or none"),
    ] {
        let told = fault(&[(name, value)]);
        assert!(
            told.contains(&format!("\n  {name} is {value:?}")) && told.contains(words),
            "{told}"
        );
        assert_eq!(told.lines().count(), 2, "{told}");
    }
    let share = [
        ("OTEL_TRACES_SAMPLER", "traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
    ];
    assert!(fault(&share).contains("OTEL_TRACES_SAMPLER_ARG is \"2\", expected a number"));
}

#[test]
fn a_path_that_begins_with_two_slashes_is_not_another_host() {
    let endpoint = (
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "http://collector:4318//otlp/",
    );
    let export = config(&[endpoint]).unwrap().unwrap();
    let traces = url(export.traces);
    assert_eq!(
        traces.as_deref(),
        Some("http://collector:4318//otlp/v1/traces")
    );
}

#[test]
fn all_that_is_not_understood_is_told_at_once() {
    let fault = fault(&[
        ("OTEL_SDK_DISABLED", "yes"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_METRICS_EXPORTER", "prometheus"),
        ("OTEL_TRACES_SAMPLER", "x"),
    ]);
    for told in [
        "OTEL_SDK_DISABLED",
        "zipkin",
        "prometheus",
        "OTEL_TRACES_SAMPLER",
    ] {
        assert!(fault.contains(told), "{told} in {fault}");
    }
}
