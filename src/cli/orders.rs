//! Orders for virtual machines, and their end.

use std::time::{Duration, Instant};

use actix_web::rt::time;

use super::{
    Exit, Failure, Outcome, Session,
    arguments::{Manner, OwnOrder, VmOrder},
    machines::{about, own},
    output::{self, Form},
    progress::{Progress, confirm, is_attended},
    signals::Signals,
};
use crate::{
    api::{OperationBody, RehearsalBody},
    azure::{Action, Order, explanation},
    power::{self, Operation, OperationId, Status, Target},
    telemetry::inert,
};

/// How often the line that tells of it is renewed.
const BEAT: Duration = Duration::from_secs(1);

/// Who hears nothing of an operation for so long waits for it no longer.
const SILENCE: Duration = Duration::from_mins(2);

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
    let mut ordered = ordered.await;
    if let Err(power::Error::Lost(id, _)) = &ordered {
        match looked_for(session, id, manner).await {
            Some(operation) => ordered = Ok(operation),
            None => session.settle().await,
        }
    }
    let operation = ordered.map_err(|error| about(target, error))?;
    if manner.wait {
        return waited(session, operation, signals, form).await;
    }
    told(&operation, form)
}

/// The operation `id`, whose order had no answer, as its machine tells; nothing where that is
/// not waited for, or not told.
async fn looked_for(session: &Session, id: &OperationId, manner: &Manner) -> Option<Operation> {
    if !manner.wait {
        return None;
    }
    let (power, requester) = (&session.worker.power, session.requester());
    let context = session.patient();
    let told = power.operation_within(id, Duration::ZERO, &requester, &context);
    told.await.ok()
}

/// The operation at its end, or as it is when a signal breaks off the wait: that
/// leaves it to Azure.
async fn waited(
    session: &Session,
    mut operation: Operation,
    mut signals: Signals,
    form: Form,
) -> Outcome {
    let exit = tokio::select! {
        ended = ended(session, &mut operation) => {
            ended?;
            None
        }
        exit = signals.come() => Some(exit),
    };
    let outcome = told(&operation, form)?;
    Ok(exit.unwrap_or(outcome))
}

/// Follows the operation to its end. A look that fails says nothing of it, unless there are
/// no others.
async fn ended(session: &Session, operation: &mut Operation) -> Result<(), Failure> {
    let progress = Progress::begin();
    let under_way = under_way(operation);
    let mut told = Instant::now();
    while operation.is_running() {
        progress.show(&under_way, operation.took());
        let (power, requester) = (&session.worker.power, session.requester());
        let context = session.context();
        let seen = power.operation_within(&operation.id, BEAT, &requester, &context);
        match seen.await {
            Ok(seen) => (*operation, told) = (seen, Instant::now()),
            Err(power::Error::Azure(..)) if told.elapsed() < SILENCE => time::sleep(BEAT).await,
            Err(power::Error::Azure(_, error)) => {
                return Err(power::Error::Lost(operation.id.clone(), error).into());
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn told(operation: &Operation, form: Form) -> Outcome {
    let written = match form {
        Form::Json => output::json(&OperationBody::new(operation)),
        Form::Text => output::write(format!("{}\n", inert(&sentence(operation))).as_bytes()),
    };
    let exit = match operation.status {
        Status::InProgress | Status::Succeeded => Exit::Done,
        Status::Failed(_) | Status::Canceled(_) | Status::Superseded(_) | Status::Unknown(_) => {
            Exit::Failed
        }
    };
    output::kept(written, exit)
}

fn under_way(operation: &Operation) -> String {
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
        Form::Text => output::write(format!("{}\n", rehearsal.message()).as_bytes())?,
        Form::Json => output::json(rehearsal)?,
    }
    Ok(Exit::Done)
}
