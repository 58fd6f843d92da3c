//! Azure's long-running operations, as the asynchronous protocol has them.
//!
//! Source: Azure/azure-resource-manager-rpc `v1.0/async-api-reference.md`.

use actix_web::http::{StatusCode, Uri, header::LOCATION};
use serde::Deserialize;
use url::Url;

use super::page_link::is_askable;
use crate::{
    http::{Cause, Refusal, Response, cut},
    secret::Secret,
};

/// How an operation is told, which goes by the header that its URL came in.
#[derive(Clone, Copy)]
pub(super) enum Protocol {
    /// `Azure-AsyncOperation`: by a body, always.
    AsyncOperation,
    /// `Location`: by the status, 202 while the operation runs.
    Location,
}

/// Where Azure tells how an operation goes.
///
/// It carries a signature that lets whoever holds it read the status, and some
/// 3.6 kB that have to go back byte for byte.
#[derive(Clone)]
pub(crate) struct OperationUrl {
    protocol: Protocol,
    url: Secret,
}

impl OperationUrl {
    /// Accepts `url` if it leads to `arm`, which is an origin: our token is sent along
    /// with it.
    ///
    /// It is sent as it came, and awc understands less than a browser does, for which
    /// `https:\\host` and `https://%68ost` are URLs: those cannot be asked.
    pub(super) fn accept(protocol: Protocol, url: &str, arm: &Url) -> Option<Self> {
        leads_to(url, arm).then(|| Self {
            protocol,
            url: Secret::new(url),
        })
    }

    /// What an answer from this URL says. Success is never concluded from a
    /// body that is missing where there should be one.
    pub(super) fn progress(&self, answer: &Response) -> Result<Progress, Cause> {
        if !answer.body.is_empty() {
            let progress = match self.protocol {
                Protocol::AsyncOperation => Progress::read(&answer.body),
                Protocol::Location => Progress::of_result(answer.status, &answer.body),
            };
            return progress.map_err(|error| Cause::new(&error));
        }
        match self.protocol {
            Protocol::Location if answer.status == StatusCode::ACCEPTED => Ok(Progress::Running),
            Protocol::Location if answer.is_bodiless() => Ok(Progress::Succeeded),
            Protocol::Location | Protocol::AsyncOperation => {
                Err(Cause::said("the body with the status is missing"))
            }
        }
    }

    /// Why the operation failed, if `refusal` of a look is its end: a `Location` answers at
    /// last as the order would have, had it not lasted. What speaks of the look, or passes,
    /// is no end, and neither is what does not come from the operation's provider.
    ///
    /// Source: as above, "202 Accepted and Location Headers".
    pub(super) fn failure(&self, refusal: &Refusal) -> Option<OperationFault> {
        let is_of_look = matches!(refusal.status.as_u16(), 401 | 403 | 404 | 408 | 410 | 429);
        match self.protocol {
            Protocol::Location if refusal.status.is_client_error() && !is_of_look => {}
            Protocol::Location | Protocol::AsyncOperation => return None,
        }
        let code = refusal.code.clone().filter(|_| !refusal.is_from_gateway)?;
        Some(OperationFault {
            code,
            message: refusal.message.clone().unwrap_or_default(),
        })
    }

    /// Where the next look is to be, if `answer` says so and may: a `Location` may move.
    ///
    /// Source: Azure/azure-sdk-for-go `sdk/azcore/internal/pollers/loc`.
    pub(super) fn moved(&self, answer: &Response, arm: &Url) -> Option<Self> {
        match self.protocol {
            Protocol::AsyncOperation => None,
            Protocol::Location => Self::accept(self.protocol, answer.header(&LOCATION)?, arm),
        }
    }

    /// The URL, for the request and for nothing else.
    pub(super) fn expose(&self) -> &str {
        self.url.expose()
    }
}

/// Longer URLs are parsed: awc does not take those of 64 kB.
const LONGEST_UNPARSED: usize = 16 * 1024;

/// Whether `url` is one of `origin`. As Azure writes it, its beginning tells; 3.6 kB
/// are parsed only if it is written in another way.
fn leads_to(url: &str, origin: &Url) -> bool {
    let rest = url.strip_prefix(origin.as_str());
    if rest.is_some_and(|rest| rest.len() <= LONGEST_UNPARSED && is_plain(rest)) {
        return true;
    }
    // Whatever stands before the host; a `Url` does not tell a user without letters.
    let is_host = |uri: Uri| uri.authority().is_some_and(|it| !it.as_str().contains('@'));
    url.parse().is_ok_and(is_host)
        && Url::parse(url).is_ok_and(|url| {
            let is_plain = url.username().is_empty() && url.password().is_none();
            is_plain && url.origin() == origin.origin()
        })
}

/// Whether all of `text` can be sent in a path and in a query; a backtick can in the
/// latter alone. All of it is looked at, many bytes at once: to stop early, or to count,
/// takes ten times as long.
fn is_plain(text: &str) -> bool {
    let is_plain = |byte| is_askable(byte) && byte != b'`';
    text.bytes().fold(true, |all, byte| all & is_plain(byte))
}

