//! What can be asked of Resource Graph about virtual machines.

use std::hash::Hasher as _;

use fnv::FnvHasher;

use super::{
    PowerState, VmName,
    kql::{self, Column, Condition},
};
use crate::config::Scope;

/// The largest page that Resource Graph gives out.
///
/// Source: "Working with large Azure resource data sets", paging results.
const LARGEST_PAGE: u16 = 1_000;

const TYPE: &str = "microsoft.compute/virtualmachines";
const POWER_STATE: &str = "tostring(properties.extended.instanceView.powerState.code)";

/// What a listing shows, beside the id.
const COLUMNS: [Column; 6] = [
    ("name", "name"),
    ("location", "location"),
    ("tags", "tags"),
    ("size", "tostring(properties.hardwareProfile.vmSize)"),
    ("powerState", POWER_STATE),
    (
        "provisioningState",
        "tostring(properties.provisioningState)",
    ),
];

/// Not a size of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("top is a number from 1 to 1000")]
pub(crate) struct InvalidTop;

/// The size of a page of virtual machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MachineTop(u16);

impl MachineTop {
    /// The most that Resource Graph gives out.
    pub(crate) const MOST: Self = Self(LARGEST_PAGE);

    /// As many as `count`, within what Resource Graph gives out.
    pub(crate) const fn of(count: u16) -> Self {
        match count {
            0 => Self(1),
            1..=LARGEST_PAGE => Self(count),
            _ => Self(LARGEST_PAGE),
        }
    }
}

impl Default for MachineTop {
    fn default() -> Self {
        Self(200)
    }
}

impl std::str::FromStr for MachineTop {
    type Err = InvalidTop;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let top = text
            .parse()
            .ok()
            .filter(|top| (1..=LARGEST_PAGE).contains(top) && !text.starts_with('+'));
        top.map(Self).ok_or(InvalidTop)
    }
}

/// The virtual machines of some scopes.
#[derive(Clone, Debug)]
pub(crate) struct MachineQuery {
    pub(super) subscriptions: Vec<String>,
    pub(super) text: String,
    pub(super) top: u16,
}

impl MachineQuery {
    /// Those with one of `names`.
    pub(crate) fn named<'a>(
        names: impl Iterator<Item = &'a VmName>,
        scopes: impl Iterator<Item = &'a Scope>,
    ) -> Self {
        let names = names.map(|name| Condition::Is("name", name.to_string()));
        let condition = Condition::Any(names.collect());
        Self::new(vec![condition], scopes, &[("name", "name")], LARGEST_PAGE)
    }

    /// All of them, or those in one power state.
    pub(crate) fn listing<'a>(
        scopes: impl Iterator<Item = &'a Scope>,
        state: Option<PowerState>,
        top: MachineTop,
    ) -> Self {
        let conditions = state.map(in_state).into_iter().collect();
        Self::new(conditions, scopes, &COLUMNS, top.0)
    }

    fn new<'a>(
        mut conditions: Vec<Condition>,
        scopes: impl Iterator<Item = &'a Scope>,
        columns: &[Column],
        top: u16,
    ) -> Self {
        let mut subscriptions: Vec<String> = Vec::new();
        let mut places = Vec::new();
        for scope in scopes {
            let id = scope.subscription_id.as_str();
            if !subscriptions
                .iter()
                .any(|known| known.eq_ignore_ascii_case(id))
            {
                subscriptions.push(id.to_owned());
            }
            places.push(within(scope));
        }
        conditions.insert(0, Condition::Is("type", TYPE.to_owned()));
        conditions.push(Condition::Any(places));
        Self {
            subscriptions,
            text: kql::query(&Condition::All(conditions), columns),
            top,
        }
    }

    /// A number that two queries share only if they ask for the same: a place
    /// in the answer to one is none in the answer to another. It is the same on
    /// every replica.
    pub(crate) fn fingerprint(&self) -> u64 {
        let top = self.top.to_string();
        let parts = self.subscriptions.iter().chain([&self.text, &top]);
        // FNV-1a: the standard library's hash may change with a release.
        let mut hash = FnvHasher::default();
        for part in parts {
            hash.write(part.as_bytes());
            hash.write(&[0]);
        }
        hash.finish()
    }
}

