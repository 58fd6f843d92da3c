//! What has to hold of every query for virtual machines.

use std::{collections::HashSet, time::Duration};

use actix_web::{HttpRequest, http::Uri, test::TestRequest, web::Query};
use url::{Url, form_urlencoded};

use super::{RawListing, next_page};
use crate::{
    api::Settings,
    azure::{MachineTop, PowerState},
    config::{ResourceGroup, SubscriptionId},
    inventory::{self, Cursor, Listing},
};

/// A query is taken where it is as documented, and its link asks for the same.
pub(crate) fn query(text: &str) {
    let Some(request) = request(text) else { return };
    let pairs = pairs(request.query_string());
    let taken = read(request.query_string());
    assert_eq!(taken.is_some(), is_documented(&pairs), "{pairs:?}");
    let Some((listing, cursor)) = taken else {
        return;
    };
    check(&listing, &pairs);
    inventory::fuzz::listing(&listing);
    if let Some(cursor) = cursor {
        check_link(&request, &listing, &cursor);
    }
}

/// `None` where no server would take it for a target.
fn request(query: &str) -> Option<HttpRequest> {
    let target: Uri = format!("/vms?{query}").parse().ok()?;
    let request = TestRequest::with_uri(&target.to_string());
    Some(request.to_http_request())
}

fn pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

fn read(query: &str) -> Option<(Listing, Option<Cursor>)> {
    let raw = Query::<RawListing>::from_query(query).ok()?;
    raw.checked().ok()
}

/// By the contract: everything once, and within its limits.
fn is_documented(pairs: &[(String, String)]) -> bool {
    let names: HashSet<_> = pairs.iter().map(|(name, _)| name).collect();
    let fits = |(name, value): &(String, String)| match name.as_str() {
        "powerState" => PowerState::ALL.iter().any(|it| it.as_str() == value),
        "top" => count(value).is_some_and(|it| (1..=1_000).contains(&it)),
        "cursor" => value.parse::<Cursor>().is_ok(),
        "subscriptionId" => is_guid(value),
        "resourceGroup" => is_group(value),
        _ => false,
    };
    names.len() == pairs.len() && pairs.iter().all(fits)
}

fn count(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

fn is_guid(text: &str) -> bool {
    let parts = text.split('-').map(str::len);
    let is_hex = |byte: u8| byte == b'-' || byte.is_ascii_hexdigit();
    parts.eq([8, 4, 4, 4, 12]) && text.bytes().all(is_hex)
}

fn is_group(text: &str) -> bool {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_.()".contains(letter);
    (1..=90).contains(&text.chars().count()) && text.chars().all(is_plain) && !text.ends_with('.')
}

/// What is asked for is what was said.
fn check(listing: &Listing, pairs: &[(String, String)]) {
    let said = |name: &str| {
        let pair = pairs.iter().find(|(it, _)| it == name);
        pair.map(|(_, value)| value.as_str())
    };
    let state = listing.power_state.map(PowerState::as_str);
    assert_eq!(state, said("powerState"));
    let top = said("top").and_then(count).map(MachineTop::of);
    assert_eq!(listing.top, top.unwrap_or_default());
    let narrowing = &listing.narrowing;
    let subscription = narrowing.subscription_id.as_ref();
    assert_eq!(
        subscription.map(SubscriptionId::as_str),
        said("subscriptionId")
    );
    let group = narrowing.resource_group.as_ref();
    assert_eq!(group.map(ResourceGroup::as_str), said("resourceGroup"));
}

fn check_link(request: &HttpRequest, listing: &Listing, cursor: &Cursor) {
    let Ok(link) = next_page(request, &settings(), cursor) else {
        panic!("there is a base to it");
    };
    assert_eq!(link.host_str(), Some("gateway.example"));
    assert_eq!(link.path(), "/vms");
    let again = read(link.query().unwrap_or_default());
    let told = format!("{:?}", Some((listing, Some(cursor))));
    assert_eq!(format!("{again:?}"), told);
}

fn settings() -> Settings {
    Settings {
        upstream_timeout: Duration::ZERO,
        vm_update: false,
        page_validity: String::new(),
        asks_callers: true,
        public_url: Url::parse("https://gateway.example").ok().map(Into::into),
        docs: false,
        scheme: "http",
        proxies: None,
    }
}
