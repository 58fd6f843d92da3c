//! What can be asked of those who issue tokens: where they are, and their keys.
//!
//! Sources: "`OpenID` Connect on the Microsoft identity platform"; "Access tokens in
//! the Microsoft identity platform" (`appid`, for apps with keys of their own: here
//! none has any).

use super::entry::Entry;

const APP: &[&str] = &["appid"];

pub(super) const KEYS: &[Entry] = &[
    Entry::get("/*/v2.0/.well-known/openid-configuration", APP),
    Entry::get("/*/.well-known/openid-configuration", APP),
    Entry::get("/*/discovery/v2.0/keys", APP),
    Entry::get("/*/discovery/keys", APP),
];
