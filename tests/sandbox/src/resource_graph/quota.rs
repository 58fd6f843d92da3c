//! How many queries a principal may send.
//!
//! Source: "Guidance for throttled requests in Azure Resource Graph": 15 queries
//! in a window of five seconds, told in two headers.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{body::Body, http::Response};

use crate::gate::with;

const QUERIES: u32 = 15;
const WINDOW: Duration = Duration::from_secs(5);

/// The windows of all principals, by object id.
#[derive(Default)]
pub(crate) struct QueryQuotas(Mutex<HashMap<String, Window>>);

struct Window {
    began: Instant,
    left: u32,
}

/// What is left of a window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left {
    pub(super) is_spent: bool,
    queries: u32,
    resets_after: u64,
}

impl QueryQuotas {
    /// One less.
    pub(super) fn take(&self, principal: &str) -> Left {
        let now = Instant::now();
        let fresh = Window {
            began: now,
            left: QUERIES,
        };
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows
            .entry(principal.to_owned())
            .and_modify(|window| {
                if now.duration_since(window.began) >= WINDOW {
                    window.began = now;
                    window.left = QUERIES;
                }
            })
            .or_insert(fresh);
        let is_spent = window.left == 0;
        window.left = window.left.saturating_sub(1);
        let resets_in = WINDOW.saturating_sub(now.duration_since(window.began));
        Left {
            is_spent,
            queries: window.left,
            resets_after: resets_in.as_secs() + u64::from(resets_in.subsec_nanos() > 0),
        }
    }
}

impl Left {
    /// `answer` with the headers that tell it.
    pub(super) fn told(self, answer: Response<Body>) -> Response<Body> {
        let queries = self.queries.to_string();
        let resets_after = format!("00:00:{:02}", self.resets_after);
        let answer = with(answer, "x-ms-user-quota-remaining", &queries);
        let answer = with(answer, "x-ms-user-quota-resets-after", &resets_after);
        with(
            answer,
            "x-ms-ratelimit-remaining-tenant-resource-requests",
            &queries,
        )
    }

    /// Whole seconds.
    pub(super) fn retry_after(self) -> String {
        self.resets_after.to_string()
    }
}
