//! Azure fails, is not there, or changes its mind.

use std::{
    cell::Cell,
    time::{Duration, SystemTime},
};

use azure_sandbox::{AppRoles, Assignment, Fault, Host, Identity, Service, Times};
use serde_json::json;

use super::verbs::{self, SERVICES};
use crate::{callers::Who, client::Request, site::Site, truth};

/// So many calls meet a fault before it ends.
pub(super) const CALLS: u64 = 60;

impl Site {
    pub(super) async fn storm(&self) {
        let before = SERVICES.map(|service| self.azure.faults_met(service));
        let due = SERVICES.map(|service| self.due(service));
        self.have_asked(&SERVICES).await;
        self.answered_more(CALLS).await;
        for ((service, before), due) in SERVICES.into_iter().zip(before).zip(due) {
            self.is_met(service, before).await;
            let met = self.azure.faults_met(service) - before;
            let mut injected = self.injected.borrow_mut();
            injected.extend(due.into_iter().take(met).map(|verb| (service, verb)));
        }
        self.clear();
    }

    /// Injects a few faults of `service`; returns which its next requests meet, one after
    /// the other.
    fn due(&self, service: Service) -> Vec<usize> {
        let mut due = Vec::new();
        for _ in 0..2 + self.below(3) {
            let (verb, times) = (self.verb(service), 1 + self.below(3));
            self.azure
                .inject(service, self.fault(verb, service), Times::Next(times));
            due.extend([verb].repeat(times));
        }
        due
    }

    pub(super) async fn outage(&self) {
        let service = SERVICES[self.below(SERVICES.len())];
        let (verb, before) = (self.verb(service), self.azure.faults_met(service));
        let fault = self.fault(verb, service);
        let amiss = format!("an outage of {service:?}, {fault:?}");
        println!("chaos: {amiss}");
        self.azure.inject(service, fault, Times::Always);
        let new = self.have_asked(&[service]).await;
        self.answered_more(CALLS).await;
        self.is_met(service, before).await;
        self.injected.borrow_mut().insert((service, verb));
        // A gateway needs tokens and keys, and has both, unless it is new.
        self.all_stay_ready(&amiss, new).await;
        self.clear();
    }

    pub(super) async fn orders(&self) {
        let service = Service::Actions;
        let (before, kinds) = (self.azure.faults_met(service), verbs::kinds(service));
        for _ in &kinds {
            let fault = self.fault(self.verb(service), service);
            self.azure.inject(service, fault, Times::Next(1));
        }
        let turn = Cell::new(0);
        self.until("every fault met an order", async || {
            let token = self.callers.token(Who::Operator(3))?;
            turn.set(turn.get() + 1);
            let (api, _) = self.address(turn.get() % self.len())?;
            let request = order_or_change(turn.get(), &token);
            // Whatever comes of it: that is looked at by the records.
            if let Ok(answer) = self.client.ask("https", api, &request).await {
                self.note_denial(&request, &answer);
            }
            let met = self.azure.faults_met(service) - before;
            (met >= kinds.len()).then_some(())
        })
        .await;
        let met = kinds.into_iter().map(|kind| (service, kind));
        self.injected.borrow_mut().extend(met);
        self.clear();
    }

    /// Has gateways ask for what they have: tokens last for long, and keys and metadata
    /// are of the start, for which a gateway is started anew; at which place, if it is.
    pub(super) async fn have_asked(&self, services: &[Service]) -> Option<usize> {
        if services.contains(&Service::Token) {
            self.azure.expire_tokens();
        }
        if !services.contains(&Service::Keys) && !services.contains(&Service::Instance) {
            return None;
        }
        let slot = self.place_of(Host::Vm);
        self.kill(slot);
        self.revive(slot, |variables| variables).await;
        Some(slot)
    }

    /// Resolves when a request to `service` has met what there is, beyond those `before`.
    pub(super) async fn is_met(&self, service: Service, before: usize) {
        self.until(
            &format!("{service:?} is asked amid its faults"),
            async || (self.azure.faults_met(service) > before).then_some(()),
        )
        .await;
    }

    pub(super) async fn unreachable(&self) {
        let refusing = self.azure.refuse_connections();
        self.answered_more(CALLS).await;
        self.all_stay_ready("an Azure that is not there", None)
            .await;
        drop(refusing);
    }

