//! P: every shape of an answer, documented or seen, is read or refused.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
    time::Duration,
};

use azure_sandbox::{Fault, Host, Identity, Service, Times};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use super::{azure, before, failure, standing};
use crate::gateway::Gateway;

/// An hour from now, in whole seconds.
fn in_an_hour() -> Timestamp {
    let soon = Timestamp::now() + 1.hour();
    Timestamp::from_second(soon.as_second()).unwrap()
}

/// `hour` on the day after tomorrow, and that day as `%m/%d/%Y`.
fn at(hour: i64) -> (Timestamp, String) {
    let day = Timestamp::now().as_second() / 86_400 + 2;
    let moment = Timestamp::from_second(day * 86_400 + hour * 3_600).unwrap();
    (moment, moment.strftime("%m/%d/%Y").to_string())
}

/// An answer with a token and `fields`.
fn answer(fields: &Value) -> Fault {
    let mut body = json!({"access_token": "opaque"});
    body.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    Fault::answer(200, &body.to_string())
}

/// Panics unless an answer with `fields` is taken for a token until `expected`.
async fn lasts_until(expected: Timestamp, fields: Value) {
    let token = standing(&before(answer(&fields))).await;
    let told = token["expiresOn"].as_str();
    let told: Timestamp = told
        .unwrap_or_else(|| panic!("{fields}: {token}"))
        .parse()
        .unwrap();
    let off = (told.as_second() - expected.as_second()).abs();
    assert!(off <= 3, "{fields}: {told} and not {expected}");
}

#[actix_web::test]
async fn p1_seconds_since_1970_as_text() {
    let end = in_an_hour();
    lasts_until(end, json!({"expires_on": end.as_second().to_string()})).await;
}

#[actix_web::test]
async fn p2_seconds_since_1970_as_a_number() {
    let end = in_an_hour();
    lasts_until(end, json!({"expires_on": end.as_second()})).await;
}

#[actix_web::test]
async fn p3_a_lifetime_alone() {
    for lifetime in [json!("3599"), json!(3599)] {
        lasts_until(in_an_hour(), json!({"expires_in": lifetime})).await;
    }
}

#[actix_web::test]
async fn p4_an_empty_lifetime_says_nothing() {
    let end = in_an_hour();
    let fields = json!({"expires_in": "", "expires_on": end.as_second().to_string()});
    lasts_until(end, fields).await;
}

#[actix_web::test]
async fn p5_of_two_that_disagree_the_earlier_counts() {
    let end = in_an_hour();
    let later = (end + 1.hour()).as_second();
    lasts_until(end, json!({"expires_in": 3600, "expires_on": later})).await;
    let fields = json!({"expires_in": 7200, "expires_on": end.as_second()});
    lasts_until(end, fields).await;
}

#[actix_web::test]
async fn p6_a_date_of_app_service() {
    let end = in_an_hour();
    let date = end.strftime("%m/%d/%Y %H:%M:%S +00:00").to_string();
    lasts_until(end, json!({"expires_on": date})).await;
}

#[actix_web::test]
async fn p7_a_date_with_am_and_pm_by_either_clock() {
    let (end, day) = at(15);
    for time in ["3:00:00 PM +00:00", "15:00:00 PM +00:00"] {
        lasts_until(end, json!({"expires_on": format!("{day} {time}")})).await;
    }
}

#[actix_web::test]
async fn p8_a_date_that_may_be_noon_or_midnight_is_the_earlier() {
    let (midnight, day) = at(0);
    let fields = json!({"expires_on": format!("{day} 00:00:00 PM +00:00")});
    lasts_until(midnight, fields).await;
}

#[actix_web::test]
async fn p9_a_date_without_a_zone_is_utc() {
    let end = in_an_hour();
    for format in ["%m/%d/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S"] {
        lasts_until(end, json!({"expires_on": end.strftime(format).to_string()})).await;
    }
}

#[actix_web::test]
async fn p10_a_date_of_iso_8601() {
    let end = in_an_hour();
    let date = end.strftime("%Y-%m-%dT%H:%M:%S.0000000+00:00").to_string();
    lasts_until(end, json!({"expires_on": date})).await;
}

#[actix_web::test]
async fn p11_a_date_that_is_none_is_refused_with_its_token() {
    for date in ["15609740s28", "tomorrow"] {
        let gateway = before(answer(&json!({"expires_on": date})));
        assert_eq!(failure(&gateway).await, "not_understood", "{date}");
    }
}

