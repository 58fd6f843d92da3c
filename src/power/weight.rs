//! What an order takes while it waits for Azure.

use std::{rc::Rc, sync::Arc};

use super::{Power, Precedence, Target, Update};
use crate::{audit::Requester, azure::Order, http::Context};

/// Thousands may wait at once, and what is done for each is in a task of its own.
const MOST: usize = 4 * 1024;

type Asked<T> = (
    &'static Rc<Power>,
    T,
    &'static Target,
    &'static Arc<Requester>,
    &'static Context,
);

/// The size of the future that `begin` gives.
fn size<T, F: Future>(_begin: impl FnOnce(Asked<T>) -> F) -> usize {
    size_of::<F>()
}

#[test]
fn an_order_that_waits_does_not_hold_what_is_done_for_it() {
    let order = size(|(power, order, target, requester, context): Asked<Order>| {
        power.order(order, target, Precedence::Wait, requester, context)
    });
    assert!(order <= MOST, "{order} bytes");
}

#[test]
fn a_change_that_waits_does_not_hold_what_is_done_for_it() {
    let change = size(
        |(power, update, target, requester, context): Asked<&'static Update>| {
            power.update(update, target, requester, context)
        },
    );
    assert!(change <= MOST, "{change} bytes");
}
