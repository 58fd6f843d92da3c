//! Names as they are compared: one form for all the ways to write one that Azure may
//! take for the same.

use std::borrow::Cow;

use icu_normalizer::{
    ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed,
    properties::CanonicalCombiningClassMapBorrowed,
};

/// `text` in one form for all its cases, compositions and compatible letters, and
/// without space around it.
///
/// Azure tells fewer names apart than text does: `RG-Locked` and `rg-locked` are one
/// group. Two names that are one to Azure must be one here, or a denial of the one is
/// passed by way of the other. Some that Azure tells apart are one here as well; tags of
/// one machine may have such names side by side, and neither may stand for the other.
pub(crate) fn folded(text: &str) -> Cow<'_, str> {
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

/// `text` folded, and without accents, as directories compare: Active Directory takes
/// `Kuche` for `Küche`, and Graph is reported to, where names begin with a text; of `eq`
/// nothing says that it tells them apart. Resource Manager does: its names keep theirs.
///
/// What goes are marks that combine, so not the stroke of `ø`.
///
/// Source: microsoftgraph/microsoft-graph-docs, issue 81.
pub(crate) fn folded_without_accents(text: &str) -> Cow<'_, str> {
    let folded = folded(text);
    if folded.is_ascii() {
        return folded;
    }
    let decomposed = DecomposingNormalizerBorrowed::new_nfkd().normalize(&folded);
    let classes = CanonicalCombiningClassMapBorrowed::new();
    let bare: String = decomposed
        .chars()
        .filter(|letter| classes.get_u8(*letter) == 0)
        .collect();
    // What was kept apart by a mark may compose.
    Cow::Owned(self::folded(&bare).into_owned())
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
    fn a_department_has_one_form_with_and_without_accents() {
        for (one, other) in [
            ("Küche", "kuche"),
            ("KU\u{308}CHE", "Küche"),
            ("Éducation", "education"),
            ("Ž\u{327}ilina", "zilina"),
            ("Việt Nam", "viet nam"),
            ("Бюджет й", "бюджет и"),
            (" Legal\u{a0}", "legal"),
            ("ǅ\u{301}", "dz"),
            ("한국", "한국"),
        ] {
            let form = folded_without_accents(one);
            assert_eq!(form, folded_without_accents(other), "{one:?} {other:?}");
            assert_eq!(folded_without_accents(&form), form, "{one:?} again");
        }
        assert_ne!(folded("Küche"), folded("Kuche"));
        let (one, other) = ("Smørrebrød", "Smorrebrod");
        assert_ne!(folded_without_accents(one), folded_without_accents(other));
    }

    #[test]
    fn other_names_stay_others() {
        for (one, other) in [("rg-a", "rg-b"), ("rg a", "rga"), ("rg-o", "rg-\u{43e}")] {
            assert_ne!(folded(one), folded(other));
        }
    }
}
