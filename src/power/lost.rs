//! What was sent, and had no answer: a look at the machine tells what became of it.

use std::{rc::Rc, time::Duration};

use actix_web::rt::time;

use super::{
    Error, Operation, OperationId, Power, follow::POLL, operations::Teller, schedule::Schedule,
    send::Sending, verdict::unknown,
};
use crate::{
    audit::Conclusion,
    azure::{self, Change, LastChange, Submitted, VirtualMachine, VirtualMachineId},
    http::{Context, Deadline},
};

impl Power {
    /// What became of what is `sending`, as far as it is known in the caller's time. That is
    /// over as a rule, where no answer came: the look goes on without them, and so does the
    /// operation that it finds.
    pub(super) async fn looked_for(
        self: Rc<Self>,
        sending: Box<Sending>,
        error: azure::Error,
        teller: Teller,
        context: Context,
    ) -> Result<Operation, Error> {
        let (patience, tasks) = (context.deadline.remaining(), self.tasks.clone());
        let id = sending.operation.id.clone();
        teller.look_for(id.clone());
        let lost = Error::Lost(id, error.clone());
        let look = tasks.finish(self.found(sending, error, teller, context));
        match time::timeout(patience, look).await {
            Ok(Ok(found)) => found,
            Ok(Err(_)) | Err(_) => Err(lost),
        }
    }

    /// What the look for the operation `id` has found, within `patience`; nothing where none
    /// is under way, or it does not show.
    pub(crate) async fn found_meanwhile(
        &self,
        id: &OperationId,
        patience: Duration,
    ) -> Option<Operation> {
        let mut watcher = self.operations.watcher(id)?;
        let found = time::timeout(patience, watcher.sent()).await.ok()?.ok()?;
        // What nobody tells is there to be asked for.
        (watcher.is_told() || !found.is_running()).then_some(found)
    }

    /// Its operation, if the machine shows it. It is not sent again: a restart would happen
    /// twice.
    async fn found(
        self: Rc<Self>,
        sending: Box<Sending>,
        error: azure::Error,
        teller: Teller,
        context: Context,
    ) -> Result<Operation, Error> {
        let (machine, change) = (&sending.operation.machine, sending.change.as_ref());
        let now = self.seen_since(machine, &context).await;
        let shown = now.and_then(|now| shown(change, &sending.seen, &now));
        if let Some(submitted) = shown {
            return Ok(self.go_on(sending.begun(submitted), teller, &context));
        }
        let lost = Error::Lost(sending.operation.id.clone(), error.clone());
        teller.lose(self.written_off(*sending, &error), lost.clone());
        Err(lost)
    }

    /// The operation that was `sending`, of which nothing shows but this `error`: how it ended is
    /// written down, and counted, as not known. A later look may know, and counts nothing.
    fn written_off(&self, sending: Sending, error: &azure::Error) -> Operation {
        let Sending {
            operation, pending, ..
        } = sending;
        let mut ended = operation.clone();
        let status = unknown("NotAnswered", "the order had no answer, and does not show");
        ended.end(status, ended.now());
        self.record(&ended);
        pending.refused(Conclusion::Unknown, error);
        operation
    }

    /// `machine` as a look shows it. One that fails says nothing of what was sent: there are
    /// others in the time of one, as after polls that fail, unless the gateway drains.
    async fn seen_since(
        &self,
        machine: &VirtualMachineId,
        context: &Context,
    ) -> Option<VirtualMachine> {
        let look = Context {
            deadline: Deadline::after(POLL),
            ..context.clone()
        };
        let mut schedule = Schedule::default();
        loop {
            let error = match self.arm.virtual_machine(machine, &look).await {
                Ok(now) => return Some(now),
                Err(error) if error.is_passing() => error,
                Err(_) => return None,
            };
            let refusal = error.refusal();
            schedule.failed(refusal.and_then(|refusal| refusal.retry_after));
            let pause = schedule.pause();
            if pause >= look.deadline.remaining() {
                return None;
            }
            self.tasks.unless_drained(time::sleep(pause)).await?;
        }
    }
}

/// What Azure has made of an order, or of `change`, if the machine shows that it was taken.
fn shown(
    change: Option<&Change>,
    before: &VirtualMachine,
    now: &VirtualMachine,
) -> Option<Submitted> {
    let has_moved = has_moved(before, now);
    let Some(change) = change else {
        return has_moved.then_some(Submitted::Untold);
    };
    // What somebody else does to a machine moves it too.
    if change.is_made(before) || !change.is_made(now) {
        return None;
    }
    // Tags may move nothing, and then there is no more to see.
    Some(if has_moved || change.resizes(before) {
        Submitted::Untold
    } else {
        Submitted::Done
    })
}

