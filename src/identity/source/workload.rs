//! Workload identity: Entra ID gives a token for what a cluster asserts.
//!
//! Sources: "Microsoft identity platform and the OAuth 2.0 client credentials
//! flow", third case; Azure/azure-workload-identity `pkg/proxy/proxy.go`.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use actix_web::web::Bytes;
use url::{Url, form_urlencoded::Serializer};

use super::{LocalFault, Reads, TokenError, Turn};
use crate::http::{Cause, Error, Request, Response};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// `AADSTS700024`: the assertion has expired.
///
/// Source: "Microsoft Entra authentication and authorization error codes".
const STALE: &str = "700024";

/// An assertion is some two kilobytes.
const LONGEST_ASSERTION: u64 = 64 * 1024;

/// The application, and what a cluster asserts of it.
pub(super) struct Workload {
    url: Url,
    client_id: String,
    assertion: PathBuf,
    reads: Reads,
}

impl Workload {
    /// `authority` ends with a slash or not: the cluster's webhook passes on what
    /// it was told, and a second slash is another path to Entra ID.
    pub(super) fn new(
        authority: &Url,
        tenant: &str,
        client_id: String,
        assertion: PathBuf,
    ) -> Self {
        let mut url = authority.clone();
        url.set_path(&format!("/{tenant}/oauth2/v2.0/token"));
        Self {
            url,
            client_id,
            assertion,
            reads: Reads::default(),
        }
    }

    /// The file is read each time: it is small, near, and replaced behind our
    /// back. Where Entra ID finds it expired all the same, it was replaced in
    /// between, or soon will be: it is read once more.
    pub(super) async fn ask(&self, turn: &Turn<'_>) -> Result<Response, TokenError> {
        let assertion = self.assertion(turn).await?;
        let refused = match self.present(turn, &assertion).await {
            Err(error) if is_stale(&error) => error,
            answer => return answer.map_err(TokenError::from_exchange),
        };
        let again = self.assertion(turn).await?;
        if again == assertion {
            return Err(TokenError::from_exchange(refused));
        }
        let answer = self.present(turn, &again).await;
        answer.map_err(TokenError::from_exchange)
    }

    async fn assertion(&self, turn: &Turn<'_>) -> Result<String, LocalFault> {
        let path = self.assertion.clone();
        let read = self.reads.within(turn.deadline, move || beginning(&path));
        let text = read
            .await
            .and_then(|text| text.map_err(|error| Cause::new(&error)))
            .map_err(LocalFault::AssertionUnreadable)?;
        let assertion = text.trim();
        if assertion.is_empty() {
            return Err(LocalFault::NoAssertion);
        }
        Ok(assertion.to_owned())
    }

    async fn present(&self, turn: &Turn<'_>, assertion: &str) -> Result<Response, Error> {
        // A resource that ends with a slash gets a second one: what precedes the
        // last is the audience.
        let scope = format!("{}/.default", turn.audience);
        let form = Serializer::new(String::new())
            .append_pair("client_assertion", assertion)
            .append_pair("client_assertion_type", JWT_BEARER)
            .append_pair("client_id", &self.client_id)
            .append_pair("grant_type", "client_credentials")
            .append_pair("scope", &scope)
            .finish();
        turn.send(Request::form(self.url.as_str(), "token", Bytes::from(form)))
            .await
    }
}

/// As much of the file as an assertion could have.
fn beginning(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(LONGEST_ASSERTION)
        .read_to_string(&mut text)?;
    Ok(text)
}

fn is_stale(error: &Error) -> bool {
    let code = error
        .refusal()
        .and_then(|refusal| refusal.detail.as_deref());
    code == Some(STALE)
}
