//! A department's users, page by page.

mod cursor;

use actix_web::{http::StatusCode, web::Bytes};

pub(crate) use cursor::{Cursor, InvalidCursor};

use crate::{
    azure::{self, GraphClient, UserQuery},
    http::Context,
};

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It was not given out for this query.
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    /// Graph forgot the listing that the cursor belongs to.
    #[error("the cursor has expired; begin again without it")]
    Expired,
    /// Graph does not know the page that the cursor leads to.
    #[error("the cursor leads to no page; begin again without it")]
    Refused,
    /// Azure said no, or nothing.
    #[error("the users of the department could not be listed")]
    Azure(#[source] azure::Error),
}

/// One page of a listing.
pub(crate) struct Page {
    /// A JSON array of users, in Graph's own words.
    pub(crate) users: Bytes,
    /// What to ask for the next page with; `None` on the last.
    pub(crate) next: Option<Cursor>,
}

/// The directory as one worker reaches it.
#[derive(Clone)]
pub(crate) struct Directory(GraphClient);

impl Directory {
    /// A directory that asks `graph`.
    pub(crate) fn new(graph: GraphClient) -> Self {
        Self(graph)
    }

    /// The page of `query` at `cursor`; the first one without.
    pub(crate) async fn page(
        &self,
        query: &UserQuery,
        cursor: Option<&Cursor>,
        context: &Context,
    ) -> Result<Page, Error> {
        let link = cursor.map(|cursor| cursor.link(query)).transpose()?;
        let page = self
            .0
            .users(query, link.as_ref(), context)
            .await
            .map_err(|error| told_apart(error, cursor))?;
        Ok(Page {
            users: page.users,
            next: page.next.map(|link| Cursor::new(&link)),
        })
    }
}

/// What is wrong with a query of ours would be wrong without the cursor too;
/// with one, a 400 is about the page token.
fn told_apart(error: azure::Error, cursor: Option<&Cursor>) -> Error {
    let refusal = error.refusal();
    let code = refusal.and_then(|refusal| refusal.code.as_deref());
    if code == Some("Directory_ExpiredPageToken") {
        return Error::Expired;
    }
    let is_bad = refusal.is_some_and(|refusal| refusal.status == StatusCode::BAD_REQUEST);
    if cursor.is_some() && is_bad {
        return Error::Refused;
    }
    Error::Azure(error)
}
