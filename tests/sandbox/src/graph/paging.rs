//! Opaque links to further pages.

use std::sync::atomic::{AtomicU64, Ordering};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::seed;

/// The state of Graph: which page tokens still count.
pub(crate) struct Graph {
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
    pub(crate) fn new(url: String) -> Self {
        Self {
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
        let seal = listing.seal(position, epoch);
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
        let token = format!("X%274453{epoch:08x}{position:08x}{seal:016x}%27");
        format!("{}/v1.0/users?{carried}$skiptoken={token}", self.url)
    }

    /// The position that `token` stands for, in the listing that it belongs to.
    pub(super) fn position(&self, token: &str, listing: &Listing<'_>) -> Result<usize, Refusal> {
        let digits = token
            .strip_prefix("X'4453")
            .and_then(|rest| rest.strip_suffix('\''));
        let digits = digits.filter(|digits| digits.len() == 32 && digits.is_ascii());
        let number = |text| u64::from_str_radix(text, 16).ok();
        let parts = digits.and_then(|digits| {
            Some((
                number(&digits[..8])?,
                number(&digits[8..16])?,
                number(&digits[16..])?,
            ))
        });
        let (epoch, position, seal) = parts.ok_or(Refusal::Unknown)?;
        let position = usize::try_from(position).map_err(|_| Refusal::Unknown)?;
        if seal != listing.seal(position, epoch) {
            return Err(Refusal::Unknown);
        }
        if epoch != self.epoch.load(Ordering::SeqCst) {
            return Err(Refusal::Expired);
        }
        Ok(position)
    }
}

impl Listing<'_> {
    fn seal(&self, position: usize, epoch: u64) -> u64 {
        seed::hash(&format!(
            "{epoch}/{position}/{}/{:?}/{:?}",
            self.filter, self.select, self.top
        ))
    }
}
