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
    /// The clock of Azure jumps by an hour, one way and the other; that of gateways does not.
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

    /// What `cargo test` takes: what strikes the gateways themselves, and lost answers to
    /// orders; those at once that do not get in each other's way. The others of [`Self::ALL`]
    /// take minutes, and a long run.
    const SHORT: [&[Self]; 5] = [
        &[Self::Orders, Self::Certificate, Self::Policies],
        &[Self::Killed],
        &[Self::Clock],
        &[Self::FullDisk],
        &[Self::Nameless],
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

    /// Begins, is met, and ends while calls go on; all is not well yet when this resolves.
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

/// The faults of a run, in their order.
pub(crate) enum Deck {
    Short(std::slice::Iter<'static, &'static [Fault]>),
    /// In an order of their own for each seed: all of them, then all again.
    Shuffled {
        random: fastrand::Rng,
        left: Vec<Fault>,
    },
}

impl Deck {
    pub(crate) fn short() -> Self {
        Self::Short(Fault::SHORT.iter())
    }

    pub(crate) fn shuffled(seed: u64) -> Self {
        Self::Shuffled {
            random: fastrand::Rng::with_seed(seed),
            left: Vec::new(),
        }
    }

    /// The next of them that can be had, which pass at once.
    pub(crate) fn draw(&mut self) -> Option<Vec<Fault>> {
        match self {
            Self::Short(left) => {
                let mut left = left.map(|step| step.to_vec());
                left.find(|step| step.iter().all(|fault| fault.can_be_had()))
            }
            Self::Shuffled { random, left } => {
                if left.is_empty() {
                    left.extend(Fault::ALL);
                    // These two are many in one.
                    left.extend([Fault::Storm, Fault::Outage].repeat(2));
                    left.retain(|fault| fault.can_be_had());
                    random.shuffle(left);
                }
                left.pop().map(|fault| vec![fault])
            }
        }
    }
}

#[test]
fn a_seed_is_an_order_in_which_every_fault_comes() {
    let drawn = |seed| {
        let mut deck = Deck::shuffled(seed);
        let drawn = (0..Fault::ALL.len() + 4).filter_map(|_| deck.draw());
        drawn.collect::<Vec<_>>().concat()
    };
    let first = drawn(1);
    assert_eq!(first, drawn(1));
    assert_ne!(first, drawn(2));
    let all = Fault::ALL.iter().filter(|fault| fault.can_be_had());
    assert!(all.into_iter().all(|fault| first.contains(fault)));
}
