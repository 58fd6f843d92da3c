//! A gateway that asks who calls, and callers who answer.

use std::rc::Rc;

use azure_sandbox::{CallerToken, Host, KUBERNETES_AUDIENCE, Sandbox, Service, Settings};

use crate::{answer::Answer, gateway::Gateway, issuers::ENTRA};

/// Policies that are not in the way.
pub(crate) const EVERYBODY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/it/callers/everybody.cedar"
);

/// A gateway that takes tokens of Entra ID, with variables of its own.
pub(crate) fn entra(vars: &[(&str, &str)]) -> Gateway {
    let azure = Rc::new(Sandbox::start(Settings::default()).unwrap());
    before(azure, "entra", vars)
}

/// One that takes tokens by `methods`, before `azure`.
pub(crate) fn before(azure: Rc<Sandbox>, methods: &str, vars: &[(&str, &str)]) -> Gateway {
    let issuer = format!("{}={KUBERNETES_AUDIENCE}", azure.kubernetes_url());
    let cluster = azure.kubernetes_environment();
    let mut all = Vec::new();
    if methods.contains("entra") {
        all.extend(ENTRA);
    }
    if methods.contains("oidc") {
        all.push(("MIG_AUTH_ISSUERS", &issuer));
    }
    if methods.contains("kubernetes") {
        all.push(("MIG_AUTH_KUBERNETES_AUDIENCE", KUBERNETES_AUDIENCE));
        all.extend(
            cluster
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
    }
    all.push(("MIG_AUTH", methods));
    // App roles are Entra ID's: the built-in policies know no account.
    if methods != "entra" {
        all.push(("MIG_POLICY_FILE", EVERYBODY));
    }
    all.retain(|(name, _)| !vars.iter().any(|(known, _)| known == name));
    all.extend(vars);
    Gateway::beside(azure, Host::ContainerApp, &all)
}

/// GET of `path` with `token`.
pub(crate) async fn get(gateway: &Gateway, path: &str, token: &str) -> Answer {
    let header = format!("Bearer {token}");
    let headers = [("authorization", header.as_str())];
    let (api, body) = (gateway.api, Vec::new());
    gateway.send("GET", api, path, &headers, body).await
}

/// The status of a call with a token that Entra ID issues as it is asked for.
pub(crate) async fn called(gateway: &Gateway, token: &CallerToken) -> u16 {
    let token = gateway.azure.caller_token(token);
    get(gateway, "/vms/web-01", &token).await.status
}

/// How often issuers were asked for their keys.
pub(crate) fn key_fetches(azure: &Sandbox) -> usize {
    let mut requests = azure.requests(Service::Keys);
    requests.retain(|request| request.path.contains("keys"));
    requests.len()
}
