//! How much of a policy can stand within other parts of it.
//!
//! Cedar reads policies by recursion, and a stack that is used up ends the process: no
//! fault is told, and the policies that hold are gone with it.

/// Brackets, operators and conditions of one policy. More than anybody writes by hand;
/// what is that long is better a set, or several policies. Time and memory grow by the
/// square of it.
pub(super) const MOST: usize = 256;

/// What reading that many takes, with room: without optimisation, some 200 kB each for
/// the worst of them, which are operators. What is not used is no memory.
pub(super) const STACK: usize = 64 << 20;

/// Where the first policy of `text` has more than [`MOST`].
pub(super) fn excess(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut count, mut at) = (0, 0);
    while at < bytes.len() {
        let rest = &bytes[at..];
        match rest {
            [b'"', ..] => at += string(rest),
            [b'/', b'/', ..] => at += line(rest),
            [b';', ..] => count = 0,
            _ if is_part(rest) && !is_simple(&bytes[..at], rest[0]) => count += 1,
            _ => {}
        }
        if count > MOST {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// Whether something begins here that others can stand in.
fn is_part(rest: &[u8]) -> bool {
    match rest {
        [b'(' | b'[' | b'{' | b'.' | b'!' | b'-' | b'+' | b'*', ..]
        | [b'&', b'&', ..]
        | [b'|', b'|', ..]
        | [b'i', b'f'] => true,
        [b'i', b'f', next, ..] => !is_letter(*next),
        _ => false,
    }
}

/// Whether it is the end of another word, or an access to what is no access itself.
fn is_simple(before: &[u8], first: u8) -> bool {
    let word = before.iter().rev().take_while(|byte| is_letter(**byte));
    match (first, word.count()) {
        (b'i', length) => length > 0,
        (b'.', length) => !before[..before.len() - length].ends_with(b"."),
        _ => false,
    }
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// How far the last quote of a string is from its first.
fn string(rest: &[u8]) -> usize {
    let mut is_escaped = false;
    let end = rest[1..].iter().position(|byte| {
        let is_end = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(rest.len(), |end| end + 1)
}

fn line(rest: &[u8]) -> usize {
    let end = rest.iter().position(|byte| *byte == b'\n');
    end.unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_stand_within_something_is_counted_policy_by_policy() {
        for part in ["(", "[", "{", "!", "-", "+ ", "*", "&& ", "|| ", " if "] {
            assert_eq!(excess(&part.repeat(MOST)), None, "{part}");
            assert!(excess(&part.repeat(MOST + 1)).is_some(), "{part}");
            let two = format!("{};", part.repeat(MOST));
            assert_eq!(excess(&two.repeat(2)), None, "{part}");
        }
    }

    #[test]
    fn words_strings_and_comments_are_not() {
        for text in ["\"(\\\"(\" ", "// ((\n", "iffy gif ", "a.b == "] {
            assert_eq!(excess(&text.repeat(MOST + 1)), None, "{text}");
        }
        assert_eq!(excess("\"("), None);
        assert_eq!(excess(&".a".repeat(MOST + 1)), None);
        assert!(excess(&".a".repeat(MOST + 2)).is_some());
    }
}
