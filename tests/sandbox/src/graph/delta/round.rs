//! A round of changes, page by page.
//!
//! Nothing of a round is kept. Its pages walk through the numbers of all users
//! in an order of their own, and show each as it is when its page is asked for.
//! The next round begins where this one began and not where it ended, so that
//! what changes while pages are read is in this round, in the next, or in both.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Scope, Since, Start, Token, walk::Walk};
use crate::{graph::directory::People, seed, settings::Settings};

/// Of so many users one is repeated, or replayed.
const ONE_IN: u64 = 8;

/// The most that a round replays of the one before.
const MOST_REPLAYS: usize = 10;

/// A round, and how far it has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Place {
    start: Start,
    /// The last change before the round began.
    until: u64,
    /// How many users there were then.
    population: usize,
    /// Where the page before this one began.
    previous: usize,
    /// Where this page begins.
    at: usize,
}

/// What one request gets.
pub(super) struct Page {
    pub(super) users: Vec<Value>,
    pub(super) next: Token,
}

impl Place {
    /// The first page of a round; without a start, of everybody.
    pub(super) fn first(scope: Scope, start: Option<Start>, people: &People) -> Self {
        Self {
            start: start.unwrap_or(Start {
                scope,
                since: Since::Ever,
                before: None,
            }),
            until: people.version(),
            population: people.population(),
            previous: 0,
            at: 0,
        }
    }

    pub(super) fn select(&self) -> Option<&str> {
        self.start.scope.select.as_deref()
    }

    pub(super) fn ids(&self) -> &[String] {
        &self.start.scope.ids
    }

    pub(super) fn into_scope(self) -> Scope {
        self.start.scope
    }

    /// This page, about the users `only`, or everybody.
    pub(super) fn page(
        self,
        people: &People,
        select: &[&'static str],
        only: Option<&HashSet<usize>>,
        settings: &Settings,
    ) -> Page {
        let view = View {
            people,
            select,
            only,
        };
        let walk = Walk::new(self.population, self.until);
        let mut users = Vec::new();
        let mut end = self.at;
        while end < self.population && users.len() < settings.delta_page.max(1) {
            users.extend(view.news(walk.number(end), self.start.since));
            end += 1;
        }
        if settings.delta_replays {
            for (at, user) in self.replays(&view, &walk).into_iter().enumerate() {
                users.insert((at * 3).min(users.len()), user);
            }
        }
        Page {
            users,
            next: self.next(end),
        }
    }

    fn next(self, end: usize) -> Token {
        if end < self.population {
            return Token::Page(Box::new(Self {
                previous: self.at,
                at: end,
                ..self
            }));
        }
        Token::Round(Start {
            scope: self.start.scope,
            since: Since::Change(self.until),
            before: Some(self.start.since),
        })
    }

    /// "The same item can show up anywhere in the nextLink sequence", and "the
    /// same change appears in subsequent responses": some of the page before,
    /// and on the first page some of the round before, as they are now.
    fn replays(&self, view: &View<'_>, walk: &Walk) -> Vec<Value> {
        let (positions, since, most) = match (self.at, self.start.before) {
            (0, None) => return Vec::new(),
            (0, Some(before)) => (0..self.population, before, MOST_REPLAYS),
            (at, _) => (self.previous..at, self.start.since, usize::MAX),
        };
        let numbers = positions.map(|position| walk.number(position));
        numbers
            .filter(|number| seed::mix(*number as u64 ^ self.until).is_multiple_of(ONE_IN))
            .filter_map(|number| view.again(number, since, self.until))
            .take(most)
            .collect()
    }
}

/// The users, as this client sees them.
struct View<'a> {
    people: &'a People,
    select: &'a [&'static str],
    only: Option<&'a HashSet<usize>>,
}

impl View<'_> {
    fn news(&self, number: usize, since: Since) -> Option<Value> {
        let is_meant = self.only.is_none_or(|only| only.contains(&number));
        is_meant
            .then(|| self.people.news(number, since, self.select))
            .flatten()
    }

    /// A user that had news, as it is now; also one that is gone since it was
    /// shown in a first round.
    fn again(&self, number: usize, since: Since, until: u64) -> Option<Value> {
        self.news(number, since)
            .or_else(|| self.news(number, Since::Change(until)))?;
        self.people.present(number, self.select)
    }
}
