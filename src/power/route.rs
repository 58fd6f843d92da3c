//! Which power states an action leads to, and which it goes through.

use crate::azure::{Action, PowerState};

/// Where `action` leads; `None` where the power state does not tell.
pub(super) fn target(action: Action) -> Option<PowerState> {
    match action {
        Action::Deallocate | Action::Hibernate => Some(PowerState::Deallocated),
        Action::Start | Action::Restart | Action::Redeploy => Some(PowerState::Running),
        Action::PowerOff => Some(PowerState::Stopped),
        Action::Reapply | Action::Update => None,
    }
}

/// Whether `state` is on the way of another action and not of `action`.
pub(super) fn is_contrary(action: Action, state: PowerState) -> bool {
    match action {
        Action::Deallocate | Action::Hibernate | Action::PowerOff => {
            matches!(state, PowerState::Starting | PowerState::Creating)
        }
        Action::Start => matches!(state, PowerState::Deallocating | PowerState::Stopping),
        Action::Restart | Action::Redeploy | Action::Reapply | Action::Update => false,
    }
}

/// Whether `action` goes through `state`. A guest that shuts down slowly is
/// stopping for long while no change is shown.
pub(super) fn is_on_the_way(action: Action, state: PowerState) -> bool {
    matches!(
        (action, state),
        (
            Action::Deallocate | Action::Hibernate,
            PowerState::Deallocating
        ) | (Action::Start, PowerState::Starting)
            | (Action::PowerOff, PowerState::Stopping)
    )
}
