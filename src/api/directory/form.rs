//! In which form users are wanted.

use actix_web::{
    HttpMessage as _, HttpRequest,
    http::{
        StatusCode, Version,
        header::{Accept, Quality, UPGRADE},
    },
};

use crate::{api::Problem, directory::Export};

/// A form that the directory has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Page by page.
    Json,
    /// All pages, one after the other.
    Export(Export),
}

/// In the order in which they are preferred where a caller does not care.
const FORMS: [(Form, &str); 3] = [
    (Form::Json, "application/json"),
    (Form::Export(Export::Csv), "text/csv"),
    (Form::Export(Export::Ndjson), "application/x-ndjson"),
];

const OFFERED: &str = "Accept asks for none of application/json, text/csv and application/x-ndjson";

const CHUNKLESS: &str = "whole listings are sent in chunks, which neither HTTP/1.0 nor Upgrade: \
                         websocket has: ask by HTTP/1.1, have a proxy on the way ask by it, or ask \
                         for pages of application/json";

impl Form {
    /// The form that `Accept` prefers (RFC 9110, 12.5.1); without a readable one,
    /// JSON.
    pub(super) fn accepted(request: &HttpRequest) -> Result<Self, Problem> {
        let form = Self::preferred(request)?;
        if matches!(form, Self::Export(_)) && !has_chunks(request) {
            // An end that is the end of the connection would not tell a listing that
            // broke off. 406, as it is one of the forms that is not to be had: 505 is
            // about a major version, and says nothing of pages, which are.
            return Err(Problem::unreadable(StatusCode::NOT_ACCEPTABLE, CHUNKLESS));
        }
        Ok(form)
    }

    fn preferred(request: &HttpRequest) -> Result<Self, Problem> {
        let Some(ranges) = request.get_header::<Accept>() else {
            return Ok(Self::Json);
        };
        if ranges.is_empty() {
            return Ok(Self::Json);
        }
        let mut best = (Quality::ZERO, None);
        for (form, media) in FORMS {
            let quality = quality(&ranges, media);
            if quality > best.0 {
                best = (quality, Some(form));
            }
        }
        let none = || Problem::unreadable(StatusCode::NOT_ACCEPTABLE, OFFERED);
        best.1.ok_or_else(none)
    }
}

/// Whether an answer to `request` can be sent in chunks: not by HTTP/1.0 (RFC 9112,
/// 6.1), nor after `Upgrade: websocket`, which actix takes for a change of protocol
/// whether or not it is one.
fn has_chunks(request: &HttpRequest) -> bool {
    let mut upgrades = request.headers().get_all(UPGRADE);
    let is_websocket = upgrades.any(|it| it.as_bytes().eq_ignore_ascii_case(b"websocket"));
    request.version() >= Version::HTTP_11 && !is_websocket
}

/// What the most specific of `ranges` that `media` is in says of it.
fn quality(Accept(ranges): &Accept, media: &str) -> Quality {
    let (kind, _) = media.split_once('/').unwrap_or_default();
    let specific = |range: &str| match range {
        range if range == media => Some(2),
        range if range.strip_suffix("/*") == Some(kind) => Some(1),
        "*/*" => Some(0),
        _ => None,
    };
    let fitting = ranges
        .iter()
        .filter_map(|range| Some((specific(range.item.essence_str())?, range.quality)));
    let best = fitting.max_by_key(|(specific, _)| *specific);
    best.map_or(Quality::ZERO, |(_, quality)| quality)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn accepted(value: &str) -> Option<Form> {
        let request = TestRequest::default().insert_header(("accept", value));
        Form::accepted(&request.to_http_request()).ok()
    }

    #[test]
    fn the_preferred_form_is_given() {
        let (csv, ndjson) = (Form::Export(Export::Csv), Form::Export(Export::Ndjson));
        for (value, form) in [
            ("*/*", Form::Json),
            ("text/html, */*;q=0.1", Form::Json),
            ("application/*", Form::Json),
            ("text/csv", csv),
            ("text/*", csv),
            ("application/x-ndjson", ndjson),
            ("application/json;q=0.5, text/csv;q=0.9", csv),
            ("application/json;q=0, */*", csv),
            ("application/x-ndjson, application/json", Form::Json),
            ("application/x-ndjson, application/json;q=0.9", ndjson),
            ("nonsense", Form::Json),
        ] {
            assert_eq!(accepted(value), Some(form), "{value}");
        }
    }

    #[test]
    fn a_form_that_is_not_there_is_refused() {
        for value in [
            "text/html",
            "application/xml, image/*",
            "application/json;q=0",
        ] {
            assert_eq!(accepted(value), None, "{value}");
        }
    }
}
