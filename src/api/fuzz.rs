//! What has to hold of what callers, and proxies before them, put into a request.

use std::{net::IpAddr, sync::LazyLock, time::Duration};

use actix_http::{
    ServiceConfig,
    h1::{Codec, Message},
};
use actix_web::{
    FromRequest as _, HttpRequest,
    dev::Payload,
    http::header::{HOST, HeaderMap, HeaderValue, X_FORWARDED_FOR},
    rt::Runtime,
    test::TestRequest,
    web::BytesMut,
};
use tokio_util::codec::Decoder as _;

pub(crate) use super::{
    actions::fuzz::query as order_query,
    directory::fuzz::{query as directory_query, wishes},
    update::fuzz::change as vm_change,
    vms::fuzz::query as vm_query,
};
use super::{
    authority,
    forwarded::{Asked, source},
    framing::Framing,
    prefer::Prefer,
};
use crate::config::{Config, Proxies};

/// A trusted proxy's, somebody's, and that of who asked the proxy.
const PROXY: &str = "127.0.0.1:9";
const STRANGER: &str = "192.0.2.1:9";
const CLIENT: &str = "203.0.113.9";

/// Nobody waits for longer.
const LONGEST_WAIT: Duration = Duration::from_mins(2);

static PROXIES: LazyLock<Option<Proxies>> = LazyLock::new(|| {
    let networks = ("MIG_TRUSTED_PROXIES", "127.0.0.0/8 ::1 10.0.0.0/8");
    Config::from_vars([networks]).ok()?.proxies
});

/// Nobody is believed but trusted proxies, and what they append counts whatever it is
/// appended to.
pub(crate) fn forwarded(headers: &HeaderMap) {
    let Some(proxies) = PROXIES.as_ref() else {
        return;
    };
    let told = request(STRANGER, headers);
    let own = STRANGER.parse().ok();
    assert_eq!(
        source(&told, Some(proxies)).map(|it| (it.ip, it.port)),
        split(own)
    );
    assert_eq!(Asked::of(&told, proxies), Asked::default());
    let told = request(PROXY, headers);
    let asked = Asked::of(&told, proxies);
    for authority in asked.authority.into_iter().chain(host(&told)) {
        check_authority(asked.scheme.unwrap_or("http"), authority);
    }
    let passed = source(&told, Some(proxies)).map(|it| it.intermediate_ips.len());
    assert!(passed.is_some_and(|count| count <= 64));
    for appended in appended(headers) {
        let source = source(&request(PROXY, &appended), Some(proxies));
        let ip: Option<IpAddr> = CLIENT.parse().ok();
        assert_eq!(source.map(|it| it.ip), ip, "{appended:?}");
    }
}

fn split(address: Option<std::net::SocketAddr>) -> Option<(IpAddr, Option<u16>)> {
    address.map(|it| (it.ip(), Some(it.port())))
}

fn request(peer: &str, headers: &HeaderMap) -> HttpRequest {
    let request = TestRequest::default();
    let request = match peer.parse() {
        Ok(peer) => request.peer_addr(peer),
        Err(_) => request,
    };
    let headers = headers.iter();
    let request = headers.fold(request, TestRequest::append_header);
    request.to_http_request()
}

fn host(request: &HttpRequest) -> Option<&str> {
    request.headers().get(HOST)?.to_str().ok()
}

/// `headers` as a proxy sends them on that appends its client: to the last line, or as
/// another one.
fn appended(headers: &HeaderMap) -> [HeaderMap; 2] {
    let lines: Vec<_> = headers.get_all(X_FORWARDED_FOR).cloned().collect();
    let last = lines
        .last()
        .map(|last| [last.as_bytes(), b", ", CLIENT.as_bytes()].concat());
    let mut another = headers.clone();
    another.append(X_FORWARDED_FOR, HeaderValue::from_static(CLIENT));
    let mut joined = another.clone();
    if let Some(last) = last.and_then(|last| HeaderValue::from_bytes(&last).ok()) {
        joined.remove(X_FORWARDED_FOR);
        let before = &lines[..lines.len() - 1];
        for line in before.iter().cloned().chain([last]) {
            joined.append(X_FORWARDED_FOR, line);
        }
    }
    [another, joined]
}

/// An authority is a host and a port, and nothing that could come before or after.
fn check_authority(scheme: &'static str, text: &str) {
    let Some(url) = authority::url(scheme, text) else {
        return;
    };
    assert!(
        url.has_host() && url.path() == "/" && url.scheme() == scheme,
        "{url}"
    );
    assert!(
        url.username().is_empty() && url.password().is_none(),
        "{url}"
    );
    assert!(url.query().is_none() && url.fragment().is_none(), "{url}");
}

/// Nobody waits for ever, and what was followed can be told.
pub(crate) fn preferences(headers: &HeaderMap) {
    let request = request(STRANGER, headers);
    let prefer = Prefer::from_request(&request, &mut Payload::None).into_inner();
    let Ok(prefer) = prefer;
    assert!(prefer.patience() <= LONGEST_WAIT);
    let applied = prefer.applied();
    assert!(applied.is_none_or(|it| HeaderValue::from_str(&it).is_ok()));
}

thread_local! {
    /// Of the HTTP layer, which keeps the date by a task of its own.
    static SETTINGS: Option<(Runtime, ServiceConfig)> = settings();
}

fn settings() -> Option<(Runtime, ServiceConfig)> {
    let runtime = Runtime::new().ok()?;
    let settings = runtime.block_on(async { ServiceConfig::default() });
    Some((runtime, settings))
}

/// Heads and bodies end where the HTTP layer has them end, however they come: what is
/// taken for longer has it decode what is not its turn, and what for shorter waits for
/// ever. The first byte of `input` is how many come at once.
pub(crate) fn framing(input: &[u8]) {
    let Some((size, mut rest)) = input.split_first() else {
        return;
    };
    let codec = SETTINGS.with(|it| it.as_ref().map(|(_, it)| Codec::new(it.clone())));
    let Some(mut codec) = codec else {
        return;
    };
    let mut come = BytesMut::from(rest);
    while let Ok(Some(Message::Item(request))) = codec.decode(&mut come) {
        rest = taken(&mut Framing::default(), rest, (*size).max(1), come.len());
        // What comes then is no request, and the connection ends with it.
        if request.upgrade() {
            return;
        }
        let mut framing = Framing::behind(&request.head().headers);
        let has_body = codec.message_type() != actix_http::h1::MessageType::None;
        assert_eq!(framing.is_amid_body(), has_body, "{request:?}");
        if !has_body {
            continue;
        }
        while let Ok(Some(Message::Chunk(Some(_)))) = codec.decode(&mut come) {}
        if codec.message_type() != actix_http::h1::MessageType::None {
            return;
        }
        rest = taken(&mut framing, rest, (*size).max(1), come.len());
        assert!(!framing.is_amid_body());
    }
}

/// What is left when `framing` has taken all that it may of `bytes`, `size` at once,
/// which has to be `left`.
fn taken<'a>(framing: &mut Framing, bytes: &'a [u8], size: u8, left: usize) -> &'a [u8] {
    let begins = std::mem::discriminant(framing);
    let mut rest = bytes;
    while !rest.is_empty() && std::mem::discriminant(framing) == begins {
        let part = &rest[..rest.len().min(size.into())];
        let taken = framing.take(part);
        rest = &rest[taken..];
        if taken < part.len() {
            break;
        }
    }
    assert_eq!(rest.len(), left, "{}", bytes.escape_ascii());
    rest
}
