//! What the record of changes says of denied calls.

use super::{denied, order, token};
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
