//! The users of departments, page by page.

mod csv;
mod cursor;
mod error;
mod export;
mod from_replica;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzz;
mod listing;
mod listings;
mod pages;
mod permission;
mod position;
mod reading;
mod replica;
mod rows;

use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use actix_web::{rt::time, web::Bytes};

pub(crate) use csv::cell;
pub(crate) use cursor::{Cursor, InvalidCursor};
pub(crate) use error::Error;
pub(crate) use export::{Export, Unwritable};
pub(crate) use listing::Listing;
pub(crate) use listings::Listings;
pub(crate) use pages::{Freshness, KnownPages};
pub(crate) use permission::{Permission, Standing, Verdict};
pub(crate) use replica::{Replica, Status, keep};
pub(crate) use rows::Rows;

use crate::{
    azure::{GraphClient, Joiner, UserQuery},
    http::Context,
    metrics::{Metrics, PageEvent},
    task::{Joined, Landing, Seat, Tasks, Unfinished},
};
use cursor::Place;
use pages::{Kept, Key, Outcome};
use reading::{Read, Reading};

/// A caller for whom there is an older page waits no longer for a new one: answers within
/// a second are what the latency objective counts.
const PATIENCE: Duration = Duration::from_millis(900);

/// One page of a listing.
#[derive(Debug)]
pub(crate) struct Page {
    /// The users, as the member `value` of a JSON object: the answer as a rule, so that
    /// one that is kept is written once.
    pub(crate) document: Bytes,
    /// What to ask for the next page with; `None` on the last.
    pub(crate) next: Option<Cursor>,
    /// The same for the same page of the same query, as long as it says the same.
    pub(crate) tag: u64,
    /// When Graph was asked for it.
    pub(crate) as_of: SystemTime,
    read: Instant,
}

impl Page {
    /// The time since Graph was asked for it.
    pub(crate) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.read)
    }
}

/// What users are read from.
struct Source {
    graph: GraphClient,
    permission: Permission,
    replica: Option<Replica>,
}

/// The directory as one worker reaches it.
pub(crate) struct Directory {
    source: Rc<Source>,
    pages: KnownPages,
    listings: Listings,
    tasks: Tasks,
    metrics: Metrics,
}

impl Directory {
    /// A directory that asks `graph` for what `replica` has no answer to, and
    /// shares everything else with all workers.
    pub(crate) fn new(
        graph: GraphClient,
        permission: Permission,
        replica: Option<Replica>,
        (pages, listings): (KnownPages, Listings),
        tasks: Tasks,
        metrics: Metrics,
    ) -> Self {
        Self {
            source: Rc::new(Source {
                graph,
                permission,
                replica,
            }),
            pages,
            listings,
            tasks,
            metrics,
        }
    }

    /// The page of `query` at `cursor`; the first one without. One of Graph's is
    /// kept for a while, and goes on being given out while Graph is in trouble.
    pub(crate) async fn page(
        &self,
        query: &UserQuery,
        cursor: Option<&Cursor>,
        freshness: Freshness,
        context: &Context,
    ) -> Result<Arc<Page>, Error> {
        if let Some(page) = self
            .page_in_memory(query, cursor, freshness, context)
            .await?
        {
            return Ok(page);
        }
        let key = Key::new(query.clone(), cursor.cloned());
        let older = match self.pages.kept(&key, freshness) {
            Some(Kept::Fresh(page)) => {
                self.metrics.directory_page(PageEvent::Hit);
                return Ok(page);
            }
            Some(Kept::Stale(page)) => Some(page),
            None => None,
        };
        let place = place(query, cursor)?;
        let asked = self.asked(place, &key, freshness, context);
        let Some(older) = older else {
            return asked.await;
        };
        if self.pages.has_just_failed(&key) || self.source.graph.is_closed_for(PATIENCE) {
            return Ok(self.instead(older));
        }
        match time::timeout(PATIENCE, asked).await {
            Err(_) => Ok(self.instead(older)),
            Ok(Err(error)) if error.is_passing() => Ok(self.instead(older)),
            Ok(outcome) => outcome,
        }
    }

