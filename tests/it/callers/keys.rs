//! Keys that change, and issuers that cannot be reached.

use std::{
    collections::HashMap,
    rc::Rc,
    thread,
    time::{Duration, Instant},
};

use azure_sandbox::{CallerToken, Fault, Host, Sandbox, Service, Settings, SignedBy, Times};
use futures_util::future::join_all;
use serde_json::Value;

use super::bearer::{before, called, entra, get, key_fetches};
use crate::{
    flood::Flood,
    issuers::ENTRA,
    output::captured,
    program::{Running, gateway},
    wire::{self, Connection},
};

fn signed_by(signed_by: SignedBy) -> CallerToken {
    CallerToken {
        signed_by,
        ..CallerToken::default()
    }
}

#[actix_web::test]
async fn nobody_is_turned_away_while_keys_roll_over() {
    let gateway = entra(&[]);
    gateway.ready().await;
    let early = gateway.azure.caller_token(&CallerToken::default());
    assert_eq!(get(&gateway, "/vms/web-01", &early).await.status, 200);
    gateway.azure.publish_next_key();
    gateway.azure.rotate_signing_keys();
    let late: Vec<_> = (0..32)
        .map(|_| gateway.azure.caller_token(&CallerToken::default()))
        .collect();
    let tokens = late.iter().chain(std::iter::repeat_n(&early, 32));
    let calls = tokens.map(|token| get(&gateway, "/identity", token));
    for answer in join_all(calls).await {
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    assert_eq!(key_fetches(&gateway.azure), 2);
}

#[actix_web::test]
async fn keys_that_are_replaced_are_no_longer_believed() {
    let gateway = entra(&[]);
    gateway.ready().await;
    let old = gateway.azure.caller_token(&CallerToken::default());
    assert_eq!(get(&gateway, "/vms/web-01", &old).await.status, 200);
    gateway.azure.replace_signing_keys();
    assert_eq!(called(&gateway, &CallerToken::default()).await, 200);
    let answer = get(&gateway, "/vms/web-01", &old).await;
    assert_eq!(
        answer.status, 401,
        "a token that was proven by the old keys"
    );
    assert_eq!(called(&gateway, &signed_by(SignedBy::Retired)).await, 401);
}

#[actix_web::test]
async fn a_flood_of_unknown_keys_is_not_passed_on_and_holds_nobody_up() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    // A process: what it logs of each would else be searched after every other test.
    let mut command = gateway();
    command
        .envs(azure.environment(Host::ContainerApp))
        .envs(ENTRA);
    let gateway = Running::start(command);
    gateway.ready().await;
    let before = key_fetches(&azure);
    let token = azure.caller_token(&CallerToken::default());
    let flood = Flood {
        to: gateway.api,
        name: "unknown",
        token: &token,
        connections: 8,
        each: 2_500,
        pace: Duration::ZERO,
    };
    let (answers, calls) = thread::scope(|scope| {
        let flood = scope.spawn(|| flood.pour());
        let (mut caller, mut calls) = (Connection::to(gateway.api), 0);
        while !flood.is_finished() {
            let reply = caller.ask(&wire::get("/identity", Some(&token)));
            assert_eq!(reply.status, 200, "{reply:?}");
            calls += 1;
        }
        (flood.join().unwrap(), calls)
    });
    assert_eq!(answers, HashMap::from([(401, 20_000)]));
    assert!(calls > 100, "{calls} good calls");
    assert_eq!(key_fetches(&azure), before + 1);
    let refused = "mi_gateway_authentications_total{outcome=\"unknown_key\"} 20000\n";
    assert!(gateway.metrics().await.contains(refused));
}

#[actix_web::test]
async fn known_keys_outlast_an_issuer_that_fails() {
    let gateway = entra(&[]);
    gateway.ready().await;
    gateway
        .azure
        .inject(Service::Keys, Fault::answer(500, "{}"), Times::Always);
    let unknown = gateway
        .azure
        .caller_token(&signed_by(SignedBy::Unpublished));
    // Whether the issuer has such a key is not known; once more, as it is not asked again.
    for _ in 0..2 {
        let answer = get(&gateway, "/vms/web-01", &unknown).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (503, "unavailable")
        );
        // So much is left of half a minute.
        let rest: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((2..=30).contains(&rest), "{rest}");
    }
    assert_eq!(called(&gateway, &CallerToken::default()).await, 200);
    let failed = r#"signing_key_fetches_total{outcome="refused",source="entra_v2"}"#;
    assert!((gateway.metric(failed).await - 1.0).abs() < f64::EPSILON);
}

