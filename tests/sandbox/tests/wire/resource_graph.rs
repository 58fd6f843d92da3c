//! Queries of Resource Graph: what goes in, what comes out, how it is paged.

use std::time::Duration;

use azure_sandbox::{Sandbox, Settings};
use serde_json::{Value, json};

use crate::{
    client::{ARM, Answer, GRAPH, bearer, post, sandbox},
    compute::{VERSION, deallocate, machine, read},
};

/// The path, with the newest version.
const RESOURCES: &str = "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01";

/// What a client of virtual machines asks for.
const STATES: &str = "resources | where type =~ 'Microsoft.Compute/virtualMachines' \
     and name in~ ('WEB-01', 'db-01') | project id, name, resourceGroup, subscriptionId, \
     powerState = tostring(properties.extended.instanceView.powerState.code)";

#[test]
fn machines_are_found_by_name_whatever_its_case() {
    let azure = sandbox();

    let answer = ask(&azure, &json!({"query": STATES}));

    assert_eq!(answer.status, 200);
    let body = answer.json();
    assert_eq!(body["totalRecords"], 2);
    assert_eq!(body["count"], 2);
    assert_eq!(body["facets"], json!([]));
    assert_eq!(body["resultTruncated"], "false");
    assert_eq!(
        body["data"][1],
        json!({
            "id": "/subscriptions/5ab1e000-0000-4000-8000-000000000001/resourceGroups/rg-web\
                   /providers/Microsoft.Compute/virtualMachines/web-01",
            "name": "web-01",
            "resourceGroup": "rg-web",
            "subscriptionId": "5ab1e000-0000-4000-8000-000000000001",
            "powerState": "PowerState/running",
        })
    );
}

#[test]
fn a_row_has_what_the_machine_has_and_its_power_state() {
    let azure = sandbox();
    let shown = read(&azure, &format!("{}?{VERSION}", machine(&azure, "web-01"))).json();

    let rows = rows(&azure, "resources | where name == 'web-01'");

    let row = &rows[0];
    assert_eq!(row["type"], "microsoft.compute/virtualmachines");
    assert_eq!(row["location"], shown["location"]);
    assert_eq!(row["tags"], shown["tags"]);
    assert_eq!(row["managedBy"], "");
    assert_eq!(row["properties"]["vmId"], shown["properties"]["vmId"]);
    let extended = &row["properties"]["extended"]["instanceView"];
    assert_eq!(
        extended["powerState"],
        json!({"code": "PowerState/running", "displayStatus": "VM running", "level": "Info"})
    );
    assert_eq!(extended["hyperVGeneration"], "V2");
}

#[test]
fn a_row_tells_to_what_a_machine_belongs() {
    let azure = sandbox();
    let set = "/subscriptions/5ab1e000-0000-4000-8000-000000000001/resourceGroups/rg-web/providers\
               /Microsoft.Compute/virtualMachineScaleSets/flex";

    let members = rows(
        &azure,
        "resources | where isnotempty(properties.virtualMachineScaleSet.id) \
         | project name, set = properties.virtualMachineScaleSet.id",
    );
    let managed = rows(
        &azure,
        "resources | where isnotempty(managedBy) | order by name asc | project name",
    );

    assert_eq!(members, json!([{"name": "flex-01", "set": set}]));
    assert_eq!(
        managed,
        json!([{"name": "aks-nodepool1-12345678-0"}, {"name": "flex-01"}, {"name": "managed-01"}])
    );
}

#[test]
fn a_change_shows_at_once() {
    let azure = Sandbox::start(Settings {
        operation_takes: Duration::ZERO,
        ..Settings::default()
    })
    .unwrap();
    deallocate(&azure, "web-01");

    let rows = rows(
        &azure,
        "resources | where properties.extended.instanceView.powerState.code \
         == 'PowerState/deallocated' | project name",
    );

    assert_eq!(rows, json!([{"name": "web-01"}]));
}

#[test]
fn the_group_is_in_lower_case_except_in_the_id() {
    let azure = sandbox();

    let rows = rows(
        &azure,
        "resources | where name == 'batch-01' | project id, resourceGroup",
    );

    assert_eq!(rows[0]["resourceGroup"], "rg_batch.(1)");
    let id = rows[0]["id"].as_str().unwrap();
    assert!(id.contains("/resourceGroups/RG_Batch.(1)/"), "{id}");
}

#[test]
fn only_the_named_subscriptions_are_searched_and_strangers_are_left_out() {
    let azure = sandbox();
    let query = "resources | where name == 'edge-01' or name == 'web-01' | project name";
    let names = |subscriptions: Value| {
        let answer = ask(
            &azure,
            &json!({"subscriptions": subscriptions, "query": query}),
        );
        answer.json()["data"].take()
    };
    let (first, stranger) = (
        "5AB1E000-0000-4000-8000-000000000001",
        "00000000-0000-4000-8000-000000000000",
    );

    assert_eq!(names(json!([first])), json!([{"name": "web-01"}]));
    assert_eq!(names(json!([stranger, first])), json!([{"name": "web-01"}]));
    assert_eq!(names(json!([])).as_array().unwrap().len(), 2);
}

