//! Whole lines, as whoever collects them reads them.

use std::sync::Arc;

use actix_web::http::{StatusCode, header::HeaderMap};
use uuid::Uuid;

use super::*;
use crate::{
    access::{Caller, Kind, Principal, ServiceAccount, Subject},
    audit::{Activity, Conclusion, Deed, Denied, Endpoint, Outcome, Requester, Way, record::Stage},
    azure::{Action, Manner, Memory, Receipt},
    metrics::Metrics,
    policy::{Policies, Source, Warrant},
    telemetry::TraceContext,
};

fn deed(manner: Manner, change: Option<&str>) -> Deed {
    let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/web-01";
    Deed {
        action: Action::Deallocate,
        manner,
        memory: Memory::Kept,
        machine: id.parse().unwrap(),
        operation: "web-01.deallocate.0".to_owned(),
        change: change.map(str::to_owned),
    }
}

fn principal(kind: Kind) -> Principal {
    Principal {
        tenant: Uuid::from_u128(1),
        object_id: Uuid::from_u128(2),
        client_id: None,
        kind,
        roles: vec!["Vm.Operate".to_owned()],
        token_id: None,
    }
}

fn by(caller: Caller, way: Way, grounds: Option<Arc<[String]>>) -> Requester {
    let trace = TraceContext::continued(&HeaderMap::new());
    let policies = Policies::load(Source::of(None), None, Metrics::new().unwrap()).unwrap();
    let warrant = Warrant::of(Arc::new(caller), policies);
    let mut requester = Requester::new(warrant, "request".to_owned(), &trace, way);
    let provenance = Arc::get_mut(&mut requester.provenance).unwrap();
    provenance.trace_id = "4bf9".to_owned();
    provenance.correlation_id = "4b-f9".to_owned();
    Requester {
        grounds,
        ..requester
    }
}

fn unseen() -> Way {
    Way::api(None, "GET", "/vms", None)
}

fn record(stage: Stage, deed: Deed, requester: Requester) -> Record {
    fixed(Record::of_deed(stage, deed, requester.into()))
}

/// The same with what differs each time made the same.
fn fixed(mut record: Record) -> Record {
    record.id = Uuid::from_u128(3);
    record.at = Timestamp::from_millisecond(1_795_900_123_456).unwrap();
    record.duration_ms = record.duration_ms.map(|_| 41);
    record
}

/// Asserts that the line of `record` is these parts, byte by byte.
fn assert_line(record: &Record, parts: &[&str]) {
    let line = String::from_utf8(line(record).unwrap()).unwrap();
    let expected = parts
        .concat()
        .replace("$ID", "00000000-0000-0000-0000-000000000003")
        .replace("$PRODUCT", PRODUCT)
        .replace("$VERSION", env!("CARGO_PKG_VERSION"));
    assert_eq!(line, format!("{{{expected}}}\n"));
}

const PRODUCT: &str =
    r#"{"name":"mi-gateway","vendor_name":"mi-gateway","version":"$VERSION"},"version":"1.4.0""#;

const CLASS: &str = r#""class_uid":6003,"class_name":"API Activity","category_uid":6,"activity_id":3,"activity_name":"Update","type_uid":600303,"#;
const API: &str = r#""api":{"operation":"Microsoft.Compute/virtualMachines/deallocate/action","service":{"name":"mi-gateway"},"request":{"uid":"request"}},"#;
const RESOURCES: &str = r#""resources":[{"uid":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/web-01","name":"web-01","type":"Microsoft.Compute/virtualMachines"}],"#;

