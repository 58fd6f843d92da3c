//! Users in order, and users that are searched for.

use serde_json::Value;

use crate::{
    client::{Answer, encoded, sandbox},
    directory::{
        advanced, assert_refused, filtered, found, next_link, of_department, pages, read,
        read_eventually, users,
    },
};

#[test]
fn a_whole_listing_comes_in_order() {
    let azure = sandbox();

    let pages = pages(&azure, "$orderby=userPrincipalName%20desc&$top=999");

    let names: Vec<_> = pages
        .iter()
        .flat_map(|page| texts(page, "userPrincipalName"))
        .collect();
    assert_eq!(names.len(), 2_000);
    assert!(names.is_sorted_by(|one, other| one.to_lowercase() > other.to_lowercase()));
}

#[test]
fn a_filtered_listing_in_order_takes_an_advanced_query() {
    let azure = sandbox();
    let query = format!("$orderby=displayName&{}", of_department("Sales"));

    let default = users(&azure, &query);
    let advanced = advanced(&azure, &query);

    assert_refused(&default, 400, "Request_UnsupportedQuery");
    assert_eq!(
        default.text("/error/message"),
        "Sorting not supported for current query."
    );
    let names = texts(&advanced, "displayName");
    assert_eq!(names.len(), 100);
    assert!(names.is_sorted_by_key(|name| name.to_lowercase()));
}

#[test]
fn users_do_not_come_in_the_order_of_every_property() {
    let azure = sandbox();

    for property in ["department", "mail", "shoeSize"] {
        let query = format!("$orderby={property}");
        for answer in [users(&azure, &query), advanced(&azure, &query)] {
            assert_refused(&answer, 400, "Request_UnsupportedQuery");
            assert_eq!(
                answer.text("/error/message"),
                format!("Unsupported sort property '{property}' for 'User'.")
            );
        }
    }
    let sideways = users(&azure, "$orderby=displayName%20sideways");
    assert_refused(&sideways, 400, "BadRequest");
}

#[test]
fn a_search_takes_the_header_but_no_count() {
    let azure = sandbox();
    let query = format!("$search={}&$top=5", encoded("\"displayName:lovel ADA\""));
    let url = format!("{}/v1.0/users?{query}", azure.url());

    let without = users(&azure, &format!("{query}&$count=true"));
    let first = read_eventually(&azure, &url);
    let link = next_link(&first).unwrap();

    assert_refused(&without, 400, "Request_UnsupportedQuery");
    assert_eq!(
        without.text("/error/message"),
        "Request with $search query parameter only works through MSGraph with a special request \
         header: 'ConsistencyLevel: eventual'"
    );
    assert_refused(&read(&azure, &link), 400, "Request_UnsupportedQuery");
    for page in [first, read_eventually(&azure, &link)] {
        assert!(!found(&page).is_empty());
        for name in texts(&page, "displayName") {
            assert_eq!(name, "Ada Lovelace");
        }
    }
}

#[test]
fn a_search_can_be_filtered() {
    let azure = sandbox();
    let search = encoded("\"displayName:ada\"");

    let all = advanced(&azure, &format!("$search={search}"));
    let some = advanced(
        &azure,
        &format!("$search={search}&{}", filtered("department ne 'Sales'")),
    );

    let count = |answer: &Answer| answer.json()["@odata.count"].as_u64().unwrap();
    assert!(count(&some) > 0 && count(&some) < count(&all));
}

#[test]
fn a_search_is_a_quoted_clause_of_the_name() {
    let azure = sandbox();

    for search in ["ada", "displayName:ada", "\"department:Sales\""] {
        let answer = advanced(&azure, &format!("$search={}", encoded(search)));
        assert_refused(&answer, 400, "BadRequest");
    }
}

fn texts(page: &Answer, property: &str) -> Vec<String> {
    let text = |user: &Value| user[property].as_str().unwrap().to_owned();
    found(page).iter().map(text).collect()
}
