//! The words of a query.
//!
//! Source: Kusto documentation, "The string data type": literals in either
//! quote, escaped by a backslash; verbatim ones after `@`, in which a doubled
//! quote stands for one.

use std::{iter::Peekable, str::CharIndices};

use super::query::Fault;

/// A word, and where it begins.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) word: Word,
    pub(super) at: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// A name or a keyword.
    Name(String),
    /// A literal, without its quotes and escapes.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Punctuation, and the operators that are no names.
    Sign(&'static str),
}

/// The longest come first: `==` begins with `=`.
const SIGNS: [&str; 13] = [
    "=~", "==", "!=", "!~", "=", "|", ",", ".", "(", ")", "[", "]", "~",
];

type Characters<'a> = Peekable<CharIndices<'a>>;

/// The words of `query`, without blanks and comments.
pub(super) fn words(query: &str) -> Result<Vec<Token>, Fault> {
    let mut characters = query.char_indices().peekable();
    let mut tokens = Vec::new();
    while let Some(&(at, first)) = characters.peek() {
        let rest = &query[at..];
        if first.is_whitespace() {
            characters.next();
        } else if rest.starts_with("//") {
            while characters.next_if(|(_, it)| *it != '\n').is_some() {}
        } else {
            let word = word(&mut characters, rest, first).ok_or(Fault::at(at))?;
            tokens.push(Token { word, at });
        }
    }
    Ok(tokens)
}

fn word(characters: &mut Characters<'_>, rest: &str, first: char) -> Option<Word> {
    if first.is_ascii_alphabetic() || first == '_' {
        let name = taken(characters, |it| it.is_ascii_alphanumeric() || it == '_');
        return Some(Word::Name(name));
    }
    if first.is_ascii_digit() {
        let digits = taken(characters, |it| it.is_ascii_alphanumeric());
        return digits.parse().ok().map(Word::Number);
    }
    match first {
        '\'' | '"' => {
            characters.next();
            escaped(characters, first).map(Word::Text)
        }
        '@' => {
            characters.next();
            let (_, quote) = characters.next_if(|(_, it)| matches!(it, '\'' | '"'))?;
            verbatim(characters, quote).map(Word::Text)
        }
        _ => {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign))?;
            for _ in sign.chars() {
                characters.next();
            }
            Some(Word::Sign(sign))
        }
    }
}

fn taken(characters: &mut Characters<'_>, belongs: impl Fn(char) -> bool) -> String {
    let next = || characters.next_if(|(_, it)| belongs(*it));
    std::iter::from_fn(next).map(|(_, it)| it).collect()
}

/// The rest of a literal, up to its quote; `None` where it does not end, or has
/// an escape that there is not.
fn escaped(characters: &mut Characters<'_>, quote: char) -> Option<String> {
    let mut text = String::new();
    loop {
        let (_, character) = characters.next()?;
        match character {
            '\n' | '\r' => return None,
            '\\' => text.push(escape(characters)?),
            _ if character == quote => return Some(text),
            _ => text.push(character),
        }
    }
}

fn escape(characters: &mut Characters<'_>) -> Option<char> {
    let (_, letter) = characters.next()?;
    match letter {
        '\'' | '"' | '\\' => Some(letter),
        'a' => Some('\u{7}'),
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'v' => Some('\u{b}'),
        'x' => code_point(characters, 2),
        'u' => code_point(characters, 4),
        'U' => code_point(characters, 8),
        _ => None,
    }
}

fn code_point(characters: &mut Characters<'_>, digits: usize) -> Option<char> {
    let mut value = 0;
    for _ in 0..digits {
        let (_, digit) = characters.next()?;
        value = value * 16 + digit.to_digit(16)?;
    }
    char::from_u32(value)
}

fn verbatim(characters: &mut Characters<'_>, quote: char) -> Option<String> {
    let mut text = String::new();
    loop {
        let (_, character) = characters.next()?;
        if character != quote {
            text.push(character);
        } else if characters.next_if(|(_, it)| *it == quote).is_some() {
            text.push(quote);
        } else {
            return Some(text);
        }
    }
}
