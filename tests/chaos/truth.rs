//! What callers are told, held against what the local Azure has done.
//!
//! An operation is told by Azure's word for it, or by a look at the machine where that
//! is not to be had. A look cannot tell who brought the machine where it is: it may
//! call an operation succeeded that another order completed, or that failed and left the
//! machine where it was wanted and had been before. It may not do so before that.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, SystemTime},
};

use azure_sandbox::{Order, Standing};
use serde_json::Value;

/// How long an answer may take that shows a machine: what it shows may have ended before
/// the operation begins that follows on it.
const SHOWN: Duration = Duration::from_secs(1);

/// What becomes of an operation when a newer order takes its machine over.
const PREEMPTED: &str = "OperationPreempted";

/// An operation as somebody was told of it.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) id: String,
    machine: String,
    action: String,
    status: String,
    /// Whether nothing had to be sent for it.
    pub(crate) is_noop: bool,
}

impl Told {
    /// The operation `id`, of which machine and action are parts.
    pub(crate) fn new(id: &str, status: &str) -> Self {
        let mut parts = id.split('.');
        let mut part = || parts.next().unwrap_or_default().to_owned();
        Self {
            id: id.to_owned(),
            machine: part(),
            action: part(),
            status: status.to_owned(),
            is_noop: false,
        }
    }

    /// The operation in the body of an answer, if there is one.
    pub(crate) fn of(body: &Value) -> Option<Self> {
        let told = Self::new(body["id"].as_str()?, body["status"].as_str()?);
        let is_noop = body["noop"] == true;
        body["vm"].is_object().then_some(Self { is_noop, ..told })
    }

    /// What of it is not so, given the order that carries it out, if Azure took one,
    /// and all that Azure took.
    pub(crate) fn fault(&self, own: Option<&Order>, orders: &[Order]) -> Option<String> {
        let standing = own.map(|order| &order.standing);
        let is_true = match self.status.as_str() {
            "Succeeded" if self.is_noop => own.is_none(),
            // What changes no more than tags is done at once, and no order there.
            "Succeeded" if self.action == "update" && own.is_none() => true,
            "Succeeded" => {
                matches!(standing, Some(Standing::Succeeded(_)))
                    || self.is_completed(own, orders)
                    || self.was_needless(own, orders)
            }
            "Failed" | "Canceled" => match standing {
                None => true,
                Some(Standing::Failed(code)) => code != PREEMPTED,
                Some(Standing::UnderWay | Standing::Succeeded(_)) => false,
            },
            "Superseded" => standing == Some(&Standing::Failed(PREEMPTED.to_owned())),
            "InProgress" | "Unknown" => true,
            _ => false,
        };
        (!is_true).then(|| format!("{} is told as {}; in Azure: {own:?}", self.id, self.status))
    }

    /// Whether it failed or never came to Azure, of a machine that rested before where it
    /// was to lead: at first machines run.
    fn was_needless(&self, own: Option<&Order>, orders: &[Order]) -> bool {
        let began = self.began(own);
        let before = orders.iter().filter(|order| is_of(order, &self.machine));
        let before = before.filter_map(|order| {
            let ended = ended(order).filter(|at| *at <= began)?;
            Some((ended, led_to(order.action)?))
        });
        let rested = before.max().map_or("running", |(_, state)| state);
        let has_failed = own
            .is_none_or(|own| matches!(&own.standing, Standing::Failed(code) if code != PREEMPTED));
        has_failed && goal(&self.action) == Some(rested)
    }

    /// Whether an order of no less than its age led the machine where it leads.
    fn is_completed(&self, own: Option<&Order>, orders: &[Order]) -> bool {
        let began = self.began(own);
        let leads_there = |order: &&Order| {
            is_of(order, &self.machine) && is_compatible(goal(&self.action), led_to(order.action))
        };
        let mut led = orders.iter().filter(leads_there).filter_map(ended);
        led.any(|at| at >= began)
    }

    /// When it began: the order that carries it out did; of none, what its id says. One
    /// of the future is by a clock of Azure that was ahead, and may have begun at any time.
    fn began(&self, own: Option<&Order>) -> SystemTime {
        if let Some(order) = own {
            return order.began;
        }
        let told = began(&self.id);
        let told = told.filter(|at| *at <= SystemTime::now());
        told.map_or(SystemTime::UNIX_EPOCH, |at| at - SHOWN)
    }
}

/// When the operation `id` began, as it says: it ends with the time in milliseconds, and
/// eight digits more.
pub(crate) fn began(id: &str) -> Option<SystemTime> {
    let time = id.rsplit('.').next()?;
    let digits = time.get(..time.len().checked_sub(8)?)?;
    let millis = u64::from_str_radix(digits, 16).ok()?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
}

/// When an order was carried out, if it was.
fn ended(order: &Order) -> Option<SystemTime> {
    match order.standing {
        Standing::Succeeded(at) => Some(at),
        Standing::UnderWay | Standing::Failed(_) => None,
    }
}

/// Whether what was wanted may be what came; nothing in particular is anything.
fn is_compatible(wanted: Option<&str>, came: Option<&str>) -> bool {
    wanted.is_none() || came.is_none() || wanted == came
}

/// The power state in which an order leaves its machine; of what was to come to rest
/// elsewhere when it was redeployed or reapplied, there.
fn led_to(action: &str) -> Option<&'static str> {
    match action {
        "restart" => Some("running"),
        _ => goal(action),
    }
}

