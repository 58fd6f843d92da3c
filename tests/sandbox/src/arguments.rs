//! What can be written on the command line.

mod options;

use std::{ffi::OsString, net::SocketAddr};

use azure_sandbox::{Host, Settings};
use clap::{Args, Parser, Subcommand};

use options::Options;

/// A local Azure: managed identity, Resource Manager and Graph as they are on the wire
///
/// It refuses what Azure refuses, in Azure's words, fails on demand, and starts any program
/// inside of itself. Everything is on this machine, and the same at every start.
#[derive(Parser)]
#[command(name = "azure-sandbox", version, arg_required_else_help = true, after_help = EXITS,
    after_long_help = manual())]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve until it is interrupted, and print the variables to use it with
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(Served),
    /// Run a program with the variables that a host would set, and end with it
    #[command(after_help = EXEC_EXAMPLES)]
    Exec(Executed),
}

#[derive(Args)]
pub(crate) struct Served {
    /// Address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4580")]
    listen: SocketAddr,
    /// Print one line of JSON instead: url, secureUrl, caFile, environment
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    options: Options,
}

#[derive(Args)]
pub(crate) struct Executed {
    /// Address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    #[command(flatten)]
    options: Options,
    /// The program, and its arguments; its exit code is the sandbox's own
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) program: Vec<OsString>,
}

/// Whose variables a program gets.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) host: Host,
    /// Whether it gets to Azure by Azure's own names, over TLS.
    pub(crate) over_tls: bool,
}

impl Served {
    pub(crate) fn settings(&self) -> Settings {
        self.options.settings(self.listen)
    }

    pub(crate) fn place(&self) -> Place {
        self.options.place()
    }
}

impl Executed {
    pub(crate) fn settings(&self) -> Settings {
        self.options.settings(self.listen)
    }

    pub(crate) fn place(&self) -> Place {
        self.options.place()
    }
}

const EXITS: &str = "\
Exit codes:
    0  it was interrupted, or the program ended with 0
    1  it could not be started
    2  the command line is not understood
  127  the program could not be run
  any other: the program's own, or 128 and the number of the signal that ended it";

const SERVE_EXAMPLES: &str = "\
Examples:
  azure-sandbox serve
  azure-sandbox serve --as vm --tls --fleet 10000
  azure-sandbox serve --json --listen 127.0.0.1:0";

const EXEC_EXAMPLES: &str = "\
Examples:
  azure-sandbox exec -- env
  azure-sandbox exec --as vm --operation-takes 500ms -- ./program --its option
  azure-sandbox exec --as aks --tls -- python3 -c '
from azure.identity import DefaultAzureCredential
print(DefaultAzureCredential().get_token(\"https://graph.microsoft.com/.default\").expires_on)'";

fn manual() -> String {
    format!("{EXITS}\n\n{MANUAL}")
}

const MANUAL: &str = "\
Over TLS:
  With --tls a program that knows nothing of this Azure gets to it by the names that it has for
  Azure's hosts, such as https://management.azure.com: HTTPS_PROXY leads it to a proxy that
  knows no other hosts, and SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE and
  NODE_EXTRA_CA_CERTS name the file of the authority that it is to trust. Nothing is installed,
  and nothing of that program is changed.

While it runs:
  Faults, other people's orders, changes of the directory and more can be asked for over HTTP,
  below URL/sandbox/. For example, Graph is to throttle twice:
    curl -d '{\"service\":\"graph\",\"fault\":{\"throttleSeconds\":3},\"times\":2}' URL/sandbox/faults
  and what was asked that Azure does not have, or this Azure does not know:
    curl URL/sandbox/unexpected
  The README of azure-sandbox lists all of it.";
