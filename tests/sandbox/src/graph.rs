//! Microsoft Graph's users.
//!
//! Sources: "List users", "Paging Microsoft Graph data in your app", "Microsoft
//! Graph error responses", "throttling limits" and the `user` resource type;
//! Azure/azure-cli recordings `test_special_characters_in_upn.yaml` and
//! `test_special_characters_in_query.yaml` for headers and encodings.

mod access;
mod answers;
mod capability;
mod case;
mod delta;
mod directory;
mod fault;
mod filter;
mod options;
mod paging;
mod search;
mod select;
mod throttling;
mod token;
mod units;

use axum::{
    body::Body,
    http::{HeaderValue, Response},
};
use serde_json::json;

use crate::{
    azure::Azure,
    cloud::Audience,
    gate::{Asked, with},
    tokens::{Principal, Rejection},
};
pub use access::AppRoles;
use access::Sees;
use answers::{collection, read_only};
use capability::Mode;
pub(crate) use directory::NotChanged;
use directory::{People, User};
use fault::{Fault, Ids};
pub(crate) use options::KNOWN as OPTIONS;
use options::Options;
pub(crate) use paging::Graph;
use paging::{Listing, Refusal};
pub(crate) use throttling::throttled;
use token::Place;

/// Everything below `/v1.0`, and what is refused below `/beta`: no version of this
/// Graph, so that it says what O365/python-o365#889 was told.
pub(crate) fn answer(azure: &Azure, asked: &Asked) -> Response<Body> {
    let ids = Ids::of(asked);
    let authorization = asked.recorded.header("authorization");
    let response = match azure.tokens.check(authorization, Audience::Graph) {
        Err(rejection) => unauthenticated(rejection, &ids),
        Ok(principal) => {
            let path = path(asked);
            let path: Vec<_> = path.iter().map(String::as_str).collect();
            throttling::metered(azure, asked, &path, &principal, &ids, || {
                users(azure, asked, &path, &principal, &ids)
                    .unwrap_or_else(|fault| fault.answer(&ids))
            })
        }
    };
    with(
        ids.on(response),
        "strict-transport-security",
        "max-age=31536000",
    )
}

/// The parts of the path, in lower case; an empty one is of no account.
///
/// Sources: manicminer/hamilton#223 (`GET /v1.0//servicePrincipals` is served);
/// `msgraph-sdk` 1.65.0 asks for `/v1.0//users`, as httpx 0.28.1 ends the base URL
/// with a slash (`_enforce_trailing_slash`).
fn path(asked: &Asked) -> Vec<String> {
    let parts = asked.segments().into_iter().filter(|it| !it.is_empty());
    parts.map(|it| it.to_ascii_lowercase()).collect()
}

fn users(
    azure: &Azure,
    asked: &Asked,
    path: &[&str],
    principal: &Principal,
    ids: &Ids,
) -> Result<Response<Body>, Fault> {
    if delta::is_asked(path) {
        principal.app_roles.admit(path)?;
        return Ok(delta::answer(azure, asked, ids));
    }
    let answer: fn(&Azure, &Asked, Sees) -> _ = match path {
        ["v1.0", "users"] => list,
        ["v1.0", "users", "$count"] => count,
        ["beta", ..] => return Err(Fault::new(400, "BadRequest", "Invalid version.")),
        _ => return Err(unknown_segment(asked)),
    };
    read_only(asked)?;
    let sees = principal.app_roles.admit(path)?;
    options::check(&asked.query)?;
    answer(azure, asked, sees)
}

/// The first that is not known, as in OData/odata.net `ODataPathParser.cs`.
fn unknown_segment(asked: &Asked) -> Fault {
    let segments = asked.segments();
    let known = ["v1.0", "users", "$count"];
    let is_known = |segment: &&String| known.iter().any(|it| it.eq_ignore_ascii_case(segment));
    let first = segments.iter().find(|it| !is_known(it));
    let segment = first.or(segments.last()).map_or("", String::as_str);
    let message = format!("Resource not found for the segment '{segment}'.");
    Fault::new(400, "BadRequest", message)
}

