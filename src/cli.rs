//! The command line: the service, and the same work done once.

mod arguments;
mod awaited;
mod doctor;
mod exit;
mod grant;
mod healthcheck;
mod identity;
mod machines;
mod orders;
mod output;
mod policy;
mod problem;
mod progress;
mod session;
mod signals;
mod table;
mod users;

use std::{ffi::OsString, mem, process::ExitCode};

use actix_web::rt::System;
use clap::{CommandFactory as _, Parser as _, error::ErrorKind};
use clap_complete::Shell;

use crate::{
    app::{Application, Signals},
    config::Config,
    telemetry::{self, inert},
};
use arguments::{Arguments, Command, IdentityCommand, OwnCommand, PolicyCommand, VmCommand};
use exit::{Exit, Failure};
use session::Session;

/// What a command comes to.
type Outcome = Result<Exit, Failure>;

/// Does what `arguments` say, of which the first is the program's own name. What
/// the command is for goes to standard output, everything else to standard
/// error.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let line: Vec<_> = arguments.into_iter().collect();
    let arguments = match Arguments::try_parse_from(&line) {
        Ok(arguments) => arguments,
        Err(error) => return ended(misread(&harmless(error, &line))),
    };
    let command = arguments.command.unwrap_or(Command::Serve);
    let is_service = matches!(command, Command::Serve);
    let system = System::new();
    let outcome = system.block_on(carry_out(command));
    if is_service {
        // Its end would wait for threads that resolve names and read files, for as long as
        // they hang. The service has written all that it owes by now, or said what is lost;
        // commands do as what they leave is dropped.
        mem::forget(system);
    }
    ended(outcome)
}

fn ended(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => failure.tell().into(),
    }
}

/// `error` about `line`, without what a terminal would take for an order: clap repeats
/// arguments as they came, and the record of changes may go to the same place.
fn harmless(error: clap::Error, line: &[OsString]) -> clap::Error {
    let texts = line.iter().map(|argument| argument.to_string_lossy());
    let shown: Vec<_> = texts.clone().map(|text| inert(&text)).collect();
    if texts.eq(shown.iter().map(String::as_str)) {
        return error;
    }
    let why = "an argument holds a control character";
    let otherwise = || Arguments::command().error(ErrorKind::InvalidValue, why);
    Arguments::try_parse_from(shown)
        .err()
        .unwrap_or_else(otherwise)
}

/// Help and version are asked for by way of this too.
fn misread(error: &clap::Error) -> Outcome {
    let printed = error.print();
    if error.use_stderr() {
        return Ok(Exit::Usage);
    }
    output::kept(output::taken(printed), Exit::Done)
}

async fn carry_out(command: Command) -> Outcome {
    match command {
        Command::Serve => serve().await,
        Command::Own(OwnCommand::Show(form)) => machines::show_own(form).await,
        Command::Own(OwnCommand::Deallocate(order)) => {
            Box::pin(orders::deallocate_own(order)).await
        }
        Command::Vm(VmCommand::List(listing)) => machines::list(listing).await,
        Command::Vm(VmCommand::Show(asked)) => machines::show(asked).await,
        Command::Vm(VmCommand::Order(order)) => Box::pin(orders::order(order)).await,
        Command::Users(asked) => users::list(asked).await,
        Command::Identity(IdentityCommand::Show(form)) => identity::show(form).await,
        Command::Policy(PolicyCommand::Check(asked)) => policy::check(&asked),
        Command::Policy(PolicyCommand::Explain(asked)) => policy::explain(&asked),
        Command::Doctor(form) => doctor::examine(form).await,
        Command::Healthcheck(asked) => healthcheck::examine(asked).await,
        Command::Grant(form) => grant::print(form).await,
        Command::Completions { shell } => {
            output::write(completions(shell).as_bytes())?;
            Ok(Exit::Done)
        }
    }
}

/// What completes commands in `shell`.
fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "mi-gateway", &mut script);
    let script = String::from_utf8_lossy(&script);
    // clap_complete writes one name in two ways if it has a hyphen, and nothing behind a
    // command is completed (clap-rs/clap#6421).
    script.replace("mi__subcmd__gateway", "mi__gateway")
}

async fn serve() -> Outcome {
    // Before anything that takes its time: until then SIGHUP is deadly, and the kernel keeps
    // SIGTERM from the first process of a container.
    let signals = Signals::listen()?;
    let config = Config::from_env()?;
    let _written = telemetry::init(config.log());
    Application::build(config)?.run(signals).await?;
    Ok(Exit::Done)
}
