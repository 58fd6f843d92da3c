//! What keeps callers from waiting for an upstream that is down or has too much to do.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::rt::{self, time};

use super::{
    Client, Deadline, Error, Request,
    circuit::{Admission, Circuit, PROBES, Watch},
    retry_budget::RetryBudget,
    turns::{Turn, Turns},
};

/// Looking whether somebody is there again is not worth more.
const LONGEST_PROBE: Duration = Duration::from_secs(10);

/// What all workers know of one upstream, and how much one worker asks of it.
#[derive(Clone)]
pub(crate) struct Guard {
    circuit: Circuit,
    pub(super) retries: RetryBudget,
    at_once: usize,
}

/// A guard as one worker has it.
#[derive(Clone)]
pub(super) struct Guarded {
    pub(super) guard: Guard,
    turns: Turns,
}

impl Guard {
    /// Of an upstream of which one worker asks `at_once` at once, for calls that may take
    /// `allowed`.
    pub(crate) fn new(at_once: usize, allowed: Duration) -> Self {
        Self {
            circuit: Circuit::new(allowed),
            retries: RetryBudget::default(),
            at_once,
        }
    }

    pub(super) fn on_worker(self) -> Guarded {
        Guarded {
            turns: Turns::new(self.at_once),
            guard: self,
        }
    }
}

impl Client {
    /// Waits until `request` may be made, if it may.
    pub(super) async fn turn(
        &self,
        guarded: &Guarded,
        request: &Request<'_>,
        deadline: Deadline,
    ) -> Result<Turn, Error> {
        self.admit(guarded, request)?;
        let turn = guarded.turns.turn(request.on_behalf, deadline).await;
        let turn = turn.map_err(|crowd| {
            self.metrics
                .upstream_withheld(self.service(), crowd.label());
            Error::Busy(crowd)
        })?;
        // It may have gone away meanwhile.
        self.admit(guarded, request)?;
        // What is withheld costs the upstream nothing, and a retry is paid for already.
        if request.sent.get() == 0 {
            guarded.guard.retries.earn();
        }
        Ok(turn)
    }

    fn admit(&self, guarded: &Guarded, request: &Request<'_>) -> Result<(), Error> {
        let circuit = &guarded.guard.circuit;
        if circuit.is_well() {
            return Ok(());
        }
        let silent = match circuit.admission(Instant::now()) {
            Admission::Made => return Ok(()),
            Admission::Withheld(silent) => silent,
            Admission::Unwatched(silent, watch) => {
                self.look_out(circuit, request, watch);
                silent
            }
        };
        self.metrics.upstream_withheld(self.service(), "circuit");
        Err(Error::Open(silent))
    }

    /// Sends what looks as `request` does, and changes nothing, until there is an answer:
    /// with nobody calling as well, and no caller waits for it.
    fn look_out(&self, circuit: &Circuit, request: &Request<'_>, watch: Watch) {
        let (this, look, circuit) = (self.clone(), Rc::new(request.look()), circuit.clone());
        rt::spawn(async move {
            while circuit.probe(watch, Instant::now()) {
                this.look(&look);
                time::sleep(PROBES).await;
            }
        });
    }

    /// Sends `look` for the sake of whether there is an answer. The next one does not
    /// wait for it, which may hang.
    fn look(&self, look: &Rc<Request<'static>>) {
        let (this, look) = (self.clone(), Rc::clone(look));
        rt::spawn(async move {
            let _ = this.sent(&look, Deadline::after(LONGEST_PROBE)).await;
        });
    }

    /// Notes what came of `request`, which was sent at `started` and took so long.
    pub(super) fn learn(
        &self,
        request: &Request<'_>,
        error: Option<&Error>,
        (started, took): (Instant, Duration),
    ) {
        let Some(guarded) = &self.guarded else { return };
        let circuit = &guarded.guard.circuit;
        if let Some(is_open) = circuit.learn(error, took, started + took) {
            self.tell(circuit, request, is_open);
        }
    }

    /// Tells that `circuit` has opened by what came of `request`, or closed.
    fn tell(&self, circuit: &Circuit, request: &Request<'_>, is_open: bool) {
        let service = self.service();
        circuit.show(&self.metrics, service);
        if is_open {
            tracing::warn!(
                service,
                "there is no answer; calls are withheld until there is"
            );
            if let Some(watch) = circuit.watch() {
                self.look_out(circuit, request, watch);
            }
        } else {
            tracing::info!(service, "there are answers again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{http::Profile, metrics::Metrics};

    #[actix_web::test]
    async fn who_opened_it_and_tells_so_late_shows_that_it_is_closed_by_then() {
        let (metrics, guard) = (Metrics::new().unwrap(), Guard::new(1, LONGEST_PROBE));
        let profile = Profile {
            service: "arm",
            connect: LONGEST_PROBE,
            body_limit: 0,
            tls: None,
            guard: Some(guard.clone()),
        };
        let client = Client::new(profile, metrics.clone());
        let request = Request::get("http://127.0.0.1:1/", "look");
        let ended = |error| guard.circuit.learn(error, Duration::ZERO, Instant::now());
        let opened = || (0..99).find_map(|_| ended(Some(&Error::ConnectionRefused)));
        let shown = |value| {
            let series = format!("upstream_circuit_open{{service=\"arm\"}} {value}\n");
            metrics.encode().unwrap().contains(&series)
        };

        let (open, closed) = (opened().unwrap(), ended(None).unwrap());
        client.tell(&guard.circuit, &request, closed);
        client.tell(&guard.circuit, &request, open);
        assert!(shown(0));

        let open = opened().unwrap();
        client.tell(&guard.circuit, &request, open);
        assert!(shown(1));
    }
}
