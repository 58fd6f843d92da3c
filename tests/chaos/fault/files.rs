//! What is written and read of files goes wrong.

use crate::{callers::Who, client::Request, files::Shown, site::Site};

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
        self.present_the_last();
        let year = FIRST_YEAR + self.below(800);
        let shown = i32::try_from(year).expect("a year");
        self.files.show_certificate(shown);
        self.all_tell("certificate", "current", &format!("at {year}-01-01"))
            .await;
        self.present_the_last();
    }

    /// Every gateway presents the certificate that was the last good one.
    fn present_the_last(&self) {
        for slot in 0..self.len() {
            let (api, _) = self.address(slot).expect("a gateway");
            let is_presented = self.files.is_presented(api);
            if !matches!(is_presented, Ok(true)) {
                self.find(format!(
                    "whether gateway {slot} presents the last good certificate: {is_presented:?}"
                ));
            }
        }
    }

    pub(super) async fn policies(&self) {
        self.files.spoil_policies();
        self.all_tell("policies", "refused", "").await;
        self.decide_by_the_last().await;
        let other = match self.files.shown() {
            Shown::Readers => Shown::Operators,
            Shown::Operators => Shown::Readers,
        };
        let count = self.files.write_policies(1 + self.below(50), other);
        let words = format!("{count} policies and");
        self.all_tell("policies", "current", &words).await;
        self.decide_by_the_last().await;
    }

    /// Every gateway decides by the policies that were the last good ones.
    async fn decide_by_the_last(&self) {
        let token = self.callers.token(Who::Reader).expect("a token");
        let right = match self.files.shown() {
            Shown::Readers => 200,
            Shown::Operators => 403,
        };
        for slot in 0..self.len() {
            let answer = self.asked(slot, &Request::get("/identity", &token)).await;
            let status = answer.map(|answer| answer.status);
            if status != Some(right) {
                self.find(format!(
                    "gateway {slot} answers a reader with {status:?}; by the last policies it \
                     is {right}"
                ));
            }
        }
    }
}
