//! What mends each fault, in the words of the operator.

use super::Diagnosis;

const KEY_UNUSABLE: &str = "let the gateway read the key files of the agent of Azure Arc: its user in the group himds, and \
     MIG_ARC_KEY_FOLDER the folder of the agent";

const ASSERTION_UNREADABLE: &str = "mount the service account's token at AZURE_FEDERATED_TOKEN_FILE, readable by the gateway's \
     user: the pod needs the label azure.workload.identity/use";

const NOT_IN_TENANT: &str = "the tenant has no application of this id: compare AZURE_CLIENT_ID and AZURE_TENANT_ID with \
     those of the identity (az identity show)";

const NOT_FEDERATED: &str = "no federated credential of the identity fits this service account: compare issuer, subject and \
     audience (az identity federated-credential list)";

impl Diagnosis {
    /// What to do, unless it passes by itself.
    pub(in crate::identity) fn mend(self) -> Option<&'static str> {
        let mend = match self {
            Self::NotAssigned => {
                "assign the identity to this host, or name one that is assigned (AZURE_CLIENT_ID, \
                 MIG_IDENTITY_OBJECT_ID or MIG_IDENTITY_RESOURCE_ID); one that was assigned a \
                 moment ago may not be known for five minutes"
            }
            Self::NotInTenant => NOT_IN_TENANT,
            Self::Ambiguous => {
                "the host has several identities: set AZURE_CLIENT_ID to one of them"
            }
            Self::AudienceUnknown => {
                "the tenant knows no such API: set MIG_CLOUD to the cloud of this host"
            }
            Self::MetadataHeaderMissing => {
                "something between here and the identity endpoint takes headers away: let requests \
                 to it pass by every proxy"
            }
            Self::HeaderRefused => {
                "IDENTITY_HEADER is not the one that belongs to IDENTITY_ENDPOINT: leave both as \
                 the platform sets them, and restart the gateway"
            }
            Self::NotImds => {
                "something other than the identity endpoint answers, such as a proxy or another \
                 kind of host: let its address pass by every proxy, and see which source is \
                 chosen at GET /identity"
            }
            Self::AssertionExpired => {
                "the file of AZURE_FEDERATED_TOKEN_FILE is no longer renewed: restart the pod"
            }
            Self::NotFederated => NOT_FEDERATED,
            Self::KeyUnusable => KEY_UNUSABLE,
            Self::AssertionUnreadable => ASSERTION_UNREADABLE,
            Self::CliUnusable => "install az 2.54.0 or newer, and sign in with az login",
            Self::WrongIdentity => {
                "the identity endpoint hands out tokens of another identity than the one that is \
                 configured: name it in the way that this host understands, such as \
                 AZURE_CLIENT_ID"
            }
            Self::WrongAudience => {
                "the identity endpoint hands out tokens for another API than it is asked for: look \
                 for something that stands in for it"
            }
            Self::Expired => "set the clock of this host, or restart its identity endpoint",
            Self::NotUnderstood => {
                "the answer is of no documented form: look for something that stands in for the \
                 identity endpoint"
            }
            Self::Refused => "the log has the endpoint's own words",
            Self::Rejected => {
                "the host keeps a token that Azure does not accept any more; it may last a day: \
                 restart the host, or assign the identity anew"
            }
            Self::Unreachable => {
                "no connection to the identity endpoint: see that this host has one, and that no \
                 network policy or firewall blocks it"
            }
            Self::Throttled | Self::Failing | Self::Waiting | Self::Stopping => return None,
        };
        Some(mend)
    }
}
