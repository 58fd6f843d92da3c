//! Policies, checked and asked without any call.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;

use super::{
    Exit, Failure, Outcome,
    arguments::{PolicyCheck, PolicyQuestion},
    exit::{remark, remark_faults},
    output::{self, Form},
    table::{fields, table},
};
use crate::{
    app,
    azure::Select,
    config::{Callers, Config},
    policy::{Action, Ask, Bearing, Decision, Entry, Machine, ODD, PolicySet, Shadow, Source},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checked<'a> {
    version: &'a str,
    policies: Vec<Policy<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Policy<'a> {
    name: &'a str,
    effect: &'static str,
    shadow: bool,
    file: &'a str,
    line: usize,
    column: usize,
    actions: Vec<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Explained<'a> {
    decision: &'static str,
    /// As the caller is told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    decided_by: &'a [String],
    shadow: Shadowed<'a>,
    policies: Vec<Explanation<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shadowed<'a> {
    would: &'static str,
    policies: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Explanation<'a> {
    name: &'a str,
    effect: &'static str,
    shadow: bool,
    holds: bool,
    words: String,
}

/// `policy check`; what is odd is told, and may be meant.
pub(super) fn check(asked: &PolicyCheck) -> Outcome {
    let set = load(asked.path.as_deref())?;
    let body = Checked {
        version: &set.version,
        policies: set.entries().iter().map(Policy::of).collect(),
    };
    match Form::wanted(asked.form.form) {
        Form::Json => output::json(&body)?,
        Form::Text => output::write(body.text().as_bytes())?,
    }
    Ok(Exit::Done)
}

/// `policy explain`
pub(super) fn explain(asked: &PolicyQuestion) -> Outcome {
    let caller = asked.caller().map_err(Failure::Usage)?;
    asked.refuse_astray().map_err(Failure::Usage)?;
    let tags = asked.tags().map_err(Failure::Usage)?;
    let select = asked.fields.clone().unwrap_or_default();
    let ask = ask(asked, &tags, &select)?;
    let set = load(asked.path.as_deref())?;
    let decision = set.decide(&caller, &ask);
    let body = Explained::of(&decision, set.explain(&caller, &ask));
    let written = match Form::wanted(asked.form.form) {
        Form::Json => output::json(&body),
        Form::Text => output::write(body.text().as_bytes()),
    };
    let exit = if decision.is_permit() {
        Exit::Done
    } else {
        Exit::Failed
    };
    output::kept(written, exit)
}

fn load(path: Option<&Path>) -> Result<PolicySet, Failure> {
    let (source, callers) = if let Some(path) = path {
        (Source::of(Some(path)), callers())
    } else {
        let config = Config::from_env()?;
        let source = Source::of(config.policy_file.as_deref());
        (source, Some(config.callers))
    };
    let set = PolicySet::load(&source, callers.as_ref()).map_err(app::Error::from)?;
    for warning in &set.warnings {
        remark(&format!("{ODD}: {warning}"));
    }
    Ok(set)
}

/// Who can call, where that is known: policies may be looked at where the gateway is not.
fn callers() -> Option<Callers> {
    let unknown = "whether those whom policies name can call is not looked at";
    let read = Callers::from_env();
    read.inspect_err(|faults| remark_faults(unknown, faults))
        .ok()
}

fn ask<'a>(
    asked: &'a PolicyQuestion,
    tags: &'a BTreeMap<String, String>,
    select: &'a Select,
) -> Result<Ask<'a>, Failure> {
    let missing = |option: &str| {
        let action = asked.action.as_str();
        Failure::Usage(format!("{action} is asked with {option}"))
    };
    let machine = || {
        let id = asked.vm.as_ref().ok_or_else(|| missing("--vm"))?;
        Ok::<_, Failure>(Machine {
            id,
            tags: Some(tags),
        })
    };
    Ok(match asked.action {
        Action::GetVm => Ask::GetVm(machine()?),
        Action::GetOperation => Ask::GetOperation(machine()?),
        Action::Order(action) => Ask::Order(action, machine()?),
        Action::ListUsers => Ask::ListUsers {
            department: asked
                .department
                .as_ref()
                .ok_or_else(|| missing("--department"))?,
            fields: select.properties(),
        },
        Action::GetIdentity => Ask::GetIdentity,
    })
}

impl<'a> Policy<'a> {
    fn of(entry: &'a Entry) -> Self {
        Self {
            name: &entry.name,
            effect: entry.effect(),
            shadow: entry.is_shadow,
            file: &entry.file,
            line: entry.place.line,
            column: entry.place.column,
            actions: entry.actions(),
        }
    }
}

impl Checked<'_> {
    fn text(&self) -> String {
        let columns = ["NAME", "EFFECT", "ENFORCED", "PLACE"];
        let rows = self.policies.iter().map(|policy| {
            vec![
                policy.name.to_owned(),
                policy.effect.to_owned(),
                (if policy.shadow { "shadow" } else { "yes" }).to_owned(),
                format!("{}:{}:{}", policy.file, policy.line, policy.column),
            ]
        });
        table(&columns, &rows.collect::<Vec<_>>())
    }
}

impl<'a> Explained<'a> {
    fn of(decision: &'a Decision, policies: Vec<(&'a Entry, Bearing)>) -> Self {
        let (word, reason) = match decision {
            Decision::Permit(_) => ("permit", None),
            Decision::Deny(denial) => ("deny", Some(denial.to_string())),
        };
        let shadow = decision.shadow();
        let explanation = |(entry, bearing): (&'a Entry, Bearing)| Explanation {
            name: &entry.name,
            effect: entry.effect(),
            shadow: entry.is_shadow,
            holds: bearing == Bearing::Holds,
            words: bearing.words(),
        };
        Self {
            decision: word,
            reason,
            decided_by: decision.policies(),
            shadow: Shadowed {
                would: shadow.label(),
                policies: shadow.policies(),
            },
            policies: policies.into_iter().map(explanation).collect(),
        }
    }

    fn text(&self) -> String {
        let mut head = vec![("decision", self.decision.to_owned())];
        head.extend(self.reason.clone().map(|reason| ("reason", reason)));
        if !self.decided_by.is_empty() {
            head.push(("by", self.decided_by.join(", ")));
        }
        if self.shadow.would != Shadow::Same.label() {
            let policies = self.shadow.policies.join(", ");
            head.push(("shadow", format!("{} by {policies}", self.shadow.would)));
        }
        let rows = self.policies.iter().map(|policy| {
            let shadow = if policy.shadow { "shadow " } else { "" };
            vec![
                policy.name.to_owned(),
                format!("{shadow}{}", policy.effect),
                policy.words.clone(),
            ]
        });
        let rows = table(&["POLICY", "EFFECT", "BEARING"], &rows.collect::<Vec<_>>());
        format!("{}\n{rows}", fields(&head))
    }
}
