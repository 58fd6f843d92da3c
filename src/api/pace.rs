//! Whether a connection is being served, as it cannot see by itself.

use std::{
    cell::Cell,
    pin::Pin,
    rc::Rc,
    task,
    time::{Duration, Instant},
};

use actix_web::{
    body::{BodySize, MessageBody},
    web::Bytes,
};

/// A further request on a connection has to have come whole, but for its body, within
/// this time of its first byte.
const SLOWEST_HEAD: Duration = Duration::from_secs(5);

/// Where bytes of the next request may have come before the last answer ended, its head
/// has this long from then: a second more than actix's keep-alive, which closes an idle
/// connection properly.
const SLOWEST_REST: Duration = Duration::from_secs(6);

/// How one connection of a caller goes on; copies share it.
#[derive(Clone, Default)]
pub(crate) struct Pace(Rc<Cell<Phase>>);

#[derive(Clone, Copy, Default)]
enum Phase {
    /// Nothing has been asked yet.
    #[default]
    Fresh,
    /// So many requests are there whose answers are not given to their last byte.
    Serving(usize),
    /// Nothing has come since the last of them.
    Idle { until: Instant },
    /// Something of the next one has come.
    Head { until: Instant },
}

impl Pace {
    /// Bytes have come from the caller.
    pub(crate) fn received(&self, now: Instant) {
        if let Phase::Idle { .. } = self.0.get() {
            let until = now + SLOWEST_HEAD;
            self.0.set(Phase::Head { until });
        }
    }

    /// The caller has taken something of what they were told.
    pub(crate) fn sent(&self, now: Instant) {
        if let Phase::Idle { .. } = self.0.get() {
            let until = now + SLOWEST_REST;
            self.0.set(Phase::Idle { until });
        }
    }

    /// When the caller's time is up; nothing while they are served, or have not been.
    pub(crate) fn until(&self) -> Option<Instant> {
        match self.0.get() {
            Phase::Fresh | Phase::Serving(_) => None,
            Phase::Idle { until } | Phase::Head { until } => Some(until),
        }
    }

    /// A request has come; it is served until what is returned is dropped.
    pub(super) fn serve(&self) -> Serving {
        let served = match self.0.get() {
            Phase::Serving(served) => served,
            Phase::Fresh | Phase::Idle { .. } | Phase::Head { .. } => 0,
        };
        self.0.set(Phase::Serving(served + 1));
        Serving(self.clone())
    }
}

/// A request of a connection while it is served.
pub(super) struct Serving(Pace);

impl Drop for Serving {
    fn drop(&mut self) {
        let Pace(phase) = &self.0;
        phase.set(match phase.get() {
            Phase::Serving(served @ 2..) => Phase::Serving(served - 1),
            Phase::Fresh | Phase::Serving(_) | Phase::Idle { .. } | Phase::Head { .. } => {
                let until = Instant::now() + SLOWEST_REST;
                Phase::Idle { until }
            }
        });
    }
}

/// A body that is served until it is dropped, or taken as a whole.
pub(crate) struct Served<B> {
    body: B,
    serving: Option<Serving>,
}

impl<B> Served<B> {
    pub(super) fn new(body: B, serving: Option<Serving>) -> Self {
        Self { body, serving }
    }
}

impl<B: MessageBody + Unpin> MessageBody for Served<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        waker: &mut task::Context<'_>,
    ) -> task::Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(waker)
    }

    /// What is there as a whole needs nobody to go on with it.
    fn try_into_bytes(self) -> Result<Bytes, Self> {
        let Self { body, serving } = self;
        body.try_into_bytes().map_err(|body| Self { body, serving })
    }
}
