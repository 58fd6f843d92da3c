//! The one token that a request brings along.
//!
//! Source: RFC 6750, section 2.1; tokens in bodies and queries are not taken.

use actix_web::http::header::HeaderValue;

use super::Refusal;
use crate::http::text;

/// Those of Entra ID have some two kilobytes; claims of many groups are left out
/// before they reach eight.
const LONGEST: usize = 16 * 1024;

/// The token of the only one of `headers`, which are those named Authorization.
pub(super) fn token<'a>(
    mut headers: impl Iterator<Item = &'a HeaderValue>,
) -> Result<&'a str, Refusal> {
    let header = headers.next().ok_or(Refusal::Missing)?;
    if headers.next().is_some() {
        return Err(Refusal::Repeated);
    }
    if header.len() > LONGEST {
        return Err(Refusal::Oversized);
    }
    let text = text(header).ok_or(Refusal::Scheme)?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::Scheme);
    }
    match token.trim() {
        "" => Err(Refusal::Malformed),
        token => Ok(token),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[&str]) -> Result<String, Refusal> {
        let headers: Vec<_> = headers
            .iter()
            .map(|text| HeaderValue::from_str(text).unwrap())
            .collect();
        token(headers.iter()).map(str::to_owned)
    }

    #[test]
    fn one_header_holds_one_bearer_token() {
        assert_eq!(read(&["Bearer a.b.c"]), Ok("a.b.c".to_owned()));
        assert_eq!(read(&["bearer  a.b.c"]), Ok("a.b.c".to_owned()));
        for (headers, refusal) in [
            (&[][..], Refusal::Missing),
            (&["Bearer a", "Bearer a"], Refusal::Repeated),
            (&["Basic dTpw"], Refusal::Scheme),
            (&["Bearerx"], Refusal::Scheme),
            (&["Bearer"], Refusal::Malformed),
            (&["Bearer  "], Refusal::Malformed),
        ] {
            assert_eq!(read(headers), Err(refusal), "{headers:?}");
        }
        let long = format!("Bearer {}", "x".repeat(LONGEST));
        assert_eq!(read(&[&long]), Err(Refusal::Oversized));
    }
}
