//! Azure Resource Manager and Microsoft Graph as typed clients.

mod action;
mod app_role;
mod arm;
mod budget;
mod call;
mod change;
mod delta;
mod denied;
mod effective;
mod envelope;
mod explanation;
pub(crate) mod fold;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzz;
mod graph;
mod id;
mod joiner;
mod kql;
mod machine_query;
mod odata;
mod operation;
mod page_link;
mod probe;
mod refusal;
mod resource_graph;
mod role_assignment;
mod throttle;
mod user_property;
mod user_values;
mod users;
mod version;
mod vm;

use std::time::Duration;

use actix_web::http::{StatusCode, header::HeaderValue};
use uuid::Uuid;

pub(crate) use action::{Action, Manner, Memory, Order};
pub(crate) use app_role::AppRoleGrant;
pub(crate) use arm::{ArmClient, ArmKnowledge, Receipt, Submitted, Taken};
pub(crate) use call::Call;
pub(crate) use change::{Change, InvalidChange, Tags};
pub(crate) use delta::{Changes, DeltaLink, Next, UserChange, is_resync_needed};
pub(crate) use denied::Denied;
pub(crate) use effective::{Effective, needed};
pub(crate) use explanation::explanation;
pub(crate) use graph::{GraphClient, Priority, UserPage};
pub(crate) use id::{InvalidName, VirtualMachineId, VmName};
pub(crate) use joiner::Joiner;
pub(crate) use machine_query::{InvalidTop, MachineQuery, MachineTop};
pub(crate) use operation::{OperationFault, OperationUrl, Progress};
pub(crate) use page_link::PageLink;
pub(crate) use probe::Sight;
pub(crate) use refusal::Reason;
pub(crate) use resource_graph::{ListedMachine, ResourceGraphClient, SkipToken};
pub(crate) use role_assignment::{PrincipalType, RoleAssignment};
pub(crate) use throttle::{LONGEST_GRAPH_PAUSE, Throttle};
pub(crate) use user_property::{Select, UserProperty};
pub(crate) use user_values::{
    Department, Departments, InvalidQuery, Prefix, Top, UserType, lowered,
};
pub(crate) use users::UserQuery;

pub(crate) use vm::{LastChange, PowerState, VirtualMachine};

#[cfg(test)]
pub(crate) use budget::Pace;

use budget::Budgets;
use version::ComputeVersion;

use crate::{
    http::{self, Cause, Client, Context, Request, Response, RetryPolicy},
    identity::{AccessToken, ManagedIdentity, Moment, Resource, TokenError},
    telemetry::TraceContext,
};

/// Why Azure did not do what was asked of it.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Nothing was asked: there is no token to ask with.
    #[error("no token for {service}")]
    Token {
        service: &'static str,
        #[source]
        source: TokenError,
    },
    /// It was asked, and this came of it.
    #[error("{service} did not carry out {call}")]
    Upstream {
        service: &'static str,
        call: Call,
        /// The age of the token that was sent along: a grant may be younger.
        token_age: Option<Duration>,
        /// How the permission is granted, where Graph misses it.
        grant: Option<Box<AppRoleGrant>>,
        #[source]
        source: http::Error,
    },
    /// It was not asked: this cloud is not that far.
    #[error(
        "{parameter} needs Microsoft.Compute {since}, and the newest that this cloud offers is \
         {offered}"
    )]
    Unsupported {
        parameter: &'static str,
        since: &'static str,
        offered: String,
    },
}

impl Error {
    /// Why the exchange failed, when there was one.
    pub(crate) fn exchange(&self) -> Option<&http::Error> {
        match self {
            Self::Upstream { source, .. } => Some(source),
            Self::Token { .. } | Self::Unsupported { .. } => None,
        }
    }

    /// Whether Azure knows no such thing.
    pub(crate) fn is_not_found(&self) -> bool {
        let refusal = self.refusal();
        refusal.is_some_and(|refusal| refusal.status == StatusCode::NOT_FOUND)
    }

