//! Arguments in, exit code out.

use std::{env, process::ExitCode};

fn main() -> ExitCode {
    mi_gateway::run(env::args_os())
}
