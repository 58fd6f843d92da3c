//! Faults on demand.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::{Notify, Semaphore};

use crate::{arc::ArcFault, arrivals::awaited, journal::Service};

/// What happens instead of, or before, the real answer.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This is answered.
    Answer {
        /// The status.
        status: u16,
        /// The headers.
        headers: Vec<(String, String)>,
        /// The body, JSON as a rule.
        body: String,
    },
    /// The real answer comes late.
    Delay(Duration),
    /// 429 in the service's own shape.
    Throttle {
        /// Seconds.
        retry_after: u64,
    },
    /// The connection is reset before there is a response head.
    Reset,
    /// The connection is closed in good order before there is a response head.
    Close,
    /// What is asked is done, and the connection reset instead of an answer.
    LoseAnswer,
    /// What is asked is done at once, and answered so much later.
    AnswerLate(Duration),
    /// What is asked is done, and the connection closed amid the answer's head.
    CutHead,
    /// The next real answer that is 202 does not say where it is told how it goes on.
    Unlink,
    /// The next real answer with a body is cut short in the middle of it.
    Truncate,
    /// The next real answer with a longer body is cut short after so many bytes of it;
    /// after none of them, the head stands alone.
    TruncateAt(usize),
    /// The same of an answer in chunks, which does not announce its length.
    TruncateChunkedAt(usize),
    /// 302 to this URL.
    Redirect(String),
    /// 200 with a body of this many bytes.
    Oversize(u64),
    /// The next real answer whose JSON this merge patch (RFC 7396) changes, changed by
    /// it: what is null goes.
    Alter(serde_json::Value),
    /// A challenge of Arc's agent, in disorder.
    Arc(ArcFault),
}

impl Fault {
    /// A status with a body that is JSON.
    #[must_use]
    pub fn answer(status: u16, body: &str) -> Self {
        Self::Answer {
            status,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_owned(),
        }
    }

    /// Whether it waits for an answer that it can change.
    fn is_choosy(&self) -> bool {
        matches!(
            self,
            Self::Unlink | Self::Truncate | Self::TruncateAt(_) | Self::Alter(_)
        )
    }
}

/// How often a fault takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// For this many requests.
    Next(usize),
    /// Until it is cleared.
    Always,
}

/// The faults that wait for their requests.
#[derive(Default)]
pub(crate) struct Faults {
    queues: Mutex<HashMap<Service, VecDeque<(Fault, Times)>>>,
    holds: Mutex<Vec<(Service, Arc<Barrier>)>>,
    met: Mutex<HashMap<Service, usize>>,
}

struct Barrier {
    /// Closed when it opens.
    gate: Semaphore,
    arrivals: AtomicUsize,
    arrived: Notify,
}

/// Requests that wait. Dropping it lets them go on.
pub struct Hold(Arc<Barrier>);

impl Hold {
    /// Resolves once `count` requests wait, or have waited.
    ///
    /// # Panics
    ///
    /// Where they do not come in a minute.
    pub async fn arrived(&self, count: usize) {
        let arrivals = || self.0.arrivals.load(Ordering::SeqCst);
        awaited(count, &self.0.arrived, arrivals).await;
    }

    /// Lets the requests go on, and those to come.
    pub fn release(self) {
        drop(self);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.gate.close();
    }
}

impl Faults {
    pub(crate) fn inject(&self, service: Service, fault: Fault, times: Times) {
        if times == Times::Next(0) {
            return;
        }
        lock(&self.queues)
            .entry(service)
            .or_default()
            .push_back((fault, times));
    }

    pub(crate) fn clear(&self, service: Service) {
        lock(&self.queues).remove(&service);
    }

    pub(crate) fn hold(&self, service: Service) -> Hold {
        let barrier = Arc::new(Barrier {
            gate: Semaphore::new(0),
            arrivals: AtomicUsize::new(0),
            arrived: Notify::new(),
        });
        lock(&self.holds).push((service, Arc::clone(&barrier)));
        Hold(barrier)
    }

    /// Waits while `service` is held.
    pub(crate) async fn wait(&self, service: Service) {
        let barriers: Vec<_> = lock(&self.holds)
            .iter()
            .filter(|(held, barrier)| *held == service && !barrier.gate.is_closed())
            .map(|(_, barrier)| Arc::clone(barrier))
            .collect();
        if !barriers.is_empty() {
            self.meets(service);
        }
        for barrier in barriers {
            barrier.arrivals.fetch_add(1, Ordering::SeqCst);
            barrier.arrived.notify_waiters();
            // Ends with an error when the barrier opens: it gives no permits.
            let _ = barrier.gate.acquire().await;
        }
    }

    /// The fault for the next request to `service`. One that is to change the answer is met
    /// when it has, and else put back.
    pub(crate) fn take(&self, service: Service) -> Option<Fault> {
        let mut queues = lock(&self.queues);
        let queue = queues.get_mut(&service)?;
        let (fault, times) = queue.front_mut()?;
        let fault = fault.clone();
        match times {
            Times::Always => {}
            Times::Next(left) if *left > 1 => *left -= 1,
            Times::Next(_) => {
                queue.pop_front();
            }
        }
        drop(queues);
        if !fault.is_choosy() {
            self.meets(service);
        }
        Some(fault)
    }

    /// Keeps a fault that was taken, and changed nothing, for the next request.
    pub(crate) fn put_back(&self, service: Service, fault: Fault) {
        // There is no queue any more where faults have been cleared meanwhile.
        if let Some(queue) = lock(&self.queues).get_mut(&service)
            && !matches!(queue.front(), Some((_, Times::Always)))
        {
            queue.push_front((fault, Times::Next(1)));
        }
    }

    /// How many requests to `service` were held, or met a fault.
    pub(crate) fn met(&self, service: Service) -> usize {
        lock(&self.met).get(&service).copied().unwrap_or_default()
    }

    /// A request to `service` was held, or met a fault.
    pub(crate) fn meets(&self, service: Service) {
        *lock(&self.met).entry(service).or_default() += 1;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
