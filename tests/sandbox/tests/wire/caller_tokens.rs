//! Tokens of callers, by those who verify them.

use azure_sandbox::{
    API_APP_ID_URI, API_CLIENT_ID, Caller, CallerToken, SCOPE, Sandbox, Settings, Shape, SignedBy,
    TENANT, TokenVersion,
};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::{
    client::{claims, sandbox},
    issuer::{V1, V2, configuration, verified, verify},
};

#[test]
fn an_apps_token_of_version_2_says_what_entra_id_says() {
    let azure = sandbox();
    let caller = Caller::operator();

    let token = azure.caller_token(&CallerToken::default());

    let said = verify(&azure, &token, V2).unwrap();
    assert_eq!(said["aud"], API_CLIENT_ID);
    assert_eq!(said["ver"], "2.0");
    assert_eq!(said["tid"], TENANT);
    assert_eq!(said["azp"], json!(caller.client_id));
    assert_eq!(said["azpacr"], "2");
    assert_eq!(said["oid"], json!(caller.object_id));
    assert_eq!(said["sub"], said["oid"]);
    assert_eq!(said["idtyp"], "app");
    assert_eq!(said["roles"], json!(caller.roles));
    assert_eq!(said["uti"].as_str().map(str::len), Some(22));
    assert_eq!(has(&said, &["scp", "name", "appid"]), [false; 3]);
}

#[test]
fn an_apps_token_of_version_1_has_the_names_of_its_version() {
    let azure = sandbox();

    let token = azure.caller_token(&CallerToken {
        version: TokenVersion::V1,
        ..CallerToken::default()
    });

    let said = verify(&azure, &token, V1).unwrap();
    assert_eq!(said["aud"], API_APP_ID_URI);
    assert_eq!(said["ver"], "1.0");
    assert_eq!(said["iss"], format!("https://sts.windows.net/{TENANT}/"));
    assert_eq!(said["appid"], json!(Caller::operator().client_id));
    assert_eq!(said["appidacr"], "2");
    assert_eq!(has(&said, &["azp", "azpacr"]), [false; 2]);
}

#[test]
fn a_users_token_has_a_scope_and_their_names() {
    let azure = sandbox();
    for (version, path, names) in [
        (TokenVersion::V1, V1, &["upn", "unique_name"][..]),
        (TokenVersion::V2, V2, &["preferred_username"]),
    ] {
        let token = azure.caller_token(&CallerToken {
            version,
            ..CallerToken::of(Caller::person())
        });

        let said = verify(&azure, &token, path).unwrap();
        assert_eq!(said["scp"], SCOPE);
        assert_eq!(said["name"], "elaine");
        assert_ne!(said["sub"], said["oid"]);
        for name in names {
            assert_eq!(said[*name], "elaine@contoso.example");
        }
        assert_eq!(has(&said, &["idtyp"]), [false]);
    }
}

#[test]
fn callers_have_the_same_ids_at_every_start() {
    let ids = |azure: &Sandbox, caller: Caller| {
        let said = claims(&azure.caller_token(&CallerToken::of(caller)));
        ["tid", "oid", "azp"].map(|name| said[name].clone())
    };
    let (one, other) = (sandbox(), sandbox());
    let callers = [
        Caller::operator(),
        Caller::reader(),
        Caller::person(),
        Caller::stranger(),
        Caller::app("backup"),
    ];

    for caller in callers {
        assert_eq!(ids(&one, caller.clone()), ids(&other, caller));
    }
    let stranger = ids(&one, Caller::stranger());
    assert_ne!(stranger[0], TENANT);
}

#[test]
fn roles_and_scope_can_be_left_out() {
    let azure = sandbox();
    let bare = |caller| {
        claims(&azure.caller_token(&CallerToken {
            roles: Some(Vec::new()),
            scope: Some(String::new()),
            ..CallerToken::of(caller)
        }))
    };

    assert_eq!(has(&bare(Caller::operator()), &["roles"]), [false]);
    assert_eq!(has(&bare(Caller::person()), &["roles", "scp"]), [false; 2]);
}

#[test]
fn times_are_by_the_clock_of_this_azure() {
    let azure = Sandbox::start(Settings {
        clock_offset: 7200,
        ..Settings::default()
    })
    .unwrap();
    let now = i64::try_from(jsonwebtoken::get_current_timestamp()).unwrap();

    let said = claims(&azure.caller_token(&CallerToken {
        issued_in: -10,
        valid_in: 20,
        expires_in: 30,
        ..CallerToken::default()
    }));

    for (name, offset) in [("iat", -10), ("nbf", 20), ("exp", 30)] {
        let late = said[name].as_i64().unwrap() - now - 7200 - offset;
        assert!((0..10).contains(&late), "{name}: {late}");
    }
}

