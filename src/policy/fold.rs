//! Names as policies compare them: one form for all the ways to write one.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;

/// `text` in one form for all its cases, compositions and compatible letters, and
/// without space around it.
///
/// Azure tells fewer names apart than text does: `RG-Locked` and `rg-locked` are one
/// group. Two names that are one to Azure must be one here, or a denial of the one is
/// passed by way of the other; that some that Azure tells apart are one here as well
/// does no harm, as nobody gives them side by side.
pub(super) fn folded(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    if trimmed.is_ascii() {
        return if trimmed.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(trimmed.to_ascii_lowercase())
        } else {
            Cow::Borrowed(trimmed)
        };
    }
    let normalizer = ComposingNormalizerBorrowed::new_nfkc();
    let compatible = normalizer.normalize(trimmed);
    let lower: String = compatible.chars().flat_map(lower).collect();
    // Letters that became lower may compose anew.
    Cow::Owned(normalizer.normalize(&lower).trim().to_owned())
}

/// Letter by letter: the standard library's way for whole words writes the last
/// sigma of a word in another form.
fn lower(letter: char) -> impl Iterator<Item = char> {
    letter
        .to_lowercase()
        .map(|lower| if lower == 'ς' { 'σ' } else { lower })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_form_whatever_its_case_and_composition() {
        for (one, other) in [
            ("RG-Locked", "rg-locked"),
            ("ÄPFEL", "a\u{308}pfel"),
            ("ΟΔΟΣ", "οδοσ"),
            ("οδος", "ΟΔΟΣ"),
            ("rg-\u{212a}", "rg-k"),
            ("\u{ff32}\u{ff27}", "rg"),
            (" Legal\u{a0}", "legal"),
        ] {
            assert_eq!(folded(one), folded(other), "{one:?} {other:?}");
            assert_eq!(folded(&folded(one)), folded(one), "{one:?} again");
        }
    }

    #[test]
    fn other_names_stay_others() {
        for (one, other) in [("rg-a", "rg-b"), ("rg a", "rga"), ("rg-o", "rg-\u{43e}")] {
            assert_ne!(folded(one), folded(other));
        }
    }
}
