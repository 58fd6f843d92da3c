//! Why there are no users to show.

use super::{
    InvalidCursor,
    listings::{AT_ONCE, OF_ONE},
};
use crate::{azure, task::Unfinished};

/// Why there is no page.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It was not given out for this query.
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    /// Graph forgot the listing that the cursor belongs to, once more after it
    /// was begun again; or the listing is of a replica that is not there.
    #[error("the cursor has expired; begin again without it")]
    Expired,
    /// Graph forgot the listing, and what was given out of it is not there any
    /// more as it was.
    #[error(
        "the cursor has expired, and users have changed since the listing began; begin again \
         without it"
    )]
    Changed,
    /// Graph does not know the page that the cursor leads to.
    #[error("the cursor leads to no page; begin again without it")]
    Refused,
    /// A whole listing cannot go on, for any of these three. Who reads one was given no
    /// cursor, so that nothing is wrong with what they asked for.
    #[error("the listing was forgotten before its end; begin it again")]
    Forgotten,
    /// Graph shows nobody, and would show nobody either if somebody were there.
    #[error("{0}")]
    NotShown(String),
    /// Graph shows nobody, and it is not known whether it would show anybody.
    #[error("nobody was found, and whether anybody would be is not proven: {0}")]
    Unproven(String),
    /// There are as many whole listings under way as there may be.
    #[error(
        "as many whole listings are on their way as may be, {AT_ONCE} in all and {OF_ONE} of one \
         caller; nothing was asked of Azure"
    )]
    Crowded,
    /// Azure said no, or nothing.
    #[error("the users of the department could not be listed")]
    Azure(#[source] azure::Error),
    /// The call did not come to its end.
    #[error(transparent)]
    Unfinished(#[from] Unfinished),
}

impl Error {
    /// Whether it passes by itself: Graph throttles, fails or is away.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Azure(error) => error.is_passing(),
            Self::Unfinished(_) | Self::Unproven(_) | Self::Crowded => true,
            Self::Cursor(_)
            | Self::Expired
            | Self::Changed
            | Self::Refused
            | Self::Forgotten
            | Self::NotShown(_) => false,
        }
    }

    /// Whether no answer came in the time of whoever asked.
    pub(super) fn is_late(&self) -> bool {
        matches!(self, Self::Azure(error) if error.is_late())
    }

    /// The same to whoever reads a whole listing.
    pub(super) fn of_whole(self) -> Self {
        match self {
            Self::Expired | Self::Changed | Self::Refused => Self::Forgotten,
            Self::Cursor(_)
            | Self::Forgotten
            | Self::NotShown(_)
            | Self::Unproven(_)
            | Self::Crowded
            | Self::Azure(_)
            | Self::Unfinished(_) => self,
        }
    }
}
