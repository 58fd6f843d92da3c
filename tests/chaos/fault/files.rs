//! What is written and read of files goes wrong.

use crate::{callers::Who, client::Request, site::Site};

/// Certificates are told from each other by the years in which they expire.
const FIRST_YEAR: usize = 2100;

impl Site {
    pub(super) async fn full_disk(&self) {
        let slot = self.below(self.len());
        let audit = self.slots.borrow()[slot].audit.clone();
        self.files.fill(&audit);
        self.signal(slot, "-HUP");
        // It is seen when something is to be written.
        self.until(&format!("gateway {slot} changes nothing"), async || {
            let token = self.callers.token(Who::Operator(2))?;
            let (api, _) = self.address(slot)?;
            let request = Request::post("/vms/web-09/redeploy", &token);
            let answer = self.client.ask("https", api, &request).await.ok()?;
            let is_refused = answer.json()["code"] == "audit_unavailable";
            (answer.status == 503 && is_refused).then_some(())
        })
        .await;
        self.lacks(slot, &["audit"]).await;
        self.answered_more(15).await;
        self.files.link(&audit);
    }

    pub(super) async fn certificate(&self) {
        self.files.spoil_certificate();
        self.all_tell("certificate", "refused", "").await;
        let year = FIRST_YEAR + self.below(800);
        let shown = i32::try_from(year).expect("a year");
        self.files.show_certificate(shown);
        self.all_tell("certificate", "current", &format!("at {year}-01-01"))
            .await;
    }

    pub(super) async fn policies(&self) {
        self.files.spoil_policies();
        self.all_tell("policies", "refused", "").await;
        let count = self.files.write_policies(1 + self.below(50));
        let words = format!("{count} policies and");
        self.all_tell("policies", "current", &words).await;
    }
}
