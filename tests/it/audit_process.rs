//! The record of changes of a real process: killed, hung up on, without a place.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use actix_web::rt::{self, task::JoinHandle, time};
use azure_sandbox::{Caller, CallerToken, Host, Recorded, Sandbox, Service, Settings};
use futures_util::future::{join, join_all};
use serde_json::Value;

use crate::{
    issuers::ENTRA,
    orders::CHANGES,
    program::{Running, gateway, text},
    records::Records,
};

/// Enough to meet every step of a change, and done within a minute.
const KILLS: u64 = 200;

/// Another seed makes other moments; a failure names its own.
const SEED: u64 = 7;

/// An Azure that stands any number of orders.
fn azure() -> Sandbox {
    let settings = Settings {
        throttles: false,
        operation_takes: Duration::from_millis(20),
        ..Settings::default()
    };
    Sandbox::start(settings).unwrap()
}

/// The program with one worker and its record in a file.
fn recording(azure: &Sandbox, records: &Records) -> Command {
    let mut command = gateway();
    command
        .envs(azure.environment(Host::ContainerApp))
        .env("MIG_WORKERS", "1")
        .env(CHANGES.0, CHANGES.1)
        .env("MIG_AUDIT_FILE", records.path());
    command
}

/// Gives the order at `url`, whatever becomes of it.
async fn order(url: String) {
    let client = awc::Client::builder().disable_timeout().finish();
    let _ = client.post(url).send().await;
}

/// Changes the tags of the machine at `url`, whatever becomes of it.
async fn change(url: String) {
    let client = awc::Client::builder().disable_timeout().finish();
    let request = client.patch(url).content_type("application/json");
    let _ = request.send_body(r#"{"tags":{}}"#).await;
}

/// Restarts three machines and changes the tags of a fourth, others at each `turn`.
fn all_begun(running: &Running, turn: u64) -> Vec<JoinHandle<()>> {
    let machine = |number| running.url(&format!("/vms/web-{:02}", (turn % 3) * 4 + number));
    let orders = (1..=3).map(|number| rt::spawn(order(machine(number) + "/restart")));
    orders.chain([rt::spawn(change(machine(4)))]).collect()
}

/// Resolves amid the changes that were begun, however fast they are: when so many machines
/// were looked at, or so many changes have arrived, and a moment after that.
async fn amid(azure: &Sandbox, random: &mut fastrand::Rng) {
    let service = [Service::VirtualMachines, Service::Actions][random.usize(..2)];
    let before = azure.requests(service).len();
    let step = azure.arrived(service, before + random.usize(..=4));
    // Azure may be at one of them already, and is not asked again.
    let _ = time::timeout(Duration::from_secs(5), step).await;
    time::sleep(Duration::from_micros(random.u64(..5_000))).await;
}

fn correlation(request: &Recorded) -> &str {
    request.header("x-ms-correlation-request-id").unwrap()
}

#[actix_web::test]
async fn whenever_it_is_killed_no_change_has_reached_azure_that_was_not_written_down() {
    let (azure, mut random) = (azure(), fastrand::Rng::with_seed(SEED));
    let records = Records::of(&azure);
    records.after_a_kill();
    for kill in 0..KILLS {
        let running = Running::start(recording(&azure, &records));
        let begun = all_begun(&running, kill);
        amid(&azure, &mut random).await;
        running.kill();
        begun.iter().for_each(JoinHandle::abort);
        records.hold_for(&azure);
    }
    let intents = records.of_stage("intent");
    let sent = azure.requests(Service::Actions);
    // Kills before, amid and after the changes, or this proves little.
    assert!(sent.len() > 50, "{} were sent", sent.len());
    assert!(sent.len() < intents.len(), "none was interrupted");
    let changes = sent.iter().filter(|request| request.method == "PATCH");
    assert!(changes.count() > 10, "there were few changes among them");
    let mut ids: Vec<_> = sent.iter().map(correlation).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), sent.len(), "no id is there twice");
}

#[actix_web::test]
async fn no_line_is_lost_when_the_file_is_given_another_name() {
    let azure = azure();
    let records = Records::of(&azure);
    let running = Running::start(recording(&azure, &records));
    let mut older = Vec::new();
    for round in 0..6 {
        order(running.url(&format!("/vms/web-0{}/restart", round + 1))).await;
        if round % 2 == 0 {
            let name = format!("{}.{round}", records.path());
            fs::rename(records.path(), &name).unwrap();
            running.signal("-HUP");
            let mut ticks = time::interval(Duration::from_millis(10));
            while !Path::new(records.path()).exists() {
                ticks.tick().await;
            }
            older.push(name);
        }
    }
    assert_eq!(running.terminate().0, Some(0));
    // All of them together again, as whoever ships them sees them.
    let mut lines = Vec::new();
    for name in older.iter().map(String::as_str).chain([records.path()]) {
        lines.extend(fs::read(name).unwrap());
    }
    for name in &older {
        fs::remove_file(name).unwrap();
    }
    fs::write(records.path(), lines).unwrap();
    records.hold_for(&azure);
    records.have_their_ends();
    assert_eq!(records.of_stage("outcome").len(), 6);
}

