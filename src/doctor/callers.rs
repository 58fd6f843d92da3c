//! Whether those who vouch for callers do, so that somebody is let in.

use super::{Check, Report};
use crate::{
    access::{Trial, Unproven},
    app::Shared,
};

const NAME: &str = "callers";

pub(super) async fn examine(report: &mut Report, shared: &Shared) {
    let trials = shared.authenticator().try_once().await;
    if trials.is_empty() {
        report.add(Check::inapplicable(
            NAME,
            "callers are not asked who they are, as MIG_AUTH is none",
        ));
    }
    for trial in trials {
        report.add(judged(trial));
    }
}

fn judged(trial: Trial) -> Check {
    let check = match trial.outcome {
        Ok(words) => Check::ok(NAME, words),
        Err(Unproven { code, why, mend }) => Check::failed(NAME, code, why).mend(mend),
    };
    check.about(trial.of)
}
