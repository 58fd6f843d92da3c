//! Changes of users: `/v1.0/users/delta`.
//!
//! Sources: "Use delta query to track changes in Microsoft Graph data" and
//! "user: delta". How refusals are worded is not documented, but for tokens that
//! are too old.

mod round;
mod scope;
mod token;
mod walk;

use axum::{body::Body, http::Response};
use serde_json::{Value, json};

use super::{
    answers::{collection, read_only},
    directory::Since,
    fault::{Fault, Ids},
    select::Select,
};
use crate::{
    azure::Azure,
    gate::{Asked, with},
    query::Query,
};
use round::{Page, Place};
use scope::Scope;
pub(crate) use token::Tokens;
use token::{Refusal, Start, Token};

/// Whether `path`, in lower case, is about changes: `/delta` is short for the
/// qualified name, and a function without parameters may have its parentheses.
///
/// Sources: OData 4.01 URL conventions, 4.7; `msgraph-sdk` 1.65.0,
/// `users/delta/delta_request_builder.py` (`{+baseurl}/users/delta()`).
pub(super) fn is_asked(path: &[&str]) -> bool {
    let ["v1.0", "users", name] = path else {
        return false;
    };
    let name = name.strip_suffix("()").unwrap_or(name);
    ["delta", "microsoft.graph.delta"].contains(&name)
}

/// One page of what changed.
pub(super) fn answer(azure: &Azure, asked: &Asked, ids: &Ids) -> Response<Body> {
    match page(azure, asked) {
        Ok(body) => collection(&body),
        Err(Refused::Fault(fault)) => fault.answer(ids),
        Err(Refused::Reset(scope)) => reset(asked, &scope, ids),
    }
}

enum Refused {
    Fault(Fault),
    /// What was known of this is lost.
    Reset(Scope),
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What is asked for.
enum Wanted {
    /// Everybody, or a round of changes.
    Round(Scope, Option<Start>),
    /// The next page of a round.
    Page(Box<Place>),
    /// Nobody: only what comes from now on.
    Latest(Scope),
}

fn page(azure: &Azure, asked: &Asked) -> Result<Value, Refused> {
    read_only(asked)?;
    let graph = &azure.graph;
    let wanted = wanted(azure, &asked.query)?;
    let place = match wanted {
        Wanted::Latest(scope) => {
            let version = graph.directory.read().version();
            let end = Page {
                users: Vec::new(),
                next: Token::Round(Start::latest(scope, version)),
            };
            return Ok(body(azure, asked, end));
        }
        Wanted::Page(place) => *place,
        Wanted::Round(scope, start) => {
            let people = graph.directory.read();
            Place::first(scope, start, &people)
        }
    };
    let only = graph.directory.numbers(place.ids());
    let select = Select::parse(place.select())?;
    let people = graph.directory.read();
    let settings = &azure.settings;
    Ok(body(
        azure,
        asked,
        place.page(&people, select.names(), only.as_ref(), settings),
    ))
}

fn wanted(azure: &Azure, query: &Query) -> Result<Wanted, Refused> {
    let (skip, delta) = (query.get("$skiptoken"), query.get("$deltatoken"));
    let latest = delta.is_some_and(|token| token.eq_ignore_ascii_case("latest"));
    let known: &[&str] = match skip.or(delta.filter(|_| !latest)) {
        // The parameters of the first request are in the token; another
        // selection with a skip token is documented as not supported.
        Some(_) => &["$skiptoken", "$deltatoken"],
        None => &["$select", "$filter", "$skiptoken", "$deltatoken"],
    };
    // `$top`, `$orderby` and `$expand` are documented as not supported.
    if let Some(other) = query.unknown(known) {
        let message =
            format!("The query parameter '{other}' is not supported here by delta query.");
        return Err(Fault::new(400, "Request_UnsupportedQuery", message).into());
    }
    if query.has_duplicates() || (skip.is_some() && delta.is_some()) {
        let message = "A query option is specified more than once.";
        return Err(Fault::new(400, "BadRequest", message).into());
    }
    let open = |token| azure.graph.delta_tokens.open(token).map_err(refused);
    Ok(match (skip, delta) {
        (Some(token), _) => match open(token)? {
            Token::Page(place) => Wanted::Page(place),
            Token::Round(_) => return Err(refused(Refusal::Unknown)),
        },
        (None, Some(token)) if !latest => match open(token)? {
            Token::Round(start) => Wanted::Round(start.scope.clone(), Some(start)),
            Token::Page(_) => return Err(refused(Refusal::Unknown)),
        },
        (None, _) => {
            let scope = Scope::of(query)?;
            if latest {
                Wanted::Latest(scope)
            } else {
                Wanted::Round(scope, None)
            }
        }
    })
}

/// The links have the token alone, as in the examples of "user: delta".
fn body(azure: &Azure, asked: &Asked, page: Page) -> Value {
    let (kind, name) = match page.next {
        Token::Page(_) => ("@odata.nextLink", "$skiptoken"),
        Token::Round(_) => ("@odata.deltaLink", "$deltatoken"),
    };
    let token = azure.graph.delta_tokens.seal(page.next);
    let url = asked.base();
    json!({
        "@odata.context": format!("{url}/v1.0/$metadata#users"),
        kind: format!("{url}/v1.0/users/delta?{name}={token}"),
        "value": page.users,
    })
}

fn refused(refusal: Refusal) -> Refused {
    let (code, message) = match refusal {
        Refusal::Forgotten(scope) => return Refused::Reset(scope),
        Refusal::Unknown => (
            "Request_BadRequest",
            "The specified delta token is not valid.",
        ),
        // After seven days: "Duration of change tracking tokens for identity and
        // education resources" in the developer blog of Microsoft 365.
        Refusal::Expired => (
            "syncStateNotFound",
            "The sync state generation is not found. The delta token is expired and data must be \
             synchronized again.",
        ),
    };
    Refused::Fault(Fault::new(400, code, message))
}

/// "410 (gone) and a Location header containing a request URL with an empty
/// `$deltaToken` (same as the initial query)". The body is not documented: the
/// code is that of drives, as in OneDrive/onedrive-api-docs#1356.
fn reset(asked: &Asked, scope: &Scope, ids: &Ids) -> Response<Body> {
    let fault = Fault::new(410, "resyncRequired", "Resync required.");
    let location = format!(
        "{}/v1.0/users/delta?{}$deltatoken=",
        asked.base(),
        scope.query()
    );
    with(fault.answer(ids), "location", &location)
}
