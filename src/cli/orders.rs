//! Orders for virtual machines.

use super::{
    Exit, Failure, Outcome, Session,
    arguments::{Manner, OwnOrder, VmOrder},
    awaited::Awaited,
    exit::{remark, spelt},
    machines::{about, own},
    output::{self, Form},
    progress::{confirm, is_attended},
    signals::Signals,
};
use crate::{
    api::{OperationBody, RehearsalBody},
    azure::{Action, Order, explanation},
    power::{Operation, Status, Target},
};

const ASK: &str = "nobody is there to be asked whether to deallocate the machine that this runs \
                   on: say --yes";

/// `vm start` and its like.
pub(super) async fn order(order: VmOrder) -> Outcome {
    let (order, ordered) = order.parts()?;
    let (target, manner) = ordered.parts();
    let session = Session::open()?;
    session.scopes().await?;
    given(&session, order, &target, &manner).await
}

/// `self deallocate`
pub(super) async fn deallocate_own(asked: OwnOrder) -> Outcome {
    let OwnOrder { yes, manner } = asked;
    let is_asked = !yes && !manner.dry_run;
    if is_asked && !is_attended() {
        return Err(Failure::Usage(ASK.to_owned()));
    }
    let session = Session::on_own_machine()?;
    let target = own(&session).await?;
    if is_asked {
        confirm(&format!("Deallocate {}, on which this runs?", target.name))?;
    }
    let order = Order::graceful(Action::Deallocate);
    given(&session, order, &target, &manner).await
}

async fn given(session: &Session, order: Order, target: &Target, manner: &Manner) -> Outcome {
    let (power, precedence) = (&session.worker.power, manner.precedence());
    let (context, form) = (session.context(), Form::wanted(manner.form.form));
    let requester = session.requester();
    if manner.dry_run {
        let rehearsed = power
            .rehearse(order, target, precedence, &requester, &context)
            .await;
        let rehearsal = rehearsed.map_err(|error| about(target, error))?;
        return rehearsal_told(&RehearsalBody::new(order, &rehearsal), form);
    }
    // What is sent is written down to its end, so that no signal comes in between.
    let signals = Signals::listen().map_err(Failure::Signals)?;
    let ordered = power.order(order, target, precedence, &requester, &context);
    let ordered = ordered.await;
    let awaited = Awaited::of(ordered).map_err(|error| about(target, error))?;
    if manner.wait {
        awaited.out(session, target, signals, form).await
    } else {
        awaited.left(session, target, (None, signals), form).await
    }
}

pub(super) fn told(operation: &Operation, form: Form) -> Outcome {
    let written = match form {
        Form::Json => output::json(&OperationBody::new(operation)),
        Form::Text => output::write(format!("{}\n", spelt(&sentence(operation))).as_bytes()),
    };
    let exit = match operation.status {
        Status::InProgress | Status::Succeeded => Exit::Done,
        Status::Failed(_) | Status::Canceled(_) | Status::Superseded(_) | Status::Unknown(_) => {
            Exit::Failed
        }
    };
    if matches!(written, Err(Failure::Output(_))) {
        // Azure has the order all the same.
        remark(&spelt(&sentence(operation)));
    }
    output::kept(written, exit)
}

pub(super) fn under_way(operation: &Operation) -> String {
    let action = operation.action().participle();
    format!("{} is being {action}", operation.machine.name)
}

fn sentence(operation: &Operation) -> String {
    if let Some(message) = operation.message() {
        return message;
    }
    let (name, action) = (&operation.machine.name, operation.action().participle());
    let took = operation.took().as_secs();
    match &operation.status {
        Status::InProgress => format!("{}: {}", under_way(operation), operation.id),
        Status::Succeeded => format!("{name} was {action}, in {took} s"),
        Status::Failed(fault)
        | Status::Canceled(fault)
        | Status::Superseded(fault)
        | Status::Unknown(fault) => {
            let (status, code) = (operation.status.label(), &fault.code);
            let why = explanation(code).unwrap_or(&fault.message);
            format!("{name} was to be {action}: {status} after {took} s, {code}: {why}")
        }
    }
}

fn rehearsal_told(rehearsal: &RehearsalBody, form: Form) -> Outcome {
    match form {
        Form::Text => output::write(format!("{}\n", spelt(rehearsal.message())).as_bytes())?,
        Form::Json => output::json(rehearsal)?,
    }
    Ok(Exit::Done)
}
