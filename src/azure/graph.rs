//! Users by way of Microsoft Graph.

use std::borrow::Cow;

use actix_web::{
    http::header::{ACCEPT, HeaderName, HeaderValue},
    web::Bytes,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

use super::{Api, Call, Error, PageLink, UserQuery, correlation_id};
use crate::{
    http::{Cause, Client, Context, Request, RetryPolicy},
    identity::{ManagedIdentity, Resource},
};

const CALL: Call = Call::ListUsers;

/// One page of users.
pub(crate) struct UserPage {
    /// A JSON array of users, as Graph wrote it: reading and writing each user
    /// again would cost three times the rest of the request.
    pub(crate) users: Bytes,
    /// Where the listing goes on; `None` on the last page.
    pub(crate) next: Option<PageLink>,
}

/// Microsoft Graph as one worker reaches it.
#[derive(Clone)]
pub(crate) struct GraphClient {
    api: Api,
    users: String,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    value: &'a RawValue,
    #[serde(borrow, default, rename = "@odata.nextLink")]
    next: Option<Cow<'a, str>>,
}

impl GraphClient {
    /// A client of the Graph at `endpoint`.
    pub(crate) fn new(client: Client, identity: ManagedIdentity, endpoint: &Url) -> Self {
        Self {
            api: Api {
                client,
                identity,
                resource: Resource::Graph,
            },
            users: format!("{}/v1.0/users?", endpoint.origin().ascii_serialization()),
        }
    }

    /// The first page of `query`, or the one at `link`.
    pub(crate) async fn users(
        &self,
        query: &UserQuery,
        link: Option<&PageLink>,
        context: &Context,
    ) -> Result<UserPage, Error> {
        let mut url = self.users.clone();
        match link {
            Some(link) => url.push_str(link.as_str()),
            None => url.push_str(&query.first_page()),
        }
        let request = Request::get(&url, CALL.as_str())
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .header(
                HeaderName::from_static("client-request-id"),
                correlation_id(context),
            );
        let answer = self
            .api
            .call(CALL, request, context, RetryPolicy::INLINE)
            .await?;
        self.page(&answer.body, query)
            .map_err(|cause| self.api.malformed(CALL, cause))
    }

    fn page(&self, body: &Bytes, query: &UserQuery) -> Result<UserPage, Cause> {
        let envelope: Envelope<'_> =
            serde_json::from_slice(body).map_err(|error| Cause::new(&error))?;
        let users = envelope.value.get().as_bytes();
        if !users.starts_with(b"[") {
            return Err(Cause::said("value is not a list"));
        }
        let next = match envelope.next {
            None => None,
            Some(link) => Some(self.further(&link, query)?),
        };
        Ok(UserPage {
            users: body.slice_ref(users),
            next,
        })
    }

    /// Only a link into the same listing is followed: our token goes with it.
    fn further(&self, link: &str, query: &UserQuery) -> Result<PageLink, Cause> {
        link.strip_prefix(&self.users)
            .and_then(|text| PageLink::accept(text, query))
            .ok_or_else(|| Cause::said("@odata.nextLink leads out of the listing"))
    }
}
