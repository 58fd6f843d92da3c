//! Users by way of Microsoft Graph.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use actix_web::{
    http::{
        StatusCode,
        header::{ACCEPT, HeaderName, HeaderValue},
    },
    rt::time,
    web::Bytes,
};
use url::Url;

use super::{
    Api, AppRoleGrant, Call, Error, PageLink, Throttle, UserQuery, correlation_id,
    envelope::Envelope,
};
use crate::{
    http::{self, Cause, Client, Context, Refusal, Request, Response, RetryPolicy},
    identity::{ManagedIdentity, Resource},
};

const CALL: Call = Call::ListUsers;

/// The longest that work in the background gives way at a time.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Over how long those spread who waited for Graph to open.
const HERD: Duration = Duration::from_millis(300);

const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");

/// Source: "Microsoft Graph throttling guidance".
const THROTTLE_PRIORITY: HeaderName = HeaderName::from_static("x-ms-throttle-priority");

/// What Graph is to let wait first when it throttles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Priority {
    /// Somebody waits for it.
    Normal,
    /// It can wait: work in the background.
    Low,
}

impl Priority {
    const fn value(self) -> HeaderValue {
        match self {
            Self::Normal => HeaderValue::from_static("Normal"),
            Self::Low => HeaderValue::from_static("Low"),
        }
    }
}

/// One page of users.
pub(crate) struct UserPage {
    /// Graph's answer.
    pub(crate) body: Bytes,
    /// Where in it the users are: a JSON array as Graph wrote it.
    pub(crate) users: Range<usize>,
    /// Where the listing goes on; `None` on the last page.
    pub(crate) next: Option<PageLink>,
}

/// Microsoft Graph as one worker reaches it.
#[derive(Clone)]
pub(crate) struct GraphClient {
    pub(super) api: Api,
    /// Where users are asked for, up to the query string.
    pub(super) users: String,
    throttle: Throttle,
}

impl GraphClient {
    /// A client of the Graph at `endpoint`.
    pub(crate) fn new(
        client: Client,
        identity: ManagedIdentity,
        endpoint: &Url,
        throttle: Throttle,
    ) -> Self {
        Self {
            api: Api {
                client,
                identity,
                resource: Resource::Graph,
            },
            users: format!("{}/v1.0/users?", endpoint.origin().ascii_serialization()),
            throttle,
        }
    }

    /// The page of `query` at `link`.
    pub(crate) async fn users(
        &self,
        query: &UserQuery,
        link: &PageLink,
        context: &Context,
    ) -> Result<UserPage, Error> {
        let url = format!("{}{}", self.users, link.as_str());
        let answer = self.ask(CALL, &url, Priority::Normal, context).await?;
        page(answer.body, &self.users, query, link).map_err(|cause| self.api.malformed(CALL, cause))
    }

    /// What is said to whoever waited so long for users that somebody else asked for.
    pub(crate) fn unanswered(&self, waited: Duration) -> Error {
        self.api.unanswered(CALL, waited)
    }

    /// What is said of a listing that has page after page, and nobody on any of them.
    pub(crate) fn endless_listing(&self) -> Error {
        self.malformed(CALL, Cause::said("page after page has nobody on it"))
    }

    /// What is said of a listing that leads to a page for the second time.
    pub(crate) fn circular_listing(&self) -> Error {
        self.malformed(CALL, Cause::said("it leads to the same page again"))
    }

    /// The answer to a GET of `url`, which is one of Graph's. Each try waits
    /// until Graph is open, so that one that is repeated is no exception.
    pub(super) async fn ask(
        &self,
        call: Call,
        url: &str,
        priority: Priority,
        context: &Context,
    ) -> Result<Response, Error> {
        let mut request = Request::get(url, call.as_str())
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .header(THROTTLE_PRIORITY, priority.value())
            .header(CLIENT_REQUEST_ID, correlation_id(context));
        let mut attempt = 0;
        loop {
            self.admitted(call, context).await?;
            let api = &self.api;
            let mut outcome =
                Box::pin(api.call(call, &mut request, context, RetryPolicy::NEVER)).await;
            self.learn(&mut outcome);
            let error = match outcome {
                Ok(answer) => return Ok(answer),
                Err(error) => self.explained(error),
            };
            let again = error.exchange().and_then(|source| {
                let client = &self.api.client;
                client.again(
                    &request,
                    attempt,
                    source,
                    context.deadline,
                    RetryPolicy::INLINE,
                )
            });
            let Some(pause) = again else {
                return Err(error);
            };
            time::sleep(pause).await;
            attempt += 1;
        }
    }

