//! The search for secrets in all that is written.

use std::collections::HashSet;

/// As much of a secret as gives it away; every secret of the local Azure is longer.
const PIECE: usize = 32;

/// The ends of secrets: the heads of all tokens are the same.
pub(crate) struct Secrets(HashSet<[u8; PIECE]>);

impl Secrets {
    /// # Panics
    ///
    /// Where one is too short to be told from other words.
    pub(crate) fn new(secrets: &[String]) -> Self {
        let piece = |secret: &String| {
            let piece = secret.as_bytes().last_chunk();
            *piece.unwrap_or_else(|| panic!("a secret of {} bytes", secret.len()))
        };
        Self(secrets.iter().map(piece).collect())
    }

    /// Where in `text` one of them shows: the text around it, the secret left out.
    pub(crate) fn found_in(&self, text: &[u8]) -> Option<String> {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        let mut start = 0;
        for word in text.split(|byte| !is_word(byte)) {
            // Words of text are short: most windows need not be looked up.
            if word.windows(PIECE).any(|window| self.holds(window)) {
                let before = &text[start.max(80) - 80..start];
                return Some(String::from_utf8_lossy(before).into_owned());
            }
            start += word.len() + 1;
        }
        None
    }

    fn holds(&self, window: &[u8]) -> bool {
        window
            .first_chunk::<PIECE>()
            .is_some_and(|window| self.0.contains(window))
    }
}

#[test]
fn a_secret_is_found_in_the_middle_of_a_text_and_others_are_not() {
    let token = format!(
        "eyJhbGciOiJSUzI1NiJ9.{}.{}",
        "c".repeat(99),
        "s".repeat(342)
    );
    let secrets = Secrets::new(&[token.clone(), "0123456789abcdef".repeat(2)]);
    let hidden = [
        format!("{{\"a\":\"Bearer {token}\"}}"),
        token[40..].to_owned(),
    ];
    for text in hidden {
        assert!(secrets.found_in(text.as_bytes()).is_some(), "{text}");
    }
    let header = "x-identity-header=0123456789abcdef0123456789abcdef";
    let around = secrets.found_in(header.as_bytes());
    assert_eq!(around.as_deref(), Some("x-identity-header="));
    let harmless = "0123456789abcdef and eyJhbGciOiJSUzI1NiJ9, some words beside it";
    assert_eq!(secrets.found_in(harmless.as_bytes()), None);
}
