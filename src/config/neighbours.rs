//! Where in a window of time this gateway begins, so that those of one node do
//! not begin together.

use std::{
    hash::{DefaultHasher, Hasher as _},
    time::Duration,
};

use super::reader::{Faulty, Reader};

/// In Kubernetes a node has neighbours; elsewhere a start is not slowed down.
const IN_A_POD: Duration = Duration::from_secs(2);
const ALONE: Duration = Duration::ZERO;

/// How long a node may take to let all its gateways begin.
const LONGEST: Duration = Duration::from_mins(5);

/// How long after its start this gateway first asks an endpoint that it shares
/// with others.
///
/// The place in the window follows from the name of the pod: it is another for
/// each, and the same after each restart of a container. Without a name it is
/// drawn.
pub(super) fn start_delay(reader: &mut Reader) -> Result<Duration, Faulty> {
    let window = if reader.has(SPREAD) {
        reader.duration(SPREAD, &(Duration::ZERO..=LONGEST))?
    } else if reader.has("KUBERNETES_SERVICE_HOST") {
        IN_A_POD
    } else {
        ALONE
    };
    Ok(window.mul_f64(place(reader.given("HOSTNAME"))))
}

const SPREAD: &str = "MIG_IDENTITY_SPREAD";

/// Within 0 to 1.
fn place(pod: Option<&str>) -> f64 {
    let Some(pod) = pod else {
        return fastrand::f64();
    };
    // Another version of Rust may put a pod elsewhere, which is as good a place.
    let mut hasher = DefaultHasher::new();
    hasher.write(pod.as_bytes());
    let hash = u32::try_from(hasher.finish() >> 32).unwrap_or_default();
    f64::from(hash) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn delay(vars: &[(&str, &str)]) -> Duration {
        let given = vars.iter().copied().chain([("MIG_SCOPES", "")]);
        Config::from_vars(given).unwrap().identity_delay
    }

    #[test]
    fn a_gateway_alone_begins_at_once_and_a_pod_within_two_seconds() {
        assert_eq!(delay(&[("HOSTNAME", "laptop")]), Duration::ZERO);
        let pods = (0..50).map(|pod| {
            let name = format!("mi-gateway-{pod}");
            delay(&[("KUBERNETES_SERVICE_HOST", "10.0.0.1"), ("HOSTNAME", &name)])
        });
        let pods: Vec<_> = pods.collect();
        assert!(pods.iter().all(|delay| *delay <= Duration::from_secs(2)));
        let is_early = |delay: &&Duration| **delay < Duration::from_secs(1);
        let early = pods.iter().filter(is_early).count();
        assert!((15..=35).contains(&early), "{early} of 50 begin early");
    }

    #[test]
    fn a_pod_has_the_same_place_after_each_restart() {
        let vars = [("MIG_IDENTITY_SPREAD", "60s"), ("HOSTNAME", "mi-gateway-1")];
        assert_eq!(delay(&vars), delay(&vars));
        assert!(delay(&vars) > Duration::ZERO);
    }
}
