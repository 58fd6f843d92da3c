//! Whose token the token endpoint of a virtual machine hands out.

use azure_sandbox::{Identity, Sandbox, Settings};

use crate::client::{Answer, METADATA, claims, encoded, get, token_url};

#[test]
fn each_kind_of_id_gets_the_token_of_its_identity() {
    let azure = host(true, &["first", "second"]);
    let second = Identity::named("second");

    for (name, id) in [
        ("client_id", &second.client_id),
        ("object_id", &second.object_id),
        ("msi_res_id", &second.resource_id),
        ("mi_res_id", &second.resource_id),
        ("client_id", &second.client_id.to_uppercase()),
        ("msi_res_id", &second.resource_id.to_uppercase()),
    ] {
        let answer = ask(&azure, &format!("&{name}={}", encoded(id)));
        assert_eq!(answer.text("/client_id"), second.client_id, "{name}");
        let claims = claims(&answer.text("/access_token"));
        assert_eq!(claims["appid"], second.client_id, "{name}");
        assert_eq!(claims["oid"], second.object_id, "{name}");
        assert_eq!(claims["xms_mirid"], second.resource_id, "{name}");
    }
}

#[test]
fn an_id_of_one_kind_is_not_taken_for_another() {
    let azure = host(true, &["first"]);
    let first = Identity::named("first");

    for (name, id) in [
        ("client_id", &first.object_id),
        ("object_id", &first.client_id),
        ("msi_res_id", &first.client_id),
    ] {
        let refusal = ask(&azure, &format!("&{name}={}", encoded(id)));
        assert_eq!(refused(&refusal), "Identity not found", "{name}");
    }
}

#[test]
fn two_ids_are_refused_even_if_they_agree() {
    let azure = host(true, &["first"]);
    let Identity {
        client_id,
        object_id,
        ..
    } = Identity::named("first");

    let refusal = ask(
        &azure,
        &format!("&client_id={client_id}&object_id={object_id}"),
    );

    assert_eq!(refused(&refusal), "Only one identity parameter is allowed");
}

#[test]
fn an_identity_that_the_host_does_not_have_is_not_found() {
    let azure = host(true, &["first"]);
    let other = Identity::named("other");

    let refusal = ask(&azure, &format!("&client_id={}", other.client_id));

    assert_eq!(refused(&refusal), "Identity not found");
}

#[test]
fn without_an_id_the_system_assigned_identity_is_meant() {
    for user_assigned in [&[][..], &["first"], &["first", "second"]] {
        let azure = host(true, user_assigned);

        let answer = ask(&azure, "");

        assert_eq!(answer.status, 200, "{user_assigned:?}");
        let client_id = answer.text("/client_id");
        for name in user_assigned {
            assert_ne!(client_id, Identity::named(name).client_id);
        }
        let claims = claims(&answer.text("/access_token"));
        assert_eq!(
            claims["xms_mirid"],
            "/subscriptions/5ab1e000-0000-4000-8000-000000000001/resourcegroups/rg-web/\
             providers/Microsoft.Compute/virtualMachines/gateway-01"
        );
    }
}

#[test]
fn without_an_id_the_only_user_assigned_identity_is_meant() {
    let azure = host(false, &["first"]);

    let answer = ask(&azure, "");

    assert_eq!(
        answer.text("/client_id"),
        Identity::named("first").client_id
    );
}

#[test]
fn without_an_id_several_user_assigned_identities_are_refused() {
    let azure = host(false, &["first", "second"]);

    let refusal = ask(&azure, "");

    assert_eq!(
        refused(&refusal),
        "Multiple user assigned identities exist, please specify the clientId / resourceId of \
         the identity in the token request"
    );
}

#[test]
fn a_host_without_identities_finds_none() {
    let azure = host(false, &[]);

    let refusal = ask(&azure, "");

    assert_eq!(refused(&refusal), "Identity not found");
}

#[test]
fn each_identity_has_a_token_of_its_own() {
    let azure = host(true, &["first", "second"]);
    let token = |name: &str| {
        let client_id = Identity::named(name).client_id;
        ask(&azure, &format!("&client_id={client_id}")).text("/access_token")
    };

    let first = token("first");

    assert_ne!(token("second"), first);
    assert_eq!(token("first"), first);
}

/// A host with user-assigned identities of these names.
fn host(system_assigned: bool, user_assigned: &[&str]) -> Sandbox {
    Sandbox::start(Settings {
        system_assigned,
        user_assigned: user_assigned
            .iter()
            .map(|name| Identity::named(name))
            .collect(),
        ..Settings::default()
    })
    .unwrap()
}

fn ask(azure: &Sandbox, more: &str) -> Answer {
    get(&token_url(azure, more), &[METADATA])
}

/// The sentence with which a request was refused.
fn refused(answer: &Answer) -> String {
    assert_eq!(answer.status, 400);
    assert_eq!(answer.text("/error"), "invalid_request");
    answer.text("/error_description")
}
