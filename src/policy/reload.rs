//! Policies are read anew when they have changed; those that hold are kept until
//! others are good.

use std::{
    sync::{Arc, PoisonError},
    time::{Duration, SystemTime},
};

use actix_web::rt::{task::spawn_blocking, time};

use super::{Fault, Faults, ODD, Policies, PolicySet, load, source::Text};

/// Files are compared by what is in them: a `ConfigMap` is swapped by a link, and
/// not every file system tells of changes. A kilobyte every few seconds is nothing.
const EVERY: Duration = Duration::from_secs(5);

/// How policies stand.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    /// Where they come from, in words.
    pub(crate) source: String,
    pub(crate) version: String,
    pub(crate) enforced: usize,
    pub(crate) shadow: usize,
    pub(crate) loaded_at: SystemTime,
    /// What is wrong with those that should have taken their place.
    pub(crate) refused: Option<Faults>,
}

/// What came of a look.
pub(super) enum Look {
    /// What holds is there.
    Held,
    /// What was refused is there, as it was.
    RefusedBefore,
    Changed(Box<PolicySet>),
    Refused(Faults),
}

impl Policies {
    /// Looks for other policies for as long as the gateway serves.
    pub(crate) async fn keep_current(self) {
        loop {
            time::sleep(EVERY).await;
            self.look().await;
        }
    }

    /// Looks once. Decisions go on by the policies that hold: to read others takes
    /// milliseconds, on a thread of its own.
    pub(crate) async fn look(&self) {
        let this = self.clone();
        self.take(spawn_blocking(move || this.compare()).await.ok());
    }

    /// A look that ended in a panic is no last one: the files may be mended.
    pub(super) fn take(&self, look: Option<Look>) {
        match look {
            Some(Look::Held) => self.refuse(None),
            Some(Look::RefusedBefore) => {}
            Some(Look::Changed(set)) => self.hold(set),
            Some(Look::Refused(faults)) => self.refuse(Some(faults)),
            None => {
                let fault = Fault::of_file(&self.0.source.words(), "the look at it broke off");
                self.refuse(Some(Faults::unread(vec![fault])));
            }
        }
    }

    fn hold(&self, set: Box<PolicySet>) {
        let summary = set.summary();
        set.tell_warnings();
        *self.0.held.write().unwrap_or_else(PoisonError::into_inner) = Arc::from(set);
        // Not before they hold: whoever sees it there may count on it.
        self.0.metrics.policies_loaded(&summary);
        tracing::info!(version = summary.version, "policies were read anew");
        self.refuse(None);
    }

    /// How the policies stand.
    pub(crate) fn standing(&self) -> Standing {
        let set = self.current();
        let shadow = set.entries().iter().filter(|it| it.is_shadow).count();
        let refused = self.0.refused.lock();
        Standing {
            source: self.0.source.words(),
            version: set.version.clone(),
            enforced: set.entries().len() - shadow,
            shadow,
            loaded_at: set.loaded_at,
            refused: refused.unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// Reads what there is only if it is not what was read last: a set may take seconds,
    /// and would be refused for the same again.
    pub(super) fn compare(&self) -> Look {
        let source = &self.0.source;
        let known = |texts: &[Text]| self.known(&load::version(texts));
        if let Some(look) = source.read().ok().and_then(|texts| known(&texts)) {
            return look;
        }
        match source.read_together() {
            Err(faults) => Look::Refused(faults),
            Ok(texts) => known(&texts).unwrap_or_else(|| self.read(&texts)),
        }
    }

    /// What there is to say of policies whose `version` has been seen.
    fn known(&self, version: &str) -> Option<Look> {
        if version == self.current().version {
            Some(Look::Held)
        } else if self.has_refused(version) {
            Some(Look::RefusedBefore)
        } else {
            None
        }
    }

    fn has_refused(&self, version: &str) -> bool {
        let refused = self.0.refused.lock();
        let refused = refused.unwrap_or_else(PoisonError::into_inner);
        let known = refused
            .as_ref()
            .and_then(|faults| faults.version.as_deref());
        known == Some(version)
    }

    fn read(&self, texts: &[Text]) -> Look {
        match load::set(&self.0.source, self.0.callers.as_ref(), texts) {
            Ok(set) => Look::Changed(Box::new(set)),
            Err(error) => Look::Refused(error.into_faults(&self.0.source)),
        }
    }

    /// Notes why other policies were refused; tells it once, warnings included.
    fn refuse(&self, faults: Option<Faults>) {
        let refused = self.0.refused.lock();
        let mut refused = refused.unwrap_or_else(PoisonError::into_inner);
        if *refused == faults {
            return;
        }
        if let Some(faults) = &faults {
            self.0.metrics.policies_refused();
            let faults = faults.to_string();
            tracing::error!(faults, "policies were refused; those that held are kept");
        }
        *refused = faults;
    }
}

impl PolicySet {
    /// Logs what is odd about policies that are about to hold.
    pub(super) fn tell_warnings(&self) {
        for fault in &self.warnings {
            tracing::warn!(%fault, "{ODD}");
        }
    }
}
