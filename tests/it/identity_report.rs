//! What the gateway tells of its identity: which, why, and what is wrong.

use azure_sandbox::{Fault, Host, Identity, Sandbox, Service, Settings, Times};
use serde_json::{Value, json};

use crate::{gateway::Gateway, output};

fn azure() -> Sandbox {
    Sandbox::start(Settings::default()).unwrap()
}

/// The answer once no acquisition is under way for the first time.
async fn settled(gateway: &Gateway) -> Value {
    let is_settled =
        |token: &Value| token["state"] != "absent" || token.get("lastFailure").is_some();
    let report = |answer: &crate::answer::Answer| {
        let report = answer.json();
        let tokens = report["tokens"].as_array().unwrap();
        tokens.iter().all(is_settled).then_some(report)
    };
    gateway.until("/identity", report).await
}

#[actix_web::test]
async fn it_tells_which_identity_it_is_and_why_and_never_the_token() {
    let own = Identity::gateway();
    for (host, source, evidence) in [
        (Host::Vm, "imds", json!([])),
        (
            Host::ContainerApp,
            "app_service",
            json!(["IDENTITY_ENDPOINT", "IDENTITY_HEADER"]),
        ),
    ] {
        let gateway = Gateway::before(azure(), host, &[]);
        let report = settled(&gateway).await;
        assert_eq!(report["source"], source);
        assert_eq!(report["evidence"], evidence);
        let id = json!({"kind": "client_id", "value": own.client_id});
        assert_eq!(report["id"], id);
        assert_eq!(report["holder"]["objectId"], own.object_id);
        assert!(report["holder"]["tenantId"].is_string());
        for (token, resource) in report["tokens"]
            .as_array()
            .unwrap()
            .iter()
            .zip(["arm", "graph"])
        {
            assert_eq!(token["resource"], resource);
            assert_eq!(token["state"], "fresh");
            assert!(token["ageSeconds"].as_u64().unwrap() < 60);
            assert!(token.get("lastFailure").is_none());
        }
        assert_eq!(report["tokens"][1]["roles"], json!(["User.Read.All"]));
        // That it has no secret is what the gateway looks for at its end.
    }
}

#[actix_web::test]
async fn looking_acquires_nothing() {
    let gateway = Gateway::start();
    gateway.ready().await;
    let asked = gateway.azure.requests(Service::Token).len();
    for _ in 0..5 {
        gateway.get("/identity").await;
    }
    assert_eq!(gateway.azure.requests(Service::Token).len(), asked);
}

#[actix_web::test]
async fn without_an_id_the_holder_tells_whose_the_tokens_are() {
    let azure = Sandbox::start(Settings {
        system_assigned: false,
        ..Settings::default()
    });
    let gateway = Gateway::before(azure.unwrap(), Host::Vm, &[("AZURE_CLIENT_ID", "")]);
    let report = settled(&gateway).await;
    assert_eq!(report["id"], json!({"kind": "system"}));
    assert_eq!(report["holder"]["clientId"], Identity::gateway().client_id);
}

#[actix_web::test]
async fn every_cause_has_its_code_and_its_mending_step_wherever_it_shows() {
    let unassigned = "00000000-0000-4000-8000-000000000000";
    let unmarked = Fault::Answer {
        status: 403,
        headers: vec![("content-type".to_owned(), "text/html".to_owned())],
        body: "<html>a proxy</html>".to_owned(),
    };
    let no_header = r#"{"error":"invalid_request","error_description":"Required metadata header not specified"}"#;
    let no_resource = r#"{"error":"invalid_resource","error_description":"AADSTS500011: no"}"#;
    let several = || Settings {
        system_assigned: false,
        user_assigned: vec![Identity::gateway(), Identity::named("other")],
        ..Settings::default()
    };
    let usual = Settings::default;
    for (settings, client_id, fault, code, mend) in [
        (
            usual(),
            unassigned,
            None,
            "identity_not_assigned",
            "assign the identity",
        ),
        (
            several(),
            "",
            None,
            "identity_ambiguous",
            "set AZURE_CLIENT_ID",
        ),
        (
            usual(),
            "",
            Some(Fault::answer(400, no_resource)),
            "audience_unknown",
            "MIG_CLOUD",
        ),
        (
            usual(),
            "",
            Some(Fault::answer(400, no_header)),
            "metadata_header_missing",
            "takes headers away",
        ),
        (usual(), "", Some(unmarked), "not_imds", "such as a proxy"),
    ] {
        let azure = Sandbox::start(settings).unwrap();
        if let Some(fault) = fault {
            azure.inject(Service::Token, fault, Times::Always);
        }
        let gateway = Gateway::before(azure, Host::Vm, &[("AZURE_CLIENT_ID", client_id)]);
        let report = settled(&gateway).await;
        let failure = &report["tokens"][0]["lastFailure"];
        assert_eq!(failure["code"], code, "{report}");
        assert!(
            failure["detail"].as_str().unwrap().contains(mend),
            "{report}"
        );

        let readiness = gateway.admin("/readyz").await.json();
        let check = &readiness["checks"][0];
        assert_eq!(check["code"], code, "{readiness}");
        assert!(check["detail"].as_str().unwrap().contains(mend), "{check}");

        let problem = gateway.get("/vms/web-01").await.json();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(code) && detail.contains(mend), "{problem}");
    }
}

#[actix_web::test]
async fn an_identity_header_of_yesterday_is_told_as_such() {
    let vars = [("IDENTITY_HEADER", "that-of-yesterday")];
    let gateway = Gateway::before(azure(), Host::ContainerApp, &vars);
    let report = settled(&gateway).await;
    let failure = &report["tokens"][0]["lastFailure"];
    assert_eq!(failure["code"], "identity_header_refused");
}

#[actix_web::test]
async fn the_start_is_logged_with_source_and_identity() {
    let marked = Identity::named("of-the-start-line");
    let azure = Sandbox::start(Settings {
        user_assigned: vec![marked.clone()],
        ..Settings::default()
    });
    let gateway = Gateway::before(azure.unwrap(), Host::ContainerApp, &[]);
    settled(&gateway).await;
    let log = output::captured();
    let line = log.lines().find(|line| {
        line.contains("this is the managed identity") && line.contains(&marked.client_id)
    });
    let line: Value = serde_json::from_str(line.expect("a line")).unwrap();
    assert_eq!(line["source"], "app_service");
    assert_eq!(line["id_kind"], "client_id");
    assert_eq!(line["evidence"], "IDENTITY_ENDPOINT IDENTITY_HEADER");
}
