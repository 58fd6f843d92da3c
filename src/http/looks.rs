//! What is asked to see whether an upstream answers again.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Request, request::Effect};

/// What may be asked besides what opened the circuit, which may be about a thing that
/// alone does not answer: a read that was withheld, of all workers.
#[derive(Clone, Default)]
pub(super) struct Looks(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    /// What is asked anyway.
    opener: Cow<'static, str>,
    other: Option<Request<'static>>,
}

impl Looks {
    /// Begins with a look that `opener` has asked for.
    pub(super) fn begin(&self, opener: &Request<'_>) {
        *self.kept() = Kept {
            opener: Cow::Owned(opener.url.to_string()),
            other: None,
        };
    }

    /// Keeps a copy of `withheld`, if it asks for something else and none is kept. What
    /// changes something is not copied: what stands in for it reaches less of the upstream.
    pub(super) fn keep(&self, withheld: &Request<'_>) {
        if withheld.effect != Effect::Reads {
            return;
        }
        let mut kept = self.kept();
        if kept.other.is_none() && kept.opener != withheld.url {
            kept.other = Some(withheld.look());
        }
    }

    /// What was kept since it was last asked for.
    pub(super) fn take(&self) -> Option<Request<'static>> {
        self.kept().other.take()
    }

    /// Keeps nothing: there are answers again.
    pub(super) fn end(&self) {
        *self.kept() = Kept::default();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &'static str) -> Request<'static> {
        Request::get(url, "get_vm")
    }

    #[test]
    fn what_is_kept_is_a_read_of_something_else_once() {
        let looks = Looks::default();
        looks.begin(&read("http://a/1"));
        looks.keep(&read("http://a/1"));
        looks.keep(&Request::post("http://a/2", "deallocate"));
        assert!(looks.take().is_none());
        for other in ["http://a/3", "http://a/4"] {
            looks.keep(&read(other));
        }
        assert_eq!(looks.take().unwrap().url, "http://a/3");
        assert!(looks.take().is_none());
    }

    #[test]
    fn nothing_is_kept_of_an_outage_that_is_over() {
        let looks = Looks::default();
        looks.begin(&read("http://a/1"));
        looks.keep(&read("http://a/2"));
        looks.end();
        assert!(looks.take().is_none());
    }
}
