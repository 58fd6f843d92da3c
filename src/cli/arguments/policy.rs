//! How policies are checked and asked on the command line.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use clap::{Args, Subcommand, ValueEnum};

use super::FormAsked;
use crate::{
    access::{Caller, Kind},
    azure::{Department, Select, VirtualMachineId, fold::folded},
    policy::Action,
};

#[derive(Subcommand)]
pub(in crate::cli) enum PolicyCommand {
    /// Check policies, and list them
    Check(PolicyCheck),
    /// Say whether somebody may do something, and by which policies; asks nobody
    Explain(Box<PolicyQuestion>),
}

#[derive(Args)]
pub(in crate::cli) struct PolicyCheck {
    /// A file, or a folder of .cedar files; else `MIG_POLICY_FILE`, or the built-in ones
    pub(in crate::cli) path: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) form: FormAsked,
}

#[derive(Args)]
pub(in crate::cli) struct PolicyQuestion {
    /// {tenant}/{object id}, system:serviceaccount:{namespace}:{name}, {issuer}|{subject}
    /// or anonymous
    #[arg(long, value_name = "ID")]
    caller: String,
    /// An app role of the caller; may be repeated
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// What a caller of Entra ID is; else app
    #[arg(long, value_name = "KIND")]
    kind: Option<CallerKind>,
    /// The application that asked for the caller's token
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// What is to be done, such as deallocate
    #[arg(long, value_name = "ACTION", value_parser = action)]
    pub(in crate::cli) action: Action,
    /// The virtual machine, by its resource id
    #[arg(long, value_name = "ID", conflicts_with = "department")]
    pub(in crate::cli) vm: Option<VirtualMachineId>,
    /// A tag of it; may be repeated
    #[arg(long = "tag", value_name = "NAME=VALUE", value_parser = tag, requires = "vm")]
    tags: Vec<(String, String)>,
    /// The department whose users are listed
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) department: Option<Department>,
    /// The properties of users, separated by commas
    #[arg(long, value_name = "LIST", requires = "department")]
    pub(in crate::cli) fields: Option<Select>,
    /// A file, or a folder of .cedar files; else `MIG_POLICY_FILE`, or the built-in ones
    #[arg(long = "policy", value_name = "PATH")]
    pub(in crate::cli) path: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) form: FormAsked,
}

/// What a caller of Entra ID is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CallerKind {
    App,
    User,
}

impl PolicyQuestion {
    /// Who is meant; otherwise why nobody is.
    pub(in crate::cli) fn caller(&self) -> Result<Caller, String> {
        let id = &self.caller;
        let caller = id.parse::<Caller>();
        let mut caller =
            caller.map_err(|reason| format!("--caller {id} is no caller: {reason}"))?;
        self.refuse_idle(&caller)?;
        match &mut caller {
            Caller::Anonymous | Caller::Account(_) => {}
            Caller::Entra(principal) => {
                let client_id = self.client_id.as_deref().map(str::parse).transpose();
                principal.client_id = client_id
                    .map_err(|_| "--client-id of a caller of Entra ID is a GUID".to_owned())?;
                principal.kind = match self.kind {
                    None | Some(CallerKind::App) => Kind::App,
                    Some(CallerKind::User) => Kind::User,
                };
                principal.roles.clone_from(&self.roles);
            }
            Caller::Subject(subject) => {
                subject.client_id.clone_from(&self.client_id);
                subject.roles.clone_from(&self.roles);
            }
        }
        Ok(caller)
    }

    /// Refuses what a caller like `caller` cannot have: overlooked, it would be missed in
    /// the answer.
    fn refuse_idle(&self, caller: &Caller) -> Result<(), String> {
        let (has_roles, whose) = match caller {
            Caller::Entra(_) => return Ok(()),
            Caller::Subject(_) => (true, "a caller of another issuer"),
            Caller::Account(_) => (false, "a service account"),
            Caller::Anonymous => (false, "a caller who is not asked"),
        };
        let given = [
            ("--kind", self.kind.is_some()),
            ("--role", !has_roles && !self.roles.is_empty()),
            ("--client-id", !has_roles && self.client_id.is_some()),
        ];
        match given.iter().find(|(_, is_given)| *is_given) {
            Some((option, _)) => Err(format!("{whose} has no {option}")),
            None => Ok(()),
        }
    }

    /// Refuses what the action is not asked with: overlooked, it would be missed in the
    /// answer.
    pub(in crate::cli) fn refuse_astray(&self) -> Result<(), String> {
        let (is_of_machine, is_of_users) = match self.action {
            Action::GetVm | Action::GetOperation | Action::Order(_) => (true, false),
            Action::ListUsers => (false, true),
            Action::GetIdentity => (false, false),
        };
        let given = [
            ("--vm", !is_of_machine && self.vm.is_some()),
            ("--tag", !is_of_machine && !self.tags.is_empty()),
            ("--department", !is_of_users && self.department.is_some()),
            ("--fields", !is_of_users && self.fields.is_some()),
        ];
        let astray = given.into_iter().filter(|(_, is_given)| *is_given);
        let astray: Vec<_> = astray.map(|(option, _)| option).collect();
        if astray.is_empty() {
            return Ok(());
        }
        let (action, options) = (self.action.as_str(), astray.join(" and "));
        Err(format!("{action} is asked without {options}"))
    }

    /// The tags of the machine. What policies take for one name is there once.
    pub(in crate::cli) fn tags(&self) -> Result<BTreeMap<String, String>, String> {
        let mut known = BTreeSet::new();
        for (name, _) in &self.tags {
            if !known.insert(folded(name)) {
                return Err(format!(
                    "--tag {name:?} is there twice: policies see one of a name"
                ));
            }
        }
        Ok(self.tags.iter().cloned().collect())
    }
}

fn action(text: &str) -> Result<Action, String> {
    text.parse().map_err(|()| {
        let all = Action::ALL.map(Action::as_str);
        format!("an action is one of {}", all.join(", "))
    })
}

fn tag(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("a tag is written as name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}
