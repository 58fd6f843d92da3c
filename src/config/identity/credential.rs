//! What it takes to ask each place for a token, out of the variables.

use std::path::PathBuf;

use actix_web::http::header::HeaderValue;
use url::Url;

use super::{
    IdentityId, SourceKind,
    endpoint::{self, Thumbprint},
};
use crate::config::reader::{Faulty, Reader};

/// How a token is asked for: what the Azure SDKs have a credential for each of. A secret
/// goes to the endpoint beside it, and nowhere else; it is marked as sensitive, so that it
/// does not print.
#[derive(Clone, Debug)]
pub(crate) enum Credential {
    /// Instance metadata, at this scheme, host and port.
    Imds(Url),
    /// `IDENTITY_ENDPOINT`, with `IDENTITY_HEADER`.
    AppService { endpoint: Url, header: HeaderValue },
    /// `MSI_ENDPOINT`, with `MSI_SECRET`: App Service 2017 and Machine Learning.
    Msi { endpoint: Url, secret: HeaderValue },
    /// `MSI_ENDPOINT`.
    CloudShell(Url),
    /// The extension's endpoint, on a machine that has instance metadata too.
    VmExtension { endpoint: Url, imds: Url },
    /// The agent, and the only folder that its keys are read from.
    Arc { endpoint: Url, folder: PathBuf },
    /// `IDENTITY_ENDPOINT`, whose certificate is known.
    ServiceFabric {
        endpoint: Url,
        header: HeaderValue,
        thumbprint: Thumbprint,
    },
    /// Entra ID, and the file with what the cluster asserts.
    Workload {
        authority: Url,
        tenant: String,
        client_id: String,
        assertion: PathBuf,
    },
    /// `az`, in this tenant or its own default.
    AzureCli { tenant: Option<String> },
}

/// The variables of one environment, and what is wrong with them.
pub(super) struct Variables<'a> {
    pub(super) reader: &'a mut Reader,
    /// The identity that is meant; `None` where it cannot be told.
    pub(super) id: Option<&'a IdentityId>,
    /// Entra ID of the cloud; `None` where the cloud is not known.
    pub(super) authority: Option<&'a Url>,
    pub(super) places: Places,
}

/// Places that are the same on every host, unless it is said. They are checked whatever they
/// are needed for: a wrong one is never meant.
pub(super) struct Places {
    imds: Result<Url, Faulty>,
    vm_extension: Result<Url, Faulty>,
    arc_keys: Result<PathBuf, Faulty>,
}

impl Places {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            imds: reader.required("MIG_IMDS_ENDPOINT", endpoint::IMDS, endpoint::imds),
            vm_extension: reader.required(
                "MIG_VM_EXTENSION_ENDPOINT",
                endpoint::LOOPBACK_ORIGIN,
                endpoint::loopback_origin,
            ),
            arc_keys: reader.required("MIG_ARC_KEY_FOLDER", endpoint::ABSOLUTE, endpoint::absolute),
        }
    }
}

