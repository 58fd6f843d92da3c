//! Whether the identity may do in each scope what the gateway is for.

use super::{Check, PATIENCE, Report, context, identity::Holder, tokens};
use crate::{
    app::Shared,
    azure::{
        self, AppRoleGrant, ArmClient, Call, Effective, MachineTop, Reason, RoleAssignment,
        VirtualMachineId, needed,
    },
    config::{Config, Scope, Scopes},
    http::Deadline,
    inventory::{self, Inventory, Listing, Narrowing},
    telemetry::chain,
};

const SCOPES: &str = "scopes";
const NAME: &str = "permissions";

/// So many machines of a scope are looked at, to find out where a role is.
const MACHINES: MachineTop = MachineTop::of(5);

/// Where some orders of a role are allowed and others are not, it is assigned.
const OUTDATED: &str = "the role is assigned and its definition is older: az role definition update --role-definition \
     @deploy/azure/role.json, with your scopes in its AssignableScopes as when it was created";

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
        arm: shared.arm(shared.to_arm(), shared.identity()),
        inventory,
        calls: needed(config.vm_update),
        holder,
        grant: shared.graph(shared.identity()).grant(),
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
    /// It knows how the principal is found that the tokens do not tell.
    grant: AppRoleGrant,
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
            return self.unknown(&machines[0]);
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
        let listing = Listing {
            narrowing: Narrowing {
                subscription_id: Some(scope.subscription_id.clone()),
                resource_group: scope.resource_group.clone(),
            },
            top: MACHINES,
            ..Listing::default()
        };
        let page = self.inventory.list(&listing, None, &context()).await;
        let machines = page.map(|page| page.machines).unwrap_or_default();
        machines.into_iter().map(|machine| machine.id).collect()
    }

    fn too_far_down(&self, scope: &Scope, machine: &VirtualMachineId) -> Check {
        let detail = format!(
            "what is allowed at the virtual machine {} is not allowed at the scope: the role is \
             assigned too far down, where it does not reach other machines, nor the status of \
             operations",
            machine.name
        );
        Check::failed(NAME, "role_below_scope", detail)
            .mend(self.assignments(scope, &roles(&self.calls)))
    }

    fn lacking(&self, scope: &Scope, missing: &[Call]) -> Check {
        let actions: Vec<_> = missing.iter().map(|call| call.permission()).collect();
        let detail = format!("not allowed: {}", actions.join(", "));
        let (older, absent): (Vec<_>, Vec<_>) = roles(missing)
            .into_iter()
            .partition(|role| self.is_given(role, missing));
        let mut steps = Vec::new();
        if !older.is_empty() {
            steps.push(OUTDATED.to_owned());
        }
        if !absent.is_empty() {
            steps.push(self.assignments(scope, &absent));
        }
        Check::failed(NAME, "action_missing", detail).mend(steps.join("; "))
    }

    /// Whether part of `role` is allowed. Reading is part of other roles too,
    /// and says nothing of this one.
    fn is_given(&self, role: &str, missing: &[Call]) -> bool {
        let mut calls = self.calls.iter();
        calls.any(|call| call.is_order() && call.role() == Some(role) && !missing.contains(call))
    }

    /// One command for each of `roles`.
    fn assignments(&self, scope: &Scope, roles: &[&str]) -> String {
        let principal = self.principal();
        let scope = scope.to_string();
        let command = |role: &&str| {
            let assignment = RoleAssignment {
                principal: &principal,
                principal_type: self.grant.principal_type(),
                role,
                scope: &scope,
            };
            assignment.to_string()
        };
        let commands: Vec<_> = roles.iter().map(command).collect();
        format!(
            "{}{}; the role stands in deploy/azure",
            commands.join("; "),
            self.explained()
        )
    }

    fn principal(&self) -> String {
        let known = self.holder.principal.map(|id| id.to_string());
        known.unwrap_or_else(|| self.grant.principal_or_place())
    }

    /// What stands in the place of a principal that is not known.
    fn explained(&self) -> String {
        let how = self.grant.how_to_find_principal();
        let how = how.filter(|_| self.holder.principal.is_none());
        how.map_or_else(String::new, |how| {
            format!(", where PRINCIPAL is the object id of the identity: {how}")
        })
    }

    /// Resource Manager shows its permissions to whoever has one, as a rule.
    fn unknown(&self, machine: &VirtualMachineId) -> Check {
        Check::warning(
            NAME,
            "permissions_unknown",
            format!(
                "Azure does not show the identity its own permissions here; virtual machines such \
                 as {} can be seen",
                machine.name
            ),
        )
        .mend(format!(
            "az role assignment list --assignee {} --all, and compare with deploy/azure{}",
            self.principal(),
            self.explained()
        ))
    }
}

/// The roles that have one of `calls`.
fn roles(calls: &[Call]) -> Vec<&'static str> {
    let mut roles: Vec<_> = calls.iter().filter_map(|call| call.role()).collect();
    roles.dedup();
    roles
}

fn is_denied(error: &azure::Error) -> bool {
    let reason = error.refusal().map(Reason::of);
    matches!(
        reason,
        Some(Reason::NotPermitted(_) | Reason::DenyAssignment)
    )
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
