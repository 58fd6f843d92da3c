//! What the environment means, variable by variable.

use super::*;

fn config(vars: &[(&str, &str)]) -> Result<Config, Faults> {
    let owned = vars
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::from_vars(owned)
}

fn faults(vars: &[(&str, &str)]) -> String {
    config(vars).unwrap_err().to_string()
}

#[test]
fn nothing_set_is_a_virtual_machine_in_the_public_cloud() {
    let config = config(&[]).unwrap();
    assert_eq!(config.identity.source.label(), "imds");
    assert_eq!(config.identity.id, IdentityId::System);
    assert_eq!(
        config.arm.endpoint.as_str(),
        "https://management.azure.com/"
    );
    assert_eq!(config.limits.upstream_timeout, Duration::from_secs(10));
}

#[test]
fn every_fault_is_told_at_once_with_its_variable() {
    let text = faults(&[
        ("MIG_LISTEN", "here"),
        ("MIG_UPSTREAM_TIMEOUT", "soon"),
        ("MIG_WORKERS", "0"),
        ("MIG_LISTN", "127.0.0.1:80"),
        ("IDENTITY_ENDPOINT", "http://127.0.0.1:1"),
    ]);
    for fault in [
        "\n  MIG_LISTEN is \"here\", expected an IP address and port",
        "\n  MIG_UPSTREAM_TIMEOUT is \"soon\", expected a time such as 500ms",
        "\n  MIG_WORKERS is \"0\", expected a number from 1 to 256",
        "\n  MIG_LISTN is not a variable of mi-gateway; did you mean MIG_LISTEN?",
        "\n  IDENTITY_HEADER is required where IDENTITY_ENDPOINT is set",
    ] {
        assert!(text.contains(fault), "{text}");
    }
    assert_eq!(text.lines().count(), 6, "{text}");
}

#[test]
fn an_address_is_checked_where_nobody_needs_it_and_beside_other_faults() {
    for (name, value) in [
        ("MIG_IMDS_ENDPOINT", "http://1.2.3.4"),
        ("MIG_KUBERNETES_ENDPOINT", "nonsense"),
        ("MIG_ENTRA_ENDPOINT", "nonsense"),
        ("MIG_ARC_KEY_FOLDER", "relative"),
        ("MIG_VM_EXTENSION_ENDPOINT", "nonsense"),
    ] {
        let source = |kind| faults(&[("MIG_IDENTITY_SOURCE", kind), (name, value)]);
        let alone = source("azure_cli");
        assert!(alone.contains(&format!("\n  {name} is")), "{alone}");
        assert_eq!(alone.lines().count(), 2, "{alone}");
        let beside = source("x");
        assert!(beside.contains(&format!("\n  {name} is")), "{beside}");
        assert!(beside.contains("\n  MIG_IDENTITY_SOURCE is"), "{beside}");
        assert_eq!(beside.lines().count(), 3, "{beside}");
    }
}

#[test]
fn the_api_is_not_offered_beyond_this_host() {
    assert!(
        faults(&[("MIG_LISTEN", "0.0.0.0:8080")])
            .contains("callers are not authenticated: set MIG_AUTH")
    );
    assert!(config(&[("MIG_LISTEN", "[::1]:8080")]).is_ok());
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let config = config(&[
        ("IDENTITY_ENDPOINT", ""),
        ("MIG_WORKERS", ""),
        ("MIG_CLOUD", ""),
    ]);
    assert_eq!(config.unwrap().identity.source.label(), "imds");
}

const HEADER: (&str, &str) = ("IDENTITY_HEADER", "hunter2");

#[test]
fn the_identity_header_is_not_sent_off_this_host() {
    for endpoint in [
        "http://example.com/token",
        "https://127.0.0.1/",
        "http://8.8.8.8/",
        "http://t .com",
    ] {
        let text = faults(&[("IDENTITY_ENDPOINT", endpoint), HEADER]);
        assert!(text.contains("IDENTITY_ENDPOINT is"), "{text}");
        assert!(!text.contains("hunter2"));
    }
    let app_service = ("IDENTITY_ENDPOINT", "http://172.16.3.2:8081/msi/token");
    assert!(config(&[app_service, HEADER]).is_ok());
}

