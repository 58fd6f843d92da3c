//! How a connection is being served, as it cannot see by itself.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    task::Waker,
    time::{Duration, Instant},
};

use actix_web::{dev::ServiceRequest, http::ConnectionType};

use super::framing::Framing;

/// A connection on which nothing has come since the last answer was taken is closed after
/// this time, and one on which a part of the next head came before that.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// A further request on a connection has to have come whole, but for its body, within
/// this time of its first byte.
const SLOWEST_HEAD: Duration = Duration::from_secs(5);

/// How one connection of a caller goes on; copies share it.
#[derive(Clone)]
pub(crate) struct Pace(Rc<Inner>);

struct Inner {
    phase: Cell<Phase>,
    framing: RefCell<Framing>,
    /// The most bytes of a head.
    longest_head: usize,
    /// What ends the head that is served, if it was too long, and is not all there.
    cut: Cell<Option<&'static [u8]>>,
    /// Whether nothing comes after the request that is served.
    is_last: Cell<bool>,
    /// Who is told when the next bytes may be handed on.
    parked: Cell<Option<Waker>>,
}

#[derive(Clone, Copy)]
enum Phase {
    /// Nothing has been asked yet.
    Fresh,
    /// A request is there whose answer is not given to its last byte.
    Serving,
    /// Nothing has come since the last of them.
    Idle { until: Instant },
    /// Something of the next one has come.
    Head { until: Instant },
}

impl Pace {
    /// Of a connection that begins; heads are cut at `longest_head` bytes.
    pub(crate) fn new(longest_head: usize) -> Self {
        Self(Rc::new(Inner {
            phase: Cell::new(Phase::Fresh),
            framing: RefCell::default(),
            longest_head,
            cut: Cell::default(),
            is_last: Cell::default(),
            parked: Cell::default(),
        }))
    }

    /// Whether bytes may be handed on: those of a body, or of the next head when the
    /// request before it was served.
    pub(crate) fn is_open(&self) -> bool {
        match &*self.0.framing.borrow() {
            Framing::Whole => false,
            Framing::Head(_) => !matches!(self.0.phase.get(), Phase::Serving) && !self.is_last(),
            Framing::Sized(_) | Framing::Chunked(_) => true,
        }
    }

    /// How many of `bytes`, which have come from the caller, may be handed on.
    pub(crate) fn take(&self, bytes: &[u8], now: Instant) -> usize {
        if let Phase::Idle { .. } = self.0.phase.get() {
            let until = now + SLOWEST_HEAD;
            self.0.phase.set(Phase::Head { until });
        }
        let mut framing = self.0.framing.borrow_mut();
        let Some(head) = framing.head() else {
            return framing.take(bytes);
        };
        // A head is cut at the same byte however it comes.
        let room = self.0.longest_head.saturating_sub(head).min(bytes.len());
        let taken = framing.take(&bytes[..room]);
        if room < bytes.len() && framing.head().is_some() {
            self.0.cut.set(Some(framing.rest_of_head()));
            *framing = Framing::Whole;
        }
        taken
    }

    /// What is put behind a head of which the caller sent more than is taken. It is not
    /// served, and nothing comes after it.
    pub(crate) fn cut(&self) -> Option<&'static [u8]> {
        self.0.cut.get()
    }

    /// Whether what comes now is for nobody.
    pub(crate) fn is_over(&self) -> bool {
        self.cut().is_some() || self.is_last() && !self.0.framing.borrow().is_amid_body()
    }

    /// Whether nothing comes after what is served now.
    pub(super) fn is_last(&self) -> bool {
        self.0.is_last.get()
    }

    /// Nothing is served after what is served now.
    ///
    /// Source: RFC 9112, section 9.6.
    pub(super) fn end(&self) {
        self.0.is_last.set(true);
    }

    /// Has `waker` told when [`Pace::is_open`] changes.
    pub(crate) fn park(&self, waker: &Waker) {
        self.0.parked.set(Some(waker.clone()));
    }

    /// Tells whoever waits to look again.
    pub(crate) fn wake(&self) {
        if let Some(parked) = self.0.parked.take() {
            parked.wake();
        }
    }

    /// The caller has taken something of what they were told.
    pub(crate) fn sent(&self, now: Instant) {
        if let Phase::Idle { .. } = self.0.phase.get() {
            let until = now + KEEP_ALIVE;
            self.0.phase.set(Phase::Idle { until });
        }
    }

    /// Whether there is nothing to do.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.0.phase.get(), Phase::Idle { .. })
    }

    /// When the caller's time is up; nothing while they are served, or have not been.
    pub(crate) fn until(&self) -> Option<Instant> {
        match self.0.phase.get() {
            Phase::Fresh | Phase::Serving => None,
            Phase::Idle { until } | Phase::Head { until } => Some(until),
        }
    }

    /// `request` has come; it is served until what is returned is dropped.
    pub(crate) fn serve(&self, request: &ServiceRequest) -> Serving {
        self.0.phase.set(Phase::Serving);
        if self.cut().is_some() || request.head().connection_type() != ConnectionType::KeepAlive {
            self.end();
        }
        // What it says of a body, the rest of a head is not.
        if self.cut().is_some() {
            return Serving(self.clone());
        }
        let behind = Framing::behind(request.headers());
        if behind.is_amid_body() {
            self.wake();
        }
        self.0.framing.replace(behind);
        Serving(self.clone())
    }
}

/// A request of a connection while it is served.
pub(crate) struct Serving(Pace);

impl Drop for Serving {
    fn drop(&mut self) {
        let until = Instant::now() + KEEP_ALIVE;
        self.0.0.phase.set(Phase::Idle { until });
        self.0.wake();
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_head_that_begins_late_has_its_time_from_its_first_byte() {
        let pace = Pace::new(16 << 10);
        drop(pace.serve(&TestRequest::get().to_srv_request()));
        assert!(pace.is_idle());
        let late = Instant::now() + KEEP_ALIVE / 2;
        for after in 0..3 {
            let now = late + Duration::from_secs(after);
            assert_eq!(pace.take(b"G", now), 1);
            assert_eq!(pace.until(), Some(late + SLOWEST_HEAD));
        }
    }

    #[test]
    fn what_a_head_that_is_cut_says_of_a_body_does_not_count() {
        let head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\na: 123456789";
        let pace = Pace::new(head.len() - 4);
        assert_eq!(pace.take(head, Instant::now()), head.len() - 4);
        assert!(pace.cut().is_some());
        let request = TestRequest::post().insert_header(("content-length", "9"));
        let _serving = pace.serve(&request.to_srv_request());
        assert!(pace.is_over() && !pace.is_open());
    }
}
