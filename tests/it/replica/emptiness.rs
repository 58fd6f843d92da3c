//! What a replica in which nobody is found says.

use azure_sandbox::{Fault, Host, Sandbox, Service, Settings, Times};

use super::{REPLICA, rounds};
use crate::{answer::Answer, gateway::Gateway, people::listing};

const FORMS: [&str; 3] = ["application/json", "text/csv", "application/x-ndjson"];

fn before(azure: Sandbox) -> Gateway {
    Gateway::before(azure, Host::ContainerApp, &REPLICA)
}

async fn in_form(gateway: &Gateway, path: &str, form: &str) -> Answer {
    let accept = [("accept", form)];
    gateway
        .send("GET", gateway.api, path, &accept, Vec::new())
        .await
}

#[actix_web::test]
async fn nobody_is_no_answer_while_graph_shows_no_departments() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    // A round of changes, and a listing.
    let link = format!("{}/v1.0/users/delta?$deltatoken=x", azure.url());
    let body = format!(r#"{{"value":[],"@odata.deltaLink":"{link}"}}"#);
    let hidden = Fault::answer(200, &body);
    azure.inject(Service::Graph, hidden, Times::Always);
    let gateway = before(azure);
    rounds(&gateway, 1.0).await;
    gateway.standing("silently_empty").await;
    for form in FORMS {
        let answer = in_form(&gateway, &listing("R&D", ""), form).await;
        let told = (answer.status, answer.code());
        assert_eq!(told, (502, "upstream_refused".to_owned()), "{form}");
        assert!(answer.text().contains("User.ReadBasic.All"));
    }
    let asked = gateway.listings();
    assert!(asked.iter().all(|it| it.path.ends_with("/users/delta")));
}

#[actix_web::test]
async fn nobody_is_an_answer_while_graph_is_away_if_others_have_departments() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let broken = Fault::answer(500, "{}");
    azure.inject(Service::Graph, broken, Times::Always);
    let gateway = before(azure);
    gateway.standing("unreachable").await;
    gateway.azure.clear(Service::Graph);
    rounds(&gateway, 1.0).await;
    let _away = gateway.azure.refuse_connections();
    for form in FORMS {
        let answer = in_form(&gateway, &listing("Nobody", ""), form).await;
        assert_eq!(answer.status, 200, "{form}: {}", answer.text());
    }
}
