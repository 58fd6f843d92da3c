//! Which pattern a path has, for metrics, the log and spans.

/// The patterns of the paths that a listener serves: actix matches a path by regular
/// expressions, and would do so again to say which one it was.
#[derive(Clone, Copy)]
pub(crate) struct Patterns {
    served: &'static [&'static str],
    besides: &'static [&'static str],
    /// What a path that there is not is counted under.
    pub(super) unmatched: &'static str,
}

impl Patterns {
    /// Those that are `served`; a parameter, in braces, is a whole segment, and there is
    /// one at most.
    pub(crate) const fn new(served: &'static [&'static str], unmatched: &'static str) -> Self {
        Self {
            served,
            besides: &[],
            unmatched,
        }
    }

    /// The same, with those that are served `besides`.
    pub(crate) const fn and(self, besides: &'static [&'static str]) -> Self {
        Self { besides, ..self }
    }

    /// The pattern of `path`, as actix has decoded it.
    pub(super) fn of(self, path: &str) -> Option<&'static str> {
        let mut served = self.all();
        served.find(|pattern| fits(pattern, path))
    }

    fn all(self) -> impl Iterator<Item = &'static str> {
        self.served.iter().chain(self.besides).copied()
    }
}

fn fits(pattern: &str, path: &str) -> bool {
    let Some((before, (_, after))) = parameter(pattern) else {
        return pattern == path;
    };
    let rest = path.strip_prefix(before);
    let segment = rest.and_then(|rest| rest.strip_suffix(after));
    segment.is_some_and(|segment| !segment.is_empty() && !segment.contains('/'))
}

/// What stands before the parameter of `pattern`, its name, and what stands behind it.
fn parameter(pattern: &str) -> Option<(&str, (&str, &str))> {
    let (before, rest) = pattern.split_once('{')?;
    Some((before, rest.split_once('}')?))
}

#[cfg(test)]
mod tests {
    use actix_web::{
        App,
        http::Method,
        test::{TestRequest, call_service, init_service},
    };

    use crate::api::{PATTERNS, PATTERNS_AND_DOCS, docs, routes};

    const NAMES: [&str; 8] = [
        "web-01",
        "",
        "a%20b",
        "a%2Fb",
        "..",
        "%7Bname%7D",
        "vms",
        "start",
    ];

    /// The paths of the contract.
    fn contract() -> impl Iterator<Item = &'static str> {
        let lines = include_str!("../../openapi.yaml").lines();
        lines
            .filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'))
            .filter(|path| path.starts_with('/') && path.len() > 1)
    }

    /// What is near `pattern`.
    fn near(pattern: &str) -> Vec<String> {
        let (mut paths, start) = (Vec::new(), pattern.find('{'));
        for name in NAMES {
            let path = match start {
                Some(start) => {
                    let end = pattern.find('}').unwrap() + 1;
                    [&pattern[..start], name, &pattern[end..]].concat()
                }
                None => pattern.to_owned(),
            };
            let escaped = format!("/%{:x}{}", path.as_bytes()[1], &path[2..]);
            paths.extend([
                format!("{path}/"),
                format!("{path}/{name}"),
                format!("/{path}"),
                format!("/{name}{path}"),
                path.to_uppercase().replace("%2F", "%2f"),
                path.replace('e', "%65"),
                escaped,
                path,
            ]);
        }
        paths
    }

    #[actix_web::test]
    async fn a_path_has_the_pattern_by_which_it_is_served() {
        let app = init_service(App::new().configure(routes).configure(docs)).await;
        let mut seen = 0;
        for path in contract().chain(PATTERNS_AND_DOCS.all()).flat_map(near) {
            let Ok(uri) = path.parse::<actix_web::http::Uri>() else {
                continue;
            };
            // No resource takes it, and none is asked for anything.
            let request = TestRequest::with_uri(&uri.to_string()).method(Method::TRACE);
            let answer = call_service(&app, request.to_request()).await;
            let request = answer.request();
            let pattern = request.match_pattern();
            let decoded = request.match_info().as_str();
            assert_eq!(PATTERNS_AND_DOCS.of(decoded), pattern.as_deref(), "{path}");
            seen += usize::from(pattern.is_some());
        }
        assert!(seen > 200, "{seen}");
    }

    #[test]
    fn without_the_page_its_paths_are_like_any_others() {
        assert_eq!(PATTERNS.of("/docs"), None);
        assert_eq!(PATTERNS_AND_DOCS.of("/docs"), Some("/docs"));
    }
}
