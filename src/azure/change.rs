//! What can be changed of a virtual machine besides its power.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use super::{VirtualMachine, fold::folded};

/// Source: "Use tags to organize your Azure resources", limitations.
const MOST_TAGS: usize = 50;
const LONGEST_NAME: usize = 512;
const LONGEST_VALUE: usize = 256;
const FORBIDDEN: &str = "<>%&\\?/";

/// Longer than any size that there is.
const LONGEST_SIZE: usize = 64;

/// Not a change that is passed on to Azure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidChange {
    #[error("a change has tags, a size, or both")]
    Nothing,
    #[error("a virtual machine has at most 50 tags")]
    TooManyTags,
    #[error(
        "a tag's name has 1 to 512 characters, none of them a control character or one of \
         <>%&\\?/, and its value at most 256"
    )]
    Tag,
    #[error(
        "a tag is named twice: names are one that differ only by case, by space around them or \
         by letters that are compatible"
    )]
    Twice,
    #[error("a size is a name such as Standard_B2s: 1 to 64 letters, digits, '_' and '-'")]
    Size,
}

/// All tags that a virtual machine is to have.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Tags(BTreeMap<String, String>);

impl TryFrom<BTreeMap<String, String>> for Tags {
    type Error = InvalidChange;

    fn try_from(tags: BTreeMap<String, String>) -> Result<Self, Self::Error> {
        if tags.len() > MOST_TAGS {
            return Err(InvalidChange::TooManyTags);
        }
        let is_allowed = |letter: char| !letter.is_control() && !FORBIDDEN.contains(letter);
        let fits = |(name, value): (&String, &String)| {
            (1..=LONGEST_NAME).contains(&name.chars().count())
                && name.chars().all(is_allowed)
                && value.chars().count() <= LONGEST_VALUE
        };
        if !tags.iter().all(fits) {
            return Err(InvalidChange::Tag);
        }
        let names: BTreeSet<_> = tags.keys().map(|name| folded(name)).collect();
        if names.len() < tags.len() {
            return Err(InvalidChange::Twice);
        }
        Ok(Self(tags))
    }
}

impl Tags {
    /// Whether they are all `others`. Names of tags compare without regard to case.
    fn are(&self, others: &BTreeMap<String, String>) -> bool {
        let is_there = |(name, value): (&String, &String)| {
            let mut others = others.iter();
            others.any(|(other, its)| other.eq_ignore_ascii_case(name) && its == value)
        };
        self.0.len() == others.len() && self.0.iter().all(is_there)
    }
}

/// A size, such as `Standard_B2s`; whether there is such a one is for Azure to
/// say.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Size(String);

impl Size {
    /// Whether `machine` has it.
    fn is_of(&self, machine: &VirtualMachine) -> bool {
        let its = machine.size();
        its.is_some_and(|its| its.eq_ignore_ascii_case(&self.0))
    }
}

impl FromStr for Size {
    type Err = InvalidChange;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        let fits = (1..=LONGEST_SIZE).contains(&text.len()) && text.bytes().all(is_allowed);
        fits.then(|| Self(text.to_owned()))
            .ok_or(InvalidChange::Size)
    }
}

/// A change of at least one of them. It is written as Resource Manager takes it.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    tags: Option<Tags>,
    size: Option<Size>,
}

impl Change {
    /// A change of what is given.
    pub(crate) fn new(tags: Option<Tags>, size: Option<Size>) -> Result<Self, InvalidChange> {
        if tags.is_none() && size.is_none() {
            return Err(InvalidChange::Nothing);
        }
        Ok(Self { tags, size })
    }

    /// Whether `machine` is as it is to be.
    pub(crate) fn is_made(&self, machine: &VirtualMachine) -> bool {
        let has_tags = |tags: &Tags| tags.are(&machine.tags);
        self.size.as_ref().is_none_or(|size| size.is_of(machine))
            && self.tags.as_ref().is_none_or(has_tags)
    }

    /// Whether it gives `machine` another size.
    pub(crate) fn resizes(&self, machine: &VirtualMachine) -> bool {
        self.size.as_ref().is_some_and(|size| !size.is_of(machine))
    }
}

