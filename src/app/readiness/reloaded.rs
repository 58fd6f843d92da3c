//! What is read anew when its files change, and kept where they are not good.

use std::time::SystemTime;

use jiff::Timestamp;

use super::Check;
use crate::{
    app::certificates,
    policy::{Fault, Faults, Standing},
};

/// Whoever writes a bad policy takes no replica out of service: the last good ones
/// hold.
pub(super) fn policies(standing: &Standing) -> Check {
    let Standing {
        source,
        version,
        enforced,
        shadow,
        loaded_at,
        refused,
    } = standing;
    let age = loaded_at.elapsed().unwrap_or_default().as_secs();
    let detail = format!(
        "{enforced} policies and {shadow} in shadow, version {version} of {source}, loaded {age} s \
         ago"
    );
    Check {
        name: "policies".to_owned(),
        ok: refused.is_none(),
        required: false,
        code: Some(if refused.is_none() {
            "current"
        } else {
            "refused"
        }),
        detail: match refused {
            None => detail,
            Some(faults) => format!("{detail}; since then {}", places(faults)),
        },
    }
}

/// How much is wrong, and where it begins. What it is may name callers and machines, which
/// nobody is shown here.
fn places(faults: &Faults) -> String {
    let count = faults.errors.len();
    let first = faults.errors.first().map(Fault::whereabouts);
    format!(
        "there are others with {count} faults, the first at {}; the log and mi-gateway policy \
         check say what they are",
        first.unwrap_or_default()
    )
}

/// Nor does whoever renews a certificate too late or wrongly: callers are told by the
/// certificate itself.
pub(super) fn certificate(standing: &certificates::Standing) -> Check {
    let expires = Timestamp::try_from(standing.expires).unwrap_or(Timestamp::MAX);
    let is_expired = standing.expires <= SystemTime::now();
    let code = match standing.refused {
        Some(_) => "refused",
        None if is_expired => "expired",
        None => "current",
    };
    let shown = format!("the certificate that is shown expires at {expires}");
    Check {
        name: "certificate".to_owned(),
        ok: code == "current",
        required: false,
        code: Some(code),
        detail: match &standing.refused {
            None => shown,
            Some(fault) => format!("{shown}; since then {fault}"),
        },
    }
}
