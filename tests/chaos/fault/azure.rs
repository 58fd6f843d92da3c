//! Azure fails, is not there, or changes its mind.

use azure_sandbox::{AppRoles, Assignment, Identity, Service, Times};

use super::verbs::{SERVICES, VERBS, fault};
use crate::{callers::Who, client::Request, site::Site};

/// So many calls meet a fault before it ends.
const CALLS: u64 = 60;

impl Site {
    pub(super) async fn storm(&self) {
        for service in SERVICES {
            for _ in 0..2 + self.below(3) {
                let (verb, times) = (self.verb(service), 1 + self.below(3));
                let fault = fault(verb, service, &mut self.random.borrow_mut());
                self.azure.inject(service, fault, Times::Next(times));
            }
        }
        self.answered_more(CALLS).await;
        self.clear();
    }

    pub(super) async fn outage(&self) {
        let service = SERVICES[self.below(SERVICES.len())];
        let fault = fault(self.verb(service), service, &mut self.random.borrow_mut());
        self.azure.inject(service, fault, Times::Always);
        self.answered_more(CALLS).await;
        // A gateway needs tokens and keys, and has both.
        self.all_stay_ready(&format!("an outage of {service:?}"))
            .await;
        self.clear();
    }

    pub(super) async fn orders(&self) {
        let service = Service::Actions;
        let before = self.azure.requests(service).len();
        for _ in 0..VERBS {
            let fault = fault(self.verb(service), service, &mut self.random.borrow_mut());
            self.azure.inject(service, fault, Times::Next(1));
        }
        self.until("every fault met an order", async || {
            let token = self.callers.token(Who::Operator(3))?;
            let (api, _) = self.address(self.below(self.len()))?;
            let request = Request::post("/vms/web-09/restart?supersede=true", &token);
            // Whatever comes of it: that is looked at by the records.
            let _ = self.client.ask("https", api, &request).await;
            let sent = self.azure.requests(service).len() - before;
            (sent >= VERBS).then_some(())
        })
        .await;
        self.clear();
    }

    pub(super) async fn hold(&self) {
        let service = SERVICES[self.below(SERVICES.len())];
        let hold = self.azure.hold(service);
        self.answered_more(CALLS / 3).await;
        hold.release();
    }

    pub(super) async fn unreachable(&self) {
        let refusing = self.azure.refuse_connections();
        self.answered_more(CALLS).await;
        self.all_stay_ready("an Azure that is not there").await;
        drop(refusing);
    }

    pub(super) async fn tokens(&self) {
        let other = Identity::named("other");
        let kind = self.below(4);
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
            self.answered_more(CALLS / 2).await;
        }
        self.azure.set_clock(0);
        self.azure.rotate_assertion();
        self.azure.expire_tokens();
        self.callers.renew();
    }

    /// Hosts forget the tokens that they handed out, and gateways those that they hold:
    /// a host goes on handing out one that is refused, and a replacement that was refused
    /// from the beginning is not replaced for five minutes (ADR 0003).
    async fn begin_anew(&self) {
        self.azure.expire_tokens();
        for slot in 0..self.len() {
            self.kill(slot);
            self.revive(slot, |variables| variables).await;
        }
    }

    /// A kind of fault that `service` has not had for the longest time.
    fn verb(&self, service: Service) -> usize {
        let mut verbs = self.verbs.borrow_mut();
        let left = verbs.entry(service).or_default();
        if left.is_empty() {
            *left = (0..VERBS).collect();
            self.random.borrow_mut().shuffle(left);
        }
        let verb = left.pop().unwrap_or_default();
        self.injected.borrow_mut().insert((service, verb));
        verb
    }

    pub(super) fn clear(&self) {
        for service in SERVICES {
            self.azure.clear(service);
        }
    }
}