#[actix_web::test]
async fn p12_where_nothing_says_it_the_token_does_or_is_refused() {
    let end = in_an_hour();
    let payload = URL_SAFE_NO_PAD.encode(json!({"exp": end.as_second()}).to_string());
    let token = format!("e30.{payload}.s");
    lasts_until(end, json!({"access_token": token})).await;

    let gateway = before(answer(&json!({})));
    assert_eq!(failure(&gateway).await, "not_understood");
}

#[actix_web::test]
async fn p13_a_token_of_the_past_is_refused() {
    let past = (Timestamp::now() - 1.hour()).as_second();
    for fields in [
        json!({"expires_on": past.to_string()}),
        json!({"expires_on": "06/19/2019 23:42:01 +00:00"}),
        json!({"expires_in": 0}),
        json!({"expires_in": 3600, "expires_on": past}),
    ] {
        let gateway = before(answer(&fields));
        assert_eq!(failure(&gateway).await, "expired", "{fields}");
    }
}

#[actix_web::test]
async fn p14_a_small_number_is_a_lifetime() {
    for small in [json!("3600"), json!(3600)] {
        lasts_until(in_an_hour(), json!({"expires_on": small})).await;
    }
}

#[actix_web::test]
async fn p15_an_answer_without_a_token_is_refused() {
    for body in [
        r#"{"access_token":"","expires_in":3600}"#,
        r#"{"access_token":null,"expires_in":3600}"#,
        r#"{"expires_in":3600}"#,
        "null",
    ] {
        let gateway = before(Fault::answer(200, body));
        assert_eq!(failure(&gateway).await, "not_understood", "{body}");
    }
}

#[actix_web::test]
async fn p16_neither_resource_nor_token_type_is_needed() {
    let azure = azure();
    let token = azure.mint("https://management.azure.com/");
    let body = json!({"access_token": token, "expires_in": 3600}).to_string();
    azure.inject(Service::Token, Fault::answer(200, &body), Times::Always);
    let gateway = Gateway::before(azure, Host::ContainerApp, &[]);
    assert_eq!(gateway.get("/vms/web-01").await.status, 200);

    // The same is no token for Graph.
    let graph = |answer: &crate::answer::Answer| {
        let code = answer.json()["tokens"][1]["lastFailure"]["code"].clone();
        (code == "wrong_audience").then_some(())
    };
    gateway.until("/identity", graph).await;
}

#[actix_web::test]
async fn p17_what_is_no_json_is_no_identity_endpoint() {
    for body in ["<html>a proxy</html>", "{", "access_token=t", ""] {
        let gateway = before(Fault::answer(200, body));
        assert_eq!(failure(&gateway).await, "not_imds", "{body}");
    }
}

/// The end of a slow body belongs to the attempt that it began in.
#[actix_web::test]
async fn p18_a_body_that_comes_slowly_after_a_failure_is_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/msi/token", listener.local_addr().unwrap());
    let body = json!({"access_token": "opaque", "expires_in": 3600}).to_string();
    thread::spawn(move || {
        for (count, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let (status, body) = match count {
                0 | 1 => ("500 Internal Server Error", "{}"),
                _ => ("200 OK", body.as_str()),
            };
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            let _ = stream.write_all(head.as_bytes());
            for byte in body.as_bytes().chunks(8) {
                thread::sleep(Duration::from_millis(50));
                let _ = stream.write_all(byte);
            }
        }
    });
    let vars = [
        ("IDENTITY_ENDPOINT", endpoint.as_str()),
        ("AZURE_CLIENT_ID", ""),
    ];
    let gateway = Gateway::with(&vars);
    gateway.ready().await;
}

#[actix_web::test]
async fn p19_an_answer_of_another_success_counts() {
    let body = json!({"access_token": "opaque", "expires_in": 3600}).to_string();
    let token = standing(&before(Fault::answer(202, &body))).await;
    assert_eq!(token["state"], "fresh", "{token}");
}

#[actix_web::test]
async fn p20_a_token_of_another_identity_is_refused_by_its_claims_or_by_the_echo() {
    let other = Identity::named("other");
    let claims = json!({"appid": other.client_id}).to_string();
    let token = format!("e30.{}.s", URL_SAFE_NO_PAD.encode(claims));
    for body in [
        json!({"access_token": token, "expires_in": 3600}),
        json!({"access_token": "t", "expires_in": 3600, "client_id": other.client_id}),
    ] {
        let azure = azure();
        let fault = Fault::answer(200, &body.to_string());
        azure.inject(Service::Token, fault, Times::Always);
        let gateway = Gateway::before(azure, Host::ContainerApp, &[]);
        assert_eq!(failure(&gateway).await, "wrong_identity", "{body}");
        assert_eq!(gateway.get("/vms/web-01").await.status, 503);
    }
}
