//! The token endpoint of App Service and Container Apps, which every peer knows.
//!
//! Source: "How to use managed identities for App Service and Azure Functions", REST
//! endpoint reference, version 2019-08-01.

use std::time::{Duration, SystemTime};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::answers::json;

/// Nothing is renewed while it is measured.
const LIFETIME: Duration = Duration::from_hours(24);

/// A tenant's keys have 2,048 bits.
const SIGNATURE: [u8; 256] = [0xA5; 256];

const HEADER: &str = r#"{"typ":"JWT","alg":"RS256","x5t":"kriMPdmBvx68skT8-mPAB3BseeA","kid":"kriMPdmBvx68skT8-mPAB3BseeA"}"#;

/// The claims of a managed identity's token, but the times.
const CLAIMS: &str = r#""iss":"https://sts.windows.net/7b31ddc4-0000-4000-8000-5a4d0bca1a11/","aio":"k2RgYJhtEf4wPv3Xd2fPpe9Xy3b8BQA=","appid":"eadc3d99-751d-4eb2-9955-a6934954edb7","appidacr":"2","idp":"https://sts.windows.net/7b31ddc4-0000-4000-8000-5a4d0bca1a11/","idtyp":"app","oid":"3caaaf2b-39fe-410e-8d5b-c9048fd85443","rh":"1.AXkAxN0xewAAAECAAFpNC8oaEUZIf3kAutdPukPawfj2MBPEAAB5AA.","roles":["User.Read.All"],"sub":"3caaaf2b-39fe-410e-8d5b-c9048fd85443","tid":"7b31ddc4-0000-4000-8000-5a4d0bca1a11","uti":"Wf0Jm5zNvUu3n2xkZl0DAA","ver":"1.0","xms_mirid":"/subscriptions/5ab1e000-0000-4000-8000-000000000001/resourcegroups/rg-identity/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mi-gateway""#;

/// A token as long as Entra ID's are, 1.5 kB, with a signature of no key.
pub(crate) fn written() -> String {
    let (from, until) = (now(), now() + LIFETIME.as_secs());
    let claims = format!(r#"{{"iat":{from},"nbf":{from},"exp":{until},{CLAIMS}}}"#);
    let parts = [HEADER.as_bytes(), claims.as_bytes(), &SIGNATURE];
    parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
}

pub(crate) fn is_asked_for(path: &str) -> bool {
    path.starts_with("/msi/token?")
}

/// 200 with `token` for the resource that is asked for.
pub(crate) fn answer(token: &str, path: &str, answer: &mut Vec<u8>) {
    let resource = if path.contains("graph") {
        "https://graph.microsoft.com"
    } else {
        "https://management.azure.com/"
    };
    let (from, until) = (now(), now() + LIFETIME.as_secs());
    let body = format!(
        "{{\"access_token\":\"{token}\",\"client_id\":\"eadc3d99-751d-4eb2-9955-a6934954edb7\",\
         \"expires_on\":\"{until}\",\"not_before\":\"{from}\",\"resource\":\"{resource}\",\
         \"token_type\":\"Bearer\"}}"
    );
    json(&body, answer);
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap_or_default().as_secs()
}
