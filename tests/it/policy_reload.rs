//! Policies that change while callers go on asking.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::symlink,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use actix_web::rt::time;
use azure_sandbox::{CallerToken, Host, Sandbox, Settings};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    issuers::ENTRA,
    program::{Running, gateway, text},
    wire::{Connection, Reply, get},
};

/// The policy that forbids everything in each set of policies, in their order.
const FORBIDDING: [Option<&str>; 4] = [None, Some("first"), Some("second"), None];

/// A set of them.
fn policies(set: usize) -> String {
    let permit = format!("@id(\"set-{set}\") permit (principal, action, resource);\n");
    let forbid = FORBIDDING[set]
        .map(|name| format!("@id(\"{name}\") forbid (principal, action, resource);"));
    permit + &forbid.unwrap_or_default()
}

/// A forbid whose group has a letter that only looks like an o.
const ODD: &str = "forbid (principal, action, resource in MiGateway::ResourceGroup::\
     \"/subscriptions/5ab1e000-0000-4000-8000-000000000001/resourceGroups/rg-l\u{43e}cked\");";

/// What is wrong names a group and a caller.
const BAD: &str = "permit (principal, action, resource);\n\n  \
     forbid (principal == MiGateway::Caller::\"secret-caller\", action, resource);\n\
     forbid (principal, action, resource in MiGateway::ResourceGroup::\"rg-secret\");";

/// A volume as Kubernetes makes one of a `ConfigMap`: its files are links by way of
/// `..data`, which is put in place anew.
///
/// Source: kubernetes/kubernetes `pkg/volume/util/atomic_writer.go`.
struct Volume(PathBuf);

