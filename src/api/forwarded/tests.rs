//! Who is believed, and how far.

use actix_web::test::TestRequest;

use super::*;
use crate::config::Config;

/// Loopback and 10.0.0.0/8 are trusted.
fn proxies() -> Proxies {
    let networks = ("MIG_TRUSTED_PROXIES", "127.0.0.0/8 ::1 10.0.0.0/8");
    let config = Config::from_vars([networks]).unwrap();
    config.proxies.unwrap()
}

fn request(peer: &str, headers: &[(&str, &[u8])]) -> HttpRequest {
    let request = TestRequest::default().peer_addr(peer.parse().unwrap());
    let request = headers
        .iter()
        .fold(request, |request, header| request.append_header(*header));
    request.to_http_request()
}

/// The source and the proxies before it, the nearest last.
fn told(peer: &str, headers: &[(&str, &[u8])]) -> String {
    let source = source(&request(peer, headers), Some(&proxies())).unwrap();
    let mut told = source.ip.to_string();
    if let Some(port) = source.port {
        told = format!("{told} port {port}");
    }
    for ip in source.intermediate_ips {
        told = format!("{told} via {ip}");
    }
    told
}

const PEER: &str = "127.0.0.1:9";

/// What it is where nobody is believed.
const ITSELF: &str = "127.0.0.1 port 9";

fn listed(list: &str) -> String {
    told(PEER, &[("x-forwarded-for", list.as_bytes())])
}

#[test]
fn the_first_that_is_not_trusted_is_the_source() {
    for (list, expected) in [
        ("192.0.2.1", "192.0.2.1 via 127.0.0.1"),
        ("6.6.6.6, 192.0.2.1", "192.0.2.1 via 127.0.0.1"),
        (
            "192.0.2.1:80, 10.0.0.2",
            "192.0.2.1 port 80 via 10.0.0.2 via 127.0.0.1",
        ),
        (
            "6.6.6.6,10.6.6.6,192.0.2.1,10.0.0.2",
            "192.0.2.1 via 10.0.0.2 via 127.0.0.1",
        ),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3 via 10.0.0.2 via 127.0.0.1"),
        (
            "2001:db8::1, ::ffff:10.0.0.2",
            "2001:db8::1 via 10.0.0.2 via 127.0.0.1",
        ),
        (
            "6.6.6.6, [2001:db8::1]:80, 10.0.0.2",
            "2001:db8::1 port 80 via 10.0.0.2 via 127.0.0.1",
        ),
        ("\"6.6.6.6, 192.0.2.1", "192.0.2.1 via 127.0.0.1"),
    ] {
        assert_eq!(listed(list), expected, "{list}");
    }
}

#[test]
fn what_cannot_be_read_ends_the_way_at_the_last_that_is_known() {
    for (list, expected) in [
        ("", ITSELF),
        ("192.0.2.1,", ITSELF),
        ("192.0.2.1, unknown", ITSELF),
        ("192.0.2.1, unknown, 10.0.0.2", "10.0.0.2 via 127.0.0.1"),
        ("192.0.2.1,,10.0.0.2", "10.0.0.2 via 127.0.0.1"),
        ("192.0.2.1, 10.0.0.256", ITSELF),
        ("192.0.2.1; 10.0.0.2", ITSELF),
        ("192.0.2.1, _hidden", ITSELF),
        ("for=192.0.2.1", ITSELF),
    ] {
        assert_eq!(listed(list), expected, "{list}");
    }
}

#[test]
fn a_peer_that_is_not_trusted_speaks_for_itself() {
    let headers: [(&str, &[u8]); 1] = [("x-forwarded-for", b"192.0.2.1")];
    assert_eq!(told("192.0.2.9:9", &headers), "192.0.2.9 port 9");
    let peer = request(PEER, &headers);
    let unasked = source(&peer, None).unwrap();
    assert_eq!(unasked.ip.to_string(), "127.0.0.1");
}

