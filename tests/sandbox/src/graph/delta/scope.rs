//! What the rounds of one client are about.
//!
//! Source: "Use delta query to track changes in Microsoft Graph data", "Optional
//! query parameters".

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::Fault;
use crate::{graph::select::Select, query::Query};

/// "There is a limit of 50 filtered objects."
const MOST_IDS: usize = 50;

/// The parameters of the first request, which the tokens carry along.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Scope {
    pub(super) select: Option<String>,
    /// Nobody in particular: everybody.
    pub(super) ids: Vec<String>,
}

impl Scope {
    pub(super) fn of(query: &Query) -> Result<Self, Fault> {
        let select = query.get("$select");
        Select::parse(select)?;
        Ok(Self {
            select: select.map(str::to_owned),
            ids: query.get("$filter").map_or(Ok(Vec::new()), ids)?,
        })
    }

    /// The query that the rounds began with, with an ampersand at its end.
    pub(super) fn query(&self) -> String {
        let terms: Vec<_> = self.ids.iter().map(|id| format!("id eq '{id}'")).collect();
        let filter = Some(terms.join(" or ")).filter(|filter| !filter.is_empty());
        [("$select", self.select.clone()), ("$filter", filter)]
            .into_iter()
            .filter_map(|(name, value)| {
                let value = value?;
                let encoded = utf8_percent_encode(&value, NON_ALPHANUMERIC);
                Some(format!("{name}={encoded}&"))
            })
            .collect()
    }
}

/// `id eq '…' or id eq '…'`, and nothing else.
fn ids(filter: &str) -> Result<Vec<String>, Fault> {
    let ids: Option<Vec<_>> = filter.split(" or ").map(id).collect();
    let Some(ids) = ids else {
        let message = "Delta query filters by object id alone: id eq '{value}' or id eq '{value}'.";
        return Err(Fault::new(400, "Request_UnsupportedQuery", message));
    };
    if ids.len() > MOST_IDS {
        let message = format!(
            "{} objects are filtered; the limit is {MOST_IDS}.",
            ids.len()
        );
        return Err(Fault::new(400, "Request_UnsupportedQuery", message));
    }
    Ok(ids)
}

fn id(term: &str) -> Option<String> {
    let mut words = term.split_ascii_whitespace();
    let (name, operator, value) = (words.next()?, words.next()?, words.next()?);
    let is_equality = name.eq_ignore_ascii_case("id") && operator.eq_ignore_ascii_case("eq");
    let id = value.strip_prefix('\'')?.strip_suffix('\'')?;
    (is_equality && words.next().is_none() && !id.is_empty() && !id.contains('\''))
        .then(|| id.to_owned())
}
