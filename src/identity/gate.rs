//! The share of a node's identity endpoint that one gateway takes.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use actix_web::rt::time;
use tokio::sync::{Semaphore, SemaphorePermit};

/// All pods of a node share 20 requests a second, five at a time.
///
/// Source: Azure Instance Metadata Service, "Rate limiting".
const SPACING: Duration = Duration::from_secs(1);

/// Lets one request through at a time, and one a second.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Inner>);

struct Inner {
    turn: Semaphore,
    last: Mutex<Option<Instant>>,
}

impl Gate {
    /// A gate through which nobody has gone yet.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            turn: Semaphore::new(1),
            last: Mutex::new(None),
        }))
    }

    /// Waits for a turn; the next comes when this one is dropped, and not
    /// within a second. `None` never happens: the semaphore is not closed.
    pub(crate) async fn pass(&self) -> Option<SemaphorePermit<'_>> {
        let turn = self.0.turn.acquire().await.ok()?;
        let last = *self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = last {
            time::sleep_until((last + SPACING).into()).await;
        }
        *self.0.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        Some(turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn the_second_goes_through_a_second_after_the_first() {
        let gate = Gate::new();
        drop(gate.pass().await);
        let first = Instant::now();
        drop(gate.pass().await);
        assert!(first.elapsed() + Duration::from_millis(5) >= SPACING);
    }

    #[actix_web::test]
    async fn nobody_goes_through_while_another_is_inside() {
        let gate = Gate::new();
        let _inside = gate.pass().await;
        let outside = time::timeout(Duration::from_millis(1), gate.pass()).await;
        assert!(outside.is_err());
    }
}
