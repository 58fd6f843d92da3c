//! Decisions by policies, for benches.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use uuid::Uuid;

use super::Error;
use crate::{
    access::{Caller, Kind, Principal},
    azure::{Action, VirtualMachineId},
    metrics::Metrics,
    policy::{self, Ask, Machine, Policies, Source, Warrant},
};

/// One caller, one machine, and whether the one may deallocate the other.
pub struct Decisions {
    policies: Policies,
    caller: Arc<Caller>,
    machine: VirtualMachineId,
    tags: BTreeMap<String, String>,
}

impl Decisions {
    /// By the policies at `path`, or by the built-in ones; `None` where `machine` is no
    /// resource id.
    pub fn new(path: Option<&Path>, role: &str, machine: &str) -> Result<Option<Self>, Error> {
        let source = Source::of(path);
        let policies = Policies::load(source, None, Metrics::new()?)?;
        let tag = |number: u32| (format!("Tag-{number}"), format!("Value {number}"));
        Ok(machine.parse().ok().map(|machine| Self {
            policies,
            caller: Arc::new(Caller::Entra(Principal {
                tenant: Uuid::from_u128(1),
                object_id: Uuid::from_u128(2),
                client_id: Some(Uuid::from_u128(3)),
                kind: Kind::App,
                roles: vec![role.to_owned()],
                token_id: None,
            })),
            machine,
            tags: (0..5).map(tag).collect(),
        }))
    }

    /// The same, asked by the caller `id`, who has no role; `None` where that is no id.
    #[must_use]
    pub fn asked_by(self, id: &str) -> Option<Self> {
        let caller = Arc::new(id.parse().ok()?);
        Some(Self { caller, ..self })
    }

    /// Whether it may, as was decided before; the tags of the machine are looked at where
    /// policies do.
    #[must_use]
    pub fn decide(&self) -> bool {
        self.permit(Arc::clone(&self.caller))
    }

    /// The same by token number `token`, of which nothing was decided before its first time.
    #[must_use]
    pub fn decide_for(&self, token: u64) -> bool {
        let mut caller = Caller::clone(&self.caller);
        if let Caller::Entra(principal) = &mut caller {
            principal.token_id = Some(token.to_string());
        }
        self.permit(Arc::new(caller))
    }

    /// The same of `caller`, step by step as a request has it.
    pub(super) fn permit(&self, caller: Arc<Caller>) -> bool {
        let order = policy::Action::Order(Action::Deallocate);
        let warrant = Warrant::of(caller, self.policies.clone());
        let machine = Machine {
            id: &self.machine,
            tags: warrant.needs_tags(order).then_some(&self.tags),
        };
        let ask = Ask::Order(Action::Deallocate, machine);
        warrant.admits(&[order]).is_ok() && warrant.permits(&ask).is_ok()
    }
}
