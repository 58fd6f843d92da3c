//! What OCSF has no place for.

use serde::Serialize;

use super::{
    Shown,
    actor::{kind, pod},
};
use crate::{
    audit::record::{About, Record},
    azure::{Manner, Memory},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Unmapped<'a> {
    stage: &'static str,
    audit_id: Shown<'a>,
    caller: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod: Option<&'a str>,
    trace_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    azure: Option<Azure<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forced: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<&'a str>,
}

/// By what Azure knows a change, and what it answered.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Azure<'a> {
    correlation_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

impl<'a> Unmapped<'a> {
    pub(super) fn of(record: &'a Record) -> Self {
        let requester = &*record.requester;
        let rest = Self {
            stage: record.stage.as_str(),
            audit_id: Shown(&record.id),
            caller: kind(requester),
            pod: pod(requester),
            trace_id: &requester.provenance.trace_id,
            azure: None,
            operation_id: None,
            action: None,
            forced: None,
            memory: None,
            change: None,
        };
        match &record.about {
            About::Deed(deed) => Self {
                azure: Some(Azure::of(record)),
                operation_id: Some(&deed.operation),
                action: Some(deed.action.as_str()),
                forced: Some(deed.manner == Manner::Forced),
                memory: (deed.memory == Memory::Discarded).then_some("discarded"),
                change: deed.change.as_deref(),
                ..rest
            },
            // Azure was not asked.
            About::Denied(_) => rest,
        }
    }
}

impl<'a> Azure<'a> {
    fn of(record: &'a Record) -> Self {
        let receipt = record.receipt.as_ref();
        Self {
            correlation_id: &record.requester.provenance.correlation_id,
            request_id: receipt.and_then(|it| it.request_id.as_deref()),
            status: receipt.map(|it| it.status.as_u16()),
        }
    }
}
