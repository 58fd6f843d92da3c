//! Queries of Resource Graph, made of parts that cannot become other parts.
//!
//! What is not a literal is a constant of ours: no text from outside stands in
//! a query but within the quotes that [`Literal`] puts around it.

use std::fmt;

/// A string literal. `Display` is the literal with its quotes, and whatever the
/// text holds, it is one literal: backslash, quote and the ends of lines are
/// escaped.
///
/// Source: Kusto Query Language, "The string data type".
struct Literal<'a>(&'a str);

impl fmt::Display for Literal<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("'")?;
        for letter in self.0.chars() {
            match letter {
                '\\' => formatter.write_str("\\\\")?,
                '\'' => formatter.write_str("\\'")?,
                '\n' => formatter.write_str("\\n")?,
                '\r' => formatter.write_str("\\r")?,
                '\t' => formatter.write_str("\\t")?,
                letter => write!(formatter, "{letter}")?,
            }
        }
        formatter.write_str("'")
    }
}

/// What a row has to be like. Text compares without regard to case.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// The column is the text.
    Is(&'static str, String),
    /// The column is not the text, or is empty.
    IsNot(&'static str, String),
    /// All of these hold.
    All(Vec<Self>),
    /// One of these holds.
    Any(Vec<Self>),
}

impl fmt::Display for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(column, text) => write!(formatter, "{column} =~ {}", Literal(text)),
            Self::IsNot(column, text) => write!(formatter, "{column} !~ {}", Literal(text)),
            Self::All(parts) => joined(formatter, parts, " and "),
            Self::Any(parts) => joined(formatter, parts, " or "),
        }
    }
}

fn joined(formatter: &mut fmt::Formatter<'_>, parts: &[Condition], word: &str) -> fmt::Result {
    formatter.write_str("(")?;
    for (place, part) in parts.iter().enumerate() {
        let before = if place == 0 { "" } else { word };
        write!(formatter, "{before}{part}")?;
    }
    formatter.write_str(")")
}

/// A column of the answer, and what it is made of.
pub(super) type Column = (&'static str, &'static str);

/// Resources that fulfil a condition, in the order of their ids: without the
/// order and the id, pages would overlap.
///
/// Source: "Understand the query language of Azure Resource Graph", paging.
pub(super) fn query(condition: &Condition, columns: &[Column]) -> String {
    let columns: Vec<_> = columns
        .iter()
        .map(|(name, from)| format!("{name} = {from}"))
        .collect();
    format!(
        "resources | where {condition} | project id, {} | order by id asc",
        columns.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of a literal, read as Kusto reads it, and what follows it.
    fn read(literal: &str) -> (String, &str) {
        let mut letters = literal.strip_prefix('\'').unwrap().char_indices();
        let mut text = String::new();
        while let Some((place, letter)) = letters.next() {
            match letter {
                '\'' => return (text, &literal[place + 2..]),
                '\\' => text.push(match letters.next().unwrap().1 {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    other => other,
                }),
                other => text.push(other),
            }
        }
        panic!("{literal} does not end");
    }

    #[test]
    fn whatever_a_text_holds_it_stays_one_literal() {
        let tricks = [
            "web-01",
            "'",
            "\\",
            "\\'",
            "\\\\'",
            "' or 1 == 1 or name =~ '",
            "x\\' | project secrets //",
            "a\nb\r\tc",
            "\"`{}[]@h'",
            "\u{2019}\u{ff07}\u{0}",
        ];
        let pairs = tricks
            .iter()
            .flat_map(|a| tricks.iter().map(move |b| format!("{a}{b}")));
        for text in pairs {
            let literal = Literal(&text).to_string();
            assert_eq!(read(&literal), (text.clone(), ""), "{literal}");
            assert!(!literal.contains(['\n', '\r']), "{literal}");
        }
    }

    #[test]
    fn a_query_is_read_as_it_is_built() {
        let condition = Condition::All(vec![
            Condition::Is("name", "a'b".to_owned()),
            Condition::Any(vec![
                Condition::IsNot("x", "1".to_owned()),
                Condition::Is("y", "2".to_owned()),
            ]),
        ]);
        assert_eq!(
            query(&condition, &[("name", "name"), ("size", "tostring(a.b)")]),
            "resources | where (name =~ 'a\\'b' and (x !~ '1' or y =~ '2')) \
             | project id, name = name, size = tostring(a.b) | order by id asc"
        );
    }
}
