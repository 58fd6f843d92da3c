//! Query strings, with what a parser usually hides: duplicates.

use percent_encoding::percent_decode_str;
use url::form_urlencoded;

/// The parameters of a request, in their order.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(raw: &str) -> Self {
        Self(
            form_urlencoded::parse(raw.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// The first parameter `name`, whatever its case; empty counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self
            .0
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// Whether a name comes twice.
    pub(crate) fn has_duplicates(&self) -> bool {
        let same = |(index, (name, _)): (usize, &(String, String))| {
            self.0[..index]
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(name))
        };
        self.0.iter().enumerate().any(same)
    }

    /// The name of every parameter, as it came.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The first parameter that is none of `names`.
    pub(crate) fn unknown(&self, names: &[&str]) -> Option<&str> {
        let is_known = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        self.names().find(|name| !is_known(name))
    }
}

/// A path segment without its percent-encoding.
pub(crate) fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}
