//! Virtual machines that are not switched, though they are found.

use std::fmt;

use percent_encoding::percent_decode_str;

use crate::{azure::VirtualMachineId, config::Allow};

/// How the group of an AKS cluster's nodes begins, unless its owner chose
/// another name.
///
/// Source: "Frequently asked questions about Azure Kubernetes Service".
const NODE_GROUP: &str = "mc_";

/// What stands before the name in the id of a scale set.
const SCALE_SETS: &str = "/providers/microsoft.compute/virtualmachinescalesets";

/// Why a virtual machine is left alone. `Display` is the sentence for callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Something else creates, replaces and scales it.
    Managed {
        /// The resource that does, or the group of nodes that it is in.
        by: String,
    },
    /// The gateway would end itself, and could start nothing again.
    OwnHost,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Managed { by } => write!(
                formatter,
                "the virtual machine is managed by {by} and has to be switched there; \
                 MIG_ALLOW_MANAGED=on would allow it here"
            ),
            Self::OwnHost => formatter.write_str(
                "the gateway runs on this virtual machine and would end itself; \
                 MIG_ALLOW_SELF=on would allow it",
            ),
        }
    }
}

/// Why the virtual machine `id` is not switched; `None` when it may be.
///
/// `id` is that of the virtual machine that Azure showed, `managed_by` what it
/// showed with it, and `own` the one that the gateway runs on.
pub(crate) fn refusal(
    id: &VirtualMachineId,
    managed_by: Option<&str>,
    own: Option<&VirtualMachineId>,
    allow: Allow,
) -> Option<Refusal> {
    if !allow.own_host && own.is_some_and(|own| canonical(own) == canonical(id)) {
        return Some(Refusal::OwnHost);
    }
    if allow.managed {
        return None;
    }
    let manager = managed_by.map(str::trim);
    let manager = manager.filter(|by| !by.is_empty() && !is_scale_set(by));
    let is_node = plain(id.resource_group()).starts_with(NODE_GROUP);
    let by = manager.or_else(|| is_node.then_some(id.resource_group()))?;
    Some(Refusal::Managed { by: by.to_owned() })
}

/// Whether `id` is that of a scale set, which Azure shows as the manager of the members of
/// a flexible one. The set could not switch them one by one.
///
/// Source: Azure/azure-rest-api-specs `VirtualMachine.tsp`, `managedBy`, which is there for
/// the deletion of resource groups.
fn is_scale_set(id: &str) -> bool {
    let parent = id.rsplit_once('/').map(|(parent, _)| parent);
    parent.is_some_and(|parent| parent.to_ascii_lowercase().ends_with(SCALE_SETS))
}

fn canonical(id: &VirtualMachineId) -> [String; 3] {
    [
        plain(id.subscription_id()),
        plain(id.resource_group()),
        plain(id.name.as_str()),
    ]
}

