//! What the identity may do at a scope, as Resource Manager tells it.

use serde::Deserialize;
use url::{Origin, Url};

use super::{Action, ArmClient, Call, Error};
use crate::http::{Cause, Context, Request, RetryPolicy};

const CALL: Call = Call::Permissions;

/// Source: Azure/azure-rest-api-specs, `Microsoft.Authorization`
/// `authorization-RoleDefinitionsCalls`, stable 2022-04-01.
const VERSION: &str = "2022-04-01";

/// There is an entry for each assignment; an identity has a handful.
const MOST_PAGES: usize = 20;

/// The permissions that hold at one scope. Deny assignments and locks do not
/// show in them.
#[derive(Debug, Default)]
pub(crate) struct Effective(Vec<Entry>);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default)]
    actions: Vec<String>,
    #[serde(default)]
    not_actions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    value: Vec<Entry>,
    #[serde(default)]
    next_link: Option<String>,
}

impl Effective {
    /// Whether `action` is allowed: an entry takes back only what it gave itself.
    ///
    /// Source: "Understand Azure role definitions", `NotActions`.
    pub(crate) fn allow(&self, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        let has = |patterns: &[String]| {
            let mut patterns = patterns.iter();
            patterns.any(|pattern| matches(&pattern.to_ascii_lowercase(), &action))
        };
        let mut entries = self.0.iter();
        entries.any(|entry| has(&entry.actions) && !has(&entry.not_actions))
    }
}

#[cfg(any(fuzzing, test))]
impl Effective {
    /// The permissions of one page, and its link to the next one.
    pub(super) fn of(body: &[u8]) -> Option<(Self, Option<String>)> {
        let page: Page = serde_json::from_slice(body).ok()?;
        Some((Self(page.value), page.next_link))
    }

    /// Every pattern of them.
    pub(super) fn patterns(&self) -> impl Iterator<Item = &str> {
        let entries = self.0.iter();
        let patterns = entries.flat_map(|entry| entry.actions.iter().chain(&entry.not_actions));
        patterns.map(String::as_str)
    }
}

/// One call for each permission that the gateway needs on virtual machines; to
/// change them only where that is switched on.
pub(crate) fn needed(with_update: bool) -> Vec<Call> {
    let orders = Action::ALL.into_iter().filter(|action| match action {
        // A parameter of the same permission.
        Action::Hibernate => false,
        Action::Update => with_update,
        Action::Deallocate
        | Action::Start
        | Action::Restart
        | Action::PowerOff
        | Action::Redeploy
        | Action::Reapply => true,
    });
    let mut calls = vec![Call::GetVm, Call::OperationStatus];
    calls.extend(orders.map(Call::Order));
    calls
}

impl ArmClient {
    /// What the identity may do at `scope`, a resource id in `subscription_id`.
    pub(crate) async fn effective(
        &self,
        scope: &str,
        subscription_id: &str,
        context: &Context,
    ) -> Result<Effective, Error> {
        let origin = self.endpoint().origin();
        let mut url = String::from(address(self.endpoint(), scope));
        let mut entries = Vec::new();
        for _ in 0..MOST_PAGES {
            let request = Request::get(&url, CALL.as_str());
            let answer = self
                .call(CALL, request, subscription_id, context, RetryPolicy::INLINE)
                .await?;
            let page: Page = serde_json::from_slice(&answer.body)
                .map_err(|error| self.malformed(CALL, Cause::new(&error)))?;
            entries.extend(page.value);
            let Some(link) = page.next_link.filter(|link| !link.is_empty()) else {
                return Ok(Effective(entries));
            };
            let Some(further) = further(&link, &origin) else {
                let cause = Cause::said("nextLink leads away from Resource Manager");
                return Err(self.malformed(CALL, cause));
            };
            url = further.into();
        }
        let cause = Cause::said("one page of permissions follows the other");
        Err(self.malformed(CALL, cause))
    }
}

/// Only a link to `arm` is followed: our token goes with it.
pub(super) fn further(link: &str, arm: &Origin) -> Option<Url> {
    let link = Url::parse(link).ok()?;
    (link.origin() == *arm).then_some(link)
}

fn address(endpoint: &Url, scope: &str) -> Url {
    let mut url = endpoint.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.clear()
            .extend(scope.split('/').filter(|part| !part.is_empty()))
            .extend(["providers", "Microsoft.Authorization", "permissions"]);
    }
    url.query_pairs_mut().append_pair("api-version", VERSION);
    url
}

/// Whether `text` is as `pattern` says, in which `*` stands for anything, slashes
/// included.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let Some((beginning, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(beginning) else {
        return false;
    };
    let mut parts: Vec<_> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = text.split_once(part) else {
            return false;
        };
        text = after;
    }
    text.ends_with(end)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const DEALLOCATE: &str = "Microsoft.Compute/virtualMachines/deallocate/action";

    fn allows(entries: Value, action: &str) -> bool {
        Effective(serde_json::from_value(entries).unwrap()).allow(action)
    }

    #[test]
    fn wildcards_reach_over_slashes_and_case_does_not_matter() {
        for pattern in [
            "*",
            "Microsoft.Compute/*",
            "*/action",
            "microsoft.compute/VIRTUALMACHINES/*/action",
            DEALLOCATE,
        ] {
            assert!(
                allows(json!([{"actions": [pattern]}]), DEALLOCATE),
                "{pattern}"
            );
        }
        for pattern in [
            "",
            "*/read",
            "Microsoft.Compute",
            "Microsoft.Compute/virtualMachines/deallocate",
        ] {
            assert!(
                !allows(json!([{"actions": [pattern]}]), DEALLOCATE),
                "{pattern}"
            );
        }
    }

    #[test]
    fn an_entry_takes_back_what_it_gave_and_not_what_another_gave() {
        let taken = json!({"actions": ["*"], "notActions": ["*/deallocate/*"]});
        assert!(!allows(json!([taken]), DEALLOCATE));
        assert!(allows(
            json!([taken, {"actions": [DEALLOCATE]}]),
            DEALLOCATE
        ));
        assert!(!allows(json!([]), DEALLOCATE));
    }

    #[test]
    fn what_is_needed_is_what_the_roles_give() {
        let operator = include_str!("../../deploy/azure/role.json");
        let updater = include_str!("../../deploy/azure/role-update.json");
        let actions = |role: &str| -> Vec<String> {
            let role: Value = serde_json::from_str(role).unwrap();
            serde_json::from_value(role["Actions"].clone()).unwrap()
        };
        let of = |with_update| {
            let needed = needed(with_update).into_iter();
            let mut permissions: Vec<_> = needed.map(Call::permission).collect();
            permissions.sort_unstable();
            permissions
        };
        let mut given = actions(operator);
        given.sort_unstable();
        assert_eq!(of(false), given);
        given.extend(actions(updater));
        given.sort_unstable();
        given.dedup();
        assert_eq!(of(true), given);
    }
}
