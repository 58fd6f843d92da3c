//! Names of virtual machines to resource ids, and all that there are.

mod cursor;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzz;
mod gathering;
pub(crate) mod guard;
mod listing;
mod names;
mod namesakes;
mod narrowing;
mod searched;
mod surroundings;

use std::sync::Arc;

pub(crate) use cursor::{Cursor, InvalidCursor};
pub(crate) use listing::Listing;
pub(crate) use names::{Candidates, KnownNames, is_like_scale_set_member};
pub(crate) use namesakes::Namesakes;
pub(crate) use narrowing::Narrowing;
pub(crate) use surroundings::{Metadata, Surroundings};

use crate::{
    azure::{self, Joiner, MachineQuery, ResourceGraphClient, VirtualMachineId, VmName},
    config::Scopes,
    http::{self, Context, Deadline},
    identity::InstanceMetadata,
    task::{Joined, Seat, Tasks, Unfinished},
};
use gathering::Turn;
use names::{Outcome, Wanted};
use searched::Searched;

/// Why a name leads to no virtual machine, or there is no listing.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Neither configured nor on a virtual machine.
    #[error("no resource group is configured: set MIG_SCOPES to /subscriptions/…/resourceGroups/…")]
    NoScope,
    /// The virtual machine that the gateway runs on could not be learnt.
    #[error("instance metadata does not tell the resource group; MIG_SCOPES would")]
    Metadata(#[source] http::Error),
    /// The same, where the scopes are known.
    #[error(
        "instance metadata does not tell which virtual machine the gateway runs on; until it does, \
         none is switched, unless MIG_ALLOW_SELF=on"
    )]
    Host(#[source] http::Error),
    /// IMDS answered with empty fields.
    #[error("instance metadata names no resource group; set MIG_SCOPES")]
    NoGroup,
    /// What the caller narrows the search to is not served.
    #[error("that subscription and resource group are not among what is served")]
    Outside(#[source] Searched),
    /// No virtual machine has the name.
    #[error("there is no virtual machine {0} {place}", place = .1.as_asked())]
    NotFound(VmName, #[source] Searched),
    /// Several have it.
    #[error("several virtual machines have that name")]
    Ambiguous(Namesakes),
    /// It was not given out for this listing.
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    /// Resource Graph does not know the page that the cursor leads to.
    #[error("the cursor leads to no page; begin again without it")]
    Expired,
    /// Azure said no, or nothing.
    #[error("the virtual machines could not be looked up")]
    Azure(#[source] azure::Error),
    /// The look-up did not come to its end.
    #[error(transparent)]
    Unfinished(#[from] Unfinished),
}

/// The virtual machines that the gateway serves, as one worker finds them.
pub(crate) struct Inventory {
    surroundings: Arc<Surroundings>,
    names: KnownNames,
    graph: ResourceGraphClient,
    metadata: Metadata,
    tasks: Tasks,
}

impl Inventory {
    /// An inventory that shares `surroundings` and `names` with all workers.
    pub(crate) fn new(
        surroundings: Arc<Surroundings>,
        names: KnownNames,
        graph: ResourceGraphClient,
        metadata: Metadata,
        tasks: Tasks,
    ) -> Self {
        Self {
            surroundings,
            names,
            graph,
            metadata,
            tasks,
        }
    }

    /// The resource id of the virtual machine `name`.
    ///
    /// A name is unique in its group: where only one group comes into question
    /// no call is needed, and whether it exists is for Azure to say.
    pub(crate) async fn find(
        &self,
        name: &VmName,
        narrowing: &Narrowing,
        context: &Context,
    ) -> Result<VirtualMachineId, Error> {
        let scopes = self.scopes(context.deadline).await?;
        let narrowed = narrowing.within(scopes)?;
        if let Some(id) = direct(name, &narrowed) {
            return Ok(id);
        }
        let known = self.known(name, scopes, context).await?;
        let is_within =
            |id: &&VirtualMachineId| narrowed.have(id.subscription_id(), id.resource_group());
        let mut found: Vec<_> = known.iter().filter(is_within).cloned().collect();
        match (found.pop(), found.is_empty()) {
            (Some(only), true) => Ok(only),
            (last, _) => {
                found.extend(last);
                let searched = Searched::new(narrowing, narrowed);
                Err(Namesakes::new(name.clone(), found, searched).told())
            }
        }
    }

    /// What is said of a name that nobody has where `narrowing` leads.
    pub(crate) async fn absent(
        &self,
        name: &VmName,
        narrowing: &Narrowing,
        context: &Context,
    ) -> Error {
        let narrowed = async { narrowing.within(self.scopes(context.deadline).await?) };
        match narrowed.await {
            Ok(narrowed) => Error::NotFound(name.clone(), Searched::new(narrowing, narrowed)),
            Err(error) => error,
        }
    }

    /// Every virtual machine that has the name `name`.
    pub(crate) async fn candidates(
        &self,
        name: &VmName,
        context: &Context,
    ) -> Result<Vec<VirtualMachineId>, Error> {
        let scopes = self.scopes(context.deadline).await?;
        match direct(name, scopes) {
            Some(id) => Ok(vec![id]),
            None => Ok(self.known(name, scopes, context).await?.to_vec()),
        }
    }

    /// Gives up what is remembered of the name of `id`, because Azure knows no
    /// such virtual machine there. Whether to ask for it again: not where that
    /// was not remembered.
    pub(crate) fn forget(&self, id: &VirtualMachineId) -> bool {
        self.names.forget(id)
    }

    /// The virtual machine that the gateway runs on. A container has none.
    pub(crate) async fn own_host(
        &self,
        deadline: Deadline,
    ) -> Result<Option<VirtualMachineId>, Error> {
        self.surroundings.own_host(&self.metadata, deadline).await
    }

    /// The host that the gateway runs on, where there is a metadata service to
    /// tell of it.
    pub(crate) async fn host(
        &self,
        deadline: Deadline,
    ) -> Result<Option<&InstanceMetadata>, http::Error> {
        self.surroundings.host(&self.metadata, deadline).await
    }

    /// What is served.
    pub(crate) async fn scopes(&self, deadline: Deadline) -> Result<&Scopes, Error> {
        self.surroundings.scopes(&self.metadata, deadline).await
    }

    /// The virtual machines named `name`, from the cache or from Resource
    /// Graph, which all who wait for the same name ask once; those who have
    /// the time or the turn that whoever asked had not ask together once more.
    async fn known(
        &self,
        name: &VmName,
        scopes: &Scopes,
        context: &Context,
    ) -> Result<Candidates, Error> {
        let mut joiner = Joiner::new(context);
        let outcome = loop {
            let seat = match self.names.join(name) {
                Joined::Landed(known) => break known,
                Joined::Waiting(seat) => seat,
                Joined::First(landing) => {
                    let seat = landing.seat();
                    if let Some(turn) = self.names.ask(name.clone(), landing) {
                        self.look_up(turn, scopes.clone(), context);
                        break seat.outcome().await?;
                    }
                    seat
                }
            };
            match self.shared(seat, context).await? {
                Err(error) if joiner.asks_anew(&error) => {}
                outcome => break outcome,
            }
        };
        outcome.map_err(Error::Azure)
    }

    /// Asks for all names that are left to `turn`. In a task of its own: a caller who
    /// leaves would take all others along. And in the gateway's own turn among callers: one
    /// who has too many would have those of others sent away with theirs.
    fn look_up(&self, turn: Turn<Wanted>, scopes: Scopes, context: &Context) {
        let (graph, names) = (self.graph.clone(), self.names.clone());
        let context = Context::own(context.deadline, context.trace.clone());
        drop(self.tasks.finish(async move {
            let all = turn.come(graph.patience(&context)).await;
            let query = MachineQuery::named(all.iter().map(|it| &it.name), scopes.iter());
            let found = graph.ids(&query, &context).await;
            for wanted in all {
                let those = |ids: &Vec<_>| named(&wanted.name, ids, &scopes);
                let outcome = found.as_ref().map(those).map_err(Clone::clone);
                names.land(wanted, outcome);
            }
        }));
    }

    /// How the look-up of somebody else ends, or this caller's time.
    async fn shared(&self, seat: Seat<Outcome>, context: &Context) -> Result<Outcome, Unfinished> {
        let patience = context.deadline.remaining();
        let outcome = seat.outcome_within(patience).await?;
        Ok(outcome.unwrap_or_else(|| Err(self.graph.unanswered(patience))))
    }
}

/// Those of `ids` that have the name, and are served: Azure's word is not taken for what
/// may be switched.
fn named(name: &VmName, ids: &[VirtualMachineId], scopes: &Scopes) -> Candidates {
    let is_meant = |id: &&VirtualMachineId| {
        id.name.is(name) && scopes.have(id.subscription_id(), id.resource_group())
    };
    ids.iter().filter(is_meant).cloned().collect()
}

/// The id, where only one group comes into question.
fn direct(name: &VmName, scopes: &Scopes) -> Option<VirtualMachineId> {
    let mut scopes = scopes.iter();
    let (scope, None) = (scopes.next()?, scopes.next()) else {
        return None;
    };
    let group = scope.resource_group.as_ref()?.as_str();
    let subscription_id = scope.subscription_id.as_str();
    Some(VirtualMachineId::new(subscription_id, group, name.clone()))
}
