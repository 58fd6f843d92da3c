//! What Resource Manager lets an identity do.

use azure_sandbox::{Assignment, DEFAULT_SCOPE, Identity, Sandbox};
use serde_json::json;

use crate::{
    client::{Answer, get, sandbox, send},
    compute::{VERSION, deallocate, machine, order, read},
    resource_graph::rows,
};

const READ: &str = "Microsoft.Compute/virtualMachines/read";
const DEALLOCATE: &str = "Microsoft.Compute/virtualMachines/deallocate/action";
const POLL: &str = "Microsoft.Compute/locations/operations/read";
const SUBSCRIPTION: &str = "/subscriptions/5ab1e000-0000-4000-8000-000000000001";

#[test]
fn without_a_role_the_refusal_names_who_what_and_where() {
    let azure = sandbox();
    azure.assign(Vec::new());

    let answer = deallocate(&azure, "web-01");

    assert_eq!(answer.status, 403);
    assert_eq!(answer.text("/error/code"), "AuthorizationFailed");
    let Identity {
        client_id,
        object_id,
        ..
    } = Identity::gateway();
    let message = format!(
        "The client '{client_id}' with object id '{object_id}' does not have authorization to \
         perform action '{DEALLOCATE}' over scope '{}' or the scope is invalid. If access was \
         recently granted, please refresh your credentials.",
        id("web-01")
    );
    assert_eq!(answer.text("/error/message"), message);
    assert_eq!(answer.header("x-ms-failure-cause"), Some("gateway"));
    let state = azure.power_state("rg-web", "web-01");
    assert_eq!(state.as_deref(), Some("running"));
}

#[test]
fn a_role_holds_at_its_scope_and_below() {
    let azure = sandbox();

    for (scope, status) in [
        ("/".to_owned(), 200),
        (SUBSCRIPTION.to_owned(), 200),
        (DEFAULT_SCOPE.to_uppercase(), 200),
        (id("web-01"), 200),
        (id("web-02"), 403),
        (format!("{SUBSCRIPTION}/resourceGroups/rg"), 403),
    ] {
        azure.assign(vec![role(&scope, &[READ])]);
        assert_eq!(show(&azure, "web-01").status, status, "{scope}");
    }
}

#[test]
fn each_request_needs_its_own_permission() {
    let azure = sandbox();

    for (method, path, action) in [
        ("GET", "", READ),
        (
            "GET",
            "/instanceView",
            "Microsoft.Compute/virtualMachines/instanceView/read",
        ),
        ("POST", "/deallocate", DEALLOCATE),
        (
            "POST",
            "/start",
            "Microsoft.Compute/virtualMachines/start/action",
        ),
        (
            "POST",
            "/restart",
            "Microsoft.Compute/virtualMachines/restart/action",
        ),
        (
            "POST",
            "/POWEROFF",
            "Microsoft.Compute/virtualMachines/powerOff/action",
        ),
        (
            "POST",
            "/redeploy",
            "Microsoft.Compute/virtualMachines/redeploy/action",
        ),
        (
            "POST",
            "/reapply",
            "Microsoft.Compute/virtualMachines/reapply/action",
        ),
        ("PATCH", "", "Microsoft.Compute/virtualMachines/write"),
    ] {
        let url = format!("{}{path}?{VERSION}", machine(&azure, "web-01"));
        azure.assign(Vec::new());
        let refused = order(&azure, method, &url);
        let named = format!("perform action '{action}' over");
        let why = refused.text("/error/message");
        assert!(why.contains(&named), "{method} {path}: {why}");
        azure.assign(vec![role("/", &[action])]);
        let answer = order(&azure, method, &url);
        assert_ne!(answer.status, 403, "{method} {path}");
    }
}

#[test]
fn a_list_needs_to_be_allowed_where_it_is_asked_for() {
    let azure = sandbox();
    azure.assign(vec![role(DEFAULT_SCOPE, &[READ])]);
    let list = |scope: &str| {
        let kind = "providers/Microsoft.Compute/virtualMachines";
        read(&azure, &format!("{}{scope}/{kind}?{VERSION}", azure.url()))
    };

    assert_eq!(list(DEFAULT_SCOPE).status, 200);
    let refused = list(SUBSCRIPTION);
    assert_eq!(refused.status, 403);
    let place = format!("over scope '{SUBSCRIPTION}' or");
    assert!(refused.text("/error/message").contains(&place));
}

