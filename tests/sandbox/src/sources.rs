//! The token endpoints, and where each of them stands.

use axum::{body::Body, http::Response};

use crate::{
    app_service, app_service_2017, arc, azure::Azure, cloud_shell, entra, gate::Asked, imds,
    machine_learning, server::Entrance, service_fabric, vm_extension,
};

/// Where tokens come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Imds,
    ContainerApp,
    AppService2017,
    MachineLearning,
    CloudShell,
    VmExtension,
    Arc,
    ServiceFabric,
    Entra,
}

impl Source {
    /// The token endpoint at `path`.
    ///
    /// App Service 2017, Container Apps and Machine Learning are at other paths
    /// in every sandbox of theirs: their clients have the whole URL from a
    /// variable. Cloud Shell's is `http://localhost:50342/oauth2/token`, as in
    /// Azure/CloudShell#351. Whatever is asked at the port of the extension is
    /// asked of it.
    pub(crate) fn at(entrance: Entrance, path: &str) -> Option<Self> {
        match entrance {
            Entrance::Azure | Entrance::Secure => Self::of_azure(path),
            Entrance::VmExtension => Some(Self::VmExtension),
            Entrance::Arc => (path == arc::PATH).then_some(Self::Arc),
            Entrance::ServiceFabric => {
                (path == service_fabric::PATH).then_some(Self::ServiceFabric)
            }
        }
    }

    fn of_azure(path: &str) -> Option<Self> {
        match path.to_ascii_lowercase().as_str() {
            "/msi/token" => Some(Self::ContainerApp),
            app_service_2017::PATH => Some(Self::AppService2017),
            machine_learning::PATH => Some(Self::MachineLearning),
            "/oauth2/token" => Some(Self::CloudShell),
            path if path.starts_with("/metadata/identity/") => Some(Self::Imds),
            path => entra::tenant(path).map(|_| Self::Entra),
        }
    }

    pub(crate) fn answer(self, azure: &Azure, asked: &Asked) -> Response<Body> {
        match self {
            Self::Imds => imds::token(azure, asked),
            Self::ContainerApp => app_service::token(azure, asked),
            Self::AppService2017 => app_service_2017::token(azure, asked),
            Self::MachineLearning => machine_learning::token(azure, asked),
            Self::CloudShell => cloud_shell::token(azure, asked),
            Self::VmExtension => vm_extension::token(azure, asked),
            Self::Arc => arc::token(azure, asked),
            Self::ServiceFabric => service_fabric::token(azure, asked),
            Self::Entra => entra::token(azure, asked),
        }
    }

    /// 429 in the shape of its other refusals: what it says is documented of
    /// instance metadata alone.
    pub(crate) fn throttled(self, azure: &Azure) -> Response<Body> {
        const WHY: &str = "Too many requests";
        match self {
            Self::Imds => imds::too_many_requests(),
            Self::VmExtension | Self::Arc => imds::fault(429, "too_many_requests", WHY),
            Self::ContainerApp => app_service::fault(429, WHY),
            Self::AppService2017 => app_service_2017::fault(429, WHY),
            Self::MachineLearning => machine_learning::fault(429, "too_many_requests", WHY),
            Self::CloudShell => cloud_shell::fault(429, "TooManyRequests", WHY),
            Self::ServiceFabric => service_fabric::fault(429, "TooManyRequests", WHY),
            Self::Entra => entra::throttled(azure),
        }
    }
}
