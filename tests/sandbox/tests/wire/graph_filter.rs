//! Whom a filter finds, and what text in it must not become.

use std::collections::BTreeSet;

use crate::{
    client::{encoded, sandbox},
    directory::{assert_refused, filtered, found, ids, of_department, users},
};

/// A department in name only: as it stands, it would end the text and go on
/// with conditions of its own.
const HOSTILE: &str = "x' or accountEnabled eq false or department eq 'x";

#[test]
fn every_department_is_found_with_exactly_its_users() {
    let azure = sandbox();

    for department in azure.departments() {
        let found = ids(&azure, &of_department(&department));
        let distinct: BTreeSet<_> = found.iter().cloned().collect();
        assert_eq!(distinct, azure.user_ids(&department), "{department}");
        assert_eq!(distinct.len(), found.len(), "{department}");
        assert!(!found.is_empty(), "{department}");
    }
}

#[test]
fn a_department_that_is_nobodys_is_an_empty_page() {
    let azure = sandbox();

    let answer = users(&azure, &of_department("Nowhere"));

    assert_eq!(answer.status, 200);
    assert!(found(&answer).is_empty());
    assert_eq!(answer.json().get("@odata.nextLink"), None);
}

#[test]
fn a_hostile_department_finds_nobody_where_its_quotes_are_doubled() {
    let azure = sandbox();

    let found = ids(&azure, &of_department(HOSTILE));

    assert_eq!(found, [""; 0]);
}

#[test]
fn a_hostile_department_finds_others_where_its_quotes_are_only_encoded() {
    let azure = sandbox();
    let disabled = ids(&azure, &filtered("accountEnabled eq false"));

    let found = ids(&azure, &filtered(&format!("department eq '{HOSTILE}'")));

    assert!(!found.is_empty());
    assert_eq!(found, disabled);
}

#[test]
fn a_quote_that_is_not_doubled_ends_the_text() {
    let azure = sandbox();

    let answer = users(&azure, &filtered("department eq 'Kramer's Ideas'"));

    assert_refused(&answer, 400, "BadRequest");
}

#[test]
fn a_name_that_is_not_encoded_is_another_query() {
    let azure = sandbox();

    let plus = users(&azure, "$filter=department%20eq%20'C++%20Guild'");
    let ampersand = users(&azure, "$filter=department%20eq%20'R&D'");

    assert!(found(&plus).is_empty());
    assert_refused(&ampersand, 400, "Request_BadRequest");
}

#[test]
fn case_makes_no_difference_to_a_filter() {
    let azure = sandbox();

    for (department, other) in [
        ("Engineering", "eNGINEERING"),
        ("Küche & Café", "KÜCHE & CAFÉ"),
    ] {
        let query = format!("$filter=DEPARTMENT%20EQ%20%27{}%27", encoded(other));
        let found: BTreeSet<_> = ids(&azure, &query).into_iter().collect();
        assert_eq!(found, azure.user_ids(department));
    }
}

#[test]
fn conditions_narrow_a_department_down() {
    let azure = sandbox();
    let all = azure.user_ids("R&D");

    let members = ids(
        &azure,
        &filtered("department eq 'R&D' and userType eq 'Member' and accountEnabled eq true"),
    );
    let others = ids(
        &azure,
        &filtered("department eq 'R&D' and (userType eq 'Guest' or accountEnabled eq false)"),
    );

    assert!(!members.is_empty() && !others.is_empty());
    assert_eq!(members.len() + others.len(), all.len());
    assert_eq!(
        members.into_iter().chain(others).collect::<BTreeSet<_>>(),
        all
    );
}

#[test]
fn a_property_that_users_do_not_have_cannot_be_filtered_by() {
    let azure = sandbox();

    for filter in [
        "departement eq 'Sales'",
        "department eq 'Sales' or shoeSize eq '42'",
    ] {
        let answer = users(&azure, &filtered(filter));
        assert_refused(&answer, 400, "BadRequest");
        let why = answer.text("/error/message");
        assert!(why.contains("Could not find a property named"), "{why}");
    }
}

#[test]
fn what_is_no_filter_is_refused() {
    let azure = sandbox();

    for filter in [
        "department",
        "department eq",
        "department eq Sales",
        "department eq 'Sales",
        "department eq 'Sales' 'Support'",
        "(department eq 'Sales'",
        "length(department, 'Sales')",
        "department in 'Sales'",
        "accountEnabled eq 'true'",
    ] {
        let answer = users(&azure, &filtered(filter));
        assert_refused(&answer, 400, "BadRequest");
        let why = answer.text("/error/message");
        assert!(why.starts_with("Invalid filter clause: "), "{why}");
    }
}

#[test]
fn text_without_an_end_is_shown_with_where_it_ends() {
    let answer = users(&sandbox(), &filtered("department eq 'Café"));

    assert_eq!(
        answer.text("/error/message"),
        "Invalid filter clause: There is an unterminated string literal at position 19 in \
         'department eq 'Café'."
    );
}
