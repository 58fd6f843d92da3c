//! Names and resource ids of virtual machines.

use std::{
    fmt,
    hash::{Hash, Hasher},
    ops::Range,
    str::FromStr,
    sync::Arc,
};

use serde::{Serialize, Serializer};

/// The longest name of a virtual machine.
///
/// Source: "Naming rules and restrictions for Azure resources".
const LONGEST_NAME: usize = 64;

/// What a resource id has before the subscription, the group and the name.
const SUBSCRIPTIONS: &str = "/subscriptions/";
const GROUPS: &str = "/resourceGroups/";
const MACHINES: &str = "/providers/Microsoft.Compute/virtualMachines/";

/// Not a name that is passed on to Azure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidName {
    /// Length or alphabet.
    #[error(
        "a virtual machine's name has 1 to 64 letters, digits, '.', '_' and '-', \
         begins with a letter or digit and does not end with '.' or '-'"
    )]
    Name,
    /// Not `/subscriptions/…/virtualMachines/…`.
    #[error("not the resource id of a virtual machine")]
    ResourceId,
}

/// The bare name of a virtual machine, as written by whoever asked.
///
/// Narrower than what Azure allows: nothing that it accepts can change the
/// path of a URL or be taken for another name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub(crate) struct VmName(#[serde(serialize_with = "as_text")] Arc<str>);

impl VmName {
    /// Whether `other` names the same virtual machine in the same group: case
    /// does not matter.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl FromStr for VmName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = text.as_bytes();
        let edges = (bytes.first(), bytes.last());
        let fits = bytes.len() <= LONGEST_NAME
            && edges.0.is_some_and(u8::is_ascii_alphanumeric)
            && edges
                .1
                .is_some_and(|last| last.is_ascii_alphanumeric() || *last == b'_')
            && bytes
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte));
        fits.then(|| Self(text.into())).ok_or(InvalidName::Name)
    }
}

impl VmName {
    /// The name as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VmName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn as_text<S: Serializer>(name: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(name)
}

/// Where a virtual machine is: its resource id, which `Display` writes. Copies share it.
#[derive(Clone, Debug)]
pub(crate) struct VirtualMachineId {
    text: Arc<str>,
    subscription_id: Range<usize>,
    resource_group: Range<usize>,
    pub(crate) name: VmName,
}

impl VirtualMachineId {
    /// The machine `name` in a resource group.
    pub(crate) fn new(subscription_id: &str, resource_group: &str, name: VmName) -> Self {
        let before = SUBSCRIPTIONS.len();
        let between = before + subscription_id.len() + GROUPS.len();
        let text = [
            SUBSCRIPTIONS,
            subscription_id,
            GROUPS,
            resource_group,
            MACHINES,
            &name.0,
        ];
        Self {
            text: text.concat().into(),
            subscription_id: before..before + subscription_id.len(),
            resource_group: between..between + resource_group.len(),
            name,
        }
    }

    /// The resource id.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The subscription that it is in.
    pub(crate) fn subscription_id(&self) -> &str {
        &self.text[self.subscription_id.clone()]
    }

    /// The resource group that it is in.
    pub(crate) fn resource_group(&self) -> &str {
        &self.text[self.resource_group.clone()]
    }

    /// Whether `other` is the same place, whatever its case.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.text.eq_ignore_ascii_case(&other.text)
    }

    /// Whether Azure may write it as `text`. Names of groups have letters of all alphabets,
    /// and Azure keeps the case in which they were given first.
    pub(super) fn is_written(&self, text: &str) -> bool {
        self.text.eq_ignore_ascii_case(text) || self.text.to_lowercase() == text.to_lowercase()
    }
}

impl FromStr for VirtualMachineId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<_> = text.split('/').collect();
        let [
            "",
            subscriptions,
            subscription_id,
            groups,
            resource_group,
            providers,
            compute,
            machines,
            name,
        ] = parts[..]
        else {
            return Err(InvalidName::ResourceId);
        };
        let fixed = [subscriptions, groups, providers, compute, machines];
        let expected = [
            "subscriptions",
            "resourceGroups",
            "providers",
            "Microsoft.Compute",
            "virtualMachines",
        ];
        let is_vm = fixed
            .iter()
            .zip(expected)
            .all(|(part, word)| part.eq_ignore_ascii_case(word));
        // They lead elsewhere in a URL.
        let is_place = |part: &str| !["", ".", ".."].contains(&part);
        if !is_vm
            || ![subscription_id, resource_group, name]
                .into_iter()
                .all(is_place)
        {
            return Err(InvalidName::ResourceId);
        }
        let name = VmName(name.into());
        Ok(Self::new(subscription_id, resource_group, name))
    }
}

impl fmt::Display for VirtualMachineId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Hash for VirtualMachineId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn azure_may_write_it_in_another_case_and_not_as_another() {
        let id = |group, name: &str| VirtualMachineId::new("5ab1e000", group, VmName(name.into()));
        let asked = id("rg-\u{e4}", "web-01");
        assert!(asked.is_written(id("RG-\u{e4}", "Web-01").as_str()));
        assert!(asked.is_written(id("RG-\u{c4}", "WEB-01").as_str()));
        for other in [id("rg-a", "web-01"), id("rg-\u{e4}", "web-02")] {
            assert!(!asked.is_written(other.as_str()), "{other}");
        }
    }

    #[test]
    fn a_name_cannot_change_the_path_it_is_put_into() {
        for name in [
            "",
            ".",
            "..",
            "a/b",
            "a%2Fb",
            "a?b",
            "a#b",
            "a b",
            "a\n",
            "-a",
            "_a",
            "a.",
            "a-",
            "vm\u{ff0e}1",
            "vm;1",
            "vm'1",
            "\u{456}web",
        ] {
            assert_eq!(name.parse::<VmName>(), Err(InvalidName::Name), "{name:?}");
        }
        assert!("a".repeat(65).parse::<VmName>().is_err());
    }

    #[test]
    fn usual_names_are_accepted() {
        for name in ["a", "web-01", "Web_01.prod", "1", "vm_"] {
            assert!(name.parse::<VmName>().is_ok(), "{name}");
        }
        assert!("a".repeat(64).parse::<VmName>().is_ok());
    }

    #[test]
    fn a_resource_id_is_read_whatever_its_case() {
        let text =
            "/SUBSCRIPTIONS/s/resourcegroups/RG/providers/microsoft.compute/virtualmachines/vm";
        let id: VirtualMachineId = text.parse().unwrap();
        assert_eq!(
            id.to_string(),
            "/subscriptions/s/resourceGroups/RG/providers/Microsoft.Compute/virtualMachines/vm"
        );
        assert_eq!((id.subscription_id(), id.resource_group()), ("s", "RG"));
    }

    #[test]
    fn what_leads_elsewhere_is_no_machine() {
        for text in [
            "/subscriptions/s/resourceGroups/g",
            "/subscriptions//resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm",
            "/subscriptions/s/resourceGroups/../providers/Microsoft.Compute/virtualMachines/vm",
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/.",
        ] {
            assert!(text.parse::<VirtualMachineId>().is_err(), "{text}");
        }
    }
}
