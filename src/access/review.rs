//! One question to the API server: whose token this is.
//!
//! Source: the Kubernetes API, `authentication.k8s.io/v1` `TokenReview`.

use std::{collections::HashMap, sync::Arc, time::Duration};

use actix_web::{
    http::header::{AUTHORIZATION, HeaderValue},
    web::Bytes,
};
use serde::Deserialize;
use serde_json::json;

use super::{Caller, Refusal, ServiceAccount};
use crate::{
    config::Reviews,
    http::{Cause, Client, Deadline, Error, Request, Response, RetryPolicy},
    secret::Secret,
    telemetry::chain,
};

/// Who it is, or why nobody.
pub(super) type Outcome = Result<Arc<Caller>, Refusal>;

pub(super) const ALLOWED: Duration = Duration::from_secs(5);

const POD: &str = "authentication.kubernetes.io/pod-name";

#[derive(Deserialize)]
struct Review {
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    authenticated: bool,
    user: User,
    audiences: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct User {
    username: String,
    extra: HashMap<String, Vec<String>>,
}

/// What the API server answers to the question about `token`, which is asked with `own`.
pub(super) async fn exchange(
    client: &Client,
    reviews: &Reviews,
    own: &Secret,
    token: &Secret,
) -> Result<Response, Error> {
    let mut url = reviews.endpoint.clone();
    let base = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!(
        "{base}/apis/authentication.k8s.io/v1/tokenreviews"
    ));
    let header = HeaderValue::from_str(&format!("Bearer {}", own.expose()));
    let mut header = header.map_err(|error| Error::Unreachable(Cause::new(&error)))?;
    header.set_sensitive(true);
    let request = Request::question(url.as_str(), "review_token", question(reviews, token))
        .looking_with(question(reviews, own))
        .header(AUTHORIZATION, header);
    let deadline = Deadline::after(ALLOWED);
    client.send(&request, deadline, RetryPolicy::INLINE).await
}

fn question(reviews: &Reviews, token: &Secret) -> Bytes {
    let question = json!({
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": token.expose(), "audiences": [reviews.audience]},
    });
    question.to_string().into()
}

/// Who it is by `answer`.
pub(super) fn outcome(answer: Result<Response, Error>, audience: &String) -> Outcome {
    let answer = answer.map_err(|error| {
        // That calls are withheld was told once, when that began.
        if !matches!(error, Error::Open(_)) {
            tracing::warn!(error = chain(&error), "a token could not be reviewed");
        }
        Refusal::NoReview
    })?;
    read(&answer.body, audience)
}

/// Who it is by the answer `review`.
pub(super) fn read(review: &[u8], audience: &String) -> Outcome {
    let review: Review = serde_json::from_slice(review).map_err(|_| Refusal::NoReview)?;
    review.status.caller(audience)
}

impl Status {
    /// A server that knows no audiences says nothing of them, and has then not
    /// looked whom the token is for.
    fn caller(self, audience: &String) -> Outcome {
        if !self.authenticated {
            return Err(Refusal::Reviewed);
        }
        if !self.audiences.contains(audience) {
            return Err(Refusal::Audience);
        }
        let pod = self
            .user
            .extra
            .get(POD)
            .and_then(|all| all.first().cloned());
        let account = self.user.username.parse::<ServiceAccount>();
        let account = account.map_err(|_| Refusal::Reviewed)?;
        Ok(Arc::new(Caller::Account(account.in_pod(pod))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: &serde_json::Value) -> Outcome {
        let review: Review = serde_json::from_value(json!({ "status": status })).unwrap();
        review.status.caller(&"mi-gateway".to_owned())
    }

    #[test]
    fn a_caller_is_who_the_cluster_says_and_for_whom_it_says() {
        let status = json!({
            "authenticated": true,
            "user": {"username": "system:serviceaccount:ops:robot", "extra": {POD: ["robot-0"]}},
            "audiences": ["mi-gateway"],
        });
        let account = "system:serviceaccount:ops:robot".parse::<ServiceAccount>();
        let account = account.unwrap().in_pod(Some("robot-0".to_owned()));
        assert_eq!(read(&status), Ok(Arc::new(Caller::Account(account))));
        for (name, value, refusal) in [
            ("authenticated", json!(false), Refusal::Reviewed),
            ("audiences", json!([]), Refusal::Audience),
            (
                "audiences",
                json!(["https://kubernetes.default.svc"]),
                Refusal::Audience,
            ),
            ("user", json!({"username": "admin"}), Refusal::Reviewed),
        ] {
            let mut status = status.clone();
            status[name] = value;
            assert_eq!(read(&status), Err(refusal), "{status}");
        }
        assert_eq!(read(&json!({})), Err(Refusal::Reviewed));
    }
}
