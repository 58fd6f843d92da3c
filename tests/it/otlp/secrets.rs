//! What no collector gets to see.

use super::{Collector, before, traced};

#[actix_web::test]
async fn nothing_that_is_secret_or_personal_is_sent() {
    let collector = Collector::start();
    let headers = ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=hunter2-of-the-test");
    let mut gateway = before(&collector, &[headers]);
    gateway.proven().await;
    traced(&gateway, "POST", "/vms/web-01/deallocate", "01").await;
    let path = "/directory/users?department=C%2B%2B%20Guild&search=adele";
    traced(&gateway, "GET", path, "01").await;
    let secrets = gateway.azure.secrets();
    gateway.stop();
    let received = collector.received();
    assert!(received.iter().all(|it| {
        let key = ("api-key".to_owned(), "hunter2-of-the-test".to_owned());
        it.headers.contains(&key)
    }));
    let all: Vec<_> = received
        .iter()
        .map(|it| String::from_utf8_lossy(&it.body).into_owned())
        .collect();
    let all = all.concat();
    assert!(all.contains("follow deallocate") && all.contains("mi_gateway_http_requests_total"));
    for secret in &secrets {
        assert!(!all.contains(secret), "a secret was sent");
    }
    for word in [
        "hunter2",
        "?api",
        "department=",
        "api-version",
        "Guild",
        "C%2B",
        "adele",
        "$filter",
        "Bearer",
    ] {
        assert!(!all.contains(word), "{word} was sent");
    }
}
