//! A value in a row, borrowed where it can be.

use std::{borrow::Cow, cmp::Ordering};

use serde_json::Value;

pub(super) enum Cell<'a> {
    Text(Cow<'a, str>),
    /// Everything that is no text; null for what is not there.
    Json(Cow<'a, Value>),
}

impl<'a> Cell<'a> {
    pub(super) fn of(value: Option<&'a Value>) -> Self {
        match value {
            None => Self::Json(Cow::Owned(Value::Null)),
            Some(Value::String(text)) => Self::Text(Cow::Borrowed(text)),
            Some(other) => Self::Json(Cow::Borrowed(other)),
        }
    }

    pub(super) fn truth(value: bool) -> Self {
        Self::Json(Cow::Owned(Value::Bool(value)))
    }

    /// What is at `path` below this; null where there is nothing.
    pub(super) fn at(self, path: &[String]) -> Self {
        fn below<'b>(value: &'b Value, path: &[String]) -> Option<&'b Value> {
            path.iter().try_fold(value, |value, step| value.get(step))
        }
        match self {
            _ if path.is_empty() => self,
            Self::Text(_) => Self::of(None),
            Self::Json(Cow::Borrowed(value)) => Self::of(below(value, path)),
            Self::Json(Cow::Owned(value)) => {
                let end = below(&value, path).cloned();
                Self::Json(Cow::Owned(end.unwrap_or_default()))
            }
        }
    }

    /// The value as `tostring` writes it; nothing is an empty text.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Json(value) => match &**value {
                Value::Null => Cow::Borrowed(""),
                Value::String(text) => Cow::Borrowed(text),
                other => Cow::Owned(other.to_string()),
            },
        }
    }

    pub(super) fn is_true(&self) -> bool {
        matches!(self, Self::Json(value) if **value == Value::Bool(true))
    }

    /// Numbers by their value, all else as text.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let number = |cell: &Self| match cell {
            Self::Text(_) => None,
            Self::Json(value) => value.as_i64(),
        };
        match (number(self), number(other)) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => self.text().cmp(&other.text()),
        }
    }

    pub(super) fn into_json(self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.into_owned()),
            Self::Json(value) => value.into_owned(),
        }
    }
}
