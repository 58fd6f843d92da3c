//! What becomes of lines that are written, and do not last.

use std::{fs, path::Path};

use super::*;
use crate::{
    access::Caller,
    audit::{
        Audit, Outcome,
        tests::{Folder, at, deed, requester, stages},
    },
};

/// A writer to a file in `folder`.
fn writer(folder: &Folder) -> Writer {
    let target = AuditTarget::File(folder.file());
    let metrics = Metrics::new().unwrap();
    Writer::new(target, metrics, Arc::default(), Standing::default())
}

/// Has `writer` go on in a file at `path` in which nothing lasts.
fn on_a_full_volume(writer: &mut Writer, path: &Path) {
    writer.sink = Some(Sink::fleeting(path).unwrap());
}

/// Gives `messages` to `writer` at once.
fn given(writer: &mut Writer, messages: impl IntoIterator<Item = Message>) {
    let (sender, queue) = std::sync::mpsc::channel();
    for message in messages {
        writer.waiting.fetch_add(1, Ordering::Relaxed);
        let held = writer.metrics.audit_queued();
        sender.send((message, held)).unwrap();
    }
    let first = queue.recv().unwrap();
    writer.take(first, &queue);
}

fn record(stage: Stage) -> Record {
    Record::of_deed(stage, deed(), requester(Caller::Anonymous))
}

fn joined() -> Message {
    let outcome = Outcome::success("");
    Message::Line(Box::new(record(Stage::Joined).ended(outcome)))
}

/// The first line of a change, and where its change waits for it.
fn intent(audit: &Audit) -> (Message, oneshot::Receiver<Result<Pending, Unavailable>>) {
    let pending = Pending::new(audit.clone(), record(Stage::Intent));
    let (reply, answer) = oneshot::channel();
    (Message::Intent(Box::new(pending), reply), answer)
}

fn late(writer: &Writer) -> Vec<Stage> {
    writer.late.iter().map(|(record, _)| record.stage).collect()
}

