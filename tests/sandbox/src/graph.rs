//! Microsoft Graph's users.
//!
//! Sources: "List users", "Paging Microsoft Graph data in your app", "Microsoft
//! Graph error responses", "throttling limits" and the `user` resource type;
//! Azure/azure-cli recordings `test_special_characters_in_upn.yaml` and
//! `test_special_characters_in_query.yaml` for headers and encodings.

mod answers;
mod delta;
mod directory;
mod fault;
mod filter;
mod paging;

use std::borrow::Cow;

use axum::{body::Body, http::Response};
use serde_json::{Value, json};

use crate::{
    azure::Azure,
    gate::{Asked, with},
    seed,
    tokens::{Audience, Rejection},
};
use answers::{collection, read_only};
pub(crate) use directory::NotChanged;
use directory::User;
use fault::{Fault, Ids};
use filter::Filter;
pub(crate) use paging::Graph;
use paging::Refusal;

/// What comes without `$select`; `department` is not among it.
const DEFAULT_SELECT: [&str; 11] = [
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];

/// Everything below `/v1.0`.
pub(crate) fn answer(azure: &Azure, asked: &Asked) -> Response<Body> {
    let ids = Ids::of(asked);
    let authorization = asked.recorded.header("authorization");
    let response = match azure.tokens.check(authorization, Audience::Graph) {
        Err(rejection) => unauthenticated(rejection, &ids),
        Ok(_) if delta::is_asked(asked) => delta::answer(azure, asked, &ids),
        Ok(_) => users(azure, asked).unwrap_or_else(|fault| fault.answer(&ids)),
    };
    with(
        ids.on(response),
        "strict-transport-security",
        "max-age=31536000",
    )
}

/// 429; the scope is that of an application in a tenant.
pub(crate) fn throttled(asked: &Asked) -> Response<Body> {
    let ids = Ids::of(asked);
    let fault = Fault::new(429, "TooManyRequests", "Too many requests");
    let scope = format!(
        "Tenant_Application/ReadWrite/{}/{}",
        seed::guid("app"),
        seed::TENANT
    );
    let response = ids.on(fault.answer(&ids));
    let response = with(response, "x-ms-throttle-scope", &scope);
    with(
        response,
        "x-ms-throttle-information",
        "ResourceUnitLimitExceeded",
    )
}

fn users(azure: &Azure, asked: &Asked) -> Result<Response<Body>, Fault> {
    if !asked.recorded.path.eq_ignore_ascii_case("/v1.0/users") {
        let segment = asked.segments().pop().unwrap_or_default();
        let message = format!("Resource not found for the segment '{segment}'.");
        return Err(Fault::new(400, "BadRequest", message));
    }
    read_only(asked)?;
    let page = page(azure, asked)?;
    let mut body = json!({
        "@odata.context": format!("{}/v1.0/$metadata#users", azure.url),
    });
    if let Some(link) = page.next {
        body["@odata.nextLink"] = json!(link);
    }
    body["value"] = Value::Array(page.users);
    Ok(collection(&body, page.units))
}

struct Page {
    users: Vec<Value>,
    next: Option<String>,
    units: &'static str,
}

fn page(azure: &Azure, asked: &Asked) -> Result<Page, Fault> {
    let query = &asked.query;
    let known = ["$select", "$filter", "$top", "$skiptoken", "$count"];
    if let Some(unknown) = query.unknown(&known) {
        let message = format!("Unrecognized query argument specified: '{unknown}'.");
        return Err(Fault::new(400, "Request_BadRequest", message));
    }
    if query.has_duplicates() {
        let message = "A query option is specified more than once.";
        return Err(Fault::new(400, "BadRequest", message));
    }
    let top = top(query.get("$top"))?;
    let filter = query.get("$filter").unwrap_or_default();
    let select = selected(query.get("$select"))?;
    let holds = match filter {
        "" => None,
        filter => Some(Filter::parse(filter).map_err(|message| {
            let message = format!("Invalid filter clause: {message}");
            Fault::new(400, "BadRequest", message)
        })?),
    };
    let listing = paging::Listing {
        filter,
        select: query.get("$select"),
        top: query.get("$top"),
    };
    // A user's number, and not its place in the listing: who goes meanwhile does
    // not make others slip through between two pages.
    let start = match query.get("$skiptoken") {
        None => 0,
        Some(token) => azure
            .graph
            .position(token, &listing)
            .map_err(refused_page)?,
    };
    let people = azure.graph.directory.read();
    let mut matching = people
        .from(start)
        .filter(|(_, user)| holds.as_ref().is_none_or(|filter| filter.holds(*user)));
    let users = matching.by_ref().take(top);
    Ok(Page {
        users: users.map(|(_, user)| only(user, &select)).collect(),
        next: matching
            .next()
            .map(|(number, _)| azure.graph.link(number, &listing)),
        units: units(listing.select, top),
    })
}

/// A list costs two units, one less with `$select` and one less for fewer than
/// 20 users, but never less than one.
fn units(select: Option<&str>, top: usize) -> &'static str {
    if select.is_some() || top < 20 {
        "1"
    } else {
        "2"
    }
}

fn refused_page(refusal: Refusal) -> Fault {
    let (code, message) = match refusal {
        Refusal::Unknown => (
            "Request_BadRequest",
            "The specified page token value is invalid.",
        ),
        Refusal::Expired => (
            "Directory_ExpiredPageToken",
            "The specified page token value has expired and can no longer be included in your \
             request.",
        ),
    };
    Fault::new(400, code, message)
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

fn selected(text: Option<&str>) -> Result<Vec<String>, Fault> {
    let Some(text) = text else {
        return Ok(DEFAULT_SELECT.map(str::to_owned).to_vec());
    };
    let names = text.split(',').map(|name| {
        let known = seed::PROPERTIES
            .iter()
            .find(|known| known.eq_ignore_ascii_case(name.trim()));
        known.map(|known| (*known).to_owned()).ok_or_else(|| {
            let message = format!(
                "Parsing OData Select and Expand failed: Could not find a property named \
                 '{name}' on type 'microsoft.graph.user'."
            );
            Fault::new(400, "BadRequest", message)
        })
    });
    names.collect()
}

fn only(user: User<'_>, select: &[String]) -> Value {
    let part = select.iter().map(|name| {
        let value = user.get(name).map_or(Value::Null, Cow::into_owned);
        (name.clone(), value)
    });
    Value::Object(part.collect())
}

fn unauthenticated(rejection: Rejection, ids: &Ids) -> Response<Body> {
    let message = match rejection {
        Rejection::Missing => "Access token is empty.",
        Rejection::Unknown => "Access token validation failure.",
        Rejection::Expired => "Lifetime validation failed, the token is expired.",
        Rejection::WrongAudience => "Access token validation failure. Invalid audience.",
    };
    let fault = Fault::new(401, "InvalidAuthenticationToken", message);
    let challenge = format!(
        "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/\
         authorize\", client_id=\"00000003-0000-0000-c000-000000000000\", error=\"invalid_token\", \
         error_description=\"{message}\""
    );
    with(fault.answer(ids), "www-authenticate", &challenge)
}
