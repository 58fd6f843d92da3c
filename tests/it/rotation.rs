//! The record of changes in a file that somebody moves without a word.

use std::{fs, path::Path};

use azure_sandbox::Service;

use crate::{answer::Answer, gateway::Gateway, orders::ordered};

/// Gives the record of `gateway` another name, which is returned.
fn moved(gateway: &Gateway) -> String {
    let older = format!("{}.1", gateway.records.path());
    fs::rename(gateway.records.path(), &older).unwrap();
    older
}

/// Puts what is in `older` before the rest, as whoever ships both sees them.
fn together(older: &str, gateway: &Gateway) {
    let newer = gateway.records.path();
    let lines = [older, newer].map(|path| fs::read(path).unwrap()).concat();
    fs::write(newer, lines).unwrap();
    fs::remove_file(older).unwrap();
}

#[actix_web::test]
async fn the_next_change_is_written_where_the_file_was() {
    let mut gateway = Gateway::start();
    ordered(&gateway, "web-01", "restart").await;
    let older = moved(&gateway);

    ordered(&gateway, "web-02", "restart").await;

    gateway.stop();
    assert_eq!(gateway.records.of_stage("intent").len(), 1);
    together(&older, &gateway);
}

#[actix_web::test]
async fn nothing_is_changed_until_there_can_be_a_file_where_it_was() {
    let mut gateway = Gateway::start();
    ordered(&gateway, "web-01", "restart").await;
    let older = moved(&gateway);
    fs::create_dir(gateway.records.path()).unwrap();

    let answer = gateway.post("/vms/web-02/restart").await;
    let told = (answer.status, answer.code());
    assert_eq!(told, (503, "audit_unavailable".to_owned()));
    assert_eq!(gateway.azure.requests(Service::Actions).len(), 1);
    assert_eq!(gateway.admin("/readyz").await.status, 503);

    fs::remove_dir(gateway.records.path()).unwrap();
    gateway.ready().await;
    ordered(&gateway, "web-02", "restart").await;
    gateway.stop();
    assert_eq!(gateway.records.of_stage("intent").len(), 1);
    together(&older, &gateway);
}

#[actix_web::test]
async fn what_is_no_longer_in_its_place_is_noticed_with_nothing_to_write() {
    let gateway = Gateway::start();
    gateway.ready().await;
    fs::remove_file(moved(&gateway)).unwrap();
    let path = Path::new(gateway.records.path());
    let is_made = |_: &Answer| path.is_file().then_some(());
    gateway.until("/readyz", is_made).await;

    fs::remove_file(path).unwrap();
    fs::create_dir(path).unwrap();
    let is_told = |answer: &Answer| (answer.status == 503).then_some(());
    gateway.until("/readyz", is_told).await;

    fs::remove_dir(path).unwrap();
    gateway.ready().await;
}
