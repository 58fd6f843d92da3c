//! The review of tokens by the API server.

use azure_sandbox::{KUBERNETES_AUDIENCE, Sandbox, ServiceAccountToken, SignedBy};
use serde_json::json;

use crate::{
    client::{claims, post, sandbox},
    reviewer::review,
};

#[test]
fn a_callers_token_is_known_with_its_account_and_its_pod() {
    let azure = sandbox();
    let token = azure.service_account_token(&ServiceAccountToken::default());

    let answer = review(&azure, &token, &[KUBERNETES_AUDIENCE]);

    let said = claims(&token);
    assert_eq!(answer.status, 201, "{}", answer.body);
    let review = answer.json();
    assert_eq!(review["kind"], "TokenReview");
    assert_eq!(review["apiVersion"], "authentication.k8s.io/v1");
    assert_eq!(review["spec"]["token"], token);
    let bound = &said["kubernetes.io"];
    let jti = said["jti"].as_str().unwrap();
    assert_eq!(
        review["status"],
        json!({
            "authenticated": true,
            "audiences": [KUBERNETES_AUDIENCE],
            "user": {
                "username": "system:serviceaccount:default:caller",
                "uid": bound["serviceaccount"]["uid"],
                "groups": [
                    "system:serviceaccounts",
                    "system:serviceaccounts:default",
                    "system:authenticated",
                ],
                "extra": {
                    "authentication.kubernetes.io/credential-id": [format!("JTI={jti}")],
                    "authentication.kubernetes.io/pod-name": ["caller-0"],
                    "authentication.kubernetes.io/pod-uid": [bound["pod"]["uid"]],
                },
            },
        })
    );
}

#[test]
fn what_is_not_known_is_told_with_a_reason_and_without_a_user() {
    let azure = sandbox();
    let own = ServiceAccountToken::default;
    for (token, reason) in [
        (
            ServiceAccountToken {
                audiences: vec!["api://AzureADTokenExchange".to_owned()],
                ..own()
            },
            "token audiences [\"api://AzureADTokenExchange\"] is invalid for the target \
             audiences [\"api://mi-gateway\"]",
        ),
        (
            ServiceAccountToken {
                expires_in: -61,
                ..own()
            },
            "service account token has expired",
        ),
        (
            ServiceAccountToken {
                valid_in: 65,
                ..own()
            },
            "service account token is not valid yet",
        ),
        (
            ServiceAccountToken {
                signed_by: SignedBy::Forged,
                ..own()
            },
            "failed to verify signature",
        ),
        (
            ServiceAccountToken {
                signed_by: SignedBy::None,
                ..own()
            },
            "failed to verify signature",
        ),
        (
            ServiceAccountToken {
                claims: json!({"sub": "system:serviceaccount:kube-system:admin"}),
                ..own()
            },
            "Token could not be validated",
        ),
    ] {
        let token = azure.service_account_token(&token);

        let answer = review(&azure, &token, &[KUBERNETES_AUDIENCE]);

        assert_eq!(answer.status, 201);
        let error = format!("[invalid bearer token, {reason}]");
        let expected = json!({"user": {}, "error": error});
        assert_eq!(answer.json()["status"], expected);
    }
}

#[test]
fn what_is_none_of_the_clusters_tokens_is_invalid() {
    let azure = sandbox();
    let other = azure.service_account_token(&ServiceAccountToken {
        issuer: Some("https://example.org".to_owned()),
        ..ServiceAccountToken::default()
    });
    for token in ["nonsense", "a.b.c", &other] {
        let answer = review(&azure, token, &[KUBERNETES_AUDIENCE]);

        let expected = json!({"user": {}, "error": "invalid bearer token"});
        assert_eq!(answer.json()["status"], expected, "{token}");
    }
}

#[test]
fn clocks_may_be_a_minute_apart() {
    let azure = sandbox();
    let token = azure.service_account_token(&ServiceAccountToken {
        expires_in: -30,
        ..ServiceAccountToken::default()
    });

    assert!(is_known(&azure, &token));
}

#[test]
fn without_audiences_a_token_has_to_be_for_the_api_server() {
    let azure = sandbox();
    let api = azure.kubernetes_url();
    let token = azure.service_account_token(&ServiceAccountToken {
        audiences: vec![api.clone()],
        ..ServiceAccountToken::default()
    });
    let for_gateway = azure.service_account_token(&ServiceAccountToken::default());

    let known = review(&azure, &token, &[]).json();
    let refused = review(&azure, &for_gateway, &[]).json();

    assert_eq!(known["status"]["audiences"], json!([api]));
    assert_eq!(refused["status"].get("authenticated"), None);
}

#[test]
fn audiences_are_those_that_both_name() {
    let azure = sandbox();
    let token = azure.service_account_token(&ServiceAccountToken {
        audiences: ["a", "b", "c"].map(str::to_owned).to_vec(),
        ..ServiceAccountToken::default()
    });

    let answer = review(&azure, &token, &["c", "d", "a"]).json();

    assert_eq!(answer["status"]["audiences"], json!(["a", "c"]));
}

#[test]
fn a_token_goes_with_its_pod_and_another_pod_has_another() {
    let azure = sandbox();
    let token = || azure.service_account_token(&ServiceAccountToken::default());
    let (first, unbound) = (
        token(),
        azure.service_account_token(&ServiceAccountToken {
            pod: None,
            ..ServiceAccountToken::default()
        }),
    );
    assert!(is_known(&azure, &first));

    azure.delete_pod("default", "caller-0");
    let answer = review(&azure, &first, &[KUBERNETES_AUDIENCE]);
    let second = token();

    let reason = "[invalid bearer token, service account token has been invalidated]";
    assert_eq!(answer.text("/status/error"), reason);
    assert!(is_known(&azure, &second));
    assert!(!is_known(&azure, &first));
    assert!(is_known(&azure, &unbound));
}

#[test]
fn a_pod_can_be_deleted_over_http() {
    let azure = sandbox();
    let token = azure.service_account_token(&ServiceAccountToken::default());
    let url = format!("{}/sandbox/pods/delete", azure.url());

    let done = post(&url, &[], r#"{"namespace": "default", "name": "caller-0"}"#);

    assert_eq!(done.status, 200);
    assert!(!is_known(&azure, &token));
}

fn is_known(azure: &Sandbox, token: &str) -> bool {
    let answer = review(azure, token, &[KUBERNETES_AUDIENCE]).json();
    answer["status"]["authenticated"] == true
}
