//! The records of changes of all gateways that there were, held against what the local
//! Azure was asked and has done.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use azure_sandbox::{Order, Recorded};
use serde_json::Value;

use crate::{deed::Deed, truth};

/// How the life of a gateway ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It runs, or ended in order.
    Orderly,
    /// By SIGKILL: what it had not written yet is lost.
    Killed,
}

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Whose it is: the place of its gateway's life.
    life: usize,
    pub(crate) stage: String,
    /// What the two lines of a change have in common.
    change: String,
    pub(crate) operation: String,
    correlation: String,
    deed: Deed,
    pub(crate) status: String,
}

/// The record of one life of a gateway.
struct Record {
    path: PathBuf,
    /// How much of it was read.
    read: u64,
    end: End,
    /// What of a line there was room for, until a line says that lines are written again.
    torn: Option<String>,
}

/// How each line begins.
const BEGINNING: &str = r#"{"class_uid":"#;

impl Record {
    /// The line `text` of this life's; none where it is the beginning of one.
    ///
    /// # Panics
    ///
    /// Where it is something else.
    fn line(&mut self, life: usize, text: &str) -> Option<Line> {
        let whole = read(life, text);
        match &whole {
            Some(it) if it.stage == "resumed" => self.torn = None,
            Some(_) => {}
            None => {
                assert!(text.rfind(BEGINNING) == Some(0), "no JSON: {text}");
                self.torn = Some(text.to_owned());
            }
        }
        whole
    }
}

/// Every record, as far as it was read.
#[derive(Default)]
pub(crate) struct Ledger {
    records: Vec<Record>,
    lines: Vec<Line>,
    /// The correlation ids of intended operations, by the ids of those.
    intended: HashMap<String, String>,
}

impl Ledger {
    /// Begins the record of another life; returns its place.
    pub(crate) fn begin(&mut self, path: &Path) -> usize {
        self.records.push(Record {
            path: path.to_owned(),
            read: 0,
            end: End::Orderly,
            torn: None,
        });
        self.records.len() - 1
    }

    /// The gateway of that life was killed.
    pub(crate) fn killed(&mut self, life: usize) {
        self.records[life].end = End::Killed;
    }

    pub(crate) fn was_killed(&self, life: usize) -> bool {
        self.records[life].end == End::Killed
    }

    /// Reads what was written since; returns it as it stands there.
    pub(crate) fn read(&mut self) -> Vec<u8> {
        let mut new = Vec::new();
        for life in 0..self.records.len() {
            let record = &mut self.records[life];
            let mut text = rest(&record.path, record.read);
            // The last line may still be on its way.
            let last = text.iter().rposition(|byte| *byte == b'\n');
            text.truncate(last.map_or(0, |last| last + 1));
            record.read += text.len() as u64;
            for text in String::from_utf8_lossy(&text).lines() {
                let Some(line) = record.line(life, text) else {
                    continue;
                };
                if line.stage == "intent" {
                    let ids = (line.operation.clone(), line.correlation.clone());
                    self.intended.insert(ids.0, ids.1);
                }
                self.lines.push(line);
            }
            new.extend(text);
        }
        new
    }

    /// The operations of which there is any line.
    pub(crate) fn operations(&self) -> BTreeSet<&str> {
        self.lines.iter().map(|it| it.operation.as_str()).collect()
    }

    /// Changes that have no outcome, though their gateway was not killed.
    pub(crate) fn unended(&self) -> Vec<String> {
        let changes = self.changes().into_values();
        let open = changes.filter(|lines| lines.len() == 1 && lines[0].stage == "intent");
        let open = open.filter(|lines| !self.was_killed(lines[0].life));
        open.map(|lines| lines[0].operation.clone()).collect()
    }

    fn changes(&self) -> BTreeMap<&str, Vec<&Line>> {
        let mut changes = BTreeMap::<_, Vec<_>>::new();
        for line in self.lines.iter().filter(|line| line.stage != "resumed") {
            changes.entry(line.change.as_str()).or_default().push(line);
        }
        changes
    }

    /// What is wrong with the record, given `posts`, which are no older than it, and
    /// `orders`, which are no younger.
    pub(crate) fn faults(&self, posts: &[Recorded], orders: &[Order]) -> Vec<String> {
        let mut faults = self.shapes();
        faults.extend(self.untold());
        faults.extend(self.unrecorded(posts));
        faults.extend(repeated(orders));
        faults.extend(self.false_outcomes(orders));
        faults
    }

    /// A change has its intent and then its outcome; other lines stand by themselves.
    fn shapes(&self) -> Vec<String> {
        let changes = self.changes();
        let wrong = changes.iter().filter(|(_, lines)| {
            let stages: Vec<_> = lines.iter().map(|line| line.stage.as_str()).collect();
            !matches!(
                stages[..],
                ["intent" | "denied" | "noop" | "joined"] | ["intent", "outcome"]
            )
        });
        wrong
            .map(|(change, lines)| format!("the record of {change} is {lines:?}"))
            .collect()
    }

    /// Of a torn line it is told, once lines are written again.
    fn untold(&self) -> impl Iterator<Item = String> {
        let alive = self.records.iter().filter(|it| it.end == End::Orderly);
        let torn = alive.filter_map(|record| record.torn.as_ref());
        torn.map(|text| format!("nothing is told of a torn line: {text}"))
    }

