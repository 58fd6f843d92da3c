//! What has to hold of what Resource Manager and Graph say, and of links to them.

mod glob;
mod link;
mod probe;

use actix_web::{
    http::{StatusCode, header::LOCATION},
    web::Bytes,
};
use serde_json::Value;
use url::Url;

pub(crate) use link::{check_page, page_link, user_page, users};
pub(crate) use probe::probe;

use super::{
    DeltaLink, Denied, Effective, OperationUrl, Progress, Reason, UserChange, VirtualMachine,
    VirtualMachineId, VmName, arm::ASYNC_OPERATION, delta, effective, operation::Protocol,
    resource_graph::MachinePage,
};
use crate::http::{Refusal, Response, fuzz::host_asked};

const ARM: &str = "https://management.azure.com";

const ACTION: &str = "Microsoft.Compute/virtualMachines/powerOff/action";

fn arm() -> Option<Url> {
    Url::parse(ARM).ok()
}

/// Whatever is refused has a reason, and a missing permission is told in plain letters.
pub(crate) fn refusal(refusal: &Refusal) {
    if let Reason::NotPermitted(Some(denied)) = Reason::of(refusal) {
        check_denied(&denied);
    }
}

/// It becomes part of a command that somebody pastes into a shell.
fn check_denied(denied: &Denied) {
    let (subscription, group) = denied.group();
    for text in [
        denied.action(),
        denied.scope(),
        subscription,
        group.unwrap_or("-"),
    ] {
        let is_inert = |it: u8| it.is_ascii_alphanumeric() || b"-_.()/".contains(&it);
        assert!(!text.is_empty() && text.bytes().all(is_inert), "{text:?}");
    }
}

/// An operation is asked for where it is allowed to be, and has succeeded only where
/// Azure says so.
pub(crate) fn operation(answer: &Response) {
    for (header, protocol) in [
        (ASYNC_OPERATION, Protocol::AsyncOperation),
        (LOCATION, Protocol::Location),
    ] {
        let told = answer.header(&header).zip(arm());
        let url = told.and_then(|(url, arm)| OperationUrl::accept(protocol, url, &arm));
        let Some(url) = url else { continue };
        assert_eq!(host_asked(url.expose()), "management.azure.com");
        assert!(!has_user(url.expose()));
        let is_done = matches!(url.progress(answer), Ok(Progress::Succeeded));
        let is_told = match protocol {
            Protocol::AsyncOperation => says_succeeded(&answer.body),
            Protocol::Location => answer.is_bodiless() || has_result(answer),
        };
        assert!(!is_done || is_told);
    }
}

/// Whether a user, or a password, stands before the host of `url`.
fn has_user(url: &str) -> bool {
    let (_, rest) = url.split_once("://").unwrap_or_default();
    let authority = rest.split(['/', '?', '#']).next();
    authority.is_some_and(|it| it.contains('@'))
}

/// What is passed over need not be good JSON, and a body that has such parts says
/// nothing here.
fn says_succeeded(body: &[u8]) -> bool {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return true;
    };
    let status = body.get("status").and_then(Value::as_str);
    status.is_some_and(|it| it.eq_ignore_ascii_case("succeeded"))
}

/// Whether a `Location` may mean by `answer` that all is done: the answer says so, or
/// what was made is there, in no other state.
fn has_result(answer: &Response) -> bool {
    let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else {
        return true;
    };
    let state = body.pointer("/properties/provisioningState");
    match body.get("status").or(state).and_then(Value::as_str) {
        Some(state) => state.eq_ignore_ascii_case("succeeded"),
        None => answer.status != StatusCode::ACCEPTED,
    }
}

/// A page of changes goes on in the delta query, and every change has an id.
pub(crate) fn delta_page(body: &[u8]) -> Option<Vec<UserChange>> {
    let body = Bytes::copy_from_slice(body);
    let changes = delta::read(&body, &DeltaLink::start(), link::USERS).ok()?;
    link::check_delta(&changes.next);
    for change in &changes.items {
        let (UserChange::Gone(id) | UserChange::Present { id, .. }) = change;
        assert!(!id.is_empty());
    }
    Some(changes.items)
}

/// A machine, or a page of them: what is shown of each can be told whatever it says.
pub(crate) fn machine(body: &[u8]) {
    if let Ok(machine) = serde_json::from_slice::<VirtualMachine>(body) {
        let shown = (
            machine.power_state(),
            machine.last_change(),
            machine.changed_at(),
        );
        let billed = machine.power_state().is_billed();
        let parts = (
            machine.size(),
            machine.provisioning_state(),
            machine.is_hibernated(),
        );
        assert!(!format!("{shown:?} {billed:?} {parts:?}").is_empty());
    }
    let Some(page) = MachinePage::of(body) else {
        return;
    };
    for listed in page.machines {
        assert!(listed.resource_id.parse().is_ok_and(|id| listed.id.is(&id)));
        check_id(&listed.id);
    }
    let token = page.next.as_ref().map(super::SkipToken::as_str);
    assert!(token.is_none_or(|it| it.bytes().all(|byte| byte.is_ascii_graphic())));
}

/// `allow` says what patterns say, and a further page is one of Resource Manager's.
pub(crate) fn permissions(body: &[u8]) {
    let Some((effective, next)) = Effective::of(body) else {
        return;
    };
    let action = ACTION.to_ascii_lowercase();
    for pattern in effective.patterns() {
        let pattern = pattern.to_ascii_lowercase();
        assert_eq!(
            effective::matches(&pattern, &action),
            glob::matches(&pattern, &action)
        );
    }
    assert_eq!(effective.allow(ACTION), effective.allow(&action));
    let link = next.zip(arm());
    if let Some(link) = link.and_then(|(link, arm)| effective::further(&link, &arm.origin())) {
        assert_eq!(host_asked(link.as_str()), "management.azure.com");
    }
}

/// A name, a resource id or a sentence about a permission.
pub(crate) fn vm_id(text: &str) {
    if let Ok(name) = text.parse::<VmName>() {
        assert_eq!(name.to_string(), text);
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        assert!(
            text.bytes().all(is_plain) && text != "." && text != "..",
            "{text:?}"
        );
    }
    if let Ok(id) = text.parse::<VirtualMachineId>() {
        check_id(&id);
    }
    if let Some(denied) = Denied::read(text) {
        check_denied(&denied);
    }
}

/// It reads back as it was written, and there is one way to write it.
pub(crate) fn check_id(id: &VirtualMachineId) {
    let text = id.to_string();
    let again = text.parse::<VirtualMachineId>();
    assert!(
        again.is_ok_and(|it| it.is(id) && it.to_string() == text),
        "{text:?}"
    );
}
