//! Whether this host's clock is Azure's: tokens are good between two times.

use std::time::Duration;

use super::{
    Check,
    reach::{Ahead, ClockOf},
};

const NAME: &str = "clock";

/// More than a slow answer and whole seconds make of two good clocks.
const NOTABLE: Duration = Duration::from_secs(30);

/// Entra ID and its clients bear with so much and no more.
///
/// Source: "Microsoft identity platform access tokens", the five minutes that
/// validation libraries allow for clock skew.
const BEARABLE: Duration = Duration::from_mins(5);

/// Judges the clock that is furthest off.
pub(super) fn check(clocks: &[ClockOf]) -> Check {
    let Some(worst) = clocks.iter().max_by_key(|clock| clock.ahead.size()) else {
        return Check::inapplicable(NAME, "nothing that answered says what time it is");
    };
    let size = worst.ahead.size();
    if size <= NOTABLE {
        return Check::ok(NAME, "this host's clock agrees with Azure's");
    }
    let way = match worst.ahead {
        Ahead::By(_) => "behind",
        Ahead::Behind(_) => "ahead of",
    };
    let detail = format!(
        "this host's clock is {} seconds {way} that of {}",
        size.as_secs(),
        worst.service
    );
    let check = if size > BEARABLE {
        Check::failed(NAME, "clock_off", detail)
    } else {
        Check::warning(NAME, "clock_off", detail)
    };
    check.mend("set the host's clock by a time server: timedatectl set-ntp true; timedatectl")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(ahead: Ahead) -> String {
        let clocks = [
            ClockOf {
                service: "Microsoft Graph",
                ahead: Ahead::By(Duration::ZERO),
            },
            ClockOf {
                service: "Resource Manager",
                ahead,
            },
        ];
        serde_json::to_string(&check(&clocks)).unwrap()
    }

    #[test]
    fn the_clock_that_is_furthest_off_decides() {
        for (seconds, verdict) in [
            (0, "ok"),
            (30, "ok"),
            (31, "warning"),
            (300, "warning"),
            (301, "failed"),
        ] {
            let size = Duration::from_secs(seconds);
            for ahead in [Ahead::By(size), Ahead::Behind(size)] {
                let text = text(ahead);
                assert!(
                    text.contains(&format!(r#""verdict":"{verdict}""#)),
                    "{text}"
                );
            }
        }
        let behind = text(Ahead::By(Duration::from_mins(10)));
        assert!(behind.contains("600 seconds behind that of Resource Manager"));
        let ahead = text(Ahead::Behind(Duration::from_mins(10)));
        assert!(ahead.contains("600 seconds ahead of that of Resource Manager"));
        assert!(
            serde_json::to_string(&check(&[]))
                .unwrap()
                .contains("skipped")
        );
    }
}
