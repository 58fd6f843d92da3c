//! OData filters, as far as `/users` needs them: `eq`, `and`, `or`, `not` and
//! parentheses over text and booleans.
//!
//! Source: OData 4.01 URL conventions. Text compares without regard to case, as
//! the examples of "Use the $filter query parameter" have it.

use serde_json::Value;

use super::directory::User;
use crate::seed;

/// A filter that can be asked of a user.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    Equals(&'static str, Literal),
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Literal {
    Text(String),
    Bool(bool),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
}

impl Filter {
    /// Reads a filter; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let tokens = tokens(text)?;
        let mut rest = tokens.as_slice();
        let filter = either(&mut rest)?;
        match rest {
            [] => Ok(filter),
            [extra, ..] => Err(format!("Syntax error at {extra:?} in '{text}'.")),
        }
    }

    /// Whether `user` is among those that are asked for.
    pub(super) fn holds(&self, user: User<'_>) -> bool {
        match self {
            Self::And(left, right) => left.holds(user) && right.holds(user),
            Self::Or(left, right) => left.holds(user) || right.holds(user),
            Self::Not(inner) => !inner.holds(user),
            Self::Equals(name, literal) => match (user.get(name).as_deref(), literal) {
                (Some(Value::String(value)), Literal::Text(text)) => {
                    value.to_lowercase() == text.to_lowercase()
                }
                (Some(Value::Bool(value)), Literal::Bool(wanted)) => value == wanted,
                _ => false,
            },
        }
    }
}

fn either(rest: &mut &[Token]) -> Result<Filter, String> {
    let mut filter = both(rest)?;
    while took(rest, "or") {
        filter = Filter::Or(Box::new(filter), Box::new(both(rest)?));
    }
    Ok(filter)
}

fn both(rest: &mut &[Token]) -> Result<Filter, String> {
    let mut filter = single(rest)?;
    while took(rest, "and") {
        filter = Filter::And(Box::new(filter), Box::new(single(rest)?));
    }
    Ok(filter)
}

fn single(rest: &mut &[Token]) -> Result<Filter, String> {
    if took(rest, "not") {
        return Ok(Filter::Not(Box::new(single(rest)?)));
    }
    match *rest {
        [Token::Open, inner @ ..] => {
            *rest = inner;
            let filter = either(rest)?;
            match *rest {
                [Token::Close, after @ ..] => {
                    *rest = after;
                    Ok(filter)
                }
                _ => Err("a parenthesis is not closed.".to_owned()),
            }
        }
        [Token::Word(name), Token::Word(operator), value, after @ ..] => {
            if !operator.eq_ignore_ascii_case("eq") {
                return Err(format!("The operator '{operator}' is not supported."));
            }
            let literal = match value {
                Token::Text(text) => Literal::Text(text.clone()),
                Token::Word(word) if word == "true" => Literal::Bool(true),
                Token::Word(word) if word == "false" => Literal::Bool(false),
                other => return Err(format!("A literal is expected at {other:?}.")),
            };
            *rest = after;
            Ok(Filter::Equals(property(name)?, literal))
        }
        _ => Err("A comparison is expected.".to_owned()),
    }
}

/// The property `name`, whatever its case.
fn property(name: &str) -> Result<&'static str, String> {
    let known = seed::PROPERTIES
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(name));
    known.ok_or_else(|| {
        format!("Could not find a property named '{name}' on type 'microsoft.graph.user'.")
    })
}

fn took(rest: &mut &[Token], word: &str) -> bool {
    match *rest {
        [Token::Word(found), after @ ..] if found.eq_ignore_ascii_case(word) => {
            *rest = after;
            true
        }
        _ => false,
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' => {}
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            '\'' => tokens.push(Token::Text(literal(&mut letters)?)),
            first => {
                let mut word = String::from(first);
                while let Some(next) = letters.next_if(|next| !" ()'".contains(*next)) {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

/// A quote within text is doubled.
fn literal(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, String> {
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        if letter != '\'' {
            text.push(letter);
        } else if letters.next_if_eq(&'\'').is_some() {
            text.push('\'');
        } else {
            return Ok(text);
        }
    }
    Err("There is an unterminated string literal.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubled_quote_is_text_and_a_single_one_ends_it() {
        let one = Filter::parse("department eq 'x'' or accountEnabled eq false'").unwrap();
        let text = Literal::Text("x' or accountEnabled eq false".to_owned());
        assert_eq!(one, Filter::Equals("department", text));
        let two = Filter::parse("department eq 'x' or accountEnabled eq false").unwrap();
        assert!(matches!(two, Filter::Or(..)));
    }

    #[test]
    fn and_binds_closer_than_or() {
        let filter = Filter::parse("mail eq 'a' or id eq 'b' and not (mail eq 'c')").unwrap();
        assert!(matches!(filter, Filter::Or(_, right) if matches!(*right, Filter::And(..))));
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for text in [
            "",
            "id",
            "id eq",
            "id eq 'b",
            "id ne 'b'",
            "(id eq 'b'",
            "id eq 'b' c",
            "id eq b",
        ] {
            assert!(Filter::parse(text).is_err(), "{text}");
        }
    }
}