    /// What it takes to grant what our calls need.
    pub(crate) fn grant(&self) -> AppRoleGrant {
        let identity = &self.api.identity;
        let token = identity.held(Resource::Graph);
        AppRoleGrant::new(
            identity.audience(Resource::Graph),
            identity.id().clone(),
            identity.source_kind(),
            token.and_then(|token| token.claims()),
        )
    }

    fn explained(&self, mut error: Error) -> Error {
        if let Error::Upstream {
            grant,
            source: http::Error::Refused(refusal),
            ..
        } = &mut error
            && refusal.status == StatusCode::FORBIDDEN
        {
            *grant = Some(Box::new(self.grant()));
        }
        error
    }

    /// The URL of a listing of users.
    pub(super) fn listing(&self, query: &str) -> String {
        format!("{}{query}", self.users)
    }

    pub(super) fn malformed(&self, call: Call, cause: Cause) -> Error {
        self.api.malformed(call, cause)
    }

    /// Waits while Graph is close to its limit, though not longer than a minute: what
    /// can wait slows down, and does not stop.
    pub(crate) async fn when_quiet(&self) {
        let quiet = async {
            loop {
                let pause = self.throttle.pause(Priority::Low, Instant::now());
                if pause.is_zero() {
                    return;
                }
                time::sleep(pause).await;
            }
        };
        let _ = time::timeout(LONGEST_WAIT, quiet).await;
    }

    /// Whether Graph is known to stay closed for so long.
    pub(crate) fn is_closed_for(&self, patience: Duration) -> bool {
        self.throttle.pause(Priority::Normal, Instant::now()) >= patience
    }

    /// Waits until Graph is open; an opening beyond the deadline is told at once.
    async fn admitted(&self, call: Call, context: &Context) -> Result<(), Error> {
        loop {
            let pause = self.throttle.pause(Priority::Normal, Instant::now());
            if pause.is_zero() {
                return Ok(());
            }
            if pause >= context.deadline.remaining() {
                let refusal = Box::new(Refusal::closed(self.throttle.closed_by(), pause));
                return Err(self.api.failed(call, None, http::Error::Refused(refusal)));
            }
            // Those who wait do not come all at once.
            let late = pause + HERD.mul_f64(fastrand::f64());
            let pause = if late < context.deadline.remaining() {
                late
            } else {
                pause
            };
            time::sleep(pause).await;
        }
    }

    /// Takes in what an answer says of Graph's limits. A refusal that names no
    /// time, or too short a one, gets the one that is kept to.
    fn learn(&self, outcome: &mut Result<Response, Error>) {
        let now = Instant::now();
        match outcome {
            Ok(answer) => self.throttle.answered(answer.quota_used(), now),
            Err(Error::Upstream {
                source: http::Error::Refused(refusal),
                ..
            }) if closes(refusal) => {
                let (status, asked) = (refusal.status, refusal.retry_after);
                let pause = self.throttle.refused(status, asked, fastrand::f64(), now);
                refusal.retry_after = refusal.retry_after.max(Some(pause));
            }
            Err(_) => {}
        }
    }
}

/// The page of `query` at `at`, where the users are at `listing`.
pub(super) fn page(
    body: Bytes,
    listing: &str,
    query: &UserQuery,
    at: &PageLink,
) -> Result<UserPage, Cause> {
    let Envelope { users, next } = Envelope::read(&body)?;
    let next = match next {
        None => PageLink::first(query, at.chunk() + 1),
        Some(link) => Some(further(&link, listing, query, at)?),
    };
    Ok(UserPage { body, users, next })
}

/// Only a link into the same listing is followed: our token goes with it.
fn further(link: &str, listing: &str, query: &UserQuery, at: &PageLink) -> Result<PageLink, Cause> {
    link.strip_prefix(listing)
        .and_then(|text| PageLink::accept(text, query))
        .filter(|further| further.chunk() == at.chunk() && further.as_str() != at.as_str())
        .ok_or_else(|| Cause::said("@odata.nextLink leads out of the listing"))
}

/// Whether a refusal is meant for everything that we ask, and not for one call.
///
/// Source: "Microsoft Graph throttling guidance"; RFC 9110, 15.6.4.
fn closes(refusal: &Refusal) -> bool {
    match refusal.status {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::SERVICE_UNAVAILABLE => refusal.retry_after.is_some(),
        _ => false,
    }
}
