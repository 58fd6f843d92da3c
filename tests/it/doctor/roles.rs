//! What the identity may not do, and where that is granted.

use azure_sandbox::{
    AppRoles, Assignment, DEFAULT_SCOPE, Fault, Fleet, Host, Identity, Sandbox, Service, Settings,
    Times,
};

use super::{examined, operator, sandbox, says};

#[actix_web::test]
async fn an_action_missing_from_a_role_is_named_with_the_command_that_renews_the_role() {
    const MISSING: &str = "Microsoft.Compute/virtualMachines/start/action";
    let azure = sandbox(Settings::default());
    azure.assign(vec![Assignment {
        scope: DEFAULT_SCOPE.to_owned(),
        actions: operator().into_iter().filter(|it| it != MISSING).collect(),
    }]);
    let examined = examined(azure, Host::Vm, &[]).await;
    let check = examined.fails_alone(("permissions", "action_missing"));
    assert_eq!(check["subject"], DEFAULT_SCOPE);
    assert_eq!(check["detail"], format!("not allowed: {MISSING}"));
    says(
        check,
        "mend",
        "az role definition update --role-definition @deploy/azure/role.json",
    );
    let mend = check["mend"].as_str().unwrap();
    assert!(!mend.contains("role assignment create"), "{mend}");
}

#[actix_web::test]
async fn a_role_that_is_not_assigned_is_told_with_the_command_that_assigns_it() {
    let azure = sandbox(Settings::default());
    azure.assign(vec![Assignment {
        scope: DEFAULT_SCOPE.to_owned(),
        actions: operator(),
    }]);
    let examined = examined(azure, Host::Vm, &[("MIG_VM_UPDATE", Some("on"))]).await;
    let check = examined.fails_alone(("permissions", "action_missing"));
    let command = format!(
        "az role assignment create --assignee-object-id {} --assignee-principal-type \
         ServicePrincipal --role 'mi-gateway VM updater' --scope '{DEFAULT_SCOPE}'",
        Identity::gateway().object_id
    );
    says(check, "mend", &command);
    let mend = check["mend"].as_str().unwrap();
    assert!(
        !mend.contains("operator") && !mend.contains("update --role"),
        "{mend}"
    );
}

#[actix_web::test]
async fn a_user_is_told_how_a_user_is_granted_it() {
    let azure = sandbox(Settings::default());
    azure.assign(Vec::new());
    azure.app_roles(AppRoles::None);
    let examined = examined(azure, Host::CloudShell, &[]).await;
    let missing = [
        ("permissions", "action_missing"),
        ("graph_role", "graph_role_missing"),
    ];
    assert_eq!(examined.all("failed"), missing, "{}", examined.report);
    let [role, permission] = missing.map(|(name, _)| examined.check(name));
    says(role, "mend", "--assignee-principal-type User ");
    says(permission, "mend", "consent to the delegated permission");
    let mend = permission["mend"].as_str().unwrap();
    assert!(!mend.contains("appRoleAssignments"), "{mend}");
}

#[actix_web::test]
async fn reading_by_another_role_is_no_part_of_ours() {
    let azure = sandbox(Settings::default());
    azure.assign(vec![Assignment {
        scope: DEFAULT_SCOPE.to_owned(),
        actions: vec!["*/read".to_owned()],
    }]);
    let examined = examined(azure, Host::ContainerApp, &[]).await;
    let check = examined.fails_alone(("permissions", "action_missing"));
    says(check, "mend", "--role 'mi-gateway VM operator'");
}

#[actix_web::test]
async fn a_scope_whose_machines_are_far_down_the_list_is_looked_at_too() {
    let azure = sandbox(Settings {
        fleet: Some(Fleet {
            machines: 600,
            subscriptions: 2,
        }),
        ..Settings::default()
    });
    // Half of the fleet comes first, and is more than a page.
    let [whole, narrow] = [1, 2].map(|number| {
        format!("/subscriptions/f1ee7000-0000-4000-8000-{number:012}/resourceGroups/rg-fleet")
    });
    let role = |scope: String| Assignment {
        scope,
        actions: operator(),
    };
    let machine = format!("{narrow}/providers/Microsoft.Compute/virtualMachines/fleet-00600");
    azure.assign(vec![role(whole.clone()), role(machine)]);
    let scopes = format!("{whole} {narrow}");
    let examined = examined(azure, Host::Vm, &[("MIG_SCOPES", Some(&scopes))]).await;
    let below = [("permissions", "role_below_scope")];
    assert_eq!(examined.all("failed"), below, "{}", examined.report);
    let mut checks = examined.checks().iter();
    let check = checks.find(|it| it["subject"] == narrow).unwrap();
    says(check, "detail", "fleet-00600");
    let asked = examined.azure.requests(Service::ResourceGraph);
    assert_eq!(asked.len(), 1, "one question for that scope");
}

#[actix_web::test]
async fn without_any_role_every_action_is_missing() {
    let azure = sandbox(Settings::default());
    azure.assign(Vec::new());
    let examined = examined(azure, Host::ContainerApp, &[]).await;
    let check = examined.fails_alone(("permissions", "action_missing"));
    for action in operator() {
        says(check, "detail", &action);
    }
}

