//! The users in the directory, as Graph shows them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    client::{GRAPH, bearer, get, sandbox, send},
    directory::{assert_refused, found, read, users},
};

#[test]
fn what_comes_unasked_has_no_department() {
    let azure = sandbox();

    let answer = users(&azure, "");

    assert_eq!(answer.status, 200);
    assert_eq!(
        names(&found(&answer)[0]),
        BTreeSet::from([
            "businessPhones",
            "displayName",
            "givenName",
            "id",
            "jobTitle",
            "mail",
            "mobilePhone",
            "officeLocation",
            "preferredLanguage",
            "surname",
            "userPrincipalName",
        ])
    );
}

#[test]
fn a_selection_is_all_that_comes_whatever_its_case() {
    let azure = sandbox();

    let answer = users(&azure, "$select=id,DEPARTMENT,%20accountEnabled");

    let users = found(&answer);
    assert_eq!(users.len(), 100);
    for user in &users {
        assert_eq!(
            names(user),
            BTreeSet::from(["accountEnabled", "department", "id"])
        );
    }
    assert_eq!(users[0]["department"], "Seinfeld");
}

#[test]
fn a_property_that_users_do_not_have_cannot_be_selected() {
    let azure = sandbox();

    for select in ["departement", "id,shoeSize", "id,", "id;department"] {
        let answer = users(&azure, &format!("$select={select}"));
        assert_refused(&answer, 400, "BadRequest");
    }
}

#[test]
fn a_query_option_that_is_not_known_is_refused_by_name() {
    let azure = sandbox();

    for option in ["$skip", "$expand", "$apply", "filter", "top"] {
        let answer = users(&azure, &format!("$top=5&{option}=1"));
        assert_refused(&answer, 400, "Request_BadRequest");
        let why = answer.text("/error/message");
        assert!(why.contains(&format!("'{option}'")), "{why}");
    }
}

#[test]
fn a_query_option_comes_once_whatever_its_case() {
    let azure = sandbox();

    for query in ["$top=1&$top=2", "$select=id&$SELECT=department"] {
        let answer = users(&azure, query);
        assert_refused(&answer, 400, "BadRequest");
    }
}

#[test]
fn a_property_of_single_users_is_not_implemented_for_lists() {
    let azure = sandbox();

    for select in ["skills", "id,aboutMe", "MAILBOXSETTINGS"] {
        let answer = users(&azure, &format!("$select={select}"));
        assert_refused(&answer, 501, "NotImplemented");
    }
}

#[test]
fn a_count_that_is_asked_for_without_its_header_is_left_out() {
    let azure = sandbox();

    let answer = users(&azure, "$count=true");

    assert_eq!(answer.status, 200);
    assert_eq!(answer.json().get("@odata.count"), None);
}

#[test]
fn a_page_size_is_between_1_and_999() {
    let azure = sandbox();

    for top in ["0", "1000", "abc", "-1", "1.5", "18446744073709551616"] {
        let answer = users(&azure, &format!("$top={top}"));
        assert_refused(&answer, 400, "Request_BadRequest");
        assert_eq!(
            answer.text("/error/message"),
            format!("Invalid page size specified: '{top}'. Must be between 1 and 999 inclusive.")
        );
    }
    for (query, size) in [("$top=1", 1), ("$top=999", 999), ("", 100)] {
        let answer = users(&azure, query);
        assert_eq!(found(&answer).len(), size, "{query}");
    }
}

#[test]
fn a_listing_costs_less_with_a_selection_or_fewer_than_20_users_but_never_nothing() {
    let azure = sandbox();

    for (query, units) in [
        ("", "2"),
        ("$top=20", "2"),
        ("$top=19", "1"),
        ("$select=id", "1"),
        ("$select=id&$top=999", "1"),
        ("$select=id&$top=19", "1"),
    ] {
        let answer = users(&azure, query);
        assert_eq!(answer.header("x-ms-resource-unit"), Some(units), "{query}");
    }
}

