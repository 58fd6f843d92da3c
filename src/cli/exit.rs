//! Exit codes, and why a command ends with another than 0.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use super::problem::told;
use crate::{
    api::Problem,
    app,
    config::Faults,
    directory::Unwritable,
    http, inventory,
    telemetry::{chain, inert},
};

/// How a command ended. 69 and 78 are those of `sysexits.h`, which a service
/// that does not start has always had here; from 129 on they are what a shell makes of
/// a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    NotFound = 3,
    Unavailable = 69,
    Config = 78,
    HungUp = 129,
    Interrupted = 130,
    Terminated = 143,
}

impl Exit {
    /// Every one, with what it means.
    pub(super) const MEANINGS: [(Self, &str); 9] = [
        (Self::Done, "done, or nothing had to be done"),
        (
            Self::Failed,
            "Azure refused or failed, an operation did not succeed, it was not agreed to, doctor found a fault, the service is not well, policies deny it, or the output cannot be written",
        ),
        (Self::Usage, "the command line is not understood"),
        (
            Self::NotFound,
            "there is no such thing, or there are several of that name",
        ),
        (
            Self::Unavailable,
            "a listen address cannot be bound, outbound connections cannot be set up, the record of changes or the files of TLS are not usable, no thread or descriptor is left, or a listener ended by itself: it may pass",
        ),
        (
            Self::Config,
            "the environment or the policies are not usable",
        ),
        (
            Self::HungUp,
            "SIGHUP ended a wait; the operation goes on, unless it says that this is not known",
        ),
        (
            Self::Interrupted,
            "SIGINT ended a wait; the operation goes on, unless it says that this is not known",
        ),
        (
            Self::Terminated,
            "SIGTERM ended a wait; the operation goes on, unless it says that this is not known",
        ),
    ];
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Config(#[from] Faults),
    /// Nothing says where virtual machines are.
    #[error(transparent)]
    NoScope(inventory::Error),
    #[error(transparent)]
    App(#[from] app::Error),
    /// The words of the line contradict what can be done.
    #[error("{0}")]
    Usage(String),
    /// What is asked for is not there.
    #[error("{0}")]
    NotFound(String),
    /// Azure does not know any more where a listing goes on.
    #[error("the listing was forgotten before its end; begin it again")]
    Forgotten,
    /// Instance metadata gives no answer.
    #[error("instance metadata does not tell which virtual machine this is")]
    Metadata(#[source] http::Error),
    /// The service does not say how it is.
    #[error("{url} does not say that the gateway is well")]
    Unheard { url: String, source: http::Error },
    /// The service says that it is not well, and perhaps why.
    #[error("{url} does not say that the gateway is well: the answer is {told}")]
    Unwell { url: String, told: String },
    /// Whoever was asked did not say yes.
    #[error("nothing was sent to Azure")]
    Declined,
    #[error(transparent)]
    Problem(Box<Problem>),
    #[error("signals cannot be listened for")]
    Signals(#[source] io::Error),
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
    #[error("the output cannot be written")]
    Output(#[source] io::Error),
    /// Whoever read the output has enough of it.
    #[error("the output was closed")]
    Closed,
}

/// How parameters of the API are spelt on the command line: what is said of
/// them is the same.
const SPELLINGS: [(&str, &str); 4] = [
    ("?resourceGroup=", "--resource-group"),
    ("?subscriptionId=", "--subscription"),
    ("?supersede=true", "--supersede"),
    ("?hibernate=false", "--hibernate=false"),
];

/// `text` of the API, for people at the command line.
pub(super) fn spelt(text: &str) -> String {
    let mut text = inert(text);
    for (parameter, flag) in SPELLINGS {
        text = text.replace(parameter, flag);
    }
    text
}

impl Failure {
    /// Says on standard error what went wrong.
    pub(super) fn tell(&self) -> Exit {
        let text = match self {
            Self::Closed => return Exit::Done,
            Self::Problem(problem) => told(problem),
            // A line for each fault.
            Self::Config(faults) => lines(&faults.to_string()),
            Self::App(app::Error::Policies(faults)) => lines(&faults.to_string()),
            other => inert(&chain(other)),
        };
        let _ = writeln!(io::stderr(), "mi-gateway: {text}");
        self.exit()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Config(_) | Self::App(app::Error::Policies(_)) | Self::NoScope(_) => Exit::Config,
            // What is in the way may pass: a volume that is mounted late, a certificate whose
            // key comes a moment behind it.
            Self::App(_) => Exit::Unavailable,
            Self::Usage(_) => Exit::Usage,
            Self::NotFound(_) => Exit::NotFound,
            Self::Problem(problem) => match problem.code() {
                "not_found" | "ambiguous" => Exit::NotFound,
                "invalid_request" => Exit::Usage,
                _ => Exit::Failed,
            },
            Self::Forgotten
            | Self::Metadata(_)
            | Self::Unheard { .. }
            | Self::Unwell { .. }
            | Self::Declined
            | Self::Signals(_)
            | Self::Unwritable(_)
            | Self::Output(_) => Exit::Failed,
            Self::Closed => Exit::Done,
        }
    }
}

impl<T: Into<Problem>> From<T> for Failure {
    fn from(cause: T) -> Self {
        Self::Problem(Box::new(cause.into()))
    }
}

/// Says on standard error what goes without saying in no result, and ends
/// nothing.
pub(super) fn mention(words: &str, error: &dyn std::error::Error) {
    remark(&format!("{words}: {}", chain(error)));
}

/// The same of what is no error.
pub(super) fn remark(text: &str) {
    let _ = writeln!(io::stderr(), "mi-gateway: {}", inert(text));
}

/// The same of `faults`, which have a line each.
pub(super) fn remark_faults(words: &str, faults: &Faults) {
    let faults = lines(&faults.to_string());
    let _ = writeln!(io::stderr(), "mi-gateway: {words}: {faults}");
}

/// `text`, whose lines are ours.
fn lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(inert).collect();
    lines.join("\n")
}
