//! Whether the host is in the cloud that is configured.

use super::Shared;
use crate::config::Cloud;

/// The host, in another cloud than `MIG_CLOUD` says.
pub(super) struct Elsewhere {
    host: String,
    configured: Cloud,
}

impl Elsewhere {
    /// What can be said of a host in the cloud `host`; its case differs from one
    /// version of instance metadata to the next.
    fn is(host: &str, configured: Cloud) -> Option<Self> {
        let differs = !host.eq_ignore_ascii_case(configured.environment());
        differs.then(|| Self {
            host: host.to_owned(),
            configured,
        })
    }

    /// What is wrong, and what to do.
    pub(super) fn words(&self) -> String {
        format!(
            "the host is in {}, and MIG_CLOUD is {}: set MIG_CLOUD to the cloud of the host",
            self.host,
            self.configured.as_str()
        )
    }
}

/// Whether the clouds agree, once the host has told of its own.
pub(super) fn agreement(shared: &Shared) -> Option<Result<(), Elsewhere>> {
    let host = shared.surroundings.cloud()?;
    Some(match Elsewhere::is(host, shared.config.cloud) {
        None => Ok(()),
        Some(elsewhere) => Err(elsewhere),
    })
}

/// Warns where they do not.
pub(super) fn warn(shared: &Shared) {
    if let Some(Err(elsewhere)) = agreement(shared) {
        tracing::warn!(
            host = elsewhere.host,
            configured = elsewhere.configured.as_str(),
            "the host is in another cloud than MIG_CLOUD says"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloud_is_the_same_in_every_case() {
        assert!(Elsewhere::is("AZUREPUBLICCLOUD", Cloud::Public).is_none());
        assert!(Elsewhere::is("AzureUSGovernmentCloud", Cloud::UsDod).is_none());
        let elsewhere = Elsewhere::is("AzureGermanCloud", Cloud::Public).unwrap();
        assert!(elsewhere.words().contains("AzureGermanCloud"));
    }
}
