//! Opaque links to further pages.

use std::sync::atomic::{AtomicU64, Ordering};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{delta, directory::Directory};
use crate::{seed, settings::Settings};

/// The state of Graph: its users, and which page tokens still count.
pub(crate) struct Graph {
    pub(crate) directory: Directory,
    pub(crate) delta_tokens: delta::Tokens,
    url: String,
    epoch: AtomicU64,
}

/// What a page token belongs to.
pub(super) struct Listing<'a> {
    pub(super) filter: &'a str,
    pub(super) select: Option<&'a str>,
    pub(super) top: Option<&'a str>,
}

/// Why a page token is not accepted.
#[derive(Clone, Copy)]
pub(super) enum Refusal {
    Unknown,
    Expired,
}

impl Graph {
    pub(crate) fn new(url: String, settings: &Settings) -> Self {
        Self {
            directory: Directory::new(settings.users),
            delta_tokens: delta::Tokens::default(),
            url,
            epoch: AtomicU64::new(1),
        }
    }

    pub(crate) fn expire_pages(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }

    /// The link to the page that begins at `position`: it carries the query
    /// along, and the token has the shape of a binary literal, `X%27…%27`.
    pub(super) fn link(&self, position: usize, listing: &Listing<'_>) -> String {
        let epoch = self.epoch.load(Ordering::SeqCst);
        let token = listing.token(position, epoch);
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let filter = Some(listing.filter).filter(|filter| !filter.is_empty());
        let options = [
            ("$select", listing.select),
            ("$filter", filter),
            ("$top", listing.top),
        ];
        let carried: String = options
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}&", encoded(value?))))
            .collect();
        format!("{}/v1.0/users?{carried}$skiptoken=X%27{token}%27", self.url)
    }

    /// The position that `token` stands for, in the listing that it belongs to.
    pub(super) fn position(&self, token: &str, listing: &Listing<'_>) -> Result<usize, Refusal> {
        let digits = token
            .strip_prefix("X'")
            .and_then(|rest| rest.strip_suffix('\''))
            .ok_or(Refusal::Unknown)?;
        let number = |place| {
            let text = digits.get(place).ok_or(Refusal::Unknown)?;
            u32::from_str_radix(text, 16).map_err(|_| Refusal::Unknown)
        };
        let (epoch, position) = (u64::from(number(4..12)?), number(12..20)? as usize);
        // Numbers can be written in more than one way, a token cannot.
        if digits != listing.token(position, epoch) {
            return Err(Refusal::Unknown);
        }
        if epoch != self.epoch.load(Ordering::SeqCst) {
            return Err(Refusal::Expired);
        }
        Ok(position)
    }
}

impl Listing<'_> {
    /// The digits of a page token: a mark, what it says, and a seal over that
    /// and the listing.
    fn token(&self, position: usize, epoch: u64) -> String {
        let seal = seed::hash(&format!(
            "{epoch}/{position}/{}/{:?}/{:?}",
            self.filter, self.select, self.top
        ));
        format!("4453{epoch:08x}{position:08x}{seal:016x}")
    }
}
