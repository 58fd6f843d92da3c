//! Listings of many pages, and the tokens that join them.

use std::collections::BTreeSet;

use azure_sandbox::{PageLinks, Sandbox, Settings};
use serde_json::json;

use crate::{
    client::{Answer, sandbox},
    directory::{assert_refused, found, ids, next_link, of_department, pages, read, users},
};

#[test]
fn links_lead_through_the_whole_directory() {
    let azure = sandbox();

    let by_hundreds = ids(&azure, "");
    let by_most = ids(&azure, "$top=999");

    let distinct: BTreeSet<_> = by_hundreds.iter().collect();
    assert_eq!(distinct.len(), 2_000);
    assert_eq!(by_hundreds.len(), 2_000);
    assert_eq!(by_most, by_hundreds);
}

#[test]
fn every_page_but_the_last_is_full() {
    let azure = sandbox();
    let sizes = |query: &str| -> Vec<_> {
        let pages = pages(&azure, query);
        pages.iter().map(|page| found(page).len()).collect()
    };

    assert_eq!(sizes("$top=999"), [999, 999, 2]);
    assert_eq!(sizes(""), [100; 20]);
    // Facilities is 27 people.
    assert_eq!(
        sizes(&format!("{}&$top=9", of_department("Facilities"))),
        [9; 3]
    );
    assert_eq!(
        sizes(&format!("{}&$top=26", of_department("Facilities"))),
        [26, 1]
    );
    assert_eq!(
        sizes(&format!("{}&$top=27", of_department("Facilities"))),
        [27]
    );
}

#[test]
fn a_link_carries_its_query_along() {
    let azure = sandbox();
    let query = format!(
        "{}&$select=department&$top=20",
        of_department("Küche & Café")
    );

    let last = pages(&azure, &query).pop().unwrap();

    let people = found(&last);
    assert_eq!(people.len(), 3);
    for user in &people {
        assert_eq!(user, &json!({"department": "Küche & Café"}));
    }
    assert_eq!(last.header("x-ms-resource-unit"), Some("1"));
}

#[test]
fn a_link_can_be_followed_more_than_once() {
    let azure = sandbox();
    let link = next_link(&users(&azure, "$top=5")).unwrap();

    let twice = [read(&azure, &link), read(&azure, &link)];

    let [once, again] = twice.each_ref().map(Answer::json);
    assert_eq!(once["value"].as_array().map(Vec::len), Some(5));
    assert_eq!(once["value"], again["value"]);
}

#[test]
fn a_link_leads_back_to_where_it_came_from() {
    let azure = sandbox();

    let link = next_link(&users(&azure, "")).unwrap();

    let root = format!("{}/v1.0/users?", azure.url());
    assert!(link.starts_with(&root), "{link}");
}

#[test]
fn a_page_token_with_any_letter_changed_is_refused() {
    let azure = sandbox();
    let (query, token) = listing(&azure);

    for at in 0..token.len() {
        let other = if &token[at..=at] == "0" { "1" } else { "0" };
        let mut altered = token.clone();
        altered.replace_range(at..=at, other);
        assert_unknown(&azure, &query, &altered);
    }
}

#[test]
fn a_page_token_has_to_come_as_it_was_given() {
    let azure = sandbox();
    let (query, token) = listing(&azure);

    for altered in [
        token.replace('%', "%25"),
        token.trim_end_matches("%27").to_owned(),
        token.replace("X%27", ""),
        format!("{token}0"),
        token.replace("44537074", "445370740"),
        token.replace("4453707400", "44537074%2B0"),
        token.to_lowercase(),
        "1".to_owned(),
    ] {
        assert_unknown(&azure, &query, &altered);
    }
}

