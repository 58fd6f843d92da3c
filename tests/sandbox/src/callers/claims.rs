//! What a caller's token says.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{
    API_APP_ID_URI, API_CLIENT_ID, Caller, CallerKind, CallerToken, SCOPE,
    TokenVersion::{V1, V2},
};
use crate::{clock::Clock, cloud::Cloud, patch::merge, seed::guid, tokens::noise};

/// The claims of `asked`, before they are changed on demand.
pub(super) fn of(asked: &CallerToken, cloud: Cloud, clock: &Clock) -> Value {
    let CallerToken {
        version, caller, ..
    } = asked;
    let now = clock.time().as_second();
    let mut claims = json!({
        "aud": asked.audience.as_deref().unwrap_or(match version {
            V1 => API_APP_ID_URI,
            V2 => API_CLIENT_ID,
        }),
        "iss": cloud.issuer(*version, &caller.tenant),
        "iat": now + asked.issued_in,
        "nbf": now + asked.valid_in,
        "exp": now + asked.expires_in,
        "oid": caller.object_id,
        "tid": caller.tenant,
        // Opaque: what goes on between the services of Microsoft.
        "aio": random(39),
        "rh": format!("1.{}.", random(36)),
        "uti": random(16),
    });
    merge(
        &mut claims,
        &match caller.kind {
            CallerKind::App => json!({"idtyp": "app", "sub": caller.object_id}),
            CallerKind::User => user(asked),
        },
    );
    merge(&mut claims, &application(asked));
    let roles = asked.roles.as_ref().unwrap_or(&caller.roles);
    if !roles.is_empty() {
        claims["roles"] = json!(roles);
    }
    claims
}

/// Which app calls, and how it proved that: by a certificate, or not at all.
fn application(asked: &CallerToken) -> Value {
    let Caller {
        client_id, kind, ..
    } = &asked.caller;
    let proof = match kind {
        CallerKind::App => "2",
        CallerKind::User => "0",
    };
    match asked.version {
        V1 => json!({"ver": "1.0", "appid": client_id, "appidacr": proof}),
        V2 => json!({"ver": "2.0", "azp": client_id, "azpacr": proof}),
    }
}

/// `sub` is another one for each app.
fn user(asked: &CallerToken) -> Value {
    let Caller {
        name, object_id, ..
    } = &asked.caller;
    let address = format!("{name}@contoso.example");
    let names = match asked.version {
        V1 => json!({"acr": "1", "amr": ["pwd"], "unique_name": address, "upn": address}),
        V2 => json!({"preferred_username": address}),
    };
    let scope = asked.scope.as_deref().unwrap_or(SCOPE);
    let mut claims = json!({
        "name": name,
        "sub": guid(&format!("sub/{object_id}")),
        "scp": Some(scope).filter(|scope| !scope.is_empty()),
    });
    merge(&mut claims, &names);
    claims
}

fn random(bytes: usize) -> String {
    URL_SAFE_NO_PAD.encode(noise(bytes))
}
