//! What is left of Resource Manager's and Compute's quotas, and when it is
//! nothing.
//!
//! Sources: "Understand how Azure Resource Manager throttles requests" (buckets
//! of a principal and of a subscription, refilled all the time); "Azure compute
//! throttling limits" (buckets of a machine and of a subscription in a region,
//! refilled once a minute).

mod bucket;

use std::{collections::HashMap, time::Instant};

use axum::{body::Body, http::Response};

use super::{key, wanted::Mode};
use crate::{gate::with, settings::PollQuota};
use bucket::{Bucket, Limit};

/// What Compute counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Group {
    LowCostGet,
    HighCostGet,
    UpdateVm,
    DeleteVm,
    GetOperation,
}

impl Group {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::LowCostGet => "LowCostGet",
            Self::HighCostGet => "HighCostGet",
            Self::UpdateVm => "UpdateVM",
            Self::DeleteVm => "DeleteVM",
            Self::GetOperation => "GetOperation",
        }
    }

    /// Of one machine.
    fn resource(self, polls: PollQuota) -> Option<Limit> {
        match self {
            Self::LowCostGet => Some(Limit::each_minute(36, 12)),
            Self::HighCostGet => None,
            Self::UpdateVm | Self::DeleteVm => Some(Limit::each_minute(12, 4)),
            Self::GetOperation => {
                Some(Limit::each_minute(polls.at_once, polls.each_minute).costing(polls.cost))
            }
        }
    }

    /// Of a subscription in a region.
    fn subscription(self, polls: PollQuota) -> Limit {
        match self {
            Self::LowCostGet => Limit::each_minute(24_000, 8_000),
            Self::HighCostGet => Limit::each_minute(900, 300),
            Self::UpdateVm | Self::DeleteVm => Limit::each_minute(1_500, 500),
            Self::GetOperation => Limit::each_minute(15_000, 5_000).costing(polls.cost),
        }
    }
}

impl Mode {
    /// Of one principal in a subscription.
    fn limit(self) -> Limit {
        match self {
            Self::Read => Limit::each_second(250, 25),
            Self::Write => Limit::each_second(200, 10),
        }
    }

    /// Of all principals: fifteen times as much.
    fn global_limit(self) -> Limit {
        match self {
            Self::Read => Limit::each_second(3_750, 375),
            Self::Write => Limit::each_second(3_000, 150),
        }
    }
}

/// Every bucket, by what it is of.
pub(super) struct Quotas {
    buckets: HashMap<String, Bucket>,
    polls: PollQuota,
}

/// What one request has left of the quotas that it counts for.
#[derive(Debug)]
pub(super) struct Remaining {
    /// After so many seconds there is something again, where there is nothing.
    pub(super) spent: Option<u64>,
    headers: Vec<(&'static str, String)>,
}

impl Quotas {
    /// Full buckets.
    pub(super) fn new(polls: PollQuota) -> Self {
        Self {
            buckets: HashMap::new(),
            polls,
        }
    }

    /// How much of `group` there is each minute, as a refusal tells.
    pub(super) fn refill(&self, group: Group) -> u32 {
        let resource = group.resource(self.polls);
        resource.unwrap_or(group.subscription(self.polls)).refill()
    }

    /// One request of `principal` in `subscription` less.
    pub(super) fn request(&mut self, mode: Mode, principal: &str, subscription: &str) -> Remaining {
        let own = format!("{mode:?}/{subscription}/{principal}");
        let all = format!("{mode:?}/{subscription}");
        let spent = self.take(&[(&own, mode.limit()), (&all, mode.global_limit())]);
        let (name, global) = match mode {
            Mode::Read => (
                "x-ms-ratelimit-remaining-subscription-reads",
                "x-ms-ratelimit-remaining-subscription-global-reads",
            ),
            Mode::Write => (
                "x-ms-ratelimit-remaining-subscription-writes",
                "x-ms-ratelimit-remaining-subscription-global-writes",
            ),
        };
        let headers = vec![
            (name, self.left(&own).to_string()),
            (global, self.left(&all).to_string()),
        ];
        Remaining { spent, headers }
    }

    /// A request of Compute's less, for `resource` in `region` of a subscription.
    pub(super) fn compute(&mut self, group: Group, region: &str, resource: &str) -> Remaining {
        let name = group.name();
        let all = format!("{name}/{region}");
        let own = format!("{name}/{resource}");
        let limit = group.resource(self.polls);
        let mut wanted = vec![(all.as_str(), group.subscription(self.polls))];
        wanted.extend(limit.map(|limit| (own.as_str(), limit)));
        let spent = self.take(&wanted);
        let subscription = format!(
            "Microsoft.Compute/{name}SubscriptionMaximum;{}",
            self.left(&all)
        );
        let resource =
            limit.map(|_| format!("Microsoft.Compute/{name}Resource;{}", self.left(&own)));
        // In the order that was recorded.
        let told = match (group, resource) {
            (_, None) => subscription,
            (Group::GetOperation, Some(resource)) => format!("{resource},{subscription}"),
            (_, Some(resource)) => format!("{subscription},{resource}"),
        };
        Remaining {
            spent,
            headers: vec![("x-ms-ratelimit-remaining-resource", told)],
        }
    }

    /// A request less of each, or of none where one has not enough; then the seconds
    /// until it has.
    fn take(&mut self, wanted: &[(&str, Limit)]) -> Option<u64> {
        let now = Instant::now();
        let mut wait = None;
        for (name, limit) in wanted {
            let bucket = self
                .buckets
                .entry(key(name))
                .or_insert_with(|| limit.full(now));
            bucket.refill(*limit, now);
            wait = wait.max(bucket.wait(*limit, now));
        }
        if wait.is_none() {
            for (name, limit) in wanted {
                let bucket = self.buckets.entry(key(name));
                bucket.and_modify(|bucket| bucket.take(*limit));
            }
        }
        wait
    }

    fn left(&self, name: &str) -> u32 {
        self.buckets.get(&key(name)).map_or(0, Bucket::left)
    }
}

impl Remaining {
    /// `answer` with the headers that tell it.
    pub(super) fn told(&self, answer: Response<Body>) -> Response<Body> {
        self.headers
            .iter()
            .fold(answer, |answer, (name, left)| with(answer, name, left))
    }
}
