//! The token endpoint of a server that Azure Arc manages.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use azure_sandbox::{Host, Identity, Service, Settings};

use crate::{
    arc_challenge::{Asker, realm},
    client::{ARM, METADATA, claims, encoded, get, post},
    host::identities,
};

#[test]
fn what_is_in_the_key_file_gets_a_token() {
    let server = server(Settings::default());

    let challenge = server.ask("", None);
    let path = realm(&challenge);
    let answer = server.ask("", Some(&fs::read_to_string(&path).unwrap()));

    assert_eq!(challenge.status, 401);
    assert_eq!(challenge.text("/error"), "unauthorized_client");
    assert_eq!(answer.status, 200);
    let token = claims(&answer.text("/access_token"));
    assert_eq!(answer.text("/expires_on"), token["exp"].to_string());
    assert_eq!(server.azure().requests(Service::Token).len(), 2);
}

#[test]
fn each_challenge_has_a_file_of_its_own_that_only_its_owner_reads() {
    let server = server(Settings::default());
    let folder = server.folder();

    let paths = [(), ()].map(|()| realm(&server.ask("", None)));

    assert_ne!(paths[0], paths[1]);
    for path in paths.iter().map(Path::new) {
        assert_eq!(path.parent(), Some(Path::new(folder)));
        assert_eq!(path.extension().unwrap(), "key");
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let key = fs::read_to_string(path).unwrap();
        assert!(server.azure().secrets().contains(&key));
    }
}

#[test]
fn the_folder_goes_with_the_sandbox() {
    let server = server(Settings::default());
    let folder = server.folder().to_owned();
    let path = realm(&server.ask("", None));

    drop(server);

    assert!(!Path::new(&path).exists());
    assert!(!Path::new(&folder).exists());
}

#[test]
fn a_key_that_is_in_no_file_is_challenged_again() {
    let server = server(Settings::default());
    let own = realm(&server.ask("", None));

    let guessed = server.ask("", Some("guessed"));

    assert_eq!(guessed.status, 401);
    assert_ne!(realm(&guessed), own);
}

#[test]
fn the_metadata_header_and_a_known_version_are_required() {
    let server = server(Settings::default());
    let url = server.url("");

    let bare = get(&url, &[]);
    let posted = post(&url, &[METADATA], "resource=x");

    assert_eq!(bare.status, 400);
    assert_eq!(bare.header("www-authenticate"), None);
    assert_eq!(posted.status, 405);
    for (version, status) in [
        ("2019-11-01", 401),
        ("2020-06-01", 401),
        ("2021-02-01", 401),
        ("2018-02-01", 400),
    ] {
        let url = url.replace("2020-06-01", version);
        assert_eq!(get(&url, &[METADATA]).status, status, "{version}");
    }
}

#[test]
fn an_agent_that_knows_one_identity_hears_no_other() {
    let server = server(identities(true, &["first"]));
    let first = Identity::named("first");
    let system = server.holder("");

    for (name, id) in [
        ("client_id", &first.client_id),
        ("object_id", &first.object_id),
        ("msi_res_id", &first.resource_id),
    ] {
        let answer = server.token(&format!("&{name}={}", encoded(id)));
        let appid = claims(&answer.text("/access_token"))["appid"].clone();
        assert_eq!(appid, system, "{name}");
        assert_eq!(answer.json().get("client_id"), None, "{name}");
    }
}

#[test]
fn an_agent_that_knows_several_says_which_one_it_took() {
    let server = server(Settings {
        arc_user_assigned: true,
        ..identities(true, &["first", "second"])
    });
    let second = Identity::named("second");

    for (name, id) in [
        ("client_id", &second.client_id),
        ("object_id", &second.object_id),
        ("msi_res_id", &second.resource_id),
    ] {
        let answer = server.token(&format!("&{name}={}", encoded(id)));
        assert_eq!(answer.text(&format!("/{name}")), *id);
        let appid = claims(&answer.text("/access_token"))["appid"].clone();
        assert_eq!(appid, second.client_id, "{name}");
    }
    // Known to App Service alone.
    let unheard = server.token(&format!("&mi_res_id={}", encoded(&second.resource_id)));
    assert_eq!(unheard.json().get("msi_res_id"), None);
    let other = Identity::named("other").client_id;
    assert_eq!(server.token(&format!("&client_id={other}")).status, 400);
}

#[test]
fn an_unknown_resource_is_refused_after_the_challenge() {
    let server = server(Settings::default());
    let url = server.url("").replace(&encoded(ARM), "https%3A%2F%2Fx.org");
    let key = fs::read_to_string(realm(&get(&url, &[METADATA]))).unwrap();

    let proof = format!("Basic {key}");
    let refusal = get(&url, &[METADATA, ("authorization", &proof)]);

    assert_eq!(refusal.status, 400);
    assert_eq!(refusal.text("/error"), "invalid_resource");
}

fn server(settings: Settings) -> Asker {
    Asker::new(Host::Arc, settings)
}
