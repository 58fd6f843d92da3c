//! Outbound HTTP: one deadline for a whole exchange, no proxy, no redirects.

mod body;
mod challenge;
mod context;
mod error;
mod quota;
mod refusal;
mod retry;
mod span;
mod tls;

use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant, SystemTime},
};

use actix_web::{
    http::{
        Method, StatusCode,
        header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER},
    },
    rt::time,
    web::Bytes,
};
use awc::Connector;

pub(crate) use challenge::Challenge;
pub(crate) use context::{Context, Deadline};
pub(crate) use error::{Cause, Error};
pub(crate) use refusal::Refusal;
pub(crate) use retry::RetryPolicy;
pub(crate) use tls::{Tls, TlsError};

use crate::{
    metrics::Metrics,
    telemetry::{OpenSpan, TraceContext},
};

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
}

/// One request to an upstream.
#[derive(Clone)]
pub(crate) struct Request<'a> {
    /// The verb.
    pub(crate) method: Method,
    /// The absolute URL, already encoded: it is sent byte for byte.
    pub(crate) url: &'a str,
    /// What it does, from a small fixed set: a metrics label.
    pub(crate) operation: &'static str,
    /// Headers beyond those that every request carries.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// What it does to the other end.
    effect: Effect,
    body: Option<Bytes>,
    trace: Trace<'a>,
    /// How often it has been sent.
    sent: Cell<u32>,
}

/// The trace that an exchange is part of.
#[derive(Clone, Copy)]
enum Trace<'a> {
    /// None.
    None,
    /// One that the other end goes on with.
    Shared(&'a TraceContext),
    /// One that is none of the other end's business.
    Own(&'a TraceContext),
}

/// What a request does to the other end. The verb does not tell: there are
/// queries that are too long for anything but a POST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    /// Nothing: it may be sent again.
    Reads,
    /// Something that must not happen twice.
    Changes,
}

impl<'a> Request<'a> {
    /// A GET of `url`.
    pub(crate) fn get(url: &'a str, operation: &'static str) -> Self {
        Self::new(Method::GET, url, operation, Effect::Reads)
    }

    /// A POST to `url`, without a body.
    pub(crate) fn post(url: &'a str, operation: &'static str) -> Self {
        Self::new(Method::POST, url, operation, Effect::Changes)
    }

    /// A PATCH of `url` with `json`.
    pub(crate) fn patch(url: &'a str, operation: &'static str, json: Bytes) -> Self {
        Self::new(Method::PATCH, url, operation, Effect::Changes).json(json)
    }

    /// A POST to `url` of a question in JSON: it changes nothing.
    pub(crate) fn question(url: &'a str, operation: &'static str, json: Bytes) -> Self {
        Self::new(Method::POST, url, operation, Effect::Reads).json(json)
    }

    /// A POST to `url` of `body`; of which kind it is, a header has to say.
    pub(crate) fn report(url: &'a str, operation: &'static str, body: Bytes) -> Self {
        Self {
            body: Some(body),
            ..Self::new(Method::POST, url, operation, Effect::Changes)
        }
    }

    /// A POST to `url` of a question in a form: it changes nothing.
    pub(crate) fn form(url: &'a str, operation: &'static str, form: Bytes) -> Self {
        let request = Self {
            body: Some(form),
            ..Self::new(Method::POST, url, operation, Effect::Reads)
        };
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.header(CONTENT_TYPE, form)
    }

    fn new(method: Method, url: &'a str, operation: &'static str, effect: Effect) -> Self {
        Self {
            method,
            url,
            operation,
            headers: Vec::new(),
            effect,
            body: None,
            trace: Trace::None,
            sent: Cell::default(),
        }
    }

    /// The same request as part of `trace`, which the other end goes on with.
    pub(crate) fn within(self, trace: &'a TraceContext) -> Self {
        let trace = Trace::Shared(trace);
        Self { trace, ..self }
    }

    /// The same request as part of `trace`, of which the other end is not told.
    pub(crate) fn recorded(self, trace: Option<&'a TraceContext>) -> Self {
        let trace = trace.map_or(Trace::None, Trace::Own);
        Self { trace, ..self }
    }