/// `text` without what two spellings of one name may differ in. Rather too much
/// than too little: what is taken for guarded by mistake is refused.
fn plain(text: &str) -> String {
    let decoded = percent_decode_str(text).decode_utf8_lossy();
    let ends = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '.';
    decoded.trim_matches(ends).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: Allow = Allow {
        managed: false,
        own_host: false,
    };

    fn id(group: &str, name: &str) -> VirtualMachineId {
        let text = format!(
            "/subscriptions/5ab1e000-0000-4000-8000-000000000001/resourceGroups/{group}\
             /providers/Microsoft.Compute/virtualMachines/{name}"
        );
        text.parse().unwrap()
    }

    /// Ways to write `text` that Azure, or something on the way there, may take
    /// for the same name. They are always the same ones.
    fn spellings(text: &str) -> Vec<String> {
        let mut random = fastrand::Rng::with_seed(7);
        let mut spellings: Vec<String> = (0..500)
            .map(|_| text.chars().map(|it| spelt(it, &mut random)).collect())
            .collect();
        spellings.extend([format!("{text}."), format!("{text} "), format!("{text}%2e")]);
        spellings.extend([
            format!("{text}%00"),
            format!("{text}.."),
            format!(" {text}"),
        ]);
        spellings
    }

    fn spelt(letter: char, random: &mut fastrand::Rng) -> String {
        match (random.u8(..5), letter) {
            (0, _) => letter.to_ascii_uppercase().to_string(),
            (1, _) => letter.to_ascii_lowercase().to_string(),
            (2, _) => format!("%{:02X}", u32::from(letter)),
            (3, _) => format!("%{:02x}", u32::from(letter.to_ascii_uppercase())),
            // The Kelvin sign is a capital k to whoever folds by Unicode.
            (4, 'k' | 'K') => "\u{212a}".to_owned(),
            _ => letter.to_string(),
        }
    }

    #[test]
    fn no_spelling_of_its_own_host_gets_past() {
        let own = id("rg-Kiosk", "gateway-01");
        for group in spellings("rg-kiosk") {
            let refusal = refusal(&id(&group, "gateway-01"), None, Some(&own), STRICT);
            assert_eq!(refusal, Some(Refusal::OwnHost), "{group:?}");
        }
        for name in spellings("Gateway-01") {
            let refusal = refusal(&id("rg-kiosk", &name), None, Some(&own), STRICT);
            assert_eq!(refusal, Some(Refusal::OwnHost), "{name:?}");
        }
    }

    #[test]
    fn no_spelling_of_a_group_of_nodes_gets_past() {
        for group in spellings("MC_rg-aks_kiosk_westeurope") {
            let refusal = refusal(&id(&group, "node-0"), None, None, STRICT);
            assert!(
                matches!(refusal, Some(Refusal::Managed { .. })),
                "{group:?}"
            );
        }
    }

    #[test]
    fn what_has_a_manager_is_refused_wherever_it_is() {
        let by = "/subscriptions/s/resourceGroups/g/providers/Microsoft.X/y/z";
        let refused = refusal(&id("rg-web", "managed-01"), Some(by), None, STRICT).unwrap();
        assert!(refused.to_string().contains(by));
        for nobody in [None, Some(""), Some(" ")] {
            assert_eq!(refusal(&id("rg-web", "web-01"), nobody, None, STRICT), None);
        }
    }

    #[test]
    fn a_scale_set_is_no_manager_however_it_is_spelt() {
        let set = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute\
                   /virtualMachineScaleSets/flex";
        for by in [set, &set.to_uppercase(), &set.to_lowercase()] {
            let member = refusal(&id("rg-web", "flex-01"), Some(by), None, STRICT);
            assert_eq!(member, None, "{by}");
            let node = refusal(&id("MC_rg", "node-0"), Some(by), None, STRICT);
            assert!(matches!(node, Some(Refusal::Managed { .. })), "{by}");
        }
        for by in [
            format!("{set}/providers/Microsoft.X/y/z"),
            format!("{set}/extensions/agent"),
            set.replace("Microsoft.Compute", "Other.Compute"),
            "virtualMachineScaleSets/flex".to_owned(),
        ] {
            let refused = refusal(&id("rg-web", "web-01"), Some(&by), None, STRICT);
            assert!(matches!(refused, Some(Refusal::Managed { .. })), "{by}");
        }
    }

    #[test]
    fn others_are_not_refused() {
        let own = id("rg-web", "gateway-01");
        for (group, name) in [
            ("rg-web", "gateway-02"),
            ("rg-web2", "gateway-01"),
            ("rg-mc_", "web-01"),
            ("mcx", "web-01"),
        ] {
            let refusal = refusal(&id(group, name), None, Some(&own), STRICT);
            assert_eq!(refusal, None, "{group}/{name}");
        }
    }

    #[test]
    fn each_permission_allows_its_own_kind_alone() {
        let own = id("MC_rg", "gateway-01");
        let with = |managed, own_host| {
            let allow = Allow { managed, own_host };
            refusal(&own, Some("somebody"), Some(&own), allow)
        };
        assert_eq!(with(true, true), None);
        assert_eq!(with(true, false), Some(Refusal::OwnHost));
        assert!(matches!(with(false, true), Some(Refusal::Managed { .. })));
    }
}
