//! Tokens of rounds and of their pages: all that is known of a client is in
//! them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Place, Scope, Since};
use crate::seed;

/// What a link stands for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Token {
    /// A page of a round that is under way.
    Page(Box<Place>),
    /// A round that may begin.
    Round(Start),
}

/// Where a round begins.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Start {
    pub(super) scope: Scope,
    pub(super) since: Since,
    /// Where the round before began, which may be replayed.
    pub(super) before: Option<Since>,
}

impl Start {
    pub(super) fn latest(scope: Scope, version: u64) -> Self {
        Self {
            scope,
            since: Since::Change(version),
            before: None,
        }
    }
}

/// Which tokens still count.
pub(crate) struct Tokens {
    /// Another sandbox, or another run of it, knows nothing of our tokens.
    key: String,
    /// How each epoch ended.
    ends: Mutex<Vec<End>>,
}

#[derive(Clone, Copy)]
enum End {
    Forgotten,
    Expired,
}

#[derive(Serialize, Deserialize)]
struct Dated {
    epoch: usize,
    token: Token,
}

/// Why a token is not accepted.
pub(super) enum Refusal {
    Unknown,
    Expired,
    Forgotten(Scope),
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            key: Uuid::new_v4().to_string(),
            ends: Mutex::default(),
        }
    }
}

impl Tokens {
    /// Tokens so far lead nowhere: their clients have to begin again.
    pub(crate) fn forget(&self) {
        self.ends().push(End::Forgotten);
    }

    /// Tokens so far are too old.
    pub(crate) fn expire(&self) {
        self.ends().push(End::Expired);
    }

    pub(super) fn seal(&self, token: Token) -> String {
        let epoch = self.ends().len();
        let written = serde_json::to_string(&Dated { epoch, token }).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(format!("{:016x}{written}", self.mark(&written)))
    }

    pub(super) fn open(&self, text: &str) -> Result<Token, Refusal> {
        let dated = self.read(text).ok_or(Refusal::Unknown)?;
        match (self.ends().get(dated.epoch), dated.token) {
            (None, token) => Ok(token),
            (Some(End::Expired), _) => Err(Refusal::Expired),
            (Some(End::Forgotten), Token::Page(place)) => {
                Err(Refusal::Forgotten(place.into_scope()))
            }
            (Some(End::Forgotten), Token::Round(start)) => Err(Refusal::Forgotten(start.scope)),
        }
    }

    fn read(&self, text: &str) -> Option<Dated> {
        let sealed = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (mark, written) = sealed.split_at_checked(16)?;
        if mark != format!("{:016x}", self.mark(written)) {
            return None;
        }
        serde_json::from_str(written).ok()
    }

    fn mark(&self, written: &str) -> u64 {
        seed::hash(&format!("{}/{written}", self.key))
    }

    fn ends(&self) -> MutexGuard<'_, Vec<End>> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
