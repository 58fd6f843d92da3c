//! How old an answer may be, and what tells it from another (RFC 9111, RFC 9110).

use std::time::Duration;

use actix_web::{
    HttpRequest,
    http::header::{CACHE_CONTROL, EntityTag},
};

use crate::{
    api::list::parts,
    config::PageSettings,
    directory::{Freshness, Page},
};

/// The `Cache-Control` of a page: for the caller alone, as it holds people.
pub(crate) fn of_pages(settings: PageSettings) -> String {
    let (max_age, stale) = (
        settings.max_age.as_secs(),
        settings.stale_if_error.as_secs(),
    );
    format!("private, max-age={max_age}, stale-if-error={stale}")
}

/// How old a page the caller puts up with.
pub(super) fn wanted(request: &HttpRequest) -> Freshness {
    let lines = request.headers().get_all(CACHE_CONTROL);
    let lines = lines.filter_map(|line| line.to_str().ok());
    let ages = lines.flat_map(|line| parts(line, ',')).filter_map(oldest);
    ages.min()
        .map_or_else(Freshness::default, Freshness::within)
}

/// How old a page may be by one directive. Their names compare without regard to case
/// (RFC 9111, 5.2), which those of actix do not.
fn oldest(directive: &str) -> Option<Duration> {
    let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
    match name.trim().to_ascii_lowercase().as_str() {
        "no-cache" | "no-store" => Some(Duration::ZERO),
        "max-age" => {
            let seconds = value.trim().trim_matches('"').parse::<u32>().ok()?;
            Some(Duration::from_secs(seconds.into()))
        }
        _ => None,
    }
}

/// What tells this page from another one at the same place. It is weak: where the
/// listing goes on may be written differently each time.
pub(super) fn tag(page: &Page) -> EntityTag {
    let more = if page.next.is_some() { "-" } else { "" };
    EntityTag::new_weak(format!("{:016x}{more}", page.tag))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const NOW: Freshness = Freshness::within(Duration::ZERO);

    fn freshness(value: &str) -> Freshness {
        let request = TestRequest::default().insert_header(("cache-control", value));
        wanted(&request.to_http_request())
    }

    #[test]
    fn a_wish_may_be_written_in_any_case() {
        assert_eq!(freshness("No-Cache"), NOW);
        assert_eq!(freshness("NO-STORE"), NOW);
        let minute = Freshness::within(Duration::from_mins(1));
        assert_eq!(freshness("Max-Age = \"60\""), minute);
    }

    #[test]
    fn the_strictest_wish_counts() {
        assert_eq!(freshness("no-cache"), NOW);
        assert_eq!(freshness("max-age=60, no-cache"), NOW);
        assert_eq!(freshness("max-age=0"), NOW);
        assert_eq!(
            freshness("max-age=5, max-age=60"),
            Freshness::within(Duration::from_secs(5))
        );
        assert_eq!(freshness("only-if-cached"), Freshness::default());
        assert_eq!(freshness(r#"x="a, no-cache""#), Freshness::default());
        assert_eq!(freshness("max-age=soon"), Freshness::default());
    }
}
