//! A thousand operations against a model of Azure's quotas, in no time.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    time::{Duration, Instant},
};

use super::schedule::Schedule;
use crate::azure::Pace;

/// A bucket that fills continuously.
struct Bucket {
    left: f64,
    at: Instant,
    size: f64,
    per_second: f64,
}

impl Bucket {
    /// Takes one; `None` is a throttled call.
    fn take(&mut self, now: Instant) -> Option<u32> {
        let filled = now.duration_since(self.at).as_secs_f64() * self.per_second;
        self.left = (self.left + filled).min(self.size);
        self.at = now;
        (self.left >= 1.0).then(|| {
            self.left -= 1.0;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "from 0 to 250"
            )]
            let left = self.left as u32;
            left
        })
    }
}

/// What came of a simulation.
#[derive(Debug, Default)]
struct Outcome {
    polls: usize,
    throttled: usize,
    ended: usize,
    latest: Duration,
}

/// Follows `operations` in one subscription by `gateways`, of which none knows
/// of the others. Operation number n takes between 1 and 150 seconds.
fn simulate(operations: usize, gateways: usize) -> Outcome {
    let start = Instant::now();
    let mut reads = Bucket {
        left: 250.0,
        at: start,
        size: 250.0,
        per_second: 25.0,
    };
    let mut gates: Vec<_> = (0..gateways).map(|_| Gate::default()).collect();
    let mut schedules = vec![Schedule::default(); operations];
    let ends: Vec<_> = (0..operations)
        .map(|n| start + Duration::from_millis(1_000 + (n as u64 * 7_919) % 149_000))
        .collect();
    let mut events = BinaryHeap::new();
    for (n, schedule) in schedules.iter().enumerate() {
        events.push(Reverse((start + schedule.pause(), Event::Due(n))));
    }
    let mut outcome = Outcome::default();
    while let Some(Reverse((now, event))) = events.pop() {
        let gate = &mut gates[event.gate(gateways)];
        if let Event::Due(n) = event {
            gate.waiting.push_back(n);
            if gate.waiting.len() > 1 {
                continue;
            }
        }
        let pause = gate.pace.pause(now);
        if !pause.is_zero() {
            events.push(Reverse((now + pause, Event::Opens(event.gate(gateways)))));
            continue;
        }
        let Some(n) = gate.waiting.pop_front() else {
            continue;
        };
        gate.pace.taken(now);
        if !gate.waiting.is_empty() {
            events.push(Reverse((now, Event::Opens(n % gateways))));
        }
        outcome.polls += 1;
        if let Some(left) = reads.take(now) {
            gate.pace.learn(left);
            schedules[n].answered(Some(45), None);
            if now >= ends[n] {
                outcome.ended += 1;
                outcome.latest = outcome.latest.max(now - ends[n]);
                continue;
            }
        } else {
            outcome.throttled += 1;
            schedules[n].failed(None);
        }
        events.push(Reverse((now + schedules[n].pause(), Event::Due(n))));
    }
    outcome
}

/// The turnstile of one gateway, and the operations that wait at it.
#[derive(Default)]
struct Gate {
    pace: Pace,
    waiting: VecDeque<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// An operation's pause is over.
    Due(usize),
    /// A gateway's turnstile may let the next one pass.
    Opens(usize),
}

impl Event {
    fn gate(self, gateways: usize) -> usize {
        match self {
            Self::Due(operation) => operation % gateways,
            Self::Opens(gate) => gate,
        }
    }
}

#[test]
fn a_thousand_operations_of_one_subscription_meet_no_throttling() {
    let outcome = simulate(1_000, 1);
    assert_eq!(
        (outcome.throttled, outcome.ended),
        (0, 1_000),
        "{outcome:?}"
    );
    assert!(outcome.latest < Duration::from_secs(55), "{outcome:?}");
}

#[test]
fn gateways_that_do_not_know_of_each_other_meet_no_throttling_either() {
    for gateways in [2, 3, 5] {
        let outcome = simulate(1_000, gateways);
        assert_eq!(
            (outcome.throttled, outcome.ended),
            (0, 1_000),
            "{outcome:?}"
        );
    }
}

#[test]
fn as_many_operations_as_fit_are_known_to_have_ended_within_five_seconds() {
    let outcome = simulate(90, 1);
    assert_eq!((outcome.throttled, outcome.ended), (0, 90), "{outcome:?}");
    assert!(outcome.latest <= Duration::from_secs(5), "{outcome:?}");
}