impl Volume {
    fn with(text: &str) -> Self {
        let name = format!("policies-{}", Uuid::new_v4().simple());
        let volume = Self(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name));
        fs::create_dir(&volume.0).unwrap();
        volume.update(text);
        symlink("..data/policies.cedar", volume.0.join("policies.cedar")).unwrap();
        volume
    }

    fn update(&self, text: &str) {
        self.swap(&[("policies.cedar", text)]);
    }

    fn swap(&self, files: &[(&str, &str)]) {
        let version = format!("..{}", Uuid::new_v4().simple());
        let folder = self.0.join(&version);
        fs::create_dir(&folder).unwrap();
        for (name, text) in files {
            fs::write(folder.join(name), text).unwrap();
        }
        symlink(&version, self.0.join("..data_tmp")).unwrap();
        fs::rename(self.0.join("..data_tmp"), self.0.join("..data")).unwrap();
    }

    /// As an editor does it: a file takes the place of the link.
    fn replace(&self, text: &str) {
        let new = self.0.join(".policies.cedar.new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.0.join("policies.cedar")).unwrap();
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Which sets of policies may answer.
#[derive(Default)]
struct Sets {
    /// The last one that somebody has seen to hold.
    seen: AtomicUsize,
    /// The last one that is in its place.
    placed: AtomicUsize,
    over: AtomicBool,
}

impl Sets {
    fn place(&self, set: usize, place: impl FnOnce()) {
        self.placed.store(set, Ordering::SeqCst);
        place();
    }

    fn see(&self, set: usize) {
        self.seen.store(set, Ordering::SeqCst);
    }

    /// Asks on one connection, without pause, until it is over; how often.
    fn ask(&self, mut connection: Connection, request: &str) -> usize {
        let mut asked = 0;
        while !self.over.load(Ordering::SeqCst) {
            let first = self.seen.load(Ordering::SeqCst);
            let forbidding = forbidding(&connection.ask(request));
            let last = self.placed.load(Ordering::SeqCst);
            let possible = &FORBIDDING[first..=last];
            assert!(
                possible.contains(&forbidding.as_deref()),
                "{forbidding:?} is none of {possible:?}"
            );
            asked += 1;
        }
        asked
    }
}

/// The policy by which it was forbidden, if it was.
fn forbidding(reply: &Reply) -> Option<String> {
    if reply.status == 200 {
        return None;
    }
    assert_eq!(reply.status, 403, "{reply:?}");
    let problem: Value = serde_json::from_slice(&reply.body).unwrap();
    let detail = problem["detail"].as_str().unwrap();
    let (_, policy) = detail.split_once("is forbidden by the policy ").unwrap();
    Some(policy.to_owned())
}

/// How the policies stand: the word for it, and the details.
async fn standing(gateway: &Running) -> (String, String) {
    let (_, text) = gateway.readiness().await;
    let readiness: Value = serde_json::from_str(&text).unwrap();
    let mut checks = readiness["checks"].as_array().unwrap().iter();
    let check = checks.find(|check| check["name"] == "policies").unwrap();
    let word = |name: &str| check[name].as_str().unwrap().to_owned();
    (word("code"), word("detail"))
}

/// Looks again and again until `is_so`.
async fn until(is_so: impl AsyncFn() -> bool) {
    let mut ticks = time::interval(Duration::from_millis(20));
    let looks = async {
        while !is_so().await {
            ticks.tick().await;
        }
    };
    // Four times as long as the gateway takes to look.
    let in_time = time::timeout(Duration::from_mins(1), looks).await;
    in_time.expect("it comes to be so");
}

/// A gateway whose policies are in `volume`.
fn started(azure: &Sandbox, volume: &Volume) -> Running {
    let mut command = gateway();
    command
        .envs(azure.environment(Host::ContainerApp))
        .envs(ENTRA)
        .env("MIG_POLICY_FILE", &volume.0)
        // Each denial has a line.
        .env("MIG_AUDIT_FILE", "/dev/null");
    Running::start(command)
}

/// Callers on four connections, who go on until it is over.
fn callers(gateway: &Running, sets: &Arc<Sets>, token: &str) -> Vec<JoinHandle<usize>> {
    let paths = ["/identity", "/vms/web-01"].repeat(2).into_iter();
    let callers = paths.map(|path| {
        let (sets, request) = (Arc::clone(sets), get(path, Some(token)));
        let connection = Connection::to(gateway.api);
        thread::spawn(move || sets.ask(connection, &request))
    });
    callers.collect()
}

#[actix_web::test]
async fn policies_change_under_load_and_no_answer_follows_those_that_were() {
    let azure = Sandbox::start(Settings {
        throttles: false,
        ..Settings::default()
    });
    let azure = azure.unwrap();
    let volume = Volume::with(&policies(0));
    let gateway = started(&azure, &volume);
    gateway.ready().await;
    let token = azure.caller_token(&CallerToken::default());
    let sets = Arc::new(Sets::default());
    let callers = callers(&gateway, &sets, &token);
    let request = get("/identity", Some(&token));
    let newcomer = || forbidding(&Connection::to(gateway.api).ask(&request));

    sets.place(1, || volume.update(&policies(1)));
    until(async || newcomer().as_deref() == Some("first")).await;
    sets.see(1);

    volume.update(BAD);
    until(async || standing(&gateway).await.0 == "refused").await;
    let (_, detail) = standing(&gateway).await;
    for words in ["2 policies and", "2 faults", "policies.cedar:3:3;"] {
        assert!(detail.contains(words), "{words} in {detail}");
    }
    assert!(!detail.contains("secret"), "{detail}");

    sets.place(2, || volume.update(&policies(2)));
    until(async || standing(&gateway).await.0 == "current").await;
    sets.see(2);

    sets.place(3, || volume.replace(&policies(3)));
    let loaded = "mi_gateway_policies{kind=\"enforced\"} 1\n";
    until(async || gateway.metrics().await.contains(loaded)).await;
    sets.see(3);
    assert_eq!(newcomer(), None);

    sets.over.store(true, Ordering::SeqCst);
    for caller in callers {
        assert!(caller.join().unwrap() > 100);
    }
}

#[actix_web::test]
async fn a_new_file_forbids_although_no_link_leads_to_it_yet() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let volume = Volume::with(&policies(0));
    let gateway = started(&azure, &volume);
    gateway.ready().await;
    let token = azure.caller_token(&CallerToken::default());
    let request = get("/identity", Some(&token));
    let asked = || forbidding(&Connection::to(gateway.api).ask(&request));
    assert_eq!(asked(), None);

    let forbid = "@id(\"new\") forbid (principal, action, resource);";
    volume.swap(&[("policies.cedar", &policies(0)), ("new.cedar", forbid)]);

    until(async || asked().as_deref() == Some("new")).await;
    assert_eq!(standing(&gateway).await.0, "current");
}

#[actix_web::test]
async fn what_is_odd_is_logged_once_the_policies_hold() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let volume = Volume::with(&policies(0));
    let gateway = started(&azure, &volume);
    volume.update(&format!("{}{ODD}", policies(0)));
    let loaded = "mi_gateway_policies{kind=\"enforced\"} 2\n";
    until(async || gateway.metrics().await.contains(loaded)).await;

    let (_, output) = gateway.terminate();

    let told = output.lines().filter(|line| line.contains("mixed scripts"));
    let told: Vec<_> = told.collect();
    assert_eq!(told.len(), 1, "{told:?}");
    for words in ["\"WARN\"", "a policy is odd", "policies.cedar:2:1: "] {
        assert!(told[0].contains(words), "{words} in {told:?}");
    }
}

#[test]
fn what_is_odd_is_logged_at_the_start() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    let volume = Volume::with(&format!("{}{ODD}", policies(0)));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let output = gateway()
        .envs(azure.environment(Host::ContainerApp))
        .env("MIG_POLICY_FILE", &volume.0)
        // It ends once it has read its policies.
        .env("MIG_LISTEN", taken.local_addr().unwrap().to_string())
        .output();
    let output = text(&output.unwrap().stdout);
    assert_eq!(output.matches("a policy is odd").count(), 1, "{output}");
}
