//! The binary: a program inside a local Azure, or the local Azure alone.

use std::collections::HashSet;

use azure_sandbox::{DEFAULT_SCOPE, Identity};

use crate::{
    binary::{Running, environment, run, sandbox, text, variables},
    client::{METADATA, get},
};

#[test]
fn the_exit_code_is_that_of_the_program() {
    for code in [0, 7, 255] {
        let output = run(&["exec", "--", "sh", "-c", &format!("exit {code}")]);

        assert_eq!(output.status.code(), Some(code));
    }
}

#[test]
fn a_program_that_a_signal_ended_has_the_code_that_shells_give_it() {
    let output = run(&["exec", "--", "sh", "-c", "kill -KILL $$"]);

    assert_eq!(output.status.code(), Some(137));
}

#[test]
fn a_program_in_a_container_app_has_the_variables_of_its_host() {
    let environment = environment(&["exec", "--", "env"]);

    let endpoint = environment["IDENTITY_ENDPOINT"].clone();
    let root = endpoint.strip_suffix("/msi/token").unwrap();
    assert!(root.starts_with("http://127.0.0.1:"), "{root}");
    assert_eq!(environment["MSI_ENDPOINT"], endpoint);
    assert_eq!(environment["MIG_ARM_ENDPOINT"], root);
    assert_eq!(environment["MIG_GRAPH_ENDPOINT"], root);
    assert_eq!(environment["MIG_ENTRA_ENDPOINT"], root);
    assert_eq!(environment["MIG_SCOPES"], DEFAULT_SCOPE);
    assert_eq!(
        environment["AZURE_CLIENT_ID"],
        Identity::gateway().client_id
    );
    assert!(environment["IDENTITY_HEADER"].len() >= 32);
    assert!(!environment.contains_key("MIG_IMDS_ENDPOINT"));
}

#[test]
fn a_program_on_a_virtual_machine_has_no_endpoint_but_instance_metadata() {
    let environment = environment(&["exec", "--as", "vm", "--", "env"]);

    let root = &environment["MIG_IMDS_ENDPOINT"];
    assert_eq!(&environment["AZURE_POD_IDENTITY_AUTHORITY_HOST"], root);
    assert_eq!(&environment["MIG_ARM_ENDPOINT"], root);
    for foreign in [
        "IDENTITY_ENDPOINT",
        "IDENTITY_HEADER",
        "MSI_ENDPOINT",
        "MIG_SCOPES",
    ] {
        assert!(!environment.contains_key(foreign), "{foreign}");
    }
}

#[test]
fn what_other_hosts_set_is_taken_away_and_the_rest_is_kept() {
    let mut command = sandbox(&["exec", "--as", "vm", "--", "env"]);
    let foreign = [
        "AZURE_AUTHORITY_HOST",
        "AZURE_FEDERATED_TOKEN_FILE",
        "AZURE_TENANT_ID",
        "IDENTITY_HEADER",
    ];
    command.envs(foreign.map(|name| (name, "from elsewhere")));
    command.env("MIG_LOG", "debug");

    let environment = variables(&command.output().unwrap());

    for name in foreign {
        assert!(!environment.contains_key(name), "{name}");
    }
    assert_eq!(environment["MIG_LOG"], "debug");
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let output = run(&["exec", "--", "/no/such/program"]);

    assert_eq!(output.status.code(), Some(127));
    assert!(text(&output.stderr).contains("/no/such/program cannot be run"));
}

#[test]
fn arguments_that_are_not_understood_lead_to_the_help() {
    for words in [
        &[][..],
        &["exec"],
        &["exec", "--as", "abacus", "--", "true"],
        &["serve", "--colour"],
        &["serve", "extra"],
        &["serve", "--listen", "here"],
        &["serve", "--vm-extension", "50342"],
        &["serve", "--operation-takes", "soon"],
        &["serve", "--fleet", "0"],
        &["serve", "--fleet", "10x"],
        &["serve", "--users", "many"],
        &["explode"],
    ] {
        let output = run(words);

        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(text(&output.stderr).contains("--help"), "{words:?}");
    }
}