    /// Every page of `query`, one after the other, past the cache, if there is room for
    /// one more listing. Each call may take `patience`.
    pub(crate) async fn listing(
        &self,
        query: UserQuery,
        freshness: Freshness,
        context: Context,
        patience: Duration,
    ) -> Result<Listing, Error> {
        let room = self.listings.room(context.on_behalf)?;
        let source = Rc::clone(&self.source);
        Listing::begin(source, query, freshness, context, patience, room).await
    }

    /// Where its answers are counted.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    async fn page_in_memory(
        &self,
        query: &UserQuery,
        cursor: Option<&Cursor>,
        freshness: Freshness,
        context: &Context,
    ) -> Result<Option<Arc<Page>>, Error> {
        let replica = self.source.replica.as_ref();
        let Some(page) = from_replica::page(replica, query, cursor, freshness)? else {
            return Ok(None);
        };
        if cursor.is_none() && page.is_of_nobody() {
            let reading = Reading {
                source: &self.source,
                query,
                context,
                patience: None,
            };
            reading.believe_nobody(replica).await?;
        }
        self.metrics.directory_page(PageEvent::Replica);
        Ok(Some(Arc::new(from_replica::kept(page, query))))
    }

    fn instead(&self, older: Arc<Page>) -> Arc<Page> {
        self.metrics.directory_page(PageEvent::Stale);
        older
    }

    /// The page from Graph, which all who wait for it ask once. Those to whom it is too
    /// old, as it was asked for before they came, ask together once more; so do those who
    /// have the time or the turn that whoever asked had not.
    async fn asked(
        &self,
        place: Place,
        key: &Key,
        freshness: Freshness,
        context: &Context,
    ) -> Outcome {
        let (came, mut joiner) = (Instant::now(), Joiner::new(context));
        let landing = loop {
            match self.pages.join(key, freshness) {
                Joined::Landed(outcome) => return outcome,
                Joined::Waiting(seat) => {
                    self.metrics.directory_page(PageEvent::Joined);
                    let is_fit = |page: &Page| {
                        page.read >= came || freshness.is_met_by(page.age(Instant::now()))
                    };
                    match self.shared(seat, context).await? {
                        Ok(page) if !is_fit(&page) => {}
                        Err(Error::Azure(error)) if joiner.asks_anew(&error) => {}
                        outcome => return outcome,
                    }
                }
                Joined::First(landing) => break landing,
            }
        };
        self.metrics.directory_page(PageEvent::Miss);
        let flight = self.flight(place, key.clone(), landing, context.clone());
        // A task of its own: a caller who leaves would take all others along.
        self.tasks.finish(flight).await?
    }

    /// How the call for somebody else ends, or this caller's time.
    async fn shared(&self, seat: Seat<Outcome>, context: &Context) -> Result<Outcome, Unfinished> {
        let patience = context.deadline.remaining();
        let late = || Err(Error::Azure(self.source.graph.unanswered(patience)));
        Ok(seat.outcome_within(patience).await?.unwrap_or_else(late))
    }

    fn flight(
        &self,
        place: Place,
        key: Key,
        landing: Landing<Key, Outcome>,
        context: Context,
    ) -> impl Future<Output = Outcome> + 'static {
        let (source, pages) = (Rc::clone(&self.source), self.pages.clone());
        async move {
            let reading = Reading {
                source: &source,
                query: key.query(),
                context: &context,
                patience: None,
            };
            let (as_of, read) = (SystemTime::now(), Instant::now());
            let outcome = reading.proven_page(place).await;
            let outcome = outcome.map(|Read { rows, after, next }| {
                let next = next.map(|next| Cursor::new(&next));
                Arc::new(Page {
                    tag: after.tag(),
                    document: rows.into_document(),
                    next,
                    as_of,
                    read,
                })
            });
            pages.land(key, landing, &outcome);
            outcome
        }
    }
}

fn place(query: &UserQuery, cursor: Option<&Cursor>) -> Result<Place, InvalidCursor> {
    match cursor {
        Some(cursor) => cursor.place(query),
        // A query has a department, and so a first part.
        None => Place::first(query, 0).ok_or(InvalidCursor),
    }
}
