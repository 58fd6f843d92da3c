//! Who waits for what is asked of Azure for somebody else.

use std::mem;

use super::Error;
use crate::http::{self, Context};

/// Whoever joined another caller's call, and may come to make their own.
pub(crate) struct Joiner<'a> {
    context: &'a Context,
    may_take_a_turn: bool,
}

impl<'a> Joiner<'a> {
    /// Who has joined nothing yet.
    pub(crate) fn new(context: &'a Context) -> Self {
        Self {
            context,
            may_take_a_turn: true,
        }
    }

    /// Whether to ask anew, with all who wait, as it is no word of Azure's that somebody
    /// else's call came to: their time was over, or they got no turn. For one of their own
    /// a joiner asks once, as each of a crowd may take a second to be refused.
    pub(crate) fn asks_anew(&mut self, error: &Error) -> bool {
        let is_of_them = match error.exchange() {
            Some(http::Error::Busy(_)) => mem::take(&mut self.may_take_a_turn),
            _ => error.is_late(),
        };
        is_of_them && self.context.deadline.allows_another()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::http::header::HeaderMap;

    use super::*;
    use crate::{
        azure::Call,
        http::{Crowd, Deadline},
        telemetry::TraceContext,
    };

    fn failed(source: http::Error) -> Error {
        Error::Upstream {
            service: "arm",
            call: Call::FindVms,
            token_age: None,
            grant: None,
            source,
        }
    }

    /// The context of a caller who has so long.
    fn context(seconds: u64) -> Context {
        let deadline = Deadline::after(Duration::from_secs(seconds));
        Context::own(deadline, TraceContext::continued(&HeaderMap::new()))
    }

    #[test]
    fn who_joined_a_caller_without_a_turn_asks_for_their_own_once() {
        let context = context(10);
        let mut joiner = Joiner::new(&context);
        let busy = failed(http::Error::Busy(Crowd::Full));
        assert!(joiner.asks_anew(&busy));
        assert!(!joiner.asks_anew(&busy));
    }

    #[test]
    fn who_joined_a_caller_whose_time_is_over_asks_while_there_is_time() {
        let late = failed(http::Error::Timeout(Duration::from_secs(1)));
        for (seconds, asks) in [(10, true), (0, false)] {
            let context = context(seconds);
            let mut joiner = Joiner::new(&context);
            assert_eq!([(); 2].map(|()| joiner.asks_anew(&late)), [asks; 2]);
        }
        let unreachable = failed(http::Error::ConnectionRefused);
        assert!(!Joiner::new(&context(10)).asks_anew(&unreachable));
    }
}