#[test]
fn graph_has_the_units_that_it_is_told() {
    let words = ["serve", "--json", "--listen", "127.0.0.1:0"];
    for (units, share) in [("10", None), ("1", Some("1.00"))] {
        let mut serving = Running::start(&[&words[..], &["--graph-units", units]].concat());
        let told: serde_json::Value = serde_json::from_str(&serving.line()).unwrap();
        let root = told["url"].as_str().unwrap();
        let token = get(
            &format!(
                "{root}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fgraph.microsoft.com"
            ),
            &[METADATA],
        );
        let bearer = format!("Bearer {}", token.text("/access_token"));

        let page = get(
            &format!("{root}/v1.0/users?$top=1"),
            &[("authorization", &bearer)],
        );

        assert_eq!(
            page.header("x-ms-throttle-limit-percentage"),
            share,
            "{units}"
        );
    }
}

#[test]
fn help_and_version_are_printed() {
    for words in [&["--help"][..], &["help", "serve"], &["exec", "--help"]] {
        let output = run(words);

        assert_eq!(output.status.code(), Some(0), "{words:?}");
        assert!(text(&output.stdout).contains("Usage:"), "{words:?}");
    }
    let version = text(&run(&["--version"]).stdout);
    assert_eq!(
        version,
        concat!("azure-sandbox ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn sigterm_is_passed_on_to_the_program() {
    // Without the signal it ends all the same, with another code.
    let script = "trap 'exit 9' TERM; echo ready; for each in $(seq 200); do sleep 0.05; done";
    let mut running = Running::start(&["exec", "--", "sh", "-c", script]);
    assert_eq!(running.line(), "ready");

    running.terminate();

    assert_eq!(running.code(), Some(9));
}

#[test]
fn serving_begins_with_where_and_ends_with_sigterm() {
    let mut running = Running::start(&["serve", "--listen", "127.0.0.1:0"]);
    let line = running.line();
    let root = line.strip_prefix("A local Azure listens on ").unwrap();

    let versions = get(&format!("{root}/metadata/versions"), &[METADATA]);
    running.terminate();

    assert_eq!(versions.status, 200);
    assert_eq!(running.code(), Some(0));
}

#[test]
fn a_fleet_can_be_served() {
    for (size, machines, subscriptions) in [("3", 3, 1), ("5x2", 5, 2)] {
        let mut running = Running::start(&["serve", "--listen", "127.0.0.1:0", "--fleet", size]);
        let line = running.line();
        let root = line.strip_prefix("A local Azure listens on ").unwrap();

        let shown = get(&format!("{root}/sandbox/vms"), &[]).json();
        running.terminate();

        let all = shown["value"].as_array().unwrap();
        let fleet: Vec<_> = all
            .iter()
            .filter(|machine| machine["resourceGroup"] == "rg-fleet")
            .collect();
        let homes: HashSet<_> = fleet
            .iter()
            .map(|machine| &machine["subscriptionId"])
            .collect();
        assert_eq!(
            (fleet.len(), homes.len()),
            (machines, subscriptions),
            "{size}"
        );
        assert_eq!(running.code(), Some(0));
    }
}

#[test]
fn a_directory_of_any_size_can_be_served() {
    for (size, last) in [("20", "Seinfeld"), ("2001", "Workforce")] {
        let mut running = Running::start(&["serve", "--listen", "127.0.0.1:0", "--users", size]);
        let line = running.line();
        let root = line.strip_prefix("A local Azure listens on ").unwrap();

        let shown = get(&format!("{root}/sandbox/departments"), &[]).json();
        running.terminate();

        let departments = shown["value"].as_array().unwrap();
        assert_eq!(departments.last().unwrap(), last);
        assert_eq!(running.code(), Some(0));
    }
}

#[test]
fn an_address_that_is_taken_is_a_clear_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();

    let output = run(&["serve", "--listen", &address]);

    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("cannot listen"));
}
