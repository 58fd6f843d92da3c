//! What has to hold of what collectors answer.

use std::time::Duration;

use actix_web::{
    http::{StatusCode, header::HeaderMap},
    web::Bytes,
};

use super::{
    collector::{Refused, refused, rejected},
    traces::{LONGEST_PAUSE, dropped, pause},
};
use crate::http::{Error, Refusal};

/// Statuses after which telemetry is sent again.
///
/// Source: "OTLP/HTTP", retryable response codes.
const RETRYABLE: [u16; 4] = [429, 502, 503, 504];

/// Nothing that a collector says has more spans lost than were sent, or keeps others
/// waiting.
pub(crate) fn answer((status, headers, body): (StatusCode, &HeaderMap, &[u8])) {
    if !status.is_success() {
        return refusal(status, headers, body);
    }
    let told = rejected(Bytes::copy_from_slice(body));
    if let Some(said) = said(body) {
        assert_eq!(told, u64::try_from(said).unwrap_or_default());
    }
    for count in [1, 512] {
        let (_, lost) = dropped(Some(told), count);
        assert!(lost <= count, "{lost} of {count}");
        assert_eq!(lost == 0, told == 0);
    }
}

fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8]) {
    let refusal = Refusal::read(status, headers, body);
    let least = refusal.retry_after.unwrap_or_default();
    let told = match refused(&Error::Refused(Box::new(refusal))) {
        Refused::Later(told) => Some(told),
        Refused::Forever => None,
    };
    assert_eq!(told.is_some(), RETRYABLE.contains(&status.as_u16()));
    for attempt in 0..5 {
        let pause = pause(attempt, told.unwrap_or_default());
        assert!(
            pause > Duration::ZERO && pause <= LONGEST_PAUSE,
            "{pause:?}"
        );
        assert!(told.is_none() || pause >= least.min(LONGEST_PAUSE));
    }
}

/// The number of rejected parts, by a plainer reading of protobuf; `None` where it is not
/// plain.
fn said(body: &[u8]) -> Option<i64> {
    let mut rejected = 0;
    for (number, value) in fields(body)? {
        let part = match (number, value) {
            (1, Value::Bytes(part)) => fields(part)?,
            (1, Value::Number(_) | Value::Fixed) => return None,
            _ => continue,
        };
        for (number, value) in part {
            match (number, value) {
                (1, Value::Number(told)) => rejected = told,
                (1, Value::Bytes(_) | Value::Fixed) => return None,
                _ => {}
            }
        }
    }
    Some(rejected.cast_signed())
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Fixed,
}

/// Source: "Protocol Buffers: Encoding".
fn fields(mut bytes: &[u8]) -> Option<Vec<(u64, Value<'_>)>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let value = match key & 7 {
            0 => Value::Number(varint(&mut bytes)?),
            1 => bytes.split_off(..8).map(|_| Value::Fixed)?,
            2 => {
                let length = varint(&mut bytes)?.try_into().ok()?;
                Value::Bytes(bytes.split_off(..length)?)
            }
            5 => bytes.split_off(..4).map(|_| Value::Fixed)?,
            // A group, or nothing.
            _ => return None,
        };
        let is_number = u32::try_from(key).is_ok() && key >= 8;
        fields.push((is_number.then_some(key >> 3)?, value));
    }
    Some(fields)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for at in 0..10 {
        let byte = bytes.split_off_first().copied()?;
        if at == 9 && byte > 1 {
            return None;
        }
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}
