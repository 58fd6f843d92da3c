//! What an order comes to, given the machine as it is.

use crate::azure::{Action, LastChange, Manner, Memory, Order, PowerState, VirtualMachine};

/// What becomes of an order that nothing is in the way of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    /// It is sent.
    Send,
    /// Nothing is sent: the machine is so already.
    AlreadySo,
    /// Nothing is sent: the machine is hibernated, which it would not be any more, and the
    /// order does not say that its memory may go.
    Hibernated,
    /// Nothing is sent: Azure is doing it, though not on an order that is known here.
    UnderWay,
}

impl Intent {
    /// The same where `other` runs here and is overtaken, which may not show yet: the
    /// machine would be thought to be where it is about to leave. A memory that is kept
    /// stays all the same where `other` does not take it.
    pub(super) const fn over(self, other: Action) -> Self {
        match (self, other) {
            (Self::Hibernated, Action::Hibernate | Action::Reapply | Action::Update) => self,
            (Self::Send | Self::AlreadySo | Self::Hibernated | Self::UnderWay, _) => Self::Send,
        }
    }
}

/// Why an order is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// The machine is on its way to another state. A newer order would take
    /// precedence, if that is wanted.
    Changing(PowerState),
    /// Something is done to the machine that its power state does not tell, such as a
    /// restart that somebody else has ordered, or a change of size. The same goes for it.
    Updating,
    /// The size of what is hibernated does not change.
    ///
    /// Source: "Hibernating virtual machines", frequently asked questions.
    Hibernated,
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
pub(super) fn plan(
    order: Order,
    machine: &VirtualMachine,
    precedence: Precedence,
) -> Result<Intent, Obstacle> {
    let state = machine.power_state();
    if is_so(order.action, machine) {
        let is_asleep = order.action == Action::Deallocate && machine.is_hibernated();
        return Ok(match order.memory {
            Memory::Discarded if is_asleep => Intent::Send,
            Memory::Kept if is_asleep => Intent::Hibernated,
            Memory::Discarded | Memory::Kept => Intent::AlreadySo,
        });
    }
    if order.action == Action::PowerOff && state == PowerState::Deallocated {
        return Err(Obstacle::WouldBeCharged);
    }
    if leads_to(state) == Some(order.action) && order == Order::graceful(order.action) {
        return Ok(Intent::UnderWay);
    }
    let in_the_way = changing(machine).filter(|_| is_against(order, machine));
    match in_the_way.filter(|_| precedence == Precedence::Wait) {
        Some(obstacle) => Err(obstacle),
        None => Ok(Intent::Send),
    }
}

