//! Whether an upstream is there at all, as all workers know it.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use super::Error;
use crate::metrics::Metrics;

/// So many calls in a row without any answer, and nobody waits for the next one.
const FAILURES: u32 = 5;

/// How often somebody looks whether it is there again: what is back is known within a
/// second.
pub(super) const PROBES: Duration = Duration::from_millis(500);

/// Nobody has looked for so long: whoever did is gone.
const UNWATCHED: Duration = Duration::from_secs(1);

/// Who gives up sooner has not seen that there is no answer, unless calls have less than
/// twice as long: then it is half of their time. All of it no call has, as it is made some
/// time after its caller came.
const PATIENCE: Duration = Duration::from_secs(1);

/// Closed while the upstream answers, whatever it answers; open after calls in a row
/// that it did not answer, until it answers one.
#[derive(Clone)]
pub(crate) struct Circuit(Arc<Inner>);

struct Inner {
    patience: Duration,
    failures: AtomicU32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: Option<Open>,
    /// When the first call was made of those in a row that have had no answer.
    silent: Option<Instant>,
    /// When an answer last closed it. Calls that were made before say nothing any more.
    closed: Option<Instant>,
}

#[derive(Clone, Copy)]
struct Open {
    watch: Watch,
    probed: Instant,
}

/// Who looks whether there is an answer again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Watch {
    /// Since when there is no answer.
    since: Instant,
    /// How many watched before: one that was late, and not gone, gives way to the next.
    number: u32,
}

/// What the end of a call has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// It is open now, and the watch to be kept.
    Opened(Watch),
    /// There are answers again.
    Closed,
}

/// What may become of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// It is made.
    Made,
    /// It is not: there has been no answer for so long.
    Withheld(Duration),
    /// The same, and nobody looks whether there is one again: it is for this one to begin.
    Unwatched(Duration, Watch),
}

impl Circuit {
    /// Of an upstream at which calls may take `allowed`.
    pub(super) fn new(allowed: Duration) -> Self {
        Self(Arc::new(Inner {
            patience: PATIENCE.min(allowed / 2),
            failures: AtomicU32::default(),
            state: Mutex::default(),
        }))
    }

    /// Whether calls are made without a further look: no lock is taken for it.
    pub(super) fn is_well(&self) -> bool {
        self.0.failures.load(Ordering::Relaxed) < FAILURES
    }

    /// For how long there has been no answer, if it is open.
    pub(super) fn silence(&self, now: Instant) -> Option<Duration> {
        let open = self.state().open?;
        Some(now.saturating_duration_since(open.watch.since))
    }

    /// What may become of a call now.
    pub(super) fn admission(&self, now: Instant) -> Admission {
        if self.is_well() {
            return Admission::Made;
        }
        let mut state = self.state();
        let Some(open) = state.open.as_mut() else {
            return Admission::Made;
        };
        let silent = now.saturating_duration_since(open.watch.since);
        if now.saturating_duration_since(open.probed) < UNWATCHED {
            return Admission::Withheld(silent);
        }
        open.probed = now;
        open.watch.number += 1;
        Admission::Unwatched(silent, open.watch)
    }

    /// Notes a look `now`; whether there is a point in it, as `watch` is still to be kept.
    pub(super) fn probe(&self, watch: Watch, now: Instant) -> bool {
        let mut state = self.state();
        let same = state.open.as_mut().filter(|open| open.watch == watch);
        let is_open = same.is_some();
        if let Some(open) = same {
            open.probed = now;
        }
        is_open
    }

    /// A call has ended, after `took`.
    pub(super) fn learn(
        &self,
        error: Option<&Error>,
        took: Duration,
        now: Instant,
    ) -> Option<News> {
        match error {
            Some(error) if self.is_silence(error, took) => {
                let started = now.checked_sub(took).unwrap_or(now);
                self.unanswered(started, now).map(News::Opened)
            }
            Some(Error::Timeout(_) | Error::Open(_) | Error::Busy(_)) => None,
            _ => self.answered(now).then_some(News::Closed),
        }
    }

    /// Shows in `metrics` whether it is open, with the lock held: whoever comes late with
    /// what was news shows what is so by then.
    pub(super) fn show(&self, metrics: &Metrics, service: &'static str) {
        let state = self.state();
        metrics.upstream_circuit(service, state.open.is_some());
    }

