//! Gateways end, and start where something is missing.

use std::time::{Duration, Instant};

use actix_web::rt::time;
use azure_sandbox::{Fault, Service, Times};

use crate::{callers::Who, client::Request, settle::failing, site::Site};

/// A label longer than the 63 bytes that DNS has: no resolver is asked for it.
const UNRESOLVED: &str = "a-name-of-more-letters-than-any-label-of-the-domain-name-system-may-have";

/// The variables that hold the names of what callers ask for.
const ASKED: [&str; 2] = ["MIG_ARM_ENDPOINT", "MIG_GRAPH_ENDPOINT"];

/// That of where keys come from. The gateway whose tokens come from there as well is ended
/// by no fault.
const ENTRA: [&str; 1] = ["MIG_ENTRA_ENDPOINT"];

/// How long a signal may be on its way before its effect has to show; readiness ends
/// for three seconds before the gateway does.
const ON_ITS_WAY: Duration = Duration::from_secs(2);

impl Site {
    pub(super) async fn killed(&self) {
        let slot = self.mortal();
        self.kill(slot);
        self.answered_more(10).await;
        self.revive(slot, |variables| variables).await;
    }

    pub(super) async fn terminated(&self) {
        let slot = self.mortal();
        self.signal(slot, "-TERM");
        self.ends_as_unready(slot).await;
        let replica = self.slots.borrow_mut()[slot].replica.take();
        let code = replica.expect("a gateway").ended().await;
        if code != Some(0) {
            self.find(format!("gateway {slot} ended with {code:?}"));
        }
        self.revive(slot, |variables| variables).await;
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

    pub(super) async fn unresolvable(&self) {
        let slot = self.mortal();
        self.kill(slot);
        self.revive(slot, |variables| nowhere(variables, &ASKED))
            .await;
        self.says_so(slot).await;
        self.kill(slot);
        self.revive(slot, |variables| nowhere(variables, &ENTRA))
            .await;
        self.lacks(slot, &["keys:entra_v2"]).await;
        self.answered_more(10).await;
        self.kill(slot);
        self.revive(slot, |variables| variables).await;
    }

    /// The gateway at `slot`, which reaches neither machines nor users, is ready, and says
    /// of them just that.
    async fn says_so(&self, slot: usize) {
        self.until(&format!("gateway {slot} is ready"), async || {
            let readiness = self.readiness(slot).await?;
            (readiness.status == 200).then_some(())
        })
        .await;
        let token = self.callers.token(Who::Operator(1)).expect("a token");
        let users = "/directory/users?department=Seinfeld&top=3";
        for request in [
            Request::get("/vms/web-09", &token),
            Request::get("/vms?top=3", &token),
            Request::get(users, &token),
            Request::post("/vms/web-09/restart", &token),
        ] {
            let answer = self.asked(slot, &request).await.expect("an answer");
            let code = &answer.json()["code"];
            if answer.status != 502 || code != "upstream_failed" {
                let (path, text) = (&request.path, answer.text());
                self.find(format!("{path}, where nobody resolves Azure: {text}"));
            }
        }
        self.answered_more(10).await;
    }
}

/// The same variables, with a name in place of the address where a part of Azure is: one
/// that `named` tells of.
fn nowhere(mut variables: Vec<(String, String)>, named: &[&str]) -> Vec<(String, String)> {
    for (name, value) in &mut variables {
        if named.contains(&name.as_str()) {
            *value = format!("https://{UNRESOLVED}");
        }
    }
    variables
}
