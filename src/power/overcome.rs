//! What refused somebody else's order, and need not refuse this caller's, who joined it.

use super::{Error, Obstacle, Precedence};
use crate::{audit::Unavailable, azure, http};

/// Whether what refused somebody else's order is no obstacle to this caller's.
pub(super) fn is_overcome(error: &Error, precedence: Precedence) -> bool {
    let is_theirs = matches!(error, Error::Denied(..) | Error::Hidden(..));
    let is_yielding = matches!(
        error,
        Error::Obstacle(_, Obstacle::Changing(_) | Obstacle::Updating)
    );
    is_theirs || (is_yielding && precedence == Precedence::Supersede)
}

/// Whether whoever gives the order was short of time, or of a turn at Azure for the look or the
/// order itself, before anything was sent: who joined them may be short of neither.
pub(super) fn is_short(error: &Error) -> bool {
    match error {
        Error::Late | Error::Unaudited(Unavailable::Late) => true,
        Error::Unseen(source) => is_without_a_turn(source) || source.is_late(),
        Error::Refused(_, source) => is_without_a_turn(source),
        Error::Lost(..)
        | Error::Crowded
        | Error::Busy(_)
        | Error::Protected(..)
        | Error::Denied(..)
        | Error::Hidden(..)
        | Error::TooMany(..)
        | Error::Obstacle(..)
        | Error::Waiting(_)
        | Error::Held
        | Error::NoSuchOperation
        | Error::Inventory(_)
        | Error::Unaudited(_)
        | Error::GivenUp(..)
        | Error::Unfinished(_) => false,
    }
}

fn is_without_a_turn(error: &azure::Error) -> bool {
    matches!(error.exchange(), Some(http::Error::Busy(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        azure::{Action, VmName},
        policy::{self, Denial},
    };

    #[test]
    fn what_is_denied_to_somebody_else_is_decided_anew_for_who_joined() {
        let name: VmName = "web-01".parse().unwrap();
        let denial = Denial {
            action: policy::Action::Order(Action::Restart),
            reason: policy::Reason::TagsUnknown,
            shadow: policy::Shadow::Same,
        };
        let denied = Error::Denied(name.clone(), denial);
        assert!(is_overcome(&denied, Precedence::Wait));
        let charged = Error::Obstacle(name, Obstacle::WouldBeCharged);
        assert!(!is_overcome(&charged, Precedence::Supersede));
    }
}
