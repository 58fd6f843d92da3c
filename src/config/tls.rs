//! With what the API is offered over TLS.

use std::path::PathBuf;

use super::{
    parsed,
    reader::{Faulty, Reader},
};

const PEM: &str = "the path of a file in PEM";

/// The files of the API's TLS, all of them in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    /// The certificate, and those that vouch for it.
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    /// Who signs the certificates of callers, where they have to show one.
    pub(crate) client_authorities: Option<PathBuf>,
}

impl TlsFiles {
    /// `None` where the API is offered without TLS.
    pub(super) fn read(reader: &mut Reader) -> Result<Option<Self>, Faulty> {
        let mut names = [CERTIFICATE, KEY, CLIENT_CA].into_iter();
        let Some(set) = names.find(|name| reader.has(name)) else {
            return Ok(None);
        };
        let certificate = file(reader, CERTIFICATE, set);
        let key = file(reader, KEY, set);
        let client_authorities = reader.optional(CLIENT_CA, PEM, parsed);
        Ok(Some(Self {
            certificate: certificate?,
            key: key?,
            client_authorities: client_authorities?,
        }))
    }
}

const CERTIFICATE: &str = "MIG_TLS_CERTIFICATE_FILE";
const KEY: &str = "MIG_TLS_KEY_FILE";
const CLIENT_CA: &str = "MIG_TLS_CLIENT_CA_FILE";

/// A file without which `set` is of no use.
fn file(reader: &mut Reader, name: &str, set: &str) -> Result<PathBuf, Faulty> {
    let path = reader.optional(name, PEM, parsed)?;
    path.ok_or_else(|| reader.fault(format!("{name} is required with {set}: {PEM}")))
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn faults(vars: &[(&str, &str)]) -> String {
        let identity = [("AZURE_CLIENT_ID", "00000000-0000-4000-8000-000000000001")];
        let outcome = Config::from_vars(identity.iter().chain(vars).copied());
        outcome.map_or_else(|faults| faults.to_string(), |_| String::new())
    }

    #[test]
    fn a_certificate_and_its_key_come_together() {
        let certificate = ("MIG_TLS_CERTIFICATE_FILE", "/tls/tls.crt");
        let key = ("MIG_TLS_KEY_FILE", "/tls/tls.key");
        let authorities = ("MIG_TLS_CLIENT_CA_FILE", "/tls/ca.crt");
        for good in [
            &[][..],
            &[certificate, key],
            &[certificate, key, authorities],
        ] {
            assert_eq!(faults(good), "", "{good:?}");
        }
        for (bad, missing) in [
            (
                &[certificate][..],
                "MIG_TLS_KEY_FILE is required with MIG_TLS_CERT",
            ),
            (
                &[key],
                "MIG_TLS_CERTIFICATE_FILE is required with MIG_TLS_KEY_FILE",
            ),
            (
                &[authorities, key],
                "MIG_TLS_CERTIFICATE_FILE is required with",
            ),
            (
                &[authorities],
                "MIG_TLS_KEY_FILE is required with MIG_TLS_CLIENT_CA_FILE",
            ),
        ] {
            assert!(faults(bad).contains(missing), "{bad:?}: {}", faults(bad));
        }
    }
}
