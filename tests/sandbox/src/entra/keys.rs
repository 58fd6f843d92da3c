//! The keys of Entra ID: which of them signs, and which are published.
//!
//! Sources: "Access tokens in the Microsoft identity platform" (a key's `issuer`,
//! several keys at once, in no order); "Signing key rollover in the Microsoft
//! identity platform"; AzureAD/azure-activedirectory-identitymodel-extensions-for-dotnet
//! `AadTokenValidationParametersExtension.cs` ("v1 endpoint doesn't have issuers
//! attached to keys").

use std::{
    collections::BTreeSet,
    io,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use serde_json::{Value, json};

use crate::{
    callers::{SignedBy, TokenVersion},
    cloud::Cloud,
    signing::{EllipticKey, Key, key},
};

/// The tenant of personal accounts, whose keys stand in every set.
const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// The numbers of keys whose part never changes; that of the cluster is 3.
const OF_ANOTHER_ISSUER: usize = 0;
const FOR_ENCRYPTION: usize = 1;
const UNPUBLISHED: usize = 2;
const FIRST: usize = 4;

/// The keys of a tenant, made when they are first needed.
#[derive(Default)]
pub(crate) struct SigningKeys {
    ring: Mutex<Ring>,
    elliptic: OnceLock<Arc<EllipticKey>>,
}

/// Keys by their numbers.
struct Ring {
    before: usize,
    current: usize,
    next: usize,
    published: BTreeSet<usize>,
}

impl Default for Ring {
    fn default() -> Self {
        Self {
            before: FIRST,
            current: FIRST + 1,
            next: FIRST + 2,
            published: BTreeSet::from([FIRST, FIRST + 1]),
        }
    }
}

impl SigningKeys {
    /// The next key signs from now on; those before stay published.
    pub(crate) fn rotate(&self) {
        let mut ring = self.ring();
        let next = ring.next;
        ring.before = ring.current;
        ring.current = next;
        ring.next = next + 1;
        ring.published.insert(next);
    }

    /// Another key signs from now on, and no other one is published.
    pub(crate) fn replace(&self) {
        let mut ring = self.ring();
        ring.before = ring.current;
        ring.current = ring.next + 1;
        ring.next += 2;
        ring.published = BTreeSet::from([ring.current]);
    }

    /// The next key is published from now on, and signs nothing yet.
    pub(crate) fn publish_next(&self) {
        let mut ring = self.ring();
        let next = ring.next;
        ring.published.insert(next);
    }

    /// The RSA key of a part; that of `Broken` and the like is the current one.
    pub(crate) fn key(&self, part: SignedBy) -> io::Result<Arc<Key>> {
        let ring = self.ring();
        let number = match part {
            SignedBy::Current
            | SignedBy::Hmac
            | SignedBy::Broken
            | SignedBy::None
            | SignedBy::Elliptic => ring.current,
            SignedBy::Retired => ring.before,
            SignedBy::Next => ring.next,
            SignedBy::Unpublished | SignedBy::Forged => UNPUBLISHED,
            SignedBy::OfAnotherIssuer => OF_ANOTHER_ISSUER,
            SignedBy::ForEncryption => FOR_ENCRYPTION,
        };
        drop(ring);
        key(number)
    }

    pub(crate) fn elliptic(&self) -> io::Result<Arc<EllipticKey>> {
        if let Some(key) = self.elliptic.get() {
            return Ok(Arc::clone(key));
        }
        let made = Arc::new(EllipticKey::new()?);
        Ok(Arc::clone(self.elliptic.get_or_init(|| made)))
    }

    /// What is published of `tenant` for tokens of `version`.
    pub(super) fn published(
        &self,
        cloud: Cloud,
        version: TokenVersion,
        tenant: &str,
    ) -> io::Result<Value> {
        let numbers = self.ring().published.clone();
        let mut keys = Vec::new();
        for number in numbers {
            keys.push(of(tenant, cloud, key(number)?.jwk().clone()));
        }
        let mut encrypting = key(FOR_ENCRYPTION)?.jwk().clone();
        encrypting["use"] = json!("enc");
        keys.push(of(tenant, cloud, encrypting));
        keys.push(of(tenant, cloud, self.elliptic()?.jwk()));
        match version {
            TokenVersion::V2 => {
                let other = key(OF_ANOTHER_ISSUER)?.jwk().clone();
                keys.push(of(PERSONAL, cloud, other));
            }
            // Personal accounts have no tokens of this version.
            TokenVersion::V1 => {
                for members in keys.iter_mut().filter_map(Value::as_object_mut) {
                    members.remove("issuer");
                }
            }
        }
        // By thumbprints, which are as good as no order.
        keys.sort_by_key(|key| key["kid"].to_string());
        Ok(json!({ "keys": keys }))
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `jwk`, as one of those whose tokens `tenant` issues.
fn of(tenant: &str, cloud: Cloud, mut jwk: Value) -> Value {
    jwk["issuer"] = json!(cloud.issuer(TokenVersion::V2, tenant));
    jwk
}