/// Whether an order shows: what was under way before would show all the same.
fn has_moved(before: &VirtualMachine, now: &VirtualMachine) -> bool {
    let was_settled = before.last_change() != LastChange::UnderWay;
    let is_changing = now.last_change() == LastChange::UnderWay;
    let differs =
        now.changed_at() != before.changed_at() || now.power_state() != before.power_state();
    was_settled && (is_changing || differs)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const BEFORE: &str = "2026-11-25T09:00:00Z";
    const SINCE: &str = "2026-11-25T10:00:00Z";

    /// A machine of `size`, and how its last change went.
    fn machine(size: &str, provisioning: &str, changed: &str) -> VirtualMachine {
        let body = format!(
            r#"{{"id":"i","name":"n","location":"l","properties":{{
                "hardwareProfile":{{"vmSize":"{size}"}},"instanceView":{{"statuses":[
                {{"code":"ProvisioningState/{provisioning}","time":"{changed}"}}]}}}}}}"#
        );
        serde_json::from_str(&body).unwrap()
    }

    /// What is shown of `change` of a machine of size `from`.
    fn told_of(change: &Change, from: &str, now: &VirtualMachine) -> Option<&'static str> {
        let before = machine(from, "succeeded", BEFORE);
        shown(Some(change), &before, now).map(|shown| match shown {
            Submitted::Done => "done",
            Submitted::Untold => "to be seen",
            Submitted::Running(_) => "told",
        })
    }

    /// The same of a change to size `b`.
    fn told(from: &str, now: &VirtualMachine) -> Option<&'static str> {
        let change = Change::new(None, Some("b".parse().unwrap())).unwrap();
        told_of(&change, from, now)
    }

    /// A size that is written down is not one that there is yet.
    #[test]
    fn a_change_of_size_shows_where_the_machine_is_to_have_it() {
        for (provisioning, changed) in [
            ("succeeded", BEFORE),
            ("updating", BEFORE),
            ("succeeded", SINCE),
            ("failed", SINCE),
        ] {
            let moved = machine("B", provisioning, changed);
            assert_eq!(told("a", &moved), Some("to be seen"), "{provisioning}");
        }
    }

    #[test]
    fn tags_that_move_nothing_are_there_at_once() {
        let tags = BTreeMap::from([("env".to_owned(), "test".to_owned())]);
        let change = Change::new(Some(tags.try_into().unwrap()), None).unwrap();
        let tagged = r#"{"id":"i","name":"n","location":"l","tags":{"env":"test"},"properties":
            {"instanceView":{"statuses":[
            {"code":"ProvisioningState/succeeded","time":"2026-11-25T09:00:00Z"}]}}}"#;
        let tagged = serde_json::from_str(tagged).unwrap();
        assert_eq!(told_of(&change, "a", &tagged), Some("done"));
    }

    /// A size that it has already moves nothing.
    #[test]
    fn tags_beside_the_size_that_there_is_are_there_at_once() {
        let tags = BTreeMap::from([("env".to_owned(), "test".to_owned())]);
        let tags = Some(tags.try_into().unwrap());
        let tagged = |size: &str| {
            let body = format!(
                r#"{{"id":"i","name":"n","location":"l","tags":{{"env":"test"}},"properties":{{
                    "hardwareProfile":{{"vmSize":"{size}"}},"instanceView":{{"statuses":[
                    {{"code":"ProvisioningState/succeeded","time":"{BEFORE}"}}]}}}}}}"#
            );
            serde_json::from_str(&body).unwrap()
        };
        let change = Change::new(tags, Some("b".parse().unwrap())).unwrap();
        assert_eq!(told_of(&change, "B", &tagged("b")), Some("done"));
        assert_eq!(told_of(&change, "a", &tagged("b")), Some("to be seen"));
    }

    #[test]
    fn what_was_so_before_shows_no_change() {
        for changed in [BEFORE, SINCE] {
            assert_eq!(told("b", &machine("b", "succeeded", changed)), None);
        }
    }

    #[test]
    fn what_somebody_else_does_to_the_machine_shows_no_change() {
        for provisioning in ["succeeded", "updating", "failed"] {
            assert_eq!(told("a", &machine("a", provisioning, SINCE)), None);
        }
    }
}
