//! One-shot commands of the program, against a local Azure.

mod doctor;
mod grant;
mod healthcheck;
mod machines;
mod policy;
mod refused;
mod unanswered;
mod unheard;
mod users;

use std::{fs, process::Output};

use azure_sandbox::{AppRoles, Fault, Host, Sandbox, Service, Settings, Times};
use serde_json::Value;

use crate::{
    architecture::root,
    program::{gateway, text},
    records::Records,
};

/// What a command wrote and how it ended.
pub(crate) struct Told {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Told {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.output).unwrap_or_else(|_| panic!("{self}"))
    }

    /// The same, which ended well and had nothing to add.
    pub(crate) fn done(self) -> Self {
        assert_eq!((self.code, self.errors.as_str()), (Some(0), ""), "{self}");
        self
    }
}

impl std::fmt::Display for Told {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            code,
            output,
            errors,
        } = self;
        write!(formatter, "{code:?}\n{output}\n{errors}")
    }
}

/// Runs `line` before `azure`, on `host`; no secret is ever written.
pub(crate) fn told(azure: &Sandbox, host: Host, line: &str, vars: &[(&str, &str)]) -> Told {
    let records = Records::of(azure);
    let Output {
        status,
        stdout,
        stderr,
    } = gateway()
        .args(line.split_whitespace())
        .envs(azure.environment(host))
        .env("MIG_AUDIT_FILE", records.path())
        .envs(vars.iter().copied())
        .output()
        .unwrap();
    let told = Told {
        code: status.code(),
        output: text(&stdout),
        errors: text(&stderr),
    };
    for secret in azure.secrets() {
        let is_told = told.output.contains(&secret) || told.errors.contains(&secret);
        assert!(!is_told, "{line} writes a secret");
    }
    records.hold_for(azure);
    records.have_their_ends();
    told
}

pub(crate) fn on_vm(azure: &Sandbox, line: &str) -> Told {
    told(azure, Host::Vm, line, &[])
}

pub(crate) fn in_container(azure: &Sandbox, line: &str) -> Told {
    told(azure, Host::ContainerApp, line, &[])
}

pub(crate) fn azure() -> Sandbox {
    Sandbox::start(Settings::default()).unwrap()
}

#[test]
fn every_command_has_help_and_every_exit_code_is_in_it() {
    for line in [
        "serve",
        "self",
        "self show",
        "self deallocate",
        "vm",
        "vm list",
        "vm show",
        "vm start",
        "vm deallocate",
        "vm restart",
        "vm powerOff",
        "vm redeploy",
        "vm reapply",
        "users",
        "identity show",
        "grant",
        "doctor",
        "policy check",
        "policy explain",
        "completions",
    ] {
        let arguments = line.split_whitespace().chain(["--help"]);
        let output = gateway().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{line}");
        assert!(text(&output.stdout).contains("Usage: mi-gateway"), "{line}");
    }
    let help = text(&gateway().arg("-h").output().unwrap().stdout);
    let (_, codes) = help.split_once("Exit codes:\n").unwrap();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for line in codes.lines().filter(|line| !line.trim().is_empty()) {
        let (code, meaning) = line.trim().split_once("  ").unwrap();
        assert!(
            readme.contains(&format!("| {code} | {meaning} |")),
            "{line}"
        );
    }
    let codes: Vec<_> = codes
        .lines()
        .filter_map(|line| line.split_whitespace().next()?.parse::<u8>().ok())
        .collect();
    assert_eq!(codes, [0, 1, 2, 3, 69, 78, 129, 130, 143]);
}

#[test]
fn what_is_not_understood_reaches_nobody() {
    let azure = azure();
    for line in [
        "vm",
        "vm show",
        "vm show a/b",
        "vm start web-01 --subscription not-a-guid",
        "vm start web-01 --dry-run --wait",
        "vm deallocate web-01 --hibernate --force",
        "vm list --power-state asleep",
        "users",
        "users --department A --select password",
        "users --department A --user-type alien",
        "identity show -o csv",
        "completions cobol",
    ] {
        let told = in_container(&azure, line);
        assert_eq!(
            (told.code, told.output.as_str()),
            (Some(2), ""),
            "{line}: {told}"
        );
    }
    assert!(azure.requests(Service::Token).is_empty());
}

#[test]
fn a_line_that_is_not_understood_gives_no_orders_to_a_terminal() {
    for name in ["x\n{\"class_uid\":6003}", "x\u{1b}[2J", "x\u{9b}2J", "x\r{"] {
        let output = gateway().args(["vm", "show", name]).output().unwrap();
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        let is_forged = |line: &str| line.starts_with('{');
        assert!(!errors.lines().any(is_forged), "{errors}");
        let is_order = |letter: char| letter.is_control() && letter != '\n';
        assert!(!errors.contains(is_order), "{errors:?}");
    }
}

#[test]
fn an_environment_that_is_not_usable_is_told_as_by_the_service() {
    let vars = [("MIG_WORKERS", "0")];
    let told = told(&azure(), Host::Vm, "vm list", &vars);
    assert_eq!(told.code, Some(78));
    assert!(told.errors.contains("\n  MIG_WORKERS is \"0\""), "{told}");
}

