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

/// The numbers of keys whose part never changes, and of those that take turns: of
/// the tenant, and of a cluster, which comes after more turns than any test has.
const OF_ANOTHER_ISSUER: usize = 0;
const FOR_ENCRYPTION: usize = 1;
const UNPUBLISHED: usize = 2;
const OF_TENANT: usize = 3;
const OF_CLUSTER: usize = 1_000_000;

/// Whose keys they are.
#[derive(Clone, Copy)]
enum Issuer {
    Tenant,
    Cluster,
}

/// The keys of an issuer, made when they are first needed.
pub(crate) struct SigningKeys {
    issuer: Issuer,
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

impl Ring {
    fn from(first: usize) -> Self {
        Self {
            before: first,
            current: first + 1,
            next: first + 2,
            published: BTreeSet::from([first, first + 1]),
        }
    }
}

impl SigningKeys {
    pub(crate) fn of_tenant() -> Self {
        Self::new(Issuer::Tenant, OF_TENANT)
    }

    pub(crate) fn of_cluster() -> Self {
        Self::new(Issuer::Cluster, OF_CLUSTER)
    }

    fn new(issuer: Issuer, first: usize) -> Self {
        Self {
            issuer,
            ring: Mutex::new(Ring::from(first)),
            elliptic: OnceLock::new(),
        }
    }

    /// `kid` of `key` here.
    pub(crate) fn id(&self, key: &Key) -> String {
        match self.issuer {
            Issuer::Tenant => key.id().to_owned(),
            Issuer::Cluster => key.public_id().to_owned(),
        }
    }

    /// The header of what `key` signs here.
    pub(crate) fn header(&self, key: &Key) -> Value {
        let id = self.id(key);
        match self.issuer {
            Issuer::Tenant => json!({"typ": "JWT", "alg": "RS256", "kid": id, "x5t": id}),
            Issuer::Cluster => json!({"alg": "RS256", "kid": id}),
        }
    }

    /// Those that are published, of the ones that take turns.
    pub(crate) fn in_turn(&self) -> io::Result<Vec<Arc<Key>>> {
        let numbers = self.ring().published.clone();
        numbers.into_iter().map(key).collect()
    }

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
        let in_turn = self.in_turn()?.into_iter();
        let mut keys: Vec<_> = in_turn
            .map(|key| of(tenant, cloud, key.jwk().clone()))
            .collect();
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
