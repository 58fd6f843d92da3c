//! OData filters as values: none is written by joining text.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

/// All but RFC 3986's unreserved characters. A space becomes `%20`: `+` would
/// be a plus to some readers.
pub(super) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A literal. `Display` writes text with its quotes, and whatever the text
/// holds, it is one literal: quotes within are doubled.
///
/// Source: OData 4.01 URL conventions, 5.1.1.6.1.
#[derive(Clone, Copy)]
pub(super) enum Literal<'a> {
    Text(&'a str),
    Bool(bool),
}

impl fmt::Display for Literal<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => {
                formatter.write_str("'")?;
                for (at, part) in text.split('\'').enumerate() {
                    formatter.write_str(if at > 0 { "''" } else { "" })?;
                    formatter.write_str(part)?;
                }
                formatter.write_str("'")
            }
            Self::Bool(value) => write!(formatter, "{value}"),
        }
    }
}

/// A filter on properties, whose names are ours and never a caller's.
pub(super) enum Filter<'a> {
    Equals(&'static str, Literal<'a>),
    In(&'static str, Vec<Literal<'a>>),
    StartsWith(&'static str, Literal<'a>),
    /// It is this or comes after it.
    AtLeast(&'static str, Literal<'a>),
    /// All of them hold. What is in it and is an `Any` stands in parentheses.
    All(Vec<Filter<'a>>),
    /// One of them holds.
    Any(Vec<Filter<'a>>),
}

impl fmt::Display for Filter<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equals(property, value) => write!(formatter, "{property} eq {value}"),
            Self::In(property, values) => {
                write!(formatter, "{property} in (")?;
                joined(formatter, ",", values)?;
                formatter.write_str(")")
            }
            Self::StartsWith(property, value) => {
                write!(formatter, "startsWith({property},{value})")
            }
            Self::AtLeast(property, value) => write!(formatter, "{property} ge {value}"),
            Self::All(filters) => joined(formatter, " and ", filters),
            Self::Any(filters) => {
                formatter.write_str("(")?;
                joined(formatter, " or ", filters)?;
                formatter.write_str(")")
            }
        }
    }
}

fn joined<T: fmt::Display>(
    formatter: &mut fmt::Formatter<'_>,
    between: &str,
    items: &[T],
) -> fmt::Result {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            formatter.write_str(between)?;
        }
        write!(formatter, "{item}")?;
    }
    Ok(())
}

/// `text` as the value of a query parameter.
pub(super) fn encoded(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, RESERVED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_cannot_end_a_literal() {
        let text = "x' or accountEnabled eq false or department eq 'x";
        let literal = Literal::Text(text).to_string();
        let inner = literal
            .strip_prefix('\'')
            .unwrap()
            .strip_suffix('\'')
            .unwrap();
        assert!(!inner.replace("''", "").contains('\''));
        assert_eq!(inner.replace("''", "'"), text);
    }

    #[test]
    fn a_filter_is_written_as_odata_has_it() {
        let filter = Filter::All(vec![
            Filter::In("department", vec![Literal::Text("A"), Literal::Text("B's")]),
            Filter::Equals("accountEnabled", Literal::Bool(true)),
            Filter::Any(vec![
                Filter::StartsWith("givenName", Literal::Text("x")),
                Filter::AtLeast("surname", Literal::Text("y")),
            ]),
        ]);
        assert_eq!(
            filter.to_string(),
            "department in ('A','B''s') and accountEnabled eq true and \
             (startsWith(givenName,'x') or surname ge 'y')"
        );
    }

    #[test]
    fn what_means_something_in_a_url_is_encoded() {
        assert_eq!(
            encoded("R&D + 100%/#'ä").to_string(),
            "R%26D%20%2B%20100%25%2F%23%27%C3%A4"
        );
    }
}
