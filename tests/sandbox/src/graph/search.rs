//! `$search` for users.
//!
//! Source: "Use the $search query parameter", on directory object collections:
//! words of `displayName`, which it breaks where a word ends or a digit or a
//! capital letter begins; each word that is sought begins one of them.

use serde_json::Value;

use super::{case::folded, directory::User, fault::Fault};

/// The words that are sought, folded.
pub(super) struct Search(Vec<String>);

impl Search {
    /// Reads `"displayName:words"`, quotes included; clauses joined by `AND` and
    /// `OR` are not imitated.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let clause = text
            .trim()
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .filter(|clause| !clause.contains('"'))
            .and_then(|clause| clause.split_once(':'))
            .filter(|(property, _)| property.eq_ignore_ascii_case("displayName"))
            .map(|(_, sought)| words(sought));
        match clause {
            Some(words) if !words.is_empty() => Ok(Self(words)),
            // Made up: Graph's own words for this are not known.
            _ => Err(Fault::new(400, "BadRequest", "Invalid $search clause.")),
        }
    }

    pub(super) fn finds(&self, user: User<'_>) -> bool {
        let name = user.get("displayName");
        let name = name.as_deref().and_then(Value::as_str);
        let own = words(name.unwrap_or_default());
        let is_there = |sought: &String| own.iter().any(|it| it.starts_with(sought.as_str()));
        self.0.iter().all(is_there)
    }
}

fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut before = ' ';
    for letter in text.chars() {
        let begins = letter.is_numeric() != before.is_numeric()
            || letter.is_uppercase() && before.is_lowercase();
        if begins || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        if let (true, Some(word)) = (letter.is_alphanumeric(), words.last_mut()) {
            word.push(letter);
        }
        before = letter;
    }
    words.retain(|word| !word.is_empty());
    words.iter().map(|word| folded(word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_breaks_into_words_at_marks_digits_and_capitals() {
        assert_eq!(words("D'Angelo"), ["d", "angelo"]);
        assert_eq!(words("MiniVan-2go "), ["mini", "van", "2", "go"]);
        assert_eq!(words("Müller Ito"), ["müller", "ito"]);
        assert_eq!(words(" - "), [""; 0]);
    }

    #[test]
    fn only_a_quoted_clause_of_the_name_is_a_search() {
        assert!(Search::parse("\"displayName:ada\"").is_ok());
        for text in [
            "displayName:ada",
            "\"ada\"",
            "\"mail:ada\"",
            "\"displayName:\"",
            "\"displayName:ada\" OR \"displayName:grace\"",
        ] {
            assert!(Search::parse(text).is_err(), "{text}");
        }
    }
}
