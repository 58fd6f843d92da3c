//! Waiting for what has to come to be so, and never for a time.

use std::time::{Duration, Instant};

use actix_web::rt::time;
use azure_sandbox::Host;
use futures_util::future::join_all;
use serde_json::Value;

use crate::{
    callers::Who,
    client::{Answer, Request},
    replica::Replica,
    site::{Site, Weather},
    vitals::Vitals,
};

/// By when all is well again after a fault: a gateway asks again after a minute at the
/// latest, and the machine may have much else to do.
pub(crate) const CALM: Duration = Duration::from_mins(4);

/// So many calls have to come to what they should before the next fault.
const FAIR_CALLS: u64 = 25;

/// How much more than at first a gateway may take once all is well.
const MORE_DESCRIPTORS: u64 = 20;
const MORE_THREADS: u64 = 4;
const MORE_MEMORY: u64 = 8 << 20;

/// Which required checks fail, by their names; none where nobody answers.
pub(crate) fn failing(readiness: &Answer) -> Vec<String> {
    let body = readiness.json();
    let checks = body["checks"].as_array().cloned().unwrap_or_default();
    let failing = checks
        .iter()
        .filter(|it| it["required"] == true && it["ok"] == false);
    failing
        .filter_map(|it| it["name"].as_str().map(str::to_owned))
        .collect()
}

/// The check `name`: its code and its detail.
pub(crate) fn check(readiness: &Answer, name: &str) -> Option<(String, String)> {
    let body = readiness.json();
    let check = body["checks"]
        .as_array()?
        .iter()
        .find(|it| it["name"] == name)?;
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Some((word(&check["code"]), word(&check["detail"])))
}

impl Site {
    /// Looks again and again until `is_so` gives something.
    ///
    /// # Panics
    ///
    /// Where it does not come to be so, with what `what` it was.
    pub(crate) async fn until<T>(&self, what: &str, is_so: impl AsyncFn() -> Option<T>) -> T {
        let deadline = Instant::now() + CALM;
        let mut ticks = time::interval(Duration::from_millis(50));
        loop {
            ticks.tick().await;
            if let Some(it) = is_so().await {
                return it;
            }
            assert!(
                Instant::now() < deadline,
                "seed {}, {what}: it has not come within {CALM:?}; {:?}; the logs are in {}",
                self.seed,
                self.findings.borrow(),
                self.files.folder().display()
            );
        }
    }

    /// Resolves when `count` more calls were answered.
    pub(crate) async fn answered_more(&self, count: u64) {
        let goal = self.answered.get() + count;
        self.until("calls go on", async || {
            (self.answered.get() >= goal).then_some(())
        })
        .await;
    }

    /// What the gateway at `slot` says of its readiness.
    pub(crate) async fn readiness(&self, slot: usize) -> Option<Answer> {
        let answer = self.client.look(self.admin(slot)?, "/readyz").await.ok()?;
        self.see(&answer.body);
        Some(answer)
    }

    /// Resolves when the gateway at `slot` is not ready, for want of just these.
    pub(crate) async fn lacks(&self, slot: usize, checks: &[&str]) {
        let what = format!("gateway {slot} lacks {checks:?}");
        self.until(&what, async || {
            let readiness = self.readiness(slot).await?;
            (readiness.status == 503 && failing(&readiness) == checks).then_some(())
        })
        .await;
    }

    /// Resolves when the check `name` of every gateway has that code, and a detail with
    /// `words`; it takes none of them out of service.
    pub(crate) async fn all_tell(&self, name: &str, code: &str, words: &str) {
        for slot in 0..self.len() {
            let what = format!("{name} of gateway {slot} is {code}, {words}");
            let readiness = self.until(&what, async || {
                let readiness = self.readiness(slot).await?;
                let (told, detail) = check(&readiness, name)?;
                (told == code && detail.contains(words)).then_some(readiness)
            });
            let status = readiness.await.status;
            if status != 200 {
                self.find(format!("gateway {slot} is unready by {name}"));
            }
        }
    }

    /// Every gateway is ready, but for a new one: what is amiss is nothing that it needs.
    pub(crate) async fn all_stay_ready(&self, amiss: &str, new: Option<usize>) {
        for slot in (0..self.len()).filter(|slot| Some(*slot) != new) {
            let Some(readiness) = self.readiness(slot).await else {
                self.find(format!("gateway {slot} says nothing of its readiness"));
                continue;
            };
            if readiness.status != 200 {
                self.find(format!(
                    "gateway {slot} is unready by {amiss}: {}",
                    readiness.text()
                ));
            }
        }
    }

