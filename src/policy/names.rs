//! The ids of entities: those that policies write, and those of requests.

use std::borrow::Cow;

use uuid::Uuid;

use crate::{
    access::Caller,
    azure::{
        VirtualMachineId, VmName,
        fold::{folded, folded_without_accents},
    },
    config::{ResourceGroup, Scope, SubscriptionId},
};

/// The length of a GUID with its hyphens; without them it is not one that is told.
const GUID: usize = 36;

/// The ids of a machine, of its group and of its subscription.
pub(super) struct MachineIds {
    pub(super) machine: String,
    pub(super) group: String,
    pub(super) subscription: String,
    pub(super) name: String,
}

/// Whether every part of `id` is one that Azure could give out.
pub(super) fn is_nameable(id: &VirtualMachineId) -> bool {
    id.subscription_id().parse::<SubscriptionId>().is_ok()
        && id.resource_group().parse::<ResourceGroup>().is_ok()
        && id.name.as_str().parse::<VmName>().is_ok()
}

impl MachineIds {
    /// Those of `id`; `None` where a part of it is nothing that Azure gives out, so
    /// that a policy could not name it either.
    pub(super) fn of(id: &VirtualMachineId) -> Option<Self> {
        if !is_nameable(id) {
            return None;
        }
        let subscription = folded(&format!("/subscriptions/{}", id.subscription_id())).into_owned();
        let group = folded(id.resource_group());
        let group = format!("{subscription}/resourcegroups/{group}");
        let name = folded(id.name.as_str()).into_owned();
        Some(Self {
            machine: format!("{group}/providers/microsoft.compute/virtualmachines/{name}"),
            group,
            subscription,
            name,
        })
    }
}

/// The client id `id` as policies compare it. A GUID, as Entra ID's are, has no case; what
/// another issuer calls its clients is compared letter by letter (RFC 6749, 2.2), as
/// `deploy` and `Deploy` may be two of them.
pub(super) fn client_id(id: &str) -> Cow<'_, str> {
    let is_guid = id.len() == GUID && Uuid::try_parse(id).is_ok();
    if is_guid {
        Cow::Owned(id.to_ascii_lowercase())
    } else {
        Cow::Borrowed(id)
    }
}

/// The client id that a policy writes, as [`client_id`] has it; otherwise why it is refused.
/// A GUID with a space behind it, or in braces, is nobody's: a `forbid` by it would never
/// hold. Without hyphens it may be what another issuer calls a client.
pub(super) fn written_client_id(id: &str) -> Result<String, String> {
    let spelt = client_id(id);
    let folded = folded(id);
    match Uuid::try_parse(&folded) {
        Ok(guid) if folded.len() >= GUID && *spelt != guid.to_string() => Err(format!(
            "no caller's clientId is {id:?}: write {guid}, with no space around it and hyphens alone"
        )),
        Ok(_) | Err(_) => Ok(spelt.into_owned()),
    }
}

/// The id that the entity of a policy has in requests; otherwise why it has none.
/// One that no request has would be passed over in silence.
pub(super) fn entity_id(kind: &str, id: &str) -> Result<String, String> {
    let (_, kind) = kind.rsplit_once("::").unwrap_or(("", kind));
    match kind {
        "Subscription" => subscription(id),
        "ResourceGroup" => group(id),
        "Vm" => machine(id),
        "Caller" => named_caller(id),
        "Department" => department(id),
        // Of Entra's app roles case does matter; of the rest the schema has all names.
        _ => Ok(id.to_owned()),
    }
}

fn subscription(id: &str) -> Result<String, String> {
    match id.parse::<Scope>() {
        Ok(Scope {
            subscription_id,
            resource_group: None,
        }) => Ok(folded(&format!("/subscriptions/{}", subscription_id.as_str())).into_owned()),
        _ => Err(format!(
            "{id:?} is no subscription: write /subscriptions/{{id}}, the id being a GUID"
        )),
    }
}

fn group(id: &str) -> Result<String, String> {
    match id.parse::<Scope>() {
        Ok(scope) if scope.resource_group.is_some() => Ok(folded(&scope.to_string()).into_owned()),
        _ => Err(format!(
            "{id:?} is no resource group: write /subscriptions/{{id}}/resourceGroups/{{name}}, \
             the id being a GUID"
        )),
    }
}

fn machine(id: &str) -> Result<String, String> {
    let ids = id.parse().ok().and_then(|id| MachineIds::of(&id));
    ids.map(|ids| ids.machine).ok_or_else(|| {
        format!(
            "{id:?} is no virtual machine: write /subscriptions/{{id}}/resourceGroups/{{name}}\
             /providers/Microsoft.Compute/virtualMachines/{{name}}, the id being a GUID"
        )
    })
}

fn department(id: &str) -> Result<String, String> {
    let department = folded_without_accents(id);
    if department.is_empty() {
        return Err("a department has a name".to_owned());
    }
    Ok(department.into_owned())
}

fn named_caller(id: &str) -> Result<String, String> {
    let caller = id.parse::<Caller>();
    caller
        .map(|caller| caller.id())
        .map_err(|reason| format!("{id:?} is no caller: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBSCRIPTION: &str = "5AB1E000-0000-4000-8000-000000000001";

    #[test]
    fn ids_of_policies_take_the_form_of_those_of_requests() {
        let group = format!("/Subscriptions/{SUBSCRIPTION}/resourceGroups/RG-Locked");
        let vm = format!("{group}/providers/Microsoft.Compute/virtualMachines/Web-01");
        let ids = MachineIds::of(&vm.parse().unwrap()).unwrap();
        assert_eq!(entity_id("MiGateway::Vm", &vm), Ok(ids.machine));
        let written = entity_id("MiGateway::ResourceGroup", &format!("{group}/"));
        assert_eq!(written, Ok(ids.group));
        let whole = format!("/subscriptions/{SUBSCRIPTION}");
        assert_eq!(entity_id("Subscription", &whole), Ok(ids.subscription));
        assert_eq!(ids.name, "web-01");
    }

    #[test]
    fn an_id_that_no_request_has_is_refused() {
        for (kind, id) in [
            ("ResourceGroup", "rg-locked"),
            ("ResourceGroup", "/subscriptions/prod/resourceGroups/rg"),
            (
                "ResourceGroup",
                "/subscriptions/5ab1e000-0000-4000-8000-000000000001",
            ),
            ("Subscription", "5ab1e000-0000-4000-8000-000000000001"),
            ("Vm", "web-01"),
            ("Caller", "5ab1e000-0000-4000-8000-000000000001"),
            ("Caller", "system:serviceaccount:web"),
            ("Department", " "),
        ] {
            assert!(entity_id(kind, id).is_err(), "{kind} {id}");
        }
    }

    #[test]
    fn a_machine_with_a_part_that_is_no_name_has_no_ids() {
        for (subscription, group, name) in [
            ("prod", "rg", "vm"),
            (SUBSCRIPTION, "rg-locked.", "vm"),
            (SUBSCRIPTION, "rg-locked ", "vm"),
            (SUBSCRIPTION, "rg%2dlocked", "vm"),
            (SUBSCRIPTION, "rg", "vm."),
            (SUBSCRIPTION, "rg", "v m"),
        ] {
            let id = format!(
                "/subscriptions/{subscription}/resourceGroups/{group}/providers\
                 /Microsoft.Compute/virtualMachines/{name}"
            );
            assert!(MachineIds::of(&id.parse().unwrap()).is_none(), "{id}");
        }
    }
}
