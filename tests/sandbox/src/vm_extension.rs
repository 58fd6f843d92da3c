//! The token endpoint of the old virtual machine extension.
//!
//! Its port was 50342, on the machine itself. Sources: "How to use managed
//! identities on an Azure VM to acquire an access token" (`unknown_source`);
//! Azure/msrestazure-for-python `azure_active_directory.py`, `get_msi_token`
//! (port, form, ids).

use axum::{body::Body, http::Response};

use crate::{
    azure::Azure,
    gate::Asked,
    imds::{self, Refusal},
    tokens::Freshness,
};

/// `POST http://localhost:50342/oauth2/token`, a form
pub(crate) fn token(azure: &Azure, asked: &Asked) -> Response<Body> {
    answer(azure, asked).unwrap_or_else(|refusal| *refusal)
}

fn answer(azure: &Azure, asked: &Asked) -> Result<Response<Body>, Refusal> {
    let recorded = &asked.recorded;
    if recorded.path != "/oauth2/token" {
        let why = format!("Unknown Source {}", recorded.path);
        return Err(Box::new(imds::fault(401, "unknown_source", &why)));
    }
    if recorded.method != "POST" {
        let why = "The request method is not allowed.";
        return Err(Box::new(imds::fault(405, "method_not_allowed", why)));
    }
    if recorded.header("metadata") != Some("true") {
        return imds::refused("Required metadata header not specified");
    }
    let Some(form) = asked.form() else {
        return imds::refused("The body is to be a form.");
    };
    imds::grant(azure, &form, Freshness::Cached)
}
