//! Work that outlives the request that asked for it.

mod flights;
mod kept;

use std::{future::Future, thread};

use actix_web::rt;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument as _;

pub(crate) use flights::{Flights, Joined, Landing, Seat};
pub(crate) use kept::AsLongAs;

/// Why work did not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfinished {
    /// The worker stopped, or the gateway gave up.
    #[error("the gateway is shutting down")]
    Stopped,
    /// A fault of ours; what the panic said is on standard error.
    #[error("the work broke off by a fault of the gateway")]
    Panicked,
}

impl Unfinished {
    /// Why what is dropped now, before its end, did not come to it.
    pub(crate) fn on_drop() -> Self {
        if thread::panicking() {
            Self::Panicked
        } else {
            Self::Stopped
        }
    }
}

/// Tasks of all workers that shutdown has to wait for.
#[derive(Clone, Default)]
pub(crate) struct Tasks {
    tracker: TaskTracker,
    /// Ends what is followed.
    stop: CancellationToken,
    /// Ends what is being finished.
    over: CancellationToken,
}

impl Tasks {
    /// Runs `work` to its end, whether or not the caller stays to hear of it; unless the
    /// gateway gives up.
    ///
    /// actix drops a handler when its connection is reset. An order already
    /// sent to Azure would then go unrecorded.
    pub(crate) fn finish<T: 'static, F: Future<Output = T> + 'static>(
        &self,
        work: F,
    ) -> impl Future<Output = Result<T, Unfinished>> + use<T, F> {
        let work = self.over.clone().run_until_cancelled_owned(Box::pin(work));
        let task = rt::spawn(self.tracked(work));
        async move {
            match task.await {
                Ok(Some(outcome)) => Ok(outcome),
                Err(error) if error.is_panic() => Err(Unfinished::Panicked),
                Ok(None) | Err(_) => Err(Unfinished::Stopped),
            }
        }
    }

    /// Runs `work` in the background until it ends or the gateway drains.
    ///
    /// For work that may last minutes and can be taken up again by asking
    /// Azure: shutdown does not wait for it.
    pub(crate) fn follow(&self, work: impl Future<Output = ()> + 'static) {
        let stop = self.stop.clone();
        let work = Box::pin(work);
        rt::spawn(self.tracked(async move {
            stop.run_until_cancelled(work).await;
        }));
    }

    /// `work`, counted by shutdown. Box what is large: each future around it would hold it
    /// again.
    fn tracked<T, F: Future<Output = T>>(&self, work: F) -> impl Future<Output = T> + use<T, F> {
        let alive = self.tracker.token();
        let task = async move {
            let _alive = alive;
            work.await
        };
        task.in_current_span()
    }

    /// What `wait` comes to, unless the gateway drains first.
    pub(crate) async fn unless_drained<T>(&self, wait: impl Future<Output = T>) -> Option<T> {
        self.stop.run_until_cancelled(wait).await
    }

    /// Ends what is being followed, waits until it is let go of, and for what is
    /// being finished. Call it before the server is stopped: a stopped worker drops
    /// what it runs.
    pub(crate) async fn drain(&self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }

    /// Ends what is being finished too, and waits until it is let go of: what it owes
    /// to others it tells as it is dropped, and a process that exits drops nothing.
    pub(crate) async fn give_up(&self) {
        self.over.cancel();
        self.drain().await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::rt::time;
    use tokio::sync::oneshot::{self, error::TryRecvError};

    use super::*;

    #[actix_web::test]
    async fn draining_waits_for_what_is_being_finished() {
        let tasks = Tasks::default();
        let (release, released) = oneshot::channel::<()>();
        let caller = rt::spawn({
            let tasks = tasks.clone();
            async move { tasks.finish(released).await }
        });
        rt::task::yield_now().await;
        let drained = rt::spawn({
            let tasks = tasks.clone();
            async move { tasks.drain().await }
        });
        rt::task::yield_now().await;
        assert!(!drained.is_finished());
        release.send(()).unwrap();
        drained.await.unwrap();
        assert!(caller.await.unwrap().is_ok());
    }

    #[actix_web::test]
    async fn a_panic_is_told_from_the_end_of_the_gateway() {
        let broken = async { panic!("on purpose") };
        let outcome: Result<(), _> = Tasks::default().finish(broken).await;
        assert_eq!(outcome, Err(Unfinished::Panicked));
    }

    #[actix_web::test]
    async fn what_is_given_up_is_let_go_of_first() {
        let tasks = Tasks::default();
        let (held, mut let_go) = oneshot::channel::<()>();
        let unfinished = tasks.finish(async move {
            std::future::pending::<()>().await;
            drop(held);
        });
        rt::task::yield_now().await;
        let gave_up = time::timeout(Duration::from_secs(10), tasks.give_up());
        assert!(gave_up.await.is_ok());
        assert_eq!(let_go.try_recv(), Err(TryRecvError::Closed));
        assert_eq!(unfinished.await, Err(Unfinished::Stopped));
        let late = tasks.finish(async {}).await;
        assert_eq!(late, Err(Unfinished::Stopped));
    }

    #[actix_web::test]
    async fn draining_does_not_wait_for_what_is_followed() {
        let tasks = Tasks::default();
        tasks.follow(std::future::pending());
        tasks.drain().await;
    }
}
