//! Runs a program inside the sandbox.

use std::{
    ffi::OsString,
    os::unix::process::ExitStatusExt as _,
    process::{ExitCode, ExitStatus},
};

use tokio::process::Command;

use crate::{fail, signals::Signals};

/// Exit code of a program that could not be started, as shells have it.
const NOT_STARTED: u8 = 127;

/// What any host might set: the child sees only what its own host sets.
const HOST_VARIABLES: [&str; 24] = [
    "AZURE_AUTHORITY_HOST",
    "AZURE_CLIENT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_POD_IDENTITY_AUTHORITY_HOST",
    "AZURE_TENANT_ID",
    "DEFAULT_IDENTITY_CLIENT_ID",
    "IDENTITY_API_VERSION",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "IDENTITY_SERVER_THUMBPRINT",
    "IMDS_ENDPOINT",
    "MIG_ARC_KEY_FOLDER",
    "MIG_ARM_ENDPOINT",
    "MIG_ENTRA_ENDPOINT",
    "MIG_GRAPH_ENDPOINT",
    "MIG_IMDS_ENDPOINT",
    "MIG_KUBERNETES_CA_FILE",
    "MIG_KUBERNETES_ENDPOINT",
    "MIG_KUBERNETES_TOKEN_FILE",
    "MIG_SCOPES",
    "MIG_VM_EXTENSION_ENDPOINT",
    "MSAL_MANAGED_IDENTITY_ENDPOINT",
    "MSI_ENDPOINT",
    "MSI_SECRET",
];

/// Runs `words` with the variables of its host; its exit code is the result.
pub(crate) async fn run(
    signals: Signals,
    variables: Vec<(String, String)>,
    words: &[OsString],
) -> ExitCode {
    let Some((program, arguments)) = words.split_first() else {
        return ExitCode::SUCCESS;
    };
    let mut command = Command::new(program);
    command.args(arguments).kill_on_drop(true);
    for variable in HOST_VARIABLES {
        command.env_remove(variable);
    }
    command.envs(variables);
    let child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            let why = format!("{} cannot be run: {error}", program.display());
            return fail(NOT_STARTED, why);
        }
    };
    match signals.pass_on_to(child).await {
        Ok(status) => code(status),
        Err(error) => fail(1, format!("{} was lost: {error}", program.display())),
    }
}

/// The exit code, or 128 and the signal's number, as shells have it.
fn code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| Some(128 + status.signal()?));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
