//! What is answered while the directory is read anew.

use azure_sandbox::{Hold, Sandbox, Service};
use serde_json::json;

use super::{Rows, assert_as_in_graph, caught_up, forget_tokens, reached, rows, warm};
use crate::{gateway::Gateway, people::listing};

pub(super) const RESYNCS: &str = r#"directory_replica_rounds_total{outcome="resync"}"#;

async fn research(gateway: &Gateway) -> Rows {
    rows(gateway, listing("R&D", "&select=id,jobTitle&top=999")).await
}

/// While Graph is held, much changes and `lose` makes Graph forget the last
/// link; then each page of the reading is looked at before it comes.
async fn read_anew(lose: impl Fn(&Sandbox)) {
    let gateway = warm().await;
    let old = research(&gateway).await;
    let mut hold = gateway.azure.hold(Service::Graph);
    hold.arrived(1).await;

    let (gone, cleared) = (old.keys().next().unwrap(), old.keys().nth(7).unwrap());
    gateway.azure.purge_user(gone);
    gateway
        .azure
        .change_user(cleared, &json!({ "jobTitle": null }));
    lose(&gateway.azure);

    // The link that is lost, and nine of ten pages.
    for page in 0..10 {
        let now = research(&gateway).await;
        assert!(now.keys().eq(old.keys()), "before page {page}");
        hold = on_to_the_next(&gateway, hold).await;
    }
    hold.release();
    reached(&gateway, RESYNCS, 1.0).await;
    caught_up(&gateway).await;
    assert!(!research(&gateway).await.contains_key(gone));
    assert_as_in_graph(&gateway).await;
}

/// Lets the request that waits go on, and resolves when the one after it waits.
pub(super) async fn on_to_the_next(gateway: &Gateway, hold: Hold) -> Hold {
    let next = gateway.azure.hold(Service::Graph);
    hold.release();
    next.arrived(1).await;
    next
}

#[actix_web::test]
async fn nobody_is_missing_while_it_is_read_anew_after_410() {
    read_anew(Sandbox::forget_delta_tokens).await;
}

#[actix_web::test]
async fn nobody_is_missing_while_it_is_read_anew_after_seven_days() {
    read_anew(Sandbox::expire_delta_tokens).await;
}

#[actix_web::test]
async fn a_reading_that_is_itself_forgotten_begins_again() {
    let gateway = warm().await;
    forget_tokens(&gateway.azure).await;
    reached(&gateway, RESYNCS, 1.0).await;
    gateway.azure.churn(500, 3);
    let hold = gateway.azure.hold(Service::Graph);
    hold.arrived(1).await;
    gateway.azure.forget_delta_tokens();
    hold.release();
    caught_up(&gateway).await;
    assert_as_in_graph(&gateway).await;
}

#[actix_web::test]
async fn nothing_that_changes_during_a_reading_is_lost() {
    let gateway = warm().await;
    let mut hold = gateway.azure.hold(Service::Graph);
    hold.arrived(1).await;
    gateway.azure.forget_delta_tokens();
    for page in 0..10 {
        gateway.azure.churn(200, page);
        hold = on_to_the_next(&gateway, hold).await;
    }
    hold.release();
    caught_up(&gateway).await;
    assert_as_in_graph(&gateway).await;
}
