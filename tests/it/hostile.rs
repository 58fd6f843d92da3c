//! Tokens that must not be let in, as data: `hostile/tokens.json`.
//!
//! Each row has what is wrong in its name, how the token is made (the sandbox's
//! own words, or the headers themselves), the status that is due, and the reason
//! by which the gateway counts it: a row that is refused for another reason tests
//! something else than it says.

use std::{collections::HashMap, rc::Rc};

use azure_sandbox::{CallerToken, Sandbox, ServiceAccountToken, Settings, SignedBy};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    answer::Answer,
    callers::bearer::{before, called},
    gateway::Gateway,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    method: String,
    token: Option<Value>,
    account: Option<ServiceAccountToken>,
    authorization: Option<Vec<String>>,
    status: u16,
    reason: String,
}

impl Row {
    /// The values of the header Authorization.
    fn headers(&self, azure: &Sandbox) -> Vec<String> {
        let token = match (&self.token, &self.account, &self.authorization) {
            (Some(token), None, None) => azure.caller_token(&made(azure, token)),
            (None, Some(account), None) => azure.service_account_token(account),
            (None, None, Some(values)) => return values.clone(),
            _ => panic!("{}: made in more than one way", self.name),
        };
        vec![format!("Bearer {token}")]
    }
}

/// `{unpublished}` in a header stands for the key that no set has.
fn made(azure: &Sandbox, token: &Value) -> CallerToken {
    let mut token = token.clone();
    if token["header"]["jwk"] == "{unpublished}" {
        token["header"]["jwk"] = azure.public_key(SignedBy::Unpublished);
    }
    serde_json::from_value(token).unwrap()
}

async fn sent(gateway: &Gateway, values: &[String]) -> Answer {
    let headers: Vec<_> = values
        .iter()
        .map(|value| ("authorization", value.as_str()))
        .collect();
    gateway
        .send("GET", gateway.api, "/identity", &headers, Vec::new())
        .await
}

/// What was counted since `before`, which is brought up to date.
async fn counted(gateway: &Gateway, before: &mut HashMap<String, f64>) -> Vec<String> {
    let text = gateway.admin("/metrics").await.text();
    let mut reasons = Vec::new();
    for line in text.lines() {
        let series = line.strip_prefix("mi_gateway_authentications_total{outcome=\"");
        let Some((reason, value)) = series.and_then(|it| it.split_once("\"} ")) else {
            continue;
        };
        let value: f64 = value.parse().unwrap();
        if before.insert(reason.to_owned(), value) != Some(value) {
            reasons.push(reason.to_owned());
        }
    }
    reasons
}

#[actix_web::test]
async fn no_hostile_token_is_let_in_and_each_is_refused_for_what_is_wrong_with_it() {
    let rows: Vec<Row> = serde_json::from_str(include_str!("hostile/tokens.json")).unwrap();
    let azure = Rc::new(Sandbox::start(Settings::default()).unwrap());
    // Else the limit on headers would refuse what is too long for a token.
    let long = [("MIG_HEADER_LIMIT", "40960")];
    let mut faults = Vec::new();
    for method in ["entra", "oidc", "kubernetes"] {
        let gateway = before(Rc::clone(&azure), method, &long);
        gateway.ready().await;
        let mut known = HashMap::new();
        counted(&gateway, &mut known).await;
        for row in rows.iter().filter(|row| row.method == method) {
            let answer = sent(&gateway, &row.headers(&azure)).await;
            let reasons = counted(&gateway, &mut known).await;
            if answer.status != row.status || reasons != [row.reason.clone()] {
                let name = &row.name;
                faults.push(format!("{name}: {} for {reasons:?}", answer.status));
            }
        }
        if method == "entra" {
            assert_eq!(called(&gateway, &CallerToken::default()).await, 200);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(rows.len() > 100, "{} rows", rows.len());
}
