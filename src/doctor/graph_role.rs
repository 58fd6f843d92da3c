//! Whether users can be listed, by listing some.

use super::{Check, Report, context, identity::Holder, tokens};
use crate::{app::Shared, directory::Verdict};

const NAME: &str = "graph_role";

/// The one that lists users with their department.
const NEEDED: &str = "User.Read.All";

/// What lists users, if at all, without their department.
const TOO_NARROW: &str = "User.ReadBasic.All";

pub(super) async fn examine(report: &mut Report, shared: &Shared, holder: &Holder) {
    if let Some(cause) = report.obstacle(&["graph", tokens::GRAPH, "identity"]) {
        report.add(Check::skipped(NAME, cause));
        return;
    }
    let graph = shared.graph(shared.identity());
    let verdict = shared.permission.prove(&graph, &context()).await;
    let has = |role: &str| holder.app_roles.iter().any(|known| known == role);
    let failed = |code| Check::failed(NAME, code, verdict.words());
    let told = || shared.permission.standing().detail;
    report.add(match verdict {
        Verdict::Fine => Check::ok(NAME, verdict.words()),
        Verdict::SilentlyEmpty if has(NEEDED) => Check::warning(
            NAME,
            "no_departments",
            format!("{NEEDED} is granted, and no user has a department"),
        ),
        Verdict::Denied | Verdict::SilentlyEmpty if has(TOO_NARROW) && !has(NEEDED) => {
            let detail = format!("the token carries {TOO_NARROW}, which shows nobody's department");
            Check::failed(NAME, "graph_role_too_narrow", detail).mend(graph.grant().to_string())
        }
        Verdict::Denied | Verdict::SilentlyEmpty => {
            failed("graph_role_missing").mend(graph.grant().to_string())
        }
        Verdict::WrongIdentity => failed("wrong_identity"),
        Verdict::Throttled => failed("throttled").mend("try again in a minute"),
        Verdict::Unproven | Verdict::Unreachable => {
            Check::failed(NAME, "failing", told()).mend("try again in a minute")
        }
    });
}