#[test]
fn a_listing_is_odata_and_says_so() {
    let azure = sandbox();

    let answer = users(&azure, "$top=1");

    let context = answer.json()["@odata.context"].clone();
    assert!(context.as_str().unwrap().contains("/v1.0/$metadata#users"));
    assert_eq!(answer.header("odata-version"), Some("4.0"));
    assert_eq!(
        answer.header("content-type"),
        Some(
            "application/json;odata.metadata=minimal;odata.streaming=true;\
             IEEE754Compatible=false;charset=utf-8"
        )
    );
}

#[test]
fn a_listing_names_the_properties_that_were_selected() {
    let azure = sandbox();
    let context = |query| users(&azure, query).text("/@odata.context").clone();
    let whole = format!("{}/v1.0/$metadata#users", azure.url());

    assert_eq!(context("$top=1"), whole);
    let two = "$top=1&$select=displayName,id";
    assert_eq!(context(two), format!("{whole}(displayName,id)"));
}

#[test]
fn an_answer_has_an_id_of_its_own_and_that_of_its_client() {
    let azure = sandbox();
    let token = bearer(&azure, GRAPH);
    let authorization = ("authorization", token.as_str());
    let id = ("client-request-id", "3f8c1c52-7f0b-4b6e-9d3c-0a1b2c3d4e5f");
    let url = format!("{}/v1.0/users", azure.url());

    let answers = [
        get(&url, &[authorization, id]),
        get(&format!("{url}?$top=0"), &[authorization, id]),
        get(&url, &[id]),
        send("DELETE", &url, &[authorization, id], "").unwrap(),
        get(&format!("{}/v1.0/elves", azure.url()), &[authorization, id]),
    ];

    let statuses = answers.each_ref().map(|answer| answer.status);
    assert_eq!(statuses, [200, 400, 401, 405, 400]);
    let own: BTreeSet<_> = answers.iter().map(|it| it.header("request-id")).collect();
    assert_eq!(own.len(), answers.len());
    assert!(!own.contains(&None));
    for answer in &answers {
        assert_eq!(answer.header("client-request-id"), Some(id.1));
    }
}

#[test]
fn an_error_names_the_ids_that_its_headers_name() {
    let azure = sandbox();
    let id = "3f8c1c52-7f0b-4b6e-9d3c-0a1b2c3d4e5f";
    let url = format!("{}/v1.0/users", azure.url());

    let with = get(&url, &[("client-request-id", id)]);
    let without = get(&url, &[]);

    for answer in [&with, &without] {
        for name in ["request-id", "client-request-id"] {
            let inner = answer.text(&format!("/error/innerError/{name}"));
            assert_eq!(answer.header(name), Some(inner.as_str()), "{name}");
        }
    }
    assert_eq!(with.text("/error/innerError/client-request-id"), id);
}

#[test]
fn users_can_only_be_read() {
    let azure = sandbox();
    let token = bearer(&azure, GRAPH);
    let url = format!("{}/v1.0/users", azure.url());

    for method in ["POST", "PATCH", "PUT", "DELETE"] {
        let answer = send(method, &url, &[("authorization", &token)], "").unwrap();
        assert_refused(&answer, 405, "Request_BadRequest");
    }
}

#[test]
fn a_segment_that_is_not_known_is_refused_by_name() {
    let azure = sandbox();

    for path in ["elves", "users/elves", "users$"] {
        let answer = read(&azure, &format!("{}/v1.0/{path}", azure.url()));
        let segment = path.rsplit('/').next().unwrap();
        assert_refused(&answer, 400, "BadRequest");
        assert_eq!(
            answer.text("/error/message"),
            format!("Resource not found for the segment '{segment}'.")
        );
    }
    let other_case = read(&azure, &format!("{}/v1.0/USERS", azure.url()));
    assert_eq!(other_case.status, 200);
}

/// What `user` consists of.
fn names(user: &Value) -> BTreeSet<&str> {
    let properties = user.as_object().unwrap();
    properties.keys().map(String::as_str).collect()
}
