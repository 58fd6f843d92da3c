//! One endpoint of a collector, and whether it takes what it is sent.

use std::time::Duration;

use actix_web::{
    http::{
        StatusCode,
        header::{CONTENT_TYPE, HeaderName, HeaderValue},
    },
    web::Bytes,
};
use prost::Message as _;
use url::Url;

use super::wire::Response;
use crate::{
    config,
    http::{Client, Deadline, Error, Request},
    telemetry::chain,
};

const PROTOBUF: HeaderValue = HeaderValue::from_static("application/x-protobuf");

/// Where one kind of telemetry is sent.
pub(super) struct Collector {
    client: Client,
    url: Url,
    headers: Vec<(HeaderName, HeaderValue)>,
    timeout: Duration,
    is_failing: bool,
}

/// What came of a message that was not taken.
pub(super) enum Refused {
    /// It may be taken later, not before this time has passed.
    Later(Duration),
    /// It never will.
    Forever,
}

impl Collector {
    pub(super) fn new(client: Client, url: &Url, config: &config::Export) -> Self {
        Self {
            client,
            url: url.clone(),
            headers: config.headers.clone(),
            timeout: config.timeout,
            is_failing: false,
        }
    }

    /// Sends `message` once. How many of its parts were not taken, if it was.
    pub(super) async fn send(
        &mut self,
        operation: &'static str,
        message: Bytes,
    ) -> Result<u64, Refused> {
        let mut request = Request::report(self.url.as_str(), operation, message);
        request.headers.clone_from(&self.headers);
        let request = request.header(CONTENT_TYPE, PROTOBUF);
        let deadline = Deadline::after(self.timeout);
        match self.client.exchange(&request, deadline).await {
            Ok(answer) => {
                self.recovered();
                Ok(rejected(answer.body))
            }
            // It was taken; how much of it was not, is lost.
            Err(Error::Truncated(_)) => {
                self.recovered();
                Ok(0)
            }
            Err(error) => {
                self.failed(operation, &error);
                Err(refused(&error))
            }
        }
    }

    /// An outage is one line, and its end another, however long it lasts.
    fn failed(&mut self, operation: &'static str, error: &Error) {
        if !self.is_failing {
            tracing::warn!(
                operation,
                endpoint = %self.url,
                error = chain(error),
                "a collector does not take telemetry; what it is not sent in time is lost"
            );
        }
        self.is_failing = true;
    }

    fn recovered(&mut self) {
        if self.is_failing {
            tracing::info!(endpoint = %self.url, "a collector takes telemetry again");
        }
        self.is_failing = false;
    }
}

/// How many parts of a message were not taken, by the answer to it.
pub(super) fn rejected(answer: Bytes) -> u64 {
    let answer = Response::decode(answer).unwrap_or_default();
    let partial = answer.partial_success.unwrap_or_default();
    u64::try_from(partial.rejected).unwrap_or_default()
}

/// Source: "OTLP/HTTP", retryable response codes.
pub(super) fn refused(error: &Error) -> Refused {
    match error {
        Error::Refused(refusal) => match refusal.status {
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => {
                Refused::Later(refusal.retry_after.unwrap_or_default())
            }
            _ => Refused::Forever,
        },
        Error::Timeout(_)
        | Error::ConnectionRefused
        | Error::Unreachable(_)
        | Error::Untrusted(_)
        | Error::Interrupted(_)
        | Error::Open(_)
        | Error::Busy(_) => Refused::Later(Duration::ZERO),
        Error::Truncated(_) | Error::TooLong(_) | Error::Malformed(_) => Refused::Forever,
    }
}