#[actix_web::test]
async fn a_pipe_that_nobody_reads_any_more_stops_changes() {
    let azure = azure();
    let mut child = gateway()
        .envs(azure.environment(Host::ContainerApp))
        .env("MIG_LISTEN", "127.0.0.1:0")
        .env("MIG_ADMIN_LISTEN", "127.0.0.1:0")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    drop(output);
    let told: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(told["audit"], "standard output");
    let url = format!(
        "http://{}/vms/web-01/deallocate",
        told["api"].as_str().unwrap()
    );
    let client = awc::Client::builder().disable_timeout().finish();
    let mut answer = client.post(url).send().await.unwrap();
    let body = text(&answer.body().await.unwrap());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(body.contains("audit_unavailable"), "{body}");
    assert!(azure.requests(Service::Actions).is_empty());
}

#[actix_web::test]
async fn a_log_that_nobody_reads_holds_up_no_line_in_a_file() {
    let azure = azure();
    let records = Records::of(&azure);
    let (mut running, output) = Running::unread(recording(&azure, &records));
    running.ready().await;
    // Lines are lost once the pipe is full, and the log's thread is stuck in it.
    while running.log_lines_lost().await == 0 {
        join_all((0..200).map(|_| running.status("/nothing"))).await;
    }
    running.ordered("/vms/web-01/restart").await;
    let is_over = r#"audit_records_total{outcome="success",stage="outcome"} 1"#;
    let mut ticks = time::interval(Duration::from_millis(20));
    while !running.metrics().await.contains(is_over) {
        ticks.tick().await;
    }
    assert_eq!(running.readiness().await.0, 200);
    running.ordered("/vms/web-02/restart").await;
    running.signal("-TERM");
    let code = time::timeout(Duration::from_secs(20), running.ended()).await;
    assert_eq!(code, Ok(Some(0)));
    records.hold_for(&azure);
    records.have_their_ends();
    assert_eq!(records.of_stage("outcome").len(), 2);
    drop(output);
}

#[actix_web::test]
async fn a_change_whose_record_is_stuck_is_refused_in_time_and_never_sent() {
    let azure = azure();
    let mut command = gateway();
    command.envs(azure.environment(Host::ContainerApp));
    let (mut running, output) = Running::unread(command);
    running.ready().await;
    // The log's thread is stuck in the pipe once lines are lost, and has its turn.
    while running.log_lines_lost().await == 0 {
        join_all((0..200).map(|_| running.status("/nothing"))).await;
    }
    let client = awc::Client::builder().disable_timeout().finish();
    let order = client.post(running.url("/vms/web-01/restart")).send();
    let answer = time::timeout(Duration::from_secs(4), order).await;
    let mut answer = answer.expect("an answer in time").unwrap();
    let body = text(&answer.body().await.unwrap());
    assert_eq!(answer.status().as_u16(), 503, "{body}");
    assert!(body.contains("audit_unavailable"), "{body}");
    assert_eq!(running.readiness().await.0, 503);

    let written = thread::spawn(move || io::read_to_string(output).unwrap());
    running.ready().await;
    running.signal("-TERM");
    assert_eq!(running.ended().await, Some(0));
    let written = written.join().unwrap();
    let mut lines = written
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let outcome = lines.find(|line| line["unmapped"]["stage"] == "outcome");
    let outcome = outcome.expect("what became of it");
    assert_eq!(outcome["status"], "Failure");
    assert_eq!(outcome["status_code"], "NotSent");
    assert!(azure.requests(Service::Actions).is_empty());
}

/// The status of the answer to the order at `url` that whoever has `token` gives.
async fn ordered_by(url: &str, token: &str) -> u16 {
    let client = awc::Client::builder().disable_timeout().finish();
    let order = client.post(url).bearer_auth(token);
    order.send().await.unwrap().status().as_u16()
}

/// The value of `series` in what `running` measures.
async fn metric(running: &Running, series: &str) -> f64 {
    let metrics = running.metrics().await;
    let line = metrics.lines().find_map(|line| {
        let (name, value) = line.strip_prefix("mi_gateway_")?.rsplit_once(' ')?;
        (name == series).then_some(value)
    });
    line.map_or(0.0, |value| value.parse().unwrap())
}

