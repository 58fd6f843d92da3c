//! Where tokens come from, and by which evidence.

use super::Check;
use crate::config::{Identity, IdentityId};

/// The configuration was checked when it was read: this tells what it means.
pub(super) fn check(identity: &Identity) -> Check {
    let source = &identity.source;
    let evidence = match source.evidence() {
        [] => "no variable of another source is set".to_owned(),
        [only] => format!("{only} is set"),
        several => format!("{} are set", several.join(" and ")),
    };
    let (label, asked_for) = (source.label(), asked_for(&identity.id));
    Check::ok(
        "source",
        format!("tokens come from {label}, as {evidence}; asked for is {asked_for}"),
    )
}

/// The identity, and the variable that names it.
pub(crate) fn asked_for(id: &IdentityId) -> String {
    match id {
        IdentityId::System => "the identity that the host gives where none is named".to_owned(),
        IdentityId::ClientId(id) => format!("the one with the client id {id} (AZURE_CLIENT_ID)"),
        IdentityId::ObjectId(id) => {
            format!("the one with the object id {id} (MIG_IDENTITY_OBJECT_ID)")
        }
        IdentityId::ResourceId(id) => format!("{id} (MIG_IDENTITY_RESOURCE_ID)"),
    }
}
