//! `mi-gateway`: Azure power operations and directory look-ups over REST, with
//! a managed identity and no credential.
//!
//! One crate, floors inside it: a module uses only what stands below it, in the
//! order of this list.

#[cfg(any(fuzzing, test))]
mod fuzz;

mod cli;
mod doctor;

mod app;

mod api;

mod power;

mod directory;

mod inventory;

mod audit;

mod changes;

mod policy;

mod access;

mod azure;

mod identity;

mod export;

mod http;

mod task;

mod telemetry;

mod metrics;

mod config;

mod secret;

#[doc(hidden)]
pub use app::{Admissions, Decisions, Tokens};
pub use app::{Application, CertificateError, Error};
pub use cli::run;
pub use config::{Config, Faults, Log, LogFormat, Variable, variables};
pub use doctor::{Form, doctor};
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub use fuzz::feed;
pub use policy::Faults as PolicyFaults;
pub use telemetry::subscriber;
