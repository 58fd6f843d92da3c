//! Who may call while callers are not authenticated; below it, who may where they
//! are.

pub(crate) mod bearer;
mod cluster_away;
mod entra;
mod keys;
mod kubernetes;
mod oidc;
mod strangers;

use azure_sandbox::Service;

use crate::{answer::Answer, gateway::Gateway};

const DEALLOCATE: &str = "/vms/web-01/deallocate";

async fn order(gateway: &Gateway, headers: &[(&str, &str)]) -> Answer {
    let body = Vec::new();
    gateway
        .send("POST", gateway.api, DEALLOCATE, headers, body)
        .await
}

#[actix_web::test]
async fn a_web_page_of_others_cannot_give_orders() {
    let gateway = Gateway::start();
    for header in [
        ("origin", "https://evil.example"),
        ("origin", "http://127.0.0.1:1"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let answer = order(&gateway, &[header]).await;

        let told = (answer.status, answer.code());
        assert_eq!(told, (403, "forbidden".to_owned()), "{header:?}");
    }
    assert!(gateway.azure.requests(Service::Actions).is_empty());
}

#[actix_web::test]
async fn an_own_page_behind_a_proxy_that_ends_tls_is_told_what_lets_it_in() {
    let gateway = Gateway::start();
    let page = [
        ("host", "vms.localhost"),
        ("origin", "https://vms.localhost"),
        ("sec-fetch-site", "same-origin"),
    ];
    let refused = order(&gateway, &page).await;
    assert_eq!(refused.status, 403);
    assert!(
        refused.text().contains("MIG_PUBLIC_URL"),
        "{}",
        refused.text()
    );
    let told = Gateway::with(&[("MIG_PUBLIC_URL", "https://vms.localhost")]);
    assert_eq!(order(&told, &page).await.status, 202);
}

#[actix_web::test]
async fn a_name_that_is_not_this_machines_is_not_answered_to() {
    let gateway = Gateway::start();
    for host in [
        "rebind.evil.example",
        "rebind.evil.example:8080",
        "10.0.0.1",
    ] {
        let answer = order(&gateway, &[("host", host)]).await;

        assert_eq!(answer.status, 403, "{host}");
    }
    assert!(gateway.azure.requests(Service::Actions).is_empty());
}

#[actix_web::test]
async fn a_host_that_is_none_is_refused() {
    let gateway = Gateway::start();
    for host in ["x?\\", "127.0.0.1/p?q=1#f", "u:p@127.0.0.1", "a b", "[::1"] {
        let answer = order(&gateway, &[("host", host)]).await;

        assert_eq!(answer.status, 400, "{host}");
    }
    assert!(gateway.azure.requests(Service::Actions).is_empty());
}

#[actix_web::test]
async fn the_machines_own_names_and_pages_are_answered_to() {
    let gateway = Gateway::start();
    let own = format!("http://{}", gateway.api);
    for header in [
        ("host", "localhost"),
        ("host", "LOCALHOST:8080"),
        ("host", "gateway.localhost"),
        ("host", "127.1.2.3:80"),
        ("host", "[::1]:8080"),
        ("origin", own.as_str()),
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-site", "none"),
    ] {
        let answer = order(&gateway, &[header]).await;

        assert_eq!(answer.status, 202, "{header:?}");
    }
}

#[actix_web::test]
async fn the_public_name_is_answered_to() {
    let gateway = Gateway::with(&[("MIG_PUBLIC_URL", "https://vms.example.com")]);

    let answer = order(&gateway, &[("host", "vms.example.com")]).await;
    let page = order(
        &gateway,
        &[
            ("host", "vms.example.com"),
            ("origin", "https://vms.example.com"),
        ],
    )
    .await;
    let other = order(&gateway, &[("host", "dbs.example.com")]).await;

    assert_eq!((answer.status, page.status, other.status), (202, 202, 403));
}

#[actix_web::test]
async fn what_a_proxy_says_it_was_asked_for_is_not_believed() {
    let gateway = Gateway::start();
    let path = "/directory/users?department=Seinfeld&top=2";
    let headers = [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "javascript"),
        ("forwarded", "host=evil.example;proto=ftp"),
    ];

    let answer = gateway
        .send("GET", gateway.api, path, &headers, Vec::new())
        .await;

    let link = answer.json()["nextLink"].as_str().unwrap().to_owned();
    let own = format!("http://{}/directory/users?", gateway.api);
    assert!(link.starts_with(&own), "{link}");
}
