//! One page of a listing, from the replica.

use std::time::SystemTime;

use actix_web::web::{Bytes, BytesMut};

use super::{
    Contents, Phase, Place,
    row::{Row, RowFilter},
};
use crate::azure::UserQuery;

/// Users that are looked at for one page: some 1.3 ms, in which a worker does nothing
/// else. A search that nobody is found by would look at everybody.
const LOOKED_AT: usize = 2_000;

/// One page of a listing.
#[derive(Debug)]
pub(crate) struct ReplicaPage {
    /// A JSON array of users, each with the properties asked for, in their order.
    pub(crate) rows: Bytes,
    /// What to ask for the next page with; there is another user after it, whom the
    /// query may leave out.
    pub(crate) next: Option<Place>,
    /// The directory was like this then, or later.
    pub(crate) as_of: SystemTime,
}

impl ReplicaPage {
    /// Whether it has nobody, and nothing comes after it.
    pub(crate) fn is_of_nobody(&self) -> bool {
        self.next.is_none() && &self.rows[..] == b"[]"
    }
}

/// The users of `query` from after `after` on.
pub(super) fn page(
    contents: &Contents,
    query: &UserQuery,
    after: Option<&Place>,
) -> Option<ReplicaPage> {
    let Phase::Ready(as_of) = contents.phase else {
        return None;
    };
    let mut rows = Rows::new(query);
    let next = rows.fill(contents, after);
    Some(ReplicaPage {
        rows: rows.end(),
        next,
        as_of,
    })
}

/// The rows of a page, as they are written.
struct Rows<'a> {
    query: &'a UserQuery,
    out: BytesMut,
    count: usize,
}

impl<'a> Rows<'a> {
    fn new(query: &'a UserQuery) -> Self {
        Self {
            query,
            out: BytesMut::from(&b"["[..]),
            count: 0,
        }
    }

    /// Writes users until the page is full, or enough were looked at; returns the last
    /// of these if that was not the last of all.
    fn fill(&mut self, contents: &Contents, after: Option<&Place>) -> Option<Place> {
        let query = self.query;
        let filter = RowFilter::new(query);
        let first = after.map_or(0, |place| place.department);
        let departments = (0..).zip(query.departments.iter());
        let (mut last, mut looked_at) = (None, 0);
        for (at, department) in departments.skip(first.into()) {
            let after = after.filter(|place| place.department == at);
            let users = contents
                .store
                .users(&department.lowered(), after.map(|place| &*place.id));
            for (id, row) in users {
                let passes = row.passes(&filter);
                if looked_at == LOOKED_AT || (passes && self.count == query.top.get()) {
                    return last.map(|(department, id): (u8, &str)| Place {
                        department,
                        id: id.into(),
                    });
                }
                if passes {
                    self.push(row);
                }
                last = Some((at, id));
                looked_at += 1;
            }
        }
        None
    }

    fn push(&mut self, row: &Row) {
        if self.count > 0 {
            self.out.extend_from_slice(b",");
        }
        row.write(self.query.select.properties(), &mut self.out);
        self.count += 1;
    }

    fn end(mut self) -> Bytes {
        self.out.extend_from_slice(b"]");
        self.out.freeze()
    }
}
