//! Forms that values of several variables have.

/// The words of a list, separated by commas or space of any kind: one that is read from a
/// file has line ends of whoever wrote it.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| letter == ',' || letter.is_whitespace())
        .filter(|word| !word.is_empty())
}
