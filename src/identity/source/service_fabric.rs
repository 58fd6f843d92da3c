//! The token service of a Service Fabric node.
//!
//! The client trusts the one certificate of the node, so that no other server
//! sees the secret.
//!
//! Source: "How to leverage a Service Fabric application's managed identity to
//! access Azure services".

use actix_web::http::{
    StatusCode,
    header::{HeaderName, HeaderValue},
};
use url::Url;

use super::{TokenError, Turn, with_query};
use crate::http::{Error, Request, Response};

const VERSION: &str = "2019-07-01-preview";

/// The endpoint, with the secret that belongs to it.
pub(super) struct ServiceFabric {
    pub(super) endpoint: Url,
    pub(super) header: HeaderValue,
}

impl ServiceFabric {
    pub(super) async fn ask(&self, turn: &Turn<'_>) -> Result<Response, TokenError> {
        let url = with_query(&self.endpoint, VERSION, turn.audience, None);
        let secret = HeaderName::from_static("secret");
        let request = Request::get(url.as_str(), "token").header(secret, self.header.clone());
        turn.send(request).await.map_err(failed)
    }
}

/// Here 404 says that there is no such identity, and will not be: it does not
/// pass, as that of instance metadata does.
fn failed(error: Error) -> TokenError {
    match error.refusal() {
        Some(refusal) if refusal.status == StatusCode::NOT_FOUND => TokenError::Refused(error),
        Some(_) | None => TokenError::from_exchange(error),
    }
}
