//! `mi-gateway`: Azure power operations and directory look-ups over REST, with
//! a managed identity and no credential.
//!
//! One crate, floors inside it: a module uses only what stands below it, in the
//! order of this list.

mod cli;
mod doctor;

mod app;

mod api;

mod power;

mod directory;

mod inventory;

mod audit;

#[expect(dead_code, unused_imports, reason = "handlers are joined to it next")]
mod policy;

mod access;

mod azure;

mod identity;

mod http;

mod task;

mod telemetry;

mod metrics;

mod config;

mod secret;

#[doc(hidden)]
pub use app::Tokens;
pub use app::{Application, Error};
pub use cli::run;
pub use config::{Config, Faults, Log, LogFormat, VARIABLES, Variable};
pub use doctor::{Form, doctor};
pub use telemetry::subscriber;
