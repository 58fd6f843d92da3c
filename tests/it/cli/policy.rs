//! Policies on the command line, which asks nobody.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use serde_json::Value;

use super::Told;
use crate::program::{gateway, text};

const GROUP: &str = "/subscriptions/5ab1e000-0000-4000-8000-000000000001/resourceGroups/rg-web";
const CALLER: &str = "5ab1e000-0000-4000-8000-00000000000a/5ab1e000-0000-4000-8000-00000000000b";

fn asked(line: &[&str], vars: &[(&str, &str)]) -> Told {
    let Output {
        status,
        stdout,
        stderr,
    } = gateway()
        .args(line)
        .envs(vars.iter().copied())
        .output()
        .unwrap();
    Told {
        code: status.code(),
        output: text(&stdout),
        errors: text(&stderr),
    }
}

/// A file of policies in a folder of this test run.
fn file(name: &str, policies: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, policies).unwrap();
    path.to_str().unwrap().to_owned()
}

fn vm(name: &str) -> String {
    format!("{GROUP}/providers/Microsoft.Compute/virtualMachines/{name}")
}

#[test]
fn the_built_in_policies_are_listed_where_none_are_given() {
    let listed = asked(&["policy", "check"], &[]).done().json();
    let names: Vec<_> = listed["policies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(names[0], "vm-read");
    assert_eq!(
        listed["policies"][0]["actions"],
        serde_json::json!(["getVm", "getOperation"])
    );
    let table = asked(&["policy", "check", "-o", "text"], &[]).done().output;
    assert!(table.starts_with("NAME "), "{table}");
    assert!(table.contains("default.cedar:4:1"), "{table}");
}

#[test]
fn a_forbid_of_whom_nobody_can_be_is_told_where_it_is_known_who_can() {
    let path = file(
        "nobody.cedar",
        "permit (principal, action, resource);\nforbid (principal == MiGateway::Caller::\"system:serviceaccount:ops:robot\", action, resource);\n",
    );
    let check = ["policy", "check", &path];
    asked(&check, &[]).done();
    let issuers = (
        "MIG_AUTH_ISSUERS",
        "https://a.example=g https://b.example=g",
    );
    let told = asked(&check, &[("MIG_AUTH", "oidc"), issuers]);
    assert_eq!(told.code, Some(78), "{told}");
    let words = format!("{path}:2:1: nobody can be system:serviceaccount:ops:robot: ");
    assert!(told.errors.contains(&words), "{told}");
}

#[test]
fn who_can_call_is_looked_at_whatever_is_wrong_with_the_rest() {
    let path = file(
        "account.cedar",
        "permit (principal, action, resource);\nforbid (principal == MiGateway::Caller::\"system:serviceaccount:ci:builder\", action, resource);\n",
    );
    let check = ["policy", "check", &path];
    let entra = [
        ("MIG_AUTH", "entra"),
        ("MIG_AUTH_TENANT", "5ab1e000-0000-4000-8000-00000000000a"),
        ("MIG_AUTH_AUDIENCE", "5ab1e000-0000-4000-8000-00000000000b"),
        ("MIG_WORKERS", "0"),
        ("MIG_ARM_ENDPOINT", "nonsense"),
    ];
    let told = asked(&check, &entra);
    assert_eq!(told.code, Some(78), "{told}");
    assert!(told.errors.contains("nobody can be"), "{told}");
    assert_eq!(told.errors.lines().count(), 2, "{told}");
    let told = asked(&check, &entra[..1]);
    assert_eq!(told.code, Some(0), "{told}");
    let lines: Vec<_> = told.errors.lines().collect();
    assert!(lines[0].starts_with("mi-gateway: whether those whom policies name"));
    assert!(lines[1].starts_with("  MIG_AUTH_TENANT is required"));
    assert!(lines[2].starts_with("  MIG_AUTH_AUDIENCE is required"));
    assert_eq!(lines.len(), 3, "{told}");
}

#[test]
fn policies_that_no_thread_is_left_to_read_have_no_fault() {
    let limited = |megabytes: u32| {
        let script = format!("ulimit -v {}; exec \"$0\" policy check", megabytes << 10);
        let mut command = Command::new("/bin/sh");
        command.env_clear().env("MIG_AUTH", "none").args([
            "-c",
            &script,
            env!("CARGO_BIN_EXE_mi-gateway"),
        ]);
        command.output().unwrap().status.code()
    };
    // From too few to be loaded at all to enough for the thread's stack, which takes 64.
    let codes: Vec<_> = (64..512).step_by(24).map(limited).collect();
    assert!(codes.contains(&Some(69)), "{codes:?}");
    assert!(!codes.contains(&Some(78)), "{codes:?}");
}

#[test]
fn faults_are_told_with_their_places_and_exit_78() {
    let path = file(
        "faulty.cedar",
        "permit (principal, action, resource)\nwhen { principal.age > 1 };\npermit (principal, action, resource in MiGateway::ResourceGroup::\"rg\");\n",
    );
    for told in [
        asked(&["policy", "check", &path], &[]),
        asked(&["policy", "check"], &[("MIG_POLICY_FILE", &path)]),
        asked(
            &["serve"],
            &[("MIG_POLICY_FILE", &path), ("MIG_LISTEN", "127.0.0.1:0")],
        ),
    ] {
        assert_eq!(told.code, Some(78), "{told}");
        assert!(told.errors.contains(&format!("{path}:2:8: ")), "{told}");
        assert!(
            told.errors
                .contains(&format!("{path}:3:1: \"rg\" is no resource group")),
            "{told}"
        );
        assert_eq!(told.output, "");
    }
}

#[test]
fn what_is_odd_and_may_be_meant_is_told_beside_the_result() {
    // A letter of its group only looks like an o.
    let group = GROUP.replace("rg-web", "rg-l\u{43e}cked");
    let path = file(
        "odd.cedar",
        &format!(
            "permit (principal, action, resource);\n\
             forbid (principal, action, resource in MiGateway::ResourceGroup::\"{group}\");\n"
        ),
    );
    let checked = asked(&["policy", "check", &path], &[]);
    assert_eq!(checked.code, Some(0), "{checked}");
    assert_eq!(checked.json()["policies"].as_array().unwrap().len(), 2);
    let begin = format!("mi-gateway: a policy is odd: {path}:2:");
    assert!(checked.errors.starts_with(&begin), "{checked}");
    assert!(checked.errors.contains("mixed scripts"), "{checked}");
    assert_eq!(checked.errors.lines().count(), 1, "{checked}");
}

#[test]
fn what_a_caller_cannot_have_is_refused_and_not_overlooked() {
    let (machine, account) = (vm("web-01"), "system:serviceaccount:ops:robot");
    let subject = "https://issuer.example|robot";
    for (caller, more, reason) in [
        (account, &["--role", "Vm.Operate"][..], "no --role"),
        (account, &["--kind", "user"], "no --kind"),
        (account, &["--client-id", "x"], "no --client-id"),
        ("anonymous", &["--role", "Vm.Operate"], "no --role"),
        (subject, &["--kind", "app"], "no --kind"),
        (
            CALLER,
            &["--tag", "a=b", "--tag", "A=c"],
            "--tag \"A\" is there twice",
        ),
    ] {
        let line = [
            "policy", "explain", "--caller", caller, "--action", "start", "--vm", &machine,
        ];
        let told = asked(&[&line[..], more].concat(), &[]);
        assert_eq!(told.code, Some(2), "{told}");
        assert!(told.errors.contains(reason), "{told}");
        assert_eq!(told.output, "");
    }
}

#[test]
fn a_permission_is_explained_by_its_policies() {
    let line = [
        "policy",
        "explain",
        "--caller",
        CALLER,
        "--role",
        "Vm.Operate",
        "--action",
        "deallocate",
        "--vm",
        &vm("web-01"),
    ];
    let told = asked(&line, &[]).done().json();
    assert_eq!(told["decision"], "permit");
    assert_eq!(told["decidedBy"], serde_json::json!(["vm-operate"]));
    let words = |name: &str| -> Value {
        let policies = told["policies"].as_array().unwrap().iter();
        policies.clone().find(|it| it["name"] == name).unwrap()["words"].clone()
    };
    assert_eq!(words("vm-operate"), "holds");
    assert_eq!(words("directory-read"), "is about other actions");
    assert_eq!(words("anonymous"), "is about other callers");
}

#[test]
fn a_denial_is_explained_and_is_an_exit_code() {
    let path = file(
        "protected.cedar",
        "permit (principal, action, resource);\n@id(\"protected\") forbid (principal, action in MiGateway::Action::\"operate\", resource) when { resource.hasTag(\"Protected\") };\n",
    );
    let line = [
        "policy",
        "explain",
        "-o",
        "text",
        "--policy",
        &path,
        "--caller",
        "system:serviceaccount:web:deployer",
        "--action",
        "start",
        "--vm",
        &vm("web-01"),
        "--tag",
        "protected=yes",
    ];
    let told = asked(&line, &[]);
    assert_eq!(told.code, Some(1), "{told}");
    assert!(
        told.output
            .contains("start on this virtual machine is forbidden by the policy protected\n"),
        "{told}"
    );
    let unprotected = asked(&line[..line.len() - 2], &[]);
    assert_eq!(unprotected.code, Some(0), "{unprotected}");
}

#[test]
fn departments_and_properties_are_asked_about_too() {
    let path = file(
        "finance.cedar",
        "permit (principal, action == MiGateway::Action::\"listUsers\", resource == MiGateway::Department::\"Finance\") when { [\"id\", \"mail\"].containsAll(context.fields) };",
    );
    let code = |department: &str, fields: &str| {
        let line = [
            "policy",
            "explain",
            "--policy",
            &path,
            "--caller",
            "https://ci.example|deploy",
            "--action",
            "listUsers",
            "--department",
            department,
            "--fields",
            fields,
        ];
        asked(&line, &[]).code
    };
    assert_eq!(code("FINANCE", "mail,id"), Some(0));
    assert_eq!(code("Finance", "id,mobilePhone"), Some(1));
    assert_eq!(code("Legal", "id"), Some(1));
}

#[test]
fn a_question_that_is_not_whole_is_a_fault_of_the_line() {
    for line in [
        &[
            "policy",
            "explain",
            "--caller",
            "me",
            "--action",
            "start",
            "--vm",
            &vm("a"),
        ][..],
        &[
            "policy",
            "explain",
            "--caller",
            "anonymous",
            "--action",
            "start",
        ],
        &[
            "policy",
            "explain",
            "--caller",
            "anonymous",
            "--action",
            "delete",
        ],
        &[
            "policy",
            "explain",
            "--caller",
            "anonymous",
            "--action",
            "listUsers",
        ],
    ] {
        let told = asked(line, &[]);
        assert_eq!(told.code, Some(2), "{told}");
    }
}

/// Why the line for `action` with `options` is no question.
fn refused(action: &str, options: &[&str]) -> String {
    let question = ["policy", "explain", "--caller", "anonymous", "--action"];
    let line = [&question[..], &[action], options].concat();
    let told = asked(&line, &[]);
    assert_eq!((told.code, told.output.as_str()), (Some(2), ""), "{told}");
    told.errors
}

#[test]
fn a_machine_is_no_part_of_what_is_asked_without_one() {
    let options = ["--vm", &vm("a")];
    let why = refused("getIdentity", &options);
    assert!(why.contains("getIdentity is asked without --vm\n"), "{why}");
}

#[test]
fn a_tag_is_no_part_of_what_is_asked_without_a_machine() {
    let options = ["--vm", &vm("a"), "--tag", "a=b"];
    let why = refused("listUsers", &options);
    assert!(why.contains("listUsers is asked without"), "{why}");
    assert!(why.contains("--tag"), "{why}");
}

#[test]
fn a_department_is_a_part_of_listing_users_alone() {
    for action in ["getIdentity", "start"] {
        let why = refused(action, &["--department", "Finance"]);
        let words = format!("{action} is asked without --department\n");
        assert!(why.contains(&words), "{why}");
    }
}

#[test]
fn properties_are_a_part_of_listing_users_alone() {
    let options = ["--department", "Finance", "--fields", "id"];
    let why = refused("getVm", &options);
    assert!(why.contains("getVm is asked without"), "{why}");
    assert!(why.contains("--fields"), "{why}");
}
