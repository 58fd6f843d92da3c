//! Why an order is refused, and how an operation fails.

use axum::{body::Body, http::Response};
use serde_json::{Value, json};

use super::refusals;
use crate::gate::json as answer;

/// The error of an operation that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) code: String,
    pub(super) message: String,
}

impl Failure {
    /// What becomes of an operation when a newer order takes its machine over.
    ///
    /// Source: Azure/azure-rest-api-specs#22434.
    pub(super) fn preempted() -> Self {
        Self {
            code: "OperationPreempted".to_owned(),
            message: "Operation execution has been preempted by a more recent operation."
                .to_owned(),
        }
    }

    /// The status of the operation.
    ///
    /// Sources: Azure/azure-sdk-for-java#1783, and the tests of Azure's SDK for .NET, for the
    /// preempted one.
    pub(super) fn status(&self) -> &'static str {
        if *self == Self::preempted() {
            "Canceled"
        } else {
            "Failed"
        }
    }

    pub(super) fn body(&self) -> Value {
        json!({"code": self.code, "message": self.message})
    }
}

/// Why a machine does not take an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// A restart of what does not run.
    Restart,
    /// A hibernation of what does not run.
    Hibernation,
    /// A hibernation of what cannot hibernate.
    Capability,
    /// A change of the size of what is hibernated.
    Size,
}

impl Refused {
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Restart => "The operation requires the VM to be running (or set to run).",
            Self::Hibernation => {
                "The Hibernate-Deallocate Operation can only be triggered on a VM that is \
                 successfully provisioned and is running."
            }
            Self::Capability => {
                "The Hibernate-Deallocate Operation can only be triggered on a VM that is enabled \
                 for hibernation. Enable the property additionalCapabilities.hibernationEnabled \
                 during VM creation, or after stopping and deallocating the VM."
            }
            // That it is refused is from the FAQ on hibernation; the words are ours.
            Self::Size => "The size of a VM that is hibernated cannot be changed.",
        }
    }

    pub(super) fn answer(self) -> Response<Body> {
        answer(
            409,
            &refusals::envelope("OperationNotAllowed", self.message()),
        )
    }
}
