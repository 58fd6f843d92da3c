//! What has to hold of the ids of operations that callers ask for.

use super::OperationId;

/// An id has one way to write it, and all of it can stand in a path.
pub(crate) fn operation_id(text: &str) {
    let Ok(id) = text.parse::<OperationId>() else {
        return;
    };
    assert_eq!(id.to_string(), text);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    assert!(text.bytes().all(is_plain), "{text:?}");
    let name = id.name().to_string();
    assert!(name.parse().is_ok_and(|it| id.name().is(&it)), "{name:?}");
    let later = id.later();
    assert!(later.started_at() > id.started_at());
}