/// `GET /users/$count`: always advanced, by its header alone.
fn count(azure: &Azure, asked: &Asked, sees: Sees) -> Result<Response<Body>, Fault> {
    if !options::is_eventual(asked) {
        let message = "$count is not currently supported.";
        return Err(Fault::new(400, "Request_BadRequest", message));
    }
    options::check_length(&asked.url(), Mode::Advanced)?;
    let options = Options::parse(&asked.query, Mode::Advanced)?;
    let people = azure.graph.directory.read();
    let count = options.found(people.from(0), usize::MAX, sees).len();
    let mut response = Response::new(Body::from(count.to_string()));
    let media = HeaderValue::from_static("text/plain");
    response.headers_mut().insert("content-type", media);
    Ok(with(response, "odata-version", "4.0"))
}

fn list(azure: &Azure, asked: &Asked, sees: Sees) -> Result<Response<Body>, Fault> {
    let listing = Listing::of(&asked.query);
    let place = place(azure, asked, &listing)?;
    let options = Options::parse(&asked.query, place.mode)?;
    let is_first = asked.query.get("$skiptoken").is_none();
    let is_counted = place.mode == Mode::Advanced && options::is_counted(&asked.query)?;
    let people = azure.graph.directory.read();

    let mut body = json!({"@odata.context": context(asked, &options)});
    if is_first && is_counted {
        let count = options.found(people.from(0), usize::MAX, sees).len();
        body["@odata.count"] = json!(count);
    }
    let (users, next) = page(azure, place, &people, &options, sees);
    if let Some(next) = next {
        body["@odata.nextLink"] = json!(azure.graph.link(&asked.base(), next, &listing));
    }
    body["value"] = users
        .iter()
        .map(|(_, user)| options.select.of(*user, sees))
        .collect();
    Ok(collection(&body))
}

/// What an answer is part of: with `$select`, so many properties of it.
///
/// Source: microsoftgraph/microsoft-graph-docs-contrib `user-list.md`, its examples
/// (`$metadata#users(displayName,id)`).
fn context(asked: &Asked, options: &Options) -> String {
    let whole = format!("{}/v1.0/$metadata#users", asked.base());
    match asked.query.get("$select") {
        None => whole,
        Some(_) => format!("{whole}({})", options.select.names().join(",")),
    }
}

/// Who is on the page at `place`, and where the next one begins. A page may be
/// empty and still have a link: "Paging Microsoft Graph data in your app".
fn page<'a>(
    azure: &Azure,
    place: Place,
    people: &'a People,
    options: &Options,
    sees: Sees,
) -> (Vec<(usize, User<'a>)>, Option<Place>) {
    if let Some(empty) = place.empty.checked_sub(1) {
        return (Vec::new(), Some(Place { empty, ..place }));
    }
    let (from, skipped) = options.start(place.position as usize);
    let end = skipped + options.top;
    let found = options.found(people.from(from), end + 1, sees);
    let next = found.get(end).map(|(number, _)| Place {
        position: u32::try_from(options.position(end, *number)).unwrap_or(u32::MAX),
        empty: azure.graph.empty_pages(),
        ..place
    });
    let users = found.into_iter().take(end).skip(skipped);
    (users.collect(), next)
}

/// Where the page that is asked for begins.
///
/// A link carries the query along, but no header: who leaves it out on the
/// second page is refused, as in microsoftgraph/msgraph-sdk-java-core#203.
fn place(azure: &Azure, asked: &Asked, listing: &Listing<'_>) -> Result<Place, Fault> {
    let Some(token) = asked.query.get("$skiptoken") else {
        let mode = options::mode(asked)?;
        options::check_length(&asked.url(), mode)?;
        return Ok(Place {
            position: 0,
            empty: azure.graph.empty_pages(),
            mode,
        });
    };
    let place = azure.graph.place(token, listing).map_err(refused_page)?;
    if place.mode == Mode::Advanced && !options::is_eventual(asked) {
        return Err(Fault::unsupported("Unsupported Query."));
    }
    Ok(place)
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