#[test]
fn what_is_true_already_and_did_not_last_is_written_again() {
    let folder = Folder::new();
    let mut writer = writer(&folder);
    on_a_full_volume(&mut writer, &folder.0.join("full"));
    given(&mut writer, [joined(), joined()]);
    assert!(writer.is_failing());
    assert_eq!(late(&writer), [Stage::Joined, Stage::Joined]);
    let waiting = |writer: &Writer, lines| {
        let metrics = writer.metrics.encode().unwrap();
        let line = format!("audit_queue_length {lines}\n");
        assert!(metrics.contains(&line), "{lines}: {metrics}");
    };
    waiting(&writer, 2);

    writer.retry();
    waiting(&writer, 0);

    assert!(!writer.is_failing());
    assert_eq!(stages(&folder.file()), ["resumed", "joined", "joined"]);
    let metrics = writer.metrics.encode().unwrap();
    for line in [
        r#"audit_failures_total{stage="joined"} 2"#,
        r#"audit_records_total{outcome="success",stage="joined"} 2"#,
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
}

#[test]
fn what_is_late_stays_so_until_it_lasts() {
    let folder = Folder::new();
    let mut writer = writer(&folder);
    for stage in [Stage::Noop, Stage::Joined] {
        writer.postpone(Box::new(record(stage)));
    }
    writer.lost = 3;
    on_a_full_volume(&mut writer, &folder.0.join("full"));

    writer.retry();
    assert!(writer.is_failing());
    // The disk is full again behind the line that says that it is not.
    on_a_full_volume(&mut writer, &folder.0.join("full"));
    assert!(writer.catch_up().is_err());

    assert_eq!(late(&writer), [Stage::Noop, Stage::Joined]);
    assert_eq!(writer.lost, 3);
    writer.retry();
    assert_eq!(stages(&folder.file()), ["resumed", "noop", "joined"]);
    assert!(!writer.owes());
}

#[test]
fn no_change_goes_on_by_a_line_in_an_old_file_that_does_not_last() {
    let folder = Folder::new();
    let audit = at(&folder.0.join("second lines"));
    let mut writer = writer(&folder);
    on_a_full_volume(&mut writer, &folder.0.join("full"));
    let ((before, refused), (behind, confirmed)) = (intent(&audit), intent(&audit));

    given(&mut writer, [before, Message::Reopen, behind]);

    assert!(refused.blocking_recv().unwrap().is_err());
    assert!(confirmed.blocking_recv().unwrap().is_ok());
    assert_eq!(stages(&folder.file()), ["resumed", "intent"]);
}

#[test]
fn a_file_that_has_another_name_or_none_is_left_without_a_signal() {
    let folder = Folder::new();
    let mut writer = writer(&folder);
    given(&mut writer, [joined()]);
    let older = folder.0.join("older");
    fs::rename(folder.file(), &older).unwrap();

    given(&mut writer, [joined(), joined()]);
    assert_eq!(stages(&older), ["joined"]);
    assert_eq!(stages(&folder.file()), ["joined", "joined"]);

    fs::remove_file(folder.file()).unwrap();
    given(&mut writer, [joined()]);
    assert_eq!(stages(&folder.file()), ["joined"]);
}

#[test]
fn what_is_in_its_place_is_kept_when_it_does_not_open_again() {
    let folder = Folder::new();
    let mut writer = writer(&folder);
    on_a_full_volume(&mut writer, &folder.0.join("full"));
    fs::create_dir(folder.file()).unwrap();
    writer.reopen();
    assert!(writer.sink.is_some());
    assert!(!writer.is_failing());
}

#[test]
fn a_failure_is_told_of_that_is_over_before_it_is_tried_again() {
    let folder = Folder::new();
    let mut writer = writer(&folder);
    assert!(writer.write(Err(io::ErrorKind::WriteZero.into())).is_err());

    given(&mut writer, [joined()]);
    given(&mut writer, [joined()]);

    assert_eq!(stages(&folder.file()), ["joined", "resumed", "joined"]);
}

#[test]
fn what_was_written_before_a_line_that_was_not_is_confirmed_if_it_lasts() {
    let folder = Folder::new();
    let audit = at(&folder.0.join("second lines"));
    let mut writer = writer(&folder);
    let (before, confirmed) = intent(&audit);
    writer.one(before);
    let unwritten = Err(io::ErrorKind::StorageFull.into());

    assert!(writer.write(unwritten).is_err());

    assert!(confirmed.blocking_recv().unwrap().is_ok());
    assert!(writer.is_failing());
}

#[test]
fn it_is_not_said_that_lines_are_written_again_before_they_last() {
    let folder = Folder::new();
    let mut writer = writer(&folder);
    writer.standing.fail(&Unavailable::Slow);
    writer.one(joined());
    assert!(writer.is_failing());
    assert!(writer.settle().is_ok());
    assert!(!writer.is_failing());
}

#[test]
fn changes_that_are_refused_while_nothing_lasts_owe_nothing() {
    let folder = Folder::new();
    let outcomes = folder.0.join("outcomes");
    let audit = at(&outcomes);
    let mut writer = writer(&folder);
    for _ in 0..20 {
        on_a_full_volume(&mut writer, &folder.0.join("full"));
        let (intent, refused) = intent(&audit);
        given(&mut writer, [intent]);
        assert!(refused.blocking_recv().unwrap().is_err());
    }
    drop(audit);
    // That of the change by which it showed.
    assert_eq!(stages(&outcomes), ["outcome"]);
}

#[test]
fn a_disk_that_was_slow_for_somebody_is_not_tried_before_a_change() {
    let folder = Folder::new();
    let audit = at(&folder.0.join("outcomes"));
    let mut writer = writer(&folder);
    writer.standing.fail(&Unavailable::Slow);
    let (intent, _confirmed) = intent(&audit);

    given(&mut writer, [intent]);

    assert_eq!(stages(&folder.file()), ["intent"]);
    assert!(!writer.is_failing());
}

#[test]
fn it_is_tried_again_once_for_all_changes_of_a_batch() {
    let folder = Folder::new();
    let audit = at(&folder.0.join("outcomes"));
    let mut writer = writer(&folder);
    on_a_full_volume(&mut writer, &folder.0.join("full"));
    given(&mut writer, [joined()]);
    on_a_full_volume(&mut writer, &folder.0.join("full"));
    let ((one, refused), (other, refused_too)) = (intent(&audit), intent(&audit));

    given(&mut writer, [one, other]);

    assert!(refused.blocking_recv().unwrap().is_err());
    assert!(refused_too.blocking_recv().unwrap().is_err());
    assert!(!folder.file().exists());
}

#[test]
fn all_is_written_once_nothing_waits() {
    let folder = Folder::new();
    let mut writer = writer(&folder);
    let (reply, mut written) = oneshot::channel();
    // One more line is on its way.
    writer.waiting.fetch_add(1, Ordering::Relaxed);
    given(&mut writer, [Message::Flush(reply)]);
    assert!(written.try_recv().is_err());
    writer.waiting.fetch_sub(1, Ordering::Relaxed);
    given(&mut writer, [joined()]);
    assert!(written.try_recv().is_ok());
}

#[test]
fn lines_that_come_all_the_time_do_not_keep_it_from_being_tried_again() {
    let folder = Folder::new();
    let mut writer = writer(&folder);
    on_a_full_volume(&mut writer, &folder.0.join("full"));
    given(&mut writer, [joined()]);
    writer.again += Duration::from_mins(1);
    given(&mut writer, [joined()]);
    assert!(!folder.file().exists());

    writer.again = Instant::now();
    given(&mut writer, [joined()]);

    assert_eq!(
        stages(&folder.file()),
        ["resumed", "joined", "joined", "joined"]
    );
}

#[test]
fn what_is_of_no_change_takes_no_outcomes_place() {
    let folder = Folder::new();
    let mut writer = writer(&folder);
    let record = record(Stage::Noop);
    for _ in 0..KEPT {
        writer.postpone(Box::new(record.clone()));
    }
    for stage in [Stage::Joined, Stage::Outcome, Stage::Denied] {
        let mut record = record.clone();
        record.stage = stage;
        writer.postpone(Box::new(record));
    }
    assert_eq!(writer.late.len(), KEPT + 1);
    assert_eq!(late(&writer).pop(), Some(Stage::Outcome));
    assert_eq!(writer.lost, 2);
}
