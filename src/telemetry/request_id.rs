//! The id by which a caller and the log speak of one request.

use std::{fmt, sync::Arc};

use uuid::Uuid;

/// Longer ids are not accepted.
const LONGEST: usize = 128;

/// The caller's `x-request-id`, or one of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(Arc<str>);

impl RequestId {
    /// Accepts `text` when it is safe to write into logs and headers; otherwise
    /// makes a new id.
    pub(crate) fn accepted(text: Option<&str>) -> Self {
        let is_plain = |text: &&str| {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._~:@/+=-".contains(&byte);
            (1..=LONGEST).contains(&text.len()) && text.bytes().all(is_plain)
        };
        Self(
            text.filter(is_plain)
                .map_or_else(|| Uuid::new_v4().to_string().into(), Arc::from),
        )
    }

    /// The id as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_id_is_kept() {
        let id = RequestId::accepted(Some("build-7:step/2"));
        assert_eq!(id.to_string(), "build-7:step/2");
    }

    #[test]
    fn what_could_forge_a_log_line_is_replaced() {
        let long = "a".repeat(129);
        for text in [
            None,
            Some(""),
            Some("a b"),
            Some("a\n{}"),
            Some("\"}"),
            Some(&*long),
        ] {
            let id = RequestId::accepted(text).to_string();
            assert!(id.parse::<Uuid>().is_ok(), "{text:?}");
        }
    }
}