    /// Whether it passes by itself: Azure throttles, fails or is away.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Token { .. } => true,
            Self::Unsupported { .. } => false,
            Self::Upstream { source, .. } => match source.refusal() {
                None => true,
                Some(refusal) => matches!(
                    Reason::of(refusal),
                    Reason::Throttled | Reason::TooSlow | Reason::Failed
                ),
            },
        }
    }

    /// Whether no answer came in the time of whoever asked.
    pub(crate) fn is_late(&self) -> bool {
        matches!(self.exchange(), Some(http::Error::Timeout(_)))
    }

    /// Whether it is no word of Azure's that it came to: whoever asked had no time left, or
    /// got no turn.
    pub(crate) fn is_of_whoever_asked(&self) -> bool {
        self.is_late() || matches!(self.exchange(), Some(http::Error::Busy(_)))
    }

    /// The refusal, when Azure gave one.
    pub(crate) fn refusal(&self) -> Option<&http::Refusal> {
        self.exchange()?.refusal()
    }
}

/// One worker's way to one Azure API, token included.
#[derive(Clone)]
struct Api {
    client: Client,
    identity: ManagedIdentity,
    resource: Resource,
}

impl Api {
    /// Sends `request` with a token, and once more with another if Azure
    /// rejects the first, unless no other will do either. That is safe for
    /// every verb: a request without authentication is refused before it is
    /// looked at.
    async fn call<'a>(
        &self,
        call: Call,
        request: &mut Request<'a>,
        context: &'a Context,
        policy: RetryPolicy,
    ) -> Result<Response, Error> {
        request.join(context);
        let token = self
            .identity
            .token(self.resource, context.deadline, Some(&context.trace))
            .await
            .map_err(|source| self.no_token(source))?;
        request.authorize(token.authorization());
        let answer = self.client.send(request, context.deadline, policy).await;
        let rejection = match answer {
            Err(error) if is_rejection(&error) => error,
            answer => return self.told(call, &token, answer),
        };
        let other = match self.identity.replace(self.resource, &token, context).await {
            Ok(other) => other,
            // Azure's own words say more than that there is no other token.
            Err(TokenError::Unchanged) => return Err(self.failed(call, Some(&token), rejection)),
            Err(source) => return Err(self.no_token(source)),
        };
        request.authorize(other.authorization());
        let answer = self.client.send(request, context.deadline, policy).await;
        self.told(call, &other, answer)
    }

    /// What Azure answered to a call with `token`.
    fn told(
        &self,
        call: Call,
        token: &AccessToken,
        answer: Result<Response, http::Error>,
    ) -> Result<Response, Error> {
        match &answer {
            Ok(_) => token.serve(),
            Err(error) if is_rejection(error) => token.reject(),
            Err(error) if is_of_whom_it_knows(error) => token.serve(),
            Err(_) => {}
        }
        answer.map_err(|source| self.failed(call, Some(token), source))
    }

    fn no_token(&self, source: TokenError) -> Error {
        Error::Token {
            service: self.client.service(),
            source,
        }
    }

    fn failed(&self, call: Call, token: Option<&AccessToken>, source: http::Error) -> Error {
        Error::Upstream {
            service: self.client.service(),
            call,
            token_age: token.map(|token| token.age(Moment::now())),
            grant: None,
            source,
        }
    }

    /// What is said to whoever waited so long for what is asked for somebody else.
    fn unanswered(&self, call: Call, waited: Duration) -> Error {
        self.failed(call, None, http::Error::Timeout(waited))
    }

    fn malformed(&self, call: Call, cause: Cause) -> Error {
        self.failed(call, None, http::Error::Malformed(cause))
    }
}

fn is_rejection(error: &http::Error) -> bool {
    error
        .refusal()
        .is_some_and(|refusal| Reason::of(refusal).calls_for_another_token())
}

/// Whether Azure tells what there is, or what may not be done: so it took the token. 401 may
/// be of another tenant's subscription, and says nothing of the token elsewhere.
fn is_of_whom_it_knows(error: &http::Error) -> bool {
    error.refusal().is_some_and(|refusal| {
        matches!(
            refusal.status,
            StatusCode::FORBIDDEN
                | StatusCode::NOT_FOUND
                | StatusCode::CONFLICT
                | StatusCode::PRECONDITION_FAILED
        )
    })
}

/// The trace id as a GUID: Azure shows it in its logs and support tickets, and
/// there it joins them to ours.
pub(crate) fn correlation(trace: &TraceContext) -> Uuid {
    Uuid::from_bytes(trace.id())
}

fn correlation_id(context: &Context) -> HeaderValue {
    let id = correlation(&context.trace).hyphenated();
    ascii(id.encode_lower(&mut Uuid::encode_buffer()))
}

/// A header value of text that is known to be plain.
fn ascii(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