    /// Resolves when all is well: every gateway is ready, answers all kinds of calls,
    /// carries out an order, and takes no more of its host than before; and everybody
    /// gets what they should.
    pub(crate) async fn calm(&self) {
        join_all((0..self.len()).map(|slot| self.recovered(slot))).await;
        self.weather.set(Weather::Calm);
        self.answered_more(FAIR_CALLS).await;
        for slot in 0..self.len() {
            self.leveled(slot).await;
        }
    }

    async fn recovered(&self, slot: usize) {
        let token = |who| self.callers.token(who).expect("somebody with a token");
        self.until(&format!("gateway {slot} is ready"), async || {
            let readiness = self.readiness(slot).await?;
            (readiness.status == 200).then_some(())
        })
        .await;
        // Of the robot the cluster is asked.
        let robot = self.slots.borrow()[slot].host == Host::Aks;
        let robot = robot.then_some((Who::Robot, "/vms/web-09"));
        for (who, path) in [
            (Who::Person, "/vms/web-09"),
            (Who::Reader, "/vms?top=3"),
            (Who::Operator(1), "/identity"),
            (Who::Reader, "/directory/users?department=Seinfeld&top=3"),
        ]
        .into_iter()
        .chain(robot)
        {
            self.until(&format!("{path} at gateway {slot}"), async || {
                let request = Request::get(path, &token(who));
                let answer = self.asked(slot, &request).await?;
                (answer.status == 200).then_some(())
            })
            .await;
        }
        self.until(
            &format!("an order succeeds at gateway {slot}"),
            async || self.carried_out(slot).await,
        )
        .await;
    }

    /// Whether a restart, of a machine that nobody else touches, is told as succeeded
    /// by the gateway that took it and by another.
    async fn carried_out(&self, slot: usize) -> Option<()> {
        let token = self.callers.token(Who::Operator(1))?;
        let path = format!("/vms/web-{}/restart", 10 + slot);
        let order = self.asked(slot, &Request::post(&path, &token)).await?;
        let id = order.json()["id"].as_str()?.to_owned();
        if !order.is_success() {
            return None;
        }
        self.told
            .borrow_mut()
            .push((id.clone(), self.address(slot)?.1));
        for place in [slot, (slot + 1) % self.len()] {
            let mut request = Request::get(&format!("/operations/{id}"), &token);
            request.prefer = Some("wait=20".to_owned());
            let operation = self.asked(place, &request).await?.json();
            if operation["status"] != "Succeeded" {
                return None;
            }
        }
        Some(())
    }

    /// The answer of the gateway at `slot`, if there is one.
    pub(crate) async fn asked(&self, slot: usize, request: &Request) -> Option<Answer> {
        let (api, _) = self.address(slot)?;
        let answer = self.client.ask("https", api, request).await.ok()?;
        self.see(&answer.body);
        Some(answer)
    }

    /// By how much more the gateway at `slot` takes than at first, in words.
    pub(crate) fn growth(&self, slot: usize) -> String {
        let slots = self.slots.borrow();
        let more = |value: fn(&Vitals) -> u64| {
            let now = slots[slot].replica.as_ref().map(Replica::vitals);
            let [now, first] = [now, slots[slot].level].map(|it| it.as_ref().map_or(0, value));
            now.cast_signed() - first.cast_signed()
        };
        format!(
            "gateway {slot} took {:+} KiB, {:+} descriptors and {:+} threads",
            more(|it| it.resident >> 10),
            more(|it| it.descriptors),
            more(|it| it.threads),
        )
    }

    /// Resolves when the gateway at `slot` takes no more than it did at first.
    async fn leveled(&self, slot: usize) {
        let vitals = || {
            let slots = self.slots.borrow();
            Some((slots[slot].replica.as_ref()?.vitals(), slots[slot].level))
        };
        self.until(&format!("gateway {slot} takes what it took"), async || {
            let (now, level) = vitals()?;
            let Some(level) = level else {
                self.slots.borrow_mut()[slot].level = Some(now);
                return Some(());
            };
            let is_level = now.descriptors <= level.descriptors + MORE_DESCRIPTORS
                && now.threads <= level.threads + MORE_THREADS
                && now.resident <= level.resident + MORE_MEMORY;
            is_level.then_some(())
        })
        .await;
    }
}
