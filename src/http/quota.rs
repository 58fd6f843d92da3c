//! What Azure says is left of its quotas.

use std::{
    str::FromStr,
    time::{Duration, Instant},
};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use super::text;
use crate::metrics::Metrics;

const REMAINING: &str = "x-ms-ratelimit-remaining-";

/// What Resource Manager counts by subscription.
const READS: &str = "x-ms-ratelimit-remaining-subscription-reads";

/// The provider's own buckets: `Microsoft.Compute/DeleteVMResource;11,…`.
const RESOURCE: &str = "x-ms-ratelimit-remaining-resource";

/// Resource Graph's own: queries that are left in five seconds.
///
/// Source: "Guidance for throttled requests in Azure Resource Graph".
const USER: &str = "x-ms-user-quota-remaining";

/// Until it has its whole quota again, as `hh:mm:ss`. Source: the same.
const RESETS: &str = "x-ms-user-quota-resets-after";

/// Graph's share of its limit that is used; it comes from four fifths on.
///
/// Source: "Microsoft Graph throttling guidance".
const USED: &str = "x-ms-throttle-limit-percentage";

/// What Graph charges for a request, in resource units. Source: the same.
const UNITS: &str = "x-ms-resource-unit";

/// Shows every quota that `headers` speak of.
///
/// Buckets are read as they come and not looked for by name: Compute has
/// renamed its own more than once.
pub(super) fn record(headers: &HeaderMap, service: &'static str, metrics: &Metrics) {
    for (name, value) in headers {
        let name = name.as_str();
        // Others are none of these, and some have kilobytes.
        if !name.starts_with("x-ms-") {
            continue;
        }
        match name {
            RESOURCE => {
                for (bucket, left) in text(value).into_iter().flat_map(buckets) {
                    metrics.quota(service, bucket, left);
                }
            }
            USER => tell(value, |left| metrics.quota(service, "user-quota", left)),
            UNITS => tell(value, |units| metrics.graph_units(units, Instant::now())),
            USED => {
                if let Some(used) = text(value).and_then(|text| share(text.trim())) {
                    metrics.quota_used(service, used);
                }
            }
            _ => {
                if let Some(bucket) = name.strip_prefix(REMAINING) {
                    tell(value, |left| metrics.quota(service, bucket, left));
                }
            }
        }
    }
}

/// Hands on what `value` says, if it is a number.
fn tell<T: FromStr>(value: &HeaderValue, to: impl FnOnce(T)) {
    let number = text(value).and_then(|text| text.trim().parse().ok());
    if let Some(number) = number {
        to(number);
    }
}

/// What is left of a subscription's reads.
pub(super) fn reads_left(headers: &HeaderMap) -> Option<u32> {
    told(headers, READS)?.trim().parse().ok()
}

fn told<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    text(headers.get(HeaderName::from_static(name))?)
}

/// The share of its limit that Graph says is used.
pub(super) fn used(headers: &HeaderMap) -> Option<f64> {
    share(told(headers, USED)?.trim())
}

/// Neither less than nothing, nor one of the words that are taken for numbers.
fn share(text: &str) -> Option<f64> {
    let share = text.parse().ok();
    share.filter(|share: &f64| share.is_finite() && *share >= 0.0)
}

/// The least that is left of any of the provider's own buckets.
pub(super) fn least(headers: &HeaderMap) -> Option<u32> {
    let values = headers.get_all(HeaderName::from_static(RESOURCE));
    let values = values.filter_map(text);
    let least = values.flat_map(buckets).map(|(_, left)| left).min()?;
    Some(u32::try_from(least.max(0)).unwrap_or(u32::MAX))
}

/// When a quota is whole again, where the answer says so in a header of its own:
/// Resource Graph documents this one, and no `Retry-After`.
pub(super) fn resets_after(headers: &HeaderMap) -> Option<Duration> {
    let value = told(headers, RESETS)?;
    let parts: Vec<u64> = value
        .split(':')
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    let &[hours, minutes, seconds] = &parts[..] else {
        return None;
    };
    let is_time = hours < 24 && minutes < 60 && seconds < 60;
    is_time.then(|| Duration::from_secs((hours * 60 + minutes) * 60 + seconds))
}

fn buckets(value: &str) -> impl Iterator<Item = (&str, i64)> {
    value.split(',').filter_map(|part| {
        let (bucket, left) = part.trim().rsplit_once(';')?;
        let (_, name) = bucket.rsplit_once('/')?;
        Some((name, left.trim().parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_bucket_counts_joined_or_repeated() {
        let mut headers = HeaderMap::new();
        assert_eq!(least(&headers), None);
        let values = ["Microsoft.Compute/A;44,Microsoft.Compute/B;14997", "C/D;12"];
        for value in values {
            let (name, value) = (
                HeaderName::from_static(RESOURCE),
                HeaderValue::from_static(value),
            );
            headers.append(name, value);
        }
        assert_eq!(least(&headers), Some(12));
        assert_eq!(reads_left(&headers), None);
    }

    #[test]
    fn every_bucket_is_shown_whatever_it_is_called() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (
                RESOURCE,
                "Microsoft.Compute/DeleteVMSubscriptionMaximum;1499,Microsoft.Compute/X;11",
            ),
            (RESOURCE, "Microsoft.Compute/Y3Min;238"),
            ("x-ms-ratelimit-remaining-subscription-writes", "199"),
            ("x-ms-ratelimit-remaining-tenant-reads", "many"),
            (USER, "14"),
            (USED, "0.9"),
            (UNITS, "2"),
        ] {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        let metrics = Metrics::new().unwrap();
        record(&headers, "arm", &metrics);
        let text = metrics.encode().unwrap();
        for line in [
            r#"quota_remaining{bucket="DeleteVMSubscriptionMaximum",service="arm"} 1499"#,
            r#"quota_remaining{bucket="X",service="arm"} 11"#,
            r#"quota_remaining{bucket="Y3Min",service="arm"} 238"#,
            r#"quota_remaining{bucket="subscription-writes",service="arm"} 199"#,
            r#"quota_remaining{bucket="user-quota",service="arm"} 14"#,
            r#"quota_used_ratio{service="arm"} 0.9"#,
            "graph_resource_units_total 2",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        assert!(!text.contains("tenant-reads"));
        assert_eq!(used(&headers), Some(0.9));
    }

    #[test]
    fn the_time_of_a_reset_is_read_and_nothing_else_taken_for_one() {
        let seconds = |value| {
            let mut headers = HeaderMap::new();
            let name = HeaderName::from_static(RESETS);
            headers.insert(name, HeaderValue::from_static(value));
            resets_after(&headers).map(|it| it.as_secs())
        };
        assert_eq!(seconds("00:00:05"), Some(5));
        assert_eq!(seconds("01:02:03"), Some(3_723));
        for value in [
            "", "5", "00:05", "00:00:60", "24:00:00", "00:00:-1", "a:b:c",
        ] {
            assert_eq!(seconds(value), None, "{value}");
        }
    }
}