#[test]
fn where_machines_are_is_a_matter_of_the_environment() {
    let azure = azure();
    for line in ["vm list", "vm show a", "vm start a", "grant"] {
        let told = told(&azure, Host::ContainerApp, line, &[("MIG_SCOPES", "")]);
        assert_eq!(told.code, Some(78), "{line}: {told}");
        assert!(told.errors.contains("set MIG_SCOPES"), "{told}");
    }
    assert!(azure.requests(Service::Token).is_empty());
}

#[test]
fn serve_is_what_is_done_without_a_command() {
    for line in [&["serve"][..], &[]] {
        let output = gateway()
            .args(line)
            .env("MIG_LISTEN", "x")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(78), "{line:?}");
    }
}

#[test]
fn shells_get_every_command_completed() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = gateway().args(["completions", shell]).output().unwrap();
        let script = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0));
        assert!(
            script.contains("powerOff") && script.contains("dry-run"),
            "{shell}"
        );
    }
}

/// What bash offers for the last of `words`.
fn completed(words: &[&str]) -> Vec<String> {
    let script = gateway().args(["completions", "bash"]).output().unwrap();
    let script = text(&script.stdout);
    let (last, before) = (words.len() - 1, words.len() - 2);
    let ask = format!(
        "{script}\nCOMP_WORDS=({}); COMP_CWORD={last}\n\
         function=$(complete -p mi-gateway | sed 's/.* -F \\([^ ]*\\) .*/\\1/')\n\
         $function mi-gateway '{}' '{}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        words.join(" "),
        words[last],
        words[before],
    );
    let told = std::process::Command::new("bash")
        .args(["-c", &ask])
        .output();
    let told = told.unwrap();
    text(&told.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_what_comes_after_a_command() {
    assert_eq!(completed(&["mi-gateway", "us"]), ["users"]);
    assert_eq!(completed(&["mi-gateway", "vm", "power"]), ["powerOff"]);
    let forms = completed(&["mi-gateway", "users", "--outp"]);
    assert_eq!(forms, ["--output"]);
}

#[test]
fn the_identity_is_shown_with_its_source_and_without_its_tokens() {
    for (host, source, evidence) in [
        (Host::Vm, "imds", 0),
        (Host::ContainerApp, "app_service", 2),
    ] {
        let azure = azure();
        let shown = told(&azure, host, "identity show", &[]).done().json();
        let gateway = azure_sandbox::Identity::gateway();
        assert_eq!(shown["source"], source);
        assert_eq!(shown["evidence"].as_array().unwrap().len(), evidence);
        assert_eq!(shown["id"]["kind"], "client_id");
        let holder = &shown["holder"];
        assert_eq!(holder["clientId"], gateway.client_id);
        assert_eq!(holder["objectId"], gateway.object_id);
        assert!(holder["tenantId"].is_string());
        let [arm, graph] = [0, 1].map(|at| &shown["tokens"][at]);
        assert_eq!(
            (&arm["resource"], &graph["resource"]),
            (&"arm".into(), &"graph".into())
        );
        assert_eq!(graph["roles"][0], "User.Read.All");
        assert!(arm["expiresOn"].is_string() && arm["lastFailure"].is_null());
        assert_eq!(azure.requests(Service::Token).len(), 2);
    }
}

#[test]
fn the_identity_is_shown_to_people_too() {
    let shown = in_container(&azure(), "identity show -o text")
        .done()
        .output;
    for part in [
        "app_service, by IDENTITY_ENDPOINT and IDENTITY_HEADER",
        "it carries User.Read.All",
        "for https://management.azure.com/",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
}

#[test]
fn an_identity_that_nobody_named_is_said_to_be_the_hosts_choice() {
    let vars = [("AZURE_CLIENT_ID", "")];
    let shown = told(&azure(), Host::Vm, "identity show -o text", &vars);
    let words = "the identity that the host gives where none is named";
    assert!(shown.output.contains(words), "{shown}");
}

#[test]
fn an_identity_without_tokens_says_why_and_fails() {
    let azure = azure();
    let body = r#"{"error":"invalid_request","error_description":"Identity not found"}"#;
    azure.inject(Service::Token, Fault::answer(400, body), Times::Always);
    let vars = [("MIG_UPSTREAM_TIMEOUT", "1s")];
    let told = told(&azure, Host::Vm, "identity show", &vars);
    assert_eq!(told.code, Some(1), "{told}");
    let shown = told.json();
    let failure = &shown["tokens"][0]["lastFailure"];
    assert_eq!(failure["code"], "identity_not_assigned");
    assert!(shown["holder"].is_null());
}

#[test]
fn a_log_is_written_beside_the_result_and_only_if_wanted() {
    let azure = azure();
    assert_eq!(on_vm(&azure, "vm show web-01").done().errors, "");
    let vars = [("MIG_LOG", "trace")];
    let shown = told(&azure, Host::Vm, "vm deallocate web-02 --wait", &vars);
    assert_eq!(shown.json()["status"], "Succeeded");
    assert!(shown.errors.contains("power operation ended"), "{shown}");
}

#[test]
fn a_permission_that_is_missing_is_told_with_the_command_that_grants_it() {
    let azure = azure();
    azure.app_roles(AppRoles::None);
    let told = in_container(&azure, "users --department Seinfeld");
    assert_eq!((told.code, told.output.as_str()), (Some(1), ""), "{told}");
    assert!(told.errors.contains("appRoleAssignments"), "{told}");
}
