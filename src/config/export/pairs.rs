//! Lists of names and values, as OpenTelemetry writes them into one variable.

use actix_web::http::header::{self, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;

use crate::config::reader::{Faulty, Reader};

const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";

/// Headers that are ours to set.
const OURS: [HeaderName; 5] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::HOST,
    header::TRANSFER_ENCODING,
];

/// The headers; what is wrong with them is told without them.
pub(super) fn headers(reader: &mut Reader) -> Result<Vec<(HeaderName, HeaderValue)>, Faulty> {
    let headers = pairs(reader.given(HEADERS).unwrap_or_default()).and_then(|pairs| {
        let headers = pairs.into_iter().map(header);
        headers.collect::<Option<_>>()
    });
    headers.ok_or_else(|| {
        reader.fault(format!(
            "{HEADERS} is not shown, and is not as expected: headers such as \
             name=value,other=value, with commas and percent signs of values as %2C and %25, and \
             none that belongs to the exchange itself"
        ))
    })
}

fn header((name, value): (String, String)) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::try_from(name).ok()?;
    let mut value = HeaderValue::try_from(value).ok()?;
    value.set_sensitive(true);
    (!OURS.contains(&name)).then_some((name, value))
}

/// What is told of the gateway itself. A name by itself goes over one in the list.
pub(super) fn resource(reader: &mut Reader) -> Result<Vec<(String, String)>, Faulty> {
    let listed = reader.optional("OTEL_RESOURCE_ATTRIBUTES", ATTRIBUTES, pairs)?;
    let mut resource = listed.unwrap_or_default();
    let is_named = resource.iter().any(|(name, _)| name == SERVICE_NAME);
    let own = reader.given("OTEL_SERVICE_NAME").map(str::to_owned);
    let default = (!is_named).then(|| env!("CARGO_PKG_NAME").to_owned());
    if let Some(name) = own.or(default) {
        resource.retain(|(known, _)| known != SERVICE_NAME);
        resource.insert(0, (SERVICE_NAME.to_owned(), name));
    }
    Ok(resource)
}

const SERVICE_NAME: &str = "service.name";

const ATTRIBUTES: &str = "attributes such as name=value,other=value, with commas and percent \
     signs of values as %2C and %25";

/// Source: "W3C Baggage", to which OpenTelemetry leaves the form of such lists.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let listed = text.split(',').filter(|pair| !pair.trim().is_empty());
    listed.map(pair).collect()
}

fn pair(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let value = percent_decode_str(value).decode_utf8().ok()?;
    (!name.is_empty()).then(|| (name.to_owned(), value.into_owned()))
}
