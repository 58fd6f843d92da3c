//! To whom a request is addressed, and who made the browser send it.
//!
//! Where callers are not authenticated, what the gateway may do anybody may make
//! it do who can make a browser on this machine send a request. So it answers
//! to the names of this machine alone (or a page could rebind its own name to
//! it). To pages of others it never answers: no browser sends a token by itself,
//! and who hands one to a page has other ways.

use actix_web::{
    Error, HttpRequest,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        header::{HOST, ORIGIN},
        uri::Authority,
    },
    middleware::Next,
    web,
};
use url::{Host, Url};

use super::{Problem, Settings, edge::turned_away};

/// The middleware of the API listener, within [`super::guard`].
pub(crate) async fn own_callers<B: MessageBody + 'static>(
    settings: web::Data<Settings>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    match admit(request.request(), &settings) {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(problem) => Ok(turned_away(request, problem).map_into_right_body()),
    }
}

/// How the caller reaches the gateway, for links to it.
pub(super) fn base(request: &HttpRequest, settings: &Settings) -> Result<Url, Problem> {
    match &settings.public_url {
        Some(url) => Ok(url.clone()),
        None => addressed(request, settings),
    }
}

fn admit(request: &HttpRequest, settings: &Settings) -> Result<(), Problem> {
    let public = settings.public_url.as_ref();
    let addressed = addressed(request, settings)?;
    let is_public = |url: &Url| public.is_some_and(|public| public.host() == url.host());
    if !settings.asks_callers && !is_loopback(&addressed) && !is_public(&addressed) {
        return Err(Problem::forbidden(
            "the gateway answers to the names of this machine and of MIG_PUBLIC_URL alone",
        ));
    }
    let text = |name| request.headers().get(name)?.to_str().ok();
    let is_own = |origin: &str| {
        let origin = Url::parse(origin).ok();
        origin.is_some_and(|origin| {
            origin.origin() == addressed.origin()
                || public.is_some_and(|public| public.origin() == origin.origin())
        })
    };
    let has_foreign_origin =
        request.headers().contains_key(ORIGIN) && !text(ORIGIN.as_str()).is_some_and(is_own);
    let is_of_another_site = matches!(text("sec-fetch-site"), Some("cross-site" | "same-site"));
    if has_foreign_origin || is_of_another_site {
        return Err(Problem::forbidden(
            "the gateway takes no orders from web pages of others",
        ));
    }
    Ok(())
}

/// The authority of an absolute target, else the Host header (RFC 9112, 3.2.2).
/// What a proxy says it was asked for is not believed.
fn addressed(request: &HttpRequest, settings: &Settings) -> Result<Url, Problem> {
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    let authority = request.uri().authority().map(Authority::as_str).or(host);
    let is_plain = |text: &&str| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        !text.is_empty() && text.bytes().all(known)
    };
    authority
        .filter(is_plain)
        .and_then(|authority| Url::parse(&format!("{}://{authority}/", settings.scheme)).ok())
        .ok_or_else(|| Problem::invalid("the Host header is not a host and a port"))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
