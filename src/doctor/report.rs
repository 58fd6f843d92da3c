//! What the checks found, for people and for programs.

use std::fmt::Write as _;

use serde::Serialize;

use super::check::{Check, Verdict};
use crate::telemetry::inert;

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Every check, in the order in which they were made.
#[derive(Debug, Default)]
pub(crate) struct Report(Vec<Check>);

#[derive(Serialize)]
struct Document<'a> {
    ok: bool,
    checks: &'a [Check],
}

impl Report {
    pub(super) fn add(&mut self, check: Check) {
        self.0.push(check);
    }

    /// The failed check that is in the way of one that takes all of `names`.
    pub(super) fn obstacle(&self, names: &[&str]) -> Option<&'static str> {
        let mut needed = self.0.iter().filter(|check| names.contains(&check.name));
        needed.find_map(Check::cause)
    }

    /// Whether nothing failed.
    pub(crate) fn is_ok(&self) -> bool {
        self.count(Verdict::Failed) == 0
    }

    /// The whole report.
    pub(crate) fn render(&self, form: Form) -> String {
        match form {
            Form::Text => self.text(),
            Form::Json => self.json(),
        }
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.0
            .iter()
            .filter(|check| check.verdict == verdict)
            .count()
    }

    fn json(&self) -> String {
        let document = Document {
            ok: self.is_ok(),
            checks: &self.0,
        };
        // Only maps with keys that are no text could fail.
        let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
        text.push('\n');
        text
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for check in &self.0 {
            // Writing to a String does not fail.
            let _ = line(&mut text, check);
        }
        let _ = writeln!(
            text,
            "\n{} checks: {} ok, {} warning, {} failed, {} skipped",
            self.0.len(),
            self.count(Verdict::Ok),
            self.count(Verdict::Warning),
            self.count(Verdict::Failed),
            self.count(Verdict::Skipped),
        );
        text
    }
}

fn line(text: &mut String, check: &Check) -> std::fmt::Result {
    write!(text, "{:8} {:12} ", check.verdict.word(), check.name)?;
    if let Some(subject) = &check.subject {
        write!(text, "{}: ", inert(subject))?;
    }
    text.push_str(&inert(&check.detail));
    match check.code {
        Some(code) => writeln!(text, " ({code})")?,
        None => text.push('\n'),
    }
    match &check.mend {
        Some(mend) => writeln!(text, "{:22}to mend it: {}", "", inert(mend)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report(vec![
            Check::ok("source", "it is known"),
            Check::failed("host", "unreachable", "nothing answers").mend("curl URL"),
            Check::skipped("cloud", "host"),
            Check::warning("permissions", "unknown", "who knows").about("/subscriptions/1"),
        ])
    }

    #[test]
    fn what_is_skipped_passes_its_cause_on() {
        let report = report();
        assert_eq!(report.obstacle(&["source", "permissions"]), None);
        assert_eq!(report.obstacle(&["source", "cloud"]), Some("host"));
        assert_eq!(report.obstacle(&["host"]), Some("host"));
        assert!(!report.is_ok());
    }

    #[test]
    fn people_read_a_line_for_each_and_what_mends_it() {
        let text = report().render(Form::Text);
        assert_eq!(
            text,
            "ok       source       it is known\n\
             FAILED   host         nothing answers (unreachable)\n\
             \x20                     to mend it: curl URL\n\
             skipped  cloud        not looked at, as host failed\n\
             warning  permissions  /subscriptions/1: who knows (unknown)\n\
             \n4 checks: 1 ok, 1 warning, 1 failed, 1 skipped\n"
        );
    }

    #[test]
    fn words_of_others_give_a_terminal_no_orders() {
        let check = Check::failed("host", "x", "a\u{1b}[2J\nb").mend("c\rd");
        let text = Report(vec![check.about("e\u{7}f")]).render(Form::Text);
        assert!(!text.contains(['\u{1b}', '\r', '\u{7}']), "{text}");
        assert_eq!(text.lines().count(), 4, "{text}");
    }

    #[test]
    fn programs_read_only_what_there_is() {
        let text = report().render(Form::Json);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["ok"], false);
        let [source, _, cloud, permissions] = &json["checks"].as_array().unwrap()[..] else {
            panic!("{text}");
        };
        assert_eq!(
            *source,
            serde_json::json!({"name": "source", "verdict": "ok", "detail": "it is known"})
        );
        assert_eq!(cloud["because"], "host");
        assert_eq!(permissions["subject"], "/subscriptions/1");
    }
}
