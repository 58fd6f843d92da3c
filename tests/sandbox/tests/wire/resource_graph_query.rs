//! The language of Resource Graph, as far as it is spoken here.

use azure_sandbox::{Sandbox, Settings};
use serde_json::json;

use crate::{
    client::sandbox,
    resource_graph::{ask, rows},
};

#[test]
fn each_comparison_holds_for_what_it_means() {
    let azure = unthrottled();

    // Eight machines `edge-…` in rg-web and six `test-…` in rg-test.
    for (condition, count) in [
        ("name == 'edge-01'", 1),
        ("name == 'EDGE-01'", 0),
        ("name =~ 'EDGE-01'", 1),
        ("name == \"edge-01\"", 1),
        ("name != 'edge-01'", 13),
        ("name != 'EDGE-01'", 14),
        ("name !~ 'EDGE-01'", 13),
        ("name in ('edge-01', 'EDGE-02')", 1),
        ("name in~ ('edge-01', 'EDGE-02')", 2),
        ("name contains 'GE-0'", 8),
        ("name startswith 'TEST-0'", 6),
        ("resourceGroup =~ 'RG-WEB'", 8),
        ("type == 'microsoft.compute/virtualmachines'", 14),
        ("location == 'westeurope'", 14),
        ("tags['owner'] == 'team-rg-web'", 8),
        ("tags.owner =~ 'TEAM-RG-WEB'", 8),
        ("isempty(tags['none'])", 14),
        ("isnotempty(tags['env'])", 14),
        ("isempty(managedBy)", 14),
        (
            "tostring(properties.hardwareProfile.vmSize) == 'Standard_B2s'",
            14,
        ),
        ("properties.provisioningState =~ 'succeeded'", 14),
        ("isnotempty(properties.virtualMachineScaleSet.id)", 0),
        (
            "name == 'edge-01' or name == 'edge-02' and name == 'edge-03'",
            1,
        ),
        (
            "(name == 'edge-01' or name == 'edge-02') and name == 'edge-02'",
            1,
        ),
    ] {
        let here = "subscriptionId == '5ab1e000-0000-4000-8000-000000000002'";
        let query = format!("resources | where {here} | where {condition} | count");
        assert_eq!(
            rows(&azure, &query),
            json!([{"Count": count}]),
            "{condition}"
        );
    }
}

#[test]
fn a_literal_ends_where_kusto_ends_it() {
    let azure = unthrottled();

    for (literal, value) in [
        (r"'it\'s'", "it's"),
        (r#"'say "hi"'"#, "say \"hi\""),
        (r"'back\\slash'", r"back\slash"),
        (r"'tab\tend'", "tab\tend"),
        (r"'\x41\u0042'", "AB"),
        ("'two''parts'", "twoparts"),
        ("'two' \"parts\"", "twoparts"),
        (r"@'c:\dir ''x'''", r"c:\dir 'x'"),
    ] {
        let query = format!("resources | take 1 | project text = {literal}");
        assert_eq!(rows(&azure, &query), json!([{"text": value}]), "{literal}");
    }
}

#[test]
fn what_is_outside_of_the_subset_is_refused() {
    let azure = unthrottled();
    let deep = format!(
        "resources | where {}name == ''{}",
        "(".repeat(100),
        ")".repeat(100)
    );

    for query in [
        "",
        "|",
        "disks",
        "resources |",
        "resources where name == 'a'",
        "resources | summarize count() by type",
        "resources | join (resources) on id",
        "resources | where name matches regex 'a'",
        "resources | where id endswith 'a'",
        "resources | where nonsense == 'a'",
        "resources | project name | where id == 'a'",
        "resources | where name == 'open",
        r"resources | where name == 'a\q'",
        "resources | where name in ()",
        "resources | take 'a'",
        "resources | project name, name",
        "resources; resources",
        &deep,
    ] {
        let answer = ask(&azure, &json!({"query": query}));
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(answer.text("/error/details/1/code"), "ParserFailure");
    }
}

#[test]
fn rows_are_ordered_and_limited() {
    let azure = sandbox();

    let rows = rows(
        &azure,
        "resources | where name startswith 'web' or name startswith 'db' \
         | order by resourceGroup asc, name desc | limit 2 | project name",
    );

    assert_eq!(rows, json!([{"name": "db-08"}, {"name": "db-07"}]));
}

#[test]
fn columns_are_added_and_chosen() {
    let azure = sandbox();

    let rows = rows(
        &azure,
        "Resources // the table\n| where name == 'web-01' | extend size = \
         properties.hardwareProfile.vmSize | project size, tags.env, isWeb = name startswith 'web'",
    );

    assert_eq!(
        rows,
        json!([{"size": "Standard_B2s", "tags_env": "test", "isWeb": true}])
    );
}

fn unthrottled() -> Sandbox {
    Sandbox::start(Settings {
        throttles: false,
        ..Settings::default()
    })
    .unwrap()
}
