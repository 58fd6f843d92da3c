//! With what callers' tokens are checked.

use super::Check;
use crate::access::{Access, KeyStanding};

/// Every way to prove who one is. Without an issuer its own callers are turned away, and
/// nobody else: the gateway is not ready where nobody at all could be let in, or where it
/// has not looked yet.
pub(super) fn ways(access: &Access) -> Vec<Check> {
    let standings: Vec<_> = access.keys().collect();
    let reviewed = access.reviews().map(reviews);
    let mut ways: Vec<_> = standings.iter().map(keys).chain(reviewed).collect();
    let was_looked = standings.iter().all(|it| it.was_asked);
    let is_spared = ways.len() > 1 && was_looked && ways.iter().any(|it| it.ok);
    for way in &mut ways {
        way.required = !is_spared;
    }
    ways
}

fn keys(standing: &KeyStanding) -> Check {
    let KeyStanding {
        source,
        issuer,
        held,
        was_asked: _,
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

fn reviews(is_known: bool) -> Check {
    let (code, detail) = if is_known {
        ("fine", "there is a token to ask the API server with")
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
