//! Whether users can be listed, by listing some.

use super::{
    Check, Report, context,
    identity::{self, Holder},
    tokens,
};
use crate::{
    app::Shared,
    directory::{Standing, Verdict},
    telemetry::chain,
};

const NAME: &str = "graph_role";

/// The one that lists users with their department.
const NEEDED: &str = "User.Read.All";

/// Those that list them as well, and more.
///
/// Source: Microsoft Graph v1.0, "List users", permissions.
const SUFFICIENT: [&str; 4] = [
    NEEDED,
    "User.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];

/// What lists users, if at all, without their department.
const TOO_NARROW: &str = "User.ReadBasic.All";

pub(super) async fn examine(report: &mut Report, shared: &Shared, holder: &Holder) {
    if let Some(cause) = report.obstacle(&["graph", tokens::GRAPH, "identity"]) {
        report.add(Check::skipped(NAME, cause));
        return;
    }
    let graph = shared.graph(shared.identity());
    let (verdict, told) = match shared.permission.proven(&graph, &context()).await {
        Ok(Standing {
            verdict, detail, ..
        }) => (verdict, detail),
        Err(error) => {
            let verdict = Verdict::Unreachable;
            (verdict, format!("{}: {}", verdict.words(), chain(&error)))
        }
    };
    let has = |role: &str| holder.app_roles.iter().any(|known| known == role);
    let sufficient: Vec<_> = SUFFICIENT.into_iter().filter(|role| has(role)).collect();
    let failed = |code| Check::failed(NAME, code, verdict.words());
    report.add(match verdict {
        Verdict::Fine => Check::ok(NAME, verdict.words()),
        Verdict::SilentlyEmpty if !sufficient.is_empty() => Check::warning(
            NAME,
            "no_departments",
            format!(
                "{} is granted, and no user has a department",
                sufficient.join(", ")
            ),
        ),
        Verdict::Denied | Verdict::SilentlyEmpty if has(TOO_NARROW) && sufficient.is_empty() => {
            let detail = format!("the token carries {TOO_NARROW}, which shows nobody's department");
            Check::failed(NAME, "graph_role_too_narrow", detail).mend(graph.grant().to_string())
        }
        Verdict::Denied | Verdict::SilentlyEmpty => {
            failed("graph_role_missing").mend(graph.grant().to_string())
        }
        Verdict::WrongIdentity => failed("wrong_identity").mend(identity::MEND),
        Verdict::Throttled => failed("throttled").mend("try again in a minute"),
        Verdict::Unproven | Verdict::Unreachable => {
            Check::failed(NAME, "failing", told).mend("try again in a minute")
        }
    });
}
