//! Names that nobody can resolve, and names that hang.

use crate::{callers::Who, client::Request, names::Names, site::Site};

/// A label longer than the 63 bytes that DNS has: no resolver is asked for it.
const UNRESOLVED: &str = "a-name-of-more-letters-than-any-label-of-the-domain-name-system-may-have";

/// The variables that hold the names of what callers ask for.
const ASKED: [&str; 2] = ["MIG_ARM_ENDPOINT", "MIG_GRAPH_ENDPOINT"];

/// That of where keys come from. The gateway whose tokens come from there as well is ended
/// by no fault.
const ENTRA: [&str; 1] = ["MIG_ENTRA_ENDPOINT"];

const MACHINE: &str = "/vms/web-09";
const USERS: &str = "/directory/users?department=Seinfeld&top=3";

impl Site {
    pub(super) async fn unresolvable(&self) {
        let nowhere = format!("https://{UNRESOLVED}");
        let slot = self.mortal();
        self.kill(slot);
        self.revive(slot, |variables| led_to(&nowhere, variables, &ASKED))
            .await;
        self.says_so(slot).await;
        self.kill(slot);
        self.revive(slot, |variables| led_to(&nowhere, variables, &ENTRA))
            .await;
        self.lacks(slot, &["keys:entra_v2"]).await;
        self.answered_more(10).await;
        self.kill(slot);
        self.revive(slot, |variables| variables).await;
    }

    /// The gateway at `slot`, which reaches neither machines nor users, is ready, and says
    /// of them just that.
    async fn says_so(&self, slot: usize) {
        self.until(&format!("gateway {slot} is ready"), async || {
            let readiness = self.readiness(slot).await?;
            (readiness.status == 200).then_some(())
        })
        .await;
        let token = self.callers.token(Who::Operator(1)).expect("a token");
        for request in [
            Request::get(MACHINE, &token),
            Request::get("/vms?top=3", &token),
            Request::get(USERS, &token),
            Request::post("/vms/web-09/restart", &token),
        ] {
            let answer = self.asked(slot, &request).await.expect("an answer");
            let code = &answer.json()["code"];
            if answer.status != 502 || code != "upstream_failed" {
                let (path, text) = (&request.path, answer.text());
                self.find(format!("{path}, where nobody resolves Azure: {text}"));
            }
        }
        self.answered_more(10).await;
    }

    pub(super) async fn nameless(&self) {
        let (names, slot) = (Names::silent(&self.files), self.mortal());
        self.kill(slot);
        self.revive_as(slot, &names.command(), |variables| self.by_name(variables))
            .await;
        self.hangs(slot, &names).await;
        names.answer(true);
        for path in [MACHINE, USERS] {
            self.comes_to(slot, path, &[200]).await;
        }
        names.answer(false);
        // What is connected needs no name.
        drop(self.azure.refuse_connections());
        self.hangs(slot, &names).await;
        self.ends(slot).await;
        self.revive(slot, |variables| variables).await;
    }

    /// Resolves when the gateway at `slot` has asked for a name, in vain.
    async fn hangs(&self, slot: usize, names: &Names) {
        let before = names.unanswered();
        self.until(&format!("gateway {slot} asks for a name"), async || {
            self.comes_to(slot, MACHINE, &[502, 504]).await;
            (names.unanswered() > before).then_some(())
        })
        .await;
    }

    /// Resolves when the gateway at `slot` answers so to `path`.
    async fn comes_to(&self, slot: usize, path: &str, statuses: &[u16]) {
        let token = self.callers.token(Who::Operator(1)).expect("a token");
        self.until(&format!("{path} is {statuses:?} at {slot}"), async || {
            let answer = self.asked(slot, &Request::get(path, &token)).await?;
            statuses.contains(&answer.status).then_some(())
        })
        .await;
    }

    /// The same variables, with a name for what callers ask for: plain HTTP is for addresses.
    fn by_name(&self, variables: Vec<(String, String)>) -> Vec<(String, String)> {
        let named = self.azure.secure_url().replace("127.0.0.1", "localhost");
        let mut variables = led_to(&named, variables, &ASKED);
        let trust = self.azure.ca_file().display().to_string();
        variables.push(("SSL_CERT_FILE".to_owned(), trust));
        variables
    }
}

/// The same variables, with `url` where a part of Azure is: one that `named` tells of.
fn led_to(
    url: &str,
    mut variables: Vec<(String, String)>,
    named: &[&str],
) -> Vec<(String, String)> {
    for (name, value) in &mut variables {
        if named.contains(&name.as_str()) {
            url.clone_into(value);
        }
    }
    variables
}
