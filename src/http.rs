//! Outbound HTTP: one deadline for a whole exchange, no proxy, no redirects.

mod body;
mod challenge;
mod circuit;
mod context;
mod error;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzz;
mod guard;
mod looks;
mod quota;
mod refusal;
mod request;
mod response;
mod retry;
mod retry_budget;
mod span;
mod text;
mod tls;
mod turns;

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::{
    http::{Uri, header::AUTHORIZATION},
    rt::time,
};
use awc::Connector;

pub(crate) use challenge::Challenge;
pub(crate) use context::{Context, Deadline};
#[cfg(test)]
pub(crate) use error::Crowd;
pub(crate) use error::{Cause, Error};
pub(crate) use guard::Guard;
pub(crate) use refusal::{Refusal, cut};
pub(crate) use request::Request;
pub(crate) use response::Response;
pub(crate) use retry::RetryPolicy;
pub(crate) use text::text;
pub(crate) use tls::{Tls, TlsError};
pub(crate) use turns::CallerKey;

use guard::Guarded;
use request::{Effect, Trace};

use crate::{metrics::Metrics, telemetry::OpenSpan};

/// Connections that one worker keeps to one upstream; awc's own limit of 100
/// halves the throughput of 256 callers.
const CONNECTIONS: usize = 1024;

/// How an upstream is to be talked to.
#[derive(Clone)]
pub(crate) struct Profile {
    /// The upstream's name, as metrics and problems show it.
    pub(crate) service: &'static str,
    /// How long a connection may take to open.
    pub(crate) connect: Duration,
    /// The longest body that is accepted, in bytes.
    pub(crate) body_limit: usize,
    /// The certificates that are trusted; none for an endpoint of this host.
    pub(crate) tls: Option<Tls>,
    /// What keeps callers from waiting for it; none where no caller does, or where what came
    /// of it is remembered also when it failed.
    pub(crate) guard: Option<Guard>,
}

/// The connections of one worker to one upstream.
#[derive(Clone)]
pub(crate) struct Client {
    inner: awc::Client,
    profile: Rc<Profile>,
    guarded: Option<Guarded>,
    metrics: Metrics,
}

impl Client {
    /// A client without connections; they are opened as they are needed.
    pub(crate) fn new(profile: Profile, metrics: Metrics) -> Self {
        let mut connector = Connector::new()
            .limit(CONNECTIONS)
            .timeout(profile.connect)
            .handshake_timeout(profile.connect);
        if let Some(tls) = &profile.tls {
            connector = connector.rustls_0_23(tls.config());
        }
        // awc's own timeout ends with the response head; `exchange` bounds the
        // whole. Azure does not redirect these calls: a redirect is a fault,
        // and awc would carry our headers along.
        let inner = awc::Client::builder()
            .connector(connector)
            .disable_timeout()
            .disable_redirects()
            .no_default_headers()
            .add_default_header((
                "user-agent",
                concat!("mi-gateway/", env!("CARGO_PKG_VERSION")),
            ))
            .finish();
        if profile.guard.is_some() {
            metrics.upstream_guarded(profile.service);
        }
        Self {
            inner,
            guarded: profile.guard.clone().map(Guard::on_worker),
            profile: Rc::new(profile),
            metrics,
        }
    }

    /// The upstream's name.
    pub(crate) fn service(&self) -> &'static str {
        self.profile.service
    }

    /// Sends `request`, and again where `policy` has it and the deadline allows.
    pub(crate) async fn send(
        &self,
        request: &Request<'_>,
        deadline: Deadline,
        policy: RetryPolicy,
    ) -> Result<Response, Error> {
        let mut attempt = 0;
        loop {
            let error = match self.exchange(request, deadline).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let Some(pause) = self.again(request, attempt, &error, deadline, policy) else {
                return Err(error);
            };
            time::sleep(pause).await;
            attempt += 1;
        }
    }

    /// The pause before `request` is sent again, as its try number `attempt + 2`;
    /// `None` when `error` is the end of it.
    pub(crate) fn again(
        &self,
        request: &Request<'_>,
        attempt: u32,
        error: &Error,
        deadline: Deadline,
        policy: RetryPolicy,
    ) -> Option<Duration> {
        let pause = policy.pause(attempt, request.effect, error)?;
        // A pause that outlives the deadline would only turn a clear refusal
        // into a time-out.
        if pause >= deadline.remaining() || !self.may_repeat() {
            return None;
        }
        self.metrics
            .upstream_retry(self.profile.service, request.operation);
        Some(pause)
    }

    /// Whether there is another try for so many others that need none.
    fn may_repeat(&self) -> bool {
        let guarded = self.guarded.as_ref();
        let may = guarded.is_none_or(|guarded| guarded.guard.retries.spend());
        if !may {
            self.metrics
                .upstream_withheld(self.profile.service, "retry_budget");
        }
        may
    }

    /// Sends `request` once, when it is its turn, and reads the whole answer before
    /// `deadline`.
    pub(crate) async fn exchange(
        &self,
        request: &Request<'_>,
        deadline: Deadline,
    ) -> Result<Response, Error> {
        let _turn = match &self.guarded {
            Some(guarded) => Some(self.turn(guarded, request, deadline).await?),
            None => None,
        };
        self.sent(request, deadline).await
    }

    async fn sent(&self, request: &Request<'_>, deadline: Deadline) -> Result<Response, Error> {
        let started = Instant::now();
        let allowed = deadline.remaining_at(started);
        let uri = Uri::try_from(&*request.url);
        let uri = uri.map_err(|error| Error::Unreachable(Cause::new(&error)));
        let span = span::begin(request, uri.as_ref().ok(), self.profile.service);
        request.sent.set(request.sent.get() + 1);
        let answer = time::timeout(allowed, self.answer(request, uri, &span))
            .await
            .unwrap_or(Err(Error::Timeout(allowed)));
        span::end(span, &answer);
        let status = match &answer {
            Ok(response) => Some(response.status.as_u16()),
            Err(Error::Refused(refusal)) => Some(refusal.status.as_u16()),
            Err(_) => None,
        };
        let took = started.elapsed();
        self.metrics
            .upstream_call(self.profile.service, request.operation, status, took);
        self.learn(request, answer.as_ref().err(), (started, took));
        answer
    }

    async fn answer(
        &self,
        request: &Request<'_>,
        uri: Result<Uri, Error>,
        span: &OpenSpan,
    ) -> Result<Response, Error> {
        let mut outgoing = self.inner.request(request.method.clone(), uri?);
        let headers = outgoing.headers_mut();
        for (name, value) in &request.headers {
            headers.insert(name.clone(), value.clone());
        }
        if let Some(authorization) = &request.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        if let Trace::Shared(trace) = request.trace {
            for (name, value) in span.trace().unwrap_or(trace).headers() {
                headers.insert(name, value);
            }
        }
        let sent = match &request.body {
            Some(body) => outgoing.send_body(body.clone()),
            None => outgoing.send(),
        };
        let mut incoming = sent.await.map_err(|error| Error::sending(&error))?;
        let body = body::whole(&mut incoming, self.profile.body_limit).await;
        quota::record(incoming.headers(), self.profile.service, &self.metrics);
        let status = incoming.status();
        if status.is_success() || request.takes_any_status {
            return Ok(Response::received(incoming, body?));
        }
        // The head alone refuses: a body that is too long, or broke off, takes
        // only the words with it.
        let refusal = Refusal::read(status, incoming.headers(), &body.unwrap_or_default());
        Err(Error::Refused(Box::new(refusal)))
    }
}
