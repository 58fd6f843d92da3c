//! The contract itself.

use actix_web::{HttpResponse, web::Query};

use super::{body::NoBody, inbound::NoQuery};

const CONTRACT: &str = include_str!("../../openapi.yaml");

/// `GET /openapi.yaml`
pub(super) async fn show(_: Query<NoQuery>, _: NoBody) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/yaml")
        .body(CONTRACT)
}
