//! The variables that each host sets.
//!
//! Where ARM, Graph, Entra ID and instance metadata are is told by variables of the
//! gateway's, and so are the scopes where no instance metadata could tell them.
//! Programs that know none of these are led by a proxy, over TLS.

use crate::{
    app_service_2017, arc,
    azure::Azure,
    cloud::Site,
    machine_learning, seed, service_fabric,
    settings::{Host, Identity},
};

type Variables = Vec<(&'static str, String)>;

impl Azure {
    /// The variables that `host` sets, and where the rest of Azure is.
    pub(crate) fn environment(&self, host: Host) -> Vec<(String, String)> {
        let services = [
            ("MIG_ARM_ENDPOINT", self.url.clone()),
            ("MIG_ENTRA_ENDPOINT", self.url.clone()),
            ("MIG_GRAPH_ENDPOINT", self.url.clone()),
        ];
        let scopes = match host {
            Host::Vm | Host::VmExtension => None,
            Host::ContainerApp
            | Host::AppService2017
            | Host::MachineLearning
            | Host::CloudShell
            | Host::Arc
            | Host::ServiceFabric
            | Host::Aks => Some(("MIG_SCOPES", seed::DEFAULT_SCOPE.to_owned())),
        };
        services
            .into_iter()
            .chain(self.identity_variables(host))
            .chain(scopes)
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// The same for a program that goes by Azure's own names, over TLS: a proxy leads
    /// it here, and it is told what to trust.
    ///
    /// Both cases of a name, as clients differ in which of them counts. Sources:
    /// curl's and requests' manuals (`HTTPS_PROXY`, `NO_PROXY`, `CURL_CA_BUNDLE`,
    /// `REQUESTS_CA_BUNDLE`), OpenSSL's (`SSL_CERT_FILE`) and Node's
    /// (`NODE_EXTRA_CA_CERTS`).
    pub(crate) fn environment_over_tls(&self, host: Host) -> Vec<(String, String)> {
        let proxy = self.urls.secure.replacen("https", "http", 1);
        let direct = "localhost,127.0.0.1,169.254.169.254";
        let file = self.authority.file().display().to_string();
        let leading = ["HTTPS_PROXY", "https_proxy"].map(|name| (name, proxy.as_str()));
        let sparing = ["NO_PROXY", "no_proxy"].map(|name| (name, direct));
        let trusting = [
            "SSL_CERT_FILE",
            "REQUESTS_CA_BUNDLE",
            "CURL_CA_BUNDLE",
            "NODE_EXTRA_CA_CERTS",
        ]
        .map(|name| (name, file.as_str()));
        let added = leading.into_iter().chain(sparing).chain(trusting);
        let mut variables = self.environment(host);
        for (name, value) in &mut variables {
            if name == "AZURE_AUTHORITY_HOST" {
                let entra = self.settings.cloud.hosts_of(Site::Entra).next();
                *value = format!("https://{}/", entra.unwrap_or_default());
            }
        }
        variables.extend(added.map(|(name, value)| (name.to_owned(), value.to_owned())));
        variables
    }

    fn identity_variables(&self, host: Host) -> Variables {
        match host {
            Host::Vm => self.vm(),
            Host::VmExtension => self.vm_extension(),
            Host::ContainerApp => self.container_app(),
            Host::AppService2017 => self.msi(app_service_2017::PATH).into(),
            Host::MachineLearning => self.machine_learning(),
            Host::CloudShell => vec![("MSI_ENDPOINT", format!("{}/oauth2/token", self.url))],
            Host::Arc => self.arc_server().into(),
            Host::ServiceFabric => self.service_fabric().into(),
            Host::Aks => self.pod(),
        }
    }

    fn vm(&self) -> Variables {
        let own = [
            ("AZURE_POD_IDENTITY_AUTHORITY_HOST", self.url.clone()),
            ("MIG_IMDS_ENDPOINT", self.url.clone()),
        ];
        own.into_iter().chain(self.chosen()).collect()
    }

    /// The port is the same on every such machine; here it is told by a variable
    /// of the gateway's.
    fn vm_extension(&self) -> Variables {
        let own = ("MIG_VM_EXTENSION_ENDPOINT", self.urls.vm_extension.clone());
        self.vm().into_iter().chain([own]).collect()
    }

    /// Container Apps sets `MSI_ENDPOINT` beside `IDENTITY_ENDPOINT`, as seen in
    /// AzureAD/microsoft-authentication-library-for-dotnet#5245.
    fn container_app(&self) -> Variables {
        let endpoint = format!("{}/msi/token", self.url);
        let own = [
            ("IDENTITY_ENDPOINT", endpoint.clone()),
            ("IDENTITY_HEADER", self.identity_header.clone()),
            ("MSI_ENDPOINT", endpoint),
        ];
        own.into_iter().chain(self.chosen()).collect()
    }

    /// The identity that an operator would choose; in a pod, the annotation of
    /// its service account.
    fn chosen(&self) -> Option<(&'static str, String)> {
        let first = self.settings.user_assigned.first()?;
        Some(("AZURE_CLIENT_ID", first.client_id.clone()))
    }

    fn msi(&self, path: &str) -> [(&'static str, String); 2] {
        [
            ("MSI_ENDPOINT", format!("{}{path}", self.url)),
            ("MSI_SECRET", self.msi_secret.clone()),
        ]
    }

    /// The folder is the same on every such server; here it is told by a variable
    /// of the gateway's.
    fn arc_server(&self) -> [(&'static str, String); 3] {
        let agent = &self.urls.arc;
        [
            ("IDENTITY_ENDPOINT", format!("{agent}{}", arc::PATH)),
            ("IMDS_ENDPOINT", agent.clone()),
            (
                "MIG_ARC_KEY_FOLDER",
                self.arc.folder().display().to_string(),
            ),
        ]
    }

    fn service_fabric(&self) -> [(&'static str, String); 3] {
        let node = &self.urls.service_fabric;
        [
            (
                "IDENTITY_ENDPOINT",
                format!("{node}{}", service_fabric::PATH),
            ),
            ("IDENTITY_HEADER", self.identity_header.clone()),
            (
                "IDENTITY_SERVER_THUMBPRINT",
                self.certificates.thumbprint().to_owned(),
            ),
        ]
    }

    /// The authority has a slash at its end where the cluster's webhook was told
    /// one. The API server, and the files of the account, are the same in every pod;
    /// here they are told by variables of the gateway's.
    fn pod(&self) -> Variables {
        let has_slash = self.settings.authority_trailing_slash;
        let slash = if has_slash { "/" } else { "" };
        let own = [
            ("AZURE_AUTHORITY_HOST", format!("{}{slash}", self.url)),
            (
                "AZURE_FEDERATED_TOKEN_FILE",
                self.assertions.file().display().to_string(),
            ),
            ("AZURE_TENANT_ID", seed::TENANT.to_owned()),
        ];
        // Without them a program finds no API server, and says so.
        let cluster = self.kubernetes_environment().into_iter().flatten();
        let own = own.into_iter().chain(self.chosen());
        own.chain(cluster).collect()
    }

    fn machine_learning(&self) -> Variables {
        let default = self.ml_default();
        let default = default.map(|it| ("DEFAULT_IDENTITY_CLIENT_ID", it.client_id));
        let own = self.msi(machine_learning::PATH).into_iter();
        own.chain(default).collect()
    }

    /// The identity of `DEFAULT_IDENTITY_CLIENT_ID`: that of the compute
    /// instance or cluster.
    pub(crate) fn ml_default(&self) -> Option<Identity> {
        let first = self.settings.user_assigned.first().cloned();
        first.or_else(|| self.system_assigned(machine_learning::COMPUTE))
    }
}
