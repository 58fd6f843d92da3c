//! Values in a cache that say themselves how long they are kept.

use std::time::{Duration, Instant};

use moka::Expiry;

/// Keeps each value for as long as it says when it is put in.
pub(crate) struct AsLongAs<V>(pub(crate) fn(&V) -> Duration);

impl<K, V> Expiry<K, V> for AsLongAs<V> {
    fn expire_after_create(&self, _: &K, value: &V, _: Instant) -> Option<Duration> {
        Some((self.0)(value))
    }

    fn expire_after_update(
        &self,
        _: &K,
        value: &V,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some((self.0)(value))
    }
}
