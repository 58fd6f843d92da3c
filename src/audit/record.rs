//! What one line says.

use std::{fmt, sync::Arc, time::Instant};

use jiff::Timestamp;
use uuid::Uuid;

use super::requester::{Requester, cut};
use crate::{
    azure::{self, Action, Call, Manner, Memory, Receipt, VirtualMachineId},
    policy::{self, Denial},
};

/// Where in the life of a change a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It is about to be sent.
    Intent,
    /// It has ended, or will not be heard of.
    Outcome,
    /// It was not allowed.
    Denied,
    /// Nothing had to be sent.
    Noop,
    /// It was under way for somebody else.
    Joined,
}

impl Stage {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Outcome => "outcome",
            Self::Denied => "denied",
            Self::Noop => "noop",
            Self::Joined => "joined",
        }
    }
}

/// A change of a virtual machine.
#[derive(Clone, Debug)]
pub(crate) struct Deed {
    pub(crate) action: Action,
    pub(crate) manner: Manner,
    pub(crate) memory: Memory,
    pub(crate) machine: VirtualMachineId,
    /// The id by which callers ask for it.
    pub(crate) operation: String,
    /// What is changed, where the action does not say.
    pub(crate) change: Option<String>,
}

/// Whether something was to be learnt or to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activity {
    Read,
    Update,
}

/// What was not allowed to whoever asked for it.
#[derive(Clone, Debug)]
pub(crate) struct Denied {
    pub(crate) activity: Activity,
    /// The operation, in Azure's words; ours where something was to be learnt.
    pub(crate) operation: String,
    /// The id of the resource, where it is known.
    pub(crate) resource: Option<String>,
    /// The code of the answer.
    pub(crate) code: &'static str,
    /// What the caller is told.
    pub(crate) detail: String,
    /// The policies that it stands on; `None` where no policy was asked.
    pub(crate) grounds: Option<Arc<[String]>>,
}

impl Denied {
    /// What `denial` keeps somebody from doing to `resource`.
    pub(crate) fn by_policy(denial: &Denial, resource: Option<String>) -> Self {
        let (activity, operation) = match denial.action {
            policy::Action::Order(action) => (Activity::Update, Call::Order(action).permission()),
            read @ (policy::Action::GetVm
            | policy::Action::GetOperation
            | policy::Action::ListUsers
            | policy::Action::GetIdentity) => (Activity::Read, read.as_str()),
        };
        Self {
            activity,
            operation: operation.to_owned(),
            resource,
            code: "forbidden",
            detail: denial.to_string(),
            grounds: Some(denial.reason.policies().into()),
        }
    }
}

/// How a change ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conclusion {
    Success,
    Failure,
    /// A newer one took its place.
    Superseded,
    /// It may have been any of the others.
    Unknown,
}

impl Conclusion {
    /// The label in metrics.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Superseded => "superseded",
            Self::Unknown => "unknown",
        }
    }
}

/// How a change ended, and why.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) conclusion: Conclusion,
    pub(crate) code: Option<String>,
    pub(crate) detail: Option<String>,
}

impl Outcome {
    /// A success, of which there may be something to say.
    pub(crate) fn success(detail: &str) -> Self {
        Self {
            conclusion: Conclusion::Success,
            code: None,
            detail: (!detail.is_empty()).then(|| cut(detail)),
        }
    }

    /// Anything else, with its code and the sentence for people.
    pub(crate) fn other(conclusion: Conclusion, code: &str, detail: &str) -> Self {
        Self {
            conclusion,
            code: Some(code.to_owned()),
            detail: Some(cut(detail)),
        }
    }

    /// What comes of a change that ended with `error`: Azure's own code where it
    /// spoke.
    pub(super) fn of_error(conclusion: Conclusion, error: &azure::Error) -> Self {
        let refusal = error.refusal();
        let code = refusal.and_then(|refusal| refusal.code.clone());
        let message = refusal.and_then(|refusal| refusal.message.as_deref());
        let said = message.map_or_else(|| crate::telemetry::chain(error), str::to_owned);
        Self {
            conclusion,
            code,
            detail: Some(cut(&said)),
        }
    }
}

/// What a line is about.
#[derive(Clone, Debug)]
pub(super) enum About {
    Deed(Deed),
    Denied(Denied),
}

/// One line.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// The lines of one change have it in common.
    pub(super) id: Uuid,
    pub(super) stage: Stage,
    pub(super) at: Timestamp,
    pub(super) about: About,
    pub(super) requester: Arc<Requester>,
    pub(super) outcome: Option<Outcome>,
    /// What Azure answered when the change was sent.
    pub(super) receipt: Option<Receipt>,
    pub(super) duration_ms: Option<u64>,
    began: Instant,
}

impl Record {
    pub(super) fn of_deed(stage: Stage, deed: Deed, requester: Arc<Requester>) -> Self {
        Self::new(stage, About::Deed(deed), requester)
    }

    pub(super) fn of_denied(denied: Denied, requester: Arc<Requester>) -> Self {
        let outcome = Outcome::other(Conclusion::Failure, denied.code, &denied.detail);
        Self::new(Stage::Denied, About::Denied(denied), requester).ended(outcome)
    }

    fn new(stage: Stage, about: About, requester: Arc<Requester>) -> Self {
        Self {
            id: Uuid::new_v4(),
            stage,
            at: Timestamp::now(),
            about,
            requester,
            outcome: None,
            receipt: None,
            duration_ms: None,
            began: Instant::now(),
        }
    }

    /// The same, with how it ended.
    pub(super) fn ended(self, outcome: Outcome) -> Self {
        Self {
            outcome: Some(outcome),
            ..self
        }
    }

    /// The second line of what this is the first of.
    pub(super) fn second(&self, outcome: Outcome, receipt: Option<Receipt>) -> Self {
        let took = self.began.elapsed().as_millis();
        Self {
            stage: Stage::Outcome,
            at: Timestamp::now(),
            outcome: Some(outcome),
            receipt,
            duration_ms: took.try_into().ok(),
            ..self.clone()
        }
    }

    /// The outcome in metrics.
    pub(super) fn conclusion(&self) -> &'static str {
        let outcome = self.outcome.as_ref();
        outcome.map_or("none", |outcome| outcome.conclusion.as_str())
    }
}

impl Deed {
    /// Azure's name of what is done, as its Activity Log has it.
    pub(super) const fn operation_name(&self) -> &'static str {
        Call::Order(self.action).permission()
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
