//! What Graph only does for advanced queries, and what it never does.

use crate::{
    client::{Answer, encoded, sandbox},
    directory::{
        advanced, assert_refused, filtered, found, next_link, of_department, read, read_eventually,
        users,
    },
};

const BY_DEFAULT: [&str; 8] = [
    "department in ('Sales', 'Support')",
    "department ge 'S' and department le 'Sb'",
    "startsWith(department, 'sal')",
    "accountEnabled eq false",
    "userType in ('Guest')",
    "startswith(userPrincipalName,'user0001')",
    "jobTitle eq 'Specialist'",
    "employeeId eq '7'",
];

const ADVANCED: [&str; 12] = [
    "department ne 'Sales'",
    "not (department eq 'Sales')",
    "not startsWith(department, 'Sales')",
    "department eq null",
    "department ne null",
    "endsWith(mail, '0001@example.com')",
    "endsWith(userPrincipalName, '#EXT#@example.com')",
    "accountEnabled ne true",
    "accountEnabled ge true",
    "companyName eq 'Example'",
    "officeLocation in ('1/0', '2/1')",
    "startsWith(officeLocation, '1/')",
];

const NEVER: [&str; 6] = [
    "contains(department, 'Sales')",
    "endsWith(department, 'Sales')",
    "department gt 'Sales'",
    "startsWith(jobTitle, 'Spec')",
    "startsWith(userType, 'Gue')",
    "businessPhones eq '1'",
];

#[test]
fn what_is_found_by_default_is_found_by_an_advanced_query_too() {
    let azure = sandbox();

    for filter in BY_DEFAULT {
        let default = users(&azure, &filtered(filter));
        let advanced = advanced(&azure, &filtered(filter));
        assert!(!found(&default).is_empty(), "{filter}");
        assert_eq!(found(&default), found(&advanced), "{filter}");
    }
}

#[test]
fn what_takes_an_advanced_query_takes_the_header_and_the_count() {
    let azure = sandbox();

    for filter in ADVANCED {
        let query = filtered(filter);
        let url = format!("{}/v1.0/users?{query}", azure.url());
        for answer in [
            users(&azure, &query),
            users(&azure, &format!("{query}&$count=true")),
            read_eventually(&azure, &url),
        ] {
            assert_refused(&answer, 400, "Request_UnsupportedQuery");
        }
        assert!(!found(&advanced(&azure, &query)).is_empty(), "{filter}");
    }
}

#[test]
fn what_graph_never_does_it_does_in_no_query() {
    let azure = sandbox();

    for filter in NEVER {
        for answer in [
            users(&azure, &filtered(filter)),
            advanced(&azure, &filtered(filter)),
        ] {
            assert_refused(&answer, 400, "Request_UnsupportedQuery");
        }
    }
}

#[test]
fn a_refusal_has_the_words_that_were_reported() {
    let azure = sandbox();

    let ne = users(&azure, &filtered("department ne 'VR Department'"));
    let other = users(&azure, &filtered("department eq null"));

    assert_eq!(
        ne.text("/error/message"),
        "Unsupported property filter clause operator 'NotEqualsMatch'."
    );
    assert_eq!(
        other.text("/error/message"),
        "Unsupported or invalid query filter clause specified for property 'department' of \
         resource 'User'."
    );
}

#[test]
fn operators_find_what_they_say() {
    let azure = sandbox();
    let count = |filter: &str| {
        let answer = advanced(&azure, &format!("$top=1&{}", filtered(filter)));
        answer.json()["@odata.count"].as_u64().expect(&answer.body)
    };

    assert_eq!(count("department in ('sales', 'Support')"), 290 + 170);
    assert_eq!(count("startsWith(department, 'S')"), 26 + 290 + 170 + 36);
    assert_eq!(
        count("department ge 'sales' and department le 'SECURITY'"),
        290 + 36
    );
    assert_eq!(count("department ne 'Sales'"), 2_000 - 290);
    assert_eq!(count("not (department eq 'Sales')"), 2_000 - 290);
    assert_eq!(
        count("department eq null") + count("department ne null"),
        2_000
    );
    assert_eq!(
        count("accountEnabled ge true"),
        count("accountEnabled eq true")
    );
    assert_eq!(count("endsWith(mail, '7@example.com')"), 200);
}