#[actix_web::test]
async fn denied_calls_leave_room_for_changes_while_nothing_is_written() {
    const QUEUE_LENGTH: &str = "audit_queue_length";
    let azure = azure();
    let mut command = gateway();
    command.envs(azure.environment(Host::ContainerApp));
    command.envs(ENTRA);
    let (running, mut output) = Running::unread(command);
    running.ready().await;
    let token = |name: &str, role| {
        let caller = Caller::app(name).with_roles(&[role]);
        azure.caller_token(&CallerToken::of(caller))
    };
    // Of each some lines are written, and no more.
    let many: Vec<_> = (0..20).map(|n| token(&n.to_string(), "Other")).collect();
    let path = running.url("/vms/web-01/deallocate");
    let left_out = r#"audit_failures_total{stage="denied"}"#;
    // Nobody reads its output: the pipe is full after some of them.
    while metric(&running, left_out).await < 1_000.0 {
        let all = many.iter().cycle().take(100);
        for status in join_all(all.map(|it| ordered_by(&path, it))).await {
            assert_eq!(status, 403);
        }
    }
    // A quarter of 1,024, and one for each worker.
    let waiting = metric(&running, QUEUE_LENGTH).await;
    assert!((200.0..300.0).contains(&waiting), "{waiting}");
    assert_eq!(running.readiness().await.0, 200);

    let operator = token("operator", "Vm.Operate");
    let ordered = ordered_by(&path, &operator);
    let read = async {
        let mut ticks = time::interval(Duration::from_millis(10));
        while metric(&running, QUEUE_LENGTH).await <= waiting {
            ticks.tick().await;
        }
        // It waits to be written.
        thread::spawn(move || io::copy(&mut output, &mut io::sink()));
    };
    assert_eq!(join(ordered, read).await.0, 202);
}

/// The program, whose files are no longer than `bytes`: what is too long for one is cut
/// off there, as it is on a full disk.
fn on_a_disk_of(bytes: usize) -> Command {
    let mut command = Command::new("/bin/sh");
    let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\"", bytes / 512);
    command
        .env_clear()
        .args(["-c", &script, env!("CARGO_BIN_EXE_mi-gateway")]);
    command
}

#[actix_web::test]
async fn a_line_that_a_full_disk_cut_off_is_not_the_beginning_of_another() {
    const DISK: usize = 1 << 20;
    let azure = azure();
    let records = Records::of(&azure);
    // Room for an order or two beside the log of the start.
    fs::write(records.path(), "\n".repeat(DISK - 6_000)).unwrap();
    let mut command = on_a_disk_of(DISK);
    command.envs(azure.environment(Host::ContainerApp));
    let mut running = Running::writing_to(Path::new(records.path()), command).await;
    running.ready().await;
    while running.readiness().await.0 == 200 {
        order(running.url("/vms/web-01/restart")).await;
    }
    // It ends with what there was room for. Now there is some again.
    let disk = File::options().write(true).open(records.path());
    disk.unwrap().set_len(0).unwrap();
    running.ready().await;
    running.ordered("/vms/web-02/restart").await;
    running.signal("-TERM");
    assert_eq!(running.ended().await, Some(0));

    let output = fs::read_to_string(records.path()).unwrap();
    let rest = output.strip_prefix('\n').expect("the end of the line");
    let stages: Vec<_> = rest
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("{line}")))
        .filter_map(|line| line["unmapped"]["stage"].as_str().map(str::to_owned))
        .collect();
    for stage in ["resumed", "intent", "outcome"] {
        assert!(stages.iter().any(|it| it == stage), "{stages:?}");
    }
}

#[actix_web::test]
async fn a_change_that_outlasts_the_grace_has_an_outcome() {
    let azure = azure();
    let records = Records::of(&azure);
    let mut command = recording(&azure, &records);
    command.env("MIG_SHUTDOWN_GRACE", "1s");
    let running = Running::start(command);
    running.ready().await;
    let hold = azure.hold(Service::Actions);
    let caller = rt::spawn(order(running.url("/vms/web-01/restart")));
    hold.arrived(1).await;
    assert_eq!(running.terminate().0, Some(0));
    caller.abort();
    drop(hold);
    records.hold_for(&azure);
    records.have_their_ends();
    let outcome = records.of_stage("outcome").pop().unwrap();
    assert_eq!(outcome["status"], "Unknown");
    assert_eq!(outcome["status_code"], "NotFollowed");
}

#[test]
fn a_folder_that_is_not_there_is_a_fault_at_the_start() {
    let azure = azure();
    for (path, exit) in [("/nowhere/audit.jsonl", 69), ("audit.jsonl", 78)] {
        let output = gateway()
            .envs(azure.environment(Host::ContainerApp))
            .env("MIG_LISTEN", "127.0.0.1:0")
            .env("MIG_AUDIT_FILE", path)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(exit));
        assert!(text(&output.stderr).contains(path));
    }
}

#[test]
fn a_command_writes_its_change_to_standard_error_unless_there_is_a_file() {
    let azure = azure();
    for (line, end) in [("--wait", "Success"), ("", "Unknown")] {
        let output = gateway()
            .args(["vm", "restart", "web-01"])
            .args(line.split_whitespace())
            .envs(azure.environment(Host::ContainerApp))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let lines: Vec<Value> = text(&output.stderr)
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let stages: Vec<_> = lines.iter().map(|it| &it["unmapped"]["stage"]).collect();
        assert_eq!(stages, ["intent", "outcome"]);
        assert_eq!(lines[1]["status"], end);
        assert_eq!(lines[0]["unmapped"]["caller"], "command");
    }
}