    pub(super) async fn tokens(&self) {
        let other = Identity::named("other");
        let kind = self.below(4);
        println!("chaos: tokens of kind {kind}");
        match kind {
            0 => self.azure.expire_tokens(),
            1 => self.azure.reject_tokens(),
            2 => {
                self.azure.answer_as(other);
                self.azure.expire_tokens();
            }
            _ => {
                self.azure.token_audience("https://example.org");
                self.azure.expire_tokens();
            }
        }
        self.azure.expire_assertions();
        self.answered_more(CALLS).await;
        self.azure.answer_as(None);
        self.azure.token_audience(None);
        self.azure.rotate_assertion();
        if kind == 1 {
            self.begin_anew().await;
        }
    }

    pub(super) async fn grants(&self) {
        self.azure.assign(Vec::new());
        self.azure.app_roles(AppRoles::None);
        self.azure.expire_tokens();
        self.answered_more(CALLS).await;
        self.azure.assign(vec![Assignment {
            scope: "/".to_owned(),
            actions: vec!["*".to_owned()],
        }]);
        self.azure.app_roles(AppRoles::ReadAll);
        self.azure.expire_tokens();
    }

    pub(super) async fn mishaps(&self) {
        for code in ["AllocationFailed", "InternalExecutionError"] {
            self.azure.fail_next_operation(code, "it is so");
        }
        self.azure.empty_pages(2);
        self.answered_more(CALLS / 2).await;
        self.azure.forget_operations();
        self.azure.expire_page_tokens();
        self.answered_more(CALLS / 2).await;
        self.azure.empty_pages(0);
    }

    pub(super) async fn clock(&self) {
        for offset in [3_600, -3_600] {
            self.azure.set_clock(offset);
            // What was asserted is as old as the clock says.
            self.azure.rotate_assertion();
            self.until(
                &format!("an operation begins {offset} seconds off"),
                async || self.has_begun_off(offset).then_some(()),
            )
            .await;
            self.answered_more(CALLS / 2).await;
        }
        self.azure.set_clock(0);
        self.azure.rotate_assertion();
        self.azure.expire_tokens();
        self.callers.renew();
    }

    /// Whether one of the latest operations began by a clock that was about `offset` seconds
    /// off, as its id says.
    fn has_begun_off(&self, offset: i64) -> bool {
        let half = Duration::from_secs(offset.unsigned_abs() / 2);
        let (now, recent) = (SystemTime::now(), self.recent.borrow());
        let mut began = recent.iter().filter_map(|id| truth::began(id));
        began.any(|at| match offset {
            0.. => at > now + half,
            _ => at < now - half,
        })
    }

    /// Hosts forget the tokens that they handed out: that of a container app goes on
    /// handing out one that is refused, and its gateway does not ask again for minutes. The
    /// others have new ones, which Azure has to take before: a replacement that is refused
    /// from the beginning is not replaced for five minutes (ADR 0003).
    async fn begin_anew(&self) {
        let token = self.callers.token(Who::Reader).expect("a token");
        let stuck = self.place_of(Host::ContainerApp);
        for slot in (0..self.len()).filter(|slot| *slot != stuck) {
            for path in ["/vms/web-09", "/directory/users?department=Seinfeld&top=4"] {
                self.until(&format!("a new token for {path} at {slot}"), async || {
                    let answer = self.asked(slot, &Request::get(path, &token)).await?;
                    (answer.status == 200).then_some(())
                })
                .await;
            }
        }
        self.azure.expire_tokens();
        self.kill(stuck);
        self.revive(stuck, |variables| variables).await;
    }

    /// A kind of fault that `service` has not had for the longest time.
    fn verb(&self, service: Service) -> usize {
        let mut verbs = self.verbs.borrow_mut();
        let left = verbs.entry(service).or_default();
        if left.is_empty() {
            *left = verbs::kinds(service);
            self.random.borrow_mut().shuffle(left);
        }
        left.pop().unwrap_or_default()
    }

    fn fault(&self, verb: usize, service: Service) -> Fault {
        verbs::fault(verb, service, &mut self.random.borrow_mut())
    }

    pub(super) fn clear(&self) {
        for service in SERVICES {
            self.azure.clear(service);
        }
    }
}

/// A restart of a machine, or other tags of it, in turn: some faults befall answers with a
/// body alone, which orders have none of.
fn order_or_change(turn: usize, token: &str) -> Request {
    if turn.is_multiple_of(2) {
        return Request::post("/vms/web-09/restart?supersede=true", token);
    }
    Request {
        body: Some(json!({"tags": {"turn": turn.to_string()}}).to_string()),
        ..Request::new("PATCH", "/vms/web-09", Some(token))
    }
}
