//! What a 401 says besides its body: the challenge of `WWW-Authenticate`.

use actix_web::http::header::{HeaderMap, WWW_AUTHENTICATE};

/// The parameters of a challenge that tell one refused token from another.
///
/// Claims that the next token would have to meet are noticed and not kept: they
/// are for the issuer of tokens alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// Such as `invalid_token` or `insufficient_claims`.
    pub(crate) error: Option<String>,
    /// The sentence for people.
    pub(crate) description: Option<String>,
    /// Whether there are claims.
    pub(crate) has_claims: bool,
}

impl Challenge {
    /// Reads all challenges as one.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let mut challenge = Self::default();
        for header in headers.get_all(WWW_AUTHENTICATE) {
            for (name, value) in parameters(header.to_str().unwrap_or_default()) {
                match name {
                    "error" => challenge.error = Some(value.to_owned()),
                    "error_description" => challenge.description = Some(value.to_owned()),
                    "claims" => challenge.has_claims = true,
                    _ => {}
                }
            }
        }
        challenge
    }
}

/// Names with their quoted values. What stands outside of quotes ends with the
/// name of what stands inside.
fn parameters(header: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut parts = header.split('"');
    std::iter::from_fn(move || {
        let (before, value) = (parts.next()?, parts.next()?);
        let name = before.trim_end_matches(['=', ' ']);
        let name = name.rsplit([' ', ',']).next().unwrap_or_default();
        Some((name, value))
    })
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn read(header: &'static str) -> Challenge {
        let value = HeaderValue::from_static(header);
        Challenge::read(&HeaderMap::from_iter([(WWW_AUTHENTICATE, value)]))
    }

    #[test]
    fn the_error_is_read_and_claims_are_noticed() {
        let challenge = read(
            r#"Bearer authorization_uri="https://login.example/?error=x", error="invalid_token",error_description="User session, revoked", claims="eyJh=""#,
        );
        assert_eq!(challenge.error.as_deref(), Some("invalid_token"));
        assert_eq!(
            challenge.description.as_deref(),
            Some("User session, revoked")
        );
        assert!(challenge.has_claims);
        assert!(!format!("{challenge:?}").contains("eyJh"));
    }

    #[test]
    fn a_challenge_without_parameters_says_nothing() {
        for header in ["Bearer", "", "Bearer realm", r#"Bearer error=""#] {
            assert_eq!(read(header).description, None, "{header}");
            assert!(!read(header).has_claims, "{header}");
        }
    }
}
