//! A local Azure: serve it, or run any program inside of it.

mod arguments;
mod program;
mod signals;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use azure_sandbox::{DEFAULT_SCOPE, Error, Recorded, Sandbox, Settings};
use clap::Parser as _;
use serde_json::json;

use arguments::{Arguments, Command, Executed, Place, Served};
use signals::Signals;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // Before anything is started or said: a signal that found no handler would
    // leave a child alone.
    let signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => return fail(1, format!("signals cannot be received: {error}")),
    };
    match Arguments::parse().command {
        Command::Serve(served) => serve(&served, signals).await,
        Command::Exec(executed) => exec(&executed, signals).await,
    }
}

async fn serve(served: &Served, signals: Signals) -> ExitCode {
    let sandbox = match start(served.settings()) {
        Ok(sandbox) => sandbox,
        Err(error) => return fail(1, chain(&error)),
    };
    say(&if served.json {
        machine_readable(&sandbox, served.place())
    } else {
        readable(&sandbox, served.place())
    });
    signals.received().await;
    ExitCode::SUCCESS
}

async fn exec(executed: &Executed, signals: Signals) -> ExitCode {
    match start(executed.settings()) {
        Ok(sandbox) => {
            let variables = variables(&sandbox, executed.place());
            program::run(signals, variables, &executed.program).await
        }
        Err(error) => fail(1, chain(&error)),
    }
}

/// Starts a sandbox that says what it does not know.
fn start(settings: Settings) -> Result<Sandbox, Error> {
    Sandbox::start(Settings {
        on_unexpected: Some(not_known),
        ..settings
    })
}

fn not_known(request: &Recorded) {
    // In one piece: the program inside writes to the same place.
    let line = format!("azure-sandbox: not known: {request}\n");
    let _ = io::stderr().write_all(line.as_bytes());
}

fn variables(sandbox: &Sandbox, place: Place) -> Vec<(String, String)> {
    if place.over_tls {
        sandbox.environment_over_tls(place.host)
    } else {
        sandbox.environment(place.host)
    }
}

fn readable(sandbox: &Sandbox, place: Place) -> String {
    let lines = variables(sandbox, place);
    let lines = lines
        .iter()
        .map(|(name, value)| format!("  {name}={value}"));
    format!(
        "A local Azure listens on {}\n\
         and over TLS on {}, where clients are to trust {}\n\n\
         A program on that host would have:\n{}\n\n\
         Virtual machines are in {DEFAULT_SCOPE}\n",
        sandbox.url(),
        sandbox.secure_url(),
        sandbox.ca_file().display(),
        lines.collect::<Vec<_>>().join("\n"),
    )
}

fn machine_readable(sandbox: &Sandbox, place: Place) -> String {
    let environment: serde_json::Map<_, _> = variables(sandbox, place)
        .into_iter()
        .map(|(name, value)| (name, value.into()))
        .collect();
    let line = json!({
        "url": sandbox.url(),
        "secureUrl": sandbox.secure_url(),
        "caFile": sandbox.ca_file(),
        "environment": environment,
    });
    format!("{line}\n")
}

fn say(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

fn fail(code: u8, why: impl std::fmt::Display) -> ExitCode {
    let _ = writeln!(io::stderr(), "azure-sandbox: {why}");
    ExitCode::from(code)
}

fn chain(error: &dyn std::error::Error) -> String {
    error
        .source()
        .map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}
