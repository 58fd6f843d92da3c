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

/// Others learn it so long after they asked, or when their time at Azure is up: as late
/// as whoever waits for a turn in vain.
const LATEST: Duration = Duration::from_secs(1);

/// A pace that all workers keep.
///
/// Whoever asks again as soon as they are refused would otherwise be refused thousands
/// of times a second, which takes the time that those need who are served.
#[derive(Clone)]
pub(crate) struct Refusals {
    prompt: Arc<DefaultDirectRateLimiter>,
    latest: Duration,
}

impl Refusals {
    /// Nobody was refused yet of those who have `allowed` for what they ask.
    pub(crate) fn new(allowed: Duration) -> Self {
        Self {
            prompt: Arc::new(RateLimiter::direct(Quota::per_second(PROMPT))),
            latest: LATEST.min(allowed),
        }
    }

    /// Waits until whoever asked at `since` may be refused.
    pub(super) async fn wait(&self, since: Instant) {
        if self.prompt.check().is_err() {
            time::sleep(self.latest.saturating_sub(since.elapsed())).await;
        }
    }
}