#[test]
fn a_page_token_belongs_to_its_listing() {
    let azure = sandbox();
    let (query, token) = listing(&azure);
    let (filter, rest) = query.split_once('&').unwrap();
    let (select, top) = rest.split_once('&').unwrap();

    let own = users(
        &azure,
        &format!("$skiptoken={token}&{top}&{select}&{filter}"),
    );

    assert_eq!(found(&own).len(), 10, "{}", own.body);
    let other = of_department("Sales");
    for query in [
        format!("{other}&{select}&{top}"),
        format!("{filter}&$select=id&{top}"),
        format!("{filter}&{select}&$top=11"),
        format!("{select}&{top}"),
        format!("{filter}&{top}"),
        format!("{filter}&{select}"),
    ] {
        assert_unknown(&azure, &query, &token);
    }
}

#[test]
fn page_tokens_expire_and_a_listing_that_starts_again_goes_on() {
    let azure = sandbox();
    let early = next_link(&users(&azure, "$top=999")).unwrap();
    assert_eq!(read(&azure, &early).status, 200);

    azure.expire_page_tokens();

    assert_refused(&read(&azure, &early), 400, "Directory_ExpiredPageToken");
    assert_eq!(ids(&azure, "$top=999").len(), 2_000);
    assert_refused(&read(&azure, &early), 400, "Directory_ExpiredPageToken");
}

#[test]
fn links_have_either_shape_and_lead_through_the_whole_directory() {
    for (page_links, shape) in [
        (PageLinks::BinaryLiteral, "$skiptoken=X%2744537074"),
        (PageLinks::Base64, "$skiptoken=RFNwdA"),
    ] {
        let azure = Sandbox::start(Settings {
            page_links,
            ..Settings::default()
        })
        .unwrap();

        let link = next_link(&users(&azure, "$top=999")).unwrap();

        assert!(link.contains(shape), "{link}");
        let distinct: BTreeSet<_> = ids(&azure, "$top=999").into_iter().collect();
        assert_eq!(distinct.len(), 2_000);
    }
}

#[test]
fn a_token_in_base64_has_to_come_as_it_was_given_too() {
    let azure = Sandbox::start(Settings {
        page_links: PageLinks::Base64,
        ..Settings::default()
    })
    .unwrap();
    let (query, token) = listing(&azure);

    for at in 0..token.len() {
        let other = if &token[at..=at] == "A" { "B" } else { "A" };
        let mut altered = token.clone();
        altered.replace_range(at..=at, other);
        assert_unknown(&azure, &query, &altered);
    }
    assert_unknown(&azure, &query, &format!("{token}="));
    assert_unknown(&azure, &query, "X%274453%27");
}

#[test]
fn empty_pages_come_before_each_page_and_have_links() {
    let azure = sandbox();
    let query = format!("{}&$top=9", of_department("Facilities"));
    let whole = ids(&azure, &query);

    azure.empty_pages(2);

    let pages = pages(&azure, &query);
    let sizes: Vec<_> = pages.iter().map(|page| found(page).len()).collect();
    assert_eq!(sizes, [0, 0, 9, 0, 0, 9, 0, 0, 9]);
    assert_eq!(ids(&azure, &query), whole);

    azure.empty_pages(0);

    assert_eq!(found(&users(&azure, &query)).len(), 9);
}

#[test]
fn a_department_that_is_nobodys_may_take_pages_too() {
    let azure = sandbox();
    azure.empty_pages(1);

    let pages = pages(&azure, &of_department("Nowhere"));

    assert_eq!(pages.len(), 2);
    assert!(pages.iter().all(|page| found(page).is_empty()));
}

/// A query with a filter, a selection and a page size, in this order, and the
/// token of its second page.
fn listing(azure: &Sandbox) -> (String, String) {
    let query = format!(
        "{}&$select=id,department&$top=10",
        of_department("Engineering")
    );
    let link = next_link(&users(azure, &query)).unwrap();
    let (_, token) = link.split_once("$skiptoken=").unwrap();
    (query, token.to_owned())
}

fn assert_unknown(azure: &Sandbox, query: &str, token: &str) {
    let answer = users(azure, &format!("{query}&$skiptoken={token}"));
    assert_refused(&answer, 400, "Request_BadRequest");
    assert_eq!(
        answer.text("/error/message"),
        "The specified page token value is invalid.",
        "{query} {token}"
    );
}
