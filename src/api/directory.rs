//! Users of the directory.

mod export;
mod form;
#[cfg(any(fuzzing, test))]
pub(super) mod fuzz;
mod query;
mod validity;

use std::{
    rc::Rc,
    time::{Instant, SystemTime},
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{AGE, CACHE_CONTROL, ContentType, ETAG, HeaderName, HeaderValue, VARY},
    web::{Bytes, Data, Query, ThinData},
};
use jiff::Timestamp;
use url::Url;

use super::{
    Problem, Settings,
    authority::base,
    authorized::{Authorized, ListUsers},
    body::NoBody,
    known::is_known,
};
use crate::{
    azure::{Top, UserQuery},
    directory::{Directory, Page},
    http::Context,
};
pub(crate) use validity::of_pages;

use form::Form;
use query::Raw;

const AS_OF: HeaderName = HeaderName::from_static("x-data-as-of");

/// The form depends on one, and whether there is an answer at all on the other: a cache that
/// serves several callers is to hand nobody a page that they may not see (RFC 9111, 4.1).
const BY_FORM_AND_CALLER: (HeaderName, HeaderValue) =
    (VARY, HeaderValue::from_static("accept, authorization"));

const EXPORT_AT: &str =
    "query: cursor goes with pages of JSON; in this form a listing always comes whole";

/// `GET /directory/users`
pub(super) async fn users(
    authorized: Authorized<ListUsers>,
    pairs: Query<Vec<(String, String)>>,
    _: NoBody,
    request: HttpRequest,
    settings: Data<Settings>,
    directory: ThinData<Rc<Directory>>,
    context: Context,
) -> Result<HttpResponse, Problem> {
    let raw = Raw::read(&pairs)?;
    match Form::accepted(&request)? {
        Form::Json => {
            let query = raw.query(Top::default())?;
            authorized.permits_users(&query)?;
            page(&raw, &query, &request, &settings, &directory, &context).await
        }
        Form::Export(form) => {
            let query = raw.query(Top::MOST)?;
            authorized.permits_users(&query)?;
            if raw.cursor()?.is_some() {
                return Err(Problem::invalid(EXPORT_AT));
            }
            let patience = settings.upstream_timeout;
            let freshness = validity::wanted(&request);
            let listing = directory
                .listing(query, freshness, context, patience)
                .await
                .inspect_err(|error| export::not_begun(form, error, directory.metrics()))?;
            Ok(export::answer(form, listing, directory.metrics(), &request))
        }
    }
}

async fn page(
    raw: &Raw<'_>,
    query: &UserQuery,
    request: &HttpRequest,
    settings: &Settings,
    directory: &Directory,
    context: &Context,
) -> Result<HttpResponse, Problem> {
    let cursor = raw.cursor()?;
    let freshness = validity::wanted(request);
    let page = directory
        .page(query, cursor.as_ref(), freshness, context)
        .await?;
    let tag = validity::tag(&page);
    let is_known = is_known(request, &tag);
    let mut answer = if is_known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    answer
        .insert_header((ETAG, tag))
        .insert_header(BY_FORM_AND_CALLER)
        .insert_header((CACHE_CONTROL, settings.page_validity.as_str()))
        .insert_header((AGE, page.age(Instant::now()).as_secs()))
        .insert_header((AS_OF, as_of(page.as_of)));
    if is_known {
        return Ok(answer.finish());
    }
    let next = match &page.next {
        Some(cursor) => Some(raw.link(cursor, &*base(request, settings)?)),
        None => None,
    };
    answer.insert_header(ContentType::json());
    Ok(answer.body(body(&page, next.as_ref())))
}

/// When Graph was asked, in UTC and to the second.
fn as_of(time: SystemTime) -> String {
    let time = Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{time:.0}")
}

/// The users pass through as Graph wrote them.
fn body(page: &Page, next: Option<&Url>) -> Bytes {
    const NEXT: &[u8] = br#","nextLink":""#;
    let (Some(link), Some((_, open))) = (next, page.document.split_last()) else {
        return page.document.clone();
    };
    // Its host is plain, the rest percent-encoded: JSON has nothing to escape.
    [open, NEXT, link.as_str().as_bytes(), b"\"}"]
        .concat()
        .into()
}
