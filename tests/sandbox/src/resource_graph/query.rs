//! What a query says, once it is parsed.

use std::collections::HashSet;

use serde_json::Value;

/// Where a query stops being one that is understood here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The offset of the word, in bytes.
    pub(super) at: usize,
}

impl Fault {
    pub(super) fn at(at: usize) -> Self {
        Self { at }
    }
}

/// A query: what is done to the rows, and which columns that leaves.
#[derive(Debug)]
pub(super) struct Query {
    /// What holds for every row, from the first steps. They leave most rows out,
    /// before anything is made of them.
    pub(super) filters: Vec<Expression>,
    pub(super) steps: Vec<Step>,
    pub(super) columns: Vec<Column>,
}

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    Boolean,
    Object,
}

impl Kind {
    /// Source: Azure/azure-rest-api-specs `ResourceGraph`, `ColumnDataType`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Object => "object",
        }
    }
}

/// One operator between two pipes.
#[derive(Debug)]
pub(super) enum Step {
    Where(Expression),
    Project(Vec<(String, Expression)>),
    Extend(Vec<(String, Expression)>),
    Order(Vec<(Expression, Direction)>),
    Take(usize),
    Count,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Ascending,
    Descending,
}

/// What has a value in each row.
#[derive(Debug)]
pub(super) enum Expression {
    /// A column, or what is below it: `properties.hardwareProfile.vmSize`.
    Path(Vec<String>),
    Literal(Value),
    Call(Function, Box<Expression>),
    Compare(Comparison, Box<Expression>, Box<Expression>),
    OneOf(Box<Expression>, Set),
    All(Vec<Expression>),
    Any(Vec<Expression>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    ToText,
    IsEmpty,
    IsNotEmpty,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    EqualFolded,
    NotEqualFolded,
    Contains,
    StartsWith,
}

/// The values of `in` and `in~`; those of `in~` are in lower case.
#[derive(Debug)]
pub(super) struct Set {
    pub(super) values: HashSet<String>,
    pub(super) is_folded: bool,
}

impl Set {
    pub(super) fn new(values: Vec<String>, is_folded: bool) -> Self {
        let values = values.into_iter();
        Self {
            values: if is_folded {
                values.map(|it| it.to_lowercase()).collect()
            } else {
                values.collect()
            },
            is_folded,
        }
    }
}
