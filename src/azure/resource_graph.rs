//! Virtual machines of many groups in one call, by way of Resource Graph.

use std::{collections::BTreeMap, time::Duration};

use actix_web::{http::header::HeaderName, web::Bytes};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::{Api, Call, Error, MachineQuery, PowerState, VirtualMachineId, correlation_id};
use crate::{
    http::{Cause, Client, Context, Request, RetryPolicy},
    identity::{ManagedIdentity, Resource},
};

/// Source: Azure/azure-rest-api-specs, `Microsoft.ResourceGraph` stable 2022-10-01.
const PATH: &str = "/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01";

/// A longer one does not come from Resource Graph.
const LONGEST_TOKEN: usize = 4 * 1024;

/// So many rows, thousands, are not of machines that have one of some names.
const MOST_PAGES: usize = 10;

/// Resource Graph's word for the place where the next page begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct SkipToken(String);

impl SkipToken {
    /// Takes `text` for a token if it may be one. It leads nowhere but on in
    /// the query that it is sent with, and that is ours.
    pub(crate) fn accept(text: &str) -> Option<Self> {
        let fits = (1..=LONGEST_TOKEN).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A virtual machine as Resource Graph knows it.
#[derive(Debug)]
pub(crate) struct ListedMachine {
    pub(crate) id: VirtualMachineId,
    /// The id as it was written.
    pub(crate) resource_id: String,
    pub(crate) name: String,
    pub(crate) location: String,
    pub(crate) size: Option<String>,
    pub(crate) power_state: PowerState,
    pub(crate) provisioning_state: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// One page of virtual machines.
pub(crate) struct MachinePage {
    pub(crate) machines: Vec<ListedMachine>,
    /// Where the listing goes on; `None` on the last page.
    pub(crate) next: Option<SkipToken>,
}

/// Resource Graph as one worker reaches it.
#[derive(Clone)]
pub(crate) struct ResourceGraphClient {
    api: Api,
    url: String,
}

#[derive(Serialize)]
struct Question<'a> {
    subscriptions: &'a [String],
    query: &'a str,
    options: Options<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Options<'a> {
    #[serde(rename = "$top")]
    top: u16,
    #[serde(rename = "$skipToken", skip_serializing_if = "Option::is_none")]
    skip_token: Option<&'a SkipToken>,
    result_format: &'static str,
}

/// The counts are not those of the rows in every recording, and are compared with each
/// other alone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply<T> {
    data: Vec<T>,
    #[serde(default, rename = "$skipToken")]
    skip_token: Option<String>,
    /// As text in recordings, and a truth value in the documentation.
    #[serde(default)]
    result_truncated: Value,
    #[serde(default)]
    count: Value,
    #[serde(default)]
    total_records: Value,
}

#[derive(Deserialize)]
struct Place {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    id: String,
    name: String,
    location: String,
    tags: Option<BTreeMap<String, String>>,
    size: Option<String>,
    power_state: Option<String>,
    provisioning_state: Option<String>,
}

impl ResourceGraphClient {
    /// A client of the Resource Graph at the Resource Manager's `endpoint`.
    pub(crate) fn new(client: Client, identity: ManagedIdentity, endpoint: &Url) -> Self {
        Self {
            api: Api {
                client,
                identity,
                resource: Resource::Arm,
            },
            url: format!("{}{PATH}", endpoint.origin().ascii_serialization()),
        }
    }

    /// The ids of the virtual machines that `query` is about.
    pub(crate) async fn ids(
        &self,
        query: &MachineQuery,
        context: &Context,
    ) -> Result<Vec<VirtualMachineId>, Error> {
        const CALL: Call = Call::FindVms;
        let malformed = |cause| self.api.malformed(CALL, cause);
        let (mut ids, mut from) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let reply: Reply<Place> = self.ask(CALL, query, from.as_ref(), context).await?;
            from = reply.next(from.is_none()).map_err(malformed)?;
            ids.extend(reply.data.iter().filter_map(|row| row.id.parse().ok()));
            if from.is_none() {
                return Ok(ids);
            }
        }
        Err(malformed(Cause::said("there is always another page")))
    }

