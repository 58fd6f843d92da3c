//! OData filters, as far as `/users` knows them.
//!
//! Sources: OData 4.01 URL conventions; "Use the $filter query parameter". Text
//! compares without regard to case, as the examples of the latter have it.

mod limits;
mod parser;
mod words;

use std::cmp::Ordering;

use serde_json::Value;

use super::{capability::Use, case::folded, directory::User};
pub(super) use parser::Wrong;

/// A filter that can be asked of a user.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Filter {
    Clause(Clause),
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
}

/// What is said of one property.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Clause {
    property: &'static str,
    operator: Operator,
    values: Vec<Literal>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Eq,
    Ne,
    In,
    Ge,
    Le,
    StartsWith,
    EndsWith,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Literal {
    /// Folded.
    Text(String),
    Bool(bool),
    Null,
}

impl Filter {
    /// Whether `user` is among those that are asked for.
    pub(super) fn holds(&self, user: User<'_>) -> bool {
        match self {
            Self::And(all) => all.iter().all(|it| it.holds(user)),
            Self::Or(any) => any.iter().any(|it| it.holds(user)),
            Self::Not(inner) => !inner.holds(user),
            Self::Clause(clause) => clause.holds(user.get(clause.property).as_deref()),
        }
    }

    /// Every property it refers to, and what for.
    pub(super) fn uses(&self) -> Vec<(&'static str, Use)> {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::uses).collect(),
            Self::Clause(clause) => vec![(clause.property, clause.used())],
            Self::Not(inner) => {
                let mut uses = inner.uses();
                let negated: Vec<_> = uses.iter().map(|(it, _)| (*it, Use::Not)).collect();
                uses.extend(negated);
                uses
            }
        }
    }
}

impl Clause {
    fn holds(&self, value: Option<&Value>) -> bool {
        let mut values = self.values.iter();
        match self.operator {
            Operator::Eq | Operator::In => {
                values.any(|it| it.compared(value).is_some_and(Ordering::is_eq))
            }
            Operator::Ne => !values.any(|it| it.compared(value).is_some_and(Ordering::is_eq)),
            Operator::Ge => values.any(|it| it.compared(value).is_some_and(Ordering::is_ge)),
            Operator::Le => values.any(|it| it.compared(value).is_some_and(Ordering::is_le)),
            Operator::StartsWith => {
                values.any(|it| it.is_part(value, |all, it| all.starts_with(it)))
            }
            Operator::EndsWith => values.any(|it| it.is_part(value, |all, it| all.ends_with(it))),
        }
    }

    fn used(&self) -> Use {
        match self.operator {
            _ if self.values.contains(&Literal::Null) => Use::Null,
            Operator::Eq => Use::Eq,
            Operator::Ne => Use::Ne,
            Operator::In => Use::In,
            Operator::Ge => Use::Ge,
            Operator::Le => Use::Le,
            Operator::StartsWith => Use::StartsWith,
            Operator::EndsWith => Use::EndsWith,
        }
    }
}

impl Literal {
    /// How `value` compares to it, where both are of one kind.
    fn compared(&self, value: Option<&Value>) -> Option<Ordering> {
        match (value, self) {
            (Some(Value::String(value)), Self::Text(text)) => {
                Some(folded(value).as_str().cmp(text))
            }
            (Some(Value::Bool(value)), Self::Bool(wanted)) => Some(value.cmp(wanted)),
            (None | Some(Value::Null), Self::Null) => Some(Ordering::Equal),
            _ => None,
        }
    }

    fn is_part(&self, value: Option<&Value>, of: impl Fn(&str, &str) -> bool) -> bool {
        match (value, self) {
            (Some(Value::String(value)), Self::Text(text)) => of(&folded(value), text),
            _ => false,
        }
    }
}
