//! Microsoft Graph's users.
//!
//! Sources: "List users", "Paging Microsoft Graph data in your app", "Microsoft
//! Graph error responses", "throttling limits" and the `user` resource type;
//! Azure/azure-cli recordings `test_special_characters_in_upn.yaml` and
//! `test_special_characters_in_query.yaml` for headers and encodings.

mod filter;
mod paging;

use axum::{body::Body, http::Response};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    azure::Azure,
    gate::{Asked, json as answer_with, with},
    seed,
    tokens::{Audience, Rejection},
};
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

const MEDIA: &str = "application/json;odata.metadata=minimal;odata.streaming=true;\
     IEEE754Compatible=false;charset=utf-8";

/// Everything below `/v1.0`.
pub(crate) fn answer(azure: &Azure, asked: &Asked) -> Response<Body> {
    let client_id = asked.recorded.header("client-request-id");
    let authorization = asked.recorded.header("authorization");
    let response = match azure.tokens.check(authorization, Audience::Graph) {
        Err(rejection) => unauthenticated(rejection),
        Ok(()) if asked.recorded.path.eq_ignore_ascii_case("/v1.0/users") => users(azure, asked),
        Ok(()) => {
            let segment = asked.segments().pop().unwrap_or_default();
            let message = format!("Resource not found for the segment '{segment}'.");
            fault(400, "BadRequest", &message)
        }
    };
    let response = with(response, "request-id", &Uuid::new_v4().to_string());
    let response = match client_id {
        Some(id) => with(response, "client-request-id", id),
        None => response,
    };
    with(response, "strict-transport-security", "max-age=31536000")
}

/// 429; the scope is that of an application in a tenant.
pub(crate) fn throttled() -> Response<Body> {
    let response = fault(429, "TooManyRequests", "Too many requests");
    let scope = format!(
        "Tenant_Application/ReadWrite/{}/{}",
        seed::guid("app"),
        seed::TENANT
    );
    let response = with(response, "x-ms-throttle-scope", &scope);
    with(
        response,
        "x-ms-throttle-information",
        "ResourceUnitLimitExceeded",
    )
}

fn users(azure: &Azure, asked: &Asked) -> Response<Body> {
    if asked.recorded.method != "GET" {
        return fault(
            405,
            "Request_BadRequest",
            "Specified HTTP method is not allowed.",
        );
    }
    let page = match page(azure, asked) {
        Ok(page) => page,
        Err((code, message)) => return fault(400, code, &message),
    };
    let mut body = json!({
        "@odata.context": format!("{}/v1.0/$metadata#users", azure.url),
    });
    if let Some(link) = page.next {
        body["@odata.nextLink"] = json!(link);
    }
    body["value"] = Value::Array(page.users);
    let mut response = answer_with(200, &body);
    if let Ok(media) = MEDIA.parse() {
        response.headers_mut().insert("content-type", media);
    }
    let response = with(response, "odata-version", "4.0");
    // A list costs two units, one less with `$select`.
    let unit = if asked.query.get("$select").is_some() {
        "1"
    } else {
        "2"
    };
    with(response, "x-ms-resource-unit", unit)
}

/// The code and the message of a 400.
type Fault = (&'static str, String);

struct Page {
    users: Vec<Value>,
    next: Option<String>,
}

fn page(azure: &Azure, asked: &Asked) -> Result<Page, Fault> {
    let query = &asked.query;
    let known = ["$select", "$filter", "$top", "$skiptoken", "$count"];
    if let Some(unknown) = query.unknown(&known) {
        let message = format!("Unrecognized query argument specified: '{unknown}'.");
        return Err(("Request_BadRequest", message));
    }
    let top = top(query.get("$top"))?;
    let filter = query.get("$filter").unwrap_or_default();
    let select = selected(query.get("$select"))?;
    let matches: Vec<_> = if filter.is_empty() {
        seed::users().iter().collect()
    } else {
        let filter = Filter::parse(filter)
            .map_err(|message| ("BadRequest", format!("Invalid filter clause: {message}")))?;
        seed::users()
            .iter()
            .filter(|user| filter.holds(user))
            .collect()
    };
    let listing = paging::Listing {
        filter,
        select: query.get("$select"),
        top: query.get("$top"),
    };
    let start = match query.get("$skiptoken") {
        None => 0,
        Some(token) => azure
            .graph
            .position(token, &listing)
            .map_err(refused_page)?,
    };
    let end = start.saturating_add(top).min(matches.len());
    let users = matches.get(start..end).unwrap_or_default();
    Ok(Page {
        users: users.iter().map(|user| only(user, &select)).collect(),
        next: (end < matches.len()).then(|| azure.graph.link(end, &listing)),
    })
}

fn refused_page(refusal: Refusal) -> Fault {
    match refusal {
        Refusal::Unknown => (
            "Request_BadRequest",
            "The specified page token value is invalid.".to_owned(),
        ),
        Refusal::Expired => (
            "Directory_ExpiredPageToken",
            "The specified page token value has expired and can no longer be included in your \
             request."
                .to_owned(),
        ),
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
            ("Request_BadRequest", message)
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
            ("BadRequest", message)
        })
    });
    names.collect()
}

fn only(user: &Map<String, Value>, select: &[String]) -> Value {
    let part = select.iter().map(|name| {
        let value = user.get(name).cloned().unwrap_or(Value::Null);
        (name.clone(), value)
    });
    Value::Object(part.collect())
}

fn unauthenticated(rejection: Rejection) -> Response<Body> {
    let message = match rejection {
        Rejection::Missing => "Access token is empty.",
        Rejection::Unknown => "Access token validation failure.",
        Rejection::Expired => "Lifetime validation failed, the token is expired.",
        Rejection::WrongAudience => "Access token validation failure. Invalid audience.",
    };
    let response = fault(401, "InvalidAuthenticationToken", message);
    let challenge = format!(
        "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/\
         authorize\", client_id=\"00000003-0000-0000-c000-000000000000\", error=\"invalid_token\", \
         error_description=\"{message}\""
    );
    with(response, "www-authenticate", &challenge)
}

fn fault(status: u16, code: &str, message: &str) -> Response<Body> {
    let id = Uuid::new_v4().to_string();
    let body = json!({"error": {
        "code": code,
        "message": message,
        "innerError": {
            "date": "2026-11-24T10:00:00",
            "request-id": id,
            "client-request-id": id,
        },
    }});
    answer_with(status, &body)
}
