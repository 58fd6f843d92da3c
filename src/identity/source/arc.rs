//! The agent of a server that Azure Arc manages.
//!
//! It gives a token to whoever can read its files: it names one, and wants to
//! see what is in it.
//!
//! Sources: "Authenticate against Azure resources with Azure Arc-enabled
//! servers"; AzureAD/microsoft-authentication-library-for-go
//! `apps/managedidentity/managedidentity.go`.

use std::path::{Path, PathBuf};

use actix_web::http::{
    StatusCode,
    header::{AUTHORIZATION, HeaderValue},
};
use serde_json::Value;
use url::Url;

use super::{LocalFault, METADATA, Reads, TokenError, Turn, id_parameter, key_file, with_query};
use crate::{
    config::IdentityId,
    http::{Deadline, Error, Request, Response},
};

const VERSION: &str = "2020-06-01";

/// The agent, and the folder of its keys.
pub(super) struct Agent {
    pub(super) endpoint: Url,
    pub(super) folder: PathBuf,
    pub(super) id: IdentityId,
    pub(super) reads: Reads,
}

impl Agent {
    pub(super) async fn ask(&self, turn: &Turn<'_>) -> Result<Response, TokenError> {
        let id = id_parameter(&self.id, ["client_id", "object_id", "msi_res_id"]);
        let url = with_query(&self.endpoint, VERSION, turn.audience, id);
        let request =
            Request::get(url.as_str(), "token").header(METADATA, HeaderValue::from_static("true"));
        let path = challenged(turn.send(request.clone()).await)?;
        let key = self.key(path, turn.deadline).await?;
        let answer = turn.send(request.header(AUTHORIZATION, key)).await;
        let answer = answer.map_err(TokenError::from_exchange)?;
        if !is_honoured(&answer.body, &self.id) {
            return Err(LocalFault::NotHonoured.into());
        }
        Ok(answer)
    }

    async fn key(&self, path: PathBuf, deadline: Deadline) -> Result<HeaderValue, LocalFault> {
        let folder = self.folder.clone();
        let read = self
            .reads
            .within(deadline, move || key_file::read(&path, &folder));
        let key = read.await.map_err(LocalFault::KeyUnreadable)??;
        let value = HeaderValue::from_str(&format!("Basic {}", key.trim_end()));
        let mut value = value.map_err(|_| LocalFault::NoKey)?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// The file that the answer to the first request names.
pub(super) fn challenged(answer: Result<Response, Error>) -> Result<PathBuf, TokenError> {
    let refusal = match answer {
        Ok(_) => return Err(LocalFault::NoChallenge.into()),
        Err(Error::Refused(refusal)) if refusal.status == StatusCode::UNAUTHORIZED => refusal,
        Err(error) => return Err(TokenError::from_exchange(error)),
    };
    let challenge = refusal.basic_challenge.as_deref();
    let challenge = challenge.ok_or(LocalFault::NoChallenge)?;
    Ok(named(challenge)?.to_owned())
}

/// The path of `Basic realm=<path>`, which has one `=` and no more.
fn named(challenge: &str) -> Result<&Path, LocalFault> {
    let parts: Vec<_> = challenge.split('=').collect();
    match parts[..] {
        [name, path] if name.eq_ignore_ascii_case("Basic realm") && !path.is_empty() => {
            Ok(Path::new(path))
        }
        _ => Err(LocalFault::UnclearChallenge),
    }
}

/// Whether the answer is for `id`. An agent that knows no ids overlooks them and
/// gives out the token of the server's own identity.
pub(super) fn is_honoured(body: &[u8], id: &IdentityId) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let says = |name: &str, id: &str| {
        let told = body.get(name).and_then(Value::as_str);
        told.is_some_and(|told| told.eq_ignore_ascii_case(id))
    };
    match id {
        IdentityId::System => true,
        IdentityId::ClientId(id) => says("client_id", id),
        IdentityId::ObjectId(id) => says("object_id", id),
        IdentityId::ResourceId(id) => says("msi_res_id", id) || says("mi_res_id", id),
    }
}
