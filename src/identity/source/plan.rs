//! How the configured source is asked; the same for all workers.

use std::time::Duration;

use super::{
    BODY_LIMIT, Gate, Reads, Resource, Respite, TokenError, Turn, app_service::AppService,
    arc::Agent, azure_cli::AzureCli, form::Form, imds::Imds, msi::Msi,
    service_fabric::ServiceFabric, workload::Workload,
};
use crate::{
    config::{Config, Credential, Identity, IdentityId, SourceKind},
    http::{Client, Profile, Response, Tls, TlsError},
    metrics::Metrics,
};

/// One asking of an endpoint of this host; one that takes longer is asked again.
/// A quarter of it is for the connection.
const NEAR: Duration = Duration::from_secs(5);

/// The same of Entra ID.
const FAR: Duration = Duration::from_secs(10);

/// `az` is a Python program: it takes seconds to start.
const PROGRAM: Duration = Duration::from_secs(30);

/// What a source is asked with.
pub(crate) struct Plan {
    pub(super) kind: SourceKind,
    pub(super) id: IdentityId,
    pub(super) place: Place,
    pub(super) gate: Option<Gate>,
    pub(super) respite: Respite,
    audiences: [&'static str; Resource::ALL.len()],
    tls: Option<Tls>,
}

/// Who is asked.
pub(super) enum Place {
    Imds(Imds),
    AppService(AppService),
    Msi(Msi),
    Form(Form),
    Arc(Agent),
    ServiceFabric(ServiceFabric),
    Workload(Workload),
    AzureCli(AzureCli),
}

impl Plan {
    /// The plan for `config`. Secrets go into requests to the endpoint that they
    /// came with, and nowhere else.
    pub(crate) fn new(config: &Config) -> Result<Self, TlsError> {
        let Identity { source, id } = &config.identity;
        Ok(Self {
            kind: source.kind,
            id: id.clone(),
            place: Place::of(&source.credential, id),
            gate: source
                .instance_metadata()
                .map(|_| Gate::new(config.identity_delay)),
            respite: Respite::default(),
            audiences: [config.arm.audience, config.graph.audience],
            tls: tls(&source.credential)?,
        })
    }

    /// The connections of one worker to the source.
    pub(crate) fn client(&self, metrics: Metrics) -> Client {
        let profile = Profile {
            service: "identity",
            connect: self.place.patience() / 4,
            body_limit: BODY_LIMIT,
            tls: self.tls.clone(),
            guard: None,
        };
        Client::new(profile, metrics)
    }

    pub(super) fn audience(&self, resource: Resource) -> &'static str {
        match resource {
            Resource::Arm => self.audiences[0],
            Resource::Graph => self.audiences[1],
        }
    }
}

/// Who is trusted at the other end; nobody is asked to show who they are on the
/// host itself.
fn tls(credential: &Credential) -> Result<Option<Tls>, TlsError> {
    match credential {
        Credential::ServiceFabric { thumbprint, .. } => Tls::pinned(thumbprint.0).map(Some),
        Credential::Workload { authority, .. } if authority.scheme() == "https" => {
            Tls::native().map(Some)
        }
        Credential::Workload { .. }
        | Credential::Imds(_)
        | Credential::AppService { .. }
        | Credential::Msi { .. }
        | Credential::CloudShell(_)
        | Credential::VmExtension { .. }
        | Credential::Arc { .. }
        | Credential::AzureCli { .. } => Ok(None),
    }
}

impl Place {
    fn of(credential: &Credential, id: &IdentityId) -> Self {
        let id = id.clone();
        match credential.clone() {
            Credential::Imds(endpoint) => Self::Imds(Imds::new(&endpoint, &id)),
            Credential::AppService { endpoint, header } => Self::AppService(AppService {
                endpoint,
                header,
                id,
            }),
            Credential::Msi { endpoint, secret } => Self::Msi(Msi {
                endpoint,
                secret,
                id,
            }),
            Credential::CloudShell(endpoint) => Self::Form(Form::cloud_shell(&endpoint)),
            Credential::VmExtension { endpoint, .. } => Self::Form(Form::extension(&endpoint, &id)),
            Credential::Arc { endpoint, folder } => Self::Arc(Agent {
                endpoint,
                folder,
                id,
                reads: Reads::default(),
            }),
            Credential::ServiceFabric {
                endpoint, header, ..
            } => Self::ServiceFabric(ServiceFabric { endpoint, header }),
            Credential::Workload {
                authority,
                tenant,
                client_id,
                assertion,
            } => Self::Workload(Workload::new(&authority, &tenant, client_id, assertion)),
            Credential::AzureCli { tenant } => Self::AzureCli(AzureCli { tenant }),
        }
    }

    /// How long one asking may take.
    pub(super) fn patience(&self) -> Duration {
        match self {
            Self::Imds(_)
            | Self::AppService(_)
            | Self::Msi(_)
            | Self::Form(_)
            | Self::Arc(_)
            | Self::ServiceFabric(_) => NEAR,
            Self::Workload(_) => FAR,
            Self::AzureCli(_) => PROGRAM,
        }
    }

    pub(super) async fn ask(&self, turn: &Turn<'_>) -> Result<Response, TokenError> {
        let answer = match self {
            Self::Imds(imds) => imds.ask(turn).await,
            Self::AppService(endpoint) => endpoint.ask(turn).await,
            Self::Msi(endpoint) => endpoint.ask(turn).await,
            Self::Form(endpoint) => endpoint.ask(turn).await,
            Self::Arc(agent) => return agent.ask(turn).await,
            Self::ServiceFabric(node) => return node.ask(turn).await,
            Self::Workload(workload) => return workload.ask(turn).await,
            Self::AzureCli(az) => return az.ask(turn).await,
        };
        answer.map_err(TokenError::from_exchange)
    }
}
