//! Which managed identity this is, and how its tokens stand.

use actix_web::{
    HttpResponse,
    web::{Query, ThinData},
};

use super::inbound::NoQuery;
use crate::identity::ManagedIdentity;

/// `GET /identity`
pub(super) async fn show(_: Query<NoQuery>, identity: ThinData<ManagedIdentity>) -> HttpResponse {
    HttpResponse::Ok().json(identity.report())
}