    /// The same request, where it has been sent so often by other means.
    pub(crate) fn sent_before(self, times: u32) -> Self {
        self.sent.set(times);
        self
    }

    /// How often it has been sent.
    pub(crate) fn times_sent(&self) -> u32 {
        self.sent.get()
    }

    /// The same request with `json` as its body.
    pub(crate) fn json(mut self, json: Bytes) -> Self {
        self.body = Some(json);
        self.header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
    }

    /// The same request with one header more.
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// An answer with a status of success, read to its end.
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Response {
    /// The header `name`, when it is there and is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What time it is where the answer comes from.
    pub(crate) fn date(&self) -> Option<SystemTime> {
        refusal::date(&self.headers)
    }

    /// How long Azure wants to be left alone.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let value = self.header(RETRY_AFTER.as_str())?;
        retry::retry_after(value, SystemTime::now())
    }

    /// What is left of the quota that Resource Manager calls `name`.
    pub(crate) fn quota(&self, name: &str) -> Option<u32> {
        quota::left(&self.headers, name)
    }

    /// The least that is left of any quota of the resource provider.
    pub(crate) fn provider_quota(&self) -> Option<u32> {
        quota::least(&self.headers)
    }

    /// The share of its limit that Graph says is used.
    pub(crate) fn quota_used(&self) -> Option<f64> {
        quota::used(&self.headers)
    }

    /// Whether the head says that there is no body. That `body` is empty does
    /// not say so: it may have been lost.
    pub(crate) fn is_bodiless(&self) -> bool {
        self.status == StatusCode::NO_CONTENT || body::length(&self.headers) == Some(0)
    }
}

/// The connections of one worker to one upstream.
#[derive(Clone)]
pub(crate) struct Client {
    inner: awc::Client,
    profile: Rc<Profile>,
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
        Self {
            inner,
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
        if pause >= deadline.remaining() {
            return None;
        }
        self.metrics
            .upstream_retry(self.profile.service, request.operation);
        Some(pause)
    }

    /// Sends `request` once and reads the whole answer before `deadline`.
    pub(crate) async fn exchange(
        &self,
        request: &Request<'_>,
        deadline: Deadline,
    ) -> Result<Response, Error> {
        let started = Instant::now();
        let allowed = deadline.remaining();
        let span = span::begin(request, self.profile.service);
        request.sent.set(request.sent.get() + 1);
        let answer = time::timeout(allowed, self.answer(request, &span))
            .await
            .unwrap_or(Err(Error::Timeout(allowed)));
        span::end(span, &answer);
        let status = match &answer {
            Ok(response) => Some(response.status.as_u16()),
            Err(Error::Refused(refusal)) => Some(refusal.status.as_u16()),
            Err(_) => None,
        };
        self.metrics.upstream_call(
            self.profile.service,
            request.operation,
            status,
            started.elapsed(),
        );
        answer
    }

    async fn answer(&self, request: &Request<'_>, span: &OpenSpan) -> Result<Response, Error> {
        let mut outgoing = self.inner.request(request.method.clone(), request.url);
        for (name, value) in &request.headers {
            outgoing = outgoing.insert_header((name.clone(), value.clone()));
        }
        if let Trace::Shared(trace) = request.trace {
            for header in span.trace().unwrap_or(trace).headers() {
                outgoing = outgoing.insert_header(header);
            }
        }
        let sent = match &request.body {
            Some(body) => outgoing.send_body(body.clone()),
            None => outgoing.send(),
        };
        let mut incoming = sent.await.map_err(|error| Error::sending(&error))?;
        let body = body::whole(&mut incoming, self.profile.body_limit).await;
        let (status, headers) = (incoming.status(), incoming.headers());
        quota::record(headers, self.profile.service, &self.metrics);
        if status.is_success() {
            return Ok(Response {
                status,
                headers: headers.clone(),
                body: body?,
            });
        }
        // The head alone refuses: a body that is too long, or broke off, takes
        // only the words with it.
        let refusal = Refusal::read(status, headers, &body.unwrap_or_default());
        Err(Error::Refused(Box::new(refusal)))
    }
}
