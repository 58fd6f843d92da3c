//! Pages as they are read from Graph.

use actix_web::http::StatusCode;

use super::{
    Error, Rows, Source, Verdict,
    cursor::Place,
    position::{Passed, Position},
};
use crate::{
    azure::{self, PageLink, UserPage, UserQuery},
    http::Context,
};

/// Empty pages in a row that are followed for one caller; beyond them the caller
/// gets an empty one, with where it goes on.
const EMPTY_PAGES: usize = 50;

/// What was read, and where it goes on.
pub(super) struct Read {
    pub(super) rows: Rows,
    pub(super) next: Option<Place>,
}

/// One listing at Graph.
pub(super) struct Reading<'a> {
    pub(super) source: &'a Source,
    pub(super) query: &'a UserQuery,
    pub(super) context: &'a Context,
}

impl Reading<'_> {
    /// The page at `place`, or the next one that has anybody on it.
    ///
    /// Source: "Paging Microsoft Graph data in your app": a page may be empty and
    /// not be the last.
    pub(super) async fn page(&self, place: Place) -> Result<Read, Error> {
        let is_start = place.link.is_first() && place.link.chunk() == 0;
        let mut read = self.one(&place).await?;
        for _ in 0..EMPTY_PAGES {
            match read.next.take_if(|_| read.rows.is_empty()) {
                Some(next) => read = self.one(&next).await?,
                None => break,
            }
        }
        if is_start && read.rows.is_empty() && read.next.is_none() {
            self.believe_nobody().await?;
        }
        Ok(read)
    }

    /// An empty listing says that nobody is there only if somebody would be seen.
    ///
    /// Source: "Use the $filter query parameter": objects are left out where the
    /// filter refers to what the permission does not reach.
    async fn believe_nobody(&self) -> Result<(), Error> {
        let Source {
            graph, permission, ..
        } = self.source;
        match permission.prove(graph, self.context).await {
            Verdict::Denied | Verdict::SilentlyEmpty | Verdict::WrongIdentity => {
                Err(Error::NotShown(permission.standing().detail))
            }
            Verdict::Fine | Verdict::Unproven | Verdict::Throttled | Verdict::Unreachable => Ok(()),
        }
    }

    /// A listing that Graph has forgotten is begun again once.
    async fn one(&self, place: &Place) -> Result<Read, Error> {
        match self.ask(&place.link, place.position).await {
            Err(Error::Expired) => self.again(place).await,
            outcome => outcome,
        }
    }

    /// What comes after the position of `place`, read from the beginning.
    async fn again(&self, place: &Place) -> Result<Read, Error> {
        let chunk = place.link.chunk();
        let mut next = Place::first(self.query, chunk);
        while let Some(at) = next.filter(|it| it.link.chunk() == chunk) {
            let page = self.ask(&at.link, at.position).await?;
            match at.position.towards(place.position, &page.rows) {
                Passed::All => next = page.next,
                Passed::Until(rows) => return Ok(Read { rows, ..page }),
                Passed::Differs => return Err(Error::Changed),
            }
        }
        Err(Error::Changed)
    }

    /// One call: the page at `link`, before which the listing was at `position`.
    async fn ask(&self, link: &PageLink, position: Position) -> Result<Read, Error> {
        let graph = &self.source.graph;
        let page = graph.users(self.query, link, self.context).await;
        let UserPage { users, next } = page.map_err(|error| told_apart(error, link))?;
        let rows = Rows::new(users);
        let next = next.map(|next| Place {
            position: if next.chunk() == link.chunk() {
                position.after(&rows)
            } else {
                Position::START
            },
            link: next,
        });
        Ok(Read { rows, next })
    }
}

/// What is wrong with a query of ours would be wrong on its first page too; on a
/// further one, a 400 is about the page token.
fn told_apart(error: azure::Error, link: &PageLink) -> Error {
    let refusal = error.refusal();
    let code = refusal.and_then(|refusal| refusal.code.as_deref());
    if code == Some("Directory_ExpiredPageToken") {
        return Error::Expired;
    }
    let is_bad = refusal.is_some_and(|refusal| refusal.status == StatusCode::BAD_REQUEST);
    if is_bad && !link.is_first() {
        return Error::Refused;
    }
    Error::Azure(error)
}
