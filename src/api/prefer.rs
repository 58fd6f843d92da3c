//! What a caller prefers: to wait for the end, or not to (RFC 7240).

use std::{
    convert::Infallible,
    future::{Ready, ready},
    time::Duration,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::HeaderName};

use super::list::parts;

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// The header that says which preference was followed.
pub(super) const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// Nobody waits longer: load balancers cut connections that are silent for some
/// minutes.
const LONGEST: Duration = Duration::from_mins(2);

/// The preferences of a request; what cannot be read of them is ignored, as
/// RFC 7240 has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Prefer {
    /// `wait=N`, at most two minutes.
    wait: Option<Duration>,
    /// `respond-async`.
    respond_async: Option<()>,
}

impl Prefer {
    /// How long to wait for an end; zero unless that is preferred.
    pub(super) fn patience(self) -> Duration {
        self.wait.unwrap_or_default()
    }

    /// The preference that was followed, for the answer.
    pub(super) fn applied(self) -> Option<String> {
        match (self.wait, self.respond_async) {
            (Some(wait), _) => Some(format!("wait={}", wait.as_secs())),
            (None, Some(())) => Some("respond-async".to_owned()),
            (None, None) => None,
        }
    }

    /// Of a preference that is there twice, the first counts, whether or not it can be
    /// read.
    fn read<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut prefer = Self::default();
        let mut wait = None;
        for preference in lines.flat_map(|line| parts(line, ',')) {
            let token = parts(preference, ';').next().unwrap_or_default();
            let (name, value) = token.split_once('=').unwrap_or((token, ""));
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "wait" => _ = wait.get_or_insert_with(|| seconds(value)),
                "respond-async" => prefer.respond_async = Some(()),
                _ => {}
            }
        }
        prefer.wait = wait.flatten();
        prefer
    }
}

fn seconds(text: &str) -> Option<Duration> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // More digits than a number can hold are more than anybody waits.
    is_number.then(|| {
        text.parse()
            .map_or(LONGEST, |it| Duration::from_secs(it).min(LONGEST))
    })
}

impl FromRequest for Prefer {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let lines = request.headers().get_all(PREFER);
        ready(Ok(Self::read(lines.filter_map(|line| line.to_str().ok()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> (u64, Option<String>) {
        let prefer = Prefer::read(lines.iter().copied());
        (prefer.patience().as_secs(), prefer.applied())
    }

    #[test]
    fn preferences_are_read_as_they_may_be_written() {
        for (lines, patience, applied) in [
            (&["wait=10"][..], 10, Some("wait=10")),
            (&["Respond-Async, WAIT = \"7\""], 7, Some("wait=7")),
            (&["respond-async"], 0, Some("respond-async")),
            (
                &["handling=lenient", "wait=3;x=y, wait=9"],
                3,
                Some("wait=3"),
            ),
            (&["wait=100000000000000000000000"], 120, Some("wait=120")),
            (&["wait=0"], 0, Some("wait=0")),
            (&[r#"x="a, wait=5; b", wait=6"#], 6, Some("wait=6")),
            (&[r#"wait=7;x="a;b, wait=8""#], 7, Some("wait=7")),
        ] {
            assert_eq!(
                read(lines),
                (patience, applied.map(str::to_owned)),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn what_is_no_preference_is_ignored() {
        for line in [
            "",
            "wait",
            "wait=",
            "wait=-1",
            "wait=soon",
            "waiting=9",
            "=",
            "wait=soon, wait=9",
            r#"x="wait=5, wait=6"#,
        ] {
            assert_eq!(read(&[line]), (0, None), "{line}");
        }
    }
}
