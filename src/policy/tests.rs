//! Callers, machines and policies that the tests of this module share.

mod explaining;
mod filing;
mod loading;
mod matrix;
mod names;
mod reading;
mod reload;
mod shadows;
mod traps;
mod volumes;
mod warnings;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use uuid::Uuid;

use super::*;
use crate::{
    access::{Kind, Principal, ServiceAccount, Subject},
    azure::{self, VirtualMachineId},
};

const ONE: &str = "5ab1e000-0000-4000-8000-000000000001";
const TWO: &str = "5ab1e000-0000-4000-8000-000000000002";

/// Policies in a folder of their own, which goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tmp");
        let path = target.join(format!("policies-{}", Uuid::new_v4()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn with(self, file: &str, text: &str) -> Self {
        self.write(file, text);
        self
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.0.join(file), text).unwrap();
    }

    fn source(&self) -> Source {
        Source::of(Some(Path::new(&self.0)))
    }

    fn load(&self) -> Result<Policies, Faults> {
        let loaded = Policies::load(self.source(), None, Metrics::new().unwrap());
        loaded.map_err(|error| error.into_faults(&self.source()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// `text`, in which `@` stands for our namespace before an entity.
fn written(text: &str) -> String {
    let mut text = text.replace("SUB", &format!("/subscriptions/{ONE}"));
    for kind in [
        "Action",
        "Role",
        "Caller",
        "Subscription",
        "ResourceGroup",
        "Vm",
        "Department",
        "Directory",
        "Gateway",
    ] {
        text = text.replace(&format!("%{kind}"), &format!("MiGateway::{kind}"));
    }
    text
}

/// The policies of `text`.
fn policies(text: &str) -> Policies {
    let folder = Folder::new().with("test.cedar", &written(text));
    folder.load().unwrap_or_else(|faults| panic!("{faults}"))
}

/// What is wrong with `text`.
fn faults(text: &str) -> Vec<String> {
    let folder = Folder::new().with("test.cedar", &written(text));
    let Err(Faults { errors, .. }) = folder.load() else {
        panic!("nothing is wrong with {text}");
    };
    let path = format!("{}/", folder.0.display());
    errors
        .iter()
        .map(|it| it.to_string().replace(&path, ""))
        .collect()
}

fn object(number: u128) -> Uuid {
    Uuid::from_u128(0xab_0000_0000 + number)
}

/// An application with `roles`.
fn app(number: u128, roles: &[&str]) -> Caller {
    Caller::Entra(Principal {
        tenant: object(0),
        object_id: object(number),
        client_id: Some(object(number + 100)),
        kind: Kind::App,
        roles: roles.iter().map(|&role| role.to_owned()).collect(),
        token_id: None,
    })
}

fn user(number: u128) -> Caller {
    let Caller::Entra(principal) = app(number, &[]) else {
        unreachable!()
    };
    Caller::Entra(Principal {
        kind: Kind::User,
        ..principal
    })
}

fn account(namespace: &str, name: &str) -> Caller {
    Caller::Account(ServiceAccount {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        pod: None,
    })
}

fn subject(id: &str) -> Caller {
    Caller::Subject(Subject {
        issuer: "https://ci.example".to_owned(),
        id: id.to_owned(),
        client_id: Some("CI".to_owned()),
        roles: Vec::new(),
    })
}

fn machine(subscription: &str, group: &str, name: &str) -> VirtualMachineId {
    let id = format!(
        "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute\
         /virtualMachines/{name}"
    );
    id.parse().unwrap()
}

fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()));
    pairs.collect()
}

const DEALLOCATE: azure::Action = azure::Action::Deallocate;

/// Whether `caller` may deallocate the machine, whose `tags` are known.
fn deallocates(
    policies: &Policies,
    caller: &Caller,
    id: &VirtualMachineId,
    tags: &BTreeMap<String, String>,
) -> Arc<Decision> {
    let machine = Machine {
        id,
        tags: Some(tags),
    };
    policies.decide(caller, &Ask::Order(DEALLOCATE, machine))
}

fn reason(decision: impl AsRef<Decision>) -> Reason {
    match decision.as_ref() {
        Decision::Deny(denial) => denial.reason.clone(),
        Decision::Permit(grounds) => panic!("permitted by {:?}", grounds.policies),
    }
}
