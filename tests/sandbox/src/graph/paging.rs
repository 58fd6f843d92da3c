//! Opaque links to further pages.

use std::sync::atomic::{AtomicU32, Ordering};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    delta,
    directory::Directory,
    token::{self, Place},
    units::Units,
};
use crate::{
    query::Query,
    settings::{PageLinks, Settings},
};

/// What stands in a token as it is: the letters of its two shapes.
const TOKEN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// The state of Graph: its users, which page tokens still count, what pages there
/// are, and what applications have used.
pub(crate) struct Graph {
    pub(crate) directory: Directory,
    pub(crate) delta_tokens: delta::Tokens,
    links: PageLinks,
    epoch: AtomicU32,
    empty_pages: AtomicU32,
    pub(super) units: Units,
}

/// What a page token belongs to: the options of a query, as they came.
pub(super) struct Listing<'a>(Vec<(&'static str, &'a str)>);

/// Why a page token is not accepted.
#[derive(Clone, Copy)]
pub(super) enum Refusal {
    Unknown,
    Expired,
}

impl Graph {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            directory: Directory::new(settings.users),
            delta_tokens: delta::Tokens::default(),
            links: settings.page_links,
            epoch: AtomicU32::new(1),
            empty_pages: AtomicU32::new(0),
            units: Units::new(settings.graph_units),
        }
    }

    pub(crate) fn expire_pages(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }

    /// From now on so many pages without anybody come before each real one.
    pub(crate) fn come_empty(&self, pages: usize) {
        let pages = u32::try_from(pages).unwrap_or(u32::MAX);
        self.empty_pages.store(pages, Ordering::SeqCst);
    }

    /// How many empty pages come before a real one.
    pub(super) fn empty_pages(&self) -> u32 {
        self.empty_pages.load(Ordering::SeqCst)
    }

    /// The link below `base` to the page that begins at `place`: it carries the
    /// query along.
    pub(super) fn link(&self, base: &str, place: Place, listing: &Listing<'_>) -> String {
        let epoch = self.epoch.load(Ordering::SeqCst);
        let token = token::write(self.links, place, epoch, &listing.name());
        let token = utf8_percent_encode(&token, TOKEN);
        let carried = listing.carried();
        format!("{base}/v1.0/users?{carried}$skiptoken={token}")
    }

    /// The place that `token` stands for, in the listing that it belongs to.
    pub(super) fn place(&self, token: &str, listing: &Listing<'_>) -> Result<Place, Refusal> {
        let read = token::read(self.links, token, &listing.name());
        let (place, epoch) = read.ok_or(Refusal::Unknown)?;
        if epoch != self.epoch.load(Ordering::SeqCst) {
            return Err(Refusal::Expired);
        }
        Ok(place)
    }
}

impl<'a> Listing<'a> {
    /// What is asked for beside the page.
    pub(super) fn of(query: &'a Query) -> Self {
        let names = [
            "$select", "$filter", "$top", "$count", "$orderby", "$search",
        ];
        let options = names
            .into_iter()
            .filter_map(|name| Some((name, query.get(name)?)));
        Self(options.collect())
    }

    fn name(&self) -> String {
        format!("{:?}", self.0)
    }

    fn carried(&self) -> String {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let option = |(name, value): &(&str, &str)| format!("{name}={}&", encoded(value));
        self.0.iter().map(option).collect()
    }
}
