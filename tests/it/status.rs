//! How the gateway stands, as a page for people.

use std::time::Duration;

use azure_sandbox::{CallerToken, Fault, Host, Sandbox, Service, Settings, Times};

use crate::{callers::bearer, gateway::Gateway};

/// What stands between `from` and `to`.
fn part<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = text.split_once(from).unwrap();
    rest.split(to).next().unwrap()
}

#[actix_web::test]
async fn the_page_says_that_the_gateway_is_ready_and_how_its_tokens_stand() {
    let gateway = Gateway::start();
    gateway.ready().await;
    let page = gateway.admin("/").await.text();
    assert!(page.contains("<title>ready – mi-gateway</title>"), "{page}");
    let tokens = part(&page, "<h2>Tokens</h2>", "</section>");
    for resource in ["arm", "graph"] {
        let row = part(tokens, &format!(">{resource}</th>"), "</tr>");
        assert!(row.contains("<td>fresh</td>"), "{row}");
        assert!(row.contains(">none</td>"), "{row}");
    }
    for words in [
        "Version 0.1.0, up for ",
        "the built-in policies",
        "href=\"/metrics\"",
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
}

#[actix_web::test]
async fn what_is_wrong_is_said_in_words() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let said = r#"{"error":"invalid_request","error_description":"none"}"#;
    azure.inject(Service::Token, Fault::answer(400, said), Times::Always);
    let gateway = Gateway::before(azure, Host::ContainerApp, &[]);
    gateway
        .until("/readyz", |answer| {
            answer
                .text()
                .contains("refuses this identity")
                .then_some(())
        })
        .await;
    let page = gateway.admin("/").await;
    assert_eq!(page.status, 200, "a person is to read it");
    let page = page.text();
    assert!(
        page.contains("<title>not ready – mi-gateway</title>"),
        "{page}"
    );
    assert!(page.contains(">failed</span>"), "{page}");
    assert!(page.contains("refuses this identity"), "{page}");
}

#[actix_web::test]
async fn the_page_tells_the_checks_of_readiness() {
    let gateway = bearer::entra(&[]);
    gateway.ready().await;
    let page = gateway.admin("/").await.text().replace("<wbr>", "");
    let readiness = gateway.admin("/readyz").await.json();
    for check in readiness["checks"].as_array().unwrap() {
        let name = check["name"].as_str().unwrap();
        assert!(page.contains(&format!(">{name}</th>")), "{name} in {page}");
    }
    assert!(page.contains(">entra_v2</th>"), "{page}");
}

#[actix_web::test]
async fn nothing_of_callers_users_and_machines_is_on_the_page() {
    let gateway = bearer::entra(&[]);
    gateway.ready().await;
    gateway.azure.operations_take(Duration::from_mins(1));
    let token = gateway.azure.caller_token(&CallerToken::default());
    let header = format!("Bearer {token}");
    let headers = [("authorization", header.as_str())];
    let order = "/vms/web-01/deallocate";
    let order = gateway.send("POST", gateway.api, order, &headers, Vec::new());
    assert_eq!(order.await.status, 202);
    bearer::get(&gateway, "/directory/users?department=Seinfeld", &token).await;
    let page = gateway.admin("/").await.text();
    assert!(page.contains("1 power operation under way"), "{page}");
    assert!(page.contains("DeleteVMResource"), "quotas are shown");
    for name in [
        "web-01", "rg-web", "5ab1e000", "Seinfeld", "user0000", &token,
    ] {
        assert!(!page.contains(name), "{name} in {page}");
    }
}

#[actix_web::test]
async fn the_page_has_no_script_and_loads_its_stylesheet_alone() {
    let gateway = Gateway::start();
    let page = gateway.admin("/").await;
    assert_eq!(
        page.header("content-security-policy"),
        Some(
            "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; \
             form-action 'none'"
        )
    );
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let text = page.text();
    assert!(
        text.contains("<meta http-equiv=\"refresh\" content=\"5\">"),
        "{text}"
    );
    assert!(
        !text.contains("style=") && !text.contains("<style"),
        "{text}"
    );
    let still = gateway.admin("/?refresh=off").await.text();
    assert!(!still.contains("http-equiv"), "{still}");
    let refused = gateway.admin("/?refresh=7").await;
    assert_eq!(refused.status, 400);
    assert!(
        refused.text().contains("expected `on` or `off`"),
        "{}",
        refused.text()
    );
    let style = gateway.admin("/status.css").await;
    assert_eq!(
        style.header("content-type"),
        Some("text/css; charset=utf-8")
    );
    assert_eq!(style.header("x-content-type-options"), Some("nosniff"));
    let post = gateway.send("POST", gateway.admin, "/", &[], Vec::new());
    let post = post.await;
    assert_eq!((post.status, post.header("allow")), (405, Some("GET")));
}

#[actix_web::test]
async fn the_api_listener_has_no_such_page() {
    let gateway = Gateway::start();
    for path in ["/", "/status.css"] {
        assert_eq!(gateway.get(path).await.status, 404, "{path}");
    }
}
