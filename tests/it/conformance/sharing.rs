//! C: a token is fetched once, kept for its resource and its identity alone, and
//! renewed while it serves.

use std::{rc::Rc, time::Duration};

use actix_web::rt::time;
use azure_sandbox::{Fault, Host, Identity, Sandbox, Service, Settings, Times};

use futures_util::future::join_all;
use mi_gateway::{Config, Tokens};

use super::{azure, standing};
use crate::gateway::Gateway;

const MACHINE: &str = "/vms/web-01";

#[actix_web::test]
async fn c1_two_callers_one_after_the_other_need_one_token() {
    let gateway = Gateway::start();
    for _ in 0..2 {
        assert_eq!(gateway.get(MACHINE).await.status, 200);
    }
    assert_eq!(gateway.token_requests("management").len(), 1);
}

#[actix_web::test]
async fn c2_each_api_has_a_token_of_its_own() {
    let gateway = Gateway::start();
    gateway.ready().await;
    // Each API of this Azure accepts tokens for itself alone.
    assert_eq!(gateway.get(MACHINE).await.status, 200);
    let users = "/directory/users?department=Seinfeld";
    assert_eq!(gateway.get(users).await.status, 200);
    assert_eq!(gateway.token_requests("management").len(), 1);
    assert_eq!(gateway.token_requests("graph").len(), 1);
}

/// A process holds one identity; those of a host do not mix.
#[actix_web::test]
async fn c3_identities_of_one_host_do_not_get_each_others_tokens() {
    let others = ["one", "two"].map(Identity::named);
    let settings = Settings {
        user_assigned: others.to_vec(),
        ..Settings::default()
    };
    let azure = Rc::new(Sandbox::start(settings).unwrap());
    let ids = [others[0].client_id.as_str(), &others[1].client_id, ""];
    let gateways = ids.map(|id| {
        let vars = [("AZURE_CLIENT_ID", id)];
        Gateway::beside(Rc::clone(&azure), Host::ContainerApp, &vars)
    });
    let system = Identity::named("system");
    let expected = [&others[0], &others[1], &system].map(|identity| &identity.client_id);
    for (gateway, client_id) in gateways.iter().zip(expected) {
        standing(gateway).await;
        let report = gateway.get("/identity").await.json();
        assert_eq!(report["holder"]["clientId"], *client_id);
    }
}

#[actix_web::test]
async fn c4_ten_thousand_callers_past_the_point_of_renewal_share_one_and_are_served() {
    let settings = Settings {
        token_lifetime: Duration::from_secs(12),
        ..Settings::default()
    };
    let azure = Sandbox::start(settings).unwrap();
    let config = Config::from_vars(azure.environment(Host::ContainerApp)).unwrap();
    let tokens = Tokens::new(&config).unwrap();
    assert!(tokens.arm().await);
    // The renewal begins and does not end.
    let _held = azure.hold(Service::Token);
    let mut ticks = time::interval(Duration::from_millis(10));
    while azure.requests(Service::Token).len() < 2 {
        ticks.tick().await;
        assert!(tokens.arm().await);
    }
    let served = join_all((0..10_000).map(|_| tokens.arm())).await;
    assert!(served.into_iter().all(|is_served| is_served));
    assert_eq!(azure.requests(Service::Token).len(), 2);
}

#[actix_web::test]
async fn c8_a_token_that_azure_rejects_is_replaced_past_the_hosts_cache() {
    let gateway = Gateway::before(azure(), Host::Vm, &[("MIG_TOKEN_WAIT", "5s")]);
    gateway.ready().await;
    gateway.azure.reject_tokens();
    let challenge = Fault::Answer {
        status: 401,
        headers: vec![(
            "www-authenticate".to_owned(),
            r#"Bearer error="insufficient_claims", claims="eyJ4Ijp7fX0=""#.to_owned(),
        )],
        body: "{}".to_owned(),
    };
    let service = Service::VirtualMachines;
    gateway.azure.inject(service, challenge, Times::Next(1));
    assert_eq!(gateway.get(MACHINE).await.status, 200);
    let asked = gateway.token_requests("management");
    assert_eq!(asked.len(), 2);
    assert!(!asked[0].query.contains("bypass_cache"));
    assert!(asked[1].query.contains("bypass_cache=true"));
    assert_eq!(gateway.get(MACHINE).await.status, 200);
    assert_eq!(gateway.token_requests("management").len(), 2);
}
