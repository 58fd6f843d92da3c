//! What is asked for, as it comes in.

use std::str::FromStr;

use url::Url;

use crate::{
    api::Problem,
    azure::{Departments, InvalidQuery, Top, UserQuery},
    directory::Cursor,
};

/// The query as it comes in; every parameter but `department` is there once at
/// most.
#[derive(Default)]
pub(super) struct Raw<'a> {
    departments: Vec<&'a str>,
    enabled: Option<&'a str>,
    user_type: Option<&'a str>,
    search: Option<&'a str>,
    select: Option<&'a str>,
    top: Option<&'a str>,
    cursor: Option<&'a str>,
}

impl<'a> Raw<'a> {
    pub(super) fn read(pairs: &'a [(String, String)]) -> Result<Self, Problem> {
        let mut raw = Self::default();
        for (name, value) in pairs {
            let place = match name.as_str() {
                "department" => {
                    raw.departments.push(value);
                    continue;
                }
                "enabled" => &mut raw.enabled,
                "userType" => &mut raw.user_type,
                "search" => &mut raw.search,
                "select" => &mut raw.select,
                "top" => &mut raw.top,
                "cursor" => &mut raw.cursor,
                _ => return Err(Problem::invalid(unknown(name))),
            };
            if place.replace(value).is_some() {
                return Err(Problem::invalid(format!("query: {name} is there twice")));
            }
        }
        Ok(raw)
    }

    /// The query, with pages of `usual` users where it does not say how many.
    pub(super) fn query(&self, usual: Top) -> Result<UserQuery, Problem> {
        Ok(UserQuery {
            departments: Departments::read(self.departments.iter().copied())?,
            enabled: self.enabled.map(truth).transpose()?,
            user_type: parsed(self.user_type)?,
            search: parsed(self.search)?,
            select: parsed(self.select)?.unwrap_or_default(),
            top: parsed(self.top)?.unwrap_or(usual),
        })
    }

    /// Where to go on.
    pub(super) fn cursor(&self) -> Result<Option<Cursor>, Problem> {
        Ok(parsed(self.cursor)?)
    }

    /// This query again, at `cursor`.
    pub(super) fn link(&self, cursor: &Cursor, base: &Url) -> Url {
        let mut link = base.clone();
        link.set_path("/directory/users");
        let asked = [
            ("enabled", self.enabled),
            ("userType", self.user_type),
            ("search", self.search),
            ("select", self.select),
            ("top", self.top),
        ];
        let given = asked
            .iter()
            .filter_map(|(name, value)| Some((name, (*value)?)));
        link.query_pairs_mut()
            .extend_pairs(self.departments.iter().map(|it| ("department", it)))
            .extend_pairs(given)
            .append_pair("cursor", &cursor.to_string());
        link
    }
}

/// Why a parameter is not taken; what people know from Graph is told apart from
/// what nobody knows.
fn unknown(name: &str) -> String {
    let why = match name.trim_start_matches('$').to_ascii_lowercase().as_str() {
        "filter" => {
            "narrow by department, enabled, userType and search: a filter of your own could reach other departments"
        }
        "orderby" => {
            "Graph sorts users of a department only as an index of its own has them, which is behind the directory"
        }
        "count" => {
            "Graph counts only what it looks up in an index of its own, which is behind the directory"
        }
        "skip" => "Graph's users cannot be skipped: follow nextLink",
        "expand" => "only what belongs to a user itself can be asked for",
        "skiptoken" => "follow nextLink as it was given",
        _ => "known are department, enabled, userType, search, select, top and cursor",
    };
    format!("query: {name} is not taken: {why}")
}

fn truth(text: &str) -> Result<bool, InvalidQuery> {
    text.parse().map_err(|_| InvalidQuery::Enabled)
}

fn parsed<T: FromStr>(text: Option<&str>) -> Result<Option<T>, T::Err> {
    text.map(str::parse).transpose()
}
