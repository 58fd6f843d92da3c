//! What callers' tokens are signed and checked with goes wrong.

use azure_sandbox::{Fault, Service, Times};

use crate::site::Site;

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
            let has_sought = self.slots.borrow()[slot].has_sought_keys;
            if has_sought {
                // For another new key it would ask in five minutes at the earliest.
                self.kill(slot);
                self.revive(slot, |variables| variables).await;
            } else {
                self.slots.borrow_mut()[slot].has_sought_keys = true;
            }
        }
        self.answered_more(20).await;
    }

    pub(super) async fn without_keys(&self) {
        self.azure
            .inject(Service::Keys, Fault::answer(503, "{}"), Times::Always);
        let slot = self.below(self.len());
        self.kill(slot);
        self.revive(slot, |variables| variables).await;
        self.lacks(slot, &["keys:entra_v2"]).await;
        self.clear();
    }
}
