//! Who may ask for changes, and how.

use azure_sandbox::{Fault, Sandbox, Service, Times};

use crate::{
    client::{ARM, Answer, GRAPH, bearer, get, sandbox, send},
    directory::{assert_refused, found, read},
};

#[test]
fn what_delta_query_does_not_support_is_refused() {
    let azure = sandbox();

    for query in [
        "$top=5",
        "$orderby=displayName",
        "$expand=manager",
        "$search=x",
        "$count=true",
        "$skip=1",
        "$filter=department%20eq%20'Sales'",
        "$filter=id%20ne%20'x'",
        "$filter=id%20eq%20'x'%20and%20id%20eq%20'y'",
        "$filter=id%20eq%20x",
    ] {
        assert_refused(&delta(&azure, query), 400, "Request_UnsupportedQuery");
    }
    for query in ["$select=shoeSize", "$select=id&$SELECT=mail"] {
        assert_refused(&delta(&azure, query), 400, "BadRequest");
    }
    let url = format!("{}/v1.0/users/delta", azure.url());
    let authorization = bearer(&azure, GRAPH);
    let posted = send("POST", &url, &[("authorization", &authorization)], "").unwrap();
    assert_eq!(posted.status, 405);
}

#[test]
fn the_qualified_name_is_as_good() {
    let azure = sandbox();

    for path in ["delta/", "microsoft.graph.delta", "Delta"] {
        let page = read(&azure, &format!("{}/v1.0/users/{path}", azure.url()));
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(found(&page).len(), 200);
    }
}

#[test]
fn a_token_for_graph_is_needed() {
    let azure = sandbox();
    let url = format!("{}/v1.0/users/delta", azure.url());

    let without = get(&url, &[]);
    let other = get(&url, &[("authorization", &bearer(&azure, ARM))]);

    assert_refused(&without, 401, "InvalidAuthenticationToken");
    assert_refused(&other, 401, "InvalidAuthenticationToken");
}

#[test]
fn faults_of_graph_are_faults_of_delta_queries() {
    let azure = sandbox();
    azure.inject(
        Service::Graph,
        Fault::Throttle { retry_after: 3 },
        Times::Next(1),
    );

    let throttled = delta(&azure, "");
    let after = delta(&azure, "");

    assert_eq!((throttled.status, after.status), (429, 200));
    assert_eq!(azure.requests(Service::Graph).len(), 2);
}

fn delta(azure: &Sandbox, query: &str) -> Answer {
    read(azure, &format!("{}/v1.0/users/delta?{query}", azure.url()))
}
