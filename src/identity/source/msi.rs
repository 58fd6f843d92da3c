//! The endpoint of `MSI_ENDPOINT` and `MSI_SECRET`.
//!
//! It is that of App Service of 2017, or of Azure Machine Learning: they are
//! asked alike, and answer with a date or with a number.
//!
//! Sources: "How to use managed identities for App Service", version 2017-09-01;
//! AzureAD/microsoft-authentication-library-for-go `apps/managedidentity/azure_ml.go`.

use actix_web::http::{
    StatusCode,
    header::{HeaderName, HeaderValue},
};
use serde::Deserialize;
use url::Url;

use super::{Turn, id_parameter, with_query};
use crate::{
    config::IdentityId,
    http::{Error, Refusal, Request, Response},
};

const VERSION: &str = "2017-09-01";

/// The endpoint, with the secret that belongs to it.
pub(super) struct Msi {
    pub(super) endpoint: Url,
    pub(super) secret: HeaderValue,
    pub(super) id: IdentityId,
}

impl Msi {
    /// Ids other than the client id have no parameter here: the configuration
    /// refuses them.
    pub(super) async fn ask(&self, turn: &Turn<'_>) -> Result<Response, Error> {
        let id = id_parameter(&self.id, ["clientid", "object_id", "mi_res_id"]);
        let url = with_query(&self.endpoint, VERSION, turn.audience, id);
        let secret = HeaderName::from_static("secret");
        let request = Request::get(url.as_str(), "token").header(secret, self.secret.clone());
        turn.send(request).await.and_then(unmasked)
    }
}

/// App Service passes on with status 200 what Entra ID refused.
///
/// Source: Azure/msrestazure-for-python `azure_active_directory.py`, on
/// `ExceptionMessage`.
pub(super) fn unmasked(response: Response) -> Result<Response, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Exception {
        #[serde(rename = "ExceptionMessage")]
        _message: String,
        status_code: Option<u16>,
    }
    let Ok(exception) = serde_json::from_slice::<Exception>(&response.body) else {
        return Ok(response);
    };
    let status = exception
        .status_code
        .and_then(|status| StatusCode::from_u16(status).ok())
        .filter(|status| !status.is_success())
        .unwrap_or(StatusCode::BAD_REQUEST);
    let refusal = Refusal::read(status, response.headers(), &response.body);
    Err(Error::Refused(Box::new(refusal)))
}
