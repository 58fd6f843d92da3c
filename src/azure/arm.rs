//! Virtual machines by way of Azure Resource Manager.

use std::time::Duration;

use actix_web::http::{
    StatusCode,
    header::{ETAG, HeaderName, RETRY_AFTER},
};
use url::Url;

use super::{
    Api, Call, Error, OperationUrl, Progress, VirtualMachine, VirtualMachineId, correlation_id,
    operation::Protocol,
};
use crate::{
    http::{Cause, Client, Context, Request, Response, RetryPolicy},
    identity::{ManagedIdentity, Resource},
};

/// Source: Azure/azure-rest-api-specs, `Microsoft.Compute` virtual machines.
const COMPUTE_VERSION: &str = "2025-11-01";

/// What Azure made of an order.
pub(crate) enum Submitted {
    /// It is carried out already.
    Done,
    /// It is being carried out; the end is told at this URL.
    Running(OperationUrl),
}

/// Azure Resource Manager as one worker reaches it.
#[derive(Clone)]
pub(crate) struct ArmClient {
    api: Api,
    endpoint: Url,
}

impl ArmClient {
    /// A client of the Resource Manager at `endpoint`.
    pub(crate) fn new(client: Client, identity: ManagedIdentity, endpoint: Url) -> Self {
        Self {
            api: Api {
                client,
                identity,
                resource: Resource::Arm,
            },
            endpoint,
        }
    }

    /// The virtual machine with its instance view.
    pub(crate) async fn virtual_machine(
        &self,
        id: &VirtualMachineId,
        context: &Context,
    ) -> Result<VirtualMachine, Error> {
        const CALL: Call = Call::GetVm;
        let mut url = self.url(id, &[]);
        url.query_pairs_mut().append_pair("$expand", "instanceView");
        let request = Request::get(url.as_str(), CALL.as_str());
        let answer = self
            .call(CALL, request, context, RetryPolicy::INLINE)
            .await?;
        let mut machine: VirtualMachine = serde_json::from_slice(&answer.body)
            .map_err(|error| self.api.malformed(CALL, Cause::new(&error)))?;
        machine.etag = answer.header(ETAG.as_str()).map(str::to_owned);
        Ok(machine)
    }

    /// Orders the virtual machine to be stopped and its hardware released.
    pub(crate) async fn deallocate(
        &self,
        id: &VirtualMachineId,
        context: &Context,
    ) -> Result<Submitted, Error> {
        const CALL: Call = Call::Deallocate;
        let url = self.url(id, &["deallocate"]);
        let request = Request::post(url.as_str(), CALL.as_str());
        // Sent again only where nothing was sent: `RetryPolicy` sees to it.
        let answer = self
            .call(CALL, request, context, RetryPolicy::INLINE)
            .await?;
        if answer.status != StatusCode::ACCEPTED {
            return Ok(Submitted::Done);
        }
        self.operation_url(&answer)
            .map(Submitted::Running)
            .ok_or_else(|| {
                self.api
                    .malformed(CALL, Cause::said("no operation URL to follow"))
            })
    }

    /// How the operation at `url` goes, and how long Azure wants to be left
    /// alone before it is asked again.
    pub(crate) async fn progress(
        &self,
        url: &OperationUrl,
        context: &Context,
    ) -> Result<(Progress, Option<Duration>), Error> {
        const CALL: Call = Call::OperationStatus;
        let request = Request::get(url.expose(), CALL.as_str());
        let answer = self
            .call(CALL, request, context, RetryPolicy::NEVER)
            .await?;
        let progress = url
            .progress(&answer)
            .map_err(|cause| self.api.malformed(CALL, cause))?;
        let seconds = answer
            .header(RETRY_AFTER.as_str())
            .and_then(|text| text.parse().ok());
        Ok((progress, seconds.map(Duration::from_secs)))
    }

    async fn call(
        &self,
        call: Call,
        request: Request<'_>,
        context: &Context,
        policy: RetryPolicy,
    ) -> Result<Response, Error> {
        let id = correlation_id(context);
        let request = request
            .header(
                HeaderName::from_static("x-ms-client-request-id"),
                id.clone(),
            )
            .header(HeaderName::from_static("x-ms-correlation-request-id"), id);
        self.api.call(call, request, context, policy).await
    }

    /// `Azure-AsyncOperation` before `Location`: only the former says why an
    /// operation failed.
    fn operation_url(&self, answer: &Response) -> Option<OperationUrl> {
        let told = |header, protocol| Some((protocol, answer.header(header)?));
        let (protocol, url) = told("azure-asyncoperation", Protocol::AsyncOperation)
            .or_else(|| told("location", Protocol::Location))?;
        OperationUrl::accept(protocol, url, &self.endpoint.origin())
    }

    fn url(&self, id: &VirtualMachineId, action: &[&str]) -> Url {
        let mut url = self.endpoint.clone();
        let name = id.name.to_string();
        let machine = [
            "subscriptions",
            &id.subscription_id,
            "resourceGroups",
            &id.resource_group,
            "providers",
            "Microsoft.Compute",
            "virtualMachines",
            &name,
        ];
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().extend(machine).extend(action);
        }
        url.query_pairs_mut()
            .append_pair("api-version", COMPUTE_VERSION);
        url
    }
}
