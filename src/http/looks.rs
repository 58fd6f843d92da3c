//! What is asked to see whether an upstream answers again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Request, request::Effect};

/// What may be asked besides what opened the circuit, which may be about a thing that
/// alone does not answer: a read that was withheld, of all workers.
#[derive(Clone, Default)]
pub(super) struct Looks(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    /// What is asked anyway.
    opener: Option<Request<'static>>,
    other: Option<Request<'static>>,
}

impl Looks {
    /// Begins with what `opener` asked for.
    pub(super) fn begin(&self, opener: &Request<'static>) {
        *self.kept() = Kept {
            opener: Some(opener.clone()),
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
        if kept.other.is_some() {
            return;
        }
        let look = withheld.look();
        let is_opener = |opener: &Request<'_>| opener.asks_the_same(&look);
        if !kept.opener.as_ref().is_some_and(is_opener) {
            kept.other = Some(look);
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

    fn question(json: &'static str) -> Request<'static> {
        Request::question("http://a/graph", "find_vms", json.into())
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
    fn questions_are_told_apart_by_what_they_ask() {
        let looks = Looks::default();
        looks.begin(&question("all"));
        looks.keep(&question("all"));
        assert!(looks.take().is_none());
        looks.keep(&question("one"));
        assert_eq!(looks.take().unwrap().body.unwrap(), "one");
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
