//! What can be written on the command line.

mod orders;
mod policy;

use std::fmt::Write as _;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use serde::{
    Deserialize as _,
    de::{IntoDeserializer as _, value},
};

use super::{Exit, output::Form};
use crate::{
    azure::{PowerState, Prefix, Select, UserType, VmName},
    config::{self, ResourceGroup, SubscriptionId},
    inventory::Narrowing,
    power::Target,
};

pub(super) use orders::{Manner, OwnOrder, VmOrder};
pub(super) use policy::{PolicyCheck, PolicyCommand, PolicyQuestion};

/// Azure power operations and directory look-ups with a managed identity and no credential
#[derive(Parser)]
#[command(name = "mi-gateway", version, after_help = exits(), after_long_help = manual())]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Serve the REST API; the same as no command at all
    Serve,
    /// The virtual machine that this runs on, as instance metadata names it
    #[command(subcommand, name = "self")]
    Own(OwnCommand),
    /// Virtual machines of the scopes that are served
    #[command(subcommand)]
    Vm(VmCommand),
    /// List the users of departments
    Users(UsersAsked),
    /// The managed identity
    #[command(subcommand)]
    Identity(IdentityCommand),
    /// What callers of the service may do
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Check everything that a first deployment needs, and say what mends it
    Doctor(FormAsked),
    /// Print the commands that grant the identity what it needs; runs none of them
    Grant(FormAsked),
    /// Ask the service that runs here whether it is well: for a container's health check
    Healthcheck(HealthAsked),
    /// Print what completes commands in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Subcommand)]
pub(super) enum OwnCommand {
    /// Show it, as Resource Manager knows it
    Show(FormAsked),
    /// Deallocate it, so that it costs nothing: this program ends with it
    Deallocate(OwnOrder),
}

#[derive(Subcommand)]
pub(super) enum VmCommand {
    /// List all of them, by one call of Resource Graph for up to 1,000
    List(VmListing),
    /// Show one as it is now
    Show(VmAsked),
    #[command(flatten)]
    Order(VmOrder),
}

#[derive(Subcommand)]
pub(super) enum IdentityCommand {
    /// Show which identity it is, where its tokens come from, and what they say
    Show(FormAsked),
}

#[derive(Args)]
pub(super) struct HealthAsked {
    /// Whether it is ready for requests, and not only alive
    #[arg(long)]
    pub(super) ready: bool,
}

#[derive(Args)]
pub(super) struct FormAsked {
    /// The form; else text on a terminal, and JSON elsewhere
    #[arg(short = 'o', long = "output", value_name = "FORM")]
    pub(super) form: Option<Form>,
}

/// Where a machine is looked for.
#[derive(Args)]
pub(super) struct Place {
    /// Only in this resource group
    #[arg(short = 'g', long, value_name = "NAME")]
    resource_group: Option<ResourceGroup>,
    /// Only in this subscription
    #[arg(long, value_name = "ID")]
    subscription: Option<SubscriptionId>,
}

#[derive(Args)]
pub(super) struct VmListing {
    /// Only those in this state, such as running
    #[arg(long, value_name = "STATE", value_parser = power_state)]
    pub(super) power_state: Option<PowerState>,
    #[command(flatten)]
    pub(super) place: Place,
    #[command(flatten)]
    pub(super) form: FormAsked,
}

#[derive(Args)]
pub(super) struct VmAsked {
    /// The name of the virtual machine
    name: VmName,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    pub(super) form: FormAsked,
}

#[derive(Args)]
pub(super) struct UsersAsked {
    /// A department, by its exact name; may be repeated
    #[arg(short, long = "department", value_name = "NAME", required = true, num_args = 1..)]
    pub(super) departments: Vec<String>,
    /// Only accounts that are enabled; =false: only those that are not
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub(super) enabled: Option<bool>,
    /// Only members, or only guests
    #[arg(long, value_name = "TYPE")]
    pub(super) user_type: Option<UserType>,
    /// Only those of whom a name begins so
    #[arg(long, value_name = "PREFIX")]
    pub(super) search: Option<Prefix>,
    /// Properties, separated by commas
    #[arg(long, value_name = "LIST")]
    pub(super) select: Option<Select>,
    /// The form; else a table on a terminal, and JSON elsewhere
    #[arg(short = 'o', long = "output", value_name = "FORM")]
    pub(super) form: Option<UsersForm>,
}

/// A form of a listing of users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum UsersForm {
    /// Columns for people; `text`, as elsewhere, is the same
    #[value(alias = "text")]
    Table,
    /// One array
    Json,
    /// RFC 4180, for spreadsheets
    Csv,
    /// One object a line
    Ndjson,
}

impl Place {
    pub(super) fn narrowing(self) -> Narrowing {
        Narrowing {
            subscription_id: self.subscription,
            resource_group: self.resource_group,
        }
    }
}

impl VmAsked {
    pub(super) fn target(self) -> Target {
        Target {
            name: self.name,
            narrowing: self.place.narrowing(),
        }
    }
}

/// A power state in the words of `GET /vms`.
fn power_state(text: &str) -> Result<PowerState, value::Error> {
    PowerState::deserialize(text.into_deserializer())
}

fn exits() -> String {
    let mut text = String::from("Exit codes:\n");
    for (exit, meaning) in Exit::MEANINGS {
        // Writing to a String does not fail.
        let _ = writeln!(text, "  {:>3}  {meaning}", exit as u8);
    }
    text
}

fn manual() -> String {
    format!("{}\n{}", exits(), config::help())
}
