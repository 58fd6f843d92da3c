//! Pages as they are read from Graph.

use std::time::Duration;

use actix_web::http::StatusCode;

use super::{
    Error, Replica, Rows, Source, Standing, Verdict,
    cursor::Place,
    position::{Passed, Position},
};
use crate::{
    azure::{self, PageLink, UserPage, UserQuery},
    http::{Context, Deadline},
};

/// Empty pages in a row that are followed for one caller; beyond them the caller
/// gets an empty one, with where it goes on.
const EMPTY_PAGES: usize = 50;

/// Empty pages in a row after which nobody else is expected where a listing is read on and
/// on. Graph gives out few; each may lead to another one all the same.
const ENDLESS: usize = ENDLESS_READS * EMPTY_PAGES;

/// The same in reads of a page, each of which follows empty ones.
pub(super) const ENDLESS_READS: usize = 20;

/// What was read, and where it goes on.
pub(super) struct Read {
    pub(super) rows: Rows,
    /// How far the listing has come with them.
    pub(super) after: Position,
    pub(super) next: Option<Place>,
}

/// One listing at Graph.
pub(super) struct Reading<'a> {
    pub(super) source: &'a Source,
    pub(super) query: &'a UserQuery,
    pub(super) context: &'a Context,
    /// Each call has this long, whatever the deadline of the context.
    pub(super) patience: Option<Duration>,
}

impl Reading<'_> {
    /// The same as [`Reading::page`]; where it is the last and nobody was before it, that
    /// nobody is on it is proven. Of the parts before this one nothing is known here: after
    /// these it is proven too often, at the cost of a look at what is kept.
    pub(super) async fn proven_page(&self, place: Place) -> Result<Read, Error> {
        let is_start = place.position == Position::START;
        let read = self.page(place).await?;
        if is_start && read.rows.is_empty() && read.next.is_none() {
            self.believe_nobody(None).await?;
        }
        Ok(read)
    }

    /// The page at `place`, or the next one that has anybody on it.
    ///
    /// Source: "Paging Microsoft Graph data in your app": a page may be empty and
    /// not be the last.
    pub(super) async fn page(&self, place: Place) -> Result<Read, Error> {
        let mut read = self.one(&place).await?;
        for _ in 0..EMPTY_PAGES {
            let Some(next) = read.next.take_if(|_| read.rows.is_empty()) else {
                break;
            };
            match self.one(&next).await {
                // The caller goes on from there with time of its own.
                Err(error) if error.is_late() => {
                    read.next = Some(next);
                    break;
                }
                outcome => read = outcome?,
            }
        }
        Ok(read)
    }

    /// An empty listing says that nobody is there only if somebody would be seen. That of a
    /// replica, which goes on while Graph is away, needs no other proof than somebody in it
    /// who has a department, unless it has been disproven since.
    ///
    /// Source: "Use the $filter query parameter": objects are left out where the
    /// filter refers to what the permission does not reach.
    pub(super) async fn believe_nobody(&self, replica: Option<&Replica>) -> Result<(), Error> {
        let Source {
            graph, permission, ..
        } = self.source;
        let is_shown = replica.is_some_and(Replica::shows_departments);
        if is_shown && !permission.standing().verdict.is_disproof() {
            return Ok(());
        }
        let Standing {
            verdict, detail, ..
        } = permission
            .proven(graph, &self.context())
            .await
            .map_err(Error::Azure)?;
        match verdict {
            Verdict::Fine => Ok(()),
            Verdict::Denied | Verdict::SilentlyEmpty | Verdict::WrongIdentity => {
                Err(Error::NotShown(detail))
            }
            Verdict::Unproven | Verdict::Throttled | Verdict::Unreachable => {
                Err(Error::Unproven(detail))
            }
        }
    }

    fn context(&self) -> Context {
        let mut context = self.context.clone();
        if let Some(patience) = self.patience {
            context.deadline = Deadline::after(patience);
        }
        context
    }

    /// A listing that Graph has forgotten is begun again once.
    async fn one(&self, place: &Place) -> Result<Read, Error> {
        match self.ask(&place.link, place.position).await {
            Err(Error::Expired) => match self.again(place).await {
                // Nor is there time for it next time.
                Err(error) if error.is_late() => Err(Error::Expired),
                outcome => outcome,
            },
            outcome => outcome,
        }
    }

    /// What comes after the position of `place`, read from the beginning.
    async fn again(&self, place: &Place) -> Result<Read, Error> {
        let chunk = place.link.chunk();
        let mut next = Place::first(self.query, chunk);
        let mut empty_pages = 0;
        while let Some(at) = next.filter(|it| it.link.chunk() == chunk) {
            let page = self.ask(&at.link, at.position).await?;
            empty_pages = if page.rows.is_empty() {
                empty_pages + 1
            } else {
                0
            };
            if empty_pages > ENDLESS {
                return Err(Error::Azure(self.source.graph.endless_listing()));
            }
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
        let page = graph.users(self.query, link, &self.context()).await;
        let UserPage { body, users, next } = page.map_err(|error| told_apart(error, link))?;
        let rows = Rows::within(body, users);
        let after = position.after(&rows);
        let next = next.map(|next| Place {
            position: if next.chunk() == link.chunk() {
                after
            } else {
                Position::START
            },
            link: next,
        });
        Ok(Read { rows, after, next })
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
