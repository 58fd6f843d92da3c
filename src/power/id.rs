//! The gateway's own id of an operation, which can be read without any state.

use std::{
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
    sync::Arc,
};

use jiff::Timestamp;

use crate::azure::{Action, Memory, Order, VirtualMachine, VirtualMachineId, VmName};

/// `{name}.{action}.{time}{fingerprint}`, such as
/// `web-01.deallocate.019ab2c3d4e9f8e7d6c`.
///
/// It says what was ordered, of which machine and when, so that any replica
/// can look at the machine and tell how it went. It is no secret and proves
/// nothing: see ADR 0015.
#[derive(Clone, Debug)]
pub(crate) struct OperationId(Arc<Parts>);

/// The id as text, and what it says.
#[derive(Debug)]
struct Parts {
    text: String,
    name: VmName,
    action: Action,
    memory: Memory,
    /// Milliseconds since 1970.
    millis: i64,
    fingerprint: u32,
}

/// Not an id that was ever given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of an operation")]
pub(crate) struct InvalidId;

/// Hexadecimal digits of the time: enough until the year 2527.
const TIME: usize = 11;
const FINGERPRINT: usize = 8;

/// Stands for the action where a deallocation gives up the memory of a hibernated machine:
/// that one was deallocated before.
const DISCARD: &str = "discard";

impl OperationId {
    /// The id of `order` for `machine`, begun at `started_at`.
    pub(super) fn new(order: Order, machine: &VirtualMachineId, started_at: Timestamp) -> Self {
        let (name, millis) = (machine.name.clone(), started_at.as_millisecond());
        let ordered = (order.action, order.memory);
        Self::of(name, ordered, millis, fingerprint(machine))
    }

    fn of(name: VmName, (action, memory): (Action, Memory), millis: i64, fingerprint: u32) -> Self {
        let rest = format!("{millis:011x}{fingerprint:08x}");
        let word = match memory {
            Memory::Kept => action.as_str(),
            Memory::Discarded => DISCARD,
        };
        Self(Arc::new(Parts {
            text: [name.as_str(), ".", word, ".", &rest].concat(),
            name,
            action,
            memory,
            millis,
            fingerprint,
        }))
    }

    /// The same, begun a millisecond later.
    pub(super) fn later(&self) -> Self {
        let it = &self.0;
        let ordered = (it.action, it.memory);
        Self::of(it.name.clone(), ordered, it.millis + 1, it.fingerprint)
    }

    /// The same for `machine`, whose name a caller may have written otherwise.
    pub(super) fn named(&self, machine: &VirtualMachineId) -> Self {
        let it = &self.0;
        let ordered = (it.action, it.memory);
        Self::of(machine.name.clone(), ordered, it.millis, it.fingerprint)
    }

    /// The id as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0.text
    }

    /// The name of its machine.
    pub(crate) fn name(&self) -> &VmName {
        &self.0.name
    }

    /// What was ordered.
    pub(crate) fn action(&self) -> Action {
        self.0.action
    }

    /// What was to become of a memory that is kept on disk.
    pub(super) fn memory(&self) -> Memory {
        self.0.memory
    }

    /// When, to the millisecond.
    pub(super) fn started_at(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.millis).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Whether it was given out for `machine`.
    pub(super) fn is_of(&self, machine: &VirtualMachineId) -> bool {
        self.0.fingerprint == fingerprint(machine)
    }
}

impl FromStr for OperationId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.rsplitn(3, '.');
        let (Some(rest), Some(action), Some(name)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(InvalidId);
        };
        let is_plain = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if rest.len() != TIME + FINGERPRINT || !rest.bytes().all(is_plain) {
            return Err(InvalidId);
        }
        let (time, print) = rest.split_at(TIME);
        let name = name.parse().map_err(|_| InvalidId)?;
        let ordered = if action == DISCARD {
            (Action::Deallocate, Memory::Discarded)
        } else {
            let action = action.parse().map_err(|()| InvalidId)?;
            (action, Memory::Kept)
        };
        let millis = i64::from_str_radix(time, 16).map_err(|_| InvalidId)?;
        let fingerprint = u32::from_str_radix(print, 16).map_err(|_| InvalidId)?;
        Ok(Self::of(name, ordered, millis, fingerprint))
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Names of machines compare without regard to case; all else is read in the form alone in
/// which it is written.
impl PartialEq for OperationId {
    fn eq(&self, other: &Self) -> bool {
        self.as_str().eq_ignore_ascii_case(other.as_str())
    }
}

