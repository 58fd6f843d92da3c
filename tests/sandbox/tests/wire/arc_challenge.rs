//! Challenges of Arc's agent that are not as they should be.

use std::{fs, path::Path};

use azure_sandbox::{ArcFault, Fault, Host, Sandbox, Service, Settings, Times};
use serde_json::Value;

use crate::{
    client::{ARM, Answer, METADATA, claims, encoded, get, post},
    host::HostOf,
};

#[test]
fn a_challenge_can_be_wanting() {
    for (fault, header) in [
        (ArcFault::NoChallenge, None),
        (ArcFault::NoRealm, Some("Basic")),
    ] {
        let answer = spoilt(fault).1;

        assert_eq!(answer.status, 401, "{fault:?}");
        assert_eq!(answer.header("www-authenticate").map(str::trim), header);
    }
    let (_, answer) = spoilt(ArcFault::ThreeParts);
    let header = answer.header("www-authenticate").unwrap();
    assert_eq!(header.split('=').count(), 3, "{header}");
    let (_server, answer) = spoilt(ArcFault::WrongStatus);
    assert_eq!(answer.status, 200);
    assert!(Path::new(&realm(&answer)).exists());
}

/// Every key is good, so that only the file itself tells that it is not to be read.
#[test]
fn whoever_does_not_look_closely_at_the_file_gets_a_token() {
    for fault in [
        ArcFault::OutsideFolder,
        ArcFault::Traversal,
        ArcFault::WrongExtension,
        ArcFault::TooLarge(4097),
        ArcFault::Symlink,
    ] {
        let (server, answer) = spoilt(fault);
        let path = realm(&answer);
        let key = fs::read_to_string(&path).unwrap();
        let real = fs::canonicalize(&path).unwrap();
        let folder = Path::new(server.folder());

        let is_inside = real.parent() == Some(folder);
        let is_key = real.extension().unwrap() == "key";
        let is_small = key.len() <= 4096;
        let looks_inside = path.starts_with(server.folder());
        let expected = match fault {
            ArcFault::OutsideFolder => (false, false, true, true),
            ArcFault::Traversal | ArcFault::Symlink => (true, false, true, true),
            ArcFault::WrongExtension => (true, true, false, true),
            _ => (true, true, true, false),
        };
        assert_eq!(
            (looks_inside, is_inside, is_key, is_small),
            expected,
            "{fault:?}"
        );
        assert_eq!(server.ask("", Some(&key)).status, 200, "{fault:?}");
    }
}

#[test]
fn a_link_is_told_from_a_file_by_what_it_is_alone() {
    let (_server, answer) = spoilt(ArcFault::Symlink);

    let path = realm(&answer);

    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
}

#[test]
fn a_file_can_be_missing() {
    let (server, answer) = spoilt(ArcFault::MissingFile);

    let path = realm(&answer);

    assert_eq!(Path::new(&path).parent(), Some(Path::new(server.folder())));
    assert!(!Path::new(&path).exists());
}

#[test]
fn disorder_can_be_asked_for_over_http() {
    let server = Asker::new(Host::Arc, Settings::default());
    let url = format!("{}/sandbox/faults", server.azure().url());
    let order = r#"{"service": "token", "fault": {"arc": {"tooLarge": 5000}}, "times": 1}"#;

    let done = post(&url, &[], order);

    assert_eq!(done.status, 200, "{}", done.body);
    let path = realm(&server.ask("", None));
    assert_eq!(fs::metadata(path).unwrap().len(), 5000);
}

/// A server, and the first challenge there, with this fault.
fn spoilt(fault: ArcFault) -> (Asker, Answer) {
    let server = Asker::new(Host::Arc, Settings::default());
    server
        .azure()
        .inject(Service::Token, Fault::Arc(fault), Times::Next(1));
    let answer = server.ask("", None);
    (server, answer)
}

/// The path that a challenge names.
pub(crate) fn realm(challenge: &Answer) -> String {
    let header = challenge.header("www-authenticate").unwrap();
    header.strip_prefix("Basic realm=").unwrap().to_owned()
}

/// A program on such a server.
pub(crate) struct Asker(HostOf);

impl Asker {
    pub(crate) fn new(host: Host, settings: Settings) -> Self {
        Self(HostOf::new(host, settings))
    }

    pub(crate) fn azure(&self) -> &Sandbox {
        &self.0.azure
    }

    pub(crate) fn folder(&self) -> &str {
        self.0.var("MIG_ARC_KEY_FOLDER")
    }

    pub(crate) fn url(&self, more: &str) -> String {
        let endpoint = self.0.var("IDENTITY_ENDPOINT");
        let resource = encoded(ARM);
        format!("{endpoint}?api-version=2020-06-01&resource={resource}{more}")
    }

    /// Asks once, with the key if there is one.
    pub(crate) fn ask(&self, more: &str, key: Option<&str>) -> Answer {
        let proof = key.map(|key| format!("Basic {key}"));
        let proof = proof.as_deref().map(|proof| ("authorization", proof));
        let headers: Vec<_> = [METADATA].into_iter().chain(proof).collect();
        get(&self.url(more), &headers)
    }

    /// Asks, reads the key and asks again.
    pub(crate) fn token(&self, more: &str) -> Answer {
        let key = fs::read_to_string(realm(&self.ask(more, None))).unwrap();
        self.ask(more, Some(&key))
    }

    /// Whose token is handed out.
    pub(crate) fn holder(&self, more: &str) -> Value {
        claims(&self.token(more).text("/access_token"))["appid"].clone()
    }
}
