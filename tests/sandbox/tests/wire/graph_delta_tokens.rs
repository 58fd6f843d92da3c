//! The tokens of delta queries: sealed, for a while, and not for ever.

use azure_sandbox::Sandbox;

use crate::{
    client::{Answer, encoded, post, sandbox},
    directory::{assert_refused, found, next_link, read},
    replica::{Replica, delta_link, live},
};

#[test]
fn forgotten_tokens_lead_to_where_everything_begins_again() {
    let azure = sandbox();
    let id = azure.user_ids("Legal").first().unwrap().clone();
    let filter = encoded(&format!("id eq '{id}'"));
    let page = links(&azure, "$select=department,mail").0;
    let round = links(&azure, &format!("$select=mail&$filter={filter}")).1;

    azure.forget_delta_tokens();

    let root = format!("{}/v1.0/users/delta?", azure.url());
    for (link, query) in [
        (page, "$select=department%2Cmail&$deltatoken=".to_owned()),
        (round, format!("$select=mail&$filter={filter}&$deltatoken=")),
    ] {
        let gone = read(&azure, &link);
        assert_refused(&gone, 410, "resyncRequired");
        assert_eq!(gone.header("location"), Some(&*format!("{root}{query}")));
    }
}

#[test]
fn a_replica_that_begins_again_is_whole() {
    let azure = sandbox();
    let mut replica = Replica::new(&azure, "$select=department,mail");
    replica.round(&azure, || ());
    azure.churn(500, 1);
    azure.forget_delta_tokens();

    let gone = read(&azure, &replica.link);
    replica.users.clear();
    replica.link = gone.header("location").unwrap().to_owned();
    replica.round(&azure, || ());

    assert_eq!(replica.users, live(&azure, "department,mail"));
}

#[test]
fn tokens_that_are_too_old_are_not_found() {
    let azure = sandbox();
    let (page, round) = links(&azure, "");

    azure.expire_delta_tokens();

    for link in [page, round] {
        assert_refused(&read(&azure, &link), 400, "syncStateNotFound");
    }
    let (page, round) = links(&azure, "");
    assert_eq!(read(&azure, &page).status, 200);
    assert_eq!(read(&azure, &round).status, 200);
}

#[test]
fn tokens_can_be_forgotten_and_expired_over_http() {
    let azure = sandbox();
    for (verb, status) in [("forget", 410), ("expire", 400)] {
        let (page, _) = links(&azure, "");

        let done = post(&format!("{}/sandbox/delta/{verb}", azure.url()), &[], "");

        assert_eq!(done.status, 200);
        assert_eq!(read(&azure, &page).status, status);
    }
}

#[test]
fn a_token_that_was_altered_is_refused() {
    let azure = sandbox();
    let (page, _) = links(&azure, "$select=department");

    for at in page.find("token=").unwrap() + 6..page.len() {
        let other = if &page[at..=at] == "A" { "B" } else { "A" };
        let mut altered = page.clone();
        altered.replace_range(at..=at, other);
        assert_refused(&read(&azure, &altered), 400, "Request_BadRequest");
    }
}

#[test]
fn a_token_is_of_its_kind_and_of_its_sandbox() {
    let azure = sandbox();
    let (page, round) = links(&azure, "");
    let foreign = links(&sandbox(), "").1;
    let token = |link: &str| link.split_once("token=").unwrap().1.to_owned();

    for query in [
        format!("$deltatoken={}", token(&page)),
        format!("$skiptoken={}", token(&round)),
        format!("$deltatoken={}", token(&foreign)),
        "$skiptoken=1".to_owned(),
        "$deltatoken=newest".to_owned(),
    ] {
        assert_refused(&delta(&azure, &query), 400, "Request_BadRequest");
    }
}

#[test]
fn the_parameters_of_the_first_request_cannot_be_told_again() {
    let azure = sandbox();
    let (page, round) = links(&azure, "$select=mail");

    for link in [&page, &round] {
        for more in ["$select=department", "$filter=id%20eq%20'x'", "$top=5"] {
            let answer = read(&azure, &format!("{link}&{more}"));
            assert_refused(&answer, 400, "Request_UnsupportedQuery");
        }
    }
    let both = read(&azure, &format!("{page}&$deltatoken=latest"));
    assert_eq!(both.status, 400);
}

#[test]
fn an_empty_token_is_no_token() {
    let azure = sandbox();

    let everybody = delta(&azure, "$select=mail&$deltatoken=");

    assert_eq!(found(&everybody).len(), 200);
}

/// The link to a second page, and one to a second round.
fn links(azure: &Sandbox, query: &str) -> (String, String) {
    let page = delta(azure, query);
    let latest = delta(azure, &format!("$deltatoken=latest&{query}"));
    let page = next_link(&page).or(delta_link(&page)).unwrap();
    (page, delta_link(&latest).unwrap())
}

fn delta(azure: &Sandbox, query: &str) -> Answer {
    read(azure, &format!("{}/v1.0/users/delta?{query}", azure.url()))
}
