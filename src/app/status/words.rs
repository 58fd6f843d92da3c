//! Times as a person says them.

use std::time::Duration;

use jiff::Timestamp;

/// A time of which the two largest units are enough.
pub(super) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        (_, _, _) => format!("{days} d {} h", hours % 24),
    }
}

/// How far off `moment` is.
pub(super) fn until(moment: Timestamp, now: Timestamp) -> String {
    match Duration::try_from(moment.duration_since(now)) {
        Ok(left) => format!("in {}", span(left)),
        Err(_) => "past".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_its_two_largest_units() {
        for (seconds, words) in [
            (0, "0 s"),
            (59, "59 s"),
            (61, "1 min 1 s"),
            (3_599, "59 min 59 s"),
            (86_399, "23 h 59 min"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn what_is_past_is_not_to_come() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(until(at(100), at(40)), "in 1 min 0 s");
        assert_eq!(until(at(40), at(100)), "past");
    }
}