#[test]
fn claims_and_header_can_be_changed_and_are_signed_as_they_are() {
    let azure = sandbox();

    let token = azure.caller_token(&CallerToken {
        claims: json!({"tid": null, "groups": ["a"]}),
        header: json!({"crit": ["exp"], "exp": 1}),
        ..CallerToken::default()
    });

    let said = verify(&azure, &token, V2).unwrap();
    assert_eq!(has(&said, &["tid"]), [false]);
    assert_eq!(said["groups"], json!(["a"]));
    assert_eq!(part(&token, 0)["crit"], json!(["exp"]));
}

#[test]
fn another_algorithm_of_rsa_is_done_as_the_header_says() {
    let azure = sandbox();
    for algorithm in [Algorithm::RS384, Algorithm::RS512, Algorithm::PS256] {
        let token = azure.caller_token(&CallerToken {
            header: json!({"alg": format!("{algorithm:?}")}),
            ..CallerToken::default()
        });
        let told = configuration(&azure, V2);

        let done = verified(&token, &told, &[API_CLIENT_ID], algorithm);
        assert!(done.is_ok(), "{algorithm:?}: {done:?}");
        assert!(verify(&azure, &token, V2).is_err(), "{algorithm:?}");
    }
}

#[test]
fn what_is_signed_wrongly_is_so_for_the_reason_of_its_name() {
    let azure = sandbox();
    for (signed_by, reason) in [
        (SignedBy::Unpublished, "unknown kid"),
        (SignedBy::Next, "unknown kid"),
        (SignedBy::Forged, "InvalidSignature"),
        (SignedBy::Broken, "InvalidSignature"),
        (SignedBy::OfAnotherIssuer, "the key of another issuer"),
        (SignedBy::ForEncryption, "not such a key"),
        (SignedBy::Elliptic, "not such a key"),
        (SignedBy::Hmac, "InvalidAlgorithm"),
    ] {
        let token = azure.caller_token(&CallerToken {
            signed_by,
            ..CallerToken::default()
        });

        let refused = verify(&azure, &token, V2);
        assert_eq!(refused, Err(reason.to_owned()), "{signed_by:?}");
    }
}

#[test]
fn a_token_without_a_signature_ends_with_a_dot() {
    let azure = sandbox();

    let token = azure.caller_token(&CallerToken {
        signed_by: SignedBy::None,
        ..CallerToken::default()
    });

    assert_eq!(part(&token, 0)["alg"], "none");
    assert!(token.ends_with('.'));
    assert_eq!(token.matches('.').count(), 2);
}

#[test]
fn shapes_depart_in_what_they_are_named_for() {
    let azure = sandbox();
    let shaped = |shape| {
        azure.caller_token(&CallerToken {
            shape,
            ..CallerToken::default()
        })
    };

    assert!(shaped(Shape::Padded).contains('='));
    assert_eq!(shaped(Shape::TwoSegments).matches('.').count(), 1);
    assert_eq!(shaped(Shape::FourSegments).matches('.').count(), 3);
    let large = shaped(Shape::OversizedClaims(20_000));
    assert!(large.split('.').nth(1).unwrap().len() > 20_000);
    assert!(verify(&azure, &large, V2).is_ok());
    let large = shaped(Shape::OversizedHeader(20_000));
    assert!(large.split('.').next().unwrap().len() > 20_000);
    assert!(verify(&azure, &large, V2).is_ok());
}

#[test]
fn text_stands_in_place_of_claims_and_header() {
    let azure = sandbox();
    let twice = r#"{"aud":"a","aud":"b"}"#;

    let token = azure.caller_token(&CallerToken {
        claims_text: Some(twice.to_owned()),
        header_text: Some("{".to_owned()),
        ..CallerToken::default()
    });

    assert_eq!(text(&token, 0), "{");
    assert_eq!(text(&token, 1), twice);
}

#[test]
fn a_callers_token_is_a_secret() {
    let azure = sandbox();

    let token = azure.caller_token(&CallerToken::default());

    assert!(azure.secrets().contains(&token));
}

#[test]
fn the_public_half_of_a_key_can_be_put_into_a_header() {
    let azure = sandbox();
    let key = azure.public_key(SignedBy::Unpublished);

    let token = azure.caller_token(&CallerToken {
        signed_by: SignedBy::Unpublished,
        header: json!({"jwk": key}),
        ..CallerToken::default()
    });

    assert_eq!(part(&token, 0)["jwk"]["kid"], part(&token, 0)["kid"]);
}

fn has<const N: usize>(claims: &Value, names: &[&str; N]) -> [bool; N] {
    names.map(|name| claims.get(name).is_some())
}

fn part(token: &str, index: usize) -> Value {
    serde_json::from_str(&text(token, index)).unwrap()
}

fn text(token: &str, index: usize) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let part = token.split('.').nth(index).unwrap();
    String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}
