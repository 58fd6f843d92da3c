//! Rows of users, in Graph's own words.

use std::ops::Range;

use actix_web::web::Bytes;
use serde_json::value::RawValue;

/// A JSON array of users. It is handed on as it came: see
/// `docs/adr/0006-graph-pages-pass-through.md`.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    body: Bytes,
    array: Range<usize>,
}

/// How an object begins whose first member is an array of users.
const OPEN: &[u8] = b"{\"value\":";

impl Rows {
    /// The rows of `array`, which is a JSON array.
    pub(crate) fn new(array: Bytes) -> Self {
        let all = 0..array.len();
        Self::within(array, all)
    }

    /// The rows of the JSON array that is at `array` in `body`.
    pub(super) fn within(body: Bytes, array: Range<usize>) -> Self {
        Self { body, array }
    }

    /// The array as it is.
    pub(crate) fn as_array(&self) -> &[u8] {
        self.body.get(self.array.clone()).unwrap_or_default()
    }

    /// Whether there is nobody in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.inner().is_empty()
    }

    /// The array as the member `value` of an object. Where it came in an answer that
    /// nobody else holds, the object is written around it, and nothing is copied; but
    /// it is where more would be kept for it than it is long.
    pub(super) fn into_document(self) -> Bytes {
        let Range { start, end } = self.array;
        let room = start.checked_sub(OPEN.len());
        let Some(open) = room.filter(|_| end < self.body.len()) else {
            return self.copied();
        };
        match self.body.try_into_mut() {
            Ok(body) if body.capacity() - body.len() > body.len() / 8 => {
                Self::within(body.freeze(), start..end).copied()
            }
            Ok(mut body) => {
                body[open..start].copy_from_slice(OPEN);
                body[end] = b'}';
                body.freeze().slice(open..=end)
            }
            Err(body) => Self::within(body, start..end).copied(),
        }
    }

    fn copied(&self) -> Bytes {
        [OPEN, self.as_array(), b"}"].concat().into()
    }

    /// Each row by itself, as it is written.
    pub(crate) fn each(&self) -> Result<Vec<&RawValue>, serde_json::Error> {
        serde_json::from_slice(self.as_array())
    }

    /// What stands between the brackets.
    pub(super) fn inner(&self) -> &[u8] {
        let text = self.as_array().trim_ascii();
        let inner = text.strip_prefix(b"[").and_then(|it| it.strip_suffix(b"]"));
        inner.unwrap_or_default().trim_ascii()
    }

    /// The rows from byte `from` of [`Rows::inner`] on; nothing where that is
    /// beyond its end.
    pub(super) fn rest(&self, from: usize) -> Self {
        let rest = self.inner().get(from..).unwrap_or_default();
        Self::new([b"[", rest, b"]"].concat().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_is_read_whatever_its_spaces() {
        for (array, inner) in [
            ("[]", ""),
            (" [ ] ", ""),
            ("[\n{\"a\":[1]} ]", "{\"a\":[1]}"),
        ] {
            let rows = Rows::new(Bytes::from_static(array.as_bytes()));
            assert_eq!(rows.inner(), inner.as_bytes());
            assert_eq!(rows.is_empty(), inner.is_empty());
        }
    }

    #[test]
    fn the_document_is_the_same_wherever_the_array_stands() {
        let text = r#"{"@odata.context":"c","value":[{"a":1}],"x":2}"#;
        let array = 30..39;
        assert_eq!(&text[array.clone()], "[{\"a\":1}]");
        let document = b"{\"value\":[{\"a\":1}]}";
        let rows = |body: &Bytes, array: &Range<usize>| Rows::within(body.clone(), array.clone());

        let alone = Bytes::from(text.as_bytes().to_vec());
        let at = alone.as_ptr();
        let written = Rows::within(alone, array.clone()).into_document();
        assert_eq!(&written[..], document);
        assert_eq!(written.as_ptr().addr(), at.addr() + 30 - OPEN.len());

        let mut long = text.as_bytes().to_vec();
        long.reserve(4 * text.len());
        let long = Bytes::from(long);
        let at = long.as_ptr();
        let written = Rows::within(long, array.clone()).into_document();
        assert_eq!(&written[..], document);
        assert_ne!(written.as_ptr().addr(), at.addr() + 30 - OPEN.len());

        let shared = Bytes::from(text.as_bytes().to_vec());
        assert_eq!(&rows(&shared, &array).into_document()[..], document);
        assert_eq!(&shared[..], text.as_bytes());
        for (before, after) in [("", ""), ("[", "]"), ("{\"value\":", ""), ("", "}")] {
            let body = Bytes::from(format!("{before}[{{\"a\":1}}]{after}"));
            let array = before.len()..before.len() + 9;
            assert_eq!(&Rows::within(body, array).into_document()[..], document);
        }
    }

    #[test]
    fn the_rest_is_an_array_again() {
        let rows = Rows::new(Bytes::from_static(b"[{\"a\":1},{\"b\":2}]"));
        assert_eq!(rows.rest(8).as_array(), b"[{\"b\":2}]");
        assert!(rows.rest(99).is_empty());
        assert_eq!(rows.each().unwrap()[1].get(), "{\"b\":2}");
    }
}
