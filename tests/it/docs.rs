//! The contract as a page, where the operator offers it.

use azure_sandbox::CallerToken;

use crate::{answer::Answer, callers::bearer, contract::Contract, edge::raw, gateway::Gateway};

const ON: (&str, &str) = ("MIG_DOCS", "on");

/// The paths of the files that the page loads, as it names them.
fn files(page: &Answer) -> Vec<String> {
    let text = page.text();
    let quoted = text.split('"').filter(|part| part.starts_with("/docs/"));
    quoted.map(str::to_owned).collect()
}

/// GET of `path` by a browser, with `headers` of its own.
async fn browsed(gateway: &Gateway, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut all = vec![("accept-encoding", "gzip, deflate, br")];
    all.retain(|(name, _)| !headers.iter().any(|(known, _)| known == name));
    all.extend(headers);
    gateway
        .send("GET", gateway.api, path, &all, Vec::new())
        .await
}

#[actix_web::test]
async fn unless_it_is_asked_for_there_is_no_page() {
    let gateway = bearer::entra(&[]);
    gateway.ready().await;
    let token = gateway.azure.caller_token(&CallerToken::default());
    for path in ["/docs", "/docs/start.js", "/nothing"] {
        assert_eq!(gateway.get(path).await.status, 401, "{path}");
        let known = bearer::get(&gateway, path, &token).await;
        assert_eq!((known.status, known.code().as_str()), (404, "not_found"));
    }
    let headers = [("authorization", format!("Bearer {token}"))];
    let headers = headers
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let post = gateway.send("POST", gateway.api, "/docs", &headers, Vec::new());
    assert_eq!(
        post.await.status,
        404,
        "no 405, which would tell of the page"
    );
}

#[actix_web::test]
async fn the_page_its_files_and_the_contract_are_for_everybody() {
    let gateway = bearer::entra(&[ON]);
    gateway.ready().await;
    let page = gateway.get("/docs").await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let files = files(&page);
    assert_eq!(files.len(), 5, "{files:?}");
    for path in files.iter().map(String::as_str).chain(["/openapi.yaml"]) {
        assert_eq!(browsed(&gateway, path, &[]).await.status, 200, "{path}");
        let forged = browsed(&gateway, path, &[("authorization", "Bearer x")]).await;
        assert_eq!(forged.status, 200, "{path}");
    }
}

#[actix_web::test]
async fn nothing_else_is_for_everybody() {
    let gateway = bearer::entra(&[ON]);
    gateway.ready().await;
    for (method, path) in [
        ("GET", "/docs/"),
        ("GET", "/docs/start.js"),
        ("GET", "//docs"),
        ("GET", "/%64ocs"),
        ("GET", "/docs/../vms"),
        ("GET", "/openapi.yaml/"),
        ("GET", "/vms"),
        ("HEAD", "/docs"),
        ("POST", "/docs"),
        ("OPTIONS", "/openapi.yaml"),
    ] {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            gateway.api
        );
        let answer = raw(&gateway, request.as_bytes());
        assert!(
            answer.starts_with("HTTP/1.1 401 "),
            "{method} {path}: {answer}"
        );
    }
    let body = "GET /docs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n";
    let answer = raw(&gateway, body.as_bytes());
    assert!(
        answer.starts_with("HTTP/1.1 401 "),
        "it is not waited for: {answer}"
    );
}

#[actix_web::test]
async fn a_method_that_the_page_does_not_offer_is_405_for_who_is_known() {
    let gateway = Gateway::with(&[ON]);
    for method in ["POST", "DELETE"] {
        let answer = gateway.send(method, gateway.api, "/docs", &[], Vec::new());
        let answer = answer.await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET")));
    }
    let head = "HEAD /docs HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let answer = raw(&gateway, head.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
}

#[actix_web::test]
async fn the_page_may_load_its_own_and_nothing_inline() {
    let gateway = Gateway::with(&[ON]);
    let page = gateway.get("/docs").await;
    let policy = page.header("content-security-policy").unwrap();
    for word in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ] {
        assert!(
            policy.split("; ").any(|it| it == word),
            "{word} in {policy}"
        );
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(!page.text().contains("://"), "{}", page.text());
}

#[actix_web::test]
async fn a_file_is_loaded_once_and_for_good() {
    let gateway = Gateway::with(&[ON]);
    for path in files(&gateway.get("/docs").await) {
        let answer = browsed(&gateway, &path, &[]).await;
        let expected = match path.rsplit_once('.').unwrap().1 {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            _ => "text/plain; charset=utf-8",
        };
        assert_eq!(answer.header("content-type"), Some(expected), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let validity = answer.header("cache-control").unwrap();
        assert_eq!(validity, "public, max-age=31536000, immutable", "{path}");
        let tag = answer.header("etag").unwrap();
        let again = browsed(&gateway, &path, &[("if-none-match", tag)]).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("etag"), Some(tag));
        assert_eq!(again.header("cache-control"), Some(validity));
    }
}

#[actix_web::test]
async fn the_renderer_comes_compressed_and_in_no_other_way() {
    let gateway = Gateway::with(&[ON]);
    let files = files(&gateway.get("/docs").await);
    let renderer = files
        .iter()
        .find(|path| path.contains("swagger-ui"))
        .unwrap();
    for (accepted, status) in [
        ("gzip", 200),
        ("br;q=1.0, gzip;q=0.5", 200),
        ("identity", 406),
    ] {
        let answer = browsed(&gateway, renderer, &[("accept-encoding", accepted)]).await;
        assert_eq!(answer.status, status, "{accepted}");
        let coding = answer.header("content-encoding");
        assert_eq!(coding.is_some(), status == 200, "{accepted}: {coding:?}");
    }
}

#[actix_web::test]
async fn the_page_of_another_may_link_to_this_one_and_read_nothing() {
    let gateway = bearer::entra(&[ON]);
    gateway.ready().await;
    let link = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
    ];
    assert_eq!(browsed(&gateway, "/docs", &link).await.status, 200);
    let fetch = [
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
    ];
    assert_eq!(browsed(&gateway, "/openapi.yaml", &fetch).await.status, 403);
}

#[actix_web::test]
async fn a_name_that_is_not_this_machines_has_no_page_either() {
    let gateway = Gateway::with(&[ON]);
    let rebound = [("host", "rebind.evil.example")];
    for path in ["/docs", "/openapi.yaml"] {
        assert_eq!(
            browsed(&gateway, path, &rebound).await.status,
            403,
            "{path}"
        );
    }
}

#[test]
fn the_page_is_documented() {
    let operations = Contract::get().operations();
    for path in ["/docs", "/docs/{file}"] {
        assert!(operations.contains(&("GET".to_owned(), path.to_owned())));
    }
}
