//! A change of a virtual machine that is not one of its power.

use actix_web::http::header::HeaderValue;
use jiff::Timestamp;

use super::{
    Error, Operation, Power, Status, Target,
    follow::Way,
    send::{Begun, as_written, may_be_taken},
};
use crate::{
    azure::{Action, Change, Submitted, VirtualMachineId},
    http::Context,
};

/// A change, and the version that it is meant for.
#[derive(Clone, Debug)]
pub(crate) struct Update {
    pub(crate) change: Change,
    /// `If-Match`, as the caller sent it.
    pub(crate) if_match: Option<HeaderValue>,
}

impl Power {
    /// Makes `update` and follows the operation to its end, whether or not the
    /// caller stays. Two changes are two operations, also when they are alike.
    pub(crate) async fn update(
        &self,
        update: &Update,
        target: &Target,
        context: &Context,
    ) -> Result<Operation, Error> {
        self.at(target, context, async |machine| {
            let power = self.clone();
            let (update, context) = (update.clone(), context.clone());
            let changing = async move {
                let begun = power.change(&update, machine, &context).await?;
                let flight = power.operations.aside();
                Ok(power.go_on(begun, flight, &context))
            };
            self.tasks.finish(changing).await?
        })
        .await
    }

    async fn change(
        &self,
        update: &Update,
        machine: VirtualMachineId,
        context: &Context,
    ) -> Result<Begun, Error> {
        if let Some(running) = self.operations.on(&machine) {
            return Err(Error::Busy(Box::new(running)));
        }
        let seen = self.looked_at(&machine, context).await?;
        let machine = as_written(&seen, machine);
        self.guard(&machine, &seen, context).await?;
        let mut operation = self.operations.begin(Action::Update, machine, &seen);
        let Update { change, if_match } = update;
        let submitted = self
            .arm
            .update(change, if_match.clone(), &operation.machine, context)
            .await;
        match submitted {
            Ok(Submitted::Running(url)) => Ok(Begun(operation, Some(Way::Status(url)))),
            Ok(Submitted::Untold) => Ok(Begun(operation, Some(Way::Observation))),
            Ok(Submitted::Done) => {
                operation.end(Status::Succeeded, Timestamp::now());
                Ok(Begun(operation, None))
            }
            Err(error) if may_be_taken(&error) => Err(Error::Lost(operation.id, error)),
            Err(error) => Err(Error::Azure(Action::Update.participle(), error)),
        }
    }
}
