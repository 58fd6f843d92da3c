//! Hosts, clouds, networks and clocks that are not as they should be.

use std::net::TcpListener;

use azure_sandbox::{Cloud, Fault, Host, Service, Settings, Times};

use super::{examined, sandbox, says};

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
    // A port that was free a moment ago, and at which nobody listens.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
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
async fn what_answers_in_azures_place_is_told_from_azure() {
    let azure = sandbox(Settings::default());
    let page = Fault::answer(200, "<html>Sign in</html>");
    azure.inject(Service::Graph, page, Times::Always);
    let examined = examined(azure, Host::ContainerApp, &[]).await;
    let check = examined.fails_alone(("graph", "intercepted"));
    says(check, "mend", "MIG_GRAPH_ENDPOINT");
    assert_eq!(examined.check("graph_role")["because"], "graph");
}
