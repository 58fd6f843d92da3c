//! What the service reads before it serves: without it, it does not start.

use std::time::SystemTime;

use jiff::Timestamp;

use super::{Check, Report};
use crate::{
    app, audit,
    config::{AuditTarget, Config, TlsFiles},
    policy::{Fault, ODD, PolicySet, Source},
    telemetry::chain,
};

const POLICIES: &str = "policies";
const AUDIT: &str = "audit";
const CERTIFICATE: &str = "certificate";

pub(super) fn examine(report: &mut Report, config: &Config) {
    report.add(policies(config));
    report.add(record(&config.audit));
    report.add(match &config.tls {
        Some(files) => certificate(files),
        None => Check::inapplicable(CERTIFICATE, "the API is offered without TLS"),
    });
}

fn policies(config: &Config) -> Check {
    let source = Source::of(config.policy_file.as_deref());
    let listed = |faults: &[Fault]| {
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        faults.join("; ")
    };
    let set = PolicySet::load(&source, Some(&config.callers));
    match set.map_err(|error| error.into_faults(&source)) {
        Ok(set) if set.warnings.is_empty() => {
            let (count, words) = (set.entries().len(), source.words());
            Check::ok(POLICIES, format!("{count} policies of {words} can be used"))
        }
        Ok(set) => Check::warning(POLICIES, "odd", format!("{ODD}: {}", listed(&set.warnings))),
        Err(faults) => Check::failed(POLICIES, "refused", listed(&faults.errors))
            .mend("mend them, or see MIG_POLICY_FILE; to try it: mi-gateway policy check"),
    }
}

/// Nothing is made or written: a file that is not there yet is left for the service.
fn record(target: &AuditTarget) -> Check {
    match audit::look(target) {
        Ok(true) => Check::ok(AUDIT, written(target)),
        Ok(false) => Check::ok(
            AUDIT,
            format!(
                "{target} is not there yet, and its folder is; whether it can be made is not tried"
            ),
        ),
        Err(error) => Check::failed(
            AUDIT,
            "unwritable",
            format!("changes cannot be written to {target}: {error}"),
        )
        .mend("see MIG_AUDIT_FILE: a file in a folder that is there, which the gateway may write"),
    }
}

fn written(target: &AuditTarget) -> String {
    match target {
        AuditTarget::File(path) => format!("changes can be written to {}", path.display()),
        // A command has its own results on standard output.
        AuditTarget::Output | AuditTarget::Errors => {
            "the service writes changes to its standard output".to_owned()
        }
    }
}

fn certificate(files: &TlsFiles) -> Check {
    let mend = "see MIG_TLS_CERTIFICATE_FILE, MIG_TLS_KEY_FILE and MIG_TLS_CLIENT_CA_FILE";
    let expires = match app::expiry(files) {
        Ok(expires) => expires,
        Err(error) => return Check::failed(CERTIFICATE, "refused", chain(&error)).mend(mend),
    };
    let shown = Timestamp::try_from(expires).unwrap_or(Timestamp::MAX);
    if expires <= SystemTime::now() {
        let detail = format!("the certificate expired at {shown}");
        return Check::failed(CERTIFICATE, "expired", detail).mend("renew it");
    }
    Check::ok(
        CERTIFICATE,
        format!("the certificate is good until {shown}"),
    )
}
