//! How many calls one worker makes at once, and whose turn is next.

use std::{
    cell::RefCell,
    collections::{HashMap, VecDeque},
    iter,
    rc::Rc,
    time::Duration,
};

use actix_web::rt::time;
use tokio::sync::oneshot;

use super::{Deadline, error::Crowd};

/// Nobody waits longer for a turn: what is asked then would be answered late at best.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Whom a call is made for; those of one caller wait behind each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct CallerKey(pub(crate) u64);

/// Turns of one worker's calls to one upstream. As many wait as are made at once;
/// callers take turns, whatever each of them asks.
#[derive(Clone)]
pub(super) struct Turns(Rc<RefCell<Line>>);

struct Line {
    free: usize,
    room: usize,
    waiting: usize,
    /// Callers who wait, in the order of their turns.
    callers: VecDeque<CallerKey>,
    calls: HashMap<CallerKey, VecDeque<oneshot::Sender<Turn>>>,
}

/// The turn of one call. It passes to the next one when it is dropped.
pub(super) struct Turn(Turns);

impl Turns {
    /// `at_once` calls at once.
    pub(super) fn new(at_once: usize) -> Self {
        Self(Rc::new(RefCell::new(Line {
            free: at_once,
            room: at_once,
            waiting: 0,
            callers: VecDeque::new(),
            calls: HashMap::new(),
        })))
    }

    /// Waits for a turn, for as long as `deadline` allows and no longer than a second.
    pub(super) async fn turn(&self, caller: CallerKey, deadline: Deadline) -> Result<Turn, Crowd> {
        let Some(waiting) = self.0.borrow_mut().enter(caller)? else {
            return Ok(Turn(self.clone()));
        };
        let allowed = deadline.at_most(LONGEST_WAIT).remaining();
        match time::timeout(allowed, waiting).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) => Err(Crowd::Full),
            Err(_) => Err(Crowd::Late(allowed)),
        }
    }

    /// Gives a turn that has ended to whoever is next, and still waits: who has left would
    /// give it back in here, by dropping it.
    fn pass_on(&self) {
        let mut line = self.0.borrow_mut();
        let next = iter::from_fn(|| line.next()).find(|call| !call.is_closed());
        let Some(next) = next else {
            line.free += 1;
            return;
        };
        drop(line);
        let _ = next.send(Turn(self.clone()));
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.pass_on();
    }
}

impl Line {
    /// `None` where it is the caller's turn at once.
    fn enter(&mut self, caller: CallerKey) -> Result<Option<oneshot::Receiver<Turn>>, Crowd> {
        if self.free > 0 {
            self.free -= 1;
            return Ok(None);
        }
        if self.waiting >= self.room {
            self.forget_those_who_left();
        }
        if self.waiting >= self.room && !self.make_room(caller) {
            return Err(Crowd::Full);
        }
        let (turn, waiting) = oneshot::channel();
        let calls = self.calls.entry(caller).or_default();
        if calls.is_empty() {
            self.callers.push_back(caller);
        }
        calls.push_back(turn);
        self.waiting += 1;
        Ok(Some(waiting))
    }

    /// Whose time was up, or whose caller has gone, holds no place in the line.
    fn forget_those_who_left(&mut self) {
        self.calls.retain(|_, calls| {
            calls.retain(|call| !call.is_closed());
            !calls.is_empty()
        });
        self.callers
            .retain(|caller| self.calls.contains_key(caller));
        self.waiting = self.calls.values().map(VecDeque::len).sum();
    }

    /// Sends away the newest call of the caller who has most of them waiting, unless
    /// that is `caller`.
    fn make_room(&mut self, caller: CallerKey) -> bool {
        let waiting = |of: &CallerKey| self.calls.get(of).map_or(0, VecDeque::len);
        let longest = self.callers.iter().copied().max_by_key(waiting);
        let Some(longest) = longest.filter(|it| waiting(it) > waiting(&caller) + 1) else {
            return false;
        };
        let newest = self.calls.get_mut(&longest).and_then(VecDeque::pop_back);
        self.waiting -= usize::from(newest.is_some());
        newest.is_some()
    }

    /// Whoever is next leaves the line.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let caller = self.callers.pop_front()?;
        let calls = self.calls.get_mut(&caller)?;
        let next = calls.pop_front();
        if calls.is_empty() {
            self.calls.remove(&caller);
        } else {
            self.callers.push_back(caller);
        }
        self.waiting -= usize::from(next.is_some());
        next
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use actix_web::rt::{spawn, task::JoinHandle, task::yield_now};

    use super::*;

