//! Virtual machines by way of Azure Resource Manager.

mod question;

use std::time::{Duration, SystemTime};

use actix_web::{
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue, LOCATION},
    },
    web::Bytes,
};
use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::{
    Action, Api, Budgets, Call, Change, ComputeVersion, Error, OperationFault, OperationUrl, Order,
    Progress, VirtualMachine, VirtualMachineId, correlation_id, operation::Protocol,
};
use crate::{
    http::{Cause, Client, Context, Refusal, Request, Response, RetryPolicy, cut},
    identity::{ManagedIdentity, Resource},
};

use question::Question;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");
const CORRELATION_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-correlation-request-id");

/// Where Resource Manager tells how an operation goes, with a status of its own.
pub(super) const ASYNC_OPERATION: HeaderName = HeaderName::from_static("azure-asyncoperation");

/// The code of Resource Manager's refusals that hold for a whole subscription; Compute's
/// own throttling is told by machine or operation.
const SUBSCRIPTION_THROTTLED: &str = "SubscriptionRequestsThrottled";

/// Clocks that differ by no more are taken for the same: `Date` has whole seconds, and an
/// answer is on its way for a while.
const SAME_TIME: SignedDuration = SignedDuration::from_secs(2);

/// What Azure made of an order.
pub(crate) enum Submitted {
    /// It is carried out already.
    Done,
    /// It is being carried out; the end is told at this URL.
    Running(OperationUrl),
    /// It was taken, but there is no URL that can be asked for its end.
    Untold,
}

/// What Azure made of an order, and by which ids it can be asked about it.
pub(crate) struct Taken {
    pub(crate) submitted: Submitted,
    pub(crate) receipt: Receipt,
}

/// Azure's answer to a change, as its support and its Activity Log know it.
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    pub(crate) status: StatusCode,
    /// `x-ms-request-id`.
    pub(crate) request_id: Option<String>,
}

impl Receipt {
    fn of(answer: &Response) -> Self {
        Self {
            status: answer.status,
            request_id: answer.header(&REQUEST_ID).map(cut),
        }
    }

    /// Of an answer that refuses.
    pub(crate) fn of_refusal(refusal: &Refusal) -> Self {
        Self {
            status: refusal.status,
            request_id: refusal.request_id.clone(),
        }
    }
}

/// What one look at an operation gave.
pub(crate) struct Poll {
    pub(crate) progress: Progress,
    /// How long Azure wants to be left alone.
    pub(crate) retry_after: Option<Duration>,
    /// What is left of the smallest quota that such looks use up.
    pub(crate) left: Option<u32>,
    /// Where the next look is to be, if no longer here.
    pub(crate) moved: Option<OperationUrl>,
}

impl Poll {
    fn failed(failure: OperationFault) -> Self {
        Self {
            progress: Progress::Failed(failure),
            retry_after: None,
            left: None,
            moved: None,
        }
    }
}

/// What all workers know of Resource Manager.
#[derive(Clone, Default)]
pub(crate) struct ArmKnowledge {
    version: ComputeVersion,
    budgets: Budgets,
}

/// Azure Resource Manager as one worker reaches it.
#[derive(Clone)]
pub(crate) struct ArmClient {
    api: Api,
    endpoint: Url,
    known: ArmKnowledge,
}

impl ArmClient {
    /// A client of the Resource Manager at `endpoint`.
    pub(crate) fn new(
        client: Client,
        identity: ManagedIdentity,
        endpoint: Url,
        known: ArmKnowledge,
    ) -> Self {
        Self {
            api: Api {
                client,
                identity,
                resource: Resource::Arm,
            },
            endpoint,
            known,
        }
    }

    /// The virtual machine with its instance view. An answer about another one, as of who
    /// mixes up the answers on a connection, is malformed.
    pub(crate) async fn virtual_machine(
        &self,
        id: &VirtualMachineId,
        context: &Context,
    ) -> Result<VirtualMachine, Error> {
        let question = Question::look(id);
        let answer = self.ask(&question, context).await?;
        let mut machine: VirtualMachine = serde_json::from_slice(&answer.body)
            .map_err(|error| self.api.malformed(question.call, Cause::new(&error)))?;
        if !id.is_written(&machine.id) {
            let cause = Cause::said("it is about another machine");
            return Err(self.api.malformed(question.call, cause));
        }
        machine.seen_at = answered_at(answer.date(), Timestamp::now());
        machine.left = answer.provider_quota();
        Ok(machine)
    }

    /// Sends `order`. It is sent again only where nothing was sent.
    pub(crate) async fn submit(
        &self,
        order: Order,
        id: &VirtualMachineId,
        context: &Context,
    ) -> Result<Taken, Error> {
        let call = Call::Order(order.action);
        let question = Question::action(call, id, order.segment(), order.parameter());
        let answer = self.ask(&question, context).await?;
        Ok(self.taken(&answer))
    }

    /// Makes `change`, if the virtual machine is still the version `if_match`.
    pub(crate) async fn update(
        &self,
        change: &Change,
        if_match: Option<HeaderValue>,
        id: &VirtualMachineId,
        context: &Context,
    ) -> Result<Taken, Error> {
        let call = Call::Order(Action::Update);
        let json = serde_json::to_vec(change)
            .map_err(|error| self.api.malformed(call, Cause::new(&error)))?;
        let question = Question::change(call, id, Bytes::from(json), if_match);
        let answer = self.ask(&question, context).await?;
        Ok(self.taken(&answer))
    }

