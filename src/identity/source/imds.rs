//! Instance metadata of a virtual machine.
//!
//! Source: "How to use managed identities on an Azure VM to acquire an access
//! token"; every version later than the one here answers the same.

use actix_web::http::header::HeaderValue;
use url::Url;

use super::{HostCache, METADATA, Turn, id_parameter};
use crate::{
    config::IdentityId,
    http::{Error, Request, Response},
};

const VERSION: &str = "2018-02-01";

/// The token endpoint at `origin`.
pub(super) struct Imds {
    url: Url,
    id: IdentityId,
}

impl Imds {
    pub(super) fn new(origin: &Url, id: &IdentityId) -> Self {
        let mut url = origin.clone();
        url.set_path("/metadata/identity/oauth2/token");
        Self {
            url,
            id: id.clone(),
        }
    }

    pub(super) async fn ask(&self, turn: &Turn<'_>) -> Result<Response, Error> {
        let url = self.url(turn.audience, turn.host_cache);
        let request = Request::get(url.as_str(), "token");
        let request = request.header(METADATA, HeaderValue::from_static("true"));
        turn.send(request).await
    }

    /// `msi_res_id` and not `mi_res_id`: Container Instances know only the
    /// former.
    fn url(&self, audience: &str, host_cache: HostCache) -> Url {
        let mut url = self.url.clone();
        let ids = ["client_id", "object_id", "msi_res_id"];
        url.query_pairs_mut()
            .append_pair("api-version", VERSION)
            .append_pair("resource", audience)
            .extend_pairs(id_parameter(&self.id, ids));
        // In the API specification of IMDS: "must be retrieved from Azure AD".
        if host_cache == HostCache::PassBy {
            url.query_pairs_mut().append_pair("bypass_cache", "true");
        }
        url
    }
}
