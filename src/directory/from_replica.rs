//! Pages from the replica.

use std::time::{Instant, SystemTime};

use super::{
    Cursor, Error, Freshness, Page, Replica, Rows, position::Position, replica::ReplicaPage,
};
use crate::azure::UserQuery;

/// The page of `query` at `cursor`; `None` where Graph has to be asked: for the
/// next page of a listing of its own, for a caller who wants it fresher than the
/// replica is, and while there is no answer in a replica.
///
/// A listing that was begun in a replica is gone on with in one alone.
pub(super) fn page(
    replica: Option<&Replica>,
    query: &UserQuery,
    cursor: Option<&Cursor>,
    freshness: Freshness,
) -> Result<Option<Page>, Error> {
    let Some(cursor) = cursor else {
        let first = replica.and_then(|replica| replica.page(query, None));
        let first = first.map(|page| kept(page, query));
        let now = Instant::now();
        return Ok(first.filter(|page| freshness.is_met_by(page.age(now))));
    };
    let Some(place) = cursor.place_in_replica(query)? else {
        return Ok(None);
    };
    let page = replica.and_then(|replica| replica.page(query, Some(place)));
    page.map(|page| Some(kept(page, query)))
        .ok_or(Error::Expired)
}

fn kept(page: ReplicaPage, query: &UserQuery) -> Page {
    let ReplicaPage { rows, next, as_of } = page;
    let rows = Rows::new(rows);
    // Whether it goes on is part of what a page says.
    let digest = Position::START.after(&rows).tag();
    let age = SystemTime::now().duration_since(as_of).unwrap_or_default();
    let now = Instant::now();
    Page {
        document: rows.into_document(),
        tag: digest.wrapping_add(next.is_some().into()),
        next: next.map(|place| Cursor::in_replica(query, place)),
        as_of,
        read: now.checked_sub(age).unwrap_or(now),
    }
}
