//! Tokens that do not come, or are not the ones that were meant.

use azure_sandbox::{Fault, Host, Identity, Service, Settings, Times};

use super::{examined, sandbox, says};

#[actix_web::test]
async fn an_identity_that_is_not_assigned_is_the_one_cause() {
    for host in [Host::Vm, Host::ContainerApp] {
        let azure = sandbox(Settings {
            system_assigned: false,
            user_assigned: Vec::new(),
            ..Settings::default()
        });
        let examined = examined(azure, host, &[]).await;
        let check = examined.fails_alone(("arm_token", "identity_not_assigned"));
        says(check, "mend", "identity assign");
        for name in ["graph_token", "identity", "permissions", "graph_role"] {
            assert_eq!(examined.check(name)["because"], "arm_token", "{name}");
        }
    }
}

#[actix_web::test]
async fn two_identities_of_which_none_is_named_are_ambiguous() {
    let azure = sandbox(Settings {
        system_assigned: false,
        user_assigned: vec![Identity::gateway(), Identity::named("other")],
        ..Settings::default()
    });
    let examined = examined(azure, Host::Vm, &[("AZURE_CLIENT_ID", None)]).await;
    let check = examined.fails_alone(("arm_token", "identity_ambiguous"));
    says(check, "mend", "AZURE_CLIENT_ID");
}

#[actix_web::test]
async fn a_token_for_another_api_is_told_for_each() {
    let azure = sandbox(Settings::default());
    azure.token_audience("https://vault.azure.net");
    let examined = examined(azure, Host::Vm, &[]).await;
    let wrong = [
        ("arm_token", "wrong_audience"),
        ("graph_token", "wrong_audience"),
    ];
    assert_eq!(examined.all("failed"), wrong);
    for (name, _) in wrong {
        says(examined.check(name), "detail", "for another API");
    }
}

#[actix_web::test]
async fn a_token_of_another_identity_is_told_and_nothing_blamed_on_its_roles() {
    let azure = sandbox(Settings::default());
    azure.answer_as(Identity::named("other"));
    azure.assign(Vec::new());
    let examined = examined(azure, Host::Vm, &[]).await;
    let check = examined.fails_alone(("arm_token", "wrong_identity"));
    says(check, "mend", "AZURE_CLIENT_ID");
    assert_eq!(examined.check("permissions")["because"], "arm_token");
}

#[actix_web::test]
async fn a_proxy_in_place_of_the_identity_endpoint_is_told_as_such() {
    let azure = sandbox(Settings::default());
    let page = Fault::answer(200, "<html>Sign in</html>");
    azure.inject(Service::Token, page, Times::Always);
    let examined = examined(azure, Host::ContainerApp, &[]).await;
    let check = examined.fails_alone(("arm_token", "not_imds"));
    says(check, "mend", examined.azure.url());
}

#[actix_web::test]
async fn an_identity_that_nobody_named_is_a_warning_with_its_client_id() {
    let azure = sandbox(Settings {
        system_assigned: false,
        ..Settings::default()
    });
    let examined = examined(azure, Host::Vm, &[("AZURE_CLIENT_ID", None)]).await;
    assert_eq!(examined.report["ok"], true, "{}", examined.report);
    assert_eq!(
        examined.all("warning"),
        [("identity", "identity_not_named")]
    );
    let id = Identity::gateway().client_id;
    assert_eq!(
        examined.check("identity")["mend"],
        format!("set AZURE_CLIENT_ID={id}")
    );
}

#[actix_web::test]
async fn the_identity_of_the_host_itself_need_not_be_named() {
    for host in [Host::Vm, Host::ContainerApp, Host::Arc] {
        let azure = sandbox(Settings::default());
        let examined = examined(azure, host, &[("AZURE_CLIENT_ID", None)]).await;
        assert_eq!(examined.check("identity")["verdict"], "ok", "{host:?}");
    }
}

#[actix_web::test]
async fn each_kind_of_host_has_its_own_command_for_its_identity() {
    for (host, command) in [
        (Host::Vm, "az vm identity assign"),
        (Host::ContainerApp, "az containerapp identity assign"),
        (Host::ContainerApp, "az functionapp identity assign"),
        (Host::AppService2017, "az webapp identity assign"),
        (Host::MachineLearning, "az ml compute show"),
    ] {
        let azure = sandbox(Settings::default());
        let body = r#"{"error":"invalid_request","error_description":"Identity not found"}"#;
        azure.inject(Service::Token, Fault::answer(400, body), Times::Always);
        let examined = examined(azure, host, &[]).await;
        let check = examined.fails_alone(("arm_token", "identity_not_assigned"));
        says(check, "mend", command);
        let mend = check["mend"].as_str().unwrap();
        let is_container = mend.contains("containerapp");
        assert_eq!(is_container, host == Host::ContainerApp, "{mend}");
    }
}
