//! What becomes of identities and of their tokens.

use crate::{
    Identity, Sandbox,
    tokens::{Holder, HostCache},
};

impl Sandbox {
    /// Every token handed out so far is refused from now on, and forgotten by
    /// the host's cache.
    pub fn expire_tokens(&self) {
        self.azure.tokens.refuse_all(HostCache::Forgets);
    }

    /// Every token handed out so far is refused from now on, while the host's
    /// cache goes on handing it out, unless it is asked to be passed by.
    pub fn reject_tokens(&self) {
        self.azure.tokens.refuse_all(HostCache::Keeps);
    }

    /// From now on token endpoints hand out tokens of `identity`, whichever they
    /// are asked for; with `None` they go right again.
    pub fn answer_as(&self, identity: impl Into<Option<Identity>>) {
        self.azure.tokens.issue_as(identity.into());
    }

    /// From now on tokens are made out to `audience`, whatever they are asked
    /// for; with `None` they go right again.
    pub fn token_audience<'a>(&self, audience: impl Into<Option<&'a str>>) {
        self.azure.tokens.address_to(audience.into());
    }

    /// From now on the clock of this Azure goes ahead of that of its clients by so many
    /// seconds, as at first `Settings::clock_offset` says.
    pub fn set_clock(&self, offset: i64) {
        self.azure.clock.set(offset);
    }

    /// From now on Service Fabric shows another certificate than the one that its
    /// variable tells of. Connections that there are go on.
    ///
    /// # Panics
    ///
    /// Where no certificate can be made.
    pub fn change_certificate(&self) {
        if let Err(error) = self.azure.certificates.exchange() {
            panic!("the certificate cannot be changed: {error}");
        }
    }

    /// The cluster asserts its pod's identity anew, in the same file; what it
    /// asserted before still holds.
    ///
    /// # Panics
    ///
    /// Where the file cannot be written.
    pub fn rotate_assertion(&self) {
        if let Err(error) = self.azure.assertions.rotate() {
            panic!("the assertion cannot be rotated: {error}");
        }
    }

    /// What the cluster asserted so far holds no longer; the file stays as it is.
    pub fn expire_assertions(&self) {
        self.azure.assertions.expire();
    }

    /// A token for `resource`, as a caller would hold that goes to Azure itself.
    #[must_use]
    pub fn mint(&self, resource: &str) -> String {
        let identity = Holder::Identity(Identity::gateway());
        self.azure.tokens.mint(resource, &identity).token
    }

    /// What must not show anywhere: tokens, signatures of operation URLs, the
    /// secrets of token endpoints.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = self.azure.tokens.all();
        secrets.extend(self.azure.arc.all());
        secrets.extend(self.azure.assertions.all());
        secrets.extend(self.azure.callers.all());
        secrets.extend(self.azure.arm.signatures());
        secrets.extend([
            self.azure.identity_header.clone(),
            self.azure.msi_secret.clone(),
        ]);
        secrets
    }
}
