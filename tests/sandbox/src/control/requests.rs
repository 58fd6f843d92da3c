//! What was asked, as it is told over HTTP.

use serde_json::{Value, json};

use crate::{
    azure::Azure,
    journal::{Recorded, Service},
};

/// Every request.
pub(super) fn all(azure: &Azure) -> Value {
    shown(&azure.journal.all())
}

/// Those of which something is not known.
pub(super) fn unexpected(azure: &Azure) -> Value {
    shown(&azure.journal.unexpected())
}

/// Without queries, headers and bodies: they hold tokens and signatures.
fn shown(requests: &[Recorded]) -> Value {
    let name = |service| {
        let mut all = Service::ALL.iter();
        all.find(|(it, _)| Some(*it) == service).map(|it| it.1)
    };
    let shown = requests.iter().map(|request| {
        let unknown: Vec<_> = request.unknown.iter().map(ToString::to_string).collect();
        json!({
            "service": name(request.service),
            "method": request.method,
            "path": request.path,
            "isExpected": unknown.is_empty(),
            "unknown": unknown,
        })
    });
    json!({"value": shown.collect::<Vec<_>>()})
}
