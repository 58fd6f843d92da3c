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

/// What has come of it before the answer to the one before it was given has a second
/// more: a connection on which nothing has come is closed by then, with good manners.
const SLOWEST_REST: Duration = Duration::from_secs(6);

/// How one connection of a caller goes on; copies share it.
#[derive(Clone, Default)]
pub(crate) struct Pace(Rc<Inner>);

#[derive(Default)]
struct Inner {
    /// Requests whose answers are not given to their last byte.
    served: Cell<usize>,
    /// Whether something has come since the last of them.
    has_begun: Cell<bool>,
    /// When the next one has to be there, after the first.
    until: Cell<Option<Instant>>,
}

impl Pace {
    /// Bytes have come from the caller.
    pub(crate) fn heard(&self, now: Instant) {
        let it = &self.0;
        if it.served.get() == 0 && it.until.get().is_some() && !it.has_begun.replace(true) {
            it.until.set(Some(now + SLOWEST_HEAD));
        }
    }

    /// The caller has taken something of what they were told.
    pub(crate) fn told(&self, now: Instant) {
        let it = &self.0;
        if it.served.get() == 0 && it.until.get().is_some() && !it.has_begun.get() {
            it.until.set(Some(now + SLOWEST_REST));
        }
    }

    /// When the caller's time is up; nothing while they are served, or have not been.
    pub(crate) fn until(&self) -> Option<Instant> {
        self.0.until.get().filter(|_| self.0.served.get() == 0)
    }

    /// A request has come; it is served until what is returned is dropped.
    pub(super) fn serve(&self) -> Serving {
        self.0.served.set(self.0.served.get() + 1);
        Serving(self.clone())
    }
}

/// A request of a connection while it is served.
pub(super) struct Serving(Pace);

impl Drop for Serving {
    fn drop(&mut self) {
        let it = &self.0.0;
        it.served.set(it.served.get() - 1);
        it.has_begun.set(false);
        it.until.set(Some(Instant::now() + SLOWEST_REST));
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
