//! A record as one line of JSON: API Activity of OCSF.
//!
//! Source: ocsf/ocsf-schema, `events/application/api_activity.json`. Members have
//! the order of the fields here.

mod activity;
mod actor;
mod unmapped;

use std::{fmt, io};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::record::Record;
use activity::ApiActivity;

/// What a line takes, with room for longer names: it need not grow on the way.
const USUAL: usize = 2_048;

/// The line of `record`, with its end.
pub(super) fn line(record: &Record) -> io::Result<Vec<u8>> {
    // The same two lines have the same ids however often they are sent on.
    let uid = format_args!("{}-{}", record.id, record.stage);
    let metadata = Metadata {
        uid: Some(Shown(&uid)),
        correlation_uid: Some(Shown(&record.id)),
        ..Metadata::OURS
    };
    whole(&ApiActivity::of(record, metadata))
}

/// A line that says that lines are written again, how many were lost meanwhile,
/// and how many follow late.
pub(super) fn resumed(lost: u64, late: usize) -> io::Result<Vec<u8>> {
    whole(&Lifecycle {
        class_uid: 6002,
        class_name: "Application Lifecycle",
        category_uid: 6,
        activity_id: 99,
        activity_name: "Audit resumed",
        type_uid: 600_299,
        severity_id: 3,
        time: Timestamp::now().as_millisecond(),
        metadata: Metadata::OURS,
        app: Named::OURS,
        unmapped: Resumed {
            stage: "resumed",
            lost,
            late,
        },
    })
}

/// `event` as a line, without a tree of it in between: that takes three times as
/// long.
fn whole(event: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = Vec::with_capacity(USUAL);
    serde_json::to_writer(&mut line, event)?;
    line.push(b'\n');
    Ok(line)
}

#[derive(Serialize)]
struct Metadata<'a> {
    product: Product,
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<Shown<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_uid: Option<Shown<'a>>,
}

impl Metadata<'_> {
    /// Of a line without an id.
    const OURS: Self = Self {
        product: Product {
            name: "mi-gateway",
            vendor_name: "mi-gateway",
            version: env!("CARGO_PKG_VERSION"),
        },
        // The version of OCSF that the fields are of.
        version: "1.4.0",
        uid: None,
        correlation_uid: None,
    };
}

#[derive(Serialize)]
struct Product {
    name: &'static str,
    vendor_name: &'static str,
    version: &'static str,
}

/// Application Lifecycle of OCSF.
#[derive(Serialize)]
struct Lifecycle {
    class_uid: u16,
    class_name: &'static str,
    category_uid: u8,
    activity_id: u8,
    activity_name: &'static str,
    type_uid: u32,
    severity_id: u8,
    time: i64,
    metadata: Metadata<'static>,
    app: Named,
    unmapped: Resumed,
}

#[derive(Serialize)]
struct Resumed {
    stage: &'static str,
    lost: u64,
    late: usize,
}

/// What has a name and nothing else.
#[derive(Clone, Copy, Serialize)]
struct Named {
    name: &'static str,
}

impl Named {
    const OURS: Self = Self { name: "mi-gateway" };
}

/// A text that is made where it is written, without a `String` of its own.
#[derive(Clone, Copy)]
struct Shown<'a>(&'a dyn fmt::Display);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}

#[cfg(test)]
mod tests;
