//! What has changed among the tenant's users, by way of Graph's delta query.

mod item;
mod link;

use std::borrow::Cow;

use actix_web::{http::StatusCode, web::Bytes};
use serde::Deserialize;

pub(crate) use item::UserChange;
pub(crate) use link::DeltaLink;

use super::{Call, Error, GraphClient, graph::Priority};
use crate::http::{Cause, Context};
use item::Item;

const CALL: Call = Call::SyncUsers;

/// One page of a round of changes.
///
/// A user may be in it more than once, in any order, and may have been told of
/// before: what is said last is how the user is.
///
/// Source: "Use delta query to track changes in Microsoft Graph data", "Replays".
pub(crate) struct Changes {
    pub(crate) items: Vec<UserChange>,
    pub(crate) next: Next,
}

/// How it goes on after a page.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// The round has another page.
    Page(DeltaLink),
    /// The round is over; this is where the next one begins.
    Done(DeltaLink),
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    value: Vec<Item<'a>>,
    #[serde(borrow, default, rename = "@odata.nextLink")]
    next: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "@odata.deltaLink")]
    delta: Option<Cow<'a, str>>,
}

impl GraphClient {
    /// The changes at `at`.
    pub(crate) async fn changes(
        &self,
        at: &DeltaLink,
        context: &Context,
    ) -> Result<Changes, Error> {
        let url = at.url(&self.users);
        let answer = self.ask(CALL, &url, Priority::Low, context).await?;
        read(&answer.body, at, &self.users).map_err(|cause| self.api.malformed(CALL, cause))
    }

    /// What is said of a round that has page after page, and no end.
    pub(crate) fn endless_changes(&self) -> Error {
        self.malformed(CALL, Cause::said("page after page does not end the round"))
    }
}

pub(super) fn read(body: &Bytes, at: &DeltaLink, users: &str) -> Result<Changes, Cause> {
    let envelope: Envelope<'_> =
        serde_json::from_slice(body).map_err(|error| Cause::new(&error))?;
    let items: Option<_> = envelope
        .value
        .into_iter()
        .map(|item| item.change(body))
        .collect();
    Ok(Changes {
        items: items.ok_or_else(|| Cause::said("an item of value has no id"))?,
        next: next(
            envelope.next.as_deref(),
            envelope.delta.as_deref(),
            at,
            users,
        )?,
    })
}

/// A page has one link: it ends its round, or it does not.
fn next(
    next: Option<&str>,
    delta: Option<&str>,
    at: &DeltaLink,
    users: &str,
) -> Result<Next, Cause> {
    let astray = || Cause::said("the link of the page leads out of the delta query");
    match (next, delta) {
        (Some(link), None) => {
            let link = DeltaLink::accept(link, users).filter(|link| link != at);
            link.map(Next::Page).ok_or_else(astray)
        }
        (None, Some(link)) => {
            let link = DeltaLink::accept(link, users);
            link.map(Next::Done).ok_or_else(astray)
        }
        (None, None) => Err(Cause::said("the page has no link")),
        (Some(_), Some(_)) => Err(Cause::said("the page has two links")),
    }
}

/// Whether `error`, the answer to `at`, says that only a synchronization from
/// the start goes on.
///
/// Graph keeps the tokens of directory objects for seven days, and then answers
/// with 400 and `syncStateNotFound`; 410 is its word that it cannot go on from a
/// token. A page token may expire as those of listings do, with
/// `Directory_ExpiredPageToken` (microsoftgraph/msgraph-sdk-dotnet#2254). Any
/// other 400 to a link of Graph's own cannot be mended by asking again either.
///
/// Source: "Use delta query to track changes in Microsoft Graph data",
/// "Token duration" and "Synchronization reset".
pub(crate) fn is_resync_needed(at: &DeltaLink, error: &Error) -> bool {
    let Some(refusal) = error.refusal() else {
        return false;
    };
    let is_lost = matches!(
        refusal.status,
        StatusCode::GONE | StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST
    );
    !at.is_start() && (is_lost || refusal.code.as_deref() == Some("syncStateNotFound"))
}

#[cfg(test)]
mod tests;
