//! To whom a request is addressed, and who made the browser send it.
//!
//! Where callers are not authenticated, what the gateway may do anybody may make
//! it do who can make a browser on this machine send a request. So it answers
//! to the names of this machine alone (or a page could rebind its own name to
//! it). To pages of others it never answers: no browser sends a token by itself,
//! and who hands one to a page has other ways.

use std::{cell::RefCell, iter, sync::Arc};

use actix_web::{
    HttpRequest,
    http::{
        header::{HOST, HeaderName, ORIGIN},
        uri::Authority,
    },
};
use url::{Host, Url};

use super::{Problem, Settings, docs, forwarded::Asked};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// How the caller reaches the gateway, for links to it.
pub(super) fn base(request: &HttpRequest, settings: &Settings) -> Result<Arc<Url>, Problem> {
    match &settings.public_url {
        Some(url) => Ok(Arc::clone(url)),
        None => forwarded(request, settings).map_or_else(|| addressed(request, settings), Ok),
    }
}

/// Refuses a request that is addressed to others, or sent by a page of others.
pub(super) fn admit(request: &HttpRequest, settings: &Settings) -> Result<(), Problem> {
    let addressed = addressed(request, settings)?;
    let forwarded = forwarded(request, settings);
    // A page that rebinds its name to a proxy has that name forwarded, under a `Host`
    // that may be of the proxy's making: neither stands for the other.
    let mut names = iter::once(&addressed).chain(&forwarded);
    let mut is_known = || {
        names.all(|url| is_known(url, settings)) && !is_forwarded_without_a_host(request, settings)
    };
    if !settings.asks_callers && !is_known() {
        return Err(Problem::forbidden(
            "the gateway answers to the names of this machine and of MIG_PUBLIC_URL alone",
        ));
    }
    let reached = forwarded.as_ref().unwrap_or(&addressed);
    let own = [Some(reached), settings.public_url.as_ref()];
    let text = |name: &HeaderName| request.headers().get(name)?.to_str().ok();
    let is_own = |origin: &str| {
        let origin = Url::parse(origin).ok().map(|origin| origin.origin());
        origin.is_some_and(|origin| own.iter().flatten().any(|own| own.origin() == origin))
    };
    let has_foreign_origin =
        request.headers().contains_key(ORIGIN) && !text(&ORIGIN).is_some_and(is_own);
    let is_of_another_site = matches!(text(&SEC_FETCH_SITE), Some("cross-site" | "same-site"));
    // A link on a page of others may lead to what anybody may read.
    let is_led_astray = is_of_another_site && !docs::is_for_everybody(request, settings);
    if is_led_astray {
        return Err(Problem::forbidden(
            "the gateway takes no orders from web pages of others",
        ));
    }
    // A page of its own behind a proxy that ends TLS looks like one of others: what the
    // browser calls https came in as http.
    if has_foreign_origin {
        return Err(Problem::forbidden(
            "the gateway takes no orders from web pages of others; its own pages are those of the \
             origin of MIG_PUBLIC_URL, or of what a proxy of MIG_TRUSTED_PROXIES was asked for",
        ));
    }
    Ok(())
}

/// As the request itself says.
fn addressed(request: &HttpRequest, settings: &Settings) -> Result<Arc<Url>, Problem> {
    authority(request)
        .and_then(|authority| url(settings.scheme, authority))
        .ok_or_else(|| Problem::invalid("the Host header is not a host and a port"))
}

/// As a trusted proxy says that it was asked, if one says anything of it; what it
/// leaves out is as the request says.
fn forwarded(request: &HttpRequest, settings: &Settings) -> Option<Arc<Url>> {
    let proxies = settings.proxies.as_ref()?;
    let asked = Asked::of(request, proxies);
    let scheme = asked.scheme.unwrap_or(settings.scheme);
    let told = asked.authority.and_then(|authority| url(scheme, authority));
    told.or_else(|| {
        asked.scheme?;
        url(scheme, authority(request)?)
    })
}

/// Whether a trusted proxy says that it was asked for something that is no host here. A
/// page may have such a name all the same: browsers take more letters for one.
///
/// Source: the URL standard, "forbidden domain code points".
fn is_forwarded_without_a_host(request: &HttpRequest, settings: &Settings) -> bool {
    let Some(proxies) = &settings.proxies else {
        return false;
    };
    let asked = Asked::of(request, proxies);
    let scheme = asked.scheme.unwrap_or(settings.scheme);
    let is_host = |authority| url(scheme, authority).is_some();
    asked.is_garbled || !asked.authority.is_none_or(is_host)
}

/// The authority of an absolute target, else the Host header (RFC 9112, 3.2.2).
fn authority(request: &HttpRequest) -> Option<&str> {
    let host = request.headers().get(HOST);
    let host = host.and_then(|host| host.to_str().ok());
    request.uri().authority().map(Authority::as_str).or(host)
}

/// `authority` as a URL, if it is a host with or without a port and nothing else. The
/// last one is remembered: a worker is addressed by the same few names.
pub(super) fn url(scheme: &'static str, authority: &str) -> Option<Arc<Url>> {
    LAST.with_borrow_mut(|last| match last {
        Some(last) if last.scheme == scheme && last.authority == authority => {
            Some(Arc::clone(&last.url))
        }
        _ => {
            let url = Arc::new(parsed(scheme, authority)?);
            *last = Some(Last {
                scheme,
                authority: authority.to_owned(),
                url: Arc::clone(&url),
            });
            Some(url)
        }
    })
}

/// What was read last, and what it is.
struct Last {
    scheme: &'static str,
    authority: String,
    url: Arc<Url>,
}

thread_local! {
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

fn parsed(scheme: &str, authority: &str) -> Option<Url> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    let is_plain = !authority.is_empty() && authority.bytes().all(is_plain);
    is_plain
        .then(|| Url::parse(&format!("{scheme}://{authority}/")).ok())
        .flatten()
}

/// Whether this machine goes by the name, or the gateway itself.
fn is_known(url: &Url, settings: &Settings) -> bool {
    let public = settings.public_url.as_ref();
    is_loopback(url) || public.is_some_and(|public| public.host() == url.host())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
