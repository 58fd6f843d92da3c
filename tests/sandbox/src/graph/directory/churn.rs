//! Changes of every kind at random, the same for the same seed.

use serde_json::{Map, Value, json};

use super::{Directory, People};
use crate::seed;

/// Splitmix64: the same numbers on every machine and in every release.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        seed::mix(self.0)
    }

    /// Below `sides`, which is not 0.
    fn below(&mut self, sides: usize) -> usize {
        usize::try_from(self.roll() % sides as u64).unwrap_or_default()
    }
}

impl Directory {
    /// So many changes: moves, renames, accounts and guests, titles, and people
    /// who come, go, come back or go for good.
    pub(crate) fn churn(&self, changes: usize, seed: u64) {
        let mut dice = Dice(seed);
        let mut people = self.write();
        let goal = people.version + changes as u64;
        while people.version < goal {
            let kind = dice.below(100);
            let done = match kind {
                0..70 => people.retouch(kind, &mut dice),
                70..80 => people.someone(&mut dice).map(|it| people.remove(it)),
                80..86 => people.removed_one(&mut dice).map(|it| people.restore(it)),
                86..88 => people.removed_one(&mut dice).map(|it| people.purge(it)),
                88..90 => people.someone(&mut dice).map(|it| people.purge(it)),
                _ => None,
            };
            if done.is_none() {
                let department = some_department(&mut dice);
                people.add(department);
            }
        }
    }
}

impl People {
    /// Another value for something that somebody has; it may be the same one,
    /// which is no change.
    fn retouch(&mut self, kind: usize, dice: &mut Dice) -> Option<Result<(), super::NotChanged>> {
        let number = self.someone(dice)?;
        let user = self.user(number)?;
        let has = |name: &str, wanted: Value| user.get(name).as_deref() == Some(&wanted);
        let changes = match kind {
            0..30 => json!({"department": some_department(dice)}),
            30..40 => {
                let surname = format!("Renamed {}", dice.below(1_000));
                json!({"surname": surname, "displayName": format!("Somebody {surname}")})
            }
            40..50 => json!({"accountEnabled": !has("accountEnabled", json!(true))}),
            50..60 => {
                let is_guest = has("userType", json!("Guest"));
                json!({"userType": if is_guest { "Member" } else { "Guest" }})
            }
            _ => match dice.below(4) {
                0 => json!({"jobTitle": null}),
                level => json!({"jobTitle": format!("Specialist {level}")}),
            },
        };
        let none = Map::new();
        Some(self.change(number, changes.as_object().unwrap_or(&none)))
    }

    /// Anybody who is there: the first one from a random number on.
    fn someone(&self, dice: &mut Dice) -> Option<usize> {
        let from = dice.below(self.records.len().max(1));
        let later = self.from(from).next();
        let found = later.or_else(|| self.from(0).next());
        found.map(|(number, _)| number)
    }

    /// Anybody who can be restored.
    fn removed_one(&self, dice: &mut Dice) -> Option<usize> {
        let from = dice.below(self.records.len().max(1));
        let later = self.removed.range(from..).next();
        later.or_else(|| self.removed.first()).copied()
    }
}

/// A department of the seed, or none.
fn some_department(dice: &mut Dice) -> Option<&'static str> {
    let departments: Vec<_> = seed::departments().collect();
    let at = dice.below(departments.len() + 1);
    departments.get(at).copied()
}
