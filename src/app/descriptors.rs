//! Descriptors: each connection and each file takes one of so many.

use rlimit::Resource;

use super::admin;
use crate::config::{Config, Limits};

/// What a worker has open beside connections of callers and its calls to Resource Manager
/// and Graph: four for its event loop, and some to where tokens and keys come from.
const OF_A_WORKER: usize = 8;

/// Everything else: metrics and health; some 20 as it starts, files that are read anew,
/// collectors and the resolver.
const OF_THE_REST: usize = admin::CONNECTIONS + 64;

/// As few connections as `MIG_CONNECTION_LIMIT` may be.
const FEWEST: usize = 16;

/// `config`, with no more connections of callers than there are descriptors for. Whoever
/// opens connections needs no token, and would otherwise take those of health, of the
/// record of changes and of calls to Azure.
///
/// The soft limit is raised for it: that is 1,024 in most containers, for the sake of
/// programs that use `select`, as none does here.
///
/// Source: "File Descriptor Limits", systemd.
pub(super) fn enough_for(mut config: Config) -> Config {
    let raised = rlimit::increase_nofile_limit(u64::MAX);
    // Not everybody may raise it.
    let Ok(descriptors) = raised.or_else(|_| Resource::NOFILE.get_soft()) else {
        return config;
    };
    let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
    let room = room(descriptors, &config.limits, config.workers().get());
    if room < config.limits.connections {
        tracing::warn!(
            "the limit of {descriptors} descriptors (RLIMIT_NOFILE) has room for {room} \
             connections of callers, and not for the {} of MIG_CONNECTION_LIMIT: others wait",
            config.limits.connections
        );
        config.limits.connections = room;
    }
    config
}

/// How many connections of callers `descriptors` are enough for.
fn room(descriptors: usize, limits: &Limits, workers: usize) -> usize {
    // As many to Resource Manager as to Graph.
    let taken = 2 * limits.upstream + OF_A_WORKER * workers + OF_THE_REST;
    descriptors.saturating_sub(taken).max(FEWEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_calls_workers_and_health() {
        let vars = [("MIG_AUTH", "none"), ("MIG_UPSTREAM_CONCURRENCY", "256")];
        let vars = vars.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let limits = Config::from_vars(vars).unwrap().limits;
        assert_eq!(room(1_024, &limits, 2), 1_024 - 512 - 16 - 128);
        assert_eq!(room(300, &limits, 2), 16);
        assert!(room(usize::MAX, &limits, 256) > 65_536);
    }
}
