//! Expressions: `or` binds least, then `and`, then the comparisons.

use serde_json::{Value, json};

use super::words::Words;
use crate::resource_graph::{
    lexer::Word,
    query::{Column, Comparison, Expression, Fault, Function, Kind, Set},
};

/// An expression over `columns`.
pub(super) fn expression(words: &mut Words, columns: &[Column]) -> Result<Expression, Fault> {
    words.nested(|words| {
        let mut parts = vec![conjunction(words, columns)?];
        while words.name_if(|it| it == "or") {
            parts.push(conjunction(words, columns)?);
        }
        Ok(sole(parts, Expression::Any))
    })
}

fn conjunction(words: &mut Words, columns: &[Column]) -> Result<Expression, Fault> {
    let mut parts = vec![comparison(words, columns)?];
    while words.name_if(|it| it == "and") {
        parts.push(comparison(words, columns)?);
    }
    Ok(sole(parts, Expression::All))
}

fn sole(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            parts.extend(last);
            join(parts)
        }
    }
}

fn comparison(words: &mut Words, columns: &[Column]) -> Result<Expression, Fault> {
    let left = operand(words, columns)?;
    if words.name_if(|it| it == "in") {
        let is_folded = words.sign_if("~");
        let set = Set::new(texts(words)?, is_folded);
        return Ok(Expression::OneOf(Box::new(left), set));
    }
    let comparison = match words.peek() {
        Some(Word::Sign("==")) => Comparison::Equal,
        Some(Word::Sign("!=")) => Comparison::NotEqual,
        Some(Word::Sign("=~")) => Comparison::EqualFolded,
        Some(Word::Sign("!~")) => Comparison::NotEqualFolded,
        Some(Word::Name(name)) if name == "contains" => Comparison::Contains,
        Some(Word::Name(name)) if name == "startswith" => Comparison::StartsWith,
        _ => return Ok(left),
    };
    words.skip();
    let right = operand(words, columns)?;
    Ok(Expression::Compare(
        comparison,
        Box::new(left),
        Box::new(right),
    ))
}

/// `('a', 'b')`
fn texts(words: &mut Words) -> Result<Vec<String>, Fault> {
    words.sign("(")?;
    let mut texts = vec![words.text()?];
    while words.sign_if(",") {
        texts.push(words.text()?);
    }
    words.sign(")")?;
    Ok(texts)
}

fn operand(words: &mut Words, columns: &[Column]) -> Result<Expression, Fault> {
    match words.peek() {
        Some(Word::Text(_)) => words.text().map(|it| Expression::Literal(json!(it))),
        Some(Word::Number(number)) => {
            let number = json!(number);
            words.skip();
            Ok(Expression::Literal(number))
        }
        Some(Word::Sign("(")) => {
            words.skip();
            let inner = expression(words, columns)?;
            words.sign(")")?;
            Ok(inner)
        }
        Some(Word::Name(_)) => named(words, columns),
        _ => Err(words.fault()),
    }
}

/// A truth value, a call, or a path.
fn named(words: &mut Words, columns: &[Column]) -> Result<Expression, Fault> {
    let fault = words.fault();
    let name = words.name()?;
    if words.sign_if("(") {
        let function = match name.as_str() {
            "tostring" => Function::ToText,
            "isempty" => Function::IsEmpty,
            "isnotempty" => Function::IsNotEmpty,
            _ => return Err(fault),
        };
        let argument = expression(words, columns)?;
        words.sign(")")?;
        return Ok(Expression::Call(function, Box::new(argument)));
    }
    match name.as_str() {
        "true" => return Ok(Expression::Literal(Value::Bool(true))),
        "false" => return Ok(Expression::Literal(Value::Bool(false))),
        _ => {}
    }
    if columns.iter().all(|column| column.name != name) {
        return Err(fault);
    }
    path(words, name)
}

/// `a.b['c']`
fn path(words: &mut Words, column: String) -> Result<Expression, Fault> {
    let mut path = vec![column];
    loop {
        if words.sign_if(".") {
            path.push(words.name()?);
        } else if words.sign_if("[") {
            path.push(words.text()?);
            words.sign("]")?;
        } else {
            return Ok(Expression::Path(path));
        }
    }
}

/// The type of the value of `expression`.
pub(super) fn kind_of(expression: &Expression, columns: &[Column]) -> Kind {
    match expression {
        Expression::Path(path) => match &path[..] {
            [name] => {
                let column = columns.iter().find(|column| column.name == *name);
                column.map_or(Kind::Object, |column| column.kind)
            }
            _ => Kind::Object,
        },
        Expression::Literal(Value::Number(_)) => Kind::Integer,
        Expression::Literal(Value::Bool(_))
        | Expression::Call(Function::IsEmpty | Function::IsNotEmpty, _)
        | Expression::Compare(..)
        | Expression::OneOf(..)
        | Expression::All(_)
        | Expression::Any(_) => Kind::Boolean,
        Expression::Literal(_) | Expression::Call(Function::ToText, _) => Kind::Text,
    }
}
