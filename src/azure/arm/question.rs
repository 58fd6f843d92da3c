//! A call about one virtual machine, in whatever version it is made.

use actix_web::{
    http::header::{HeaderValue, IF_MATCH},
    web::Bytes,
};
use url::Url;

use crate::{
    azure::{Call, VirtualMachineId, action::Parameter},
    http::Request,
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
        Self {
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
    pub(super) fn url(&self, endpoint: &Url, version: &str) -> Url {
        let mut url = endpoint.clone();
        let name = self.machine.name.to_string();
        let machine = [
            "subscriptions",
            &self.machine.subscription_id,
            "resourceGroups",
            &self.machine.resource_group,
            "providers",
            "Microsoft.Compute",
            "virtualMachines",
            &name,
        ];
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().extend(machine).extend(self.segment);
        }
        url.query_pairs_mut()
            .append_pair("api-version", version)
            .extend_pairs(self.query);
        url
    }

    /// The request to `url`.
    pub(super) fn request<'u>(&self, url: &'u Url) -> Request<'u> {
        let (url, label) = (url.as_str(), self.call.as_str());
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
