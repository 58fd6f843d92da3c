//! Lists in headers, where what is quoted is one piece (RFC 9110, 5.6).

/// The parts of `text` between those of its `separator`s that are not quoted.
pub(super) fn parts(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |letter| {
        let is_end = letter == separator && !is_quoted;
        if letter == '"' && !is_escaped {
            is_quoted = !is_quoted;
        }
        is_escaped = is_quoted && letter == '\\' && !is_escaped;
        is_end
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_one_part() {
        for (text, expected) in [
            ("a, b", &["a", " b"][..]),
            (r#"a="b, c", d"#, &[r#"a="b, c""#, " d"]),
            (r#"a="\", b", c"#, &[r#"a="\", b""#, " c"]),
            (r#"a="\\", b"#, &[r#"a="\\""#, " b"]),
            (r#"a="b, c"#, &[r#"a="b, c"#]),
            (r#"\"a, b", c"#, &[r#"\"a, b""#, " c"]),
            ("", &[""]),
        ] {
            assert_eq!(parts(text, ',').collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