/// Why an operation failed or was canceled.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct OperationFault {
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) message: String,
}

/// How far an operation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Running,
    Succeeded,
    Failed(OperationFault),
    Canceled(OperationFault),
}

#[derive(Deserialize)]
struct Body {
    status: String,
    error: Option<OperationFault>,
}

/// What a `Location` leads to: a status, or at the end what the call would have
/// answered had it not lasted, such as a virtual machine.
#[derive(Deserialize)]
struct Outcome {
    status: Option<String>,
    error: Option<OperationFault>,
    properties: Option<Properties>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    provisioning_state: Option<String>,
}

impl Progress {
    /// Reads the body of a status answer.
    pub(crate) fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        let body: Body = serde_json::from_slice(body)?;
        Ok(Self::of_state(&body.status, body.error))
    }

    /// Reads the body of an answer from a `Location`. Where neither a status nor the
    /// state of a resource is in it, the status of the answer tells: 202 while the
    /// operation runs.
    ///
    /// Source: Azure/azure-sdk-for-go `sdk/azcore/internal/pollers/loc`.
    fn of_result(status: StatusCode, body: &[u8]) -> Result<Self, serde_json::Error> {
        let body: Outcome = serde_json::from_slice(body)?;
        let state = body.properties.and_then(|it| it.provisioning_state);
        Ok(match body.status.or(state) {
            Some(state) => Self::of_state(&state, body.error),
            None if status == StatusCode::ACCEPTED => Self::Running,
            None => Self::Succeeded,
        })
    }

    /// Any state but the three final ones means that the operation runs; Azure has
    /// written them in varying case.
    fn of_state(state: &str, error: Option<OperationFault>) -> Self {
        let fault = || match error {
            Some(fault) => OperationFault {
                code: cut(&fault.code),
                message: cut(&fault.message),
            },
            None => OperationFault {
                code: "Unspecified".to_owned(),
                message: "Azure gave no reason".to_owned(),
            },
        };
        match state.to_ascii_lowercase().as_str() {
            "succeeded" => Self::Succeeded,
            "failed" => Self::Failed(fault()),
            "canceled" | "cancelled" => Self::Canceled(fault()),
            _ => Self::Running,
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{
        http::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING},
        web::Bytes,
    };
    use serde_json::json;

    use super::*;

    #[test]
    fn recorded_statuses_are_read_in_the_case_they_come_in() {
        for (body, progress) in [
            (r#"{"status":"InProgress","name":"g"}"#, Progress::Running),
            (r#"{"status":"succeeded"}"#, Progress::Succeeded),
            (r#"{"status":"Updating"}"#, Progress::Running),
        ] {
            assert_eq!(Progress::read(body.as_bytes()).unwrap(), progress);
        }
        let body = r#"{"status":"Failed","error":{"code":"OperationPreempted","message":"M"}}"#;
        let Progress::Failed(fault) = Progress::read(body.as_bytes()).unwrap() else {
            panic!("failed");
        };
        assert_eq!(fault.code, "OperationPreempted");
    }

    #[test]
    fn what_azure_says_of_a_failure_is_kept_as_far_as_of_a_refusal() {
        let long = "x".repeat(100_000);
        let body = json!({"status": "Failed", "error": {"code": long, "message": long}});
        let Progress::Failed(fault) = Progress::read(body.to_string().as_bytes()).unwrap() else {
            panic!("failed");
        };
        assert_eq!([&fault.code, &fault.message], [&cut(&long), &cut(&long)]);
        assert!(fault.code.len() < long.len());
    }

    #[test]
    fn a_body_without_a_status_is_no_status() {
        assert!(Progress::read(b"{}").is_err());
        assert!(Progress::read(b"").is_err());
    }

    #[test]
    fn only_a_location_may_tell_success_by_an_empty_body_and_only_if_it_says_so() {
        let said = (CONTENT_LENGTH, HeaderValue::from_static("0"));
        let chunked = (TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        let told = |protocol, status: u16, header| {
            let url = OperationUrl {
                protocol,
                url: Secret::new("https://management.azure.com/x"),
            };
            let status = StatusCode::from_u16(status).unwrap();
            let answer = Response::made(status, HeaderMap::from_iter([header]), Bytes::new());
            url.progress(&answer).ok()
        };
        let location = |status, header| told(Protocol::Location, status, header);
        assert_eq!(location(200, said.clone()), Some(Progress::Succeeded));
        assert_eq!(location(204, chunked.clone()), Some(Progress::Succeeded));
        assert_eq!(location(202, chunked.clone()), Some(Progress::Running));
        assert_eq!(location(200, chunked), None);
        assert_eq!(told(Protocol::AsyncOperation, 200, said), None);
    }

    #[test]
    fn what_a_location_leads_to_at_the_end_is_no_status_and_tells_it_all_the_same() {
        let told = |protocol, status, body: &'static str| {
            let url = OperationUrl {
                protocol,
                url: Secret::new("https://management.azure.com/x"),
            };
            let status = StatusCode::from_u16(status).unwrap();
            let body = Bytes::from_static(body.as_bytes());
            url.progress(&Response::made(status, HeaderMap::new(), body))
                .ok()
        };
        let machine = r#"{"name":"web-01","properties":{"provisioningState":"Succeeded"}}"#;
        let changing = r#"{"name":"web-01","properties":{"provisioningState":"Updating"}}"#;
        let location = |status, body| told(Protocol::Location, status, body);
        assert_eq!(location(200, machine), Some(Progress::Succeeded));
        assert_eq!(
            location(200, r#"{"name":"web-01"}"#),
            Some(Progress::Succeeded)
        );
        assert_eq!(location(200, changing), Some(Progress::Running));
        assert_eq!(
            location(202, r#"{"name":"web-01"}"#),
            Some(Progress::Running)
        );
        assert_eq!(
            location(202, r#"{"status":"Succeeded"}"#),
            Some(Progress::Succeeded)
        );
        assert_eq!(location(200, "<html>"), None);
        assert_eq!(told(Protocol::AsyncOperation, 200, machine), None);
    }

    #[test]
    fn a_location_tells_the_failure_by_a_refusal_that_does_not_speak_of_the_look() {
        let told = |protocol, status, headers, body: &str| {
            let url = OperationUrl {
                protocol,
                url: Secret::new("https://management.azure.com/x"),
            };
            let status = StatusCode::from_u16(status).unwrap();
            let failure = url.failure(&Refusal::read(status, &headers, body.as_bytes()));
            failure.map(|failure| (failure.code, failure.message))
        };
        let body = r#"{"error":{"code":"C","message":"M"}}"#;
        let location = |status| told(Protocol::Location, status, HeaderMap::new(), body);
        for status in [400, 402, 409, 412] {
            assert_eq!(location(status), Some(("C".into(), "M".into())), "{status}");
        }
        for status in [401, 403, 404, 408, 410, 429, 500, 503] {
            assert_eq!(location(status), None, "{status}");
        }
        let none = HeaderMap::new;
        assert_eq!(told(Protocol::AsyncOperation, 409, none(), body), None);
        assert_eq!(told(Protocol::Location, 400, none(), "<html>"), None);
        let gateway = HeaderName::from_static("x-ms-failure-cause");
        let gateway = HeaderMap::from_iter([(gateway, HeaderValue::from_static("gateway"))]);
        assert_eq!(told(Protocol::Location, 409, gateway, body), None);
    }

    #[test]
    fn a_location_may_move_and_stays_at_resource_manager() {
        let arm = Url::parse("https://management.azure.com").unwrap();
        let moved = |protocol, to: &'static str| {
            let url = OperationUrl {
                protocol,
                url: Secret::new("https://management.azure.com/x"),
            };
            let header = (LOCATION, HeaderValue::from_static(to));
            let headers = HeaderMap::from_iter([header]);
            let answer = Response::made(StatusCode::ACCEPTED, headers, Bytes::new());
            let moved = url.moved(&answer, &arm)?;
            Some(moved.expose().to_owned())
        };
        let next = "https://management.azure.com/y";
        assert_eq!(moved(Protocol::Location, next).as_deref(), Some(next));
        assert!(moved(Protocol::AsyncOperation, next).is_none());
        assert!(moved(Protocol::Location, "https://elsewhere.example/y").is_none());
    }

    #[test]
    fn an_operation_url_that_leads_elsewhere_is_not_accepted() {
        let arm = Url::parse("https://management.azure.com").unwrap();
        let accept = |url| OperationUrl::accept(Protocol::Location, url, &arm).is_some();
        for url in [
            "https://management.azure.com/subscriptions/s/x?t=1&s=2",
            "https://MANAGEMENT.azure.com:443/subscriptions/s/x?t=1&s=2",
            "https://management.azure.com/x?s=`",
        ] {
            assert!(accept(url), "{url}");
        }
        for url in [
            "https://management.azure.com.evil.example/x",
            "http://management.azure.com/x",
            "https://management.azure.com:444/x",
            "https://user@management.azure.com/x",
            "https://@management.azure.com/x",
            "/subscriptions/s",
        ] {
            assert!(!accept(url), "{url}");
        }
    }

    #[test]
    fn an_operation_url_that_awc_cannot_send_is_not_accepted() {
        let arm = Url::parse("https://management.azure.com").unwrap();
        let accept = |rest: &str| {
            let url = format!("https://management.azure.com/{rest}");
            OperationUrl::accept(Protocol::AsyncOperation, &url, &arm).is_some()
        };
        assert!(!accept("a`b") && !accept("x?<"));
        assert!(accept(&"x".repeat(40_000)));
        assert!(!accept(&"x".repeat(66_000)));
    }
}
