//! The challenge of Azure Arc's agent: rows A.

use azure_sandbox::{ArcFault, Fault, Host, Identity, Sandbox, Service, Settings, Times};

use super::{MACHINE, azure, served, told, usual};
use crate::gateway::Gateway;

fn refused(azure: Sandbox, fault: ArcFault) -> Gateway {
    azure.inject(Service::Token, Fault::Arc(fault), Times::Always);
    Gateway::before(azure, Host::Arc, &[])
}

/// Nothing of a file was sent anywhere.
fn assert_nothing_shown(gateway: &Gateway) {
    let requests = gateway.azure.requests(Service::Token);
    assert!(!requests.is_empty());
    let shown = |it: &&azure_sandbox::Recorded| it.header("authorization").is_some();
    assert_eq!(requests.iter().filter(shown).count(), 0);
}

#[actix_web::test]
async fn the_key_is_shown_to_the_agent_that_asks_for_it() {
    let gateway = served(usual(), Host::Arc, &[]).await;
    let requests = gateway.azure.requests(Service::Token);
    let [asked, shown] = &requests[..2] else {
        panic!("{requests:?}");
    };
    assert_eq!(asked.header("metadata"), Some("true"));
    assert_eq!(asked.header("authorization"), None);
    for request in [asked, shown] {
        assert!(request.query.contains("api-version=2020-06-01"));
    }
    let keys = requests.iter().filter_map(|it| it.header("authorization"));
    assert_eq!(keys.filter(|key| key.starts_with("Basic ")).count(), 2);
}

#[actix_web::test]
async fn a1_a_challenge_that_is_none_is_an_error_of_its_own() {
    for (fault, words) in [
        (ArcFault::NoChallenge, "answered without its challenge"),
        (ArcFault::WrongStatus, "answered without its challenge"),
        (ArcFault::NoRealm, "does not name one file"),
        (ArcFault::ThreeParts, "does not name one file"),
    ] {
        let gateway = refused(usual(), fault);
        told(&gateway, words).await;
        let answer = gateway.get(MACHINE).await;
        assert_eq!(answer.status, 503, "{fault:?}");
        assert_nothing_shown(&gateway);
    }
}

#[actix_web::test]
async fn a2_a_file_that_is_no_key_of_the_agents_is_not_shown() {
    for (fault, words) in [
        (ArcFault::OutsideFolder, "is not in MIG_ARC_KEY_FOLDER"),
        (ArcFault::Traversal, "is not in MIG_ARC_KEY_FOLDER"),
        (ArcFault::Symlink, "is not in MIG_ARC_KEY_FOLDER"),
        (ArcFault::WrongExtension, "is no .key"),
        (ArcFault::MissingFile, "cannot be read"),
        (ArcFault::TooLarge(4097), "longer than 4096 bytes"),
        (ArcFault::TooLarge(5000), "longer than 4096 bytes"),
    ] {
        let gateway = refused(usual(), fault);
        told(&gateway, words).await;
        assert_nothing_shown(&gateway);
    }
}

#[actix_web::test]
async fn a2_the_longest_key_is_shown() {
    let azure = usual();
    azure.inject(
        Service::Token,
        Fault::Arc(ArcFault::TooLarge(4096)),
        Times::Next(1),
    );
    let gateway = Gateway::before(azure, Host::Arc, &[]);
    gateway.ready().await;
    // Others are shorter: without it the gateway would be ready as well, a little later.
    let requests = gateway.azure.requests(Service::Token);
    let mut keys = requests.iter().filter_map(|it| it.header("authorization"));
    assert!(keys.any(|key| key.len() == "Basic ".len() + 4096));
}

#[actix_web::test]
async fn a_disorder_that_ends_is_got_over() {
    let azure = usual();
    let fault = Fault::Arc(ArcFault::MissingFile);
    azure.inject(Service::Token, fault, Times::Next(2));
    let gateway = Gateway::before(azure, Host::Arc, &[]);
    told(&gateway, "cannot be read").await;
    gateway.ready().await;
}

#[actix_web::test]
async fn an_agent_that_knows_identities_is_asked_for_the_configured_one() {
    let own = Identity::gateway();
    for (variable, id) in [
        ("AZURE_CLIENT_ID", &own.client_id),
        ("MIG_IDENTITY_OBJECT_ID", &own.object_id),
        ("MIG_IDENTITY_RESOURCE_ID", &own.resource_id),
    ] {
        let azure = azure(Settings {
            arc_user_assigned: true,
            ..Settings::default()
        });
        served(azure, Host::Arc, &[(variable, id.as_str())]).await;
    }
}

/// The agent overlooks the id, and gives out a token of the server's identity.
#[actix_web::test]
async fn p20_a_token_of_an_agent_that_knows_no_identities_is_not_used() {
    let own = Identity::gateway();
    let vars = [("AZURE_CLIENT_ID", own.client_id.as_str())];
    let gateway = Gateway::before(usual(), Host::Arc, &vars);
    told(&gateway, "does not say that its token is for the identity").await;
    assert_eq!(gateway.get(MACHINE).await.status, 503);
    assert!(gateway.azure.requests(Service::VirtualMachines).is_empty());
}
