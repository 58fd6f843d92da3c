//! Pages of a delta query, as they are read.

use serde_json::json;

use super::*;
use crate::azure::UserProperty;

const USERS: &str = "https://graph.example/v1.0/users?";

fn link(token: &str) -> String {
    format!("https://graph.example/v1.0/users/delta?{token}")
}

fn read_json(body: &serde_json::Value) -> Result<Changes, Cause> {
    read(&Bytes::from(body.to_string()), &DeltaLink::start(), USERS)
}

#[test]
fn what_is_told_of_a_user_is_kept_as_graph_wrote_it() {
    let body = r##"{"value":[
        {"@odata.type":"#microsoft.graph.user","id":"a","displayName":"Zo\u00eb \"Z\"","mail":null,
         "businessPhones":[ "1" ],"manager@delta":[{"id":"x"}]},
        {"id":"b","@removed":{"reason":"changed"},"displayName":"B"}],
        "@odata.nextLink":"https://graph.example/v1.0/users/delta?$skiptoken=x"}"##;
    let changes = read(&Bytes::from(body), &DeltaLink::start(), USERS).unwrap();
    let [
        UserChange::Present { id, properties },
        UserChange::Gone(gone),
    ] = &changes.items[..]
    else {
        panic!("{:?}", changes.items);
    };
    assert_eq!((id.as_str(), gone.as_str()), ("a", "b"));
    let said: Vec<_> = properties
        .iter()
        .map(|(property, text)| (*property, std::str::from_utf8(text).unwrap()))
        .collect();
    let expected = [
        (UserProperty::Id, r#""a""#),
        (UserProperty::DisplayName, r#""Zo\u00eb \"Z\"""#),
        (UserProperty::Mail, "null"),
        (UserProperty::BusinessPhones, r#"[ "1" ]"#),
    ];
    assert_eq!(said, expected);
    assert!(matches!(changes.next, Next::Page(_)));
}

#[test]
fn a_round_ends_with_the_link_for_the_next() {
    let body = json!({ "value": [], "@odata.deltaLink": link("$deltatoken=x") });
    let changes = read_json(&body).unwrap();
    let Next::Done(next) = changes.next else {
        panic!("it goes on");
    };
    assert_eq!(next.url(USERS), link("$deltatoken=x"));
}

#[test]
fn a_page_that_cannot_be_gone_on_from_is_not_understood() {
    let next = link("$skiptoken=x");
    for body in [
        json!({ "value": [] }),
        json!({ "value": [], "@odata.nextLink": next, "@odata.deltaLink": next }),
        json!({ "value": [], "@odata.nextLink": "https://evil.example/v1.0/users/delta?x" }),
        json!({ "value": [{ "displayName": "A" }], "@odata.nextLink": next }),
        json!({ "value": [{ "id": null }], "@odata.nextLink": next }),
        json!({ "value": {}, "@odata.nextLink": next }),
    ] {
        assert!(read_json(&body).is_err(), "{body}");
    }
    let body = json!({ "value": [], "@odata.nextLink": next }).to_string();
    let at = DeltaLink::accept(&next, USERS).unwrap();
    assert!(read(&Bytes::from(body), &at, USERS).is_err(), "a circle");
}
