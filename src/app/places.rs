//! Places of connections, of which the oldest is given up for the newest.

use std::{cell::RefCell, collections::VecDeque, convert::Infallible, rc::Rc};

use tokio::sync::oneshot;

/// The places of one worker; copies share them.
#[derive(Clone)]
pub(super) struct Places {
    most: usize,
    /// The oldest first. Who drops one gives it up.
    taken: Rc<RefCell<VecDeque<oneshot::Sender<Infallible>>>>,
}

/// One of them, which is free again when this is dropped.
pub(super) struct Place(oneshot::Receiver<Infallible>);

impl Places {
    /// So many, of which none is taken.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            taken: Rc::default(),
        }
    }

    /// Takes a place: where there is none, that of whoever has had theirs for longest.
    pub(super) fn take(&self) -> Place {
        let (taken, place) = oneshot::channel();
        let mut all = self.taken.borrow_mut();
        all.retain(|other| !other.is_closed());
        if all.len() >= self.most {
            all.pop_front();
        }
        all.push_back(taken);
        Place(place)
    }
}

impl Place {
    /// Resolves when it is given up for another.
    pub(super) async fn given_up(self) {
        let _ = self.0.await;
    }
}
