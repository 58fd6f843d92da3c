//! Tokens that were proven a moment ago.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use moka::sync::Cache;

use super::{Caller, keys::KeySet};
use crate::task::AsLongAs;

/// How long a proof is believed without another look. It saves the signature, and
/// must not outlast what may change.
const MEMORY: Duration = Duration::from_mins(1);

/// Some 300 bytes each.
const MOST: u64 = 10_000;

/// A token, by what cannot be turned back into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Digest([u8; 32]);

impl Digest {
    pub(super) fn of(token: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self(bytes)
    }
}

/// Who was proven, and by which keys.
#[derive(Clone)]
pub(super) struct Proof {
    pub(super) caller: Arc<Caller>,
    pub(super) keys: KeySet,
    pub(super) generation: u64,
    /// How long the token is valid yet.
    pub(super) lasts: Duration,
}

impl Proof {
    fn kept_for(&self) -> Duration {
        self.lasts.min(MEMORY)
    }
}

/// Proofs of all workers.
#[derive(Clone)]
pub(super) struct Validated(Cache<Digest, Proof>);

impl Validated {
    pub(super) fn new() -> Self {
        let cache = Cache::builder().max_capacity(MOST);
        Self(cache.expire_after(AsLongAs(Proof::kept_for)).build())
    }

    /// Who was proven by the token, unless the keys are others now.
    pub(super) fn get(&self, token: &Digest) -> Option<Arc<Caller>> {
        let proof = self.0.get(token)?;
        if !proof.keys.is_current(proof.generation) {
            self.0.invalidate(token);
            return None;
        }
        Some(proof.caller)
    }

    /// Keeps `proof`, unless the token is about to expire.
    pub(super) fn keep(&self, token: Digest, proof: Proof) {
        if !proof.lasts.is_zero() {
            self.0.insert(token, proof);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_lasts_a_minute_and_no_longer_than_its_token() {
        let proof = |seconds| Proof {
            caller: Arc::new(Caller::Anonymous),
            keys: KeySet::unheld(),
            generation: 0,
            lasts: Duration::from_secs(seconds),
        };
        assert_eq!(proof(3600).kept_for(), Duration::from_mins(1));
        assert_eq!(proof(7).kept_for(), Duration::from_secs(7));
        let (token, validated) = (Digest::of("t"), Validated::new());
        validated.keep(token, proof(0));
        assert!(!validated.0.contains_key(&token));
    }

    #[test]
    fn a_proof_by_keys_that_are_gone_is_none() {
        let validated = Validated::new();
        let token = Digest::of("t");
        let proof = Proof {
            caller: Arc::new(Caller::Anonymous),
            keys: KeySet::unheld(),
            generation: 7,
            lasts: Duration::from_mins(1),
        };
        validated.keep(token, proof);
        assert_eq!(validated.get(&token), None);
        assert!(!validated.0.contains_key(&token));
    }
}
