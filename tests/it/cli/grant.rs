//! What the identity is to be granted, by commands that are printed.

use azure_sandbox::{Fault, Host, Sandbox, Service, Times};
use serde_json::Value;

use super::{azure, on_vm, told};

#[test]
fn a_grant_is_printed_for_each_scope_and_nothing_is_done() {
    let azure = azure();
    let other = "/subscriptions/5ab1e000-0000-4000-8000-000000000002";
    let scopes = format!("{} {other}", azure_sandbox::DEFAULT_SCOPE);
    let vars = [("MIG_SCOPES", scopes.as_str()), ("MIG_VM_UPDATE", "on")];
    let printed = told(&azure, Host::ContainerApp, "grant", &vars)
        .done()
        .json();
    let commands: Vec<_> = printed["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["command"].as_str().unwrap())
        .collect();
    let principal = azure_sandbox::Identity::gateway().object_id;
    for role in ["mi-gateway VM operator", "mi-gateway VM updater"] {
        for scope in [azure_sandbox::DEFAULT_SCOPE, other] {
            let command = format!(
                "az role assignment create --assignee-object-id {principal} \
                 --assignee-principal-type ServicePrincipal --role '{role}' --scope '{scope}'"
            );
            assert!(commands.contains(&command.as_str()), "{commands:#?}");
        }
    }
    let graph = format!("/servicePrincipals/{principal}/appRoleAssignments");
    assert!(commands.last().unwrap().contains(&graph), "{commands:#?}");
    assert_eq!(azure.requests(Service::Token).len(), 1);
    assert!(azure.requests(Service::Graph).is_empty());
}

#[test]
fn a_role_to_create_is_the_one_of_the_documentation_at_the_scopes() {
    let printed = on_vm(&azure(), "grant").done().json();
    let command = printed["steps"][0]["command"].as_str().unwrap();
    let role = command
        .strip_prefix("az role definition create --role-definition '")
        .and_then(|rest| rest.strip_suffix('\''))
        .unwrap();
    let role: Value = serde_json::from_str(role).unwrap();
    let file = include_str!("../../../deploy/azure/role.json");
    let documented: Value = serde_json::from_str(file).unwrap();
    assert_eq!(role["Actions"], documented["Actions"]);
    assert_eq!(role["AssignableScopes"][0], azure_sandbox::DEFAULT_SCOPE);
}

#[test]
fn a_grant_without_a_token_leaves_a_place_and_says_how_to_fill_it() {
    let azure = azure();
    azure.inject(Service::Token, Fault::answer(400, "{}"), Times::Always);
    let vars = [("MIG_UPSTREAM_TIMEOUT", "1s")];
    let told = told(&azure, Host::ContainerApp, "grant -o text", &vars);
    assert_eq!(told.code, Some(0), "{told}");
    assert_eq!(
        told.errors.matches("there is no token").count(),
        1,
        "{told}"
    );
    let printed = told.output;
    assert!(printed.contains("az ad sp show --id"), "{printed}");
    assert!(
        printed.contains("--assignee-object-id PRINCIPAL "),
        "{printed}"
    );
}

/// The commands of `grant` where tokens come as on `host`, or as `vars` say, and what else
/// it has to say.
fn steps(azure: &Sandbox, host: Host, vars: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let printed = told(azure, host, "grant", vars).json();
    let steps = printed["steps"].as_array().unwrap();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let commands = steps.iter().filter_map(|step| text(&step["command"]));
    let words = steps.iter().filter(|step| step.get("command").is_none());
    let words = words.filter_map(|step| text(&step["what"]));
    (commands.collect(), words.collect())
}

#[test]
fn the_user_of_cloud_shell_is_granted_what_users_can_have() {
    let (commands, words) = steps(&azure(), Host::CloudShell, &[]);
    let assigned = commands.iter().find(|it| it.contains("role assignment"));
    let user = " --assignee-principal-type User --role 'mi-gateway VM operator' ";
    assert!(assigned.unwrap().contains(user), "{commands:#?}");
    let is_of_services = |it: &String| it.to_lowercase().contains("serviceprincipal");
    assert!(!commands.iter().any(is_of_services), "{commands:#?}");
    assert_eq!(words.len(), 1, "{words:#?}");
    let consent = "consent to the delegated permission User.Read.All";
    assert!(words[0].contains(consent), "{words:#?}");
}

#[test]
fn whoever_is_signed_in_at_the_azure_cli_may_be_either() {
    let vars = [
        ("MIG_IDENTITY_SOURCE", "azure_cli"),
        ("AZURE_CLIENT_ID", ""),
        ("PATH", "/nowhere"),
    ];
    let (commands, words) = steps(&azure(), Host::ContainerApp, &vars);
    let assigned = commands.iter().find(|it| it.contains("role assignment"));
    let to_either = "--assignee-object-id PRINCIPAL --role 'mi-gateway VM operator' ";
    assert!(assigned.unwrap().contains(to_either), "{commands:#?}");
    let last = commands.last().unwrap();
    assert!(last.contains("/servicePrincipals/PRINCIPAL/"), "{last}");
    assert!(words[0].contains("consent to the delegated"), "{words:#?}");
}