#[test]
fn fifteen_alternatives_are_answered_and_sixteen_are_not() {
    let azure = sandbox();

    let fifteen = users(&azure, &filtered(&names_in(15)));
    let sixteen = users(&azure, &filtered(&names_in(16)));
    let two_lists = format!(
        "{} or {}",
        names_in(8),
        names_in(8).replace("department", "mail")
    );

    assert_eq!(fifteen.status, 200);
    for answer in [
        sixteen,
        users(&azure, &filtered(&names_or(16))),
        users(&azure, &filtered(&two_lists)),
    ] {
        assert_refused(&answer, 400, "Request_UnsupportedQuery");
        assert_eq!(
            answer.text("/error/message"),
            "Too many child clauses specified in search filter expression containing 'OR' \
             operators: 16. Max allowed: 15."
        );
    }
    assert_eq!(users(&azure, &filtered(&names_or(15))).status, 200);
    let narrowed = format!("{} and userType eq 'Member'", names_in(15));
    assert_eq!(users(&azure, &filtered(&narrowed)).status, 200);
}

#[test]
fn an_advanced_query_is_bounded_by_the_length_of_its_url() {
    let azure = sandbox();
    let sized = |length: usize| -> Answer {
        let prefix = format!("{}/v1.0/users?$count=true&$filter=", azure.url());
        let filter = encoded("department eq '");
        let rest = length - prefix.len() - filter.len() - 3;
        let url = format!("{prefix}{filter}{}%27", "x".repeat(rest));
        assert_eq!(url.len(), length);
        read_eventually(&azure, &url)
    };

    assert_eq!(advanced(&azure, &filtered(&names_in(40))).status, 200);
    assert_eq!(sized(2_048).status, 200);
    assert_refused(&sized(2_049), 400, "Request_UnsupportedQuery");
    let default = users(
        &azure,
        &filtered(&format!("department eq '{}'", "x".repeat(2_048))),
    );
    assert_eq!(default.status, 200);
}

#[test]
fn a_filter_is_three_levels_high_at_most() {
    let azure = sandbox();
    let three = "department eq 'Sales' and (userType eq 'Guest' or accountEnabled eq false)";
    let four = "(userType eq 'Guest' or (accountEnabled eq false and surname eq 'Ito')) and \
                department eq 'Sales'";

    assert_eq!(users(&azure, &filtered(three)).status, 200);
    let refused = users(&azure, &filtered(four));
    assert_refused(&refused, 400, "Request_UnsupportedQuery");
    let why = refused.text("/error/message");
    assert!(
        why.ends_with("excessive height: 4. Max allowed: 3."),
        "{why}"
    );
    assert_eq!(advanced(&azure, &filtered(four)).status, 200);
}

#[test]
fn the_second_page_of_an_advanced_query_takes_the_header_again() {
    let azure = sandbox();
    let first = advanced(&azure, "$top=999&$filter=department%20ne%20'Sales'");
    let link = next_link(&first).unwrap();

    let without = read(&azure, &link);
    let with = read_eventually(&azure, &link);

    assert_refused(&without, 400, "Request_UnsupportedQuery");
    assert_eq!(without.text("/error/message"), "Unsupported Query.");
    assert_eq!(found(&with).len(), 2_000 - 290 - 999);
}

#[test]
fn the_header_alone_makes_no_query_advanced() {
    let azure = sandbox();
    let url = format!(
        "{}/v1.0/users?{}&$top=20",
        azure.url(),
        of_department("R&D")
    );

    let first = read_eventually(&azure, &url);
    let second = read(&azure, &next_link(&first).unwrap());

    assert_eq!(second.status, 200);
    assert_eq!(first.json().get("@odata.count"), None);
}

fn names_in(count: usize) -> String {
    let names: Vec<_> = (0..count).map(|number| format!("'{number}'")).collect();
    format!("department in ({})", names.join(","))
}

fn names_or(count: usize) -> String {
    let clauses: Vec<_> = (0..count)
        .map(|number| format!("department eq '{number}'"))
        .collect();
    clauses.join(" or ")
}
