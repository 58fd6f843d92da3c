//! Headers that are text.

use actix_web::http::header::HeaderValue;

/// What `value` says; `None` where it is not ASCII.
///
/// `HeaderValue::to_str` says the same and looks at each byte by itself: a microsecond
/// for a token, two for where an operation is told of.
pub(crate) fn text(value: &HeaderValue) -> Option<&str> {
    let bytes = value.as_bytes();
    let is_text = bytes.is_ascii();
    is_text.then(|| str::from_utf8(bytes).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_a_header_says_of_itself() {
        let all = (0..=u8::MAX).filter_map(|byte| HeaderValue::from_bytes(&[b'a', byte]).ok());
        for value in all {
            assert_eq!(text(&value), value.to_str().ok(), "{value:?}");
        }
    }
}
