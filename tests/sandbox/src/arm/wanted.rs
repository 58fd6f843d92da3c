//! What a request wants: the permission it needs, where, and what it costs.
//!
//! Sources: "Azure permissions for Compute" (actions); "Azure compute throttling
//! limits" (which group an operation counts for); "Track asynchronous Azure
//! operations", permission for tracking async status.

use super::quota::Group;

/// The permission that shows a virtual machine.
pub(crate) const READ: &str = "Microsoft.Compute/virtualMachines/read";

const POLL: &str = "Microsoft.Compute/locations/operations/read";

/// Whether a request counts as a read or as a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Mode {
    Read,
    Write,
}

/// What a request wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) mode: Mode,
    /// The permission.
    pub(super) action: String,
    /// Where it has to be held.
    pub(super) scope: String,
    /// What Compute counts it as.
    pub(super) group: Group,
    pub(super) of: Of,
    /// The operation as Resource Manager's refusals name it.
    pub(super) template: String,
}

/// What it is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// The machine that is the scope.
    Machine,
    /// All machines below the scope.
    Machines,
    /// The operation with this id.
    Operation(String),
}

impl Wanted {
    /// What `method` on a path wants; `None` for what there is not.
    pub(super) fn of(method: &str, path: &[String]) -> Option<Self> {
        let lower: Vec<_> = path.iter().map(|it| it.to_ascii_lowercase()).collect();
        let lower: Vec<_> = lower.iter().map(String::as_str).collect();
        let begins = lower
            .windows(2)
            .position(|it| it == ["providers", "microsoft.compute"])?;
        let (scope, kinds) = match &lower[..begins] {
            ["subscriptions", _] => (Scope::Subscription, SUBSCRIPTION),
            ["subscriptions", _, "resourcegroups", _] => (Scope::Group, GROUP),
            _ => return None,
        };
        let below = |parts: usize| format!("/{}", path[..begins + parts].join("/"));
        match (scope, method, &lower[begins + 2..]) {
            (
                Scope::Subscription,
                "GET",
                ["virtualmachines"] | ["locations", _, "virtualmachines"],
            )
            | (Scope::Group, "GET", ["virtualmachines"]) => Some(list(below(0), kinds)),
            (Scope::Subscription, "GET", ["locations", _, "operations", guid]) => {
                Some(poll(below(4), guid))
            }
            (Scope::Group, _, ["virtualmachines", _, rest @ ..]) => machine(method, rest, below(4)),
            _ => None,
        }
    }
}

enum Scope {
    Subscription,
    Group,
}

/// Paths as refusals name them.
const SUBSCRIPTION: &str = "SUBSCRIPTIONS/PROVIDERS/MICROSOFT.COMPUTE";
const GROUP: &str = "SUBSCRIPTIONS/RESOURCEGROUPS/PROVIDERS/MICROSOFT.COMPUTE";

fn list(scope: String, kinds: &str) -> Wanted {
    Wanted {
        mode: Mode::Read,
        action: READ.to_owned(),
        scope,
        group: Group::HighCostGet,
        of: Of::Machines,
        template: format!("GET/{kinds}/VIRTUALMACHINES"),
    }
}

fn poll(scope: String, guid: &str) -> Wanted {
    Wanted {
        mode: Mode::Read,
        action: POLL.to_owned(),
        scope,
        group: Group::GetOperation,
        of: Of::Operation(guid.to_owned()),
        template: format!("GET/{SUBSCRIPTION}/LOCATIONS/OPERATIONS"),
    }
}

/// What is wanted of one machine; `rest` is what follows it, in lower case.
fn machine(method: &str, rest: &[&str], scope: String) -> Option<Wanted> {
    let (mode, permission, group) = match (method, rest) {
        ("GET", []) => (Mode::Read, "read", Group::LowCostGet),
        ("GET", ["instanceview"]) => (Mode::Read, "instanceView/read", Group::LowCostGet),
        ("PATCH", []) => (Mode::Write, "write", Group::UpdateVm),
        ("POST", [action]) => ordered(action)?,
        _ => return None,
    };
    let mut template = format!("{method}/{GROUP}/VIRTUALMACHINES");
    for part in rest {
        template.push('/');
        template.push_str(&part.to_ascii_uppercase());
    }
    Some(Wanted {
        mode,
        action: format!("Microsoft.Compute/virtualMachines/{permission}"),
        scope,
        group,
        of: Of::Machine,
        template,
    })
}

fn ordered(action: &str) -> Option<(Mode, &'static str, Group)> {
    let (permission, group) = match action {
        "deallocate" => ("deallocate/action", Group::DeleteVm),
        "start" => ("start/action", Group::UpdateVm),
        "restart" => ("restart/action", Group::UpdateVm),
        "poweroff" => ("powerOff/action", Group::UpdateVm),
        "redeploy" => ("redeploy/action", Group::UpdateVm),
        "reapply" => ("reapply/action", Group::UpdateVm),
        _ => return None,
    };
    Some((Mode::Write, permission, group))
}
