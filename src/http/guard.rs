//! What keeps callers from waiting for an upstream that is down or has too much to do.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::rt::{self, time};

use super::{
    Client, Deadline, Error, Request,
    circuit::{Admission, Circuit, News, PROBES, Watch},
    looks::Looks,
    retry_budget::RetryBudget,
    turns::{Turn, Turns},
};

/// Looking whether somebody is there again is not worth more.
const LONGEST_PROBE: Duration = Duration::from_secs(10);

/// What all workers know of one upstream, and how much one worker asks of it.
#[derive(Clone)]
pub(crate) struct Guard {
    circuit: Circuit,
    looks: Looks,
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
            looks: Looks::default(),
            retries: RetryBudget::default(),
            at_once,
        }
    }

    /// For how long there has been no answer, where calls are withheld for that.
    pub(crate) fn silence(&self) -> Option<Duration> {
        self.circuit.silence(Instant::now())
    }

    pub(super) fn on_worker(self) -> Guarded {
        Guarded {
            turns: Turns::new(self.at_once),
            guard: self,
        }
    }
}

impl Client {
    /// Whether nothing is asked, as nobody answers.
    pub(crate) fn is_withheld(&self) -> bool {
        let guarded = self.guarded.as_ref();
        guarded.is_some_and(|guarded| guarded.guard.silence().is_some())
    }

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
        let guard = &guarded.guard;
        if guard.circuit.is_well() {
            return Ok(());
        }
        let silent = match guard.circuit.admission(Instant::now()) {
            Admission::Made => return Ok(()),
            Admission::Withheld(silent) => {
                guard.looks.keep(request);
                silent
            }
            Admission::Unwatched(silent, watch) => {
                self.look_out(guard, request, watch);
                silent
            }
        };
        self.metrics.upstream_withheld(self.service(), "circuit");
        Err(Error::Open(silent))
    }

    /// Sends what looks as `request` does, and changes nothing, until there is an answer:
    /// with nobody calling as well, and no caller waits for it. In turn with it is asked what
    /// was withheld meanwhile.
    fn look_out(&self, guard: &Guard, request: &Request<'_>, watch: Watch) {
        let (this, guard, opener) = (self.clone(), guard.clone(), Rc::new(request.look()));
        guard.looks.begin(&opener);
        rt::spawn(async move {
            let mut is_openers_turn = true;
            while guard.circuit.probe(watch, Instant::now()) {
                let withheld = if is_openers_turn {
                    None
                } else {
                    guard.looks.take().map(Rc::new)
                };
                is_openers_turn = withheld.is_some();
                this.look(&guard, withheld.as_ref().unwrap_or(&opener));
                time::sleep(PROBES).await;
            }
        });
    }

    /// Sends `look` for the sake of whether there is an answer. The next one does not
    /// wait for it, which may hang.
    fn look(&self, guard: &Guard, look: &Rc<Request<'static>>) {
        let (this, look, asked) = (self.clone(), Rc::clone(look), guard.looks.ask(look));
        rt::spawn(async move {
            let _asked = asked;
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
        let guard = &guarded.guard;
        if let Some(news) = guard.circuit.learn(error, took, started + took) {
            self.tell(guard, request, news);
        }
    }

    /// Tells the `news` of `guard` that came by `request`. A watch that is told late has
    /// been taken over by then, and ends at once.
    fn tell(&self, guard: &Guard, request: &Request<'_>, news: News) {
        let service = self.service();
        guard.circuit.show(&self.metrics, service);
        match news {
            News::Opened(watch) => {
                tracing::warn!(
                    service,
                    "there is no answer; calls are withheld until there is"
                );
                self.look_out(guard, request, watch);
            }
            News::Closed => {
                guard.looks.end();
                tracing::info!(service, "there are answers again");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join;

    use super::*;
    use crate::{http::Profile, metrics::Metrics};

    /// A client that makes one call at once, and what keeps it from that.
    fn client(metrics: &Metrics) -> (Client, Guard) {
        let guard = Guard::new(1, LONGEST_PROBE);
        let profile = Profile {
            service: "arm",
            connect: LONGEST_PROBE,
            body_limit: 0,
            tls: None,
            guard: Some(guard.clone()),
        };
        (Client::new(profile, metrics.clone()), guard)
    }

    fn request() -> Request<'static> {
        Request::get("http://127.0.0.1:1/", "look")
    }

    async fn turn(client: &Client, request: &Request<'_>) -> Result<Turn, Error> {
        let guarded = client.guarded.as_ref().unwrap();
        client
            .turn(guarded, request, Deadline::after(LONGEST_PROBE))
            .await
    }

    /// What news there is of `guard` when a call has ended so.
    fn ended(guard: &Guard, error: Option<&Error>) -> Option<News> {
        guard.circuit.learn(error, Duration::ZERO, Instant::now())
    }

    fn opened(guard: &Guard) -> News {
        let mut calls = (0..99).map(|_| ended(guard, Some(&Error::ConnectionRefused)));
        calls.find_map(|news| news).unwrap()
    }

    #[actix_web::test]
    async fn who_opened_it_and_tells_so_late_shows_that_it_is_closed_by_then() {
        let metrics = Metrics::new().unwrap();
        let ((client, guard), request) = (client(&metrics), request());
        let shown = |value| {
            let series = format!("upstream_circuit_open{{service=\"arm\"}} {value}\n");
            metrics.encode().unwrap().contains(&series)
        };

        let (open, closed) = (opened(&guard), ended(&guard, None).unwrap());
        client.tell(&guard, &request, closed);
        client.tell(&guard, &request, open);
        assert!(shown(0));

        let open = opened(&guard);
        client.tell(&guard, &request, open);
        assert!(shown(1));
    }

    #[actix_web::test]
    async fn who_waited_for_a_turn_while_it_opened_is_not_sent() {
        let metrics = Metrics::new().unwrap();
        let ((client, guard), request) = (client(&metrics), request());
        let first = turn(&client, &request).await.unwrap();
        let opens = async {
            opened(&guard);
            drop(first);
        };
        let (second, ()) = join(turn(&client, &request), opens).await;
        assert!(matches!(second, Err(Error::Open(_))));
        let withheld = "upstream_withheld_total{reason=\"circuit\",service=\"arm\"} 1\n";
        assert!(metrics.encode().unwrap().contains(withheld));
    }

    #[actix_web::test]
    async fn who_comes_while_it_is_open_does_not_wait_for_a_turn() {
        let ((client, guard), request) = (client(&Metrics::new().unwrap()), request());
        let _first = turn(&client, &request).await.unwrap();
        opened(&guard);
        let second = turn(&client, &request).await;
        assert!(matches!(second, Err(Error::Open(_))));
    }
}