#[actix_web::test]
async fn a_role_on_the_virtual_machine_alone_is_told_as_such() {
    let azure = sandbox(Settings::default());
    let scope = format!("{DEFAULT_SCOPE}/providers/Microsoft.Compute/virtualMachines/web-01");
    azure.assign(vec![Assignment {
        scope,
        actions: operator(),
    }]);
    let examined = examined(azure, Host::Vm, &[]).await;
    let check = examined.fails_alone(("permissions", "role_below_scope"));
    says(check, "detail", "web-01");
    says(check, "mend", &format!("--scope '{DEFAULT_SCOPE}'"));
}

#[actix_web::test]
async fn a_scope_that_does_not_exist_is_told_from_one_without_a_role() {
    let azure = sandbox(Settings::default());
    let gone = r#"{"error":{"code":"ResourceGroupNotFound","message":"not found"}}"#;
    inject(&azure, Fault::answer(404, gone), Times::Next(1));
    let examined = examined(azure, Host::ContainerApp, &[]).await;
    let check = examined.fails_alone(("permissions", "no_such_scope"));
    says(check, "mend", "MIG_SCOPES");
}

#[actix_web::test]
async fn a_missing_permission_of_graph_is_told_with_the_command() {
    let azure = sandbox(Settings::default());
    azure.app_roles(AppRoles::None);
    let examined = examined(azure, Host::Vm, &[]).await;
    let check = examined.fails_alone(("graph_role", "graph_role_missing"));
    says(check, "mend", "/appRoleAssignments --body");
    says(check, "mend", &Identity::gateway().object_id);
}

#[actix_web::test]
async fn a_permission_that_shows_no_department_is_told_whether_it_refuses_or_hides() {
    for roles in [AppRoles::BasicRefused, AppRoles::BasicHidden] {
        let azure = sandbox(Settings::default());
        azure.app_roles(roles);
        let examined = examined(azure, Host::Vm, &[]).await;
        let check = examined.fails_alone(("graph_role", "graph_role_too_narrow"));
        says(check, "detail", "User.ReadBasic.All");
        says(check, "mend", "to grant User.Read.All");
    }
}

#[actix_web::test]
async fn a_role_on_a_group_does_not_do_for_a_subscription() {
    let azure = sandbox(Settings::default());
    azure.assign(vec![Assignment {
        scope: DEFAULT_SCOPE.to_owned(),
        actions: operator(),
    }]);
    let (subscription, _) = DEFAULT_SCOPE.split_once("/resourceGroups").unwrap();
    let examined = examined(azure, Host::Vm, &[("MIG_SCOPES", Some(subscription))]).await;
    let check = examined.fails_alone(("permissions", "role_below_scope"));
    says(check, "mend", &format!("--scope '{subscription}'"));
}

/// What Resource Manager answers without a token, and then `answer`.
fn inject(azure: &Sandbox, answer: Fault, times: Times) {
    let unauthenticated = Fault::answer(401, "{}");
    azure.inject(Service::VirtualMachines, unauthenticated, Times::Next(1));
    azure.inject(Service::VirtualMachines, answer, times);
}

#[actix_web::test]
async fn permissions_that_azure_does_not_show_are_a_doubt_and_no_fault() {
    let azure = sandbox(Settings::default());
    let denied = r#"{"error":{"code":"AuthorizationFailed","message":"no"}}"#;
    inject(&azure, Fault::answer(403, denied), Times::Always);
    let examined = examined(azure, Host::ContainerApp, &[]).await;
    assert_eq!(examined.report["ok"], true);
    let doubt = [("permissions", "permissions_unknown")];
    assert_eq!(examined.all("warning"), doubt);
}

#[actix_web::test]
async fn permissions_are_read_to_their_last_page() {
    let azure = sandbox(Settings::default());
    let further = format!(
        "{}{DEFAULT_SCOPE}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01",
        azure.url()
    );
    let page = format!(r#"{{"value":[],"nextLink":"{further}"}}"#);
    inject(&azure, Fault::answer(200, &page), Times::Next(1));
    let examined = examined(azure, Host::ContainerApp, &[]).await;
    assert_eq!(examined.check("permissions")["verdict"], "ok");
}

#[actix_web::test]
async fn an_origin_is_the_same_however_it_is_spelt() {
    let azure = sandbox(Settings::default());
    let origin = azure.url().replace("http://", "HTTP://");
    let path = "providers/Microsoft.Authorization/permissions?api-version=2022-04-01";
    let page = format!(r#"{{"value":[],"nextLink":"{origin}{DEFAULT_SCOPE}/{path}"}}"#);
    inject(&azure, Fault::answer(200, &page), Times::Next(1));
    let examined = examined(azure, Host::ContainerApp, &[]).await;
    assert_eq!(examined.check("permissions")["verdict"], "ok");
}

#[actix_web::test]
async fn a_page_of_permissions_elsewhere_does_not_get_our_token() {
    let (azure, elsewhere) = (sandbox(Settings::default()), sandbox(Settings::default()));
    let page = format!(r#"{{"value":[],"nextLink":"{}/"}}"#, elsewhere.url());
    inject(&azure, Fault::answer(200, &page), Times::Next(1));
    let examined = examined(azure, Host::ContainerApp, &[]).await;
    examined.fails_alone(("permissions", "failing"));
    assert!(elsewhere.unexpected().is_empty());
}