/// The power state for which an action is ordered, if it is for one.
fn goal(action: &str) -> Option<&'static str> {
    match action {
        "deallocate" | "hibernate" => Some("deallocated"),
        "start" => Some("running"),
        "powerOff" => Some("stopped"),
        _ => None,
    }
}

fn is_of(order: &Order, machine: &str) -> bool {
    let name = order.machine.rsplit('/').next().unwrap_or_default();
    name.eq_ignore_ascii_case(machine)
}

/// What is not so of a machine that was told to be in `state`, when it was asked for
/// at `asked` and is in `now` by now.
pub(crate) fn machine_fault(
    (name, state): (&str, &str),
    now: &str,
    asked: SystemTime,
    orders: &[Order],
) -> Option<String> {
    // A failed order leaves no time of its end: it may have shown for as long as
    // orders take.
    let since = asked - Duration::from_secs(30);
    let has_changed =
        orders
            .iter()
            .filter(|it| is_of(it, name))
            .any(|order| match order.standing {
                Standing::UnderWay => true,
                Standing::Succeeded(at) => at >= asked,
                Standing::Failed(_) => order.began >= since,
            });
    (state != now && !has_changed)
        .then(|| format!("{name} is told as {state}; in Azure it is {now}, and nothing changed it"))
}

/// The orders that Azure took with ids that are `denied`: whoever gave them cannot know.
pub(crate) fn denied<'a>(
    denied: &HashSet<String>,
    orders: &'a [Order],
) -> impl Iterator<Item = &'a Order> {
    let is_denied = |order: &&Order| {
        let id = order.correlation_id.as_deref();
        id.is_some_and(|id| denied.contains(id))
    };
    orders.iter().filter(is_denied)
}

/// The orders by the correlation ids that they came with.
pub(crate) fn by_correlation(orders: &[Order]) -> HashMap<&str, &Order> {
    let ids = orders.iter().filter_map(|order| {
        let id = order.correlation_id.as_deref()?;
        Some((id, order))
    });
    ids.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(action: &'static str, seconds: u64, standing: Standing) -> Order {
        Order {
            machine: "/subscriptions/s/virtualMachines/web-01".to_owned(),
            action,
            correlation_id: None,
            began: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds),
            standing,
        }
    }

    fn at(seconds: u64) -> Standing {
        Standing::Succeeded(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
    }

    #[test]
    fn an_end_that_did_not_come_is_a_fault() {
        let told = |status| Told::new("web-01.deallocate.0", status);
        let running = order("deallocate", 10, Standing::UnderWay);
        let orders = [running.clone(), order("deallocate", 5, at(9))];
        for status in ["Succeeded", "Failed", "Superseded", "Done"] {
            let fault = told(status).fault(Some(&running), &orders);
            assert!(fault.is_some(), "{status}");
        }
        assert_eq!(told("InProgress").fault(Some(&running), &orders), None);
    }

    #[test]
    fn a_later_order_may_complete_an_earlier_one() {
        let preempted = order("start", 1, Standing::Failed(PREEMPTED.to_owned()));
        let told = Told::new("web-01.start.0", "Succeeded");
        let other = order("deallocate", 2, at(3));
        let later = order("start", 4, at(5));
        assert!(
            told.fault(Some(&preempted), std::slice::from_ref(&other))
                .is_some()
        );
        assert_eq!(told.fault(Some(&preempted), &[other, later]), None);
    }

    #[test]
    fn a_failed_order_is_told_as_succeeded_only_where_it_was_needless() {
        let failed = order("start", 9, Standing::Failed("AllocationFailed".to_owned()));
        let told = Told::new("web-01.start.0", "Succeeded");
        let (off, on) = (order("deallocate", 1, at(2)), order("restart", 3, at(4)));
        assert!(
            told.fault(Some(&failed), std::slice::from_ref(&off))
                .is_some()
        );
        assert_eq!(told.fault(Some(&failed), &[off, on]), None);
    }

    #[test]
    fn what_never_came_to_azure_is_completed_by_what_came_later_alone() {
        let id = |action| format!("web-01.{action}.{:011x}00000000", 10_000);
        let fault = |action, order| Told::new(&id(action), "Succeeded").fault(None, &[order]);
        assert!(fault("restart", order("restart", 1, at(2))).is_some());
        assert_eq!(fault("restart", order("restart", 1, at(12))), None);
        assert!(fault("deallocate", order("deallocate", 1, at(12))).is_none());
        // It was there before, which a look cannot tell from being brought there.
        assert_eq!(fault("deallocate", order("deallocate", 1, at(2))), None);
        assert!(fault("start", order("deallocate", 1, at(2))).is_some());
    }

    #[test]
    fn an_order_that_was_denied_and_taken_is_a_fault() {
        let order = |id: &str| Order {
            correlation_id: Some(id.to_owned()),
            ..order("restart", 1, Standing::UnderWay)
        };
        let orders = [order("one"), order("other")];
        let ids = HashSet::from(["one".to_owned(), "none".to_owned()]);
        assert!(denied(&ids, &orders).eq(&orders[..1]));
    }

    #[test]
    fn a_state_that_nothing_led_to_is_a_fault() {
        let asked = SystemTime::UNIX_EPOCH + Duration::from_mins(10);
        let fault =
            |orders: &[Order]| machine_fault(("web-01", "deallocated"), "running", asked, orders);
        assert!(fault(&[order("start", 300, at(400))]).is_some());
        assert_eq!(fault(&[order("start", 300, at(601))]), None);
    }
}
