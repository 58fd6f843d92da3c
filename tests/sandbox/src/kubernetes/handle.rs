//! Tokens of service accounts, and the pods that they are bound to.

use std::io;

use super::{BASE, ServiceAccountToken};
use crate::{Sandbox, azure::Azure};

impl Sandbox {
    /// A token of a service account.
    ///
    /// # Panics
    ///
    /// Where no key can be made.
    #[must_use]
    pub fn service_account_token(&self, token: &ServiceAccountToken) -> String {
        match self.azure.service_account_token(token) {
            Ok(token) => token,
            Err(error) => panic!("the token cannot be issued: {error}"),
        }
    }

    /// The issuer of such tokens, below which the API server is; it reviews tokens at
    /// the root of the URL as well, where clients are told a host and no path.
    #[must_use]
    pub fn kubernetes_url(&self) -> String {
        format!("{}{BASE}", self.azure.url)
    }

    /// A pod goes, and with it what its tokens were good for; the next token for one
    /// of its name is bound to another pod.
    pub fn delete_pod(&self, namespace: &str, name: &str) {
        self.azure.cluster.pods.delete(namespace, name);
    }

    /// Where the API server is, and with what the gateway's own account is known
    /// there: the files of a pod, told by variables of the gateway's.
    ///
    /// # Panics
    ///
    /// Where the files cannot be written.
    #[must_use]
    pub fn kubernetes_environment(&self) -> Vec<(String, String)> {
        match self.azure.kubernetes_environment() {
            Ok(variables) => {
                let variables = variables.into_iter();
                let owned = variables.map(|(name, value)| (name.to_owned(), value));
                owned.collect()
            }
            Err(error) => panic!("the files of the account cannot be written: {error}"),
        }
    }
}

impl Azure {
    /// Where the API server is, and the files of the gateway's own account.
    pub(crate) fn kubernetes_environment(&self) -> io::Result<[(&'static str, String); 3]> {
        let folder = self.mounted()?;
        let file = |name: &str| folder.join(name).display().to_string();
        Ok([
            ("MIG_KUBERNETES_ENDPOINT", self.url.clone()),
            ("MIG_KUBERNETES_TOKEN_FILE", file("token")),
            ("MIG_KUBERNETES_CA_FILE", file("ca.crt")),
        ])
    }
}