/// What is done to `machine`, and would be ended by whatever else is ordered.
pub(super) fn changing(machine: &VirtualMachine) -> Option<Obstacle> {
    match machine.power_state() {
        state @ (PowerState::Creating
        | PowerState::Starting
        | PowerState::Stopping
        | PowerState::Deallocating) => Some(Obstacle::Changing(state)),
        PowerState::Running
        | PowerState::Stopped
        | PowerState::Deallocated
        | PowerState::Unknown => {
            let is_under_way = machine.last_change() == LastChange::UnderWay;
            is_under_way.then_some(Obstacle::Updating)
        }
    }
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

/// Whether `order` would preempt what `machine` is going through. What somebody has
/// ordered is preempted by everything but the same, which may be meant to use force; a
/// guest that shuts down by itself, by what leads elsewhere. What is deallocating may be
/// about to hibernate, which its state does not tell: what would have no memory kept is
/// against it.
fn is_against(order: Order, machine: &VirtualMachine) -> bool {
    let (action, state) = (order.action, machine.power_state());
    if state == PowerState::Deallocating && may_lose_memory(order, machine) {
        return true;
    }
    if machine.last_change() == LastChange::UnderWay {
        return leads_to(state) != Some(action);
    }
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

/// Whether `order`, amid a hibernation of `machine`, would have no memory kept of it. Force
/// frees what is stuck, and is in the way of nothing where the machine cannot hibernate.
fn may_lose_memory(order: Order, machine: &VirtualMachine) -> bool {
    match (order.manner, order.memory) {
        (Manner::Graceful, memory) => memory == Memory::Discarded,
        (Manner::Forced, Memory::Kept | Memory::Discarded) => {
            order.action == Action::Deallocate && machine.can_hibernate()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(power: &str, provisioning: &str) -> VirtualMachine {
        machine_with("", power, provisioning)
    }

    fn machine_with(property: &str, power: &str, provisioning: &str) -> VirtualMachine {
        let body = format!(
            r#"{{"id":"i","name":"n","location":"l","properties":{{{property}"instanceView":{{"statuses":[
                {{"code":"ProvisioningState/{provisioning}"}},{{"code":"PowerState/{power}"}}]}}}}}}"#
        );
        serde_json::from_str(&body).unwrap()
    }

    fn planned(action: Action, power: &str) -> Result<Intent, Obstacle> {
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
            assert_eq!(planned(action, power), Ok(Intent::AlreadySo), "{action:?}");
        }
    }

    #[test]
    fn a_memory_is_kept_unless_the_order_says_otherwise() {
        let statuses = r#"succeeded"},{"code":"HibernationState/Hibernated"#;
        let asleep = machine("deallocated", statuses);
        let planned = |order| plan(order, &asleep, Precedence::Supersede);
        for order in [
            Order::graceful(Action::Deallocate),
            Order::forced(Action::Deallocate),
        ] {
            assert_eq!(planned(order), Ok(Intent::Hibernated));
            assert_eq!(planned(order.discarding()), Ok(Intent::Send));
        }
        let hibernate = Order::graceful(Action::Hibernate);
        assert_eq!(planned(hibernate), Ok(Intent::AlreadySo));
    }

    #[test]
    fn stopped_is_charged_and_therefore_deallocated_all_the_same() {
        assert_eq!(planned(Action::Deallocate, "stopped"), Ok(Intent::Send));
    }

    #[test]
    fn a_machine_that_is_being_changed_is_not_taken_for_settled() {
        let order = Order::graceful(Action::Start);
        let changing = machine("running", "updating");
        let planned = plan(order, &changing, Precedence::Supersede);
        assert_eq!(planned, Ok(Intent::Send));
    }

    #[test]
    fn what_the_power_state_does_not_tell_is_not_overtaken_either_unless_told() {
        let refused = Err(Obstacle::Updating);
        for power in ["running", "stopped", "deallocated", "unknown"] {
            let changing = machine(power, "updating");
            for order in [
                Order::graceful(Action::Restart),
                Order::graceful(Action::Deallocate),
                Order::forced(Action::Deallocate),
            ] {
                let planned = |precedence| plan(order, &changing, precedence);
                assert_eq!(planned(Precedence::Wait), refused, "{power} {order:?}");
                assert_eq!(planned(Precedence::Supersede), Ok(Intent::Send), "{power}");
            }
        }
    }

    #[test]
    fn what_azure_is_doing_is_not_ordered_again_unless_by_force() {
        assert_eq!(
            planned(Action::Deallocate, "deallocating"),
            Ok(Intent::UnderWay)
        );
        assert_eq!(planned(Action::Start, "starting"), Ok(Intent::UnderWay));
        let force = Order::forced(Action::Deallocate);
        let stuck = machine("deallocating", "updating");
        assert_eq!(plan(force, &stuck, Precedence::Wait), Ok(Intent::Send));
    }

    #[test]
    fn what_gives_up_a_memory_does_not_overtake_what_may_keep_one_unless_told() {
        let order = Order::graceful(Action::Deallocate).discarding();
        let refused = Err(Obstacle::Changing(PowerState::Deallocating));
        for provisioning in ["updating", "succeeded"] {
            let leaving = machine("deallocating", provisioning);
            let planned = |precedence| plan(order, &leaving, precedence);
            assert_eq!(planned(Precedence::Wait), refused, "{provisioning}");
            assert_eq!(planned(Precedence::Supersede), Ok(Intent::Send));
        }
    }

    #[test]
    fn force_does_not_overtake_what_may_keep_a_memory_unless_told() {
        let capable = r#""additionalCapabilities":{"hibernationEnabled":true},"#;
        let force = Order::forced(Action::Deallocate);
        let refused = Err(Obstacle::Changing(PowerState::Deallocating));
        for provisioning in ["updating", "succeeded"] {
            let leaving = machine_with(capable, "deallocating", provisioning);
            for order in [force, force.discarding()] {
                let planned = |precedence| plan(order, &leaving, precedence);
                assert_eq!(planned(Precedence::Wait), refused, "{provisioning}");
                assert_eq!(planned(Precedence::Supersede), Ok(Intent::Send));
            }
        }
        let running = machine_with(capable, "running", "succeeded");
        let planned = plan(force, &running, Precedence::Wait);
        assert_eq!(planned, Ok(Intent::Send));
    }

    #[test]
    fn a_start_does_not_overtake_a_deallocation_nor_the_reverse_unless_told() {
        for (action, power, state) in [
            (Action::Start, "deallocating", PowerState::Deallocating),
            (Action::Deallocate, "starting", PowerState::Starting),
            (Action::Restart, "stopping", PowerState::Stopping),
        ] {
            let refused = Err(Obstacle::Changing(state));
            assert_eq!(planned(action, power), refused, "{action:?}");
            let order = Order::graceful(action);
            let told = plan(order, &machine(power, "updating"), Precedence::Supersede);
            assert_eq!(told, Ok(Intent::Send), "{action:?}");
        }
    }

    #[test]
    fn a_guest_that_shuts_down_is_in_nobodys_way_and_whoever_powers_it_off_is() {
        let order = Order::graceful(Action::Deallocate);
        let planned = |seen| plan(order, &seen, Precedence::Wait);
        assert_eq!(planned(machine("stopping", "succeeded")), Ok(Intent::Send));
        let refused = Err(Obstacle::Changing(PowerState::Stopping));
        assert_eq!(planned(machine("stopping", "updating")), refused);
    }

    #[test]
    fn powering_off_never_makes_a_deallocated_machine_cost_money() {
        let refused = Err(Obstacle::WouldBeCharged);
        assert_eq!(planned(Action::PowerOff, "deallocated"), refused);
    }

    #[test]
    fn a_restart_is_always_an_order() {
        assert_eq!(planned(Action::Restart, "running"), Ok(Intent::Send));
        assert_eq!(planned(Action::Redeploy, "running"), Ok(Intent::Send));
    }
}
