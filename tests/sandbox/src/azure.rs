//! Everything that the sandbox knows.

use crate::{
    arm::{Arm, roles::Roles},
    faults::Faults,
    graph::Graph,
    imds::NodeLimits,
    journal::Journal,
    resource_graph::QueryQuotas,
    seed,
    settings::{Host, Identity, Settings},
    tokens::Tokens,
};

/// The state behind one listener.
pub(crate) struct Azure {
    pub(crate) url: String,
    pub(crate) settings: Settings,
    pub(crate) identity_header: String,
    pub(crate) journal: Journal,
    pub(crate) faults: Faults,
    pub(crate) tokens: Tokens,
    pub(crate) node: NodeLimits,
    pub(crate) arm: Arm,
    pub(crate) roles: Roles,
    pub(crate) graph: Graph,
    pub(crate) query_quotas: QueryQuotas,
}

impl Azure {
    pub(crate) fn new(url: String, settings: Settings) -> Self {
        Self {
            identity_header: uuid::Uuid::new_v4().simple().to_string(),
            journal: Journal::default(),
            faults: Faults::default(),
            tokens: Tokens::default(),
            node: NodeLimits::default(),
            arm: Arm::new(url.clone(), &settings),
            roles: Roles::default(),
            graph: Graph::new(url.clone(), &settings),
            query_quotas: QueryQuotas::default(),
            url,
            settings,
        }
    }

    /// Container Apps sets `MSI_ENDPOINT` beside `IDENTITY_ENDPOINT`, as seen in
    /// AzureAD/microsoft-authentication-library-for-dotnet#5245. There is no DNS
    /// to bend: where ARM and Graph are is told by variables of the gateway's.
    pub(crate) fn environment(&self, host: Host) -> Vec<(String, String)> {
        let url = &self.url;
        let mut variables = vec![
            ("MIG_ARM_ENDPOINT", url.clone()),
            ("MIG_GRAPH_ENDPOINT", url.clone()),
        ];
        let first = self.settings.user_assigned.first();
        variables.extend(first.map(|identity| ("AZURE_CLIENT_ID", identity.client_id.clone())));
        match host {
            Host::Vm => variables.extend([
                ("AZURE_POD_IDENTITY_AUTHORITY_HOST", url.clone()),
                ("MIG_IMDS_ENDPOINT", url.clone()),
            ]),
            Host::ContainerApp => variables.extend([
                ("IDENTITY_ENDPOINT", format!("{url}/msi/token")),
                ("IDENTITY_HEADER", self.identity_header.clone()),
                ("MSI_ENDPOINT", format!("{url}/msi/token")),
                ("MIG_SCOPES", seed::DEFAULT_SCOPE.to_owned()),
            ]),
        }
        variables
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// The system-assigned identity.
    pub(crate) fn system_assigned(&self) -> Option<Identity> {
        self.settings
            .system_assigned
            .then(|| Identity::named("system"))
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
        self.system_assigned().or(only)
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