    /// What reached Azure was written down before, as what it is, and is not sent again but with
    /// another token, in place of one that Azure refused.
    fn unrecorded(&self, posts: &[Recorded]) -> Vec<String> {
        let intents = self.lines.iter().filter(|line| line.stage == "intent");
        let mut written = HashMap::<&str, Vec<&Line>>::new();
        for intent in intents {
            let same = written.entry(intent.correlation.as_str()).or_default();
            same.push(intent);
        }
        let mut sent = HashMap::<&str, Vec<&Recorded>>::new();
        for post in posts {
            let id = post.header("x-ms-correlation-request-id");
            sent.entry(id.unwrap_or_default()).or_default().push(post);
        }
        let mut faults = Vec::new();
        for (correlation, posts) in sent {
            let intents = written.get(correlation).map_or(&[][..], Vec::as_slice);
            let tokens = posts.iter().map(|post| post.header("authorization"));
            let tokens = tokens.collect::<BTreeSet<_>>().len();
            if posts.len() + 1 > intents.len() + tokens {
                let count = (posts.len(), intents.len(), tokens);
                faults.push(format!(
                    "{}, of {correlation}: sent, intended, with so many tokens {count:?}",
                    posts[0]
                ));
            }
            let is_told = |post: &&&Recorded| {
                let deed = Deed::of_request(post);
                intents.iter().any(|it| it.deed == deed)
            };
            let untold = posts.iter().filter(|post| !is_told(post));
            faults.extend(untold.map(|post| format!("not written down: {post}")));
        }
        faults
    }

    fn false_outcomes(&self, orders: &[Order]) -> Vec<String> {
        let by_correlation = truth::by_correlation(orders);
        let outcomes = self.lines.iter().filter(|line| line.stage == "outcome");
        let mut intended = HashMap::<_, usize>::new();
        for correlation in self.intended.values() {
            *intended.entry(correlation.as_str()).or_default() += 1;
        }
        let wrong = outcomes.filter_map(|line| {
            let own = by_correlation.get(line.correlation.as_str()).copied();
            // A machine that Azure did not know where it was sought is sought anew, and
            // the order given once more: the first one failed.
            let is_one_of_two = intended.get(line.correlation.as_str()) > Some(&1);
            let own = own.filter(|_| line.status != "Failure" || !is_one_of_two);
            let told = match line.status.as_str() {
                "Success" => "Succeeded",
                "Failure" => "Failed",
                "Superseded" => "Superseded",
                _ => "Unknown",
            };
            let told = truth::Told::new(&line.operation, told);
            let fault = told.fault(own, orders)?;
            Some(format!(
                "the record of {} says {}: {fault}",
                line.operation, line.status
            ))
        });
        wrong.collect()
    }

    /// With which correlation id the operation `id` was ordered, if it was.
    pub(crate) fn correlation(&self, id: &str) -> Option<&str> {
        self.intended.get(id).map(String::as_str)
    }
}

/// What stands in the file at `path` beyond its first `read` bytes.
pub(crate) fn rest(path: &Path, read: u64) -> Vec<u8> {
    let mut rest = Vec::new();
    // A file that is not there yet has nothing in it.
    if let Ok(mut file) = File::open(path) {
        file.seek(SeekFrom::Start(read)).expect("a file");
        file.read_to_end(&mut rest)
            .expect("a file that can be read");
    }
    rest
}

/// No order is carried out twice.
fn repeated(orders: &[Order]) -> Vec<String> {
    let mut counts = BTreeMap::<_, usize>::new();
    for id in orders.iter().filter_map(|it| it.correlation_id.as_deref()) {
        *counts.entry(id).or_default() += 1;
    }
    let twice = counts.into_iter().filter(|(_, count)| *count > 1);
    twice
        .map(|(id, count)| format!("{id} was carried out {count} times"))
        .collect()
}

/// The line `text` of the record of a life; none where it is no whole one.
fn read(life: usize, text: &str) -> Option<Line> {
    let event: Value = serde_json::from_str(text).ok()?;
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let about = &event["unmapped"];
    Some(Line {
        life,
        stage: word(&about["stage"]),
        change: word(&event["metadata"]["correlation_uid"]),
        operation: word(&about["operationId"]),
        correlation: word(&about["azure"]["correlationId"]),
        deed: Deed::of_line(&event),
        status: word(&event["status"]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            path: PathBuf::new(),
            read: 0,
            end: End::Orderly,
            torn: None,
        }
    }

    #[test]
    fn a_torn_line_is_none_until_a_line_tells_of_it() {
        let mut record = record();
        assert!(record.line(0, r#"{"class_uid":6003,"cl"#).is_none());
        assert!(record.torn.is_some());
        let resumed = r#"{"class_uid":6002,"unmapped":{"stage":"resumed"}}"#;
        assert!(record.line(0, resumed).is_some());
        assert!(record.torn.is_none());
    }

    #[test]
    #[should_panic(expected = "no JSON")]
    fn a_line_on_a_torn_one_is_a_fault() {
        record().line(0, r#"{"class_uid":6003,"cl{"class_uid":6002}"#);
    }
}
