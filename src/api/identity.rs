//! Which managed identity this is, and how its tokens stand.

use actix_web::{
    HttpResponse,
    web::{Query, ThinData},
};

use super::{
    Problem,
    authorized::{Authorized, GetIdentity},
    body::NoBody,
    inbound::NoQuery,
};
use crate::{identity::ManagedIdentity, policy::Ask};

/// `GET /identity`
pub(super) async fn show(
    authorized: Authorized<GetIdentity>,
    _: Query<NoQuery>,
    _: NoBody,
    identity: ThinData<ManagedIdentity>,
) -> Result<HttpResponse, Problem> {
    authorized.permits(&Ask::GetIdentity)?;
    Ok(HttpResponse::Ok().json(identity.report()))
}
