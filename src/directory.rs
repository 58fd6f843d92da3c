//! A department's users, page by page.

mod cursor;

use actix_web::web::Bytes;

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
            .map_err(told_apart)?;
        Ok(Page {
            users: page.users,
            next: page.next.map(|link| Cursor::new(&link)),
        })
    }
}

fn told_apart(error: azure::Error) -> Error {
    let code = error.refusal().and_then(|refusal| refusal.code.as_deref());
    match code {
        Some("Directory_ExpiredPageToken") => Error::Expired,
        _ => Error::Azure(error),
    }
}
