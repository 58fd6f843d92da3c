//! Decisions that were made already.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
};

use moka::sync::Cache;

use super::{Action, Ask, Decision};
use crate::access::Caller;

/// Some 400 bytes each.
const MOST: u64 = 20_000;

/// Decisions of one set of policies, which they do not outlive: a decision depends on
/// nothing but the policies, the caller and what is asked.
pub(super) struct Known {
    decisions: Cache<Key, Arc<Decision>>,
    keys: [RandomState; 2],
}

/// A caller and what they ask, in 128 bits. They are hashed with secrets of this
/// process, so that nobody can look for two questions that have one key.
type Key = [u64; 2];

impl Known {
    pub(super) fn new() -> Self {
        Self {
            decisions: Cache::new(MOST),
            keys: [RandomState::new(), RandomState::new()],
        }
    }

    /// What was decided, or what `decide` says of it now: of `action` on anything, or
    /// on what `ask` is about. That policies failed is not kept.
    pub(super) fn or_decide(
        &self,
        caller: &Caller,
        action: Action,
        ask: Option<&Ask<'_>>,
        decide: impl FnOnce() -> Decision,
    ) -> Arc<Decision> {
        let question = (caller, action, ask);
        let key = self.keys.each_ref().map(|it| it.hash_one(question));
        if let Some(decision) = self.decisions.get(&key) {
            return decision;
        }
        let decision = Arc::new(decide());
        if !decision.is_failure() {
            self.decisions.insert(key, Arc::clone(&decision));
        }
        decision
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, collections::BTreeMap};

    use uuid::Uuid;

    use super::*;
    use crate::{
        access::{Kind, Principal},
        azure::{Action, Departments, UserProperty, VirtualMachineId},
        policy::{Grounds, Machine, Shadow},
    };

    /// Whether `caller` and `ask` have to be decided.
    fn is_new(known: &Known, caller: &Caller, ask: &Ask<'_>) -> bool {
        let is_decided = Cell::new(false);
        known.or_decide(caller, ask.action(), Some(ask), || {
            is_decided.set(true);
            Decision::Permit(Grounds {
                policies: Arc::default(),
                shadow: Shadow::Same,
            })
        });
        is_decided.get()
    }

    fn principal() -> Principal {
        Principal {
            tenant: Uuid::from_u128(1),
            object_id: Uuid::from_u128(2),
            client_id: None,
            kind: Kind::App,
            roles: vec!["Vm.Operate".to_owned()],
            token_id: None,
        }
    }

    fn machine(group: &str) -> VirtualMachineId {
        let id = format!(
            "/subscriptions/5ab1e000-0000-4000-8000-000000000001/resourceGroups/{group}\
             /providers/Microsoft.Compute/virtualMachines/web-01"
        );
        id.parse().unwrap()
    }

    #[test]
    fn every_part_of_a_caller_makes_another_question() {
        let known = Known::new();
        let other = Uuid::from_u128(3);
        let callers = [
            principal(),
            Principal {
                tenant: other,
                ..principal()
            },
            Principal {
                object_id: other,
                ..principal()
            },
            Principal {
                client_id: Some(other),
                ..principal()
            },
            Principal {
                kind: Kind::User,
                ..principal()
            },
            Principal {
                roles: vec!["Vm.Read".to_owned()],
                ..principal()
            },
        ];
        for caller in callers.map(Caller::Entra) {
            assert!(is_new(&known, &caller, &Ask::GetIdentity), "{caller:?}");
            assert!(!is_new(&known, &caller, &Ask::GetIdentity), "{caller:?}");
        }
    }

    #[test]
    fn every_part_of_what_is_asked_makes_another_question() {
        let known = Known::new();
        let (web, db) = (machine("rg-web"), machine("rg-db"));
        let tags = |value: &str| BTreeMap::from([("protected".to_owned(), value.to_owned())]);
        let (yes, no) = (tags("true"), tags("false"));
        let about = |id, tags| Machine { id, tags };
        let departments = Departments::read(["Finance", "Legal"]).unwrap();
        let mut asks = vec![
            Ask::GetIdentity,
            Ask::GetVm(about(&web, None)),
            Ask::GetVm(about(&db, None)),
            Ask::GetVm(about(&web, Some(&yes))),
            Ask::GetVm(about(&web, Some(&no))),
            Ask::GetOperation(about(&web, None)),
            Ask::Order(Action::Start, about(&web, None)),
            Ask::Order(Action::Deallocate, about(&web, None)),
        ];
        for department in departments.iter() {
            for fields in [
                &[UserProperty::Id][..],
                &[UserProperty::Id, UserProperty::Mail],
            ] {
                asks.push(Ask::ListUsers { department, fields });
            }
        }
        for ask in &asks {
            assert!(is_new(&known, &Caller::Anonymous, ask), "{ask:?}");
            assert!(!is_new(&known, &Caller::Anonymous, ask), "{ask:?}");
        }
    }
}
