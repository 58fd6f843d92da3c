//! Requests that somebody waits for.

use std::time::Duration;

use tokio::{sync::Notify, time};

/// How long a request may take to come, on a busy machine too: who waits for one that is
/// never made is to fail, and not to wait for ever.
const LONGEST: Duration = Duration::from_mins(1);

/// Resolves once `come` tells of `count` requests, of which `changed` tells each.
///
/// Panics where they do not come in a minute.
pub(crate) async fn awaited(count: usize, changed: &Notify, come: impl Fn() -> usize) {
    within(LONGEST, count, changed, come).await;
}

async fn within(longest: Duration, count: usize, changed: &Notify, come: impl Fn() -> usize) {
    let all = async {
        loop {
            let changed = changed.notified();
            if come() >= count {
                return;
            }
            changed.await;
        }
    };
    let done = time::timeout(longest, all).await;
    let come = come();
    assert!(
        done.is_ok(),
        "{come} of {count} requests came in {longest:?}"
    );
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    #[should_panic(expected = "1 of 2 requests came in 10ms")]
    async fn who_waits_for_what_does_not_come_fails() {
        within(Duration::from_millis(10), 2, &Notify::new(), || 1).await;
    }

    #[tokio::test]
    async fn each_that_comes_is_counted() {
        let (count, changed) = (AtomicUsize::new(0), Notify::new());
        let comes = async {
            for _ in 0..3 {
                tokio::task::yield_now().await;
                count.fetch_add(1, Ordering::SeqCst);
                changed.notify_waiters();
            }
        };
        tokio::join!(awaited(3, &changed, || count.load(Ordering::SeqCst)), comes);
        assert_eq!(count.load(Ordering::SeqCst), 3);
    }
}
