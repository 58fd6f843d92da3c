//! What Graph shows, by the roles of a token.

use azure_sandbox::{AppRoles, Sandbox};
use serde_json::{Value, json};

use crate::{
    client::{ARM, Answer, GRAPH, METADATA, claims, encoded, get, sandbox, token_url},
    directory::{advanced, assert_refused, filtered, found, of_department, read_eventually, users},
};

#[test]
fn without_a_role_or_with_the_basic_one_users_are_refused() {
    for roles in [AppRoles::None, AppRoles::BasicRefused] {
        let azure = granted(roles);
        let count = format!("{}/v1.0/users/$count", azure.url());

        for answer in [
            users(&azure, ""),
            users(&azure, &of_department("Sales")),
            users(&azure, "$top=1000"),
            read_eventually(&azure, &count),
        ] {
            assert_refused(&answer, 403, "Authorization_RequestDenied");
            assert_eq!(
                answer.text("/error/message"),
                "Insufficient privileges to complete the operation."
            );
        }
    }
}

#[test]
fn the_basic_role_may_show_the_basic_properties_alone() {
    let azure = granted(AppRoles::BasicHidden);
    let all = users(
        &sandbox(),
        "$select=id,displayName,department,accountEnabled",
    );

    let basic = users(&azure, "$select=id,displayName,department,accountEnabled");

    let [one, same] = [&basic, &all].map(|page| found(page)[0].clone());
    assert_eq!(one["id"], same["id"]);
    assert_eq!(one["displayName"], same["displayName"]);
    assert_eq!(one["department"], Value::Null);
    assert_eq!(one["accountEnabled"], Value::Null);
    assert_eq!(same["department"], "Seinfeld");
    let unasked = found(&users(&azure, "$top=1")).remove(0);
    assert_eq!(unasked["businessPhones"], Value::Null);
    assert_eq!(unasked["mail"], "user0000@example.com");
}

#[test]
fn a_filter_on_what_is_hidden_finds_nobody() {
    let azure = granted(AppRoles::BasicHidden);

    let hidden = users(&azure, &of_department("Sales"));
    let negated = advanced(&azure, &filtered("not (department eq 'Sales')"));
    let either = users(&azure, &filtered("surname eq 'Ito' or userType eq 'Guest'"));
    let basic = users(&azure, &filtered("surname eq 'Ito'"));

    for answer in [&hidden, &negated, &either] {
        assert_eq!(answer.status, 200);
        assert_eq!(found(answer), [Value::Null; 0]);
        assert_eq!(answer.json().get("@odata.nextLink"), None);
    }
    assert_eq!(negated.json()["@odata.count"], 0);
    assert!(!found(&basic).is_empty());
}

#[test]
fn a_token_for_graph_tells_its_roles() {
    for (roles, told) in [
        (AppRoles::ReadAll, json!(["User.Read.All"])),
        (AppRoles::BasicHidden, json!(["User.ReadBasic.All"])),
        (AppRoles::BasicRefused, json!(["User.ReadBasic.All"])),
    ] {
        let azure = granted(roles);
        assert_eq!(claims(&azure.mint(GRAPH))["roles"], told);
        assert_eq!(claims(&azure.mint(ARM)).get("roles"), None);
    }
    let none = granted(AppRoles::None);
    assert_eq!(claims(&none.mint(GRAPH)).get("roles"), None);
}

#[test]
fn a_token_keeps_its_roles_and_the_host_keeps_the_token() {
    let azure = granted(AppRoles::None);
    let early = from_host(&azure);

    azure.app_roles(AppRoles::ReadAll);

    assert_eq!(from_host(&azure), early);
    assert_eq!(list(&azure, &early).status, 403);
    azure.expire_tokens();
    assert_eq!(list(&azure, &from_host(&azure)).status, 200);
}

fn granted(roles: AppRoles) -> Sandbox {
    let azure = sandbox();
    azure.app_roles(roles);
    azure
}

/// The token for Graph that the host hands out.
fn from_host(azure: &Sandbox) -> String {
    let url = token_url(azure, "").replace(&encoded(ARM), &encoded(GRAPH));
    get(&url, &[METADATA]).text("/access_token")
}

fn list(azure: &Sandbox, token: &str) -> Answer {
    let url = format!("{}/v1.0/users", azure.url());
    get(&url, &[("authorization", &format!("Bearer {token}"))])
}
