//! A whole listing, with no more of it in memory than a page.

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, RandomState},
    rc::Rc,
    time::{Duration, SystemTime},
};

use super::{
    Error, Freshness, Replica, Rows, Source,
    cursor::Place,
    from_replica,
    listings::Room,
    place,
    reading::{ENDLESS_READS, Read, Reading},
    replica::{self, ReplicaPage},
};
use crate::{azure::UserQuery, http::Context};

/// Where it goes on; one that was begun in the replica ends there.
enum Next {
    Graph(Place),
    Replica(Replica, Option<replica::Place>),
}

/// A listing under way.
pub(crate) struct Listing {
    source: Rc<Source>,
    query: UserQuery,
    context: Context,
    patience: Duration,
    as_of: SystemTime,
    ready: Option<Rows>,
    next: Option<Next>,
    /// Whether a read has found anybody.
    has_anybody: bool,
    /// What hashes of the links are that it has led to, for a listing that leads in a circle.
    links: (RandomState, HashSet<u64>),
    /// How many reads in a row have found nobody.
    empty_reads: usize,
    #[expect(dead_code, reason = "it is there to be dropped")]
    room: Room,
}

impl Listing {
    /// Reads the first page: what is wrong is known before an answer begins.
    pub(super) async fn begin(
        source: Rc<Source>,
        query: UserQuery,
        freshness: Freshness,
        context: Context,
        patience: Duration,
        room: Room,
    ) -> Result<Self, Error> {
        let replica = from_replica::fresh(source.replica.as_ref(), freshness);
        let (next, as_of) = match replica {
            Some((replica, as_of)) => (Next::Replica(replica.clone(), None), as_of),
            None => (Next::Graph(place(&query, None)?), SystemTime::now()),
        };
        let mut listing = Self {
            source,
            query,
            context,
            patience,
            as_of,
            ready: None,
            next: Some(next),
            has_anybody: false,
            links: (RandomState::new(), HashSet::new()),
            empty_reads: 0,
            room,
        };
        listing.ready = listing.read().await?;
        Ok(listing)
    }

    /// What is asked for.
    pub(crate) fn query(&self) -> &UserQuery {
        &self.query
    }

    /// The users are as they were then, or later.
    pub(crate) fn as_of(&self) -> SystemTime {
        self.as_of
    }

    /// The rows of the next page; `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Rows>, Error> {
        match self.ready.take() {
            Some(rows) => Ok(Some(rows)),
            None => self.read().await,
        }
    }

    async fn read(&mut self) -> Result<Option<Rows>, Error> {
        let (rows, replica) = match self.next.take() {
            None => return Ok(None),
            Some(Next::Graph(place)) => {
                let asked = self.asked(place).await;
                (asked.map_err(Error::of_whole)?, None)
            }
            Some(Next::Replica(replica, place)) => {
                let page = replica.page(&self.query, place.as_ref());
                let ReplicaPage { rows, next, .. } = page.ok_or(Error::Forgotten)?;
                self.next = next.map(|place| Next::Replica(replica.clone(), Some(place)));
                (Rows::new(rows), Some(replica))
            }
        };
        self.has_anybody |= !rows.is_empty();
        if !self.has_anybody && self.next.is_none() {
            self.reading().believe_nobody(replica.as_ref()).await?;
        }
        Ok(Some(rows))
    }

    fn reading(&self) -> Reading<'_> {
        Reading {
            source: &self.source,
            query: &self.query,
            context: &self.context,
            patience: Some(self.patience),
        }
    }

    async fn asked(&mut self, place: Place) -> Result<Rows, Error> {
        let Read { rows, next, .. } = self.reading().page(place).await?;
        if let Some(next) = &next {
            let (hasher, known) = &mut self.links;
            if !known.insert(hasher.hash_one(next.link.as_str())) {
                return Err(Error::Azure(self.source.graph.circular_listing()));
            }
        }
        self.next = next.map(Next::Graph);
        self.empty_reads = if rows.is_empty() {
            self.empty_reads + 1
        } else {
            0
        };
        if self.empty_reads > ENDLESS_READS && self.next.is_some() {
            return Err(Error::Azure(self.source.graph.endless_listing()));
        }
        Ok(rows)
    }
}
