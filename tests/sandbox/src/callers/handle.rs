//! What becomes of the keys of Entra ID, and the tokens of callers.

use serde_json::Value;

use super::{CallerToken, SignedBy};
use crate::Sandbox;

impl Sandbox {
    /// A token of a caller, for the gateway's API.
    ///
    /// # Panics
    ///
    /// Where no key can be made.
    #[must_use]
    pub fn caller_token(&self, token: &CallerToken) -> String {
        match self.azure.caller_token(token) {
            Ok(token) => token,
            Err(error) => panic!("the token cannot be issued: {error}"),
        }
    }

    /// The public half of the RSA key of that part, as a key set would have it: for
    /// `jwk` in a header.
    ///
    /// # Panics
    ///
    /// Where no key can be made.
    #[must_use]
    pub fn public_key(&self, part: SignedBy) -> Value {
        match self.azure.signing.key(part) {
            Ok(key) => key.jwk().clone(),
            Err(error) => panic!("the key cannot be made: {error}"),
        }
    }

    /// From now on Entra ID signs with another key, that which `publish_next_key`
    /// published if it did; those before stay published.
    pub fn rotate_signing_keys(&self) {
        self.azure.signing.rotate();
    }

    /// An emergency: from now on Entra ID signs with another key, and those before
    /// are not published any more.
    pub fn replace_signing_keys(&self) {
        self.azure.signing.replace();
    }

    /// From now on the key that will sign next is published.
    pub fn publish_next_key(&self) {
        self.azure.signing.publish_next();
    }
}
