//! The sections of the page, each a table with a caption.

use std::time::Duration;

use jiff::Timestamp;
use maud::{Markup, html};

use super::{Check, KeyStanding, Quota, Report, policy, words};
use crate::{
    app::readiness::told_by,
    identity::{Failure, Held, Standing},
};

/// What readiness is told by, in its own words.
pub(super) fn checks(checks: &[Check]) -> Markup {
    let rows = html! {
        @for check in checks {
            tr {
                th scope="row" { (name(check)) }
                td { (outcome(check)) }
                td.long {
                    (check.detail)
                    @if let Some(code) = check.code { " " code { (code) } }
                }
            }
        }
    };
    table(
        "Checks",
        "Whether requests can be served, and what is wrong where they cannot.",
        &["Check", "Outcome", "In words"],
        &rows,
    )
}

/// Where there is little room, its parts are one above the other.
fn name(check: &Check) -> Markup {
    let (kind, of) = check.name.split_once(':').unwrap_or((&check.name, ""));
    html! { (kind) @if !of.is_empty() { ":" wbr; (of) } }
}

/// In a word, and not by its colour alone.
fn outcome(check: &Check) -> Markup {
    let word = match (check.ok, check.required) {
        (true, _) => "ok",
        (false, true) => "failed",
        (false, false) => "warning",
    };
    html! { span.outcome.(word) { (word) } }
}

/// Whose the tokens are.
pub(super) fn identity(report: &Report) -> Markup {
    let holder = report.holder.as_ref();
    let of_holder = |id: fn(&crate::identity::Holder) -> &Option<String>| {
        holder
            .and_then(|holder| id(holder).as_deref())
            .unwrap_or("not known yet")
    };
    let rows = html! {
        tr { th scope="row" { "Source" } td.long { (report.source) ", told by " (told_by(report)) } }
        tr {
            th scope="row" { "Configured" }
            td.long { (report.id.kind) ": " (report.id.value.as_deref().unwrap_or("none named")) }
        }
        tr { th scope="row" { "Client id" } td.long { (of_holder(|it| &it.client_id)) } }
        tr { th scope="row" { "Object id" } td.long { (of_holder(|it| &it.object_id)) } }
        tr { th scope="row" { "Tenant" } td.long { (of_holder(|it| &it.tenant_id)) } }
    };
    table(
        "Identity",
        "Where tokens come from, and whose they are.",
        &["What", "Is"],
        &rows,
    )
}

pub(super) fn tokens(standings: &[Standing]) -> Markup {
    let rows = html! {
        @for standing in standings {
            tr {
                th scope="row" { (standing.resource) }
                td { (standing.state) }
                td { (age(standing.token.as_ref())) }
                td { (expiry(standing.token.as_ref())) }
                td.long { (failure(standing.last_failure.as_ref())) }
            }
        }
    };
    table(
        "Tokens",
        "Of the managed identity, for each resource; a stale one is renewed at its next use.",
        &["Resource", "State", "Age", "Expires", "Last failure"],
        &rows,
    )
}

fn age(token: Option<&Held>) -> String {
    token.map_or_else(nothing, |token| {
        words::span(Duration::from_secs(token.age_seconds))
    })
}

fn expiry(token: Option<&Held>) -> String {
    let moment = token.and_then(|token| token.expires_on);
    moment.map_or_else(nothing, |moment| {
        format!("{}, {moment}", words::until(moment, Timestamp::now()))
    })
}

fn failure(failure: Option<&Failure>) -> Markup {
    html! {
        @match failure {
            None => (nothing()),
            Some(failure) => {
                code { (failure.code) } " " (failure.detail)
                @if let Some(at) = failure.at { ", at " (at) }
            }
        }
    }
}

/// The keys that callers' tokens are checked with.
pub(super) fn keys(standings: &[KeyStanding]) -> Markup {
    let rows = html! {
        @for standing in standings {
            tr {
                th scope="row" { (standing.source) }
                td.long { (standing.issuer) }
                @match &standing.told {
                    Some(told) => {
                        td { (if told.is_believed { told.count } else { 0 }) }
                        td { (words::span(told.age)) }
                    }
                    None => { td { "0" } td { (nothing()) } }
                }
            }
        }
    };
    table(
        "Keys of callers",
        "With which signatures of callers' tokens are checked.",
        &["Kind", "Issuer", "Keys", "Age"],
        &rows,
    )
}

pub(super) fn policies(standing: &policy::Standing) -> Markup {
    let age = standing.loaded_at.elapsed().unwrap_or_default();
    let rows = html! {
        tr { th scope="row" { "Source" } td.long { (standing.source) } }
        tr { th scope="row" { "Version" } td { (standing.version) } }
        tr { th scope="row" { "In force" } td { (standing.enforced) } }
        tr { th scope="row" { "In shadow" } td { (standing.shadow) } }
        tr { th scope="row" { "Loaded" } td { (words::span(age)) " ago" } }
    };
    table(
        "Policies",
        "By which it is decided what callers may do.",
        &["What", "Is"],
        &rows,
    )
}

/// What Azure leaves the gateway to ask for.
pub(super) fn quotas(quotas: &[Quota], graph_units: i64) -> Markup {
    let rows = html! {
        @for quota in quotas {
            tr {
                th scope="row" { (quota.service) }
                td.long { (quota.bucket) }
                td { (quota.left) }
            }
        }
        tr {
            th scope="row" { "graph" }
            td { "resource units charged within ten seconds" }
            td { (graph_units) }
        }
    };
    table(
        "Quotas",
        "What Azure last said is left, in requests; and what Graph charges.",
        &["Service", "Quota", "Number"],
        &rows,
    )
}

fn table(title: &str, caption: &str, columns: &[&str], rows: &Markup) -> Markup {
    html! {
        section aria-label=(title) {
            h2 { (title) }
            table {
                caption { (caption) }
                thead { tr { @for column in columns { th scope="col" { (column) } } } }
                tbody { (rows) }
            }
        }
    }
}

fn nothing() -> String {
    "none".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM_OUTSIDE: &str = "<script src='//evil.example'>";

    #[test]
    fn nothing_that_comes_from_outside_is_markup() {
        let check = Check {
            name: FROM_OUTSIDE.to_owned(),
            ok: false,
            required: true,
            code: None,
            detail: FROM_OUTSIDE.to_owned(),
        };
        let quota = Quota {
            service: "arm",
            bucket: FROM_OUTSIDE.to_owned(),
            left: 1,
        };
        let failed = Failure {
            code: "refused",
            detail: FROM_OUTSIDE.to_owned(),
            message: None,
            correlation_id: None,
            at: None,
        };
        for markup in [
            checks(&[check]),
            quotas(&[quota], 0),
            failure(Some(&failed)),
        ] {
            let text = markup.into_string();
            assert!(text.contains("&lt;script"), "{text}");
            assert!(!text.contains("<script"), "{text}");
        }
    }
}
