//! The endpoint of App Service, Functions and Container Apps.
//!
//! Source: "REST endpoint reference" of App Service and of Container Apps.

use actix_web::http::header::{HeaderName, HeaderValue};
use url::Url;

use super::{Turn, id_parameter, with_query};
use crate::{
    config::IdentityId,
    http::{Error, Request, Response},
};

const VERSION: &str = "2019-08-01";

/// The endpoint, with the secret that belongs to it.
pub(super) struct AppService {
    pub(super) endpoint: Url,
    pub(super) header: HeaderValue,
    pub(super) id: IdentityId,
}

impl AppService {
    pub(super) async fn ask(&self, turn: &Turn<'_>) -> Result<Response, Error> {
        let ids = ["client_id", "principal_id", "mi_res_id"];
        let id = id_parameter(&self.id, ids);
        let url = with_query(&self.endpoint, VERSION, turn.audience, id);
        let secret = HeaderName::from_static("x-identity-header");
        let request = Request::get(url.as_str(), "token").header(secret, self.header.clone());
        turn.send(request).await
    }
}
