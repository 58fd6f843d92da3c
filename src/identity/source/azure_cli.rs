//! The Azure CLI of a developer.
//!
//! Source: "az account get-access-token"; `expires_on` comes with version 2.54.0
//! (Azure/azure-cli#27476).

use std::process::{Output, Stdio};

use actix_web::{
    http::{StatusCode, header::HeaderMap},
    rt::time,
    web::Bytes,
};
use serde::Deserialize;
use serde_json::json;
use tokio::process::Command;

use super::{LocalFault, TokenError, Turn, Unusable};
use crate::http::{Cause, Error, Response};

/// Some sentences of `az`, and no more.
const LONGEST_COMPLAINT: usize = 500;

/// Whoever is signed in.
pub(super) struct AzureCli {
    pub(super) tenant: Option<String>,
}

#[derive(Deserialize)]
struct Told {
    #[serde(rename = "accessToken")]
    access_token: String,
    expires_on: Option<serde_json::Value>,
}

impl AzureCli {
    /// The answer, as a token endpoint would give it.
    pub(super) async fn ask(&self, turn: &Turn<'_>) -> Result<Response, TokenError> {
        let patience = turn.deadline.remaining();
        let output = time::timeout(patience, self.run(turn.audience)).await;
        let output = output.map_err(|_| TokenError::Unavailable(Error::Timeout(patience)))?;
        let output = output.map_err(|error| LocalFault::NoCli(Cause::new(&error)))?;
        if !output.status.success() {
            return Err(LocalFault::CliRefused(Cause::said(complaint(&output))).into());
        }
        answered(&output.stdout)
    }

    async fn run(&self, audience: &str) -> std::io::Result<Output> {
        let scope = format!("{audience}/.default");
        let mut az = Command::new("az");
        az.args(["account", "get-access-token", "--output", "json", "--scope"])
            .arg(scope)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if let Some(tenant) = &self.tenant {
            az.args(["--tenant", tenant]);
        }
        az.output().await
    }
}

/// What it says on its standard output, as a token endpoint would.
pub(super) fn answered(output: &[u8]) -> Result<Response, TokenError> {
    let told: Told =
        serde_json::from_slice(output).map_err(|_| TokenError::Unusable(Unusable::NotJson))?;
    let expires_on = told.expires_on.ok_or(LocalFault::CliTooOld)?;
    let body = json!({"access_token": told.access_token, "expires_on": expires_on});
    let body = Bytes::from(body.to_string());
    Ok(Response::made(StatusCode::OK, HeaderMap::new(), body))
}

/// What it says on its standard error; its standard output may hold a token.
fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    text.trim().chars().take(LONGEST_COMPLAINT).collect()
}
