//! What whoever wrote an action that there is not may have meant.
//!
//! Cedar proposes one, too, and each time another: by the letters of the whole name it
//! takes whichever of several comes first.

use super::Action;

/// What stands before an action that is none, in Cedar's words.
const UNRECOGNIZED: &str = "unrecognized action `";

/// Those of actions that stand for several.
const GROUPS: [&str; 3] = ["read", "operate", "directory"];

/// The advice to `reason`, if that is about an action.
pub(super) fn advice(reason: &str) -> Option<String> {
    let (_, after) = reason.split_once(UNRECOGNIZED)?;
    let (written, _) = after.split_once('`')?;
    let id = written.trim_end_matches('"');
    let id = id.rsplit_once('"').map_or(id, |(_, id)| id);
    let known = Action::ALL.map(Action::as_str).into_iter().chain(GROUPS);
    let nearest = known.min_by_key(|known| strsim::damerau_levenshtein(known, id))?;
    Some(format!("did you mean MiGateway::Action::\"{nearest}\"?"))
}