#[actix_web::test]
async fn a_tenant_that_entra_id_does_not_know_is_told_in_its_words_and_with_what_mends_it() {
    const MISSPELT: &str = "7b31ddc4-0000-4000-8000-5a4d0bca1aff";
    let gateway = entra(&[("MIG_AUTH_TENANT", MISSPELT)]);
    let refused = r#"signing_key_fetches_total{outcome="refused",source="entra_v2"}"#;
    gateway
        .until("/metrics", |answer| {
            answer.text().contains(refused).then_some(())
        })
        .await;
    let log = captured();
    let mut lines = log.lines().filter_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        let is_it = line["message"] == "keys of callers' tokens were not read";
        let issuer = line["issuer"].as_str().unwrap_or_default();
        (is_it && issuer.contains(MISSPELT)).then_some(line)
    });
    let line = lines.next().unwrap();
    assert_eq!(line["upstream.code"], "invalid_request", "{line}");
    let words = line["upstream.message"].as_str().unwrap();
    assert!(words.contains("AADSTS90002"), "{line}");
    assert_eq!(line["mend"], "see MIG_AUTH_TENANT and MIG_CLOUD");
}

#[actix_web::test]
async fn an_issuer_that_is_away_takes_nobody_out_of_service_but_its_own_callers() {
    let azure = std::rc::Rc::new(Sandbox::start(Settings::default()).unwrap());
    let away = [("MIG_AUTH_ISSUERS", "https://127.0.0.1:1=api://mi-gateway")];
    let gateway = super::bearer::before(azure, "entra,oidc", &away);
    gateway.ready().await;
    let readiness = gateway.admin("/readyz").await.json();
    let mut checks = readiness["checks"].as_array().unwrap().iter();
    let keys = checks.find(|it| it["name"] == "keys:oidc").unwrap();
    assert_eq!(
        (&keys["ok"], &keys["required"]),
        (&false.into(), &false.into())
    );
    assert_eq!(called(&gateway, &CallerToken::default()).await, 200);
    let metrics = gateway.admin("/metrics").await;
    let series = r#"readiness_check{check="keys:oidc",required="#;
    let shown: Vec<_> = metrics
        .text()
        .lines()
        .filter(|it| it.contains(series))
        .map(str::to_owned)
        .collect();
    assert_eq!(shown, [format!("mi_gateway_{series}\"false\"}} 0")]);
}

#[actix_web::test]
async fn without_keys_nobody_is_let_in_and_the_gateway_is_not_ready() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    azure.inject(Service::Keys, Fault::answer(200, "{}"), Times::Always);
    let gateway = super::bearer::before(std::rc::Rc::new(azure), "entra", &[]);
    let invalid = r#"signing_key_fetches_total{outcome="invalid",source="entra_v2"}"#;
    gateway
        .until("/metrics", |answer| {
            answer.text().contains(invalid).then_some(())
        })
        .await;
    let answer = gateway.admin("/readyz").await;
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("keys:entra_v2"), "{}", answer.text());
    let token = gateway.azure.caller_token(&CallerToken::default());
    let answer = get(&gateway, "/vms/web-01", &token).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (503, "unavailable")
    );
    assert!(answer.header("retry-after").is_some());
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("has not told the keys"), "{detail}");
    gateway.azure.clear(Service::Keys);
    gateway.ready().await;
    assert_eq!(get(&gateway, "/vms/web-01", &token).await.status, 200);
}

#[actix_web::test]
async fn nobody_waits_for_keys_beyond_their_time() {
    let azure = Rc::new(Sandbox::start(Settings::default()).unwrap());
    let hold = azure.hold(Service::Keys);
    let gateway = before(azure, "entra", &[("MIG_UPSTREAM_TIMEOUT", "1s")]);
    hold.arrived(1).await;
    let began = Instant::now();
    assert_eq!(called(&gateway, &CallerToken::default()).await, 503);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
    hold.release();
}