    fn caller(number: u64) -> CallerKey {
        CallerKey(number)
    }

    /// A call of `caller` that waits for its turn, and notes whose it is when it comes.
    async fn waits(turns: &Turns, log: &Rc<RefCell<Vec<u64>>>, number: u64) -> Waiting {
        let (turns, log) = (turns.clone(), Rc::clone(log));
        let call = spawn(async move {
            let deadline = Deadline::after(Duration::from_mins(1));
            turns.turn(caller(number), deadline).await.map(|turn| {
                log.borrow_mut().push(number);
                drop(turn);
            })
        });
        yield_now().await;
        call
    }

    type Waiting = JoinHandle<Result<(), Crowd>>;

    async fn taken(turns: &Turns) -> Turn {
        let deadline = Deadline::after(Duration::from_mins(1));
        turns.turn(caller(0), deadline).await.unwrap()
    }

    #[actix_web::test]
    async fn callers_take_turns_whatever_each_of_them_asks() {
        let (turns, log) = (Turns::new(4), Rc::default());
        let held = [taken(&turns).await, taken(&turns).await];
        let last = [taken(&turns).await, taken(&turns).await];
        let mut calls = Vec::new();
        for number in [1, 1, 2, 3] {
            calls.push(waits(&turns, &log, number).await);
        }
        drop((held, last));
        for call in calls {
            call.await.unwrap().unwrap();
        }
        assert_eq!(*log.borrow(), [1, 2, 3, 1]);
        assert_eq!(turns.0.borrow().free, 4);
        assert_eq!(turns.0.borrow().waiting, 0);
        assert!(turns.0.borrow().calls.is_empty(), "nobody is remembered");
    }

    #[actix_web::test]
    async fn whoever_has_most_waiting_makes_room_for_others() {
        let (turns, log) = (Turns::new(3), Rc::default());
        let held = [
            taken(&turns).await,
            taken(&turns).await,
            taken(&turns).await,
        ];
        let mut flood = Vec::new();
        for _ in 0..3 {
            flood.push(waits(&turns, &log, 1).await);
        }
        let fourth = waits(&turns, &log, 1).await;
        assert_eq!(fourth.await.unwrap(), Err(Crowd::Full));
        let other = waits(&turns, &log, 2).await;
        let newest = flood.pop().unwrap();
        assert_eq!(newest.await.unwrap(), Err(Crowd::Full));
        drop(held);
        other.await.unwrap().unwrap();
        for call in flood {
            call.await.unwrap().unwrap();
        }
        assert_eq!(*log.borrow(), [1, 2, 1]);
    }

    #[actix_web::test]
    async fn who_leaves_takes_no_turn_along() {
        let (turns, log) = (Turns::new(1), Rc::default());
        let held = taken(&turns).await;
        let gone = waits(&turns, &log, 1).await;
        gone.abort();
        assert!(gone.await.is_err());
        drop(held);
        assert_eq!(turns.0.borrow().free, 1);
        drop(taken(&turns).await);
        assert!(log.borrow().is_empty());
    }

    #[actix_web::test]
    async fn who_left_holds_no_place_in_the_line() {
        let (turns, log) = (Turns::new(2), Rc::default());
        let held = [taken(&turns).await, taken(&turns).await];
        let gone = [waits(&turns, &log, 1).await, waits(&turns, &log, 2).await];
        for call in gone {
            call.abort();
            assert!(call.await.is_err());
        }
        let late = waits(&turns, &log, 3).await;
        drop(held);
        late.await.unwrap().unwrap();
        assert_eq!(*log.borrow(), [3]);
        assert_eq!(turns.0.borrow().free, 2);
        assert_eq!(turns.0.borrow().waiting, 0);
    }

    #[actix_web::test]
    async fn nobody_waits_longer_than_the_deadline() {
        let turns = Turns::new(1);
        let _held = taken(&turns).await;
        let allowed = Duration::from_millis(20);
        let late = turns.turn(caller(1), Deadline::after(allowed)).await;
        assert!(matches!(late, Err(Crowd::Late(waited)) if waited <= allowed));
    }

    #[actix_web::test]
    async fn nobody_waits_longer_than_a_second_however_much_time_there_is() {
        let turns = Turns::new(1);
        let _held = taken(&turns).await;
        let (second, began) = (Duration::from_secs(1), Instant::now());
        let late = turns.turn(caller(1), Deadline::after(10 * second)).await;
        assert!(matches!(late, Err(Crowd::Late(waited)) if waited <= second));
        assert!(began.elapsed() < 5 * second);
    }
}
