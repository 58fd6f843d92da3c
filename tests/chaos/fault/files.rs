//! What is written and read of files goes wrong.

use std::{fs, process::Command};

use crate::{callers::Who, client::Request, files::Shown, replica::Replica, site::Site};

/// Certificates are told from each other by the years in which they expire.
const FIRST_YEAR: usize = 2100;

/// In bytes; no line is shorter than twice that.
const HALF_A_LINE: u64 = 400;

impl Site {
    pub(super) async fn full_disk(&self) {
        let slot = self.below(self.len());
        match self.below(2) {
            0 => self.full_device(slot).await,
            _ => self.short_file(slot).await,
        }
    }

    /// The record is opened anew, at a device that is full.
    async fn full_device(&self, slot: usize) {
        let audit = self.slots.borrow()[slot].audit.clone();
        println!("chaos: {audit} is a full device");
        self.files.fill(&audit);
        self.signal(slot, "-HUP");
        self.changes_nothing(slot).await;
        self.files.link(&audit);
    }

    /// The record that is open has room for half a line, and later for more. So it is with
    /// the log, of which some is lost.
    async fn short_file(&self, slot: usize) {
        let audit = self.slots.borrow()[slot].audit.clone();
        println!("chaos: {audit} may not grow");
        let record = fs::metadata(self.files.record(&audit));
        let limit = record.map_or(0, |record| record.len()) + HALF_A_LINE;
        self.limit_files(slot, &limit.to_string());
        self.changes_nothing(slot).await;
        self.limit_files(slot, "unlimited");
    }

    /// Files that the gateway at `slot` writes may have so many bytes from now on.
    fn limit_files(&self, slot: usize, bytes: &str) {
        let slots = self.slots.borrow();
        let id = slots[slot].replica.as_ref().map(Replica::id);
        let id = id.expect("a gateway").to_string();
        // The soft limit alone: only root could take the other one back.
        let limit = format!("--fsize={bytes}:");
        let set = Command::new("prlimit")
            .args(["--pid", &id, &limit])
            .status();
        assert!(set.is_ok_and(|status| status.success()), "prlimit {limit}");
    }

    /// Resolves when the gateway at `slot` makes no change for want of its record, and has
    /// answered others so.
    async fn changes_nothing(&self, slot: usize) {
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
