//! Texts of users as they compare: without regard to case.

/// `text` in one form for all its cases, with one small sigma: `str::to_lowercase` writes
/// that of the end of a word in another form.
pub(super) fn folded(text: &str) -> String {
    text.to_lowercase().replace('ς', "σ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_stays_one_whatever_its_last_letter() {
        assert!(folded("Ασημάκης").starts_with(&folded("ΑΣ")));
        assert_eq!(folded("ΟΔΟΣ"), folded("οδος"));
        assert_ne!(folded("οδος"), folded("οδοί"));
    }
}
