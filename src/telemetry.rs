//! Logs, the ids that join them to a caller's, and the spans of traces.

#[cfg(any(fuzzing, test))]
pub(crate) mod fuzz;
mod inert;
mod json;
mod output;
mod request_id;
mod span;
mod trace_context;
mod tracer;

use std::{
    error::Error,
    io::{self, IsTerminal as _},
};

use tracing::{Level, Subscriber};
use tracing_subscriber::{
    Layer as _, Registry,
    filter::{LevelFilter, Targets},
    fmt::{self, MakeWriter},
    layer::SubscriberExt as _,
};

pub(crate) use inert::inert;
pub(crate) use output::{Written, in_turn, lines_lost};
pub(crate) use request_id::RequestId;
pub(crate) use span::{Kind, OpenSpan, SpanRecord, Value};
pub(crate) use trace_context::TraceContext;
pub(crate) use tracer::Tracer;

use crate::config::{Log, LogFormat};

/// `error` and everything behind it, in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// Begins to log on standard output, until what is returned is dropped.
pub(crate) fn init(log: &Log) -> Written {
    let (writer, written) = output::begin();
    let _ = tracing::subscriber::set_global_default(subscriber(log, writer));
    written
}

/// Begins to log on standard error, where standard output is for results.
pub(crate) fn init_beside(log: &Log) {
    let format = match log.format {
        LogFormat::Auto if io::stderr().is_terminal() => LogFormat::Text,
        LogFormat::Auto => LogFormat::Json,
        given @ (LogFormat::Json | LogFormat::Text) => given,
    };
    let log = Log { format, ..*log };
    let _ = tracing::subscriber::set_global_default(subscriber(&log, io::stderr));
}

/// What logs to `writer` as `log` says: one JSON object a line, or text for a
/// person.
///
/// Libraries are kept at warnings: at lower levels some of them write down the
/// headers that they send, tokens included. What callers send that is not HTTP
/// is no error of ours: actix-http writes a line for each.
pub fn subscriber<W>(log: &Log, writer: W) -> impl Subscriber + Send + Sync + use<W>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let levels = Targets::new()
        .with_default(Level::WARN.min(log.level))
        .with_target(env!("CARGO_CRATE_NAME"), log.level)
        .with_target("actix_http", LevelFilter::OFF);
    let lines = fmt::layer().with_writer(writer).with_target(false);
    let is_text = match log.format {
        LogFormat::Json => false,
        LogFormat::Text => true,
        LogFormat::Auto => io::stdout().is_terminal(),
    };
    let lines = if is_text {
        lines.compact().boxed()
    } else {
        lines
            .fmt_fields(json::Fields)
            .event_format(json::Line)
            .boxed()
    };
    // As a layer and not as a filter of the other: that would look each span up whenever it
    // is entered and left.
    Registry::default().with(levels).with(lines)
}
