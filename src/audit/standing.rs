//! Whether the record can be written, as readiness tells it.

use std::{
    error::Error,
    sync::{Arc, Mutex, PoisonError},
};

use crate::telemetry::chain;

/// Why nothing could be written last, if so.
#[derive(Clone, Default)]
pub(super) struct Standing(Arc<Mutex<Option<String>>>);

impl Standing {
    pub(super) fn failure(&self) -> Option<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// It cannot be written.
    pub(super) fn fail(&self, error: &dyn Error) {
        let why = chain(error);
        let before = self.set(Some(why.clone()));
        if before.is_none() {
            tracing::error!(error = why, "the record of changes cannot be written");
        }
    }

    /// It can.
    pub(super) fn succeed(&self) {
        if self.set(None).is_some() {
            tracing::info!("the record of changes can be written again");
        }
    }

    fn set(&self, why: Option<String>) -> Option<String> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *held, why)
    }
}