impl Eq for OperationId {}

/// By the time and the machine, which tell nearly all apart; the name would have to be read
/// byte by byte. Ids that somebody invents to be alike are compared, and few of those are
/// kept.
impl Hash for OperationId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_i64(self.0.millis);
        state.write_u32(self.0.fingerprint);
    }
}

/// Tells machines of one name apart; FNV-1a, as it has to be the same in every
/// release.
fn fingerprint(machine: &VirtualMachineId) -> u32 {
    let id = machine.as_str().bytes();
    id.fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
    })
}

/// `machine` as Azure writes it, and not as the caller did, but for letters beyond ASCII:
/// ids of operations tell their case apart, and other replicas know the caller's alone.
pub(super) fn as_written(seen: &VirtualMachine, machine: VirtualMachineId) -> VirtualMachineId {
    if seen.id == machine.as_str() {
        machine
    } else if seen.id.eq_ignore_ascii_case(machine.as_str()) {
        seen.id.parse().unwrap_or(machine)
    } else {
        machine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(group: &str, name: &str) -> VirtualMachineId {
        format!(
            "/subscriptions/5ab1e000-0000-4000-8000-000000000001/resourceGroups/{group}\
             /providers/Microsoft.Compute/virtualMachines/{name}"
        )
        .parse()
        .unwrap()
    }

    fn id(name: &str) -> OperationId {
        let at = "2026-11-25T10:00:00.25Z".parse().unwrap();
        OperationId::new(Order::graceful(Action::PowerOff), &machine("rg", name), at)
    }

    #[test]
    fn an_id_reads_back_as_it_was_written() {
        for name in ["a", "web-01", "Web_01.prod.start.x_", &"a".repeat(64)] {
            let id = id(name);
            let text = id.to_string();
            assert_eq!(text.parse(), Ok(id.clone()), "{text}");
            assert_eq!(id.started_at().to_string(), "2026-11-25T10:00:00.25Z");
        }
    }

    #[test]
    fn an_id_says_whether_a_memory_is_given_up() {
        let (at, machine) = (Timestamp::UNIX_EPOCH, machine("rg", "hiber-01"));
        let order = Order::graceful(Action::Deallocate);
        for (order, memory) in [
            (order, Memory::Kept),
            (order.discarding(), Memory::Discarded),
        ] {
            let text = OperationId::new(order, &machine, at).to_string();
            let id: OperationId = text.parse().unwrap();
            assert_eq!((id.action(), id.memory()), (Action::Deallocate, memory));
        }
    }

    #[test]
    fn an_id_is_short_and_fit_for_a_path() {
        let text = id("web-01-of-a-windows").to_string();
        assert!(text.len() <= 64, "{text}");
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        assert!(text.bytes().all(plain), "{text}");
    }

    #[test]
    fn an_id_belongs_to_one_machine_whatever_its_case() {
        let id = id("web-01");
        assert!(id.is_of(&machine("RG", "WEB-01")));
        assert!(!id.is_of(&machine("rg2", "web-01")));
    }

    #[test]
    fn an_id_is_the_same_in_whichever_case_its_machine_is_named() {
        let hash = |id: &OperationId| {
            let mut hasher = fnv::FnvHasher::default();
            id.hash(&mut hasher);
            hasher.finish()
        };
        let (plain, loud) = (id("web-01"), id("WEB-01"));
        assert_eq!(plain, loud);
        assert_eq!(hash(&plain), hash(&loud));
        assert_ne!(plain, plain.later());
        let named = loud.named(&machine("rg", "web-01"));
        assert_eq!(named.as_str(), plain.as_str());
    }

    #[test]
    fn what_was_never_given_out_is_not_read() {
        let good = id("web-01").to_string();
        for text in [
            String::new(),
            good.replace("powerOff", "explode"),
            good.replace("web-01", "web%2F01"),
            good.replace("web-01", ".."),
            format!("{good}0"),
            good.to_uppercase(),
            "0b7c3ab4-6f5e-4f0e-9c3a-1e2b6f2f9c10".to_owned(),
        ] {
            assert_eq!(text.parse::<OperationId>(), Err(InvalidId), "{text}");
        }
    }
}