#[test]
fn an_intent_of_an_app_tells_its_token_and_its_policies() {
    let app = Principal {
        client_id: Some(Uuid::from_u128(4)),
        token_id: Some("uti".to_owned()),
        ..principal(Kind::App)
    };
    let source = Endpoint {
        ip: [192, 0, 2, 7].into(),
        port: Some(51_234),
        intermediate_ips: vec![[0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into()],
    };
    let way = Way::api(Some(source), "POST", "/vms/web-01/deallocate", Some("a\"b"));
    let grounds = ["operators".to_owned(), "night".to_owned()].into();
    let app = by(Caller::Entra(app), way, Some(grounds));
    let record = record(Stage::Intent, deed(Manner::Graceful, None), app);
    assert_line(
        &record,
        &[
            CLASS,
            r#""severity_id":1,"time":1795900123456,"#,
            r#""metadata":{"product":$PRODUCT,"uid":"$ID-intent","correlation_uid":"$ID"},"#,
            r#""actor":{"user":{"uid":"00000000-0000-0000-0000-000000000002","type_id":4,"org":{"uid":"00000000-0000-0000-0000-000000000001"}},"#,
            r#""app_uid":"00000000-0000-0000-0000-000000000004","session":{"uid":"uti"},"#,
            r#""authorizations":[{"decision":"allowed","policy":{"uid":"operators","group":{"name":"cedar"}}},"#,
            r#"{"decision":"allowed","policy":{"uid":"night","group":{"name":"cedar"}}}]},"#,
            API,
            r#""src_endpoint":{"ip":"192.0.2.7","port":51234,"intermediate_ips":["2001:db8::1"]},"#,
            r#""http_request":{"http_method":"POST","url":{"path":"/vms/web-01/deallocate"},"user_agent":"a\"b"},"#,
            RESOURCES,
            r#""unmapped":{"stage":"intent","auditId":"$ID","caller":"app","traceId":"4bf9","azure":{"correlationId":"4b-f9"},"#,
            r#""operationId":"web-01.deallocate.0","action":"deallocate","forced":false}"#,
        ],
    );
}

#[test]
fn an_outcome_tells_what_azure_answered() {
    let user = by(Caller::Entra(principal(Kind::User)), unseen(), None);
    let first = record(Stage::Intent, deed(Manner::Forced, Some("tags: é")), user);
    let outcome = Outcome::other(Conclusion::Superseded, "Code", "two\nlines");
    let receipt = Receipt {
        status: StatusCode::ACCEPTED,
        request_id: Some("azure".to_owned()),
    };
    let record = fixed(first.second(outcome, Some(receipt)));
    assert_line(
        &record,
        &[
            CLASS,
            r#""severity_id":1,"time":1795900123456,"duration":41,"#,
            r#""status_id":99,"status":"Superseded","status_code":"Code","status_detail":"two\nlines","#,
            r#""metadata":{"product":$PRODUCT,"uid":"$ID-outcome","correlation_uid":"$ID"},"#,
            r#""actor":{"user":{"uid":"00000000-0000-0000-0000-000000000002","type_id":1,"org":{"uid":"00000000-0000-0000-0000-000000000001"}}},"#,
            API,
            r#""src_endpoint":{"name":"unknown"},"http_request":{"http_method":"GET","url":{"path":"/vms"}},"#,
            RESOURCES,
            r#""unmapped":{"stage":"outcome","auditId":"$ID","caller":"user","traceId":"4bf9","#,
            r#""azure":{"correlationId":"4b-f9","requestId":"azure","status":202},"#,
            r#""operationId":"web-01.deallocate.0","action":"deallocate","forced":true,"change":"tags: é"}"#,
        ],
    );
}

fn denied(resource: Option<&str>, grounds: Option<Arc<[String]>>, requester: Requester) -> Record {
    let denied = Denied {
        activity: Activity::Update,
        operation: "deallocate".to_owned(),
        resource: resource.map(str::to_owned),
        code: "forbidden",
        detail: "no policy permits it".to_owned(),
        grounds,
    };
    fixed(Record::of_denied(denied, requester.into()))
}

const DENIED: &str = r#""severity_id":3,"time":1795900123456,"status_id":2,"status":"Failure","status_code":"forbidden","status_detail":"no policy permits it","metadata":{"product":$PRODUCT,"uid":"$ID-denied","correlation_uid":"$ID"},"#;

const REFUSED: &str = r#""api":{"operation":"deallocate","service":{"name":"mi-gateway"},"request":{"uid":"request"}},"src_endpoint":{"name":"unknown"},"http_request":{"http_method":"GET","url":{"path":"/vms"}},"#;

#[test]
fn a_denied_account_is_told_with_its_pod_and_without_azure() {
    let account = Caller::Account(ServiceAccount {
        namespace: "shop".to_owned(),
        name: "night".to_owned(),
        pod: Some("night-1".to_owned()),
    });
    let account = by(account, unseen(), None);
    let record = denied(None, Some(Arc::default()), account);
    assert_line(
        &record,
        &[
            CLASS,
            DENIED,
            r#""actor":{"user":{"name":"system:serviceaccount:shop:night","type_id":4,"domain":"shop"},"authorizations":[{"decision":"denied"}]},"#,
            REFUSED,
            r#""unmapped":{"stage":"denied","auditId":"$ID","caller":"service_account","pod":"night-1","traceId":"4bf9"}"#,
        ],
    );
}

#[test]
fn a_denied_subject_is_told_with_its_issuer() {
    let subject = Caller::Subject(Subject {
        issuer: "https://issuer".to_owned(),
        id: "sub".to_owned(),
        client_id: Some("client".to_owned()),
        roles: Vec::new(),
    });
    let record = denied(Some("/vm"), None, by(subject, unseen(), None));
    assert_line(
        &record,
        &[
            CLASS,
            DENIED,
            r#""actor":{"user":{"uid":"sub","type_id":0},"app_uid":"client","session":{"issuer":"https://issuer"}},"#,
            REFUSED,
            r#""resources":[{"uid":"/vm"}],"unmapped":{"stage":"denied","auditId":"$ID","caller":"subject","traceId":"4bf9"}"#,
        ],
    );
}

#[test]
fn a_command_is_told_as_the_process_that_it_is() {
    let command = by(Caller::Anonymous, Way::Command, None);
    let record = record(Stage::Noop, deed(Manner::Graceful, None), command);
    let process = format!(
        r#""actor":{{"process":{{"name":"mi-gateway","pid":{}}}}},"#,
        std::process::id()
    );
    assert_line(
        &record.ended(Outcome::success("")),
        &[
            CLASS,
            r#""severity_id":1,"time":1795900123456,"status_id":1,"status":"Success","#,
            r#""metadata":{"product":$PRODUCT,"uid":"$ID-noop","correlation_uid":"$ID"},"#,
            &process,
            API,
            r#""src_endpoint":{"hostname":"localhost"},"#,
            RESOURCES,
            r#""unmapped":{"stage":"noop","auditId":"$ID","caller":"command","traceId":"4bf9","azure":{"correlationId":"4b-f9"},"#,
            r#""operationId":"web-01.deallocate.0","action":"deallocate","forced":false}"#,
        ],
    );
}

#[test]
fn a_resumption_tells_how_many_lines_are_missing() {
    let line = String::from_utf8(resumed(2, 1).unwrap()).unwrap();
    let (start, end) = line.split_once(r#""time":"#).unwrap();
    let (_, end) = end.split_once(',').unwrap();
    assert_eq!(
        start,
        r#"{"class_uid":6002,"class_name":"Application Lifecycle","category_uid":6,"activity_id":99,"activity_name":"Audit resumed","type_uid":600299,"severity_id":3,"#
    );
    let product = PRODUCT.replace("$VERSION", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        end,
        format!(
            "\"metadata\":{{\"product\":{product}}},\"app\":{{\"name\":\"mi-gateway\"}},\
             \"unmapped\":{{\"stage\":\"resumed\",\"lost\":2,\"late\":1}}}}\n"
        )
    );
}
