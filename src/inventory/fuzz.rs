//! What has to hold of the cursors that callers send back, of what they narrow a listing
//! to, and of what the gateway learns of its own host.

use std::sync::LazyLock;

use serde_json::Value;

use super::{
    Cursor, Listing,
    guard::{Refusal, refusal},
    surroundings::{own_group, own_id},
};
use crate::{
    azure::{self, MachineQuery, MachineTop, SkipToken, VirtualMachineId},
    config::{Allow, ResourceGroup, Scopes},
    identity::InstanceMetadata,
};

/// A subscription, and a group of another.
static SERVED: LazyLock<Option<Scopes>> = LazyLock::new(|| {
    let served = "/subscriptions/5ab1e000-0000-4000-8000-000000000001 \
         /subscriptions/5ab1e000-0000-4000-8000-000000000002/resourceGroups/rg-web";
    served.parse().ok()
});

/// A cursor has one way to write it, and leads nowhere in a query that it is not of.
pub(crate) fn cursor(text: &str) {
    if let Ok(cursor) = text.parse::<Cursor>() {
        assert_eq!(cursor.to_string(), text);
    }
    // What has the fingerprint of a query in it is not guessed.
    if let Some(token) = SkipToken::accept(text) {
        let of = |top| MachineQuery::listing([].into_iter(), None, MachineTop::of(top));
        let given = Cursor::new(&of(1), token.clone());
        assert_eq!(given.to_string().parse(), Ok(given.clone()));
        assert_eq!(given.token(&of(1)), Ok(&token));
        assert!(given.token(&of(2)).is_err());
    }
}

/// What is listed is served, and where the caller says.
pub(crate) fn listing(listing: &Listing) {
    let Some(served) = &*SERVED else { return };
    let narrowing = &listing.narrowing;
    let Ok(left) = narrowing.within(served) else {
        return;
    };
    for scope in left.iter() {
        let (id, group) = (scope.subscription_id.as_str(), &scope.resource_group);
        let whole = || served.iter().filter(|it| it.resource_group.is_none());
        match group {
            Some(group) => assert!(served.have(id, group.as_str()), "{scope}"),
            None => assert!(whole().any(|it| it.subscription_id.is(id)), "{scope}"),
        }
        let asked = narrowing.subscription_id.as_ref();
        assert!(asked.is_none_or(|asked| asked.is(id)), "{scope}");
        let is_asked = |asked: &ResourceGroup| {
            let own = group.as_ref();
            own.is_some_and(|own| asked.is(own.as_str()))
        };
        let asked = narrowing.resource_group.as_ref();
        assert!(asked.is_none_or(is_asked), "{scope}");
    }
}

/// The host is where it says, and however Azure writes its id, it is not switched.
pub(crate) fn host(body: &[u8]) {
    let Ok(host) = InstanceMetadata::read(body) else {
        return;
    };
    if let Ok(Value::Object(said)) = serde_json::from_slice(body) {
        assert_eq!(said["subscriptionId"], host.subscription_id);
        assert_eq!(said["resourceGroupName"], host.resource_group_name);
    }
    if let Some(scopes) = own_group(&host) {
        assert!(scopes.have(&host.subscription_id, &host.resource_group_name));
        assert_eq!(scopes.iter().count(), 1);
        assert!(scopes.iter().all(|scope| scope.resource_group.is_some()));
    }
    let Some(own) = own_id(&host) else { return };
    if host.resource_id.is_empty() {
        assert_eq!(own.subscription_id(), host.subscription_id);
        assert_eq!(own.resource_group(), host.resource_group_name);
        assert_eq!(own.name.as_str(), host.name);
    } else {
        azure::fuzz::check_id(&own);
    }
    check_guard(&own);
}

fn check_guard(own: &VirtualMachineId) {
    let allow = Allow {
        managed: true,
        own_host: false,
    };
    let upper = own.as_str().to_ascii_uppercase();
    for id in [own.as_str(), &upper] {
        let Ok(id) = id.parse() else { continue };
        let refusal = refusal(&id, None, Some(own), allow);
        assert_eq!(refusal, Some(Refusal::OwnHost), "{id}");
    }
}
