//! A call about one virtual machine, in whatever version it is made.

use actix_web::{
    http::header::{HeaderValue, IF_MATCH},
    web::Bytes,
};
use percent_encoding::{AsciiSet, utf8_percent_encode};
use url::{Position, Url};

use crate::{
    azure::{Call, VirtualMachineId, action::Parameter, odata::RESERVED},
    http::Request,
};

/// Names of groups may have parentheses, which stand in a path as they are.
const SEGMENT: &AsciiSet = &RESERVED.remove(b'(').remove(b')');

/// Room for most URLs.
const USUAL: usize = 256;

/// Earlier versions would make the change whatever the machine is like by then.
///
/// Source: Azure/azure-rest-api-specs #26368.
const BOUND_TO_A_VERSION: Parameter = Parameter {
    name: "If-Match",
    callers_name: "If-Match",
    since: "2023-09-01",
};

/// What is asked; the version of `Microsoft.Compute` is settled when it is sent.
pub(super) struct Question<'a> {
    pub(super) call: Call,
    pub(super) machine: &'a VirtualMachineId,
    verb: Verb,
    segment: Option<&'static str>,
    query: Option<(&'static str, &'static str)>,
    /// What not every version takes.
    pub(super) parameter: Option<Parameter>,
    if_match: Option<HeaderValue>,
}

enum Verb {
    Get,
    Post,
    Patch(Bytes),
}

impl<'a> Question<'a> {
    /// The machine with its instance view.
    pub(super) fn look(machine: &'a VirtualMachineId) -> Self {
        Self {
            query: Some(("$expand", "instanceView")),
            ..Self::new(Call::GetVm, machine, Verb::Get)
        }
    }

    /// The action that is `segment` of the machine's path.
    pub(super) fn action(
        call: Call,
        machine: &'a VirtualMachineId,
        segment: &'static str,
        parameter: Option<Parameter>,
    ) -> Self {
        Self {
            segment: Some(segment),
            query: parameter.map(|parameter| (parameter.name, "true")),
            parameter,
            ..Self::new(call, machine, Verb::Post)
        }
    }

    /// The change in `json`, of the version `if_match` alone if there is one.
    pub(super) fn change(
        call: Call,
        machine: &'a VirtualMachineId,
        json: Bytes,
        if_match: Option<HeaderValue>,
    ) -> Self {
        let is_bound = if_match.as_ref().is_some_and(|it| it != "*");
        Self {
            parameter: is_bound.then_some(BOUND_TO_A_VERSION),
            if_match,
            ..Self::new(call, machine, Verb::Patch(json))
        }
    }

    fn new(call: Call, machine: &'a VirtualMachineId, verb: Verb) -> Self {
        Self {
            call,
            machine,
            verb,
            segment: None,
            query: None,
            parameter: None,
            if_match: None,
        }
    }

    /// Where it is sent at `endpoint`, in `version`.
    pub(super) fn url(&self, endpoint: &Url, version: &str) -> String {
        let mut url = String::with_capacity(USUAL);
        url.push_str(&endpoint[..Position::BeforePath]);
        let machine = self.machine.as_str().split('/').skip(1);
        for segment in machine.chain(self.segment) {
            url.push('/');
            url.extend(utf8_percent_encode(segment, SEGMENT));
        }
        url.extend(["?api-version=", version]);
        if let Some((name, value)) = self.query {
            url.push('&');
            url.extend(utf8_percent_encode(name, RESERVED));
            url.extend(["=", value]);
        }
        url
    }

    /// The request to `url`.
    pub(super) fn request<'u>(&self, url: &'u str) -> Request<'u> {
        let label = self.call.as_str();
        let request = match &self.verb {
            Verb::Get => Request::get(url, label),
            Verb::Post => Request::post(url, label),
            Verb::Patch(json) => Request::patch(url, label, json.clone()),
        };
        match &self.if_match {
            Some(version) => request.header(IF_MATCH, version.clone()),
            None => request,
        }
    }
}