impl Variables<'_> {
    pub(super) fn credential(mut self, kind: SourceKind) -> Result<Credential, Faulty> {
        match kind {
            SourceKind::Imds => self.places.imds.map(Credential::Imds),
            SourceKind::AppService => {
                let endpoint = self.identity_endpoint(endpoint::NEAR, endpoint::near);
                let header = self.secret("IDENTITY_HEADER");
                Ok(Credential::AppService {
                    endpoint: endpoint?,
                    header: header?,
                })
            }
            SourceKind::AppService2017 | SourceKind::MachineLearning => {
                let endpoint = self.msi_endpoint();
                let secret = self.secret("MSI_SECRET");
                Ok(Credential::Msi {
                    endpoint: endpoint?,
                    secret: secret?,
                })
            }
            SourceKind::CloudShell => self.msi_endpoint().map(Credential::CloudShell),
            SourceKind::VmExtension => Ok(Credential::VmExtension {
                endpoint: self.places.vm_extension?,
                imds: self.places.imds?,
            }),
            SourceKind::Arc => self.arc(),
            SourceKind::ServiceFabric => self.service_fabric(),
            SourceKind::Workload => self.workload(),
            SourceKind::AzureCli => Ok(Credential::AzureCli {
                tenant: self.tenant()?,
            }),
        }
    }

    fn identity_endpoint(
        &mut self,
        expected: &str,
        parse: impl Fn(&str) -> Option<Url>,
    ) -> Result<Url, Faulty> {
        self.reader.required("IDENTITY_ENDPOINT", expected, parse)
    }

    fn msi_endpoint(&mut self) -> Result<Url, Faulty> {
        self.reader
            .required("MSI_ENDPOINT", endpoint::NEAR, endpoint::near)
    }

    /// The agent is at the same place on every server; it need not be told.
    fn arc(self) -> Result<Credential, Faulty> {
        let endpoint = self.reader.required_or(
            "IDENTITY_ENDPOINT",
            Some(endpoint::AGENT),
            endpoint::LOOPBACK,
            endpoint::loopback,
        );
        Ok(Credential::Arc {
            endpoint: endpoint?,
            folder: self.places.arc_keys?,
        })
    }

    fn service_fabric(&mut self) -> Result<Credential, Faulty> {
        let endpoint = self.identity_endpoint(endpoint::PINNED, endpoint::pinned);
        let header = self.secret("IDENTITY_HEADER");
        let thumbprint = self
            .reader
            .parsed("IDENTITY_SERVER_THUMBPRINT", Thumbprint::EXPECTED);
        Ok(Credential::ServiceFabric {
            endpoint: endpoint?,
            header: header?,
            thumbprint: thumbprint?,
        })
    }

    fn workload(&mut self) -> Result<Credential, Faulty> {
        self.refuse_bindings();
        let authority = self.reader.optional(
            "AZURE_AUTHORITY_HOST",
            endpoint::AUTHORITY,
            crate::config::cloud::endpoint,
        );
        let assertion = self.reader.required(
            "AZURE_FEDERATED_TOKEN_FILE",
            endpoint::ABSOLUTE,
            endpoint::absolute,
        );
        if !self.reader.has("AZURE_CLIENT_ID") {
            self.required_for_workload("AZURE_CLIENT_ID");
        }
        let client_id = match self.id {
            Some(IdentityId::ClientId(id)) => Some(id.clone()),
            _ => None,
        };
        let tenant = self.tenant();
        if !self.reader.has("AZURE_TENANT_ID") {
            self.required_for_workload("AZURE_TENANT_ID");
        }
        Ok(Credential::Workload {
            authority: authority?
                .or_else(|| self.authority.cloned())
                .ok_or(Faulty)?,
            tenant: tenant?.ok_or(Faulty)?,
            client_id: client_id.ok_or(Faulty)?,
            assertion: assertion?,
        })
    }

    fn required_for_workload(&mut self, name: &str) {
        self.reader.fault(format!(
            "{name} is required for workload identity: the cluster sets it for pods with the label \
             azure.workload.identity/use"
        ));
    }

    /// Identity bindings put a proxy with an authority of its own between the
    /// pod and Entra ID. To go past it would ask for something else.
    ///
    /// Source: Azure/azure-sdk-for-go `sdk/azidentity/internal/customtokenproxy`.
    fn refuse_bindings(&mut self) {
        for name in BINDINGS {
            if self.reader.has(name) {
                self.reader.fault(format!(
                    "{name} is set: identity bindings are not supported; use workload identity \
                     without them, with a federated credential for the service account"
                ));
            }
        }
    }

    fn tenant(&mut self) -> Result<Option<String>, Faulty> {
        self.reader
            .optional("AZURE_TENANT_ID", endpoint::TENANT, endpoint::tenant)
    }

    /// Not by way of [`Reader::required`], whose fault would show the value.
    fn secret(&mut self, name: &str) -> Result<HeaderValue, Faulty> {
        let Some(text) = self.reader.given(name) else {
            return Err(self
                .reader
                .fault(format!("{name} is required: the secret of the endpoint")));
        };
        let Ok(mut header) = HeaderValue::from_str(text) else {
            return Err(self.reader.fault(format!(
                "{name} holds a control character, which no header may"
            )));
        };
        header.set_sensitive(true);
        Ok(header)
    }
}

/// What a pod with an identity binding has beside the rest.
pub(in crate::config) const BINDINGS: [&str; 4] = [
    "AZURE_KUBERNETES_TOKEN_PROXY",
    "AZURE_KUBERNETES_SNI_NAME",
    "AZURE_KUBERNETES_CA_FILE",
    "AZURE_KUBERNETES_CA_DATA",
];
