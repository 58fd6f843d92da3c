//! With what callers' tokens are checked.

use super::Check;
use crate::access::KeyStanding;

/// Without keys nobody is let in.
pub(super) fn keys(standing: &KeyStanding) -> Check {
    let KeyStanding {
        source,
        issuer,
        held,
    } = standing;
    Check {
        name: format!("keys:{source}"),
        ok: held.is_some(),
        required: true,
        code: Some(held.map_or("none", |_| "fine")),
        detail: match held {
            Some((count, age)) => format!("{count} keys of {issuer}, {} s old", age.as_secs()),
            None => format!("the keys of {issuer} could not be read; the log says why"),
        },
    }
}

pub(super) fn reviews(is_known: bool) -> Check {
    let (code, detail) = if is_known {
        ("fine", "the API server reviews tokens")
    } else {
        (
            "none",
            "the gateway has no token for the API server; the log says why",
        )
    };
    Check {
        name: "reviews:kubernetes".to_owned(),
        ok: is_known,
        required: true,
        code: Some(code),
        detail: detail.to_owned(),
    }
}