    /// Whether it was open.
    fn answered(&self, now: Instant) -> bool {
        if self.0.failures.load(Ordering::Relaxed) == 0 {
            return false;
        }
        // Both under the lock: who is open without a failure would stay so.
        let mut state = self.state();
        self.0.failures.store(0, Ordering::Relaxed);
        state.silent = None;
        let was_open = state.open.take().is_some();
        if was_open {
            state.closed = Some(now);
        }
        was_open
    }

    /// The watch to be kept, if a call that was made at `started` opens it.
    fn unanswered(&self, started: Instant, now: Instant) -> Option<Watch> {
        let mut state = self.state();
        if state.closed.is_some_and(|closed| started < closed) {
            return None;
        }
        let since = *state.silent.get_or_insert(started);
        let failures = self.0.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if failures < FAILURES || state.open.is_some() {
            return None;
        }
        let watch = Watch { since, number: 0 };
        state.open = Some(Open { watch, probed: now });
        Some(watch)
    }

    /// Whether nobody answered. A refusal is an answer, and so is one that broke off or
    /// cannot be understood.
    fn is_silence(&self, error: &Error, took: Duration) -> bool {
        match error {
            Error::ConnectionRefused | Error::Unreachable(_) | Error::Interrupted(_) => true,
            Error::Timeout(_) => took >= self.0.patience,
            Error::Untrusted(_)
            | Error::Truncated(_)
            | Error::TooLong(_)
            | Error::Refused(_)
            | Error::Malformed(_)
            | Error::Open(_)
            | Error::Busy(_) => false,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::{StatusCode, header::HeaderMap};

    use super::*;
    use crate::http::{Cause, Refusal};

    fn refused() -> Error {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Error::Refused(Box::new(Refusal::read(status, &HeaderMap::new(), b"")))
    }

    /// What calls have by default.
    const ALLOWED: Duration = Duration::from_secs(10);

    /// A circuit that has just opened, the watch to be kept, and when.
    fn opened() -> (Circuit, Watch, Instant) {
        let (circuit, now) = (Circuit::new(ALLOWED), Instant::now());
        for _ in 1..FAILURES {
            assert_eq!(circuit.admission(now), Admission::Made);
            assert_eq!(refuse(&circuit, now), None);
        }
        let watch = opens(&circuit, now);
        (circuit, watch, now)
    }

    fn refuse(circuit: &Circuit, now: Instant) -> Option<News> {
        circuit.learn(Some(&Error::ConnectionRefused), Duration::ZERO, now)
    }

    /// The watch of a circuit that one more call opens.
    fn opens(circuit: &Circuit, now: Instant) -> Watch {
        match refuse(circuit, now) {
            Some(News::Opened(watch)) => watch,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn calls_are_withheld_and_one_notices_that_nobody_looks() {
        let (circuit, first, now) = opened();
        let after = |millis| now + Duration::from_millis(millis);
        let silent = Duration::from_millis;
        let at = |millis| circuit.admission(after(millis));
        assert_eq!(at(0), Admission::Withheld(Duration::ZERO));
        assert_eq!(at(999), Admission::Withheld(silent(999)));
        assert!(circuit.probe(first, after(999)));
        assert_eq!(at(1_998), Admission::Withheld(silent(1_998)));
        let Admission::Unwatched(_, next) = at(1_999) else {
            panic!("nobody has looked for a second");
        };
        assert_eq!(at(2_000), Admission::Withheld(silent(2_000)));
        assert!(circuit.probe(next, after(2_000)));
        assert!(!circuit.probe(first, after(2_000)), "the other looks since");
    }

    #[test]
    fn there_is_no_answer_since_the_first_call_that_had_none() {
        let (circuit, now) = (Circuit::new(ALLOWED), Instant::now());
        let after = |seconds| now + Duration::from_secs(seconds);
        circuit.learn(Some(&Error::ConnectionRefused), Duration::ZERO, now);
        circuit.learn(None, Duration::ZERO, after(5));
        for number in 1..=u64::from(FAILURES) {
            let late = Error::Timeout(ALLOWED);
            circuit.learn(Some(&late), ALLOWED, after(10 + 10 * number));
        }
        let withheld = Admission::Withheld(Duration::from_secs(50));
        assert_eq!(circuit.admission(after(60)), withheld);
    }

    #[test]
    fn who_looks_for_an_answer_stops_when_there_is_one() {
        let (circuit, watch, now) = opened();
        circuit.learn(None, Duration::ZERO, now);
        assert!(!circuit.probe(watch, now));
        let later = now + PROBES;
        for _ in 1..FAILURES {
            refuse(&circuit, later);
        }
        let other = opens(&circuit, later);
        assert!(circuit.probe(other, later));
        assert!(!circuit.probe(watch, later), "another looks since");
    }

    #[test]
    fn calls_from_before_an_answer_do_not_open_it_again() {
        let (circuit, _, now) = opened();
        let after = |seconds| now + Duration::from_secs(seconds);
        let answered = circuit.learn(None, Duration::ZERO, after(5));
        assert_eq!(answered, Some(News::Closed));
        let (hung, late) = (Duration::from_secs(10), Error::Timeout(PATIENCE));
        for _ in 0..FAILURES {
            assert_eq!(circuit.learn(Some(&late), hung, after(14)), None);
        }
        assert_eq!(circuit.admission(after(14)), Admission::Made);
        for _ in 1..FAILURES {
            assert_eq!(circuit.learn(Some(&late), hung, after(15)), None);
        }
        let news = circuit.learn(Some(&late), hung, after(15));
        assert!(matches!(news, Some(News::Opened(_))));
    }

    #[test]
    fn calls_from_before_an_answer_that_closed_nothing_count() {
        let (circuit, now) = (Circuit::new(ALLOWED), Instant::now());
        let after = |seconds| now + Duration::from_secs(seconds);
        circuit.learn(Some(&Error::ConnectionRefused), Duration::ZERO, now);
        assert_eq!(circuit.learn(None, Duration::ZERO, after(5)), None);
        let late = Error::Timeout(ALLOWED);
        for number in 1..=FAILURES {
            let news = circuit.learn(Some(&late), ALLOWED, after(10));
            assert_eq!(news.is_some(), number == FAILURES);
        }
    }

    #[test]
    fn that_it_stays_open_is_no_news() {
        let (circuit, watch, now) = opened();
        assert_eq!(refuse(&circuit, now + PROBES), None);
        assert!(circuit.probe(watch, now + PROBES));
    }

    #[test]
    fn any_answer_closes_it_and_is_told_once() {
        let (circuit, _, now) = opened();
        let learn = |error: Option<&Error>| circuit.learn(error, Duration::ZERO, now);
        assert_eq!(learn(Some(&refused())), Some(News::Closed));
        assert_eq!(learn(None), None);
        assert_eq!(circuit.admission(now), Admission::Made);
    }

    #[test]
    fn failures_that_are_not_in_a_row_do_not_open_it() {
        let (circuit, now) = (Circuit::new(ALLOWED), Instant::now());
        for _ in 0..9 {
            for _ in 1..FAILURES {
                let cause = Cause::said("reset");
                circuit.learn(Some(&Error::Interrupted(cause)), Duration::ZERO, now);
            }
            circuit.learn(None, Duration::ZERO, now);
        }
        assert_eq!(circuit.admission(now), Admission::Made);
    }

    /// Whether many calls that gave up after `took` open it where calls have `allowed`.
    fn is_opened_by(allowed: Duration, took: Duration) -> bool {
        let (circuit, now) = (Circuit::new(allowed), Instant::now());
        for _ in 0..99 {
            circuit.learn(Some(&Error::Timeout(took)), took, now);
        }
        circuit.admission(now) != Admission::Made
    }

    #[test]
    fn the_haste_of_a_caller_is_no_silence() {
        let millis = Duration::from_millis;
        assert!(!is_opened_by(ALLOWED, millis(999)));
        assert!(is_opened_by(ALLOWED, PATIENCE));
        for allowed in [100, 300, 1_000] {
            assert!(!is_opened_by(millis(allowed), millis(allowed / 2 - 1)));
        }
    }

    #[test]
    fn the_haste_of_a_caller_is_no_answer() {
        let (circuit, now) = (Circuit::new(ALLOWED), Instant::now());
        let haste = Duration::from_millis(1);
        for _ in 0..FAILURES {
            circuit.learn(Some(&Error::Timeout(haste)), haste, now);
            circuit.learn(Some(&Error::ConnectionRefused), Duration::ZERO, now);
        }
        assert_ne!(circuit.admission(now), Admission::Made);
    }

    /// A part of the time has passed before it is made.
    #[test]
    fn calls_that_have_little_time_open_it_when_it_is_up() {
        let millis = Duration::from_millis;
        for allowed in [100, 300, 1_000] {
            let took = millis(allowed * 9 / 10);
            assert!(is_opened_by(millis(allowed), took), "{allowed}");
        }
    }
}
