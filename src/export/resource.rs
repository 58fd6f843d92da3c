//! What is told of the gateway itself, and of who tells it.

use uuid::Uuid;

use super::wire::{AnyValue, KeyValue, Resource, Scope};

/// The resource with the attributes that are `set`, and with what tells one gateway
/// from another unless that is among them.
pub(super) fn of(set: &[(String, String)]) -> Resource {
    let own = [
        ("service.version", env!("CARGO_PKG_VERSION").to_owned()),
        ("service.instance.id", Uuid::new_v4().to_string()),
        ("telemetry.sdk.language", "rust".to_owned()),
        ("telemetry.sdk.name", env!("CARGO_PKG_NAME").to_owned()),
        (
            "telemetry.sdk.version",
            env!("CARGO_PKG_VERSION").to_owned(),
        ),
    ];
    let mut attributes: Vec<_> = set
        .iter()
        .map(|(name, value)| text(name.clone(), value.clone()))
        .collect();
    for (name, value) in own {
        if !set.iter().any(|(known, _)| known == name) {
            attributes.push(text(name, value));
        }
    }
    Resource { attributes }
}

/// The part of the gateway that tells: all of it.
pub(super) fn scope() -> Scope {
    Scope {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// An attribute that is text.
pub(super) fn text(name: impl Into<String>, value: String) -> KeyValue {
    KeyValue {
        key: name.into(),
        value: Some(AnyValue { text: Some(value) }),
    }
}
