//! What the record of changes says of denied calls.

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