#[test]
fn an_identity_header_that_no_request_can_carry_is_told_with_all_else() {
    let text = faults(&[
        ("IDENTITY_ENDPOINT", "http://example.com/token"),
        ("IDENTITY_HEADER", "hunter\n2"),
        ("MIG_WORKERS", "0"),
    ]);
    for name in [
        "IDENTITY_ENDPOINT is",
        "IDENTITY_HEADER holds",
        "MIG_WORKERS is",
    ] {
        assert!(text.contains(name), "{text}");
    }
    assert!(!text.contains("hunter"), "{text}");
}

#[test]
fn a_name_in_another_case_is_not_ours() {
    let mixed = [("msi_endpoint", "x"), ("MIG_LOG", "info")];
    assert!(config(&mixed).is_ok());
    assert!(config(&[("mig_workers", "0"), ("identity_endpoint", "x")]).is_ok());
    let told = faults(&[("MIG_workers", "4"), ("MIG_MIG_WORKERS", "4")]);
    let hint = "is not a variable of mi-gateway; did you mean MIG_WORKERS?";
    assert_eq!(told.matches(hint).count(), 2, "{told}");
}

#[test]
fn a_name_that_is_like_none_of_ours_has_no_hint() {
    let told = faults(&[("MIG_FORWARDED_HEADERS", "forwarded")]);
    let fault = "\n  MIG_FORWARDED_HEADERS is not a variable of mi-gateway";
    assert!(told.ends_with(fault), "{told}");
}

#[test]
fn a_variable_that_is_set_twice_is_told_with_all_else() {
    let told = faults(&[
        ("MIG_LOG", "info"),
        ("MIG_LOG", "warn"),
        ("MIG_WORKERS", "0"),
    ]);
    assert!(told.contains("\n  MIG_LOG is set twice"), "{told}");
    assert!(told.contains("\n  MIG_WORKERS is"), "{told}");
}

#[test]
fn the_header_limit_is_one_that_the_server_can_hold() {
    assert!(config(&[("MIG_HEADER_LIMIT", "40960"), ("MIG_BODY_LIMIT", "1048576")]).is_ok());
    for limit in ["1023", "98305", "1048576"] {
        let told = faults(&[("MIG_HEADER_LIMIT", limit)]);
        assert!(
            told.contains("a number of bytes from 1024 to 40960"),
            "{told}"
        );
    }
    assert!(help().contains("at most 96 headers"));
}

#[test]
fn a_guid_has_its_hyphens_and_nothing_around_them() {
    let plain = "0a0B0c0d-0000-4000-8000-000000000001";
    let scope = |id: &str| format!("/subscriptions/{id}/resourceGroups/rg");
    assert!(config(&[("AZURE_CLIENT_ID", plain), ("MIG_SCOPES", &scope(plain))]).is_ok());
    for id in [
        format!("urn:uuid:{plain}"),
        format!("{{{plain}}}"),
        plain.replace('-', ""),
    ] {
        for (name, value) in [
            ("AZURE_CLIENT_ID", &id),
            ("MIG_IDENTITY_OBJECT_ID", &id),
            ("MIG_SCOPES", &scope(&id)),
        ] {
            let told = faults(&[(name, value)]);
            assert!(
                told.contains(&format!("{name} is")) && told.contains("36 characters"),
                "{told}"
            );
        }
    }
}

#[test]
fn a_switch_is_on_or_off_and_nothing_else() {
    let plain = config(&[]).unwrap();
    assert!(!plain.allow.managed && !plain.allow.own_host && !plain.vm_update);
    let switched = config(&[
        ("MIG_ALLOW_MANAGED", "on"),
        ("MIG_ALLOW_SELF", "on"),
        ("MIG_VM_UPDATE", "on"),
    ]);
    let switched = switched.unwrap();
    assert!(switched.allow.managed && switched.allow.own_host && switched.vm_update);
    for word in ["true", "1", "ON", "yes"] {
        let told = faults(&[("MIG_VM_UPDATE", word)]);
        assert!(told.ends_with(", expected on or off"), "{told}");
    }
}

