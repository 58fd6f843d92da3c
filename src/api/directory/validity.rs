//! How old an answer may be, and what tells it from another (RFC 9111, RFC 9110).

use std::time::Duration;

use actix_web::{
    HttpMessage as _, HttpRequest,
    http::header::{CacheControl, CacheDirective, EntityTag},
};

use crate::{
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
    let directives = request.get_header::<CacheControl>();
    let directives = directives.map_or_else(Vec::new, |it| it.0);
    let most = directives.iter().filter_map(|directive| match directive {
        CacheDirective::NoCache | CacheDirective::NoStore => Some(Duration::ZERO),
        CacheDirective::MaxAge(seconds) => Some(Duration::from_secs((*seconds).into())),
        _ => None,
    });
    most.min()
        .map_or_else(Freshness::default, Freshness::within)
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
    fn the_strictest_wish_counts() {
        assert_eq!(freshness("no-cache"), NOW);
        assert_eq!(freshness("max-age=60, no-cache"), NOW);
        assert_eq!(freshness("max-age=0"), NOW);
        assert_eq!(
            freshness("max-age=5, max-age=60"),
            Freshness::within(Duration::from_secs(5))
        );
        assert_eq!(freshness("only-if-cached"), Freshness::default());
        assert_eq!(freshness("max-age=soon"), Freshness::default());
    }
}
