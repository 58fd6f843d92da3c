//! What a filter is written with: words, text, and marks between them.

use std::{iter::Peekable, str::Chars};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Name(String),
    Text(String),
    Open,
    Close,
    Comma,
}

pub(super) fn words(filter: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut letters = filter.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' => {}
            '(' => words.push(Word::Open),
            ')' => words.push(Word::Close),
            ',' => words.push(Word::Comma),
            '\'' => {
                let text = text(&mut letters).ok_or_else(|| unterminated(filter))?;
                words.push(Word::Text(text));
            }
            first => words.push(Word::Name(name(first, &mut letters))),
        }
    }
    Ok(words)
}

fn name(first: char, letters: &mut Peekable<Chars<'_>>) -> String {
    let mut name = String::from(first);
    while let Some(next) = letters.next_if(|next| !" (),'".contains(*next)) {
        name.push(next);
    }
    name
}

/// A quote within text is doubled.
fn text(letters: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        if letter != '\'' {
            text.push(letter);
        } else if letters.next_if_eq(&'\'').is_some() {
            text.push('\'');
        } else {
            return Some(text);
        }
    }
    None
}

/// The words of Microsoft.OData, as in Azure/data-api-builder#3039; the position is
/// the end.
fn unterminated(filter: &str) -> String {
    let end = filter.encode_utf16().count();
    format!("There is an unterminated string literal at position {end} in '{filter}'.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubled_quote_is_text_and_a_single_one_ends_it() {
        let name = |name: &str| Word::Name(name.to_owned());
        let text = |text: &str| Word::Text(text.to_owned());

        let doubled = words("mail eq 'x'' or id eq ''y'").unwrap();
        let single = words("mail eq 'x' or").unwrap();

        assert_eq!(doubled, [name("mail"), name("eq"), text("x' or id eq 'y")]);
        assert_eq!(single, [name("mail"), name("eq"), text("x"), name("or")]);
    }

    #[test]
    fn marks_need_no_spaces() {
        let words = words("id in('a','b')").unwrap();
        assert_eq!(words.len(), 7);
        assert_eq!(words[4], Word::Comma);
    }
}