fn within(scope: &Scope) -> Condition {
    let id = scope.subscription_id.as_str().to_owned();
    let subscription = Condition::Is("subscriptionId", id);
    match &scope.resource_group {
        None => subscription,
        Some(group) => {
            let group = Condition::Is("resourceGroup", group.as_str().to_owned());
            Condition::All(vec![subscription, group])
        }
    }
}

fn in_state(state: PowerState) -> Condition {
    match code(state) {
        Some(code) => Condition::Is(POWER_STATE, code),
        None => Condition::All(
            PowerState::ALL
                .into_iter()
                .filter_map(code)
                .map(|code| Condition::IsNot(POWER_STATE, code))
                .collect(),
        ),
    }
}

/// Azure's code for a state; an unknown one has none.
fn code(state: PowerState) -> Option<String> {
    (state != PowerState::Unknown).then(|| format!("PowerState/{}", state.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Scopes;

    const SCOPES: &str = "/subscriptions/00000000-0000-0000-0000-00000000000a \
         /subscriptions/00000000-0000-0000-0000-00000000000b/resourceGroups/rg-a \
         /subscriptions/00000000-0000-0000-0000-00000000000B/resourceGroups/rg-b";

    fn listing(state: Option<PowerState>, top: &str) -> MachineQuery {
        let scopes: Scopes = SCOPES.parse().unwrap();
        MachineQuery::listing(scopes.iter(), state, top.parse().unwrap())
    }

    #[test]
    fn a_name_is_looked_for_in_every_scope_and_nowhere_else() {
        let scopes: Scopes = SCOPES.parse().unwrap();
        let names = ["Web-01", "db-02"].map(|name| name.parse().unwrap());
        let query = MachineQuery::named(names.iter(), scopes.iter());
        assert_eq!(query.subscriptions.len(), 2);
        assert_eq!(
            query.text,
            "resources | where (type =~ 'microsoft.compute/virtualmachines' and \
             (name =~ 'Web-01' or name =~ 'db-02') and \
             (subscriptionId =~ '00000000-0000-0000-0000-00000000000a' or \
             (subscriptionId =~ '00000000-0000-0000-0000-00000000000b' and resourceGroup =~ 'rg-a') or \
             (subscriptionId =~ '00000000-0000-0000-0000-00000000000B' and resourceGroup =~ 'rg-b'))) \
             | project id, name = name | order by id asc"
        );
    }

    #[test]
    fn an_unknown_state_is_one_that_is_none_of_the_known() {
        let text = listing(Some(PowerState::Unknown), "5").text;
        assert_eq!(
            text.matches("!~ 'PowerState/").count(),
            PowerState::ALL.len() - 1,
            "{text}"
        );
        let text = listing(Some(PowerState::Running), "5").text;
        assert_eq!(text.matches("=~ 'PowerState/running'").count(), 1, "{text}");
    }

    #[test]
    fn a_fingerprint_tells_queries_apart() {
        let plain = listing(None, "5").fingerprint();
        assert_eq!(plain, listing(None, "5").fingerprint());
        assert_ne!(plain, listing(None, "6").fingerprint());
        assert_ne!(plain, listing(Some(PowerState::Running), "5").fingerprint());
        let one: Scopes = "/subscriptions/00000000-0000-0000-0000-00000000000a"
            .parse()
            .unwrap();
        let narrower = MachineQuery::listing(one.iter(), None, "5".parse().unwrap());
        assert_ne!(plain, narrower.fingerprint());
    }

    #[test]
    fn a_page_has_a_size_that_resource_graph_can_give() {
        for top in ["0", "1001", "-1", "+5", "", "all"] {
            assert_eq!(top.parse::<MachineTop>(), Err(InvalidTop), "{top}");
        }
        assert!("1000".parse::<MachineTop>().is_ok());
    }
}
