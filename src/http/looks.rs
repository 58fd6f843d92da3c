//! What is asked to see whether an upstream answers again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Request, request::Effect};

/// What may be asked besides what opened the circuit, which may be about a thing that
/// alone does not answer: reads that were withheld, of all workers.
#[derive(Clone, Default)]
pub(super) struct Looks(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    /// What is asked anyway.
    opener: Option<Request<'static>>,
    /// One of each operation.
    others: Vec<Request<'static>>,
    /// What has no answer yet, by the numbers of the looks.
    asked: Vec<(u64, Request<'static>)>,
    /// How many there were.
    looks: u64,
}

/// A look, until it ends.
pub(super) struct Asked {
    looks: Looks,
    number: u64,
}

impl Looks {
    /// Begins with what `opener` asked for.
    pub(super) fn begin(&self, opener: &Request<'static>) {
        let mut kept = self.kept();
        kept.opener = Some(opener.clone());
        kept.others.clear();
    }

    /// Keeps a copy of `withheld`, if it asks for what nobody does, and nothing is kept of its
    /// operation. What changes something is not copied: what stands in for it reaches less of
    /// the upstream.
    pub(super) fn keep(&self, withheld: &Request<'_>) {
        if withheld.effect != Effect::Reads {
            return;
        }
        let mut kept = self.kept();
        let operation = withheld.operation;
        if kept.others.iter().any(|it| it.operation == operation) {
            return;
        }
        let asked = kept.asked.iter().map(|(_, look)| look);
        if !asked
            .chain(&kept.opener)
            .any(|look| look.is_look_of(withheld))
        {
            kept.others.push(withheld.look());
        }
    }

    /// Of what was kept since it was last asked for what is of the operation that has the
    /// fewest looks without an answer: all of one operation may be ill.
    pub(super) fn take(&self) -> Option<Request<'static>> {
        let mut kept = self.kept();
        let of_its_kind = |it: &Request<'_>| {
            let asked = kept.asked.iter();
            asked
                .filter(|(_, look)| look.operation == it.operation)
                .count()
        };
        let others = kept.others.iter().enumerate();
        let (place, _) = others.min_by_key(|(_, it)| of_its_kind(it))?;
        Some(kept.others.remove(place))
    }

    /// Notes that `look` is asked, until what is returned is dropped.
    pub(super) fn ask(&self, look: &Request<'static>) -> Asked {
        let mut kept = self.kept();
        kept.looks += 1;
        let number = kept.looks;
        kept.asked.push((number, look.clone()));
        Asked {
            looks: self.clone(),
            number,
        }
    }

    /// Keeps nothing to ask: there are answers again.
    pub(super) fn end(&self) {
        let mut kept = self.kept();
        kept.opener = None;
        kept.others.clear();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let mut kept = self.looks.kept();
        kept.asked.retain(|(number, _)| *number != self.number);
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

    fn taken(looks: &Looks) -> Option<String> {
        Some(looks.take()?.url.into_owned())
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
        assert_eq!(taken(&looks).as_deref(), Some("http://a/3"));
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
    fn what_has_no_answer_yet_is_not_asked_twice() {
        let looks = Looks::default();
        looks.begin(&read("http://a/1"));
        let asked = looks.ask(&read("http://a/2"));
        looks.keep(&read("http://a/2"));
        assert!(looks.take().is_none());
        drop(asked);
        looks.keep(&read("http://a/2"));
        assert_eq!(taken(&looks).as_deref(), Some("http://a/2"));
    }

    #[test]
    fn what_is_of_an_operation_without_answers_comes_after_others() {
        let looks = Looks::default();
        looks.begin(&question("all"));
        let _asked = looks.ask(&question("all"));
        looks.keep(&question("one"));
        looks.keep(&read("http://a/1"));
        assert_eq!(taken(&looks).as_deref(), Some("http://a/1"));
        assert_eq!(taken(&looks).as_deref(), Some("http://a/graph"));
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
