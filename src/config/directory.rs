//! How users are looked up.

use std::{ops::RangeInclusive, time::Duration};

use super::reader::{Faulty, Reader};

/// How users are looked up, and what is kept of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Directory {
    /// The whole directory is kept in memory, rather than pages of it.
    pub(crate) replica: Option<ReplicaSettings>,
    pub(crate) pages: PageSettings,
}

/// What is kept of pages that Graph gave out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageSettings {
    /// How long a page is handed out without asking Graph again.
    pub(crate) max_age: Duration,
    /// How much longer it is, while Graph throttles or fails.
    pub(crate) stale_if_error: Duration,
    /// How many bytes of pages are kept.
    pub(crate) capacity: usize,
}

/// How a replica of the directory is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReplicaSettings {
    /// The time from one question for changes to the next.
    pub(crate) poll: Duration,
    /// A directory with more users is not kept in memory.
    pub(crate) most_users: usize,
}

const A_DAY: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_hours(24);

const POLLS: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_hours(1);

const BYTES: RangeInclusive<usize> = 0..=1 << 30;

const USERS: &str = "a number of users from 1 to 2000000";

impl Directory {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Faulty> {
        let is_replica = reader.required("MIG_DIRECTORY", "direct or replica", |text| match text {
            "direct" => Some(false),
            "replica" => Some(true),
            _ => None,
        });
        let pages = PageSettings::read(reader);
        let replica = ReplicaSettings::read(reader);
        let (is_replica, replica) = (is_replica?, replica?);
        Ok(Self {
            replica: is_replica.then_some(replica),
            pages: pages?,
        })
    }
}

impl PageSettings {
    fn read(reader: &mut Reader) -> Result<Self, Faulty> {
        let max_age = reader.duration("MIG_DIRECTORY_MAX_AGE", &A_DAY);
        let stale_if_error = reader.duration("MIG_DIRECTORY_STALE_IF_ERROR", &A_DAY);
        let capacity = reader.bytes("MIG_DIRECTORY_CACHE", &BYTES);
        Ok(Self {
            max_age: max_age?,
            stale_if_error: stale_if_error?,
            capacity: capacity?,
        })
    }
}

impl ReplicaSettings {
    fn read(reader: &mut Reader) -> Result<Self, Faulty> {
        let poll = reader.duration("MIG_DIRECTORY_POLL", &POLLS);
        let most_users = reader.required("MIG_DIRECTORY_MOST_USERS", USERS, |text| {
            text.parse()
                .ok()
                .filter(|users| (1..=2_000_000).contains(users))
        });
        Ok(Self {
            poll: poll?,
            most_users: most_users?,
        })
    }
}
