//! How an operation went, judged by the machine alone.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    Operation, Status,
    route::{is_contrary, is_on_the_way, target},
    schedule::PATIENCE,
};
use crate::azure::{Action, LastChange, Memory, OperationFault, VirtualMachine};

/// An order that was taken shows within this time.
const VISIBLE_WITHIN: Duration = Duration::from_mins(2);

/// What is known of an operation besides the machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ordered {
    pub(super) action: Action,
    pub(super) memory: Memory,
    /// Not before the machine's last change, as it was seen before the order.
    pub(super) started_at: Timestamp,
}

impl Ordered {
    pub(super) fn of(operation: &Operation) -> Self {
        Self {
            action: operation.action(),
            memory: operation.id.memory(),
            started_at: operation.started_at,
        }
    }
}

/// What the look at `machine` says of the operation: that it runs, that it
/// succeeded, or that it cannot be known. A failure leaves no trace that could
/// not be somebody else's, so none is concluded.
pub(super) fn verdict(ordered: Ordered, machine: &VirtualMachine) -> Status {
    let is_changing = machine.last_change() == LastChange::UnderWay;
    let state = machine.power_state();
    match target(ordered.action) {
        Some(target) if target == state && !is_changing => arrived(ordered, machine),
        Some(_) if is_changing && !is_contrary(ordered.action, state) => Status::InProgress,
        None if is_changing => Status::InProgress,
        None => arrived(ordered, machine),
        Some(_) => elsewhere(ordered, machine),
    }
}

/// The machine is where the operation leads. One that came from elsewhere got
/// there by it; one that may have been there before has to show a change.
fn arrived(ordered: Ordered, machine: &VirtualMachine) -> Status {
    match ordered.action {
        Action::Hibernate if !machine.is_hibernated() => unknown(
            "NotHibernated",
            "the virtual machine is deallocated, but Azure does not show it as hibernated",
        ),
        Action::Deallocate if ordered.memory == Memory::Discarded && machine.is_hibernated() => {
            elsewhere(ordered, machine)
        }
        Action::Deallocate | Action::Hibernate | Action::Start | Action::PowerOff => {
            Status::Succeeded
        }
        Action::Restart | Action::Redeploy | Action::Reapply | Action::Update => {
            changed(ordered, machine)
        }
    }
}

/// The machine may have been there before. Only its last change has a time: one
/// of long after the order hides what came of that.
fn changed(ordered: Ordered, machine: &VirtualMachine) -> Status {
    if !has_changed_since(ordered, machine) {
        return not_seen(ordered, machine);
    }
    let latest = ordered.started_at.saturating_add(PATIENCE);
    let is_later = latest.is_ok_and(|latest| machine.changed_at() > Some(latest));
    match machine.last_change() {
        LastChange::Done if !is_later => Status::Succeeded,
        LastChange::Done => unknown(
            "Overtaken",
            "the virtual machine was changed long after the order, which hides what came of it",
        ),
        LastChange::UnderWay | LastChange::Doubtful => unknown(
            "ChangeFailed",
            "a change of the virtual machine failed since the order; whether it was this one is \
             not known",
        ),
    }
}

/// The machine is settled somewhere else, or goes somewhere else.
fn elsewhere(ordered: Ordered, machine: &VirtualMachine) -> Status {
    let state = machine.power_state();
    let is_contrary = is_contrary(ordered.action, state);
    // At first it may still show what the order has overtaken.
    let is_fresh = since(ordered, machine) < VISIBLE_WITHIN;
    if has_changed_since(ordered, machine) || (is_contrary && !is_fresh) {
        return unknown(
            "Overtaken",
            &format!(
                "the virtual machine is {} now: the order failed, or another one followed it",
                machine.state()
            ),
        );
    }
    if is_on_the_way(ordered.action, state) {
        return Status::InProgress;
    }
    not_seen(ordered, machine)
}

fn not_seen(ordered: Ordered, machine: &VirtualMachine) -> Status {
    if since(ordered, machine) < VISIBLE_WITHIN {
        return Status::InProgress;
    }
    unknown("NotSeen", "the virtual machine shows no trace of the order")
}

fn since(ordered: Ordered, machine: &VirtualMachine) -> Duration {
    Duration::try_from(machine.seen_at.duration_since(ordered.started_at)).unwrap_or_default()
}

fn has_changed_since(ordered: Ordered, machine: &VirtualMachine) -> bool {
    let changed = machine.changed_at();
    changed.is_some_and(|changed| changed > ordered.started_at)
}

