//! Arguments and environment in, exit code out.

use std::{
    env,
    io::{self, Write as _},
    process::ExitCode,
};

use mi_gateway::{Application, Config, chain, help, init_telemetry};

/// Exit codes of `sysexits.h`.
const USAGE: u8 = 64;
const UNAVAILABLE: u8 = 69;
const CONFIG: u8 = 78;

#[actix_web::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => run().await,
        ["--help" | "-h"] => say(&help()),
        ["--version" | "-V"] => say(concat!("mi-gateway ", env!("CARGO_PKG_VERSION"), "\n")),
        _ => fail(USAGE, "it takes no arguments but --help and --version"),
    }
}

async fn run() -> ExitCode {
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(faults) => return fail(CONFIG, faults),
    };
    init_telemetry(config.log());
    let outcome = match Application::build(config) {
        Ok(application) => application.run().await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(UNAVAILABLE, chain(&error)),
    }
}

/// A closed standard output is no reason to fail.
fn say(text: &str) -> ExitCode {
    let _ = io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn fail(code: u8, why: impl std::fmt::Display) -> ExitCode {
    let _ = writeln!(io::stderr(), "mi-gateway: {why}");
    ExitCode::from(code)
}
