//! The share of an identity endpoint that one gateway takes.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use actix_web::rt::time;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{TokenError, keep::Believed};

/// All pods of a node share 20 requests a second, five at a time.
///
/// Source: Azure Instance Metadata Service, "Rate limiting".
const SPACING: Duration = Duration::from_secs(1);

/// Lets one request through at a time, and one a second.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Inner>);

struct Inner {
    turn: Semaphore,
    /// When the next may go through.
    opens: Mutex<Instant>,
}

impl Gate {
    /// A gate that opens after `delay`: those of one node are not to open
    /// together.
    pub(crate) fn new(delay: Duration) -> Self {
        Self(Arc::new(Inner {
            turn: Semaphore::new(1),
            opens: Mutex::new(Instant::now() + delay),
        }))
    }

    /// Waits for a turn; the next comes when this one is dropped, and not
    /// within a second. `None` never happens: the semaphore is not closed.
    pub(crate) async fn pass(&self) -> Option<SemaphorePermit<'_>> {
        let turn = self.0.turn.acquire().await.ok()?;
        let opens = *self.opens();
        time::sleep_until(opens.into()).await;
        *self.opens() = Instant::now() + SPACING;
        Some(turn)
    }

    fn opens(&self) -> MutexGuard<'_, Instant> {
        self.0.opens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the endpoint has asked to be left alone. Its limit is one for every
/// resource, and for every reason to ask.
#[derive(Default)]
pub(super) struct Respite(Mutex<Option<Believed>>);

impl Respite {
    /// Notes the pause that `failure` asks for, where the endpoint throttles.
    pub(super) fn note(&self, failure: &TokenError) {
        let TokenError::Throttled(_) = failure else {
            return;
        };
        if let Some(pause) = failure.asked_pause() {
            *self.asked() = Some(Believed::new(failure, pause));
        }
    }

    /// What it would answer now.
    pub(super) fn told(&self) -> Option<TokenError> {
        self.asked().as_ref()?.told()
    }

    fn asked(&self) -> MutexGuard<'_, Option<Believed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn the_second_goes_through_a_second_after_the_first() {
        let gate = Gate::new(Duration::ZERO);
        let before = Instant::now();
        drop(gate.pass().await);
        drop(gate.pass().await);
        assert!(before.elapsed() >= SPACING);
    }

    #[actix_web::test]
    async fn the_first_waits_for_its_moment() {
        let before = Instant::now();
        Gate::new(Duration::from_millis(50)).pass().await;
        assert!(before.elapsed() >= Duration::from_millis(50));
    }

    #[actix_web::test]
    async fn nobody_goes_through_while_another_is_inside() {
        let gate = Gate::new(Duration::ZERO);
        let _inside = gate.pass().await;
        let outside = time::timeout(Duration::from_millis(1), gate.pass()).await;
        assert!(outside.is_err());
    }
}
