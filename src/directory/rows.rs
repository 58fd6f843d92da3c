//! Rows of users, in Graph's own words.

use actix_web::web::Bytes;
use serde_json::value::RawValue;

/// A JSON array of users. It is handed on as it came: see
/// `docs/adr/0006-graph-pages-pass-through.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rows(Bytes);

impl Rows {
    /// The rows of `array`, which is a JSON array.
    pub(crate) fn new(array: Bytes) -> Self {
        Self(array)
    }

    /// The array as it is.
    pub(crate) fn as_array(&self) -> &Bytes {
        &self.0
    }

    /// Whether there is nobody in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.inner().is_empty()
    }

    /// The array as the member `value` of an object.
    pub(super) fn document(&self) -> Bytes {
        [b"{\"value\":", &self.0[..], b"}"].concat().into()
    }

    /// Each row by itself, as it is written.
    pub(crate) fn each(&self) -> Result<Vec<&RawValue>, serde_json::Error> {
        serde_json::from_slice(&self.0)
    }

    /// What stands between the brackets.
    pub(super) fn inner(&self) -> &[u8] {
        let text = self.0.trim_ascii();
        let inner = text.strip_prefix(b"[").and_then(|it| it.strip_suffix(b"]"));
        inner.unwrap_or_default().trim_ascii()
    }

    /// The rows from byte `from` of [`Rows::inner`] on; nothing where that is
    /// beyond its end.
    pub(super) fn rest(&self, from: usize) -> Self {
        let rest = self.inner().get(from..).unwrap_or_default();
        Self([b"[", rest, b"]"].concat().into())
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
    fn the_rest_is_an_array_again() {
        let rows = Rows::new(Bytes::from_static(b"[{\"a\":1},{\"b\":2}]"));
        assert_eq!(&rows.rest(8).as_array()[..], b"[{\"b\":2}]");
        assert!(rows.rest(99).is_empty());
        assert_eq!(rows.each().unwrap()[1].get(), "{\"b\":2}");
    }
}