    /// How the operation at `url` goes.
    pub(crate) async fn progress(
        &self,
        url: &OperationUrl,
        subscription_id: &str,
        context: &Context,
    ) -> Result<Poll, Error> {
        const CALL: Call = Call::OperationStatus;
        let request = Request::get(url.expose(), CALL.as_str());
        let answer = self
            .call(CALL, request, subscription_id, context, RetryPolicy::NEVER)
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let failure = error.refusal().and_then(|refusal| url.failure(refusal));
                return failure.map(Poll::failed).ok_or(error);
            }
        };
        let progress = url
            .progress(&answer)
            .map_err(|cause| self.api.malformed(CALL, cause))?;
        Ok(Poll {
            progress,
            retry_after: answer.retry_after(),
            left: answer.provider_quota(),
            moved: url.moved(&answer, &self.endpoint),
        })
    }

    /// Waits until work that nobody waits for may ask about `subscription_id`.
    pub(crate) async fn turn(&self, subscription_id: &str) {
        self.known.budgets.turn(subscription_id).await;
    }

    /// Where it is.
    pub(super) fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    pub(super) fn malformed(&self, call: Call, cause: Cause) -> Error {
        self.api.malformed(call, cause)
    }

    /// Asks in the version that this cloud offers.
    async fn ask(&self, question: &Question<'_>, context: &Context) -> Result<Response, Error> {
        let asked = self.known.version.current();
        let refused = match self.ask_in(asked, question, context).await {
            Err(refused) => refused,
            answer => return answer,
        };
        let source = refused.exchange();
        match source.and_then(|source| self.known.version.older(asked, source)) {
            Some(older) => self.ask_in(older, question, context).await,
            None => Err(refused),
        }
    }

    async fn ask_in(
        &self,
        version: &str,
        question: &Question<'_>,
        context: &Context,
    ) -> Result<Response, Error> {
        if let Some(parameter) = question.parameter.filter(|it| version < it.since) {
            return Err(Error::Unsupported {
                parameter: parameter.callers_name,
                since: parameter.since,
                offered: version.to_owned(),
            });
        }
        let url = question.url(&self.endpoint, version);
        let (request, call) = (question.request(&url), question.call);
        let subscription_id = question.machine.subscription_id();
        self.call(call, request, subscription_id, context, RetryPolicy::INLINE)
            .await
    }

    pub(super) async fn call(
        &self,
        call: Call,
        request: Request<'_>,
        subscription_id: &str,
        context: &Context,
        policy: RetryPolicy,
    ) -> Result<Response, Error> {
        let id = correlation_id(context);
        let mut request = request
            .header(CLIENT_REQUEST_ID, id.clone())
            .header(CORRELATION_REQUEST_ID, id);
        let answer = Box::pin(self.api.call(call, &mut request, context, policy)).await;
        self.learn(call, subscription_id, &answer);
        answer
    }

    /// Notes what an answer says of the reads of its subscription: writes are counted apart,
    /// and while they are throttled, reads are not.
    ///
    /// Source: "Understand how Azure Resource Manager throttles requests".
    fn learn(&self, call: Call, subscription_id: &str, answer: &Result<Response, Error>) {
        let budgets = &self.known.budgets;
        match answer {
            Ok(response) => {
                if let Some(left) = response.reads_left() {
                    budgets.learn(subscription_id, left);
                }
            }
            Err(_) if call.is_order() => {}
            Err(error) => {
                let refusal = error.refusal();
                let throttled =
                    refusal.filter(|it| it.code.as_deref() == Some(SUBSCRIPTION_THROTTLED));
                if let Some(pause) = throttled.and_then(|it| it.retry_after) {
                    budgets.rest(subscription_id, pause);
                }
            }
        }
    }

    fn taken(&self, answer: &Response) -> Taken {
        Taken {
            submitted: self.submitted(answer),
            receipt: Receipt::of(answer),
        }
    }

    fn submitted(&self, answer: &Response) -> Submitted {
        let url = self.operation_url(answer);
        match url {
            Some(url) => Submitted::Running(url),
            None if is_under_way(answer) => Submitted::Untold,
            None => Submitted::Done,
        }
    }

    /// `Azure-AsyncOperation` before `Location`: only the former says why an
    /// operation failed.
    fn operation_url(&self, answer: &Response) -> Option<OperationUrl> {
        let told = |header, protocol| Some((protocol, answer.header(header)?));
        let (protocol, url) = told(&ASYNC_OPERATION, Protocol::AsyncOperation)
            .or_else(|| told(&LOCATION, Protocol::Location))?;
        OperationUrl::accept(protocol, url, &self.endpoint)
    }
}

/// When an answer with this `Date` was given, as it is read `now`: by the earlier of two
/// clocks that differ.
fn answered_at(date: Option<SystemTime>, now: Timestamp) -> Timestamp {
    let date = date.and_then(|date| Timestamp::try_from(date).ok());
    let is_behind = |date: &Timestamp| now.duration_since(*date) > SAME_TIME;
    date.filter(is_behind).unwrap_or(now)
}

/// Whether what `answer` takes goes on after it, wherever that is told: a change may be
/// answered 200 or 201, and last all the same.
///
/// Source: Azure/azure-resource-manager-rpc `v1.0/async-api-reference.md`.
fn is_under_way(answer: &Response) -> bool {
    answer.status == StatusCode::ACCEPTED || answer.headers().contains_key(&ASYNC_OPERATION)
}
