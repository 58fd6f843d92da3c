//! Pages from the replica.

use std::{
    hash::{Hash as _, Hasher as _},
    time::{Instant, SystemTime},
};

use fnv::FnvHasher;

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
) -> Result<Option<ReplicaPage>, Error> {
    let Some(cursor) = cursor else {
        let fresh = fresh(replica, freshness);
        return Ok(fresh.and_then(|(replica, _)| replica.page(query, None)));
    };
    let Some(place) = cursor.place_in_replica(query)? else {
        return Ok(None);
    };
    let page = replica.and_then(|replica| replica.page(query, Some(place)));
    page.map(Some).ok_or(Error::Expired)
}

/// The replica, and of when it is, where that is as fresh as a caller wants it: a page is
/// looked for in no other one.
pub(super) fn fresh(
    replica: Option<&Replica>,
    freshness: Freshness,
) -> Option<(&Replica, SystemTime)> {
    let replica = replica?;
    let as_of = replica.as_of()?;
    let age = as_of.elapsed().unwrap_or_default();
    freshness.is_met_by(age).then_some((replica, as_of))
}

/// `page` of `query`, as pages are given out.
pub(super) fn kept(page: ReplicaPage, query: &UserQuery) -> Page {
    let ReplicaPage { rows, next, as_of } = page;
    let rows = Rows::new(rows);
    // Where it goes on is part of what a page says: one with the same rows may have looked
    // further.
    let mut tag = FnvHasher::with_key(Position::START.after(&rows).tag());
    next.hash(&mut tag);
    let age = SystemTime::now().duration_since(as_of).unwrap_or_default();
    let now = Instant::now();
    Page {
        document: rows.into_document(),
        tag: tag.finish(),
        next: next.map(|place| Cursor::in_replica(query, place)),
        as_of,
        read: now.checked_sub(age).unwrap_or(now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(rows: &str, next: Option<&str>) -> u64 {
        let page = ReplicaPage {
            rows: rows.to_owned().into(),
            next: next.map(|place| place.parse().unwrap()),
            as_of: SystemTime::now(),
        };
        kept(page, &UserQuery::of(&["Finance"], 10)).tag
    }

    #[test]
    fn a_page_that_goes_on_elsewhere_is_another_page() {
        let pages = [("[]", None), ("[]", Some("0.a")), ("[]", Some("0.b"))];
        let [end, here, elsewhere] = pages.map(|(rows, next)| tag(rows, next));
        assert!(here != elsewhere && here != end);
        assert_eq!(tag("[]", Some("0.a")), here);
        assert_ne!(tag("[{}]", Some("0.a")), here);
    }
}
