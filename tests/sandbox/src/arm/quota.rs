//! What is left of Resource Manager's and Compute's quotas, as headers tell.
//!
//! The numbers are those of "Understand how Azure Resource Manager throttles
//! requests" and "Azure compute throttling limits". They are counted and shown,
//! not enforced: throttling is a fault that is asked for.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use axum::{body::Body, http::Response};

use super::key;
use crate::gate::with;

/// The quotas of one subscription.
#[derive(Default)]
pub(super) struct Quotas(HashMap<String, Bucket>);

struct Bucket {
    left: u32,
    refilled: Instant,
}

/// What is left, for the headers.
pub(super) struct Remaining {
    requests: u32,
    resource: String,
}

impl Quotas {
    pub(super) fn low_cost_get(&mut self, id: &str) -> Remaining {
        let subscription = self.take("LowCostGetSubscription", 24_000, 8_000);
        let resource = self.take(&format!("LowCostGetResource{id}"), 36, 12);
        let requests = self.take("reads", 250, 1_500);
        Remaining {
            requests,
            resource: format!(
                "Microsoft.Compute/LowCostGetSubscriptionMaximum;{subscription},\
                 Microsoft.Compute/LowCostGetResource;{resource}"
            ),
        }
    }

    pub(super) fn delete(&mut self, id: &str) -> Remaining {
        let subscription = self.take("DeleteVMSubscription", 1_500, 500);
        let resource = self.take(&format!("DeleteVMResource{id}"), 12, 4);
        let requests = self.take("writes", 200, 600);
        Remaining {
            requests,
            resource: format!(
                "Microsoft.Compute/DeleteVMSubscriptionMaximum;{subscription},\
                 Microsoft.Compute/DeleteVMResource;{resource}"
            ),
        }
    }

    /// What everything but a deallocation takes that changes a machine.
    pub(super) fn update(&mut self, id: &str) -> Remaining {
        let subscription = self.take("UpdateVMSubscription", 1_500, 500);
        let resource = self.take(&format!("UpdateVMResource{id}"), 12, 4);
        let requests = self.take("writes", 200, 600);
        Remaining {
            requests,
            resource: format!(
                "Microsoft.Compute/UpdateVMSubscriptionMaximum;{subscription},\
                 Microsoft.Compute/UpdateVMResource;{resource}"
            ),
        }
    }

    pub(super) fn get_operation(&mut self, id: &str) -> Remaining {
        let subscription = self.take("GetOperationSubscription", 15_000, 5_000);
        let resource = self.take(&format!("GetOperationResource{id}"), 45, 15);
        let requests = self.take("reads", 250, 1_500);
        Remaining {
            requests,
            resource: format!(
                "Microsoft.Compute/GetOperationResource;{resource},\
                 Microsoft.Compute/GetOperationSubscriptionMaximum;{subscription}"
            ),
        }
    }

    /// One less; `refill` come back at once when a minute is over.
    fn take(&mut self, name: &str, burst: u32, refill: u32) -> u32 {
        let now = Instant::now();
        let bucket = self.0.entry(key(name)).or_insert(Bucket {
            left: burst,
            refilled: now,
        });
        if now.duration_since(bucket.refilled) >= Duration::from_mins(1) {
            bucket.left = (bucket.left + refill).min(burst);
            bucket.refilled = now;
        }
        bucket.left = bucket.left.saturating_sub(1);
        bucket.left
    }
}

/// `answer` with the quotas of a read.
pub(super) fn read(answer: Response<Body>, remaining: &Remaining) -> Response<Body> {
    let left = remaining.requests.to_string();
    let answer = with(answer, "x-ms-ratelimit-remaining-subscription-reads", &left);
    with(
        answer,
        "x-ms-ratelimit-remaining-resource",
        &remaining.resource,
    )
}

/// `answer` with the quotas of a write.
pub(super) fn write(answer: Response<Body>, remaining: &Remaining) -> Response<Body> {
    let left = remaining.requests.to_string();
    let answer = with(
        answer,
        "x-ms-ratelimit-remaining-subscription-writes",
        &left,
    );
    let answer = with(
        answer,
        "x-ms-ratelimit-remaining-subscription-global-writes",
        "2999",
    );
    with(
        answer,
        "x-ms-ratelimit-remaining-resource",
        &remaining.resource,
    )
}