#[test]
fn a_peer_that_is_mapped_into_ipv6_is_trusted_as_ipv4() {
    let headers: [(&str, &[u8]); 1] = [("x-forwarded-for", b"192.0.2.1")];
    let told = told("[::ffff:10.0.0.1]:9", &headers);
    assert_eq!(told, "192.0.2.1 via 10.0.0.1");
}

#[test]
fn lines_of_a_header_are_one_list() {
    let headers: [(&str, &[u8]); 2] = [
        ("x-forwarded-for", b"6.6.6.6, 192.0.2.1"),
        ("x-forwarded-for", b"10.0.0.3, 10.0.0.2"),
    ];
    let expected = "192.0.2.1 via 10.0.0.3 via 10.0.0.2 via 127.0.0.1";
    assert_eq!(told(PEER, &headers), expected);
}

#[test]
fn a_list_of_trusted_addresses_has_an_end() {
    let list = vec!["10.0.0.2"; 1000].join(",");
    assert_eq!(listed(&list).matches("via").count(), MOST);
}

#[test]
fn what_a_client_sent_does_not_hide_where_it_is() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..2_000 {
        let mut line: Vec<u8> = (0..random.usize(..30))
            .map(|_| *random.choice(b"10.for=\"\\,;:[]_ \t\xc3\xff").unwrap())
            .collect();
        line.extend_from_slice(b", 192.0.2.1");
        let told = told(PEER, &[("x-forwarded-for", &line)]);
        assert_eq!(told, "192.0.2.1 via 127.0.0.1", "seed {seed}: {line:?}");
    }
}

fn asked(peer: &str, headers: &[(&str, &[u8])]) -> (Option<&'static str>, String) {
    let request = request(peer, headers);
    let asked = Asked::of(&request, &proxies());
    (asked.scheme, asked.authority.unwrap_or_default().to_owned())
}

#[test]
fn what_was_asked_is_what_the_last_proxy_says() {
    let headers: [(&str, &[u8]); 4] = [
        ("x-forwarded-proto", b"http, HTTPS"),
        ("x-forwarded-host", b"evil.example"),
        ("x-forwarded-host", b"evil.example, vms.example:8443"),
        ("host", b"10.0.0.1"),
    ];
    let proxy = asked(PEER, &headers);
    assert_eq!(proxy, (Some("https"), "vms.example:8443".to_owned()));
    let stranger = asked("192.0.2.9:9", &headers);
    assert_eq!(stranger, (None, String::new()));
}

#[test]
fn what_the_last_proxy_leaves_out_is_not_taken_from_others() {
    let headers: [(&str, &[u8]); 2] = [
        ("x-forwarded-proto", b"https,"),
        ("x-forwarded-host", b"\xff"),
    ];
    assert_eq!(asked(PEER, &headers), (None, String::new()));
    for scheme in [&b"ftp"[..], b"javascript", b"https:", b"\"https\""] {
        let headers = [("x-forwarded-proto", scheme)];
        assert_eq!(asked(PEER, &headers).0, None, "{scheme:?}");
    }
}

#[test]
fn a_host_that_cannot_be_read_is_not_taken_for_none() {
    let is_garbled =
        |headers: &[(&str, &[u8])]| Asked::of(&request(PEER, headers), &proxies()).is_garbled;
    for (text, expected) in [(&b"\xff"[..], true), (b"\xff, a.example", false)] {
        let headers = [("x-forwarded-host", text)];
        assert_eq!(is_garbled(&headers), expected, "{text:?}");
    }
    assert!(!is_garbled(&[]));
}

#[test]
fn forwarded_of_rfc_7239_is_not_read() {
    let headers: [(&str, &[u8]); 2] = [
        ("forwarded", b"for=192.0.2.1;host=vms.example;proto=https"),
        ("forwarded", b"\xff"),
    ];
    for headers in [&headers[..1], &headers] {
        assert_eq!(told(PEER, headers), ITSELF);
        let request = request(PEER, headers);
        assert_eq!(Asked::of(&request, &proxies()), Asked::default());
    }
}
