//! Users of departments from the command line.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
    time::Duration,
};

use azure_sandbox::{Fault, Host, Sandbox, Service, Settings, Times};
use serde_json::Value;

use super::{azure, in_container};
use crate::program::{gateway, text};

/// How many there are of the department Seinfeld.
const CAST: usize = 26;

#[test]
fn a_department_is_one_array_where_nothing_else_is_said() {
    let azure = azure();
    let listed = in_container(&azure, "users --department Seinfeld").done();
    let users = listed.json();
    assert_eq!(users.as_array().unwrap().len(), CAST);
    assert_eq!(users[0]["displayName"], "Jerry Seinfeld");
    let asked = in_container(&azure, "users -d Seinfeld -o json").done();
    assert_eq!(asked.output, listed.output);
}

#[test]
fn a_department_is_a_table_for_people() {
    let listed = in_container(&azure(), "users --department Seinfeld -o table").done();
    let mut lines = listed.output.lines();
    let head: Vec<_> = lines.next().unwrap().split_whitespace().collect();
    let usual = ["displayName", "userPrincipalName", "jobTitle", "department"];
    assert_eq!(head, usual);
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("Jerry Seinfeld    user0000@")
    );
    assert_eq!(lines.count(), CAST - 1);
}

#[test]
fn text_is_a_table_where_other_commands_have_text() {
    let azure = azure();
    let of = |form| in_container(&azure, &format!("users -d Seinfeld -o {form}"));
    assert_eq!(of("text").done().output, of("table").done().output);
}

#[test]
fn a_department_is_a_file_as_the_service_writes_it() {
    let line = "users --department Seinfeld --select displayName,businessPhones -o csv";
    let csv = in_container(&azure(), line).done().output;
    assert!(csv.starts_with("displayName,businessPhones\r\nJerry Seinfeld,'+1 555 0000\r\n"));
    assert_eq!(csv.lines().count(), 1 + CAST);
}

#[test]
fn a_department_is_an_object_a_line() {
    let azure = azure();
    let line = "users --department Seinfeld --select displayName -o ndjson";
    let lines = in_container(&azure, line).done().output;
    let first = lines.lines().next().unwrap();
    assert_eq!(first, r#"{"displayName":"Jerry Seinfeld"}"#);
    assert_eq!(lines.lines().count(), CAST);
    assert_eq!(azure.requests(Service::Graph).len(), 1);
}

#[test]
fn a_listing_is_narrowed_as_by_the_service() {
    let azure = azure();
    let line = "users -d Seinfeld --enabled=false --user-type member --search Ele -o ndjson";
    let told = in_container(&azure, line).done();
    assert_eq!(told.output, "");
    let asked = azure.requests(Service::Graph).remove(0).query;
    for part in ["accountEnabled", "userType", "startsWith"] {
        assert!(
            asked.to_lowercase().contains(&part.to_lowercase()),
            "{asked}"
        );
    }
    let everyone = in_container(&azure, "users -d Seinfeld --enabled")
        .done()
        .json();
    assert_eq!(everyone.as_array().unwrap().len(), CAST - 1);
}

#[test]
fn nobody_is_an_empty_array() {
    let told = in_container(&azure(), "users --department Nowhere").done();
    assert_eq!(told.json(), Value::Array(Vec::new()));
}

/// A directory with 2,000 users of the department Workforce: three pages.
fn large() -> Sandbox {
    let settings = Settings {
        users: Some(4_000),
        ..Settings::default()
    };
    Sandbox::start(settings).unwrap()
}

#[test]
fn what_breaks_off_is_no_whole_and_fails() {
    let azure = large();
    let none = Fault::Delay(Duration::ZERO);
    azure.inject(Service::Graph, none, Times::Next(1));
    azure.inject(Service::Graph, Fault::answer(403, "{}"), Times::Always);
    let told = in_container(&azure, "users -d Workforce --select id");
    assert_eq!(told.code, Some(1), "{told}");
    assert_eq!(told.output.lines().count(), 999 + 1);
    assert!(serde_json::from_str::<Value>(&told.output).is_err());
    assert!(told.errors.starts_with("mi-gateway: "), "{}", told.errors);
}

#[test]
fn what_graph_forgets_midway_is_no_fault_of_the_line() {
    for code in ["Directory_ExpiredPageToken", "Request_BadRequest"] {
        let azure = large();
        let none = Fault::Delay(Duration::ZERO);
        let body = format!(r#"{{"error":{{"code":"{code}","message":"M"}}}}"#);
        azure.inject(Service::Graph, none, Times::Next(1));
        azure.inject(Service::Graph, Fault::answer(400, &body), Times::Always);
        let told = in_container(&azure, "users -d Workforce --select id -o csv");
        assert_eq!(told.code, Some(1), "{code}: {told}");
        assert_eq!(told.output.lines().count(), 1 + 999);
        assert!(told.errors.contains("begin it again"), "{}", told.errors);
        assert!(!told.errors.contains("cursor"), "{}", told.errors);
    }
}

#[test]
fn whoever_has_read_enough_may_leave() {
    let azure = large();
    let mut child = gateway()
        .args(["users", "-d", "Workforce", "-o", "csv"])
        .envs(azure.environment(Host::ContainerApp))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(
        (ended.status.code(), text(&ended.stderr)),
        (Some(0), String::new())
    );
}
