//! Names and resource ids of virtual machines.

use std::{fmt, str::FromStr};

use serde::Serialize;

/// The longest name of a virtual machine.
///
/// Source: "Naming rules and restrictions for Azure resources".
const LONGEST_NAME: usize = 64;

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
pub(crate) struct VmName(String);

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
        fits.then(|| Self(text.to_owned())).ok_or(InvalidName::Name)
    }
}

impl fmt::Display for VmName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Where a virtual machine is. `Display` is its resource id.
#[derive(Clone, Debug, Hash)]
pub(crate) struct VirtualMachineId {
    pub(crate) subscription_id: String,
    pub(crate) resource_group: String,
    pub(crate) name: VmName,
}

impl VirtualMachineId {
    /// Whether `other` is the same place, whatever its case.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.name.is(&other.name)
            && self
                .subscription_id
                .eq_ignore_ascii_case(&other.subscription_id)
            && self
                .resource_group
                .eq_ignore_ascii_case(&other.resource_group)
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
        if !is_vm {
            return Err(InvalidName::ResourceId);
        }
        Ok(Self {
            subscription_id: subscription_id.to_owned(),
            resource_group: resource_group.to_owned(),
            name: VmName(name.to_owned()),
        })
    }
}

impl fmt::Display for VirtualMachineId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            subscription_id,
            resource_group,
            name,
        } = self;
        write!(
            formatter,
            "/subscriptions/{subscription_id}/resourceGroups/{resource_group}\
             /providers/Microsoft.Compute/virtualMachines/{name}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(
            "/subscriptions/s/resourceGroups/g"
                .parse::<VirtualMachineId>()
                .is_err()
        );
    }
}
