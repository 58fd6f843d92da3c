//! Tokens of those who call the gateway, as Entra ID issues them for its API; and
//! such as it never would.
//!
//! Sources: "Access tokens in the Microsoft identity platform"; "Access token claims
//! reference"; "Optional claims reference" (`idtyp`).

mod claims;
mod compact;
mod handle;
mod who;

use std::{
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) use compact::Writing;
pub use who::{Caller, CallerKind};

use crate::{azure::Azure, entra::SigningKeys, patch::merge};

/// The client id of the gateway's API: the audience of tokens of version 2.0.
pub const API_CLIENT_ID: &str = "6a7e0a91-0000-4000-8000-0000000a9100";

/// Its App ID URI: the audience of tokens of version 1.0.
pub const API_APP_ID_URI: &str = "api://6a7e0a91-0000-4000-8000-0000000a9100";

/// What users let applications do there in their name: `scp` of their tokens.
pub const SCOPE: &str = "access_as_user";

/// Which form of access tokens an API has chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum TokenVersion {
    /// 1.0, where nothing is chosen.
    #[serde(rename = "1.0")]
    V1,
    /// 2.0.
    #[default]
    #[serde(rename = "2.0")]
    V2,
}

/// What a token is signed with; its header names that key, unless it says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SignedBy {
    /// The key that signs now.
    #[default]
    Current,
    /// The one that signed before it; published, unless it was an emergency.
    Retired,
    /// The one that will sign next; published if `publish_next_key` said so.
    Next,
    /// One that was never published.
    Unpublished,
    /// The same, while the header names the current key.
    Forged,
    /// One that is published with another `issuer`.
    OfAnotherIssuer,
    /// One that is published with `use` `enc`.
    ForEncryption,
    /// One that is published with `kty` `EC`, by ES256.
    Elliptic,
    /// HS256 whose secret is the public half of the current key, in PEM.
    Hmac,
    /// Nothing: `alg` is `none`, and the signature is empty.
    None,
    /// The current key, and the signature altered.
    Broken,
}

/// How a token is put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Shape {
    /// As it should be (RFC 7515, 7.1).
    #[default]
    Compact,
    /// Its parts are base64 with padding.
    Padded,
    /// Its signature is not there, nor the dot before it.
    TwoSegments,
    /// One part too many.
    FourSegments,
    /// Its claims are larger than so many bytes.
    OversizedClaims(usize),
    /// Its header is larger than so many bytes.
    OversizedHeader(usize),
}

/// A token that is to be issued: for the operator, by default, with all that the API
/// asks of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct CallerToken {
    /// Its version.
    pub version: TokenVersion,
    /// Whose it is.
    pub caller: Caller,
    /// `aud`, if not that of the version.
    pub audience: Option<String>,
    /// `roles`, if not those of the caller; an empty list leaves the claim out.
    pub roles: Option<Vec<String>>,
    /// `scp` of a user, if not `SCOPE`; an empty one leaves the claim out.
    pub scope: Option<String>,
    /// `iat`, in seconds from now by the clock of this Azure.
    pub issued_in: i64,
    /// `nbf`, in seconds from now.
    pub valid_in: i64,
    /// `exp`, in seconds from now.
    pub expires_in: i64,
    /// A merge patch (RFC 7396) of the claims: what is null goes.
    pub claims: Value,
    /// A merge patch of the header. What its `alg` says of RSA is done.
    pub header: Value,
    /// What stands in place of the claims, JSON or not.
    pub claims_text: Option<String>,
    /// What stands in place of the header.
    pub header_text: Option<String>,
    /// What it is signed with.
    pub signed_by: SignedBy,
    /// How it is put together.
    pub shape: Shape,
}

impl Default for CallerToken {
    fn default() -> Self {
        Self {
            version: TokenVersion::default(),
            caller: Caller::default(),
            audience: None,
            roles: None,
            scope: None,
            issued_in: 0,
            valid_in: 0,
            // The middle of 60 and 90 minutes, between which Entra ID draws lots.
            expires_in: 75 * 60,
            claims: json!({}),
            header: json!({}),
            claims_text: None,
            header_text: None,
            signed_by: SignedBy::default(),
            shape: Shape::default(),
        }
    }
}

impl CallerToken {
    /// A token of `caller`, with all that the API asks of it.
    #[must_use]
    pub fn of(caller: Caller) -> Self {
        Self {
            caller,
            ..Self::default()
        }
    }
}

/// Every token that a caller was given, or an account of the cluster.
#[derive(Default)]
pub(crate) struct Callers(Mutex<Vec<String>>);

impl Callers {
    pub(crate) fn all(&self) -> Vec<String> {
        self.issued().clone()
    }

    fn issued(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Azure {
    /// Issues a token as it is asked for.
    pub(crate) fn caller_token(&self, asked: &CallerToken) -> io::Result<String> {
        let mut claims = claims::of(asked, self.settings.cloud, &self.clock);
        merge(&mut claims, &asked.claims);
        let writing = Writing {
            signed_by: asked.signed_by,
            shape: asked.shape,
            header: asked.header.clone(),
            header_text: asked.header_text.as_deref(),
            claims_text: asked.claims_text.as_deref(),
        };
        self.issue(&self.signing, &writing, claims)
    }

    /// Writes a token, and notes that it is a secret.
    pub(crate) fn issue(
        &self,
        keys: &SigningKeys,
        writing: &Writing<'_>,
        claims: Value,
    ) -> io::Result<String> {
        let token = compact::signed(keys, writing, claims)?;
        self.callers.issued().push(token.clone());
        Ok(token)
    }
}
