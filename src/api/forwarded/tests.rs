//! Who is believed, and how far.

use actix_web::test::TestRequest;

use super::*;
use crate::config::Config;

/// Loopback and 10.0.0.0/8 are trusted, by one family.
fn proxies(family: &str) -> Proxies {
    let vars = [
        ("MIG_TRUSTED_PROXIES", "127.0.0.0/8 ::1 10.0.0.0/8"),
        ("MIG_FORWARDED_HEADERS", family),
    ];
    let config = Config::from_vars(vars).unwrap();
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
fn told(family: &str, peer: &str, headers: &[(&str, &[u8])]) -> String {
    let source = source(&request(peer, headers), Some(&proxies(family))).unwrap();
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

fn x(list: &str) -> String {
    told("x-forwarded", PEER, &[("x-forwarded-for", list.as_bytes())])
}

fn rfc(list: &str) -> String {
    told("forwarded", PEER, &[("forwarded", list.as_bytes())])
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
    ] {
        assert_eq!(x(list), expected, "{list}");
    }
    let list = r#"for=6.6.6.6, for="[2001:db8::1]:80";proto=https, for=10.0.0.2"#;
    let expected = "2001:db8::1 port 80 via 10.0.0.2 via 127.0.0.1";
    assert_eq!(rfc(list), expected);
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
    ] {
        assert_eq!(x(list), expected, "{list}");
    }
    for (list, expected) in [
        ("for=192.0.2.1, proto=https", ITSELF),
        ("for=192.0.2.1, for=_hidden", ITSELF),
        (
            "for=192.0.2.1, for=unknown, for=10.0.0.2",
            "10.0.0.2 via 127.0.0.1",
        ),
        ("for=192.0.2.1;for=10.0.0.2", ITSELF),
        ("192.0.2.1", ITSELF),
        (r#"for="192.0.2.1"#, ITSELF),
        (r#"for="6.6.6.6, for=192.0.2.1"#, "192.0.2.1 via 127.0.0.1"),
    ] {
        assert_eq!(rfc(list), expected, "{list}");
    }
}

#[test]
fn a_peer_that_is_not_trusted_speaks_for_itself() {
    let headers: [(&str, &[u8]); 2] = [
        ("x-forwarded-for", b"192.0.2.1"),
        ("forwarded", b"for=192.0.2.1"),
    ];
    for family in ["x-forwarded", "forwarded"] {
        assert_eq!(told(family, "192.0.2.9:9", &headers), "192.0.2.9 port 9");
    }
    let peer = request(PEER, &headers);
    let unasked = source(&peer, None).unwrap();
    assert_eq!(unasked.ip.to_string(), "127.0.0.1");
}

#[test]
fn a_peer_that_is_mapped_into_ipv6_is_trusted_as_ipv4() {
    let headers: [(&str, &[u8]); 1] = [("x-forwarded-for", b"192.0.2.1")];
    let told = told("x-forwarded", "[::ffff:10.0.0.1]:9", &headers);
    assert_eq!(told, "192.0.2.1 via 10.0.0.1");
}

#[test]
fn lines_of_a_header_are_one_list() {
    let headers: [(&str, &[u8]); 3] = [
        ("x-forwarded-for", b"6.6.6.6, 192.0.2.1"),
        ("x-forwarded-for", b"10.0.0.3, 10.0.0.2"),
        ("forwarded", b"for=10.6.6.6"),
    ];
    let expected = "192.0.2.1 via 10.0.0.3 via 10.0.0.2 via 127.0.0.1";
    assert_eq!(told("x-forwarded", PEER, &headers), expected);
    let headers: [(&str, &[u8]); 2] = [
        ("forwarded", b"for=\"6.6.6.6"),
        ("forwarded", b"for=192.0.2.1, for=10.0.0.2"),
    ];
    let expected = "192.0.2.1 via 10.0.0.2 via 127.0.0.1";
    assert_eq!(told("forwarded", PEER, &headers), expected);
}

#[test]
fn a_list_of_trusted_addresses_has_an_end() {
    let list = vec!["10.0.0.2"; 1000].join(",");
    assert_eq!(x(&list).matches("via").count(), MOST);
}

#[test]
fn what_a_client_sent_does_not_hide_where_it_is() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..2_000 {
        let mut line: Vec<u8> = (0..random.usize(..30))
            .map(|_| *random.choice(b"10.for=\"\\,;:[]_ \t\xc3\xff").unwrap())
            .collect();
        for (family, header, appended) in [
            ("x-forwarded", "x-forwarded-for", ", 192.0.2.1"),
            ("forwarded", "forwarded", ", for=192.0.2.1"),
        ] {
            let length = line.len();
            line.extend_from_slice(appended.as_bytes());
            let told = told(family, PEER, &[(header, &line)]);
            assert_eq!(told, "192.0.2.1 via 127.0.0.1", "seed {seed}: {line:?}");
            line.truncate(length);
        }
    }
}

fn asked(family: &str, peer: &str, headers: &[(&str, &[u8])]) -> (Option<&'static str>, String) {
    let request = request(peer, headers);
    let asked = Asked::of(&request, &proxies(family));
    (asked.scheme, asked.authority.unwrap_or_default().to_owned())
}

#[test]
fn what_was_asked_is_what_the_last_proxy_says() {
    let headers: [(&str, &[u8]); 6] = [
        ("x-forwarded-proto", b"http, HTTPS"),
        ("x-forwarded-host", b"evil.example"),
        ("x-forwarded-host", b"evil.example, vms.example:8443"),
        ("forwarded", b"host=evil.example;proto=http"),
        (
            "forwarded",
            b"host=evil.example, proto=https;host=\"dbs.example:1\"",
        ),
        ("host", b"10.0.0.1"),
    ];
    let x = asked("x-forwarded", PEER, &headers);
    assert_eq!(x, (Some("https"), "vms.example:8443".to_owned()));
    let rfc = asked("forwarded", PEER, &headers);
    assert_eq!(rfc, (Some("https"), "dbs.example:1".to_owned()));
    let stranger = asked("forwarded", "192.0.2.9:9", &headers);
    assert_eq!(stranger, (None, String::new()));
}

#[test]
fn what_the_last_proxy_leaves_out_is_not_taken_from_others() {
    let headers: [(&str, &[u8]); 3] = [
        ("x-forwarded-proto", b"https,"),
        ("x-forwarded-host", b"\xff"),
        ("forwarded", b"host=evil.example;proto=https, for=192.0.2.1"),
    ];
    for family in ["x-forwarded", "forwarded"] {
        assert_eq!(asked(family, PEER, &headers), (None, String::new()));
    }
    for scheme in [&b"ftp"[..], b"javascript", b"https:", b"\"https\""] {
        let headers = [("x-forwarded-proto", scheme)];
        assert_eq!(asked("x-forwarded", PEER, &headers).0, None, "{scheme:?}");
    }
}

#[test]
fn a_word_that_cannot_be_read_is_not_taken_for_none() {
    let is_garbled = |family, headers: &[(&str, &[u8])]| {
        Asked::of(&request(PEER, headers), &proxies(family)).is_garbled
    };
    for (family, header, text, expected) in [
        ("x-forwarded", "x-forwarded-host", &b"\xff"[..], true),
        ("x-forwarded", "x-forwarded-host", b"\xff, a.example", false),
        ("x-forwarded", "forwarded", b"\xff", false),
        ("forwarded", "forwarded", b"host=a;host=b", true),
        ("forwarded", "forwarded", b"host=a b", true),
        ("forwarded", "forwarded", b"host=a b, proto=https", false),
        ("forwarded", "x-forwarded-host", b"\xff", false),
    ] {
        assert_eq!(is_garbled(family, &[(header, text)]), expected, "{text:?}");
    }
    assert!(!is_garbled("x-forwarded", &[]) && !is_garbled("forwarded", &[]));
}
