//! What Resource Graph said of names, shared by all workers.

use std::{sync::Arc, time::Duration};

use moka::sync::Cache;

use super::gathering::{Gathering, Turn};
use crate::{
    azure::{self, VirtualMachineId, VmName},
    task::{AsLongAs, Flights, Joined, Landing},
};

/// How long a virtual machine is believed to be where it was.
const FOUND: Duration = Duration::from_mins(5);

/// How long a name is believed to belong to nobody. Resource Graph follows what
/// is new within a minute or so, and people wait for it.
const NOT_FOUND: Duration = Duration::from_secs(30);

/// How long a name is not asked for again because Azure did not know what it
/// led to: those who find out at the same time share the second answer.
const ASKED_AGAIN: Duration = Duration::from_secs(2);

/// Names are what callers make up, too.
const CAPACITY: u64 = 10_000;

/// The virtual machines that have one name.
pub(crate) type Candidates = Arc<[VirtualMachineId]>;

/// How a look-up ended.
pub(super) type Outcome = Result<Candidates, azure::Error>;

/// Whether `name` looks like a member of a uniform scale set, `{set}_{number}`.
/// Those are not virtual machines of their own.
///
/// Source: "Orchestration modes for Virtual Machine Scale Sets".
pub(crate) fn is_like_scale_set_member(name: &VmName) -> bool {
    let name = name.to_string();
    name.rsplit_once('_').is_some_and(|(set, number)| {
        !set.is_empty() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// What is known of every name; case does not matter.
#[derive(Clone)]
pub(crate) struct KnownNames(Arc<Inner>);

struct Inner {
    names: Cache<String, Candidates>,
    asked_again: Cache<String, ()>,
    flights: Flights<String, Outcome>,
    gathering: Gathering<Wanted>,
}

/// A name that is to be asked for, and who is to hear of it.
pub(super) struct Wanted {
    pub(super) name: VmName,
    landing: Landing<String, Outcome>,
}

impl KnownNames {
    /// No names yet.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            names: Cache::builder()
                .max_capacity(CAPACITY)
                .expire_after(AsLongAs(believed))
                .build(),
            asked_again: Cache::builder()
                .max_capacity(CAPACITY)
                .time_to_live(ASKED_AGAIN)
                .build(),
            flights: Flights::default(),
            gathering: Gathering::new(),
        }))
    }

    /// Joins the look-up of `name`, or begins it. It ends by the deadline of
    /// whoever began it.
    pub(super) fn join(&self, name: &VmName) -> Joined<String, Outcome> {
        let key = key(name);
        let known = || Some(Ok(self.0.names.get(&key)?));
        match known() {
            Some(known) => Joined::Landed(known),
            None => self.0.flights.join(&key, known),
        }
    }

    /// Has `name` asked for with the next names; `Some` if it is for this one to ask for
    /// all of them.
    pub(super) fn ask(
        &self,
        name: VmName,
        landing: Landing<String, Outcome>,
    ) -> Option<Turn<Wanted>> {
        self.0.gathering.join(Wanted { name, landing })
    }

    /// Keeps what was found of what was wanted and hands `outcome` to everybody who waits
    /// for it. A failure is told to those alone.
    pub(super) fn land(&self, wanted: Wanted, outcome: Outcome) {
        if let Ok(candidates) = &outcome {
            let key = key(&wanted.name);
            self.0.names.insert(key, Arc::clone(candidates));
        }
        wanted.landing.land(outcome);
    }

    /// Forgets the name of `id`, if it was remembered to lead there; whether it
    /// was, now or a moment ago.
    pub(super) fn forget(&self, id: &VirtualMachineId) -> bool {
        let key = key(&id.name);
        if self.0.asked_again.contains_key(&key) {
            return true;
        }
        let known = self.0.names.get(&key).unwrap_or_default();
        let leads_there = known.iter().any(|it| it.is(id));
        if leads_there {
            self.0.names.invalidate(&key);
            self.0.asked_again.insert(key, ());
        }
        leads_there
    }
}

fn key(name: &VmName) -> String {
    name.to_string().to_ascii_lowercase()
}

/// How long an answer is believed.
fn believed(candidates: &Candidates) -> Duration {
    if candidates.is_empty() {
        NOT_FOUND
    } else {
        FOUND
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v";

    fn name(text: &str) -> VmName {
        text.parse().unwrap()
    }

    fn first(names: &KnownNames, text: &str) -> Wanted {
        let name = name(text);
        match names.join(&name) {
            Joined::First(landing) => Wanted { name, landing },
            Joined::Landed(_) | Joined::Waiting(_) => panic!("{text} is known"),
        }
    }

    fn found(count: usize) -> Candidates {
        vec![ID.parse().unwrap(); count].into()
    }

    fn learn(names: &KnownNames, count: usize) {
        names.land(first(names, "v"), Ok(found(count)));
    }

    #[actix_web::test]
    async fn those_who_come_in_the_meantime_wait_for_the_first_whatever_their_case() {
        let names = KnownNames::new();
        let wanted = first(&names, "Web-01");
        let Joined::Waiting(seat) = names.join(&name("wEB-01")) else {
            panic!("a second look-up");
        };
        names.land(wanted, Ok(found(1)));
        assert_eq!(seat.outcome().await.unwrap().unwrap().len(), 1);
        assert!(matches!(names.join(&name("WEB-01")), Joined::Landed(_)));
    }

    #[test]
    fn a_name_is_forgotten_once_for_all_who_find_out_at_the_same_time() {
        let names = KnownNames::new();
        let id: VirtualMachineId = ID.to_uppercase().parse().unwrap();
        assert!(!names.forget(&id));
        learn(&names, 1);
        assert!(names.forget(&id));
        learn(&names, 2);
        assert!(names.forget(&id));
        assert!(matches!(names.join(&name("v")), Joined::Landed(_)));
    }

    #[test]
    fn nobody_is_believed_for_half_a_minute_and_somebody_for_five() {
        assert_eq!(believed(&found(0)), Duration::from_secs(30));
        assert_eq!(believed(&found(1)), Duration::from_mins(5));
    }

    #[test]
    fn a_member_of_a_uniform_scale_set_is_known_by_its_number() {
        for member in ["set_0", "my_set_12", "Set-1_007"] {
            assert!(is_like_scale_set_member(&name(member)), "{member}");
        }
        for other in ["web-01", "web_", "web_a1", "web_1a", "1"] {
            assert!(!is_like_scale_set_member(&name(other)), "{other}");
        }
    }
}
