//! What has to hold whatever happens, looked at after every fault.

use std::collections::HashSet;

use azure_sandbox::Service;

use crate::{ledger, secrets::Secrets, site::Site, truth};

/// So many findings are told; more say nothing new.
const TOLD: usize = 12;

impl Site {
    /// Looks at all that was recorded, sent and written since the last time.
    ///
    /// # Panics
    ///
    /// Where something is not as it has to be, with `when` it was seen.
    pub(crate) async fn judge(&self, when: &str) {
        self.are_recorded().await;
        // In this order: what was sent was intended before, and what is said to have
        // ended has.
        let posts = self.azure.requests(Service::Actions);
        let new = self.ledger.borrow_mut().read();
        let orders = self.azure.orders();
        self.see(&new);
        self.search();
        for fault in self.ledger.borrow().faults(&posts, &orders) {
            self.find(fault);
        }
        let barred: HashSet<_> = self.barred.take().into_iter().collect();
        for post in &posts {
            let id = post
                .header("x-ms-correlation-request-id")
                .unwrap_or_default();
            if barred.contains(id) {
                self.find(format!("{post} was sent for somebody who may not"));
            }
        }
        for order in truth::denied(&self.denied.borrow(), &orders) {
            self.find(format!("it was answered as if it were not: {order:?}"));
        }
        for unexpected in self.azure.unexpected() {
            self.find(format!("not known to Azure: {unexpected}"));
        }
        let findings = self.findings.borrow();
        let told: Vec<_> = findings.iter().take(TOLD).collect();
        assert!(
            told.is_empty(),
            "{when}: {} findings, of which {told:#?}; the logs are in {}",
            findings.len(),
            self.files.folder().display()
        );
    }

    /// Resolves when every operation that somebody was told of has a line, unless its
    /// gateway was killed before it was written.
    async fn are_recorded(&self) {
        let told = self.told.take();
        self.until("every operation that was told of is recorded", async || {
            let mut ledger = self.ledger.borrow_mut();
            let new = ledger.read();
            self.see(&new);
            let known = ledger.operations();
            let is_recorded = |(id, life): &(String, usize)| {
                known.contains(id.as_str()) || ledger.was_killed(*life)
            };
            told.iter().all(is_recorded).then_some(())
        })
        .await;
    }

    /// Searches what came back and what was logged for secrets, and for panics.
    fn search(&self) {
        let secrets = Secrets::new(&self.azure.secrets());
        if let Some(before) = secrets.found_in(&self.seen.take()) {
            self.find(format!(
                "a secret in an answer or a record, after {before:?}"
            ));
        }
        let mut logs = self.logs.borrow_mut();
        for (path, read) in logs.iter_mut() {
            let text = ledger::rest(path, *read);
            *read += text.len() as u64;
            if let Some(before) = secrets.found_in(&text) {
                self.find(format!("a secret in {}, after {before:?}", path.display()));
            }
            if String::from_utf8_lossy(&text).contains("panicked at") {
                self.find(format!("a panic in {}", path.display()));
            }
        }
    }
}
