//! The steady flow of calls.

use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, SystemTime},
};

use actix_web::rt::{self, task::JoinHandle, time};
use azure_sandbox::Host;

use crate::{
    call::Call,
    callers::Who,
    site::{Site, Weather},
};

/// The longest pause of a caller between two calls, in milliseconds.
const LONGEST_PAUSE: u64 = 160;

/// Callers who go on until they are told to stop.
pub(crate) struct Traffic {
    over: Rc<Cell<bool>>,
    callers: Vec<JoinHandle<()>>,
}

impl Traffic {
    /// Everybody begins to call.
    pub(crate) fn begin(site: &Rc<Site>, seed: u64) -> Self {
        let over = Rc::new(Cell::new(false));
        let known = Who::KNOWN.map(|who| vec![who]);
        let everybody = known.into_iter().chain([Who::UNKNOWN.to_vec()]);
        let callers = everybody.zip(1..).map(|(who, number)| {
            let random = fastrand::Rng::with_seed(seed.wrapping_add(number));
            rt::spawn(calling(Rc::clone(site), who, random, Rc::clone(&over)))
        });
        Self {
            callers: callers.collect(),
            over,
        }
    }

    /// Everybody has had their last answer when this resolves.
    pub(crate) async fn end(self) {
        self.over.set(true);
        for caller in self.callers {
            caller.await.expect("a caller does not panic");
        }
    }
}

/// Calls by one of `who` in turn, one after the other.
async fn calling(site: Rc<Site>, who: Vec<Who>, mut random: fastrand::Rng, over: Rc<Cell<bool>>) {
    while !over.get() {
        // What one call draws changes nothing of the next.
        let mut own = random.fork();
        time::sleep(Duration::from_millis(own.u64(1..=LONGEST_PAUSE))).await;
        let (who, slot) = (who[own.usize(..who.len())], own.usize(..site.len()));
        let call = Call::random(who, &site, &mut own);
        site.make(&call, slot).await;
    }
}

impl Site {
    /// Makes `call` at `slot`, and looks at what comes of it.
    pub(crate) async fn make(&self, call: &Call, slot: usize) {
        let Some((api, life)) = self.address(slot) else {
            return;
        };
        let asks_cluster = self.slots.borrow()[slot].host == Host::Aks;
        let right = call.right(asks_cluster, self.files.shown());
        if right != 200 {
            let mut barred = self.barred.borrow_mut();
            barred.push(call.request.correlation_id());
        }
        let (asked, before) = (SystemTime::now(), self.weather.get());
        let answer = self.client.ask("https", api, &call.request).await;
        let weather = before.max(self.weather.get());
        let answer = match answer {
            Ok(answer) => answer,
            Err(_) if weather != Weather::Calm => return,
            Err(error) => {
                return self.find(format!("{} has no answer: {error}", call.request.path));
            }
        };
        self.answered.set(self.answered.get() + 1);
        if answer.status == 504 {
            self.late.set(self.late.get() + 1);
        }
        self.note_denial(&call.request, &answer);
        self.see(answer.head.as_bytes());
        self.see(&answer.body);
        if let Some(fault) = call.fault(answer.status, right, weather) {
            self.find(format!("{fault}: {}", answer.text()));
        }
        if right == 200 && answer.is_success() {
            call.examine(&answer, asked, life, self);
        } else {
            Call::note(&answer, self);
        }
    }

    /// Notes what came back, to be searched.
    pub(crate) fn see(&self, bytes: &[u8]) {
        let mut seen = self.seen.borrow_mut();
        seen.extend_from_slice(bytes);
        seen.push(b'\n');
    }
}
