//! Every virtual machine, found by its id, its group and its subscription.

use std::collections::HashMap;

use axum::{body::Body, http::Response};

use super::{key, machine::Machine, refusals, target::Target};
use crate::seed::VirtualMachine;

/// All machines, in the order of the seed.
#[derive(Default)]
pub(super) struct Machines {
    all: Vec<Machine>,
    /// Places in `all`, by lower-cased id.
    by_id: HashMap<String, usize>,
    /// By lower-cased group and name, whatever the subscription: the first.
    by_name: HashMap<String, usize>,
    /// By lower-cased subscription.
    subscriptions: HashMap<String, Subscription>,
}

/// The places of a subscription's machines.
#[derive(Default)]
struct Subscription {
    all: Vec<usize>,
    /// By lower-cased group.
    groups: HashMap<String, Vec<usize>>,
}

impl FromIterator<VirtualMachine> for Machines {
    fn from_iter<T: IntoIterator<Item = VirtualMachine>>(seed: T) -> Self {
        let mut machines = Self::default();
        for machine in seed {
            machines.add(machine);
        }
        machines
    }
}

impl Machines {
    fn add(&mut self, seed: VirtualMachine) {
        let place = self.all.len();
        self.by_id.insert(key(&seed.id()), place);
        self.by_name
            .entry(named(&seed.resource_group, &seed.name))
            .or_insert(place);
        let subscription = self
            .subscriptions
            .entry(key(&seed.subscription_id))
            .or_default();
        subscription.all.push(place);
        let group = subscription.groups.entry(key(&seed.resource_group));
        group.or_default().push(place);
        self.all.push(Machine::new(seed));
    }

    /// The machine with the id of which `key` is the lower-cased form.
    pub(super) fn get(&self, key: &str) -> Option<&Machine> {
        self.all.get(*self.by_id.get(key)?)
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Machine> {
        self.all.get_mut(*self.by_id.get(key)?)
    }

    pub(super) fn contains_key(&self, key: &str) -> bool {
        self.by_id.contains_key(key)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Machine> {
        self.all.iter()
    }

    /// The ids of the subscriptions with machines, in their order.
    pub(super) fn subscriptions(&self) -> Vec<String> {
        let mut ids: Vec<_> = self.subscriptions.keys().cloned().collect();
        ids.sort();
        ids
    }

    /// The first machine `name` in a group of that name.
    pub(super) fn find(&self, group: &str, name: &str) -> Option<&Machine> {
        self.all.get(*self.by_name.get(&named(group, name))?)
    }

    /// The machines there, in their order; the error says what is missing.
    pub(super) fn at(&self, target: Target<'_>) -> Result<Vec<&Machine>, Box<Response<Body>>> {
        let (places, missing) = match target {
            Target::Subscription(subscription) => {
                let known = self.subscriptions.get(&key(subscription));
                let places = known.map(|it| &it.all);
                (places, self.missing(subscription, "", ""))
            }
            Target::Group {
                subscription,
                group,
            }
            | Target::Machine {
                subscription,
                group,
                ..
            } => {
                let known = self.subscriptions.get(&key(subscription));
                let places = known.and_then(|it| it.groups.get(&key(group)));
                (places, self.missing(subscription, group, ""))
            }
        };
        let places = places.ok_or_else(|| Box::new(missing))?;
        Ok(places
            .iter()
            .filter_map(|place| self.all.get(*place))
            .collect())
    }

    /// Why there is no machine `name` there.
    pub(super) fn missing(&self, subscription: &str, group: &str, name: &str) -> Response<Body> {
        let Some(known) = self.subscriptions.get(&key(subscription)) else {
            return refusals::subscription_not_found(subscription);
        };
        if known.groups.contains_key(&key(group)) {
            refusals::machine_not_found(group, name)
        } else {
            refusals::group_not_found(group)
        }
    }
}

fn named(group: &str, name: &str) -> String {
    key(&format!("{group}/{name}"))
}
