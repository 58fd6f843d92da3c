//! What stands around the users of a page of Graph's.

use std::{borrow::Cow, ops::Range};

use memchr::{memchr, memchr_iter, memmem};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::http::Cause;

/// Where in an answer the users are, and the link to the page after it.
#[derive(Debug)]
#[cfg_attr(test, derive(PartialEq))]
pub(super) struct Envelope<'a> {
    /// A JSON array as Graph wrote it: to read and write each user again would cost
    /// three times the rest of the request.
    pub(super) users: Range<usize>,
    pub(super) next: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    value: &'a RawValue,
    #[serde(borrow, default, rename = "@odata.nextLink")]
    next: Option<Cow<'a, str>>,
}

impl<'a> Envelope<'a> {
    /// Reads what is around the users, and these only where it takes that to find
    /// their end.
    pub(super) fn read(body: &'a [u8]) -> Result<Self, Cause> {
        match Self::at_the_head(body) {
            Some(envelope) => Ok(envelope),
            None => Self::anywhere(body),
        }
    }

    /// That of an answer as Graph writes it: with the users at its end, and nothing in
    /// it escaped.
    ///
    /// A collection has no members beside `value` but annotations, whose names begin
    /// with `@`. Where none comes after the users, what closes the answer closes them.
    /// One that was cut off has braces that are open.
    ///
    /// Source: OData JSON Format 4.01, "Collection of Entities" and "Instance
    /// Annotations".
    fn at_the_head(body: &'a [u8]) -> Option<Self> {
        if memchr(b'\\', body).is_some() {
            return None;
        }
        let text = str::from_utf8(body).ok()?;
        let mut rest = text.strip_prefix('{')?;
        let mut next = None;
        loop {
            if let Some(users) = rest.strip_prefix("\"value\":") {
                rest = users;
                break;
            }
            let (name, after) = string(rest)?;
            let (value, after) = string(after.strip_prefix(':')?)?;
            match name {
                "@odata.context" => {}
                "@odata.nextLink" if next.is_none() => next = Some(Cow::Borrowed(value)),
                _ => return None,
            }
            rest = after.strip_prefix(',')?;
        }
        let is_last = rest.starts_with('[') && rest.ends_with("]}") && is_whole(body);
        let is_alone = is_last && memmem::find(rest.as_bytes(), b"\"@").is_none();
        is_alone.then(|| Self {
            users: body.len() - rest.len()..body.len() - 1,
            next,
        })
    }

    /// That of any answer, which is read to its end.
    pub(super) fn anywhere(body: &'a [u8]) -> Result<Self, Cause> {
        let members: Members<'_> =
            serde_json::from_slice(body).map_err(|error| Cause::new(&error))?;
        let users = members.value.get();
        if !users.starts_with('[') {
            return Err(Cause::said("value is not a list"));
        }
        let begin = users.as_ptr().addr() - body.as_ptr().addr();
        Ok(Self {
            users: begin..begin + users.len(),
            next: members.next,
        })
    }
}

/// The string at the beginning of `text`, in which nothing is escaped, and what
/// follows it.
fn string(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('"')?.split_once('"')
}

/// Whether as many braces close as open.
fn is_whole(body: &[u8]) -> bool {
    let count = |brace| memchr_iter(brace, body).count();
    count(b'{') == count(b'}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(body: &str) -> &str {
        let found = Envelope::read(body.as_bytes()).unwrap();
        assert_eq!(found, Envelope::anywhere(body.as_bytes()).unwrap());
        &body[found.users]
    }

    #[test]
    fn a_page_as_graph_writes_it_is_read_at_its_head() {
        let body = r#"{"@odata.context":"c","@odata.nextLink":"l","value":[{"a":[1]},{}]}"#;
        let read = Envelope::at_the_head(body.as_bytes()).unwrap();
        assert_eq!(&body[read.users.clone()], r#"[{"a":[1]},{}]"#);
        assert_eq!(read.next.as_deref(), Some("l"));
        assert_eq!(users(body), r#"[{"a":[1]},{}]"#);
        let nobody = Envelope::at_the_head(br#"{"value":[]}"#).unwrap();
        assert_eq!((nobody.users, nobody.next), (9..11, None));
    }

    #[test]
    fn whatever_else_there_is_is_read_as_a_whole() {
        for (body, users_in) in [
            (r#"{ "value":[]}"#, "[]"),
            (r#"{"value":[] }"#, "[]"),
            (
                r#"{"value":[{"a":"]}"}],"@odata.nextLink":"l"}"#,
                r#"[{"a":"]}"}]"#,
            ),
            (r#"{"value":[1],"@x.list":[2]}"#, "[1]"),
            (r#"{"@odata.count":1,"value":[1]}"#, "[1]"),
            (r#"{"value":["\"{"]}"#, r#"["\"{"]"#),
            (r#"{"value":["{"]}"#, r#"["{"]"#),
        ] {
            assert_eq!(Envelope::at_the_head(body.as_bytes()), None, "{body}");
            assert_eq!(users(body), users_in);
        }
    }

    #[test]
    fn a_page_that_was_cut_off_is_none() {
        let body = br#"{"value":[{"id":"1","phones":[]},{"id":"2","phones":[]}]}"#;
        for end in 0..body.len() {
            assert!(Envelope::read(&body[..end]).is_err(), "{end}");
        }
        for body in [
            r#"{"value":{}}"#,
            r#"{"value":"[]"}"#,
            "[]",
            r#"{"users":[]}"#,
        ] {
            assert!(Envelope::read(body.as_bytes()).is_err(), "{body}");
        }
    }
}