#[test]
fn what_may_not_be_read_is_not_told_from_what_is_not_there() {
    let azure = sandbox();
    azure.assign(Vec::new());

    assert_eq!(
        show(&azure, "none").text("/error/code"),
        "AuthorizationFailed"
    );
}

#[test]
fn an_operation_is_followed_by_those_with_a_role_at_the_group_or_above() {
    let azure = sandbox();
    let accepted = deallocate(&azure, "web-01");
    let url = accepted.header("azure-asyncoperation").unwrap();

    for (scope, status) in [
        (SUBSCRIPTION.to_owned(), 200),
        (DEFAULT_SCOPE.to_owned(), 200),
        (id("web-01"), 403),
        (format!("{SUBSCRIPTION}/resourceGroups/rg-db"), 403),
    ] {
        azure.assign(vec![role(&scope, &[POLL])]);
        let answer = read(&azure, url);
        assert_eq!(answer.status, status, "{scope}");
        if status == 403 {
            let place = format!(
                "perform action '{POLL}' over scope '{SUBSCRIPTION}/providers/Microsoft.Compute\
                 /locations/westeurope' or"
            );
            assert!(answer.text("/error/message").contains(&place));
        }
    }
}

#[test]
fn resource_graph_leaves_out_what_may_not_be_read() {
    let azure = sandbox();
    azure.assign(vec![
        role(&id("web-01"), &["*/read"]),
        role(&id("web-02"), &[DEALLOCATE]),
    ]);

    let found = rows(&azure, "resources | project name");

    assert_eq!(found, json!([{"name": "web-01"}]));
}

#[test]
fn the_roles_at_a_scope_can_be_asked_for() {
    let azure = sandbox();
    azure.assign(vec![
        role(SUBSCRIPTION, &[READ]),
        role(DEFAULT_SCOPE, &[DEALLOCATE, POLL]),
        role(&id("web-02"), &["*"]),
    ]);
    let entry = |actions: &[&str]| {
        json!({
            "actions": actions, "notActions": [], "dataActions": [], "notDataActions": [],
        })
    };
    let machine = id("web-01").replace("Compute/", "Compute//");

    for (scope, entries) in [
        (SUBSCRIPTION, vec![entry(&[READ])]),
        (
            DEFAULT_SCOPE,
            vec![entry(&[READ]), entry(&[DEALLOCATE, POLL])],
        ),
        (&machine, vec![entry(&[READ]), entry(&[DEALLOCATE, POLL])]),
    ] {
        let answer = permissions(&azure, scope);
        assert_eq!(answer.status, 200, "{scope}");
        assert_eq!(answer.json(), json!({"value": entries, "nextLink": null}));
    }
}

#[test]
fn who_has_no_role_at_a_scope_is_not_told_of_roles() {
    let azure = sandbox();
    azure.assign(vec![role(DEFAULT_SCOPE, &[READ])]);

    let answer = permissions(&azure, SUBSCRIPTION);

    assert_eq!(answer.text("/error/code"), "AuthorizationFailed");
}

#[test]
fn roles_are_assigned_on_the_control_path() {
    let azure = sandbox();
    let url = format!("{}/sandbox/roles", azure.url());
    let body = json!([{"scope": id("web-01"), "actions": [READ]}]).to_string();

    assert_eq!(send("PUT", &url, &[], &body).unwrap().status, 200);

    assert_eq!(show(&azure, "web-01").status, 200);
    assert_eq!(show(&azure, "web-02").status, 403);
    assert_eq!(send("PUT", &url, &[], "{}").unwrap().status, 400);
    assert_eq!(get(&url, &[]).status, 404);
}

fn role(scope: &str, actions: &[&str]) -> Assignment {
    Assignment {
        scope: scope.to_owned(),
        actions: actions.iter().copied().map(str::to_owned).collect(),
    }
}

fn id(name: &str) -> String {
    format!("{DEFAULT_SCOPE}/providers/Microsoft.Compute/virtualMachines/{name}")
}

fn show(azure: &Sandbox, name: &str) -> Answer {
    read(azure, &format!("{}?{VERSION}", machine(azure, name)))
}

fn permissions(azure: &Sandbox, scope: &str) -> Answer {
    let end = "providers/Microsoft.Authorization/permissions?api-version=2022-04-01";
    read(azure, &format!("{}{scope}/{end}", azure.url()))
}
