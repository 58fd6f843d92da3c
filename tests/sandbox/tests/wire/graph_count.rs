//! How many users there are.

use serde_json::Value;

use crate::{
    client::sandbox,
    directory::{
        advanced, assert_refused, filtered, found, next_link, of_department, read, read_eventually,
        users,
    },
};

#[test]
fn a_count_comes_with_the_first_page_alone() {
    let azure = sandbox();

    let first = advanced(&azure, &format!("$top=20&{}", of_department("R&D")));
    let second = read_eventually(&azure, &next_link(&first).unwrap());

    assert_eq!(first.json()["@odata.count"], 310);
    assert_eq!(second.status, 200);
    assert_eq!(second.json().get("@odata.count"), None);
}

#[test]
fn a_count_comes_with_the_first_page_also_where_that_is_empty() {
    let azure = sandbox();
    azure.empty_pages(1);

    let first = advanced(&azure, &of_department("R&D"));
    let second = read_eventually(&azure, &next_link(&first).unwrap());

    assert_eq!(first.json()["@odata.count"], 310);
    assert_eq!(found(&first), [Value::Null; 0]);
    assert_eq!(second.json().get("@odata.count"), None);
    assert_eq!(found(&second).len(), 100);
}

#[test]
fn a_count_that_is_not_wanted_does_not_come() {
    let azure = sandbox();
    let url = format!("{}/v1.0/users?$count=false", azure.url());

    let answer = read_eventually(&azure, &url);

    assert_eq!(answer.status, 200);
    assert_eq!(answer.json().get("@odata.count"), None);
    assert_refused(&users(&azure, "$count=maybe"), 400, "BadRequest");
}

#[test]
fn users_are_counted_as_text_where_the_header_is() {
    let azure = sandbox();
    let url = format!("{}/v1.0/users/$count", azure.url());

    let all = read_eventually(&azure, &url);
    let others = read_eventually(
        &azure,
        &format!("{url}?{}", filtered("department ne 'Sales'")),
    );
    let without = read(&azure, &url);

    assert_eq!((all.status, all.body.as_str()), (200, "2000"));
    assert_eq!(all.header("content-type"), Some("text/plain"));
    assert_eq!(others.body, (2_000 - 290).to_string());
    assert_refused(&without, 400, "Request_BadRequest");
    assert_eq!(
        without.text("/error/message"),
        "$count is not currently supported."
    );
}
