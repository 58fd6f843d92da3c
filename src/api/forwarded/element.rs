//! `Forwarded` as RFC 7239 has it, read from its end.

use super::address::Node;

/// What one proxy says.
///
/// It is taken whole or not at all. Values that need an escape are nobody's
/// address, host or scheme, and are not unescaped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub(super) node: Option<Node>,
    pub(super) host: Option<&'a str>,
    pub(super) proto: Option<&'a str>,
}

impl<'a> Element<'a> {
    /// The elements of a line, last first; those that are not to be understood are
    /// `None`.
    pub(super) fn from_end(line: &'a [u8]) -> impl Iterator<Item = Option<Self>> {
        Cuts(Some(line)).map(Self::parse)
    }

    /// An empty list element may stand for a proxy that had nothing to say, and who
    /// skipped it would believe whatever its client had sent.
    fn parse(text: &'a [u8]) -> Option<Self> {
        let text = str::from_utf8(text).ok()?;
        let mut rest = text.trim_matches([' ', '\t']);
        let mut element = Self::default();
        if rest.is_empty() {
            return None;
        }
        loop {
            if !rest.is_empty() && !rest.starts_with(';') {
                let pair = Pair::take(&mut rest)?;
                element.put(&pair)?;
            }
            match rest.strip_prefix(';') {
                Some(next) => rest = next,
                None => return rest.is_empty().then_some(element),
            }
        }
    }

    /// No parameter may be there twice: which one was meant is not known.
    fn put(&mut self, pair: &Pair<'a>) -> Option<()> {
        let is_new = if pair.name.eq_ignore_ascii_case("for") {
            self.node.replace(Node::parse(pair.value)?).is_none()
        } else if pair.name.eq_ignore_ascii_case("host") {
            self.host.replace(pair.value).is_none()
        } else if pair.name.eq_ignore_ascii_case("proto") {
            self.proto.replace(pair.value).is_none()
        } else {
            true
        };
        is_new.then_some(())
    }
}

/// A parameter; the value is without its quotes.
struct Pair<'a> {
    name: &'a str,
    value: &'a str,
}

impl<'a> Pair<'a> {
    fn take(rest: &mut &'a str) -> Option<Self> {
        let name = token(rest)?;
        *rest = rest.strip_prefix('=')?;
        let value = match rest.strip_prefix('"') {
            Some(inner) => {
                *rest = inner;
                quoted(rest)?
            }
            None => token(rest)?,
        };
        Some(Self { name, value })
    }
}

/// Takes off what a token may have (RFC 9110, 5.6.2).
fn token<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let end = rest.bytes().position(|byte| !known(byte));
    let (token, after) = rest.split_at(end.unwrap_or(rest.len()));
    *rest = after;
    (!token.is_empty()).then_some(token)
}

/// Takes off a quoted string whose first quote is gone.
fn quoted<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let mut is_escaped = false;
    let end = rest.bytes().position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    let (value, after) = rest.split_at(end?);
    *rest = &after[1..];
    Some(value)
}

/// Cuts a list at its commas, from the end.
///
/// What a proxy appended reads the same whatever stands before it. From the
/// beginning, a quote that a client left open would swallow it, and with it the
/// client's own address.
struct Cuts<'a>(Option<&'a [u8]>);

impl<'a> Iterator for Cuts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.0.take()?;
        let mut is_quoted = false;
        for at in (0..text.len()).rev() {
            match text[at] {
                b'"' if !is_escaped(&text[..at]) => is_quoted = !is_quoted,
                b',' if !is_quoted => {
                    self.0 = Some(&text[..at]);
                    return Some(&text[at + 1..]);
                }
                _ => {}
            }
        }
        Some(text)
    }
}

/// Whether what follows `before` is escaped by it.
fn is_escaped(before: &[u8]) -> bool {
    let slashes = before.iter().rev().take_while(|byte| **byte == b'\\');
    slashes.count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(line: &str) -> Option<Element<'_>> {
        Element::from_end(line.as_bytes()).next().unwrap()
    }

    fn node(text: &str) -> Node {
        Node::parse(text).unwrap()
    }

    /// The nodes of a line that is well-formed, last first.
    fn nodes(line: &str) -> Vec<Node> {
        Element::from_end(line.as_bytes())
            .map(|element| element.unwrap().node.unwrap())
            .collect()
    }

    #[test]
    fn the_examples_of_the_rfc_are_read() {
        let line = r#"for=192.0.2.43, For="[2001:db8:cafe::17]:4711",for=_gazonk,for=unknown"#;
        let expected = [
            node("unknown"),
            node("_gazonk"),
            node("[2001:db8:cafe::17]:4711"),
            node("192.0.2.43"),
        ];
        assert_eq!(nodes(line), expected);
        let element = last("for=192.0.2.60;proto=http;by=203.0.113.43;host=vms.example").unwrap();
        assert_eq!(element.node, Some(node("192.0.2.60")));
        assert_eq!(
            (element.proto, element.host),
            (Some("http"), Some("vms.example"))
        );
    }

    #[test]
    fn commas_and_semicolons_in_quotes_separate_nothing() {
        let line = r#"for=192.0.2.1, x="a,\",;b";for=192.0.2.2;y="\\""#;
        assert_eq!(nodes(line), [node("192.0.2.2"), node("192.0.2.1")]);
    }

    #[test]
    fn an_element_that_is_not_as_the_rfc_has_it_is_not_believed() {
        for text in [
            "",
            " ",
            "for",
            "for=",
            "=192.0.2.1",
            "for =192.0.2.1",
            "for= 192.0.2.1",
            "for=192.0.2.1 proto=https",
            "for=192.0.2.1; proto=https",
            "for=192.0.2.1;for=192.0.2.2",
            "proto=https;PROTO=http",
            "host=a;host=a",
            "for=192.0.2.1:80",
            "for=[2001:db8::1]",
            "for=2001:db8::1",
            r#"for="2001:db8::1""#,
            r#"for="192.0.2.1"#,
            r#"for=192.0.2.1""#,
            r#"for="192.0.2.1"x"#,
            r#"for="192\.0.2.1""#,
            "for='192.0.2.1'",
            "host=a@b",
            "host=ä",
        ] {
            assert_eq!(last(text), None, "{text}");
        }
    }

    #[test]
    fn what_a_client_sent_does_not_change_how_what_follows_is_read() {
        let seed = fastrand::u64(..);
        let mut random = fastrand::Rng::with_seed(seed);
        let appended = r#"for="[2001:db8::1]:80";proto=https;host="vms.example:8443";x="\\\"""#;
        let expected = last(appended);
        for _ in 0..20_000 {
            let mut line: Vec<u8> = (0..random.usize(..40))
                .map(|_| *random.choice(b"for=\"\\,;:[]_1 \tx\xc3\xff").unwrap())
                .collect();
            // Neither panics nor goes on for ever, whatever it is.
            assert!(Element::from_end(&line).count() <= line.len() + 1);
            line.push(b',');
            line.extend_from_slice(appended.as_bytes());
            let read = Element::from_end(&line).next().unwrap();
            assert_eq!(read, expected, "seed {seed}: {line:?}");
        }
        assert!(expected.is_some());
    }
}
