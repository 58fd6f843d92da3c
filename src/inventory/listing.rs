//! All virtual machines of the scopes, page by page.

use actix_web::http::StatusCode;

use super::{Cursor, Error, Inventory, Narrowing};
use crate::{
    azure::{self, ListedMachine, MachineQuery, MachineTop, PowerState, Reason},
    http::Context,
};

/// Which virtual machines are listed, and how many at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listing {
    pub(crate) narrowing: Narrowing,
    pub(crate) power_state: Option<PowerState>,
    pub(crate) top: MachineTop,
}

/// One page of a listing.
pub(crate) struct Page {
    pub(crate) machines: Vec<ListedMachine>,
    /// What to ask for the next page with; `None` on the last.
    pub(crate) next: Option<Cursor>,
}

impl Inventory {
    /// The page of `listing` at `cursor`, the first one without: one call.
    pub(crate) async fn list(
        &self,
        listing: &Listing,
        cursor: Option<&Cursor>,
        context: &Context,
    ) -> Result<Page, Error> {
        let scopes = self.scopes(context.deadline).await?;
        let scopes = listing.narrowing.within(scopes)?;
        let query = MachineQuery::listing(scopes.iter(), listing.power_state, listing.top);
        let from = cursor.map(|cursor| cursor.token(&query)).transpose()?;
        let mut page = self
            .graph
            .page(&query, from, context)
            .await
            .map_err(|error| told_apart(error, cursor))?;
        // Azure's word is not taken for what may be seen.
        page.machines
            .retain(|it| scopes.have(it.id.subscription_id(), it.id.resource_group()));
        Ok(Page {
            machines: page.machines,
            next: page.next.map(|token| Cursor::new(&query, token)),
        })
    }
}

/// What is wrong with a query of ours would be wrong without the cursor too;
/// with one, a 400 is about its token, unless it says what else.
fn told_apart(error: azure::Error, cursor: Option<&Cursor>) -> Error {
    let is_bad = error.refusal().is_some_and(|refusal| {
        refusal.status == StatusCode::BAD_REQUEST
            && matches!(Reason::of(refusal), Reason::Unsuitable | Reason::Parameter)
    });
    if cursor.is_some() && is_bad {
        return Error::Expired;
    }
    Error::Azure(error)
}