/// The status of an operation whose end cannot be known, and why.
pub(super) fn unknown(code: &str, message: &str) -> Status {
    Status::Unknown(OperationFault {
        code: code.to_owned(),
        message: message.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STARTED: &str = "2026-11-25T10:00:00Z";
    const BEFORE: &str = "2026-11-25T09:00:00Z";
    const SINCE: &str = "2026-11-25T10:00:10Z";

    /// The label of the verdict on a machine some seconds after the order.
    fn judged(action: Action, statuses: &[&str], changed: &str, seconds: i64) -> &'static str {
        judged_of((action, Memory::Kept), statuses, changed, seconds)
    }

    fn judged_of(
        (action, memory): (Action, Memory),
        statuses: &[&str],
        changed: &str,
        seconds: i64,
    ) -> &'static str {
        let statuses: Vec<_> = statuses
            .iter()
            .map(|code| format!(r#"{{"code":"{code}","time":"{changed}"}}"#))
            .collect();
        let body = format!(
            r#"{{"id":"i","name":"n","location":"l",
                "properties":{{"instanceView":{{"statuses":[{}]}}}}}}"#,
            statuses.join(",")
        );
        let started_at: Timestamp = STARTED.parse().unwrap();
        let mut machine: VirtualMachine = serde_json::from_str(&body).unwrap();
        machine.seen_at = started_at + jiff::SignedDuration::from_secs(seconds);
        let ordered = Ordered {
            action,
            memory,
            started_at,
        };
        verdict(ordered, &machine).label()
    }

    const DONE: &str = "ProvisioningState/succeeded";
    const UPDATING: &str = "ProvisioningState/updating";
    const RUNNING: &str = "PowerState/running";
    const DEALLOCATED: &str = "PowerState/deallocated";

    #[test]
    fn a_machine_where_the_order_leads_tells_success() {
        let deallocated = judged(Action::Deallocate, &[DONE, DEALLOCATED], SINCE, 20);
        let started = judged(Action::Start, &[DONE, RUNNING], SINCE, 20);
        let off = judged(Action::PowerOff, &[DONE, "PowerState/stopped"], SINCE, 20);
        assert_eq!([deallocated, started, off], ["succeeded"; 3]);
    }

    #[test]
    fn a_machine_that_is_changing_tells_that_it_runs() {
        for (action, power) in [
            (Action::Deallocate, "PowerState/deallocating"),
            (Action::Deallocate, RUNNING),
            (Action::Start, "PowerState/starting"),
            (Action::Start, RUNNING),
            (Action::Restart, RUNNING),
            (Action::Reapply, RUNNING),
        ] {
            let status = judged(action, &[UPDATING, power], BEFORE, 600);
            assert_eq!(status, "in_progress", "{action:?} {power}");
        }
    }

    #[test]
    fn a_restart_has_succeeded_only_if_something_has_ended_since() {
        for action in [Action::Restart, Action::Redeploy, Action::Reapply] {
            let status = |changed, after| judged(action, &[DONE, RUNNING], changed, after);
            assert_eq!(status(SINCE, 20), "succeeded", "{action:?}");
            assert_eq!(status(BEFORE, 20), "in_progress", "{action:?}");
            assert_eq!(status(BEFORE, 600), "unknown", "{action:?}");
        }
        let failed = ["ProvisioningState/failed/InternalOperationError", RUNNING];
        assert_eq!(judged(Action::Restart, &failed, SINCE, 20), "unknown");
    }

    #[test]
    fn a_machine_elsewhere_is_no_proof_of_a_failure() {
        let still = judged(Action::Deallocate, &[DONE, RUNNING], BEFORE, 5);
        assert_eq!(still, "in_progress");
        for (changed, after) in [(SINCE, 20), (BEFORE, 600)] {
            let status = judged(Action::Deallocate, &[DONE, RUNNING], changed, after);
            assert_eq!(status, "unknown");
        }
    }

    #[test]
    fn a_machine_that_goes_elsewhere_may_at_first_show_what_was_overtaken() {
        let opposite = [UPDATING, "PowerState/starting"];
        let status = |after| judged(Action::Deallocate, &opposite, BEFORE, after);
        assert_eq!((status(5), status(600)), ("in_progress", "unknown"));
    }

    #[test]
    fn a_change_of_much_later_is_not_the_restart() {
        let (later, hours) = ("2026-11-25T15:00:00Z", 6 * 3_600);
        for action in [Action::Restart, Action::Redeploy, Action::Reapply] {
            let status = judged(action, &[DONE, RUNNING], later, hours);
            assert_eq!(status, "unknown", "{action:?}");
        }
    }

    #[test]
    fn what_comes_of_a_restart_shows_within_two_minutes_and_ends_within_two_hours() {
        let restart = |changed, after| judged(Action::Restart, &[DONE, RUNNING], changed, after);
        assert_eq!(restart(BEFORE, 110), "in_progress");
        assert_eq!(restart(BEFORE, 130), "unknown");
        assert_eq!(restart("2026-11-25T11:59:00Z", 6 * 3_600), "succeeded");
        assert_eq!(restart("2026-11-25T12:01:00Z", 6 * 3_600), "unknown");
    }

    #[test]
    fn a_machine_on_its_way_tells_that_it_runs_whatever_its_last_change() {
        for (action, power) in [
            (Action::PowerOff, "PowerState/stopping"),
            (Action::Start, "PowerState/starting"),
            (Action::Deallocate, "PowerState/deallocating"),
        ] {
            let status = judged(action, &[DONE, power], BEFORE, 600);
            assert_eq!(status, "in_progress", "{action:?}");
        }
    }

    #[test]
    fn a_memory_that_is_still_there_was_not_given_up() {
        let asleep = [DONE, DEALLOCATED, "HibernationState/Hibernated"];
        let judged = |memory, changed, after| {
            judged_of((Action::Deallocate, memory), &asleep, changed, after)
        };
        assert_eq!(judged(Memory::Kept, BEFORE, 20), "succeeded");
        assert_eq!(judged(Memory::Discarded, BEFORE, 20), "in_progress");
        assert_eq!(judged(Memory::Discarded, BEFORE, 600), "unknown");
        assert_eq!(judged(Memory::Discarded, SINCE, 20), "unknown");
        let awake = [DONE, DEALLOCATED];
        let ordered = (Action::Deallocate, Memory::Discarded);
        assert_eq!(judged_of(ordered, &awake, SINCE, 20), "succeeded");
    }

    #[test]
    fn deallocated_is_not_yet_hibernated() {
        let plain = [DONE, DEALLOCATED];
        assert_eq!(judged(Action::Hibernate, &plain, SINCE, 20), "unknown");
        let asleep = [DONE, DEALLOCATED, "HibernationState/Hibernated"];
        assert_eq!(judged(Action::Hibernate, &asleep, SINCE, 20), "succeeded");
    }
}
