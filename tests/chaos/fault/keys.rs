//! What callers' tokens are signed and checked with goes wrong.

use std::time::{Duration, Instant};

use azure_sandbox::{Fault, Service, Times};

use crate::site::Site;

/// After which time a gateway asks for keys again, because of another new one.
const SOUGHT_AGAIN: Duration = Duration::from_mins(5);

impl Site {
    pub(super) async fn rollover(&self) {
        // The order of the cases is no secret: an emergency ends all tokens of before.
        if self.below(2) == 0 {
            self.azure.rotate_signing_keys();
        } else {
            self.azure.replace_signing_keys();
        }
        self.callers.renew();
        for slot in 0..self.len() {
            let sought = self.slots.borrow()[slot].sought_keys;
            if sought.is_some_and(|sought| sought.elapsed() < SOUGHT_AGAIN) {
                self.kill(slot);
                self.revive(slot, |variables| variables).await;
            } else {
                self.slots.borrow_mut()[slot].sought_keys = Some(Instant::now());
            }
        }
        self.answered_more(20).await;
    }

    pub(super) async fn without_keys(&self) {
        self.azure
            .inject(Service::Keys, Fault::answer(503, "{}"), Times::Always);
        let slot = self.mortal();
        self.kill(slot);
        self.revive(slot, |variables| variables).await;
        self.lacks(slot, &["keys:entra_v2"]).await;
        self.clear();
    }
}
