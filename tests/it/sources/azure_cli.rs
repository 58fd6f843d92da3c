//! The Azure CLI of a developer, in place of which a script stands: row J.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use actix_web::rt::time;
use azure_sandbox::{Host, Sandbox};
use serde_json::json;

use super::usual;
use crate::program::{Running, gateway};

const ARM: &str = "https://management.azure.com/";
const GRAPH: &str = "https://graph.microsoft.com";

/// A folder with an `az` in it; gone with the test.
struct Folder(PathBuf);

impl Folder {
    /// `script` is what it does; it finds its answers beside it.
    fn with(script: &str) -> Self {
        let name = format!("az-{}", uuid::Uuid::new_v4().simple());
        let folder = Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name));
        fs::create_dir(&folder.0).unwrap();
        let az = folder.0.join("az");
        fs::write(
            &az,
            format!("#!/bin/sh\ncd '{}'\n{script}\n", folder.0.display()),
        )
        .unwrap();
        fs::set_permissions(az, fs::Permissions::from_mode(0o700)).unwrap();
        folder
    }

    fn write(&self, name: &str, answer: &serde_json::Value) {
        fs::write(self.0.join(name), answer.to_string()).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The program in front of `azure`, with nothing of a host, and this `az`.
fn program(azure: &Sandbox, az: &Folder) -> Running {
    let mut command: Command = gateway();
    let azures = azure.environment(Host::ContainerApp).into_iter();
    command.envs(azures.filter(|(name, _)| name.starts_with("MIG_")));
    command
        .env("MIG_IDENTITY_SOURCE", "azure_cli")
        .env("PATH", format!("{}:/usr/bin:/bin", az.0.display()));
    Running::start(command)
}

/// Asks for readiness until it is as `is_so` has it.
async fn until(running: &Running, is_so: impl Fn(u16, &str) -> bool) {
    let mut ticks = time::interval(Duration::from_millis(20));
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        ticks.tick().await;
        let (status, text) = running.readiness().await;
        if is_so(status, &text) {
            return;
        }
        assert!(Instant::now() < deadline, "readiness stays at {text}");
    }
}

/// Gives out what stands in `arm` and `graph`, and notes how it was asked.
const GIVES: &str = r#"echo "$@" >> asked
case "$*" in
*"--scope https://management.azure.com//.default"*) cat arm ;;
*"--scope https://graph.microsoft.com/.default"*) cat graph ;;
*) echo "no such scope" >&2; exit 1 ;;
esac"#;

#[actix_web::test]
async fn j1_whoever_is_signed_in_gets_tokens_that_end_when_az_says() {
    let azure = usual();
    let az = Folder::with(GIVES);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    for (name, resource) in [("arm", ARM), ("graph", GRAPH)] {
        az.write(
            name,
            &json!({
                "accessToken": azure.mint(resource),
                "expiresOn": "2017-09-14 15:04:05.000000",
                "expires_on": now.as_secs() + 3_600,
                "tokenType": "Bearer",
            }),
        );
    }
    let running = program(&azure, &az);
    until(&running, |status, _| status == 200).await;
    assert_eq!(running.status("/vms/web-01").await, 200);
    assert!(
        az.read("asked")
            .contains("account get-access-token --output json")
    );
    let (code, output) = running.terminate();
    assert_eq!(code, Some(0), "{output}");
    for secret in azure.secrets() {
        assert!(!output.contains(&secret), "a secret in the output");
    }
}

#[actix_web::test]
async fn j1_an_az_that_does_not_say_when_a_token_ends_is_too_old() {
    let azure = usual();
    let az = Folder::with(GIVES);
    for (name, resource) in [("arm", ARM), ("graph", GRAPH)] {
        az.write(
            name,
            &json!({
                "accessToken": azure.mint(resource),
                "expiresOn": "2017-09-14 15:04:05.000000",
            }),
        );
    }
    let running = program(&azure, &az);
    until(&running, |_, text| text.contains("from version 2.54.0 on")).await;
}

#[actix_web::test]
async fn what_az_complains_of_is_told() {
    let azure = usual();
    let az = Folder::with("echo \"Please run 'az login' to setup account.\" >&2; exit 1");
    let running = program(&azure, &az);
    until(&running, |_, text| text.contains("Please run 'az login'")).await;
}
