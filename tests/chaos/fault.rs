//! What goes wrong, each from its beginning to its end.

mod azure;
mod files;
mod keys;
mod late;
mod names;
mod process;
mod verbs;

use crate::{
    names::Names,
    site::{Site, Weather},
};

pub(crate) use verbs::{SERVICES, kinds};

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A few requests to each service of Azure meet some fault or other.
    Storm,
    /// All requests to one service meet the same.
    Outage,
    /// Orders meet one kind of fault after the other, all that there are.
    Orders,
    /// Requests to one service wait for longer than gateways do.
    Hold,
    /// So do all to Resource Manager, until nobody waits for it any more.
    Silent,
    /// Nobody listens where Azure was.
    Unreachable,
    /// A gateway starts with names that nobody can resolve.
    Unresolvable,
    /// A gateway starts while names hang, and gets SIGTERM as they do again.
    Nameless,
    /// A gateway gets SIGKILL.
    Killed,
    /// A gateway gets SIGTERM.
    Terminated,
    /// The record of changes of a gateway cannot be written.
    FullDisk,
    /// A certificate that does not fit its key, and then one that does.
    Certificate,
    /// Policies that cannot be read, and then others.
    Policies,
    /// Another key signs callers' tokens.
    Rollover,
    /// The clock of Azure jumps by an hour, one way and the other.
    Clock,
    /// Tokens of the gateways are refused, or are not those that were asked for.
    Tokens,
    /// The identity may do nothing any more.
    Grants,
    /// Operations fail and are forgotten, pages expire and come empty.
    Mishaps,
    /// A gateway starts and gets no token.
    NoToken,
    /// A gateway starts and gets no keys.
    NoKeys,
}

impl Fault {
    pub(crate) const ALL: [Self; 20] = [
        Self::Storm,
        Self::Outage,
        Self::Orders,
        Self::Hold,
        Self::Silent,
        Self::Unreachable,
        Self::Unresolvable,
        Self::Nameless,
        Self::Killed,
        Self::Terminated,
        Self::FullDisk,
        Self::Certificate,
        Self::Policies,
        Self::Rollover,
        Self::Clock,
        Self::Tokens,
        Self::Grants,
        Self::Mishaps,
        Self::NoToken,
        Self::NoKeys,
    ];

    /// Whether it can be had on this machine.
    fn can_be_had(self) -> bool {
        self != Self::Nameless || Names::can_be_had()
    }

    /// What calls have to expect of it.
    pub(crate) fn weather(self) -> Weather {
        match self {
            Self::Rollover | Self::Clock => Weather::KeysInDoubt,
            Self::Policies => Weather::RulesInDoubt,
            _ => Weather::Stormy,
        }
    }

    /// Begins and ends while calls go on; all is not well yet when this resolves.
    pub(crate) async fn pass(self, site: &Site) {
        match self {
            Self::Storm => site.storm().await,
            Self::Outage => site.outage().await,
            Self::Orders => site.orders().await,
            Self::Hold => site.hold().await,
            Self::Silent => site.silent().await,
            Self::Unreachable => site.unreachable().await,
            Self::Unresolvable => site.unresolvable().await,
            Self::Nameless => site.nameless().await,
            Self::Killed => site.killed().await,
            Self::Terminated => site.terminated().await,
            Self::FullDisk => site.full_disk().await,
            Self::Certificate => site.certificate().await,
            Self::Policies => site.policies().await,
            Self::Rollover => site.rollover().await,
            Self::Clock => site.clock().await,
            Self::Tokens => site.tokens().await,
            Self::Grants => site.grants().await,
            Self::Mishaps => site.mishaps().await,
            Self::NoToken => site.without_tokens().await,
            Self::NoKeys => site.without_keys().await,
        }
    }
}

/// Faults in an order of their own for each seed: all of them, then all again.
pub(crate) struct Deck {
    random: fastrand::Rng,
    left: Vec<Fault>,
}

impl Deck {
    pub(crate) fn shuffled(seed: u64) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            left: Vec::new(),
        }
    }

    pub(crate) fn draw(&mut self) -> Fault {
        if self.left.is_empty() {
            self.left = Fault::ALL.to_vec();
            // These two are many in one.
            self.left.extend([Fault::Storm, Fault::Outage].repeat(2));
            self.left.retain(|fault| fault.can_be_had());
            self.random.shuffle(&mut self.left);
        }
        self.left.pop().unwrap_or(Fault::Storm)
    }
}

#[test]
fn a_seed_is_an_order_in_which_every_fault_comes() {
    let drawn = |seed| -> Vec<_> {
        let mut deck = Deck::shuffled(seed);
        (0..Fault::ALL.len() + 4).map(|_| deck.draw()).collect()
    };
    let first = drawn(1);
    assert_eq!(first, drawn(1));
    assert_ne!(first, drawn(2));
    let mut all = Fault::ALL.iter().filter(|fault| fault.can_be_had());
    assert!(all.all(|fault| first.contains(fault)));
}
