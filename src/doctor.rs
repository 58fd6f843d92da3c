//! Every check that a first deployment needs, each with what mends it.

mod callers;
mod check;
mod clock;
mod fault;
mod graph_role;
mod host;
mod identity;
mod permissions;
mod reach;
mod report;
mod source;
mod start;
mod tokens;

use std::time::Duration;

use actix_web::http::header::HeaderMap;

pub use report::Form;
pub(crate) use report::Report;
pub(crate) use source::asked_for;

use crate::{
    app::{Error, Shared},
    config::Config,
    http::{Context, Deadline},
    telemetry::TraceContext,
};
use check::Check;

/// How long one question to Azure may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The checks for `config`, and whether nothing failed.
///
/// Nothing is changed anywhere, and nothing in the text is a secret.
pub async fn doctor(config: &Config, form: Form) -> Result<(String, bool), Error> {
    let report = run(&Shared::new(config)?, config).await;
    Ok((report.render(form), report.is_ok()))
}

/// Makes every check in turn. One that cannot be made, because of what an
/// earlier one found, is skipped and names that one: what failed is a cause.
pub(crate) async fn run(shared: &Shared, config: &Config) -> Report {
    let mut report = Report::default();
    let worker = shared.worker();
    report.add(source::check(&config.identity));
    start::examine(&mut report, config);
    host::examine(&mut report, &worker.inventory, config).await;
    let dates = reach::examine(&mut report, shared, config).await;
    report.add(clock::check(&dates));
    callers::examine(&mut report, shared).await;
    let tokens = tokens::examine(&mut report, shared, config).await;
    let holder = identity::examine(&mut report, &tokens, &config.identity.id);
    permissions::examine(&mut report, shared, &worker.inventory, config, &holder).await;
    graph_role::examine(&mut report, shared, &holder).await;
    report
}

/// A question of its own.
fn context() -> Context {
    let trace = TraceContext::continued(&HeaderMap::new());
    Context::own(Deadline::after(PATIENCE), trace)
}
