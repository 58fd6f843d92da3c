//! With what callers' tokens are checked.

use super::Check;
use crate::access::{Access, KeyStanding, ReviewStanding};

/// Every way to prove who one is. Without an issuer its own callers are turned away, and
/// nobody else: the gateway is not ready where it has nothing to check anybody with, or where
/// it has not looked yet.
pub(super) fn ways(access: &Access) -> Vec<Check> {
    let standings: Vec<_> = access.keys().collect();
    let reviewed = access.reviews().map(reviews);
    let mut ways: Vec<_> = standings.iter().map(keys).chain(reviewed).collect();
    let was_looked = standings.iter().all(|it| it.was_asked);
    spare(&mut ways, was_looked);
    ways
}

/// Requires none of `ways` where there are others, and one of them is there.
fn spare(ways: &mut [Check], was_looked: bool) {
    let is_there = |way: &Check| way.ok || !way.required;
    if ways.len() > 1 && was_looked && ways.iter().any(is_there) {
        for way in ways {
            way.required = false;
        }
    }
}

fn keys(standing: &KeyStanding) -> Check {
    let KeyStanding {
        source,
        issuer,
        told,
        was_asked: _,
    } = standing;
    let is_believed = told.as_ref().is_some_and(|it| it.is_believed);
    Check {
        name: format!("keys:{source}"),
        ok: is_believed,
        required: true,
        code: Some(if is_believed { "fine" } else { "none" }),
        detail: match told {
            Some(told) if is_believed => {
                format!(
                    "{} keys of {issuer}, {} s old",
                    told.count,
                    told.age.as_secs()
                )
            }
            Some(told) => format!(
                "the keys of {issuer} were last read {} s ago, and are not believed any more; the log says why",
                told.age.as_secs()
            ),
            None => format!("the keys of {issuer} could not be read; the log says why"),
        },
    }
}

/// With a token of its own the gateway can have others reviewed. What the API server makes
/// of that takes no replica out of service: it is the same for all of them.
fn reviews(standing: ReviewStanding) -> Check {
    let (code, detail) = match standing {
        ReviewStanding::NoToken => (
            "none",
            "the gateway has no token for the API server; the log says why".to_owned(),
        ),
        ReviewStanding::Silent(silence) => (
            "unreachable",
            format!(
                "the API server has not answered for {} s; until it does, no tokens are reviewed",
                silence.as_secs()
            ),
        ),
        ReviewStanding::Refused => (
            "denied",
            "the API server reviews no tokens for the gateway's account; mi-gateway doctor says why"
                .to_owned(),
        ),
        ReviewStanding::Fine => (
            "fine",
            "there is a token to ask the API server with".to_owned(),
        ),
    };
    Check {
        name: "reviews:kubernetes".to_owned(),
        ok: standing == ReviewStanding::Fine,
        required: matches!(standing, ReviewStanding::NoToken | ReviewStanding::Fine),
        code: Some(code),
        detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which are required, of checks that are ok and required so.
    fn required<const N: usize>(ways: [(bool, bool); N], was_looked: bool) -> [bool; N] {
        let mut ways = ways.map(|(ok, required)| Check {
            name: String::new(),
            ok,
            required,
            code: None,
            detail: String::new(),
        });
        spare(&mut ways, was_looked);
        ways.map(|way| way.required)
    }

    #[test]
    fn one_way_is_enough_though_it_may_be_away() {
        let (there, away, absent) = ((true, true), (false, false), (false, true));
        assert_eq!(required([there], true), [true]);
        assert_eq!(required([away], true), [false]);
        assert_eq!(required([absent, there], true), [false, false]);
        assert_eq!(required([absent, away], true), [false, false]);
        assert_eq!(required([absent, absent], true), [true, true]);
        assert_eq!(required([absent, there], false), [true, true]);
    }
}
