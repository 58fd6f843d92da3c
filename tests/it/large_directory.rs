//! A directory of 100,000 users.

use azure_sandbox::{Host, Sandbox, Settings};

use crate::program::{Running, gateway};

const USERS: u32 = 100_000;

/// By how much the program may grow while it hands out a whole directory.
const GROWTH: u64 = 20 << 20;

fn azure() -> Sandbox {
    let settings = Settings {
        users: Some(USERS),
        ..Settings::default()
    };
    Sandbox::start(settings).unwrap()
}

#[actix_web::test]
async fn a_whole_directory_passes_through_without_being_kept() {
    let azure = azure();
    let mut command = gateway();
    command.envs(azure.environment(Host::ContainerApp));
    let running = Running::start(command);
    let ndjson = ("accept", "application/x-ndjson");
    let few = "/directory/users?department=R%26D";
    assert_eq!(running.lines(few, ndjson).await, 310);

    let [before, _] = running.memory();
    let everybody = "/directory/users?department=Workforce";
    let lines = running.lines(everybody, ndjson).await;
    let [_, peak] = running.memory();

    assert_eq!(lines, azure.user_ids("Workforce").len());
    let growth = peak.saturating_sub(before);
    assert!(growth < GROWTH, "{growth} bytes");
}
