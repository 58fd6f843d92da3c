//! Everything that the sandbox knows.

use std::{io, sync::Arc};

use crate::{
    arc::Keys,
    arm::{Arm, roles::Roles},
    authority::Authority,
    callers::Callers,
    clock::Clock,
    entra::{Assertions, SigningKeys},
    faults::Faults,
    folder::Folder,
    graph::Graph,
    imds::NodeLimits,
    journal::Journal,
    kubernetes::Cluster,
    resource_graph::QueryQuotas,
    seed,
    server::Urls,
    service_fabric::Certificates,
    settings::{Identity, Settings},
    tokens::Tokens,
};

/// The state behind every entrance.
pub(crate) struct Azure {
    pub(crate) url: String,
    /// Where every entrance is.
    pub(crate) urls: Urls,
    pub(crate) settings: Settings,
    /// The secret of `IDENTITY_HEADER`.
    pub(crate) identity_header: String,
    /// The secret of `MSI_SECRET`.
    pub(crate) msi_secret: String,
    pub(crate) clock: Clock,
    /// The keys of Arc's agent.
    pub(crate) arc: Keys,
    /// What the cluster asserts of its pod.
    pub(crate) assertions: Assertions,
    /// What Entra ID signs callers' tokens with.
    pub(crate) signing: SigningKeys,
    /// The Kubernetes that the gateway's pod is in.
    pub(crate) cluster: Cluster,
    /// The tokens of callers.
    pub(crate) callers: Callers,
    /// Who certifies the hosts of this Azure.
    pub(crate) authority: Authority,
    /// What Service Fabric shows to its clients.
    pub(crate) certificates: Arc<Certificates>,
    pub(crate) journal: Journal,
    pub(crate) faults: Faults,
    pub(crate) tokens: Tokens,
    pub(crate) node: NodeLimits,
    pub(crate) arm: Arm,
    pub(crate) roles: Roles,
    pub(crate) graph: Graph,
    pub(crate) query_quotas: QueryQuotas,
    /// What the files of hosts are in.
    _folder: Folder,
}

impl Azure {
    pub(crate) fn new(
        urls: Urls,
        certificates: Certificates,
        settings: Settings,
    ) -> io::Result<Self> {
        let folder = Folder::new()?;
        let clock = Clock::off_by(settings.clock_offset);
        Ok(Self {
            identity_header: secret(),
            msi_secret: secret(),
            authority: Authority::new(&folder, settings.cloud, certificates.pem())?,
            certificates: Arc::new(certificates),
            signing: SigningKeys::of_tenant(),
            cluster: Cluster::new(&folder, clock.clone())?,
            callers: Callers::default(),
            journal: Journal::new(settings.remembers),
            faults: Faults::default(),
            tokens: Tokens::new(&settings, clock.clone()),
            node: NodeLimits::default(),
            arm: Arm::new(&settings, clock.clone()),
            roles: Roles::default(),
            graph: Graph::new(&settings),
            query_quotas: QueryQuotas::default(),
            url: urls.azure.clone(),
            urls,
            settings,
            arc: Keys::new(&folder)?,
            assertions: Assertions::new(&folder, clock.clone())?,
            clock,
            _folder: folder,
        })
    }

    /// The system-assigned identity of a host of this type. Its resource id is that of
    /// the host.
    ///
    /// Sources: smallstep/certificates `authority/provisioner/azure.go` and
    /// MicrosoftDocs/azure-docs#32131, for claim `xms_mirid` on virtual machines. That
    /// other hosts have their own in it is a guess.
    pub(crate) fn system_assigned(&self, host_type: &str) -> Option<Identity> {
        self.settings.system_assigned.then(|| Identity {
            resource_id: seed::host_id(host_type),
            ..Identity::named("system")
        })
    }

    /// The identity that IMDS takes for a request without an id: the
    /// system-assigned one, else the only user-assigned one.
    ///
    /// Source: "Managed identities frequently asked questions", "What identity
    /// will IMDS default to".
    pub(crate) fn default_identity(&self) -> Option<Identity> {
        let only = match &self.settings.user_assigned[..] {
            [only] => Some(only.clone()),
            _ => None,
        };
        self.system_assigned("Microsoft.Compute/virtualMachines")
            .or(only)
    }

    /// The user-assigned identity for which `matches` holds.
    pub(crate) fn assigned(&self, matches: impl Fn(&Identity) -> bool) -> Option<Identity> {
        self.settings
            .user_assigned
            .iter()
            .find(|identity| matches(identity))
            .cloned()
    }
}

/// What only the host and its programs know.
fn secret() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
