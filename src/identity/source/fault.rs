//! What is wrong on this host, before anybody could give out a token.

use crate::http::Cause;

/// The steps beside a request for a token, and how each fails.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum LocalFault {
    /// Whoever is at the endpoint got nothing.
    #[error("the server at the identity endpoint is not the one that is trusted")]
    Untrusted(#[source] Cause),
    /// Whoever is at the endpoint does not ask for a key.
    #[error("the agent of Azure Arc answered without its challenge")]
    NoChallenge,
    /// A challenge in another form than `Basic realm=<path>`.
    #[error("the challenge of the agent of Azure Arc does not name one file")]
    UnclearChallenge,
    /// It may be any file of this host: it is not read.
    #[error("the key file that the agent of Azure Arc names is not in MIG_ARC_KEY_FOLDER")]
    KeyOutside,
    /// It may be any file of the folder: it is not read.
    #[error("the key file that the agent of Azure Arc names is no .key")]
    NoKey,
    /// More than any key has.
    #[error("the key file that the agent of Azure Arc names is longer than 4096 bytes")]
    KeyTooLong,
    /// As a rule the group `himds` is missing to the gateway.
    #[error(
        "the key file of the agent of Azure Arc cannot be read; is the gateway in the group himds?"
    )]
    KeyUnreadable(#[source] Cause),
    /// The agent is older than user-assigned identities, and overlooks the id.
    #[error(
        "the agent of Azure Arc does not say that its token is for the identity that is configured"
    )]
    NotHonoured,
    /// What the cluster asserts is not to be had.
    #[error("the file of AZURE_FEDERATED_TOKEN_FILE cannot be read")]
    AssertionUnreadable(#[source] Cause),
    /// The file is being written, or is not that of workload identity.
    #[error("the file of AZURE_FEDERATED_TOKEN_FILE holds no assertion")]
    NoAssertion,
    /// It is not installed, or not on the path.
    #[error("az could not be run")]
    NoCli(#[source] Cause),
    /// Nobody is signed in, as a rule.
    #[error("az gave no token")]
    CliRefused(#[source] Cause),
    /// Its own time is in local time: around the change of clocks it is not
    /// known which hour is meant.
    #[error("az does not tell expires_on, as it does from version 2.54.0 on")]
    CliTooOld,
}

impl LocalFault {
    /// Whether a file is in the way that may be there in a moment.
    pub(crate) fn is_of_a_file(&self) -> bool {
        match self {
            Self::AssertionUnreadable(_) | Self::NoAssertion | Self::KeyUnreadable(_) => true,
            Self::Untrusted(_)
            | Self::NoChallenge
            | Self::UnclearChallenge
            | Self::KeyOutside
            | Self::NoKey
            | Self::KeyTooLong
            | Self::NotHonoured
            | Self::NoCli(_)
            | Self::CliRefused(_)
            | Self::CliTooOld => false,
        }
    }
}
