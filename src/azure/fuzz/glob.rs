//! `*` for anything, in the plainest way there is, to compare a quicker one with.

/// Whether `text` is as `pattern` says.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let text = text.as_bytes();
    // At which places of the text the pattern so far may end.
    let mut ends = vec![false; text.len() + 1];
    ends[0] = true;
    for letter in pattern.bytes() {
        ends = match letter {
            b'*' => after_star(&ends),
            letter => after(&ends, |at| text.get(at) == Some(&letter)),
        };
    }
    ends[text.len()]
}

fn after_star(ends: &[bool]) -> Vec<bool> {
    let mut seen = false;
    let ends = ends.iter().map(|end| {
        seen |= end;
        seen
    });
    ends.collect()
}

fn after(ends: &[bool], is_next: impl Fn(usize) -> bool) -> Vec<bool> {
    let mut after = vec![false; ends.len()];
    for (at, end) in ends.iter().enumerate() {
        if *end && is_next(at) {
            after[at + 1] = true;
        }
    }
    after
}
