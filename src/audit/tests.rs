//! The record as files hold it.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

use actix_web::http::header::HeaderMap;
use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::{
    access::{Caller, Kind, Principal, ServiceAccount},
    azure::{Action, Manner, Memory},
    policy::{Policies, Source, Warrant},
    task::Tasks,
    telemetry::TraceContext,
};

/// A folder that is gone with the test.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        let parent = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tmp");
        let path = parent.join(format!("audit-{}", Uuid::new_v4().simple()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn file(&self) -> PathBuf {
        self.0.join("audit.jsonl")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(super) fn at(path: &Path) -> Audit {
    let target = AuditTarget::File(path.to_owned());
    Audit::new(target, Metrics::new().unwrap()).unwrap()
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect()
}

pub(super) fn stages(path: &Path) -> Vec<String> {
    let lines = lines(path);
    let stage = |line: &Value| line["unmapped"]["stage"].as_str().unwrap().to_owned();
    lines.iter().map(stage).collect()
}

pub(super) fn deed() -> Deed {
    let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/web-01";
    Deed {
        action: Action::Deallocate,
        manner: Manner::Graceful,
        memory: Memory::Kept,
        machine: id.parse().unwrap(),
        operation: "web-01.deallocate.0".to_owned(),
        change: None,
    }
}

pub(super) fn requester(caller: Caller) -> Arc<Requester> {
    let trace = TraceContext::continued(&HeaderMap::new());
    let way = Way::api(None, "POST", "/vms/web-01/deallocate", Some("curl/8"));
    let policies = Policies::load(Source::of(None), None, Metrics::new().unwrap()).unwrap();
    let warrant = Warrant::of(Arc::new(caller), policies);
    Arc::new(Requester::new(warrant, "request".to_owned(), &trace, way))
}

/// Where lines go that went to a full disk before.
fn mended(folder: &Folder) -> PathBuf {
    let other = folder.0.join("other");
    symlink(&other, folder.0.join("next")).unwrap();
    fs::rename(folder.0.join("next"), folder.file()).unwrap();
    other
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}

#[actix_web::test]
async fn a_change_has_two_lines_that_its_id_joins() {
    let folder = Folder::new();
    let audit = at(&folder.file());
    let by = requester(Caller::Anonymous);
    let pending = audit.intent(deed(), &by, soon()).await.unwrap();
    assert_eq!(stages(&folder.file()), ["intent"]);
    pending.outcome(Outcome::success(""));
    drop(audit);
    let lines = lines(&folder.file());
    assert_eq!(stages(&folder.file()), ["intent", "outcome"]);
    let [first, second] = [&lines[0], &lines[1]].map(|it| &it["metadata"]["correlation_uid"]);
    assert_eq!(first, second);
    assert_eq!(lines[1]["status"], "Success");
}

#[actix_web::test]
async fn a_change_whose_time_went_elsewhere_is_no_fault_of_the_record() {
    let folder = Folder::new();
    let audit = at(&folder.file());
    let by = requester(Caller::Anonymous);
    let intent = audit.intent(deed(), &by, Deadline::after(Duration::ZERO));
    assert!(matches!(intent.await, Err(Unavailable::Late)));
    assert_eq!(audit.failure(), None);
    let metrics = audit.0.metrics.encode().unwrap();
    assert!(!metrics.contains(r#"audit_failures_total{stage="intent"}"#));
    drop(audit);
    assert_eq!(stages(&folder.file()), ["intent", "outcome"]);
    assert_eq!(lines(&folder.file())[1]["status_code"], "NotSent");
}

#[actix_web::test]
async fn a_change_is_begun_only_where_few_enough_lines_wait() {
    let folder = Folder::new();
    let audit = at(&folder.file());
    let by = requester(Caller::Anonymous);
    // As if so many were stuck: nothing that writes well has them wait.
    let wait = |lines| audit.0.waiting.store(lines, Ordering::Relaxed);
    wait(1_023);
    let pending = audit.intent(deed(), &by, soon()).await.unwrap();
    wait(1_024);
    let intent = audit.intent(deed(), &by, soon()).await;
    assert!(matches!(intent, Err(Unavailable::Full)));
    let metrics = audit.0.metrics.encode().unwrap();
    assert!(metrics.contains("audit_failures_total{stage=\"intent\"} 1\n"));
    drop((pending, audit));
    assert_eq!(stages(&folder.file()), ["intent", "outcome"]);
}

/// The outcome of what is let go of without an end, `amid` something.
async fn let_go(amid: fn()) -> Value {
    let folder = Folder::new();
    let audit = at(&folder.file());
    let by = requester(Caller::Anonymous);
    let pending = audit.intent(deed(), &by, soon()).await.unwrap();
    let work = async move {
        let _pending = pending;
        amid();
    };
    let _ = Tasks::default().finish(work).await;
    drop(audit);
    lines(&folder.file()).pop().unwrap()
}

#[actix_web::test]
async fn what_is_dropped_without_an_end_is_unknown() {
    for (amid, why) in [
        ((|| {}) as fn(), "the gateway ended, "),
        (
            || panic!("on purpose"),
            "a fault of the gateway broke it off ",
        ),
    ] {
        let last = let_go(amid).await;
        assert_eq!(last["status"], "Unknown");
        assert_eq!(last["status_code"], "NotFollowed");
        let told = last["status_detail"].as_str().unwrap();
        assert!(told.starts_with(why), "{told}");
    }
}

#[actix_web::test]
async fn the_file_is_its_owners_alone() {
    let folder = Folder::new();
    let audit = at(&folder.file());
    audit.open().unwrap();
    let mode = fs::metadata(folder.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[actix_web::test]
async fn a_line_without_an_end_does_not_swallow_the_next() {
    let folder = Folder::new();
    fs::write(folder.file(), "{\"torn\":").unwrap();
    let audit = at(&folder.file());
    let by = requester(Caller::Anonymous);
    let _pending = audit.intent(deed(), &by, soon()).await.unwrap();
    let text = fs::read_to_string(folder.file()).unwrap();
    let second = text.lines().nth(1).unwrap();
    assert!(second.starts_with('{') && second.ends_with('}'), "{text}");
}

#[actix_web::test]
async fn what_is_true_already_is_written_when_it_can_be() {
    let folder = Folder::new();
    symlink("/dev/full", folder.file()).unwrap();
    let audit = at(&folder.file());
    let by = requester(Caller::Anonymous);
    audit.noop(deed(), &by, Outcome::success("it was so"));
    audit.flush().await;
    assert!(audit.failure().unwrap().contains("No space left"));
    assert!(audit.intent(deed(), &by, soon()).await.is_err());
    let other = mended(&folder);
    let mut pause = time::interval(Duration::from_millis(10));
    while audit.failure().is_some() {
        pause.tick().await;
    }
    drop(audit);
    assert_eq!(stages(&other), ["resumed", "noop"]);
}

#[actix_web::test]
async fn what_is_late_does_not_wait_for_a_quiet_moment() {
    let folder = Folder::new();
    symlink("/dev/full", folder.file()).unwrap();
    let audit = at(&folder.file());
    let by = requester(Caller::Anonymous);
    audit.noop(deed(), &by, Outcome::success("it was so"));
    audit.flush().await;
    let other = mended(&folder);
    let _pending = audit.intent(deed(), &by, soon()).await.unwrap();
    audit.flush().await;
    assert!(stages(&other).contains(&"noop".to_owned()));
}

#[actix_web::test]
async fn many_that_arrive_together_are_all_written_in_their_order() {
    let folder = Folder::new();
    let audit = at(&folder.file());
    let by = requester(Caller::Anonymous);
    let numbered = |number: u32| Deed {
        operation: number.to_string(),
        ..deed()
    };
    let all = (0..500).map(|number| audit.intent(numbered(number), &by, soon()));
    let all = futures_util::future::join_all(all).await;
    assert!(all.iter().all(Result::is_ok));
    drop((all, audit));
    let lines = lines(&folder.file());
    assert_eq!(lines.len(), 1_000);
    for (place, line) in lines.iter().enumerate() {
        let stage = if place < 500 { "intent" } else { "outcome" };
        let (about, number) = (&line["unmapped"], place % 500);
        assert_eq!(about["stage"], stage, "line {place}");
        assert_eq!(about["operationId"], number.to_string(), "line {place}");
    }
}

#[actix_web::test]
async fn callers_and_decisions_are_told() {
    let folder = Folder::new();
    let audit = at(&folder.file());
    let (tenant, object_id) = (Uuid::new_v4(), Uuid::new_v4());
    let app = Caller::Entra(Principal {
        tenant,
        object_id,
        client_id: None,
        kind: Kind::App,
        roles: vec!["Vm.Operate".to_owned()],
        token_id: Some("uti".to_owned()),
    });
    let account = Caller::Account(ServiceAccount {
        namespace: "shop".to_owned(),
        name: "night".to_owned(),
        pod: Some("night-1".to_owned()),
    });
    let grounds: Arc<[String]> = ["operators".to_owned()].into();
    let mut by = Arc::unwrap_or_clone(requester(app));
    by.grounds = Some(grounds.clone());
    audit.joined(deed(), &Arc::new(by));
    let denied = Denied {
        activity: Activity::Update,
        operation: "deallocate".to_owned(),
        resource: None,
        code: "forbidden",
        detail: "no policy permits it".to_owned(),
        grounds: Some(grounds),
    };
    audit.denied(denied, &requester(account));
    drop(audit);
    let lines = lines(&folder.file());
    let actor = |line: &Value| line["actor"].clone();
    assert_eq!(actor(&lines[0])["user"]["uid"], object_id.to_string());
    assert_eq!(actor(&lines[0])["user"]["org"]["uid"], tenant.to_string());
    let decisions = [0, 1].map(|it| actor(&lines[it])["authorizations"][0].clone());
    assert_eq!(decisions[0]["decision"], "allowed");
    assert_eq!(decisions[1]["decision"], "denied");
    assert_eq!(decisions[1]["policy"]["uid"], "operators");
    assert_eq!(
        actor(&lines[1])["user"]["name"],
        "system:serviceaccount:shop:night"
    );
    assert_eq!(lines[1]["status_code"], "forbidden");
}
