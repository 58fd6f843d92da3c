//! Gateways end, and start where something is missing.

use std::time::{Duration, Instant};

use actix_web::rt::time;
use azure_sandbox::{Fault, Service, Times};

use crate::{settle::failing, site::Site};

/// How long a signal may be on its way before its effect has to show; readiness ends
/// for three seconds before the gateway does.
const ON_ITS_WAY: Duration = Duration::from_secs(2);

/// Within which time it ends: by what `terminationGracePeriodSeconds` is to be, its delay,
/// its grace, and five seconds.
const END: Duration = Duration::from_secs(3 + 5 + 5);

impl Site {
    pub(super) async fn killed(&self) {
        let slot = self.mortal();
        self.kill(slot);
        self.answered_more(10).await;
        self.revive(slot, |variables| variables).await;
    }

    pub(super) async fn terminated(&self) {
        let slot = self.mortal();
        self.ends(slot).await;
        self.revive(slot, |variables| variables).await;
    }

    /// Tells the gateway at `slot` to end, and resolves when it has: in order, and in its
    /// time.
    pub(super) async fn ends(&self, slot: usize) {
        let told = Instant::now();
        self.signal(slot, "-TERM");
        self.ends_as_unready(slot).await;
        let replica = self.slots.borrow_mut()[slot].replica.take();
        let code = replica.expect("a gateway").ended().await;
        let took = told.elapsed();
        if code != Some(0) || took > END {
            self.find(format!("gateway {slot} ended with {code:?} after {took:?}"));
        }
    }

    /// Resolves when the gateway at `slot` does not listen any more; until then it says
    /// that it is not ready.
    async fn ends_as_unready(&self, slot: usize) {
        let told = Instant::now();
        let mut ticks = time::interval(Duration::from_millis(50));
        loop {
            ticks.tick().await;
            let asked = told.elapsed();
            let Some(readiness) = self.readiness(slot).await else {
                return;
            };
            let is_unready = readiness.status == 503 && failing(&readiness) == ["serving"];
            if asked > ON_ITS_WAY && !is_unready {
                return self.find(format!("gateway {slot} ends: {}", readiness.text()));
            }
        }
    }

    pub(super) async fn without_tokens(&self) {
        self.azure
            .inject(Service::Token, Fault::answer(503, "{}"), Times::Always);
        let slot = self.mortal();
        self.kill(slot);
        self.revive(slot, |variables| variables).await;
        self.lacks(slot, &["token:arm", "token:graph"]).await;
        self.answered_more(10).await;
        self.clear();
    }
}
