//! API Activity: what was done, by whom, from where and how it ended.

use serde::Serialize;

use super::{Metadata, Named, Shown, actor::Actor, unmapped::Unmapped};
use crate::{
    audit::{
        record::{About, Activity, Conclusion, Record, Stage},
        requester::{Endpoint, Requester, Way},
    },
    azure::VmName,
};

/// The event, as it is written.
#[derive(Serialize)]
pub(super) struct ApiActivity<'a> {
    class_uid: u16,
    class_name: &'static str,
    category_uid: u8,
    activity_id: u8,
    activity_name: &'static str,
    type_uid: u32,
    severity_id: u8,
    time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_id: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_detail: Option<&'a str>,
    metadata: Metadata<'a>,
    actor: Actor<'a>,
    api: Api<'a>,
    src_endpoint: Origin<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_request: Option<HttpCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<[Resource<'a>; 1]>,
    unmapped: Unmapped<'a>,
}

impl<'a> ApiActivity<'a> {
    /// What `record` says.
    pub(super) fn of(record: &'a Record, metadata: Metadata<'a>) -> Self {
        let (requester, outcome) = (&*record.requester, record.outcome.as_ref());
        let (activity_id, activity_name, type_uid) = activity(&record.about);
        Self {
            class_uid: 6003,
            class_name: "API Activity",
            category_uid: 6,
            activity_id,
            activity_name,
            type_uid,
            severity_id: severity(record),
            time: record.at.as_millisecond(),
            duration: record.duration_ms,
            status_id: outcome.map(|it| status_id(it.conclusion)),
            status: outcome.map(|it| status(it.conclusion)),
            status_code: outcome.and_then(|it| it.code.as_deref()),
            status_detail: outcome.and_then(|it| it.detail.as_deref()),
            metadata,
            actor: Actor::of(record),
            api: Api {
                operation: operation(&record.about),
                service: Named::OURS,
                request: Request {
                    uid: &requester.provenance.request_id,
                },
            },
            src_endpoint: Origin::of(requester),
            http_request: HttpCall::of(requester),
            resources: Resource::of(&record.about).map(|it| [it]),
            unmapped: Unmapped::of(record),
        }
    }
}

/// What OCSF calls it, and what it calls it in this class.
fn activity(about: &About) -> (u8, &'static str, u32) {
    let activity = match about {
        About::Deed(_) => Activity::Update,
        About::Denied(denied) => denied.activity,
    };
    match activity {
        Activity::Read => (2, "Read", 600_302),
        Activity::Update => (3, "Update", 600_303),
    }
}

/// 1 is informational, 2 low, 3 medium.
fn severity(record: &Record) -> u8 {
    let conclusion = record.outcome.as_ref().map(|it| it.conclusion);
    match (record.stage, conclusion) {
        (Stage::Denied, _) => 3,
        (_, Some(Conclusion::Failure | Conclusion::Unknown)) => 2,
        (_, Some(Conclusion::Success | Conclusion::Superseded) | None) => 1,
    }
}

const fn status_id(conclusion: Conclusion) -> u8 {
    match conclusion {
        Conclusion::Unknown => 0,
        Conclusion::Success => 1,
        Conclusion::Failure => 2,
        Conclusion::Superseded => 99,
    }
}

const fn status(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Unknown => "Unknown",
        Conclusion::Success => "Success",
        Conclusion::Failure => "Failure",
        Conclusion::Superseded => "Superseded",
    }
}

#[derive(Serialize)]
struct Api<'a> {
    operation: &'a str,
    service: Named,
    request: Request<'a>,
}

#[derive(Serialize)]
struct Request<'a> {
    uid: &'a str,
}

fn operation(about: &About) -> &str {
    match about {
        About::Deed(deed) => deed.operation_name(),
        About::Denied(denied) => &denied.operation,
    }
}

/// Where a request came from, as far as it is known.
#[derive(Serialize)]
#[serde(untagged)]
enum Origin<'a> {
    Remote(&'a Endpoint),
    Unknown(Named),
    Here { hostname: &'static str },
}

impl<'a> Origin<'a> {
    fn of(requester: &'a Requester) -> Self {
        match &requester.provenance.way {
            Way::Api {
                source: Some(source),
                ..
            } => Self::Remote(source),
            Way::Api { source: None, .. } => Self::Unknown(Named { name: "unknown" }),
            Way::Command => Self::Here {
                hostname: "localhost",
            },
        }
    }
}

#[derive(Serialize)]
struct HttpCall<'a> {
    http_method: &'a str,
    url: Url<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
}

#[derive(Serialize)]
struct Url<'a> {
    path: &'a str,
}

impl<'a> HttpCall<'a> {
    fn of(requester: &'a Requester) -> Option<Self> {
        match &requester.provenance.way {
            Way::Api {
                method,
                path,
                user_agent,
                ..
            } => Some(Self {
                http_method: method,
                url: Url { path },
                user_agent: user_agent.as_deref(),
            }),
            Way::Command => None,
        }
    }
}

#[derive(Serialize)]
struct Resource<'a> {
    uid: Shown<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a VmName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
}

impl<'a> Resource<'a> {
    fn of(about: &'a About) -> Option<Self> {
        match about {
            About::Deed(deed) => Some(Self {
                uid: Shown(&deed.machine),
                name: Some(&deed.machine.name),
                r#type: Some("Microsoft.Compute/virtualMachines"),
            }),
            About::Denied(denied) => denied.resource.as_ref().map(|id| Self {
                uid: Shown(id),
                name: None,
                r#type: None,
            }),
        }
    }
}
