//! Hosts, clouds, networks and clocks that are not as they should be.

use azure_sandbox::{Cloud, Fault, Host, Service, Settings, Times};

use super::{examined, sandbox, says};
use crate::nobody::Nobody;

#[actix_web::test]
async fn a_host_in_another_cloud_is_told_with_the_value_that_fits() {
    let azure = sandbox(Settings {
        cloud: Cloud::China,
        ..Settings::default()
    });
    let examined = examined(azure, Host::Vm, &[]).await;
    let check = examined.fails_alone(("cloud", "wrong_cloud"));
    says(check, "detail", "AzureChinaCloud");
    assert_eq!(check["mend"], "set MIG_CLOUD=china");
}

#[actix_web::test]
async fn a_container_in_another_cloud_has_no_token_for_what_is_asked() {
    let azure = sandbox(Settings {
        cloud: Cloud::UsGov,
        ..Settings::default()
    });
    let examined = examined(azure, Host::ContainerApp, &[]).await;
    let unknown = [
        ("arm_token", "audience_unknown"),
        ("graph_token", "audience_unknown"),
    ];
    assert_eq!(examined.all("failed"), unknown);
    says(examined.check("arm_token"), "mend", "MIG_CLOUD=public");
}

#[actix_web::test]
async fn instance_metadata_that_is_blocked_is_the_one_cause() {
    let azure = sandbox(Settings::default());
    let nobody = Nobody::listens();
    let endpoint = nobody.url();
    let examined = examined(azure, Host::Vm, &[("MIG_IMDS_ENDPOINT", Some(&endpoint))]).await;
    let check = examined.fails_alone(("host", "unreachable"));
    says(check, "detail", &endpoint);
    says(check, "mend", "podLinkLocalAccess");
    for name in ["arm", "graph", "clock"] {
        assert_eq!(examined.check(name)["verdict"], "ok", "{name}");
    }
    for name in ["cloud", "arm_token", "scopes", "permissions", "graph_role"] {
        assert_eq!(examined.check(name)["because"], "host", "{name}");
    }
}

#[actix_web::test]
async fn a_clock_that_is_ten_minutes_off_is_told_and_which_way() {
    for (offset, way) in [(600, "behind"), (-600, "ahead of")] {
        let azure = sandbox(Settings {
            clock_offset: offset,
            ..Settings::default()
        });
        let examined = examined(azure, Host::Vm, &[]).await;
        let check = examined.fails_alone(("clock", "clock_off"));
        says(check, "detail", way);
        says(check, "mend", "timedatectl");
    }
}

#[actix_web::test]
async fn an_error_of_resource_managers_own_is_an_answer_and_a_page_is_none() {
    for (answer, is_reached) in [
        (
            Fault::answer(
                404,
                r#"{"error":{"code":"SubscriptionNotFound","message":"not found"}}"#,
            ),
            true,
        ),
        (Fault::answer(404, "<html>Not found</html>"), false),
        (Fault::Redirect("https://login.invalid/".to_owned()), false),
    ] {
        let azure = sandbox(Settings::default());
        azure.inject(Service::VirtualMachines, answer, Times::Next(1));
        let examined = examined(azure, Host::ContainerApp, &[]).await;
        let asked = &examined.azure.requests(Service::VirtualMachines)[0];
        assert_eq!(asked.path, "/subscriptions");
        if is_reached {
            assert_eq!(examined.check("arm")["verdict"], "ok");
        } else {
            examined.fails_alone(("arm", "intercepted"));
        }
    }
}

#[actix_web::test]
async fn another_server_in_place_of_instance_metadata_is_told_as_such() {
    let azure = sandbox(Settings::default());
    let page = Fault::answer(404, "<html>Not found</html>");
    azure.inject(Service::Instance, page, Times::Always);
    let examined = examined(azure, Host::Vm, &[]).await;
    let check = examined.fails_alone(("host", "not_imds"));
    says(check, "mend", examined.azure.url());
}

#[actix_web::test]
async fn what_answers_in_azures_place_is_told_from_azure() {
    let azure = sandbox(Settings::default());
    let page = Fault::answer(200, "<html>Sign in</html>");
    azure.inject(Service::Graph, page, Times::Always);
    let examined = examined(azure, Host::ContainerApp, &[]).await;
    let check = examined.fails_alone(("graph", "intercepted"));
    says(check, "mend", "MIG_GRAPH_ENDPOINT");
    assert_eq!(examined.check("graph_role")["because"], "graph");
}
