//! A line of the log as a JSON object.
//!
//! It says what the formatter of `tracing_subscriber` says, to which the test holds it. That
//! one writes the fields of a span, reads them and writes them again with each line: a sixth
//! of the instructions that a kept page takes.

use std::{fmt, str, time::SystemTime};

use jiff::Timestamp;
use serde::Serialize;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::Record,
};
use tracing_subscriber::{
    field::RecordFields,
    fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, format::Writer},
    registry::LookupSpan,
};

/// Most lines are shorter, in bytes.
const USUAL: usize = 512;

/// An event with its fields and, as `span`, those of the span that it is in.
pub(super) struct Line;

impl<S> FormatEvent<S, Fields> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, Fields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Members(Vec::with_capacity(USUAL));
        line.open();
        line.add("timestamp", format_args!("{:.6}", now()));
        line.add("level", event.metadata().level().as_str());
        event.record(&mut line);
        let parent = event.parent().and_then(|id| context.span(id));
        if let Some(span) = parent.or_else(|| context.lookup_current()) {
            line.name("span");
            line.open();
            if let Some(fields) = span.extensions().get::<FormattedFields<Fields>>() {
                line.0.extend_from_slice(fields.as_bytes());
            }
            line.add("name", span.name());
            line.close();
        }
        line.close();
        line.end_with(b'\n');
        writer.write_str(line.text()?)
    }
}

/// The fields of a span, as they stand in each of its lines.
pub(super) struct Fields;

impl<'a> FormatFields<'a> for Fields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'a>, fields: R) -> fmt::Result {
        let mut members = Members(Vec::new());
        fields.record(&mut members);
        writer.write_str(members.text()?)
    }

    /// A field that is recorded again would stand there twice: of ours none is.
    fn add_fields(&self, known: &'a mut FormattedFields<Self>, fields: &Record<'_>) -> fmt::Result {
        self.format_fields(known.as_writer(), fields)
    }
}

/// Members of an object, each with a comma after it.
struct Members(Vec<u8>);

impl Members {
    fn open(&mut self) {
        self.0.push(b'{');
    }

    /// Ends the object, which has members and is a member.
    fn close(&mut self) {
        self.end_with(b'}');
        self.0.push(b',');
    }

    /// Puts `end` in the place of the last comma.
    fn end_with(&mut self, end: u8) {
        self.0.pop();
        self.0.push(end);
    }

    fn add(&mut self, name: &str, value: impl Serialize) {
        self.name(name);
        self.write(value);
        self.0.push(b',');
    }

    fn name(&mut self, name: &str) {
        self.write(name);
        self.0.push(b':');
    }

    /// Memory takes everything, and nothing that is recorded has no form in JSON.
    fn write(&mut self, value: impl Serialize) {
        let _ = serde_json::to_writer(&mut self.0, &value);
    }

    fn text(&self) -> Result<&str, fmt::Error> {
        str::from_utf8(&self.0).map_err(|_| fmt::Error)
    }
}

impl Visit for Members {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field.name(), value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field.name(), format_args!("{value:?}"));
    }
}

/// A clock may be set to what has no date.
fn now() -> Timestamp {
    Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Error},
        sync::{Arc, Mutex},
    };

    use serde_json::Value;
    use tracing::{error, field, info, info_span, subscriber, warn};
    use tracing_subscriber::{Layer, Registry, fmt, layer::SubscriberExt as _};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What `layer`, which writes to `written`, says of `happens`.
    fn lines(
        written: &Written,
        layer: impl Layer<Registry> + Send + Sync,
        happens: fn(),
    ) -> Vec<Value> {
        subscriber::with_default(Registry::default().with(layer), happens);
        let written = written.0.lock().unwrap();
        let text = str::from_utf8(&written).unwrap();
        assert!(text.ends_with('\n'));
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn ours(happens: fn()) -> Vec<Value> {
        let written = Written::default();
        let to = written.clone();
        let layer = fmt::layer()
            .with_writer(move || to.clone())
            .fmt_fields(Fields)
            .event_format(Line);
        lines(&written, layer, happens)
    }

    fn theirs(happens: fn()) -> Vec<Value> {
        let written = Written::default();
        let to = written.clone();
        let layer = fmt::layer()
            .with_writer(move || to.clone())
            .with_target(false)
            .json()
            .flatten_event(true)
            .with_span_list(false);
        lines(&written, layer, happens)
    }

    /// When the line was written, which is another time for each formatter.
    fn taken_off(line: &mut Value) -> String {
        let time = line.as_object_mut().unwrap().remove("timestamp").unwrap();
        time.as_str().unwrap().to_owned()
    }

    fn everything() {
        info!("alone");
        info!(
            text = "\"quoted\" \\ \u{1} \n \u{7f} \u{1f4a1} ",
            shown = field::display("a \"name\"\t"),
            debugged = field::debug(["a", "\u{0}"]),
            nothing = Option::<u64>::None,
            something = Some(1),
            yes = true,
            least = i64::MIN,
            most = u64::MAX,
            wide = u128::MAX,
            part = 0.1,
            whole = 1.0,
            no_number = f64::NAN,
            endless = f64::INFINITY,
            http.path = "/vms/a",
            error = &Error::other("it \"broke\"") as &(dyn std::error::Error + 'static),
            r#type = "a word of Rust",
            "said {} of {:?}",
            2,
            "3"
        );
        let outer = info_span!("outer", b = "\"", a = 2, later = field::Empty);
        let bare = info_span!("bare");
        outer.in_scope(|| {
            warn!("in a span");
            outer.record("later", "\\");
            error!("in a span that has learnt something");
            bare.in_scope(|| info!("in another"));
            info!(parent: &bare, "of another");
            info!(parent: None, "of none");
        });
    }

    #[test]
    fn a_line_says_what_the_librarys_formatter_says() {
        let (mut ours, mut theirs) = (ours(everything), theirs(everything));
        assert_eq!(ours.len(), 7);
        for line in ours.iter_mut().chain(&mut theirs) {
            let time = taken_off(line);
            assert_eq!(time.len(), "2026-11-30T12:00:00.000000Z".len());
            assert!(time.parse::<Timestamp>().is_ok());
        }
        assert_eq!(ours, theirs);
    }
}
