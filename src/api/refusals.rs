//! How fast those are refused whom the gateway has no time for.

use std::{
    num::NonZeroU32,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::rt::time;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// So many a second are told at once, by all workers.
const PROMPT: NonZeroU32 = NonZeroU32::new(100).unwrap();

/// Others learn it so long after they asked: as late as whoever waits for a turn
/// in vain.
const LATEST: Duration = Duration::from_secs(1);

/// A pace that all workers keep.
///
/// Whoever asks again as soon as they are refused would otherwise be refused thousands
/// of times a second, which takes the time that those need who are served.
#[derive(Clone)]
pub(crate) struct Refusals(Arc<DefaultDirectRateLimiter>);

impl Refusals {
    /// Nobody was refused yet.
    pub(crate) fn new() -> Self {
        Self(Arc::new(RateLimiter::direct(Quota::per_second(PROMPT))))
    }

    /// Waits until whoever asked at `since` may be refused.
    pub(super) async fn wait(&self, since: Instant) {
        if self.0.check().is_err() {
            time::sleep(LATEST.saturating_sub(since.elapsed())).await;
        }
    }
}
