//! A record as one line of JSON: API Activity of OCSF.
//!
//! Source: ocsf/ocsf-schema, `events/application/api_activity.json`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    actor::{actor, kind, pod},
    record::{About, Conclusion, Record, Stage},
    requester::{Endpoint, Requester, Way},
};
use crate::azure::Manner;

/// The version of OCSF that the fields are of.
const OCSF: &str = "1.4.0";

/// The line of `record`, with its end.
pub(super) fn line(record: &Record) -> Vec<u8> {
    let requester = &*record.requester;
    whole(json!({
        "class_uid": 6003,
        "class_name": "API Activity",
        "category_uid": 6,
        "activity_id": 3,
        "activity_name": "Update",
        "type_uid": 600_303,
        "severity_id": severity(record),
        "time": record.at.as_millisecond(),
        "duration": record.duration_ms,
        "status_id": record.outcome.as_ref().map(|it| status_id(it.conclusion)),
        "status": record.outcome.as_ref().map(|it| status(it.conclusion)),
        "status_code": record.outcome.as_ref().and_then(|it| it.code.as_ref()),
        "status_detail": record.outcome.as_ref().and_then(|it| it.detail.as_ref()),
        "metadata": {
            "product": product(),
            "version": OCSF,
            // The same two lines have the same ids however often they are sent on.
            "uid": format!("{}-{}", record.id, record.stage),
            "correlation_uid": record.id.to_string(),
        },
        "actor": actor(record),
        "api": {
            "operation": operation(&record.about),
            "service": { "name": "mi-gateway" },
            "request": { "uid": requester.request_id },
        },
        "src_endpoint": source(requester),
        "http_request": http_request(requester),
        "resources": resources(&record.about),
        "unmapped": unmapped(record),
    }))
}

/// A line that says that lines are written again, how many were lost meanwhile,
/// and how many follow late.
pub(super) fn resumed(lost: u64, late: usize) -> Vec<u8> {
    whole(json!({
        "class_uid": 6002,
        "class_name": "Application Lifecycle",
        "category_uid": 6,
        "activity_id": 99,
        "activity_name": "Audit resumed",
        "type_uid": 600_299,
        "severity_id": 3,
        "time": Timestamp::now().as_millisecond(),
        "metadata": { "product": product(), "version": OCSF },
        "app": { "name": "mi-gateway" },
        "unmapped": { "stage": "resumed", "lost": lost, "late": late },
    }))
}

fn product() -> Value {
    json!({ "name": "mi-gateway", "vendor_name": "mi-gateway", "version": env!("CARGO_PKG_VERSION") })
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

fn operation(about: &About) -> &str {
    match about {
        About::Deed(deed) => deed.operation_name(),
        About::Denied(denied) => &denied.operation,
    }
}

fn source(requester: &Requester) -> Value {
    match &requester.way {
        Way::Api {
            source: Some(source),
            ..
        } => endpoint(source),
        Way::Api { source: None, .. } => json!({ "name": "unknown" }),
        Way::Command => json!({ "hostname": "localhost" }),
    }
}

fn endpoint(it: &Endpoint) -> Value {
    let passed = &it.intermediate_ips;
    json!({
        "ip": it.ip,
        "port": it.port,
        "intermediate_ips": (!passed.is_empty()).then_some(passed),
    })
}

fn http_request(requester: &Requester) -> Value {
    match &requester.way {
        Way::Api {
            method,
            path,
            user_agent,
            ..
        } => json!({
            "http_method": method,
            "url": { "path": path },
            "user_agent": user_agent,
        }),
        Way::Command => Value::Null,
    }
}

fn resources(about: &About) -> Value {
    match about {
        About::Deed(deed) => json!([{
            "uid": deed.machine.to_string(),
            "name": deed.machine.name.to_string(),
            "type": "Microsoft.Compute/virtualMachines",
        }]),
        About::Denied(denied) => match &denied.resource {
            Some(id) => json!([{ "uid": id }]),
            None => Value::Null,
        },
    }
}

/// What OCSF has no place for.
fn unmapped(record: &Record) -> Value {
    let requester = &*record.requester;
    let receipt = record.receipt.as_ref();
    let mut rest = json!({
        "stage": record.stage.as_str(),
        "auditId": record.id.to_string(),
        "caller": kind(requester),
        "pod": pod(requester),
        "traceId": requester.trace_id,
        "azure": {
            "correlationId": requester.correlation_id,
            "requestId": receipt.and_then(|it| it.request_id.as_ref()),
            "status": receipt.map(|it| it.status.as_u16()),
        },
    });
    if let About::Deed(deed) = &record.about {
        rest["operationId"] = json!(deed.operation);
        rest["action"] = json!(deed.action.as_str());
        rest["forced"] = json!(deed.manner == Manner::Forced);
        rest["change"] = json!(deed.change);
    } else {
        // Azure was not asked.
        rest["azure"] = Value::Null;
    }
    rest
}

/// `value` without what is null, as a line.
fn whole(mut value: Value) -> Vec<u8> {
    prune(&mut value);
    let mut line = value.to_string().into_bytes();
    line.push(b'\n');
    line
}

fn prune(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(prune);
        }
        Value::Array(members) => members.iter_mut().for_each(prune),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
