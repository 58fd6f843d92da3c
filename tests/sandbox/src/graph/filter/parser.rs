//! Reads filters.

use super::{
    Clause, Filter, Literal, Operator,
    words::{Word, words},
};
use crate::{graph::case::folded, seed};

/// Why a filter is none.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::graph) enum Wrong {
    /// It cannot be read: what is wrong with it.
    Syntax(String),
    /// It is OData, but this property is never asked for like that.
    Unsupported(&'static str),
}

impl From<String> for Wrong {
    fn from(why: String) -> Self {
        Self::Syntax(why)
    }
}

impl Filter {
    pub(in crate::graph) fn parse(text: &str) -> Result<Self, Wrong> {
        let words = words(text)?;
        let mut rest = words.as_slice();
        let filter = either(&mut rest)?;
        match rest {
            [] => Ok(filter),
            [extra, ..] => Err(format!("Syntax error at {extra:?} in '{text}'.").into()),
        }
    }
}

fn either(rest: &mut &[Word]) -> Result<Filter, Wrong> {
    let mut any = vec![both(rest)?];
    while took(rest, "or") {
        any.push(both(rest)?);
    }
    Ok(joined(any, Filter::Or))
}

fn both(rest: &mut &[Word]) -> Result<Filter, Wrong> {
    let mut all = vec![single(rest)?];
    while took(rest, "and") {
        all.push(single(rest)?);
    }
    Ok(joined(all, Filter::And))
}

fn joined(mut parts: Vec<Filter>, as_one: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.len() {
        1 => parts.remove(0),
        _ => as_one(parts),
    }
}

fn single(rest: &mut &[Word]) -> Result<Filter, Wrong> {
    if took(rest, "not") {
        return Ok(Filter::Not(Box::new(single(rest)?)));
    }
    if let [Word::Open, inner @ ..] = *rest {
        *rest = inner;
        let filter = either(rest)?;
        close(rest)?;
        return Ok(filter);
    }
    let clause = match *rest {
        [
            Word::Name(function),
            Word::Open,
            Word::Name(name),
            Word::Comma,
            Word::Text(text),
            Word::Close,
            after @ ..,
        ] => {
            *rest = after;
            called(function, property(name)?, text)?
        }
        [Word::Name(name), Word::Name(operator), after @ ..] => {
            *rest = after;
            compared(property(name)?, operator, rest)?
        }
        _ => return Err("A comparison is expected.".to_owned().into()),
    };
    clause.is_of_one_kind()?;
    Ok(Filter::Clause(clause))
}

/// `function(property,'text')`
fn called(function: &str, property: &'static str, text: &str) -> Result<Clause, Wrong> {
    let operator = match function.to_ascii_lowercase().as_str() {
        "startswith" => Operator::StartsWith,
        "endswith" => Operator::EndsWith,
        // Not for directory objects: YannickRe/spfx-msgraph-peoplesearch#2.
        "contains" | "substring" => return Err(Wrong::Unsupported(property)),
        _ => return Err(format!("An unknown function with name '{function}' was found.").into()),
    };
    Ok(Clause {
        property,
        operator,
        values: vec![Literal::Text(folded(text))],
    })
}

/// `property operator` has been read, what it is compared to has not.
fn compared(property: &'static str, operator: &str, rest: &mut &[Word]) -> Result<Clause, Wrong> {
    let operator = match operator.to_ascii_lowercase().as_str() {
        "eq" => Operator::Eq,
        "ne" => Operator::Ne,
        "in" => Operator::In,
        "ge" => Operator::Ge,
        "le" => Operator::Le,
        // They stand in no column of includes/filter-directory-objects.md.
        "gt" | "lt" => return Err(Wrong::Unsupported(property)),
        _ => return Err(format!("The operator '{operator}' is not supported.").into()),
    };
    let values = match operator {
        Operator::In => list(rest)?,
        _ => vec![literal(rest)?],
    };
    Ok(Clause {
        property,
        operator,
        values,
    })
}

fn list(rest: &mut &[Word]) -> Result<Vec<Literal>, Wrong> {
    let [Word::Open, inner @ ..] = *rest else {
        return Err("A list is expected after 'in'.".to_owned().into());
    };
    *rest = inner;
    let mut values = vec![literal(rest)?];
    while let [Word::Comma, after @ ..] = *rest {
        *rest = after;
        values.push(literal(rest)?);
    }
    close(rest)?;
    Ok(values)
}

fn literal(rest: &mut &[Word]) -> Result<Literal, Wrong> {
    let [value, after @ ..] = *rest else {
        return Err("A literal is expected.".to_owned().into());
    };
    *rest = after;
    match value {
        Word::Text(text) => Ok(Literal::Text(folded(text))),
        Word::Name(name) if name == "true" => Ok(Literal::Bool(true)),
        Word::Name(name) if name == "false" => Ok(Literal::Bool(false)),
        Word::Name(name) if name == "null" => Ok(Literal::Null),
        other => Err(format!("A literal is expected at {other:?}.").into()),
    }
}

fn close(rest: &mut &[Word]) -> Result<(), Wrong> {
    let [Word::Close, after @ ..] = *rest else {
        return Err("A parenthesis is not closed.".to_owned().into());
    };
    *rest = after;
    Ok(())
}

impl Clause {
    /// The literal of `accountEnabled` comes without quotes, every other one
    /// with them: microsoftgraph/microsoft-graph-docs#3044.
    fn is_of_one_kind(&self) -> Result<(), Wrong> {
        let is_flag = self.property == "accountEnabled";
        let fits = |value: &Literal| match value {
            Literal::Bool(_) => is_flag,
            Literal::Text(_) => !is_flag,
            Literal::Null => true,
        };
        if self.values.iter().all(fits) {
            return Ok(());
        }
        let why = "A binary operator with incompatible types was detected.";
        Err(why.to_owned().into())
    }
}

/// The property `name`, whatever its case.
fn property(name: &str) -> Result<&'static str, Wrong> {
    let known = seed::PROPERTIES
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(name));
    known.ok_or_else(|| {
        format!("Could not find a property named '{name}' on type 'microsoft.graph.user'.").into()
    })
}

fn took(rest: &mut &[Word], word: &str) -> bool {
    match *rest {
        [Word::Name(found), after @ ..] if found.eq_ignore_ascii_case(word) => {
            *rest = after;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn and_binds_closer_than_or() {
        let filter = Filter::parse("mail eq 'a' or id eq 'b' and not (mail eq 'c')").unwrap();
        assert!(matches!(filter, Filter::Or(any) if matches!(any[..], [_, Filter::And(_)])));
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for text in [
            "",
            "id",
            "id eq",
            "id eq 'b",
            "id is 'b'",
            "(id eq 'b'",
            "id eq 'b' c",
            "id eq b",
            "id in 'b'",
            "id in ()",
            "id in ('b'",
            "id in ('b' 'c')",
            "id eq true",
            "accountEnabled eq 'true'",
            "startsWith(id)",
            "length(id,'b')",
        ] {
            assert!(
                matches!(Filter::parse(text), Err(Wrong::Syntax(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn what_users_are_never_asked_for_is_told_apart() {
        for text in ["contains(mail,'b')", "mail gt 'b'", "mail LT 'b'"] {
            assert_eq!(
                Filter::parse(text),
                Err(Wrong::Unsupported("mail")),
                "{text}"
            );
        }
    }
}