    /// How long it is worth to wait before it is asked by `context`: not at all where that
    /// would not be sent.
    pub(crate) fn patience(&self, context: &Context) -> Duration {
        if self.api.client.is_withheld() {
            Duration::ZERO
        } else {
            context.deadline.remaining()
        }
    }

    /// What is said to whoever waited so long for ids that somebody else asked for.
    pub(crate) fn unanswered(&self, waited: Duration) -> Error {
        self.api.unanswered(Call::FindVms, waited)
    }

    /// The first page of `query`, or the one at `from`.
    pub(crate) async fn page(
        &self,
        query: &MachineQuery,
        from: Option<&SkipToken>,
        context: &Context,
    ) -> Result<MachinePage, Error> {
        const CALL: Call = Call::ListVms;
        let reply: Reply<Row> = self.ask(CALL, query, from, context).await?;
        let page = MachinePage::read(reply, from.is_none());
        page.map_err(|cause| self.api.malformed(CALL, cause))
    }

    async fn ask<T: for<'de> Deserialize<'de>>(
        &self,
        call: Call,
        query: &MachineQuery,
        skip_token: Option<&SkipToken>,
        context: &Context,
    ) -> Result<Reply<T>, Error> {
        let malformed = |error| self.api.malformed(call, Cause::new(&error));
        let question = Question {
            subscriptions: &query.subscriptions,
            query: &query.text,
            options: Options {
                top: query.top,
                skip_token,
                result_format: "objectArray",
            },
        };
        let body = serde_json::to_vec(&question).map_err(malformed)?;
        let id = correlation_id(context);
        let name = HeaderName::from_static;
        let mut request = Request::question(&self.url, call.as_str(), Bytes::from(body))
            .header(name("x-ms-client-request-id"), id.clone())
            .header(name("x-ms-correlation-request-id"), id);
        let answer = self
            .api
            .call(call, &mut request, context, RetryPolicy::INLINE)
            .await?;
        serde_json::from_slice(&answer.body).map_err(malformed)
    }
}

impl<T> Reply<T> {
    fn next(&self, is_first: bool) -> Result<Option<SkipToken>, Cause> {
        let token = self.skip_token.as_deref().map(|text| {
            let token = SkipToken::accept(text);
            token.ok_or_else(|| Cause::said("$skipToken is no token"))
        });
        let token = token.transpose()?;
        if token.is_none() && is_first && self.is_cut() {
            return Err(Cause::said(
                "rows are missing, and no $skipToken leads to them",
            ));
        }
        Ok(token)
    }

    /// Whether rows are left out of a first page for good, unless Resource Graph counts them
    /// all. A last page of several has fewer than all as well.
    ///
    /// Source: "Guidance for pagination" of Resource Graph: "When `resultTruncated` is
    /// `true`, the `$skipToken` property isn't set", and it is so "when there are less
    /// resources available than a query is requesting" as well.
    fn is_cut(&self) -> bool {
        let is_said = self.result_truncated == "true" || self.result_truncated == true;
        is_said && (self.count.is_null() || self.count != self.total_records)
    }
}

impl MachinePage {
    fn read(reply: Reply<Row>, is_first: bool) -> Result<Self, Cause> {
        let next = reply.next(is_first)?;
        Ok(Self {
            machines: reply.data.into_iter().filter_map(Row::read).collect(),
            next,
        })
    }

    /// The page that `body` is.
    #[cfg(any(fuzzing, test))]
    pub(super) fn of(body: &[u8]) -> Option<Self> {
        Self::read(serde_json::from_slice(body).ok()?, true).ok()
    }
}

impl Row {
    /// `None` where the id is not one of a virtual machine.
    fn read(self) -> Option<ListedMachine> {
        let said = |text: Option<String>| text.filter(|text| !text.is_empty());
        Some(ListedMachine {
            id: self.id.parse().ok()?,
            resource_id: self.id,
            name: self.name,
            location: self.location,
            size: said(self.size),
            power_state: PowerState::from_status(self.power_state.as_deref().unwrap_or_default()),
            provisioning_state: said(self.provisioning_state),
            tags: self.tags.unwrap_or_default(),
        })
    }
}
