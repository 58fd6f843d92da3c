//! Who vouches for callers, and does not.

use azure_sandbox::{Fault, Host, KUBERNETES_AUDIENCE, Sandbox, Service, Settings, Times};

use super::{Examined, examined, sandbox, says};
use crate::{issuers::ENTRA, nobody::Nobody};

/// With `changes` to the variables `vars`.
async fn told(azure: Sandbox, vars: &[(&str, &str)], changes: &[(&str, &str)]) -> Examined {
    let all: Vec<_> = vars
        .iter()
        .chain(changes)
        .map(|(name, it)| (*name, Some(*it)))
        .collect();
    examined(azure, Host::Vm, &all).await
}

#[actix_web::test]
async fn a_tenant_that_entra_id_does_not_know_is_told() {
    let known = told(sandbox(Settings::default()), &ENTRA, &[]).await;
    assert_eq!(known.check("callers")["verdict"], "ok");
    let misspelt = ("MIG_AUTH_TENANT", "7b31ddc4-0000-4000-8000-5a4d0bca1aff");
    let unknown = told(sandbox(Settings::default()), &ENTRA, &[misspelt]).await;
    let check = unknown.fails_alone(("callers", "refused"));
    says(check, "subject", misspelt.1);
    says(check, "detail", "AADSTS90002");
    says(check, "mend", "MIG_AUTH_TENANT");
}

#[actix_web::test]
async fn an_issuer_that_cannot_be_reached_is_told_beside_one_that_can() {
    let nobody = Nobody::listens();
    let issuers = format!("{}=mi-gateway", nobody.url());
    let vars = [("MIG_AUTH", "entra,oidc"), ("MIG_AUTH_ISSUERS", &issuers)];
    let examined = told(sandbox(Settings::default()), &ENTRA, &vars).await;
    let mut checks = examined
        .checks()
        .iter()
        .filter(|it| it["name"] == "callers");
    assert_eq!(checks.next().unwrap()["verdict"], "ok");
    let check = checks.next().unwrap();
    assert_eq!(check["code"], "unreachable");
    says(check, "subject", &nobody.url());
}

#[actix_web::test]
async fn a_cluster_that_reviews_no_token_is_told_and_why() {
    let refused = Fault::answer(403, r#"{"message": "tokenreviews is forbidden"}"#);
    let unknown = Fault::answer(401, r#"{"message": "Unauthorized"}"#);
    for (fault, code, mend) in [
        (None, None, ""),
        (Some(refused), Some("refused"), "system:auth-delegator"),
        (Some(unknown), Some("refused"), "MIG_KUBERNETES_TOKEN_FILE"),
        (
            Some(Fault::answer(200, "<html>")),
            Some("invalid"),
            "MIG_KUBERNETES_ENDPOINT",
        ),
    ] {
        let azure = sandbox(Settings::default());
        if let Some(fault) = fault {
            azure.inject(Service::TokenReview, fault, Times::Always);
        }
        let examined = of_cluster(azure, &[]).await;
        match code {
            None => assert_eq!(examined.check("callers")["verdict"], "ok"),
            Some(code) => says(examined.fails_alone(("callers", code)), "mend", mend),
        }
    }
}

#[actix_web::test]
async fn an_api_server_that_is_not_there_or_has_no_account_is_told() {
    let nobody = Nobody::listens();
    for (name, value, code) in [
        ("MIG_KUBERNETES_ENDPOINT", nobody.url(), "unreachable"),
        ("MIG_KUBERNETES_TOKEN_FILE", "/nope".to_owned(), "no_token"),
    ] {
        let azure = sandbox(Settings::default());
        let examined = of_cluster(azure, &[(name, &value)]).await;
        examined.fails_alone(("callers", code));
    }
}

async fn of_cluster(azure: Sandbox, changes: &[(&str, &str)]) -> Examined {
    let cluster = azure.kubernetes_environment();
    let mut vars = vec![
        ("MIG_AUTH", "kubernetes"),
        ("MIG_AUTH_KUBERNETES_AUDIENCE", KUBERNETES_AUDIENCE),
    ];
    vars.extend(
        cluster
            .iter()
            .map(|(name, it)| (name.as_str(), it.as_str())),
    );
    told(azure, &vars, changes).await
}
