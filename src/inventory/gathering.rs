//! Names that are looked up together: there may be few queries, and many names.

use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::rt::time;
use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};
use tokio::sync::mpsc::{self, Receiver, Sender, error::TrySendError};

/// How often names are asked for: three times at once and then twice a second, 13 in five
/// seconds. Resource Graph answers 15, and listings are asked of it too.
///
/// Source: "Guidance for throttled requests in Azure Resource Graph".
const EACH: Duration = Duration::from_millis(500);

const AT_ONCE: NonZeroU32 = NonZeroU32::new(3).unwrap();

/// The most names in one query.
///
/// Source: the same, "Grouping queries".
const TOGETHER: usize = 100;

/// What waits for the next query, in all workers. Locked when somebody comes, and never
/// over an await.
pub(super) struct Gathering<T> {
    open: Mutex<Option<Sender<T>>>,
    pace: Arc<DefaultDirectRateLimiter>,
}

/// The next query, for its first to make.
pub(super) struct Turn<T> {
    first: T,
    others: Receiver<T>,
    pace: Arc<DefaultDirectRateLimiter>,
}

impl<T> Gathering<T> {
    /// Nobody waits, and none was asked.
    pub(super) fn new() -> Self {
        let quota = Quota::with_period(EACH).unwrap_or(Quota::per_second(AT_ONCE));
        Self {
            open: Mutex::default(),
            pace: Arc::new(RateLimiter::direct(quota.allow_burst(AT_ONCE))),
        }
    }

    /// Leaves `wanted` to whoever makes the next query; `Some` if there is nobody who
    /// will. Dropped before its turn, it drops what was left to it.
    pub(super) fn join(&self, wanted: T) -> Option<Turn<T>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let first = match open.as_ref() {
            None => wanted,
            Some(next) => match next.try_send(wanted) {
                Ok(()) => return None,
                Err(TrySendError::Full(wanted) | TrySendError::Closed(wanted)) => wanted,
            },
        };
        let (sender, others) = mpsc::channel(TOGETHER - 1);
        *open = Some(sender);
        Some(Turn {
            first,
            others,
            pace: Arc::clone(&self.pace),
        })
    }
}

impl<T> Turn<T> {
    /// All that is to be asked for, once it may be; or after `patience`, for those who
    /// wait to be told that it cannot be.
    pub(super) async fn come(mut self, patience: Duration) -> Vec<T> {
        if !patience.is_zero() {
            // Too late, there is no time for a call either: it fails before it is sent.
            let _ = time::timeout(patience, self.permitted()).await;
        }
        self.others.close();
        let mut all = vec![self.first];
        // Somebody may be at leaving one more: only the end of all says that nobody is.
        while let Some(other) = self.others.recv().await {
            all.push(other);
        }
        all
    }

    async fn permitted(&self) {
        while let Err(early) = self.pace.check() {
            time::sleep(early.wait_time_from(DefaultClock::default().now())).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    async fn asked(gathering: &Gathering<usize>) {
        for _ in 0..AT_ONCE.get() {
            assert_eq!(gathering.join(0).unwrap().come(LONG).await, [0]);
        }
    }

    #[actix_web::test]
    async fn who_comes_before_the_next_query_may_be_made_is_taken_along() {
        let gathering = Gathering::new();
        asked(&gathering).await;
        let turn = gathering.join(1).unwrap();
        let others = [2, 3].map(|other| gathering.join(other));
        assert!(others.iter().all(Option::is_none));
        assert_eq!(turn.come(LONG).await, [1, 2, 3]);
        assert!(gathering.join(4).is_some());
    }

    #[actix_web::test]
    async fn what_is_too_much_for_one_query_is_for_the_next() {
        let gathering = Gathering::new();
        let turns: Vec<_> = (0..=TOGETHER).filter_map(|it| gathering.join(it)).collect();
        let mut sizes = Vec::new();
        for turn in turns {
            sizes.push(turn.come(LONG).await.len());
        }
        assert_eq!(sizes, [TOGETHER, 1]);
    }

    #[actix_web::test]
    async fn nobody_waits_for_a_turn_that_is_given_up() {
        let gathering = Gathering::new();
        let kept = Arc::new(());
        let turn = gathering.join(Arc::clone(&kept)).unwrap();
        assert!(gathering.join(Arc::clone(&kept)).is_none());
        drop(turn);
        assert_eq!(Arc::strong_count(&kept), 1);
        assert!(gathering.join(kept).is_some());
    }

    #[actix_web::test]
    async fn nobody_waits_longer_than_whoever_asks_may() {
        let gathering = Gathering::new();
        for _ in 0..1_000 {
            let turn = gathering.join(0).unwrap();
            assert_eq!(turn.come(Duration::ZERO).await, [0]);
        }
    }

    #[actix_web::test]
    async fn queries_are_made_at_a_pace() {
        let (gathering, since) = (Gathering::new(), Instant::now());
        asked(&gathering).await;
        asked(&gathering).await;
        assert!(since.elapsed() >= EACH * AT_ONCE.get());
    }
}
