//! Callers with tokens of Entra ID who are let in, and what becomes of it.

use azure_sandbox::{API_APP_ID_URI, Caller, CallerToken, SignedBy, TokenVersion};
use serde_json::json;

use super::bearer::{called, entra, get};

#[actix_web::test]
async fn applications_with_a_role_and_users_with_a_scope_are_let_in() {
    let gateway = entra(&[]);
    gateway.ready().await;
    let unmarked = CallerToken {
        claims: json!({"idtyp": null}),
        ..CallerToken::default()
    };
    let retired = CallerToken {
        signed_by: SignedBy::Retired,
        ..CallerToken::default()
    };
    let late = CallerToken {
        expires_in: -30,
        issued_in: -3600,
        valid_in: -3600,
        ..CallerToken::default()
    };
    let leading_elsewhere = CallerToken {
        header: json!({"jku": "https://evil.example/keys", "x5u": "https://evil.example/x5u"}),
        ..CallerToken::default()
    };
    for token in [
        CallerToken::default(),
        CallerToken::of(Caller::reader()),
        CallerToken::of(Caller::person()),
        unmarked,
        retired,
        late,
        leading_elsewhere,
    ] {
        assert_eq!(called(&gateway, &token).await, 200, "{token:?}");
    }
}

#[actix_web::test]
async fn each_version_has_an_issuer_and_an_audience_of_its_own() {
    let versions = [
        ("MIG_AUTH_VERSIONS", "1.0,2.0"),
        (
            "MIG_AUTH_AUDIENCE",
            &format!("{},{API_APP_ID_URI}", azure_sandbox::API_CLIENT_ID),
        ),
    ];
    let gateway = entra(&versions);
    gateway.ready().await;
    for version in [TokenVersion::V1, TokenVersion::V2] {
        let token = CallerToken {
            version,
            ..CallerToken::default()
        };
        assert_eq!(called(&gateway, &token).await, 200, "{version:?}");
    }
}

#[actix_web::test]
async fn a_token_is_looked_at_once_in_a_minute() {
    let gateway = entra(&[]);
    gateway.ready().await;
    let token = gateway.azure.caller_token(&CallerToken::default());
    for _ in 0..3 {
        assert_eq!(get(&gateway, "/vms/web-01", &token).await.status, 200);
    }
    let ok = gateway
        .metric(r#"authentications_total{outcome="ok"}"#)
        .await;
    assert!((ok - 3.0).abs() < f64::EPSILON, "{ok}");
}

#[actix_web::test]
async fn a_caller_reaches_the_gateway_by_any_name_and_not_by_a_page_of_others() {
    let gateway = entra(&[]);
    gateway.ready().await;
    let token = gateway.azure.caller_token(&CallerToken::default());
    let bearer = format!("Bearer {token}");
    for (header, status) in [
        (("host", "gateway.example"), 200),
        (("origin", "https://evil.example"), 403),
        (("sec-fetch-site", "cross-site"), 403),
    ] {
        let headers = [("authorization", bearer.as_str()), header];
        let answer = gateway
            .send("GET", gateway.api, "/vms/web-01", &headers, Vec::new())
            .await;
        assert_eq!(answer.status, status, "{header:?}");
    }
}

#[actix_web::test]
async fn a_caller_without_a_right_is_told_so_and_not_that_it_is_unknown() {
    let gateway = entra(&[]);
    gateway.ready().await;
    let token = CallerToken::of(Caller::app("nobody"));
    let token = gateway.azure.caller_token(&token);
    let answer = get(&gateway, "/vms/web-01", &token).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "forbidden"));
    let challenge = answer.header("www-authenticate").unwrap();
    assert_eq!(
        challenge,
        r#"Bearer realm="mi-gateway", error="insufficient_scope""#
    );
}

#[actix_web::test]
async fn the_bearer_of_a_genuine_token_is_told_what_is_wrong_with_it() {
    let gateway = entra(&[]);
    gateway.ready().await;
    let expired = CallerToken {
        expires_in: -90,
        ..CallerToken::default()
    };
    let token = gateway.azure.caller_token(&expired);
    let answer = get(&gateway, "/vms/web-01", &token).await;
    assert_eq!(answer.status, 401);
    assert_eq!(
        answer.header("www-authenticate"),
        Some(
            "Bearer realm=\"mi-gateway\", error=\"invalid_token\", \
             error_description=\"the token has expired\""
        )
    );
}
