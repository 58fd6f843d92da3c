//! What was asked of the sandbox.

mod service;

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::http::request::Parts;
use tokio::sync::Notify;

pub use service::Service;

use crate::{arrivals::awaited, known::Unknown};

/// One request, as it came in.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// What it was for, where that is known.
    pub service: Option<Service>,
    /// The verb.
    pub method: String,
    /// The path, as on the wire.
    pub path: String,
    /// The query, as on the wire.
    pub query: String,
    /// The headers, with lower-case names.
    pub headers: Vec<(String, String)>,
    /// What of it the sandbox does not know, and Azure may.
    pub unknown: Vec<Unknown>,
}

impl Recorded {
    pub(crate) fn new(service: Option<Service>, request: &Parts) -> Self {
        let text = |value: &axum::http::HeaderValue| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        Self {
            service,
            method: request.method.to_string(),
            path: request.uri.path().to_owned(),
            query: request.uri.query().unwrap_or_default().to_owned(),
            headers: request
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
            unknown: Vec::new(),
        }
    }

    /// The first header `name`.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}

/// The method and the path, and what is not known: nothing that is a secret.
impl fmt::Display for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        for (index, unknown) in self.unknown.iter().enumerate() {
            let before = if index == 0 { ": " } else { ", " };
            write!(f, "{before}{unknown}")?;
        }
        Ok(())
    }
}

/// All requests, or the latest, and how many were under way at one time.
pub(crate) struct Journal {
    entries: Mutex<Entries>,
    changed: Notify,
    /// How many requests are remembered.
    most: usize,
}

#[derive(Default)]
struct Entries {
    requests: VecDeque<Recorded>,
    loads: HashMap<Service, Load>,
}

#[derive(Clone, Copy, Default)]
struct Load {
    under_way: usize,
    peak: usize,
}

/// A request under way; it ends when this is dropped.
pub(crate) struct UnderWay<'a>(&'a Journal, Option<Service>);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(service) = self.1 {
            self.0.entries().loads.entry(service).or_default().under_way -= 1;
        }
    }
}

impl Journal {
    /// One that remembers so many requests, or all.
    pub(crate) fn new(remembers: Option<usize>) -> Self {
        Self {
            entries: Mutex::default(),
            changed: Notify::new(),
            most: remembers.unwrap_or(usize::MAX),
        }
    }

    /// Notes a request.
    pub(crate) fn enter(&self, request: Recorded) -> UnderWay<'_> {
        let service = request.service;
        let mut entries = self.entries();
        if let Some(service) = service {
            let load = entries.loads.entry(service).or_default();
            load.under_way += 1;
            load.peak = load.peak.max(load.under_way);
        }
        if entries.requests.len() >= self.most {
            entries.requests.pop_front();
        }
        entries.requests.push_back(request);
        drop(entries);
        self.changed.notify_waiters();
        UnderWay(self, service)
    }

    pub(crate) fn requests(&self, service: Service) -> Vec<Recorded> {
        self.those(|request| request.service == Some(service))
    }

    /// The requests of which something is not known.
    pub(crate) fn unexpected(&self) -> Vec<Recorded> {
        self.those(|request| !request.unknown.is_empty())
    }

    pub(crate) fn all(&self) -> Vec<Recorded> {
        self.those(|_| true)
    }

    pub(crate) async fn arrived(&self, service: Service, count: usize) {
        awaited(count, &self.changed, || self.requests(service).len()).await;
    }

    pub(crate) fn peak(&self, service: Service) -> usize {
        self.entries()
            .loads
            .get(&service)
            .map_or(0, |load| load.peak)
    }

    fn those(&self, are_meant: impl Fn(&Recorded) -> bool) -> Vec<Recorded> {
        let entries = self.entries();
        let those = entries.requests.iter().filter(|it| are_meant(it));
        those.cloned().collect()
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
