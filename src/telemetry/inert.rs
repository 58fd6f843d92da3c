//! Text of others on a terminal.

/// `text` without what a terminal would take for an order: names, tags and
/// messages are written by others.
pub(crate) fn inert(text: &str) -> String {
    let shown = |letter: char| {
        if letter.is_control() {
            '\u{fffd}'
        } else {
            letter
        }
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_letter_is_an_order() {
        let shown = inert("a\u{1b}[2J\r\n\u{9b}2Jé");
        assert_eq!(shown, "a\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}2Jé");
    }
}
