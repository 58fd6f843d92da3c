//! Runs a program inside the sandbox.

use std::{
    ffi::OsString,
    process::{ExitCode, ExitStatus},
};

use azure_sandbox::{Host, Sandbox};
use tokio::{
    process::{Child, Command},
    signal::unix::{Signal, SignalKind, signal},
};

use crate::fail;

/// Exit code of a program that could not be started, as shells have it.
const NOT_STARTED: u8 = 127;

/// What any host might set: the child sees only what its own host sets.
const HOST_VARIABLES: [&str; 13] = [
    "AZURE_CLIENT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_POD_IDENTITY_AUTHORITY_HOST",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "IDENTITY_SERVER_THUMBPRINT",
    "IMDS_ENDPOINT",
    "MIG_ARM_ENDPOINT",
    "MIG_GRAPH_ENDPOINT",
    "MIG_IMDS_ENDPOINT",
    "MIG_SCOPES",
    "MSI_ENDPOINT",
    "MSI_SECRET",
];

/// Runs `words` with the variables of `host`; its exit code is the result.
pub(crate) async fn run(sandbox: &Sandbox, host: Host, words: &[OsString]) -> ExitCode {
    let Some((program, arguments)) = words.split_first() else {
        return ExitCode::SUCCESS;
    };
    let mut command = Command::new(program);
    command.args(arguments).kill_on_drop(true);
    for variable in HOST_VARIABLES {
        command.env_remove(variable);
    }
    command.envs(sandbox.environment(host));
    match command.spawn() {
        Ok(child) => code(wait(child).await),
        Err(error) => fail(
            NOT_STARTED,
            format!("{} cannot be run: {error}", program.display()),
        ),
    }
}

/// Waits for `child`. A terminal sends SIGINT to both; SIGTERM comes to us
/// alone and is passed on.
async fn wait(mut child: Child) -> std::io::Result<ExitStatus> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    loop {
        tokio::select! {
            status = child.wait() => return status,
            _ = interrupt.recv() => pass_on(&child, "INT"),
            _ = terminate.recv() => pass_on(&child, "TERM"),
        }
    }
}

fn pass_on(child: &Child, signal: &str) {
    if let Some(id) = child.id() {
        // By way of `kill`: sending signals takes `unsafe` code or a crate.
        let _ = std::process::Command::new("kill")
            .args([format!("-{signal}"), id.to_string()])
            .status();
    }
}

/// Resolves when the process is told to end.
pub(crate) async fn interrupted() {
    let received = |kind| async move {
        let signal: Option<Signal> = signal(kind).ok();
        match signal {
            Some(mut signal) => signal.recv().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = received(SignalKind::terminate()) => {}
        _ = received(SignalKind::interrupt()) => {}
    }
}

fn code(status: std::io::Result<ExitStatus>) -> ExitCode {
    let code = status.ok().and_then(|status| status.code());
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
