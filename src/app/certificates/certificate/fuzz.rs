//! What has to hold of files for TLS, whatever is in them.

use std::path::Path;

use jiff::Timestamp;

use super::{Certificate, CertificateError, Texts, certificates, expiry, key, verifier};
use crate::{config::TlsFiles, telemetry::chain};

/// Where all of it is read from.
const PATH: &str = "tls.pem";

/// What stands for a key, and may not show; it is base64.
const MARK: &str = "hunter2hunter2hunter2hunter2";

/// As far as the parser needs it: of the dashes after it some may stand apart.
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE";

/// One text as each of the files, and as all of them, with a key wherever it has a star:
/// what is wrong with it is told of the file, and never of the key.
pub(crate) fn files(input: &[u8]) {
    let text = marked(input);
    let path = Path::new(PATH);
    match certificates(path, &text) {
        Ok(chain) => {
            let begun = text.windows(BEGIN.len()).filter(|it| *it == BEGIN).count();
            assert!((1..=begun).contains(&chain.len()));
            match expiry(path, &chain) {
                Ok(expires) => assert!(Timestamp::try_from(expires).is_ok()),
                Err(error) => told(&error),
            }
        }
        Err(error) => told(&error),
    }
    key(path, &text).err().iter().for_each(told);
    verifier(path, &text).err().iter().for_each(told);
    let files = TlsFiles {
        certificate: path.to_owned(),
        key: path.to_owned(),
        client_authorities: Some(path.to_owned()),
    };
    let texts = Texts {
        certificate: text.clone(),
        key: text.clone(),
        client_authorities: Some(text),
    };
    Certificate::of(&files, &texts).err().iter().for_each(told);
}

fn marked(input: &[u8]) -> Vec<u8> {
    let parts: Vec<_> = input.split(|byte| *byte == b'*').collect();
    parts.join(MARK.as_bytes())
}

/// In letters or in numbers.
fn told(error: &CertificateError) {
    let numbers = format!("{:?}", MARK.as_bytes());
    let numbers = numbers.trim_matches(['[', ']']);
    let told = chain(error);
    for shown in [&told, &format!("{error:?}")] {
        assert!(!shown.contains(MARK) && !shown.contains(numbers), "{shown}");
    }
    let is_of_file = !matches!(error, CertificateError::Provider(_));
    assert!(!is_of_file || told.contains(PATH), "{told}");
}