#[test]
fn one_identity_is_named_in_one_way() {
    let id = "00000000-0000-0000-0000-000000000001";
    let by_object = config(&[("MIG_IDENTITY_OBJECT_ID", id)]).unwrap();
    assert_eq!(by_object.identity.id, IdentityId::ObjectId(id.to_owned()));
    let both = faults(&[("AZURE_CLIENT_ID", id), ("MIG_IDENTITY_OBJECT_ID", id)]);
    assert!(both.contains("set one of them"));
    assert!(faults(&[("AZURE_CLIENT_ID", "me")]).contains("AZURE_CLIENT_ID is \"me\""));
    assert!(faults(&[("MIG_IDENTITY_RESOURCE_ID", "/subscriptions/s")]).contains("userAssigned"));
}

#[test]
fn help_shows_every_variable_with_its_default() {
    let help = help();
    for variable in variables() {
        assert!(help.contains(variable.name) && help.contains(variable.default.unwrap_or("")));
    }
    assert!(help.lines().all(|line| line.len() <= 100));
}

/// A limit as a fault or a table has it: a number, or a time in its smallest unit.
fn limit(text: &str) -> u128 {
    let time = || reader::duration(text).map(|time| time.as_nanos());
    let number = text.parse().ok();
    number.or_else(time).unwrap_or_else(|| panic!("{text}"))
}

/// The range that `text` tells: from what to what.
fn range(text: &str) -> Option<[u128; 2]> {
    let words: Vec<_> = text.split([' ', ',', ';']).collect();
    let starts_with_digit = |word: &str| word.starts_with(|it: char| it.is_ascii_digit());
    let is_range =
        |it: &&[&str]| it[1] == "to" && starts_with_digit(it[0]) && starts_with_digit(it[2]);
    let found = words.windows(3).find(is_range)?;
    Some([found[0], found[2]].map(|it| limit(it.strip_suffix("ns").unwrap_or(it))))
}

#[test]
fn the_range_of_a_variable_is_told_with_its_meaning() {
    let mut seen = 0;
    for variable in variables() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        let sampler = ("OTEL_TRACES_SAMPLER", "traceidratio");
        let Err(fault) = config(&[endpoint, sampler, (variable.name, "x")]) else {
            continue;
        };
        let fault = fault.to_string();
        let Some(expected) = fault.split("from ").nth(1).and_then(range) else {
            continue;
        };
        assert_eq!(range(variable.meaning), Some(expected), "{}", variable.name);
        seen += 1;
    }
    assert_eq!(seen, 21);
}

#[test]
fn lists_may_come_from_a_file_with_line_ends_of_any_kind() {
    let (one, other) = (
        "00000000-0000-0000-0000-000000000001",
        "00000000-0000-0000-0000-000000000002",
    );
    let scope = |id| format!("/subscriptions/{id}");
    let both = [
        ("MIG_AUTH", "entra,oidc"),
        ("MIG_AUTH_TENANT", one),
        ("MIG_AUTH_AUDIENCE", one),
        ("MIG_AUTH_ISSUERS", "https://one.example=mi-gateway"),
    ];
    for (name, one, other) in [
        ("MIG_AUTH", "entra", "oidc"),
        ("MIG_AUTH_AUDIENCE", one, other),
        ("MIG_AUTH_VERSIONS", "1.0", "2.0"),
        (
            "MIG_AUTH_ISSUERS",
            "https://a.example=a",
            "https://b.example=b",
        ),
        ("MIG_SCOPES", &scope(one), &scope(other)),
        ("MIG_TRUSTED_PROXIES", "10.0.0.0/8", "fd00::/8"),
    ] {
        let list = format!("{one},\r\n {other}");
        let others = both.iter().filter(|(other, _)| *other != name);
        let vars: Vec<_> = others.copied().chain([(name, &*list)]).collect();
        let read = config(&vars);
        assert!(read.is_ok(), "{name}: {}", read.unwrap_err());
    }
}