#[test]
fn without_a_subscription_that_may_be_read_there_is_no_result() {
    let azure = sandbox();
    let stranger = "00000000-0000-4000-8000-000000000000";
    let body = json!({"subscriptions": [stranger], "query": "resources"});

    let unknown = ask(&azure, &body);
    azure.assign(Vec::new());
    let forbidden = ask(&azure, &json!({"query": "resources"}));

    for (answer, given) in [(unknown, stranger), (forbidden, "")] {
        assert_eq!(answer.status, 400);
        assert_eq!(
            answer.text("/error/details/0/code"),
            "NoValidSubscriptionsInQueryRequest"
        );
        let given = format!("Given: '{given}'.");
        assert!(answer.text("/error/details/0/message").ends_with(&given));
    }
}

#[test]
fn the_first_version_answers_with_a_table() {
    let azure = sandbox();
    let url = format!("{}{RESOURCES}", azure.url()).replace("2024-04-01", "2019-04-01");
    let query = "where name == 'web-01' | project name, tags, isOff = isempty(name)";
    let body = json!({"query": query}).to_string();

    let answer = post(&url, &[("authorization", &bearer(&azure, ARM))], &body);

    assert_eq!(
        answer.json()["data"],
        json!({
            "columns": [
                {"name": "name", "type": "string"},
                {"name": "tags", "type": "object"},
                {"name": "isOff", "type": "boolean"},
            ],
            "rows": [["web-01", {"owner": "team-rg-web", "env": "test"}, false]],
        })
    );
}

#[test]
fn pages_lead_to_every_row_once() {
    let azure = sandbox();
    let all = azure.virtual_machines().len();
    let mut names = Vec::new();
    let mut token = Value::Null;
    loop {
        let answer = ask(
            &azure,
            &json!({
                "query": "resources | project id, name",
                "options": {"$top": 20, "$skipToken": token},
            }),
        );
        let page = answer.json();
        assert_eq!(page["totalRecords"], all);
        assert_eq!(page["resultTruncated"], "false");
        names.extend(page["data"].as_array().unwrap().iter().cloned());
        let Some(next) = page.get("$skipToken") else {
            break;
        };
        token = next.clone();
    }

    assert_eq!(names.len(), all);
    names.sort_by_key(|row| row["id"].to_string());
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn without_the_column_id_there_is_no_next_page() {
    let azure = sandbox();

    let page = ask(
        &azure,
        &json!({"query": "resources | project name", "options": {"$top": 20}}),
    )
    .json();

    assert_eq!(page["count"], 20);
    assert_eq!(page["resultTruncated"], "true");
    assert_eq!(page.get("$skipToken"), None);
}

#[test]
fn a_token_of_another_query_is_refused() {
    let azure = sandbox();
    let options = json!({"$top": 1});
    let first = ask(
        &azure,
        &json!({"query": "resources | project id", "options": options}),
    );

    let answer = ask(
        &azure,
        &json!({
            "query": "resources | project id, name",
            "options": {"$skipToken": first.text("/$skipToken")},
        }),
    );

    assert_eq!(answer.status, 400);
    assert_eq!(answer.text("/error/code"), "BadRequest");
}

#[test]
fn a_page_has_at_most_a_thousand_rows() {
    let azure = sandbox();

    for (top, status) in [(0, 400), (1, 200), (1_000, 200), (1_001, 400)] {
        let body = json!({"query": "resources", "options": {"$top": top}});
        assert_eq!(ask(&azure, &body).status, status, "$top {top}");
    }
}

#[test]
fn a_token_for_resource_manager_and_a_known_version_are_required() {
    let azure = sandbox();
    let url = format!("{}{RESOURCES}", azure.url());
    let body = json!({"query": "resources"}).to_string();

    let none = post(&url, &[], &body);
    let other = post(&url, &[("authorization", &bearer(&azure, GRAPH))], &body);
    let unknown = post(
        &url.replace("2024-04-01", "2099-01-01"),
        &[("authorization", &bearer(&azure, ARM))],
        &body,
    );

    assert_eq!(none.status, 401);
    assert_eq!(
        other.text("/error/code"),
        "InvalidAuthenticationTokenAudience"
    );
    assert_eq!(unknown.text("/error/code"), "InvalidResourceType");
    assert!(unknown.text("/error/message").contains("2024-04-01"));
}

#[test]
fn a_query_that_is_not_understood_is_refused_with_where_it_stops() {
    let azure = sandbox();

    let answer = ask(&azure, &json!({"query": "where where"}));

    assert_eq!(answer.status, 400);
    assert_eq!(answer.text("/error/code"), "BadRequest");
    let support = "Please provide below info when asking for support: timestamp = ";
    assert!(answer.text("/error/message").starts_with(support));
    assert_eq!(answer.text("/error/details/0/code"), "InvalidQuery");
    assert_eq!(answer.text("/error/details/1/code"), "ParserFailure");
}

pub(crate) fn ask(azure: &Sandbox, body: &Value) -> Answer {
    let token = bearer(azure, ARM);
    let url = format!("{}{RESOURCES}", azure.url());
    post(&url, &[("authorization", &token)], &body.to_string())
}

pub(crate) fn rows(azure: &Sandbox, query: &str) -> Value {
    let answer = ask(azure, &json!({"query": query}));
    assert_eq!(answer.status, 200, "{query}: {}", answer.body);
    answer.json()["data"].take()
}
