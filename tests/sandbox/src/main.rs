//! A local Azure: serve it, or run any program inside of it.

mod arguments;
mod program;
mod signals;

use std::{
    env,
    io::{self, Write as _},
    process::ExitCode,
};

use azure_sandbox::{DEFAULT_SCOPE, Host, Sandbox};

use arguments::{Arguments, HELP};
use signals::Signals;

/// Exit code for arguments that cannot be understood.
const USAGE: u8 = 2;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // Before anything is started or said: a signal that found no handler would
    // leave a child alone.
    let signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => return fail(1, format!("signals cannot be received: {error}")),
    };
    match Arguments::parse(env::args_os().skip(1)) {
        Ok(Arguments::Help) => say(HELP),
        Ok(Arguments::Version) => say(concat!("azure-sandbox ", env!("CARGO_PKG_VERSION"), "\n")),
        Ok(Arguments::Serve(settings)) => match Sandbox::start(settings) {
            Ok(sandbox) => serve(&sandbox, signals).await,
            Err(error) => fail(1, chain(&error)),
        },
        Ok(Arguments::Exec {
            settings,
            host,
            program,
        }) => match Sandbox::start(settings) {
            Ok(sandbox) => program::run(&sandbox, signals, host, &program).await,
            Err(error) => fail(1, chain(&error)),
        },
        Err(error) => fail(USAGE, format!("{error}\nTry azure-sandbox --help")),
    }
}

async fn serve(sandbox: &Sandbox, signals: Signals) -> ExitCode {
    let of = |host| -> String {
        let variables = sandbox.environment(host);
        let lines = variables
            .iter()
            .map(|(name, value)| format!("  {name}={value}"));
        lines.collect::<Vec<_>>().join("\n")
    };
    let text = format!(
        "A local Azure listens on {}\n\n\
         A program in a container app would have:\n{}\n\n\
         A program on a virtual machine would have:\n{}\n\n\
         Virtual machines are in {DEFAULT_SCOPE}\n",
        sandbox.url(),
        of(Host::ContainerApp),
        of(Host::Vm),
    );
    say(&text);
    signals.received().await;
    ExitCode::SUCCESS
}

fn say(text: &str) -> ExitCode {
    let _ = io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
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
