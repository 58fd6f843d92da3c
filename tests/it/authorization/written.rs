//! What the record of changes says of denied calls.

use std::time::Instant;

use azure_sandbox::{Caller, CallerToken};
use futures_util::future::join_all;

use super::{Policies, denied, order, token};
use crate::callers::bearer::{entra, get};

#[actix_web::test]
async fn what_is_denied_is_written_down_as_what_it_would_have_been() {
    let mut gateway = entra(&[]);
    gateway.ready().await;
    let reader = token(&gateway.azure, &["Vm.Read"]);
    denied(&get(&gateway, "/directory/users?department=R%26D", &reader).await);
    denied(&order(&gateway, "/vms/web-01/restart", &reader).await);
    gateway.stop();

    let written = gateway.records.of_stage("denied");
    let told = written.iter().map(|line| {
        let (name, class) = (&line["activity_name"], &line["type_uid"]);
        format!("{name} {class} {}", line["api"]["operation"])
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            r#""Read" 600302 "listUsers""#,
            r#""Update" 600303 "Microsoft.Compute/virtualMachines/restart/action""#,
        ]
    );
}

#[actix_web::test]
async fn a_change_too_many_is_written_down_with_the_limit() {
    let mut gateway = entra(&[("MIG_CALLER_CHANGES", "1/10m")]);
    gateway.ready().await;
    let operator = token(&gateway.azure, &["Vm.Operate"]);
    let first = order(&gateway, "/vms/web-01/restart", &operator).await;
    let second = order(&gateway, "/vms/web-02/restart", &operator).await;
    assert_eq!([first.status, second.status], [202, 429]);
    gateway.stop();

    let written = gateway.records.of_stage("denied");
    assert_eq!(written.len(), 1, "{written:?}");
    let line = &written[0];
    assert_eq!(line["status_code"], "too_many_changes");
    assert_eq!(line["status_detail"], second.json()["detail"]);
    assert_eq!(line["http_request"]["url"]["path"], "/vms/web-02/restart");
}

#[actix_web::test]
async fn a_department_that_is_denied_is_written_down_by_its_name() {
    let policies = Policies::new(
        r#"permit (principal, action == MiGateway::Action::"listUsers",
        resource == MiGateway::Department::"Seinfeld");"#,
    );
    let mut gateway = entra(&[("MIG_POLICY_FILE", policies.path())]);
    gateway.ready().await;
    let caller = token(&gateway.azure, &["Any"]);
    let both = "/directory/users?department=Seinfeld&department=R%26D";
    denied(&get(&gateway, both, &caller).await);
    gateway.stop();

    let written = gateway.records.of_stage("denied");
    assert_eq!(written.len(), 1, "{written:?}");
    let line = &written[0];
    assert_eq!(line["status_code"], "forbidden");
    assert_eq!(line["api"]["operation"], "listUsers");
    assert_eq!(line["resources"][0]["uid"], "r&d");
}

#[actix_web::test]
async fn whoever_may_do_nothing_does_not_fill_the_record() {
    const DENIALS: u32 = 300;
    let mut gateway = entra(&[]);
    gateway.ready().await;
    let nobody = token(&gateway.azure, &["Something.Else"]);
    let begun = Instant::now();
    for _ in 0..DENIALS / 20 {
        let asked = (0..20).map(|_| get(&gateway, "/vms", &nobody));
        join_all(asked).await.iter().for_each(|it| drop(denied(it)));
    }
    let patience = u32::try_from(begun.elapsed().as_secs()).unwrap() + 1;
    let reader = gateway
        .azure
        .caller_token(&CallerToken::of(Caller::reader()));
    denied(&order(&gateway, "/vms/web-01/restart", &reader).await);
    let left_out = gateway.metric(r#"audit_failures_total{stage="denied"}"#);
    let left_out = left_out.await;
    assert_eq!(gateway.admin("/readyz").await.status, 200);
    gateway.stop();

    let written = gateway.records.of_stage("denied");
    let (others, own): (Vec<_>, Vec<_>) = written
        .iter()
        .partition(|line| line["actor"]["user"]["uid"] == Caller::reader().object_id);
    assert_eq!(others.len(), 1, "{others:?}");
    let lines = u32::try_from(own.len()).unwrap();
    assert!((60..=60 + patience).contains(&lines), "{lines}");
    assert_eq!(left_out.to_string(), (DENIALS - lines).to_string());
}
