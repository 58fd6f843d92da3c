//! What Resource Manager was ordered and has carried out, for those who compare it
//! with what they were told.

use std::time::{Instant, SystemTime};

use super::Arm;

/// An order that was taken, with its operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The resource id of the machine.
    pub machine: String,
    /// `deallocate`, `hibernate`, `start`, `restart`, `powerOff`, `redeploy`,
    /// `reapply` or `resize`.
    pub action: &'static str,
    /// `x-ms-correlation-request-id` of the request.
    pub correlation_id: Option<String>,
    /// When the change began; one that joins another begins with it.
    pub began: SystemTime,
    /// How it stands.
    pub standing: Standing,
}

/// How an order stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is being carried out.
    UnderWay,
    /// It was carried out, at this time.
    Succeeded(SystemTime),
    /// It failed, with this code: `OperationPreempted` where a newer order took the
    /// machine over.
    Failed(String),
}

impl Arm {
    /// Every order that is remembered, in no order.
    pub(crate) fn orders(&self) -> Vec<Order> {
        let (state, now) = (self.state(), Instant::now());
        let operations = state.operations.values();
        operations.map(|operation| operation.order(now)).collect()
    }
}
