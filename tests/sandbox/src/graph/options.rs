//! The query options of a listing.
//!
//! Sources: "List users"; "Use query parameters to customize responses";
//! "Advanced query capabilities on Microsoft Entra ID objects".

use serde_json::Value;

use super::{
    access::Sees, capability::Mode, directory::User, fault::Fault, filter::Filter, search::Search,
    select::Select,
};
use crate::{gate::Asked, query::Query};

/// `$skip` is not among them: users cannot be skipped.
pub(crate) const KNOWN: [&str; 7] = [
    "$select",
    "$filter",
    "$top",
    "$skiptoken",
    "$count",
    "$orderby",
    "$search",
];

/// The most characters of the URL of an advanced query: the review of
/// microsoftgraph/microsoft-graph-docs#22097.
const LONGEST_URL: usize = 2_048;

pub(super) struct Options {
    pub(super) select: Select,
    pub(super) top: usize,
    filter: Option<Filter>,
    search: Option<Search>,
    order: Option<Order>,
}

/// `$orderby`, of one property.
struct Order {
    property: &'static str,
    is_descending: bool,
}

/// Every name is known, and comes once.
pub(super) fn check(query: &Query) -> Result<(), Fault> {
    if let Some(unknown) = query.unknown(&KNOWN) {
        let message = format!("Unrecognized query argument specified: '{unknown}'.");
        return Err(Fault::new(400, "Request_BadRequest", message));
    }
    if query.has_duplicates() {
        let message = "A query option is specified more than once.";
        return Err(Fault::new(400, "BadRequest", message));
    }
    Ok(())
}

/// Whether the header is there without which no query is advanced.
pub(super) fn is_eventual(asked: &Asked) -> bool {
    let level = asked.recorded.header("consistencylevel");
    level.is_some_and(|level| level.eq_ignore_ascii_case("eventual"))
}

/// How the first page of a listing is answered: its header alone does nothing,
/// and `$count=true` alone is silently left out.
pub(super) fn mode(asked: &Asked) -> Result<Mode, Fault> {
    let (query, is_eventual) = (&asked.query, is_eventual(asked));
    let is_counted = is_counted(query)?;
    let is_searched = query.get("$search").is_some();
    if is_searched && !is_eventual {
        return Err(Fault::unsupported(
            "Request with $search query parameter only works through MSGraph with a special \
             request header: 'ConsistencyLevel: eventual'",
        ));
    }
    let is_advanced = is_eventual && (is_searched || is_counted);
    Ok(if is_advanced {
        Mode::Advanced
    } else {
        Mode::Default
    })
}

pub(super) fn is_counted(query: &Query) -> Result<bool, Fault> {
    match query.get("$count").map(str::to_ascii_lowercase).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        // Made up: Graph's own words for this are not known.
        Some(_) => Err(Fault::new(400, "BadRequest", "Invalid value for $count.")),
    }
}

/// `url` is that of the whole request. The limit is real; what Graph says where
/// it is passed is not known, and made up.
pub(super) fn check_length(url: &str, mode: Mode) -> Result<(), Fault> {
    if mode == Mode::Advanced && url.chars().count() > LONGEST_URL {
        let message =
            format!("The URL of an advanced query is longer than {LONGEST_URL} characters.");
        return Err(Fault::unsupported(message));
    }
    Ok(())
}

impl Options {
    pub(super) fn parse(query: &Query, mode: Mode) -> Result<Self, Fault> {
        let filter = query.get("$filter");
        let order = query.get("$orderby").map(Order::parse).transpose()?;
        if order.is_some() && filter.is_some() && mode == Mode::Default {
            // microsoft-graph-docs-contrib#3145.
            return Err(Fault::unsupported(
                "Sorting not supported for current query.",
            ));
        }
        Ok(Self {
            top: top(query.get("$top"))?,
            select: Select::parse(query.get("$select"))?,
            filter: filter.map(|it| Filter::admitted(it, mode)).transpose()?,
            search: query.get("$search").map(Search::parse).transpose()?,
            order,
        })
    }

    /// From which user's number on, and after how many of those found, the page at
    /// `position` begins. In a listing without an order of its own, a position is
    /// a number: who goes meanwhile does not make others slip through between two
    /// pages.
    pub(super) fn start(&self, position: usize) -> (usize, usize) {
        match self.order {
            Some(_) => (0, position),
            None => (position, 0),
        }
    }

    /// The position of the user with `number`, which comes after `before` others.
    pub(super) fn position(&self, before: usize, number: usize) -> usize {
        match self.order {
            Some(_) => before,
            None => number,
        }
    }

    /// Whom the listing consists of, of `users` with their numbers, in its order,
    /// for one who sees so much; where it has none of its own, not more than
    /// `most`.
    ///
    /// Objects are left out where the filter refers to what is hidden: "Use the
    /// $filter query parameter".
    pub(super) fn found<'a>(
        &self,
        users: impl Iterator<Item = (usize, User<'a>)>,
        most: usize,
        sees: Sees,
    ) -> Vec<(usize, User<'a>)> {
        let mut named = self.filter.iter().flat_map(Filter::uses);
        if named.any(|(property, _)| !sees.shows(property)) {
            return Vec::new();
        }
        let is_found = |(_, user): &(usize, User<'a>)| {
            self.filter.as_ref().is_none_or(|it| it.holds(*user))
                && self.search.as_ref().is_none_or(|it| it.finds(*user))
        };
        let found = users.filter(is_found);
        let Some(order) = &self.order else {
            return found.take(most).collect();
        };
        let mut found: Vec<_> = found.collect();
        found.sort_by_cached_key(|(_, user)| order.key(*user));
        if order.is_descending {
            found.reverse();
        }
        found
    }
}

impl Order {
    fn parse(text: &str) -> Result<Self, Fault> {
        let mut words = text.split_whitespace();
        let name = words.next().unwrap_or_default();
        let sortable = ["displayName", "userPrincipalName"];
        let property = sortable
            .into_iter()
            .find(|it| it.eq_ignore_ascii_case(name));
        // microsoft-graph-docs-contrib#1354.
        let property = property.ok_or_else(|| {
            Fault::unsupported(format!("Unsupported sort property '{name}' for 'User'."))
        })?;
        let is_descending = match (words.next(), words.next()) {
            (None | Some("asc"), None) => false,
            (Some("desc"), None) => true,
            _ => {
                let message = format!("Syntax error in '$orderby={text}'.");
                return Err(Fault::new(400, "BadRequest", message));
            }
        };
        Ok(Self {
            property,
            is_descending,
        })
    }

    fn key(&self, user: User<'_>) -> String {
        let value = user.get(self.property);
        let value = value.as_deref().and_then(Value::as_str);
        value.unwrap_or_default().to_lowercase()
    }
}

fn top(text: Option<&str>) -> Result<usize, Fault> {
    let Some(text) = text else {
        return Ok(100);
    };
    text.parse()
        .ok()
        .filter(|top| (1..=999).contains(top))
        .ok_or_else(|| {
            let message = format!(
                "Invalid page size specified: '{text}'. Must be between 1 and 999 inclusive."
            );
            Fault::new(400, "Request_BadRequest", message)
        })
}
