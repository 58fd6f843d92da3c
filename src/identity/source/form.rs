//! Endpoints that are asked with a form: the old extension of virtual machines,
//! and Cloud Shell.
//!
//! Sources: Azure/msrestazure-for-python `azure_active_directory.py`,
//! `get_msi_token`; AzureAD/microsoft-authentication-library-for-go
//! `apps/managedidentity/cloud_shell.go`.

use actix_web::{http::header::HeaderValue, web::Bytes};
use url::{Url, form_urlencoded::Serializer};

use super::{METADATA, Turn, id_parameter};
use crate::{
    config::IdentityId,
    http::{Error, Request, Response},
};

/// The endpoint, and the identity where one can be chosen.
pub(super) struct Form {
    endpoint: Url,
    id: IdentityId,
}

impl Form {
    /// The extension at `origin`.
    pub(super) fn extension(origin: &Url, id: &IdentityId) -> Self {
        let mut endpoint = origin.clone();
        endpoint.set_path("/oauth2/token");
        Self {
            endpoint,
            id: id.clone(),
        }
    }

    /// The tokens of the shell's user: there is no identity to choose.
    pub(super) fn cloud_shell(endpoint: &Url) -> Self {
        Self {
            endpoint: endpoint.clone(),
            id: IdentityId::System,
        }
    }

    pub(super) async fn ask(&self, turn: &Turn<'_>) -> Result<Response, Error> {
        let ids = ["client_id", "object_id", "msi_res_id"];
        let form = Serializer::new(String::new())
            .append_pair("resource", turn.audience)
            .extend_pairs(id_parameter(&self.id, ids))
            .finish();
        let request = Request::form(self.endpoint.as_str(), "token", Bytes::from(form))
            .header(METADATA, HeaderValue::from_static("true"));
        turn.send(request).await
    }
}
