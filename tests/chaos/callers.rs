//! Those who call the gateways, and the tokens that they hold.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use azure_sandbox::{Caller, CallerToken, Sandbox, ServiceAccountToken};

/// Somebody who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    /// May do everything; several do.
    Operator(u8),
    /// May read machines and the directory.
    Reader,
    /// May read machines.
    Person,
    /// A service account of the cluster, which may read machines where the cluster is
    /// asked.
    Robot,
    /// Of another tenant.
    Stranger,
    /// An operator whose token has expired.
    Late,
    /// Somebody without a token.
    Nobody,
}

impl Who {
    /// Those who may come in somewhere.
    pub(crate) const KNOWN: [Self; 6] = [
        Self::Operator(1),
        Self::Operator(2),
        Self::Operator(3),
        Self::Reader,
        Self::Person,
        Self::Robot,
    ];

    /// Those who may come in nowhere.
    pub(crate) const UNKNOWN: [Self; 3] = [Self::Stranger, Self::Late, Self::Nobody];

    pub(crate) fn is_operator(self) -> bool {
        matches!(self, Self::Operator(_))
    }

    pub(crate) fn may_list_users(self) -> bool {
        self.is_operator() || self == Self::Reader
    }
}

/// The tokens that are held now.
pub(crate) struct Callers {
    azure: Rc<Sandbox>,
    held: RefCell<HashMap<Who, String>>,
}

impl Callers {
    pub(crate) fn of(azure: &Rc<Sandbox>) -> Self {
        Self {
            azure: Rc::clone(azure),
            held: RefCell::default(),
        }
    }

    /// The token of `who`: the one of before, until they are renewed.
    pub(crate) fn token(&self, who: Who) -> Option<String> {
        if who == Who::Nobody {
            return None;
        }
        let mut held = self.held.borrow_mut();
        let token = held.entry(who).or_insert_with(|| self.issued(who));
        Some(token.clone())
    }

    /// Everybody gets another token when they next need one.
    pub(crate) fn renew(&self) {
        self.held.borrow_mut().clear();
    }

    fn issued(&self, who: Who) -> String {
        let operator =
            |name: &str| Caller::app(name).with_roles(&["Directory.Read", "Vm.Operate", "Vm.Read"]);
        let token = match who {
            Who::Operator(number) => CallerToken::of(operator(&format!("operator-{number}"))),
            Who::Reader => CallerToken::of(Caller::reader()),
            Who::Person => CallerToken::of(Caller::person()),
            Who::Stranger => CallerToken::of(Caller::stranger()),
            Who::Late => CallerToken {
                issued_in: -7_200,
                valid_in: -7_200,
                expires_in: -3_600,
                ..CallerToken::of(operator("late"))
            },
            Who::Robot => {
                let account = ServiceAccountToken::default();
                return self.azure.service_account_token(&account);
            }
            Who::Nobody => return String::new(),
        };
        self.azure.caller_token(&token)
    }
}
