//! Whether the identity may do in each scope what the gateway is for.

use super::{Check, PATIENCE, Report, context, identity::Holder, tokens};
use crate::{
    app::Shared,
    azure::{self, ArmClient, Call, Effective, Reason, RoleAssignment, VirtualMachineId, needed},
    config::{Config, Scope, Scopes},
    http::Deadline,
    inventory::{self, Inventory, Listing},
    telemetry::chain,
};

const SCOPES: &str = "scopes";
const NAME: &str = "permissions";

/// So many machines of a scope are looked at, to find out where a role is.
const MACHINES: usize = 5;

pub(super) async fn examine(
    report: &mut Report,
    shared: &Shared,
    inventory: &Inventory,
    config: &Config,
    holder: &Holder,
) {
    let scopes = inventory.scopes(Deadline::after(PATIENCE)).await;
    report.add(scopes_known(report, &scopes));
    let takes = [SCOPES, "arm", tokens::ARM, "identity"];
    let (scopes, cause) = (scopes.ok(), report.obstacle(&takes));
    if let Some(cause) = cause {
        report.add(Check::skipped(NAME, cause));
        return;
    }
    let examiner = Examiner {
        arm: shared.arm(shared.upstream("arm"), shared.identity()),
        inventory,
        calls: needed(config.vm_update),
        holder,
    };
    for scope in scopes.into_iter().flat_map(Scopes::iter) {
        report.add(examiner.check(scope).await.about(scope.to_string()));
    }
}

fn scopes_known(report: &Report, scopes: &Result<&Scopes, inventory::Error>) -> Check {
    match scopes {
        Ok(scopes) => {
            let names: Vec<_> = scopes.iter().map(Scope::to_string).collect();
            Check::ok(SCOPES, format!("served is {}", names.join(", ")))
        }
        Err(error) => match report.obstacle(&["host"]) {
            Some(cause) => Check::skipped(SCOPES, cause),
            None => Check::failed(SCOPES, "no_scope", chain(error)).mend(
                "set MIG_SCOPES to the resource groups: az group list --query '[].id' --output tsv",
            ),
        },
    }
}

struct Examiner<'a> {
    arm: ArmClient,
    inventory: &'a Inventory,
    /// One for each permission that it takes.
    calls: Vec<Call>,
    holder: &'a Holder,
}

/// What the identity may do at a place.
enum Found {
    Effective(Effective),
    /// Whoever has no role there is not told so in any other way.
    Nothing,
}

impl Examiner<'_> {
    async fn check(&self, scope: &Scope) -> Check {
        let id = scope.subscription_id.as_str();
        let found = match self.found(&scope.to_string(), id).await {
            Ok(found) => found,
            Err(error) => return failed(&error),
        };
        let missing = self.missing(&found);
        if missing.is_empty() {
            return Check::ok(NAME, "everything that the gateway does is allowed");
        }
        let machines = self.machines(scope).await;
        for machine in &machines {
            let at = self.found(&machine.to_string(), id).await;
            if at.is_ok_and(|at| self.missing(&at).len() < missing.len()) {
                return self.too_far_down(scope, machine);
            }
        }
        if matches!(found, Found::Nothing) && !machines.is_empty() {
            return unknown(&machines[0]);
        }
        self.lacking(scope, &missing)
    }

    async fn found(&self, scope: &str, subscription_id: &str) -> Result<Found, azure::Error> {
        match self.arm.effective(scope, subscription_id, &context()).await {
            Ok(effective) => Ok(Found::Effective(effective)),
            Err(error) if is_denied(&error) => Ok(Found::Nothing),
            Err(error) => Err(error),
        }
    }

    fn missing(&self, found: &Found) -> Vec<Call> {
        let is_allowed = |call: &Call| match found {
            Found::Effective(effective) => effective.allow(call.permission()),
            Found::Nothing => false,
        };
        let calls = self.calls.iter().copied();
        calls.filter(|call| !is_allowed(call)).collect()
    }

    /// Some virtual machines of the scope that the identity may read.
    async fn machines(&self, scope: &Scope) -> Vec<VirtualMachineId> {
        let listing = Listing::default();
        let page = self.inventory.list(&listing, None, &context()).await;
        let machines = page.map(|page| page.machines).unwrap_or_default();
        let ids = machines.into_iter().map(|machine| machine.id);
        ids.filter(|id| scope.has(&id.subscription_id, &id.resource_group))
            .take(MACHINES)
            .collect()
    }

    fn too_far_down(&self, scope: &Scope, machine: &VirtualMachineId) -> Check {
        let detail = format!(
            "what is allowed at the virtual machine {} is not allowed at the scope: the role is \
             assigned too far down, where it does not reach other machines, nor the status of \
             operations",
            machine.name
        );
        Check::failed(NAME, "role_below_scope", detail).mend(self.commands(scope, &self.calls))
    }

    fn lacking(&self, scope: &Scope, missing: &[Call]) -> Check {
        let actions: Vec<_> = missing.iter().map(|call| call.permission()).collect();
        let detail = format!("not allowed: {}", actions.join(", "));
        Check::failed(NAME, "action_missing", detail).mend(self.commands(scope, missing))
    }

    /// One command for each role that has one of the permissions.
    fn commands(&self, scope: &Scope, calls: &[Call]) -> String {
        let mut roles: Vec<_> = calls.iter().filter_map(|call| call.role()).collect();
        roles.dedup();
        let scope = scope.to_string();
        let command = |role| {
            let principal = self.holder.principal.map(|it| it.to_string());
            let grant = RoleAssignment {
                principal: principal.as_deref().unwrap_or("PRINCIPAL"),
                role,
                scope: &scope,
            };
            grant.to_string()
        };
        let commands: Vec<_> = roles.into_iter().map(command).collect();
        format!("{}; the role stands in deploy/azure", commands.join("; "))
    }
}

/// Resource Manager shows its permissions to whoever has one, as a rule.
fn unknown(machine: &VirtualMachineId) -> Check {
    Check::warning(
        NAME,
        "permissions_unknown",
        format!(
            "Azure does not show the identity its own permissions here; virtual machines such as \
             {} can be seen",
            machine.name
        ),
    )
    .mend("az role assignment list --assignee PRINCIPAL --all, and compare with deploy/azure")
}

fn is_denied(error: &azure::Error) -> bool {
    let reason = error.refusal().map(Reason::of);
    matches!(reason, Some(Reason::NotPermitted(_)))
}

/// Resource Manager did not say what is allowed.
fn failed(error: &azure::Error) -> Check {
    let detail = chain(error);
    let (code, mend) = match error.refusal().map(Reason::of) {
        Some(Reason::WrongTenant) => (
            "wrong_tenant",
            "the subscription is of another tenant than the identity: see MIG_SCOPES",
        ),
        Some(Reason::Revoked | Reason::Rejected) => (
            "token_rejected",
            "see whether the identity still exists, and the clock of this host",
        ),
        Some(Reason::NoSuchSubscription | Reason::NoSuchGroup | Reason::NoSuchResource) => (
            "no_such_scope",
            "see MIG_SCOPES: az group list --query '[].id' --output tsv",
        ),
        Some(Reason::Throttled) => ("throttled", "try again in a minute"),
        _ => ("failing", "try again in a minute"),
    };
    Check::failed(NAME, code, detail).mend(mend)
}
