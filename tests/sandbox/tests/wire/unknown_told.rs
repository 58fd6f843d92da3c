//! How it is told what the sandbox does not know: each thing, and no secret.

use serde_json::json;

use crate::{
    binary::Running,
    client::{FORM, GRAPH, METADATA, get, sandbox, token_url},
    unknown::{RESOURCES, USERS, ask, noted},
};

#[test]
fn everything_that_is_not_known_is_noted() {
    let azure = sandbox();

    let path = format!("{USERS}?x=1&y=2");
    let noted = noted(&azure, "GET", &path, &[("x-odd", "1")], "hello");

    let texts: Vec<_> = noted.unknown.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "the query parameter 'x'",
            "the query parameter 'y'",
            "the header 'x-odd'",
            "the body"
        ]
    );
}

#[test]
fn names_that_may_be_secrets_are_not_told() {
    let azure = sandbox();
    let secrets = azure.secrets();
    let token = azure.mint(GRAPH);

    for secret in secrets.iter().chain([&token]) {
        ask(&azure, "GET", &format!("{USERS}?{secret}"), &[], "");
        ask(&azure, "POST", "/oauth2/token", &[FORM], secret);
        let body = json!({secret: 1}).to_string();
        ask(&azure, "POST", RESOURCES, &[("x-odd", secret)], &body);
    }
    ask(&azure, "GET", &format!("{USERS}?a%0Ab"), &[], "");

    let shown = get(&format!("{}/sandbox/unexpected", azure.url()), &[]).body;
    assert_eq!(azure.unexpected().len(), 3 * (secrets.len() + 1) + 1);
    for request in azure.unexpected() {
        let text = request.to_string();
        assert!(text.contains('…'), "{text}");
        assert!(!text.contains('\n'), "{text}");
    }
    for secret in secrets.iter().chain([&token]) {
        assert!(!shown.contains(secret), "a secret is shown");
        let told = azure
            .unexpected()
            .iter()
            .any(|it| it.to_string().contains(secret));
        assert!(!told, "a secret is told");
    }
}

#[test]
fn it_is_told_over_http() {
    let azure = sandbox();
    let url = |path: &str| format!("{}/sandbox/{path}", azure.url());
    get(&token_url(&azure, ""), &[METADATA]);
    assert_eq!(get(&url("unexpected"), &[]).json(), json!({"value": []}));

    ask(&azure, "GET", "/metadata/versions?x=1", &[METADATA], "");

    let expected = json!({
        "service": "instance",
        "method": "GET",
        "path": "/metadata/versions",
        "isExpected": false,
        "unknown": ["the query parameter 'x'"],
    });
    let unexpected = get(&url("unexpected"), &[]).json();
    assert_eq!(unexpected, json!({"value": [expected]}));
    let all = get(&url("requests"), &[]).json();
    assert_eq!(all["value"][0]["isExpected"], true);
    assert_eq!(all["value"][0]["unknown"], json!([]));
    assert_eq!(all["value"][1], expected);
}

#[test]
fn the_program_says_it_when_it_happens() {
    let mut running = Running::start(&["serve", "--listen", "127.0.0.1:0"]);
    let line = running.line();
    let root = line.strip_prefix("A local Azure listens on ").unwrap();

    get(&format!("{root}/metadata/versions"), &[METADATA]);
    get(&format!("{root}/v1.0/groups?code=1"), &[]);
    get(&format!("{root}/metadata/versions?code=1"), &[METADATA]);
    running.terminate();

    assert_eq!(running.code(), Some(0));
    assert_eq!(
        running.errors(),
        "azure-sandbox: not known: GET /v1.0/groups: the path\n\
         azure-sandbox: not known: GET /metadata/versions: the query parameter 'code'\n"
    );
}
