//! Forms that values of several variables have.

use url::Url;

use super::cloud::address;

/// The words of a list, separated by commas or space of any kind: one that is read from a
/// file has line ends of whoever wrote it.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| letter == ',' || letter.is_whitespace())
        .filter(|word| !word.is_empty())
}

/// A URL that is known by a certificate, or is of this host, below which more is read:
/// it may have a path, and nothing after it.
pub(super) fn base(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_safe = match url.scheme() {
        "https" => true,
        "http" => address(&url).is_some_and(|it| it.is_loopback()),
        _ => false,
    };
    let is_bare = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    (is_safe && is_bare).then_some(url)
}
