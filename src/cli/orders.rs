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
    http::Context,
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
    let ordered = ordered.await;
    if manner.wait {
        let awaited = Awaited::of(ordered).map_err(|error| about(target, error))?;
        return waited(session, awaited, target, signals, form).await;
    }
    if let Err(power::Error::Lost(..)) = &ordered {
        session.settle().await;
    }
    let operation = ordered.map_err(|error| about(target, error))?;
    told(&operation, form)
}

/// An operation, and what was seen of it last; of one whose order had no answer, that.
struct Awaited {
    id: OperationId,
    seen: Result<Operation, power::Error>,
}

impl Awaited {
    fn of(ordered: Result<Operation, power::Error>) -> Result<Self, power::Error> {
        match ordered {
            Ok(operation) => Ok(Self {
                id: operation.id.clone(),
                seen: Ok(operation),
            }),
            Err(power::Error::Lost(id, error)) => Ok(Self {
                id: id.clone(),
                seen: Err(power::Error::Lost(id, error)),
            }),
            Err(error) => Err(error),
        }
    }

    fn has_ended(&self) -> bool {
        matches!(&self.seen, Ok(operation) if !operation.is_running())
    }

    /// Tells of it, `waited` for by now.
    fn show(&self, progress: &Progress, target: &Target, waited: Duration) {
        if let Ok(operation) = &self.seen {
            return progress.show(&under_way(operation), operation.took());
        }
        let action = self.id.action().participle();
        let what = format!("whether {} is being {action} is not known", target.name);
        progress.show(&what, waited);
    }

    /// What one look has, and how long it stays.
    fn patience(&self, session: &Session) -> (Context, Duration) {
        match self.seen {
            Ok(_) => (session.context(), BEAT),
            Err(_) => (session.patient(), Duration::ZERO),
        }
    }

    /// What is told of it when the last look gave `error`.
    fn given_up(&self, error: power::Error) -> Result<(), power::Error> {
        match (&self.seen, error) {
            (Err(_), _) => Ok(()),
            (Ok(_), power::Error::Azure(_, error)) => {
                Err(power::Error::Lost(self.id.clone(), error))
            }
            (Ok(_), error) => Err(error),
        }
    }
}

/// The operation at its end, or as it is when a signal breaks off the wait: that
/// leaves it to Azure.
async fn waited(
    session: &Session,
    mut awaited: Awaited,
    target: &Target,
    mut signals: Signals,
    form: Form,
) -> Outcome {
    let exit = tokio::select! {
        ended = ended(session, &mut awaited, target) => {
            ended?;
            None
        }
        exit = signals.come() => Some(exit),
    };
    if awaited.seen.is_err() {
        session.settle().await;
    }
    let operation = awaited.seen.map_err(|error| about(target, error))?;
    let outcome = told(&operation, form)?;
    Ok(exit.unwrap_or(outcome))
}

/// Follows the operation to its end. A look that fails says nothing of it, unless there are
/// no others.
async fn ended(
    session: &Session,
    awaited: &mut Awaited,
    target: &Target,
) -> Result<(), power::Error> {
    let progress = Progress::begin();
    let mut told = Instant::now();
    while !awaited.has_ended() {
        awaited.show(&progress, target, told.elapsed());
        let (power, requester) = (&session.worker.power, session.requester());
        let (context, patience) = awaited.patience(session);
        let seen = power.operation_within(&awaited.id, patience, &requester, &context);
        match seen.await {
            Ok(seen) => (awaited.seen, told) = (Ok(seen), Instant::now()),
            Err(power::Error::Azure(..)) if told.elapsed() < SILENCE => time::sleep(BEAT).await,
            Err(error) => return awaited.given_up(error),
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
