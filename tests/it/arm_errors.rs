//! What becomes of every refusal that Resource Manager and Compute are known
//! to give: one row each, with the words as they are published.

mod identity;
mod pressure;
mod resource;

use azure_sandbox::{Fault, Service, Times};
use serde_json::json;

use crate::{answer::Answer, gateway::Gateway, output};

/// What carries out the order of [`ORDER`].
const SERVICE: Service = Service::Actions;
const ORDER: &str = "/vms/web-01/deallocate";

/// A refusal, and what the caller is to be told.
struct Row {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    told: (u16, &'static str),
    pause: Option<&'static str>,
    words: &'static [&'static str],
}

/// A refusal in Resource Manager's envelope.
fn refusal(status: u16, code: &str, message: &str) -> Row {
    let body = json!({"error": {"code": code, "message": message}});
    bare(status, &body.to_string())
}

fn bare(status: u16, body: &str) -> Row {
    Row {
        status,
        headers: Vec::new(),
        body: body.to_owned(),
        told: (0, ""),
        pause: None,
        words: &[],
    }
}

impl Row {
    fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn is(mut self, status: u16, code: &'static str, words: &'static [&'static str]) -> Self {
        self.told = (status, code);
        self.words = words;
        self
    }

    fn after(mut self, seconds: &'static str) -> Self {
        self.pause = Some(seconds);
        self
    }

    fn fault(&self) -> Fault {
        Fault::Answer {
            status: self.status,
            headers: self.headers.clone(),
            body: self.body.clone(),
        }
    }

    /// The answer to an order that Azure refuses so.
    async fn answer(&self, gateway: &Gateway) -> Answer {
        gateway.azure.inject(SERVICE, self.fault(), Times::Always);
        gateway.post(ORDER).await
    }
}

async fn check(rows: Vec<Row>) {
    for row in rows {
        let place = format!("{} {}", row.status, row.body);
        let answer = row.answer(&Gateway::start()).await;
        let told = (answer.status, answer.code());
        assert_eq!((told.0, told.1.as_str()), row.told, "{place}");
        assert_eq!(answer.header("retry-after"), row.pause, "{place}");
        let problem = answer.json();
        let detail = problem["detail"].as_str().unwrap();
        for words in row.words {
            assert!(detail.contains(words), "{words:?} in {detail:?} of {place}");
        }
        let names_us = matches!(row.status, 401 | 403);
        let is_kept = problem["upstream"]["message"].is_null();
        assert!(!names_us || is_kept, "the message of {place} is told");
    }
}

#[actix_web::test]
async fn a_refusal_of_the_identity_is_told_with_its_remedy() {
    check(identity::rows()).await;
}

#[actix_web::test]
async fn a_refusal_for_the_state_of_the_resource_is_told_apart_from_the_others() {
    check(resource::rows()).await;
}

#[actix_web::test]
async fn a_refusal_that_passes_is_told_with_its_pause() {
    check(pressure::rows()).await;
}

#[actix_web::test]
async fn a_token_of_the_wrong_tenant_is_not_replaced() {
    let gateway = Gateway::start();
    gateway.ready().await;
    assert_eq!(identity::wrong_tenant().answer(&gateway).await.status, 502);
    assert_eq!(gateway.token_requests("management").len(), 1);
    assert_eq!(gateway.azure.requests(SERVICE).len(), 1);
}

#[actix_web::test]
async fn claims_that_azure_asks_for_show_nowhere() {
    let since = output::capture();
    let answer = identity::revoked().answer(&Gateway::start()).await;
    assert!(!answer.text().contains(identity::CLAIMS));
    output::search(since, &[identity::CLAIMS.to_owned()]);
}
