//! Orders as they can be written on the command line.

use clap::{Args, Subcommand};

use super::{FormAsked, Place};
use crate::{
    azure::{Action, Order, VmName},
    cli::Failure,
    power::{Precedence, Target},
};

const EITHER: &str = "--hibernate keeps the guest's memory and --force does not wait for the \
                      guest: use one of them";

/// How an order is given.
#[derive(Args)]
pub(in crate::cli) struct Manner {
    /// Wait for the end of the operation
    #[arg(long)]
    pub(in crate::cli) wait: bool,
    /// Look at the machine and say what would be sent; send nothing
    #[arg(long, conflicts_with = "wait")]
    pub(in crate::cli) dry_run: bool,
    /// Overtake what is under way on the machine
    #[arg(long)]
    supersede: bool,
    #[command(flatten)]
    pub(in crate::cli) form: FormAsked,
}

#[derive(Args)]
pub(in crate::cli) struct OwnOrder {
    /// Do not ask; needed where there is no terminal to ask at
    #[arg(short, long)]
    pub(in crate::cli) yes: bool,
    #[command(flatten)]
    pub(in crate::cli) manner: Manner,
}

#[derive(Args)]
pub(in crate::cli) struct Ordered {
    #[command(flatten)]
    machine: Machine,
    #[command(flatten)]
    pub(in crate::cli) manner: Manner,
}

#[derive(Args)]
struct Machine {
    /// The name of the virtual machine
    name: VmName,
    #[command(flatten)]
    place: Place,
}

/// The actions of `POST /vms/{name}/…`, as they are spelt there.
#[derive(Subcommand)]
pub(in crate::cli) enum VmOrder {
    /// Start it
    Start(Ordered),
    /// Stop it and release its hardware, so that it costs nothing
    Deallocate {
        /// Keep its memory on disk for the next start; with =false, give up the memory of
        /// a hibernated one, which is left alone otherwise
        #[arg(
            long,
            num_args = 0..=1,
            require_equals = true,
            default_missing_value = "true",
            value_name = "true|false"
        )]
        hibernate: Option<bool>,
        /// Do not wait for its guest; not together with --hibernate
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        ordered: Ordered,
    },
    /// Restart it
    Restart(Ordered),
    /// Stop it and keep its hardware, which is charged
    #[command(name = "powerOff", alias = "power-off")]
    PowerOff {
        /// Do not wait for its guest
        #[arg(long)]
        skip_shutdown: bool,
        #[command(flatten)]
        ordered: Ordered,
    },
    /// Move it to another node, and start it there
    Redeploy(Ordered),
    /// Apply its model again
    Reapply(Ordered),
}

impl Ordered {
    pub(in crate::cli) fn parts(self) -> (Target, Manner) {
        let target = Target {
            name: self.machine.name,
            narrowing: self.machine.place.narrowing(),
        };
        (target, self.manner)
    }
}

impl Manner {
    pub(in crate::cli) fn precedence(&self) -> Precedence {
        if self.supersede {
            Precedence::Supersede
        } else {
            Precedence::Wait
        }
    }
}

impl VmOrder {
    /// What is ordered, of which machine, and how.
    pub(in crate::cli) fn parts(self) -> Result<(Order, Ordered), Failure> {
        let of = |is_forced: bool, action| {
            if is_forced {
                Order::forced(action)
            } else {
                Order::graceful(action)
            }
        };
        Ok(match self {
            Self::Start(ordered) => (of(false, Action::Start), ordered),
            Self::Restart(ordered) => (of(false, Action::Restart), ordered),
            Self::Redeploy(ordered) => (of(false, Action::Redeploy), ordered),
            Self::Reapply(ordered) => (of(false, Action::Reapply), ordered),
            Self::PowerOff {
                skip_shutdown,
                ordered,
            } => (of(skip_shutdown, Action::PowerOff), ordered),
            Self::Deallocate {
                hibernate: Some(true),
                force: true,
                ordered: _,
            } => return Err(Failure::Usage(EITHER.to_owned())),
            Self::Deallocate {
                hibernate: Some(true),
                force: false,
                ordered,
            } => (of(false, Action::Hibernate), ordered),
            Self::Deallocate {
                hibernate: Some(false),
                force,
                ordered,
            } => (of(force, Action::Deallocate).discarding(), ordered),
            Self::Deallocate {
                hibernate: None,
                force,
                ordered,
            } => (of(force, Action::Deallocate), ordered),
        })
    }
}
