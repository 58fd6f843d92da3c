//! Orders for virtual machines.

#[cfg(any(fuzzing, test))]
pub(super) mod fuzz;

use std::{
    future::{Ready, ready},
    rc::Rc,
};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::header::{IF_MATCH, IF_NONE_MATCH},
    web::{Path, Query, ThinData},
};
use serde::Deserialize;

use super::{
    Problem,
    authorized::{self, Authorized},
    body::NoBody,
    operations,
    prefer::Prefer,
    rehearsal,
    vms::absent,
};
use crate::{
    azure::{Action, Order},
    http::Context,
    inventory::Narrowing,
    power::{Power, Precedence, Target},
};

/// What an action can be told; each takes its own alone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Asked {
    subscription_id: Option<String>,
    resource_group: Option<String>,
    supersede: Option<String>,
    hibernate: Option<String>,
    force: Option<String>,
    skip_shutdown: Option<String>,
    dry_run: Option<String>,
}

/// Proof that the order is bound to no version: none is looked at before it is sent, and
/// what is bound to one that is gone must not be done (RFC 9110, 13.1.1). There is no date
/// of a machine, so that dates in conditions are overlooked (13.1.4).
pub(super) struct Unconditional;

impl FromRequest for Unconditional {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let headers = request.headers();
        let is_bound = headers.contains_key(IF_MATCH) || headers.contains_key(IF_NONE_MATCH);
        ready(if is_bound {
            Err(Problem::invalid(
                "an order is bound to no version, and takes neither If-Match nor If-None-Match; \
                 dryRun=true looks at the machine first",
            ))
        } else {
            Ok(Self)
        })
    }
}

/// What every action is made of.
type Parts<P> = (
    Authorized<P>,
    Path<String>,
    Query<Asked>,
    Unconditional,
    NoBody,
    Prefer,
    ThinData<Rc<Power>>,
    Context,
);

/// `POST /vms/{name}/deallocate`
pub(super) async fn deallocate(
    parts: Parts<authorized::Deallocate>,
) -> Result<HttpResponse, Problem> {
    let order = parts.2.deallocation()?;
    carried_out(order, parts).await
}

/// `POST /vms/{name}/start`
pub(super) async fn start(parts: Parts<authorized::Start>) -> Result<HttpResponse, Problem> {
    plain(Action::Start, parts).await
}

/// `POST /vms/{name}/restart`
pub(super) async fn restart(parts: Parts<authorized::Restart>) -> Result<HttpResponse, Problem> {
    plain(Action::Restart, parts).await
}

/// `POST /vms/{name}/powerOff`
pub(super) async fn power_off(parts: Parts<authorized::PowerOff>) -> Result<HttpResponse, Problem> {
    let order = parts.2.power_off()?;
    carried_out(order, parts).await
}

/// `POST /vms/{name}/redeploy`
pub(super) async fn redeploy(parts: Parts<authorized::Redeploy>) -> Result<HttpResponse, Problem> {
    plain(Action::Redeploy, parts).await
}

/// `POST /vms/{name}/reapply`
pub(super) async fn reapply(parts: Parts<authorized::Reapply>) -> Result<HttpResponse, Problem> {
    plain(Action::Reapply, parts).await
}

/// An action that has no parameters of its own.
async fn plain<P>(action: Action, parts: Parts<P>) -> Result<HttpResponse, Problem> {
    let order = parts.2.plain(action)?;
    carried_out(order, parts).await
}

async fn carried_out<P>(order: Order, parts: Parts<P>) -> Result<HttpResponse, Problem> {
    let (authorized, name, asked, Unconditional, NoBody, prefer, power, context) = parts;
    let target = Target {
        name: name.parse()?,
        narrowing: asked.narrowing()?,
    };
    let precedence = asked.precedence()?;
    let requester = authorized.requester();
    if asked.is_rehearsal()? {
        return rehearsal::answer(order, &target, precedence, &power, requester, &context).await;
    }
    let allowance = authorized.change()?;
    let ordered = power.order(order, &target, precedence, requester, &context);
    let operation = ordered
        .await
        .map_err(|error| absent(&target.name, error.into()))?;
    let operation = power.settled(operation, prefer.patience()).await;
    Ok(allowance.told(operations::ordered(&operation, prefer)))
}

impl Asked {
    fn deallocation(&self) -> Result<Order, Problem> {
        let hibernate = flag("hibernate", self.hibernate.as_deref())?;
        let force = flag("force", self.force.as_deref())?;
        let order = match (hibernate, force) {
            (false, false) => Order::graceful(Action::Deallocate),
            (true, false) => Order::graceful(Action::Hibernate),
            (false, true) => Order::forced(Action::Deallocate),
            (true, true) => {
                return Err(Problem::invalid(
                    "hibernate keeps the guest's memory and force does not wait for the guest: use \
                     one of them",
                ));
            }
        };
        refuse("skipShutdown", self.skip_shutdown.as_ref())?;
        // Whoever does not say it may not know that there is a memory.
        let is_refused = self.hibernate.is_some() && !hibernate;
        Ok(if is_refused {
            order.discarding()
        } else {
            order
        })
    }

    fn power_off(&self) -> Result<Order, Problem> {
        refuse("hibernate", self.hibernate.as_ref())?;
        refuse("force", self.force.as_ref())?;
        let skip_shutdown = flag("skipShutdown", self.skip_shutdown.as_deref())?;
        Ok(if skip_shutdown {
            Order::forced(Action::PowerOff)
        } else {
            Order::graceful(Action::PowerOff)
        })
    }

    fn plain(&self, action: Action) -> Result<Order, Problem> {
        refuse("hibernate", self.hibernate.as_ref())?;
        refuse("force", self.force.as_ref())?;
        refuse("skipShutdown", self.skip_shutdown.as_ref())?;
        Ok(Order::graceful(action))
    }

    fn narrowing(&self) -> Result<Narrowing, Problem> {
        let (subscription, group) = (&self.subscription_id, &self.resource_group);
        Ok(Narrowing::read(subscription.as_deref(), group.as_deref())?)
    }

    fn precedence(&self) -> Result<Precedence, Problem> {
        Ok(if flag("supersede", self.supersede.as_deref())? {
            Precedence::Supersede
        } else {
            Precedence::Wait
        })
    }

    fn is_rehearsal(&self) -> Result<bool, Problem> {
        flag("dryRun", self.dry_run.as_deref())
    }
}

/// A parameter that is `true` or `false`, and false unless it is given.
fn flag(name: &str, given: Option<&str>) -> Result<bool, Problem> {
    match given {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Problem::invalid(format!("{name} is true or false"))),
    }
}

/// A parameter of other actions: whoever gives it means something by it that
/// would not happen.
fn refuse(name: &str, given: Option<&String>) -> Result<(), Problem> {
    match given {
        None => Ok(()),
        Some(_) => Err(Problem::invalid(format!("this action takes no {name}"))),
    }
}