/// What is changed, for the record. Tags by their names: a value may be about
/// anybody.
impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.size.iter().map(|Size(size)| format!("size {size}"));
        let tags = self.tags.iter().map(|Tags(tags)| {
            let names: Vec<_> = tags.keys().map(String::as_str).collect();
            format!("tags {}", names.join(", "))
        });
        let parts: Vec<_> = size.chain(tags).collect();
        formatter.write_str(&parts.join("; "))
    }
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Properties<'a> {
            hardware_profile: HardwareProfile<'a>,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct HardwareProfile<'a> {
            vm_size: &'a Size,
        }
        let mut body = serializer.serialize_struct("Change", 2)?;
        if let Some(tags) = &self.tags {
            body.serialize_field("tags", tags)?;
        }
        if let Some(vm_size) = &self.size {
            let hardware_profile = HardwareProfile { vm_size };
            body.serialize_field("properties", &Properties { hardware_profile })?;
        }
        body.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Result<Tags, InvalidChange> {
        let pairs = pairs.iter();
        let owned = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        owned.collect::<BTreeMap<_, _>>().try_into()
    }

    fn json(change: &Change) -> String {
        serde_json::to_string(change).unwrap()
    }

    #[test]
    fn a_change_names_what_it_changes_and_nothing_else() {
        let env = tags(&[("env", "test")]).unwrap();
        let size: Size = "Standard_B2s".parse().unwrap();
        let both = Change::new(Some(env.clone()), Some(size.clone())).unwrap();
        let size = Change::new(None, Some(size)).unwrap();
        let tags = Change::new(Some(env), None).unwrap();
        let vm_size = r#""properties":{"hardwareProfile":{"vmSize":"Standard_B2s"}}"#;
        assert_eq!(
            json(&both),
            format!(r#"{{"tags":{{"env":"test"}},{vm_size}}}"#)
        );
        assert_eq!(json(&size), format!("{{{vm_size}}}"));
        assert_eq!(json(&tags), r#"{"tags":{"env":"test"}}"#);
        assert_eq!(Change::new(None, None).unwrap_err(), InvalidChange::Nothing);
    }

    #[test]
    fn a_change_is_made_where_tags_and_size_are_as_wanted_and_nothing_else_is() {
        let machine = |tags: &str| {
            let body = format!(
                r#"{{"id":"i","name":"n","location":"l","tags":{{{tags}}},
                    "properties":{{"hardwareProfile":{{"vmSize":"standard_b2s"}}}}}}"#
            );
            serde_json::from_str(&body).unwrap()
        };
        let wanted = |size: Option<&str>| {
            let tags = tags(&[("env", "test"), ("owner", "web")]).unwrap();
            Change::new(Some(tags), size.map(|size| size.parse().unwrap())).unwrap()
        };
        let tagged = machine(r#""owner":"web","Env":"test""#);
        assert!(wanted(None).is_made(&tagged));
        assert!(wanted(Some("Standard_B2s")).is_made(&tagged));
        assert!(!wanted(Some("Standard_B4ms")).is_made(&tagged));
        for others in [
            "",
            r#""owner":"web""#,
            r#""owner":"web","env":"TEST""#,
            r#""owner":"web","env":"test","left":"over""#,
        ] {
            assert!(!wanted(None).is_made(&machine(others)), "{others}");
        }
    }

    #[test]
    fn what_azure_would_not_take_is_not_sent() {
        let long = "x".repeat(513);
        for pairs in [
            &[("", "v")][..],
            &[("a/b", "v")],
            &[("a\u{7}", "v")],
            &[(long.as_str(), "v")],
            &[("a", &long[..257])],
        ] {
            assert_eq!(tags(pairs).unwrap_err(), InvalidChange::Tag, "{pairs:?}");
        }
        let many: BTreeMap<_, _> = (0..51).map(|n| (n.to_string(), String::new())).collect();
        assert_eq!(
            Tags::try_from(many).unwrap_err(),
            InvalidChange::TooManyTags
        );
        for twice in [
            [("env", "a"), ("ENV", "b")],
            [("ö", ""), ("Ö", "")],
            [("env", ""), ("env ", "")],
            [("env", ""), ("\u{ff45}nv", "")],
        ] {
            assert_eq!(tags(&twice).unwrap_err(), InvalidChange::Twice);
        }
        for size in ["", "a b", "a/b", "\u{e9}", &long] {
            assert_eq!(size.parse::<Size>().unwrap_err(), InvalidChange::Size);
        }
        assert!(tags(&[("owner", "Team Küche & Co/KG")]).is_ok());
    }
}
