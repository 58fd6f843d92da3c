//! What an order comes to, given the machine as it is.

use crate::azure::{Action, LastChange, Order, PowerState, VirtualMachine};

/// What is to be done about an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Send it.
    Send,
    /// Nothing: the machine is so already.
    AlreadySo,
    /// Nothing: Azure is doing it, though not on an order that is known here.
    UnderWay,
    /// Nothing, for a reason.
    Refuse(Obstacle),
}

/// Why an order is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// The machine is on its way to another state. A newer order would take
    /// precedence, if that is wanted.
    Changing(PowerState),
    /// Powering off what is deallocated would take hardware again, and be
    /// charged.
    ///
    /// Source: MicrosoftDocs/azure-docs#97927.
    WouldBeCharged,
}

/// What to do about an order while the machine changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precedence {
    /// Leave what is under way alone.
    Wait,
    /// Let the order overtake it.
    Supersede,
}

/// Looks at `machine` before `order` is sent.
pub(super) fn plan(order: Order, machine: &VirtualMachine, precedence: Precedence) -> Plan {
    let state = machine.power_state();
    if is_so(order.action, machine) {
        return Plan::AlreadySo;
    }
    if order.action == Action::PowerOff && state == PowerState::Deallocated {
        return Plan::Refuse(Obstacle::WouldBeCharged);
    }
    if leads_to(state) == Some(order.action) && order == Order::graceful(order.action) {
        return Plan::UnderWay;
    }
    if precedence == Precedence::Wait && is_against(order.action, state) {
        return Plan::Refuse(Obstacle::Changing(state));
    }
    Plan::Send
}

/// Whether the machine is where `action` leads. `stopped` is charged, so it is
/// no substitute for `deallocated`; and what is still changing is nowhere yet.
fn is_so(action: Action, machine: &VirtualMachine) -> bool {
    if machine.last_change() == LastChange::UnderWay {
        return false;
    }
    match (action, machine.power_state()) {
        (Action::Deallocate, PowerState::Deallocated)
        | (Action::Start, PowerState::Running)
        | (Action::PowerOff, PowerState::Stopped) => true,
        (Action::Hibernate, PowerState::Deallocated) => machine.is_hibernated(),
        _ => false,
    }
}

/// The action that a machine in `state` is going through.
fn leads_to(state: PowerState) -> Option<Action> {
    match state {
        PowerState::Deallocating => Some(Action::Deallocate),
        PowerState::Starting => Some(Action::Start),
        // A guest that shuts down by itself shows it too, and ends stopped.
        PowerState::Stopping => Some(Action::PowerOff),
        PowerState::Creating
        | PowerState::Running
        | PowerState::Stopped
        | PowerState::Deallocated
        | PowerState::Unknown => None,
    }
}

/// Whether `action` would preempt what a machine in `state` is going through.
fn is_against(action: Action, state: PowerState) -> bool {
    match state {
        PowerState::Starting | PowerState::Creating => {
            !matches!(action, Action::Start | Action::Reapply | Action::Update)
        }
        PowerState::Deallocating => !matches!(action, Action::Deallocate | Action::Hibernate),
        PowerState::Stopping => !matches!(
            action,
            Action::PowerOff | Action::Deallocate | Action::Hibernate
        ),
        PowerState::Running
        | PowerState::Stopped
        | PowerState::Deallocated
        | PowerState::Unknown => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(power: &str, provisioning: &str) -> VirtualMachine {
        let body = format!(
            r#"{{"id":"i","name":"n","location":"l","properties":{{"instanceView":{{"statuses":[
                {{"code":"ProvisioningState/{provisioning}"}},{{"code":"PowerState/{power}"}}]}}}}}}"#
        );
        serde_json::from_str(&body).unwrap()
    }

    fn planned(action: Action, power: &str) -> Plan {
        let order = Order::graceful(action);
        plan(order, &machine(power, "succeeded"), Precedence::Wait)
    }

    #[test]
    fn what_is_so_already_is_not_ordered() {
        for (action, power) in [
            (Action::Deallocate, "deallocated"),
            (Action::Start, "running"),
            (Action::PowerOff, "stopped"),
        ] {
            assert_eq!(planned(action, power), Plan::AlreadySo, "{action:?}");
        }
    }

    #[test]
    fn stopped_is_charged_and_therefore_deallocated_all_the_same() {
        assert_eq!(planned(Action::Deallocate, "stopped"), Plan::Send);
    }

    #[test]
    fn a_machine_that_is_being_changed_is_not_taken_for_settled() {
        let order = Order::graceful(Action::Start);
        let changing = machine("running", "updating");
        assert_eq!(plan(order, &changing, Precedence::Wait), Plan::Send);
    }

    #[test]
    fn what_azure_is_doing_is_not_ordered_again_unless_by_force() {
        assert_eq!(planned(Action::Deallocate, "deallocating"), Plan::UnderWay);
        assert_eq!(planned(Action::Start, "starting"), Plan::UnderWay);
        let force = Order::forced(Action::Deallocate);
        let stuck = machine("deallocating", "updating");
        assert_eq!(plan(force, &stuck, Precedence::Wait), Plan::Send);
    }

    #[test]
    fn a_start_does_not_overtake_a_deallocation_nor_the_reverse_unless_told() {
        for (action, power, state) in [
            (Action::Start, "deallocating", PowerState::Deallocating),
            (Action::Deallocate, "starting", PowerState::Starting),
            (Action::Restart, "stopping", PowerState::Stopping),
        ] {
            let refused = Plan::Refuse(Obstacle::Changing(state));
            assert_eq!(planned(action, power), refused, "{action:?}");
            let order = Order::graceful(action);
            let told = plan(order, &machine(power, "updating"), Precedence::Supersede);
            assert_eq!(told, Plan::Send, "{action:?}");
        }
    }

    #[test]
    fn powering_off_never_makes_a_deallocated_machine_cost_money() {
        let refused = Plan::Refuse(Obstacle::WouldBeCharged);
        assert_eq!(planned(Action::PowerOff, "deallocated"), refused);
    }

    #[test]
    fn a_restart_is_always_an_order() {
        assert_eq!(planned(Action::Restart, "running"), Plan::Send);
        assert_eq!(planned(Action::Redeploy, "running"), Plan::Send);
    }
}
