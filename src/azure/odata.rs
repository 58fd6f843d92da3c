//! Text in OData queries.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but RFC 3986's unreserved characters. A space becomes `%20`: `+` would
/// be a plus to some readers.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A string literal. `Display` is the literal with its quotes, and whatever
/// the text holds, it is one literal: quotes within are doubled.
///
/// Source: OData 4.01 URL conventions, 5.1.1.6.1.
pub(super) struct Literal<'a>(pub(super) &'a str);

impl fmt::Display for Literal<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "'{}'", self.0.replace('\'', "''"))
    }
}

/// `text` as the value of a query parameter.
pub(super) fn encoded(text: &str) -> impl fmt::Display {
    utf8_percent_encode(text, RESERVED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_cannot_end_a_literal() {
        let text = "x' or accountEnabled eq false or department eq 'x";
        let literal = Literal(text).to_string();
        let inner = literal
            .strip_prefix('\'')
            .unwrap()
            .strip_suffix('\'')
            .unwrap();
        assert!(!inner.replace("''", "").contains('\''));
        assert_eq!(inner.replace("''", "'"), text);
    }

    #[test]
    fn what_means_something_in_a_url_is_encoded() {
        assert_eq!(
            encoded("R&D + 100%/#'ä").to_string(),
            "R%26D%20%2B%20100%25%2F%23%27%C3%A4"
        );
    }
}
