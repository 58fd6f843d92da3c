//! Which identity the tokens are of, by what they say themselves.

use uuid::Uuid;

use super::{Check, Report, source, tokens, tokens::Tokens};
use crate::{
    config::IdentityId,
    identity::{AccessToken, Claims},
};

const NAME: &str = "identity";

/// What to look at where the tokens are of another identity.
pub(super) const MEND: &str = "see AZURE_CLIENT_ID, MIG_IDENTITY_OBJECT_ID and \
     MIG_IDENTITY_RESOURCE_ID, and whether a sidecar answers that knows one identity only";

/// Who holds the tokens, as far as they tell.
#[derive(Default)]
pub(super) struct Holder {
    /// The object id, which roles are granted to.
    pub(super) principal: Option<Uuid>,
    /// The application permissions of the token for Graph.
    pub(super) app_roles: Vec<String>,
}

/// Compares the identity of the tokens with the one that is configured, and
/// with each other.
pub(super) fn examine(report: &mut Report, tokens: &Tokens, id: &IdentityId) -> Holder {
    let claims = |token: &Option<AccessToken>| token.as_ref().and_then(AccessToken::claims);
    let (arm, graph) = (claims(&tokens.arm), claims(&tokens.graph));
    let cause = report.obstacle(&[tokens::ARM, tokens::GRAPH]);
    let check = match (&arm, &graph, cause) {
        (None, None, Some(cause)) => Check::skipped(NAME, cause),
        _ => check(&[arm.as_ref(), graph.as_ref()], id),
    };
    report.add(check);
    let mut claims = arm.iter().chain(&graph);
    let principal = claims.find_map(|claims| claims.object_id);
    let named = match id {
        IdentityId::ObjectId(id) => id.parse().ok(),
        IdentityId::System | IdentityId::ClientId(_) | IdentityId::ResourceId(_) => None,
    };
    Holder {
        principal: named.or(principal),
        app_roles: graph.map(|claims| claims.roles).unwrap_or_default(),
    }
}

fn check(claims: &[Option<&Claims>; 2], id: &IdentityId) -> Check {
    let told: Vec<&Claims> = claims.iter().copied().flatten().collect();
    let Some(first) = told.first() else {
        return Check::ok(
            NAME,
            "its tokens do not tell which it is: Azure calls them opaque",
        );
    };
    let shown = shown(first);
    if told.iter().any(|claims| claims.contradict(id)) {
        let detail = format!(
            "asked for is {}, and the token is of another identity: {shown}",
            source::asked_for(id)
        );
        return Check::failed(NAME, "wrong_identity", detail).mend(MEND);
    }
    // One that is not told is no other.
    let mut ids = told.iter().filter_map(|claims| claims.object_id);
    let known = ids.next();
    if ids.any(|id| Some(id) != known) {
        let detail = "the tokens for Resource Manager and Graph are of two identities";
        return Check::failed(NAME, "wrong_identity", detail)
            .mend("name the one that is meant by AZURE_CLIENT_ID");
    }
    if *id == IdentityId::System && is_user_assigned(first) {
        let detail = format!(
            "none is named, and the host gives its only user-assigned one: {shown}; a second one \
             would make that ambiguous"
        );
        let check = Check::warning(NAME, "identity_not_named", detail);
        return match first.client_id {
            Some(id) => check.mend(format!("set AZURE_CLIENT_ID={id}")),
            None => check,
        };
    }
    Check::ok(NAME, shown)
}

/// Source: claim `xms_mirid` of managed identities: the resource id of the host
/// for its own identity, else that of the identity.
fn is_user_assigned(claims: &Claims) -> bool {
    let id = claims.resource_id.as_deref().unwrap_or_default();
    id.contains("/userassignedidentities/")
}

/// Only ids: none of it is a secret.
fn shown(claims: &Claims) -> String {
    let id = |id: Option<Uuid>| id.map_or_else(|| "not told".to_owned(), |id| id.to_string());
    format!(
        "client id {}, object id {}, tenant {}",
        id(claims.client_id),
        id(claims.object_id),
        id(claims.tenant_id)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::Verdict;

    fn of(id: Option<&str>) -> Claims {
        Claims {
            object_id: id.map(|id| id.parse().unwrap()),
            ..Claims::default()
        }
    }

    #[test]
    fn an_id_that_is_not_told_is_no_other_one() {
        const ONE: &str = "5ab1e000-0000-4000-8000-000000000001";
        const OTHER: &str = "5ab1e000-0000-4000-8000-000000000002";
        for (arm, graph, verdict) in [
            (Some(ONE), None, Verdict::Ok),
            (None, Some(ONE), Verdict::Ok),
            (None, None, Verdict::Ok),
            (Some(ONE), Some(ONE), Verdict::Ok),
            (Some(ONE), Some(OTHER), Verdict::Failed),
        ] {
            let claims = [of(arm), of(graph)];
            let check = check(&claims.each_ref().map(Some), &IdentityId::System);
            assert_eq!(check.verdict, verdict, "{arm:?} {graph:?}");
        }
    }
}
