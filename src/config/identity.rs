//! Which managed identity the gateway holds, and where its tokens come from.

use std::net::IpAddr;

use actix_web::http::header::HeaderValue;
use url::Url;

use super::{GUID, Host, Raw, cloud, guid, reader::Reader};

/// The managed identity.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) source: Source,
    pub(crate) id: IdentityId,
}

/// Where tokens come from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// The instance metadata service of a virtual machine.
    Imds {
        /// Scheme, host and port.
        endpoint: Url,
    },
    /// The token endpoint of App Service and Container Apps.
    AppService {
        /// `IDENTITY_ENDPOINT`.
        endpoint: Url,
        /// `IDENTITY_HEADER`, which goes there and nowhere else; marked as
        /// sensitive, so that it does not print.
        header: HeaderValue,
    },
}

/// Which of a host's identities is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IdentityId {
    /// The one that came with the host.
    System,
    /// A user-assigned one, by client id.
    ClientId(String),
    /// A user-assigned one, by object (principal) id.
    ObjectId(String),
    /// A user-assigned one, by resource id.
    ResourceId(String),
}

impl Identity {
    pub(super) fn read(reader: &mut Reader, raw: &Raw, host: &Host) -> Option<Self> {
        let imds = reader.required(
            "MIG_IMDS_ENDPOINT",
            raw.imds_endpoint.as_deref(),
            IMDS,
            imds,
        );
        let id = id(reader, raw, host);
        let source = source(reader, host, imds);
        Some(Self {
            source: source?,
            id: id?,
        })
    }
}

/// What the instance metadata endpoint has to be.
const IMDS: &str =
    "an http URL of scheme, host and port alone, to a loopback or link-local address";

/// Reads the instance metadata endpoint.
fn imds(text: &str) -> Option<Url> {
    let url = super::origin(text)?;
    let is_near = match cloud::address(&url)? {
        IpAddr::V4(address) => address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unicast_link_local(),
    };
    (url.scheme() == "http" && is_near).then_some(url)
}

/// The identity that is meant; at most one variable may say so.
fn id(reader: &mut Reader, raw: &Raw, host: &Host) -> Option<IdentityId> {
    let ids = [
        &host.azure_client_id,
        &raw.identity_object_id,
        &raw.identity_resource_id,
    ];
    if ids.iter().filter(|id| id.is_some()).count() > 1 {
        reader.fault(
            "AZURE_CLIENT_ID, MIG_IDENTITY_OBJECT_ID and MIG_IDENTITY_RESOURCE_ID name one \
             identity in three ways: set one of them",
        );
        return None;
    }
    let [client, object, resource] = ids;
    let client = reader.optional("AZURE_CLIENT_ID", client.as_deref(), GUID, guid);
    let object = reader.optional("MIG_IDENTITY_OBJECT_ID", object.as_deref(), GUID, guid);
    let resource = reader.optional(
        "MIG_IDENTITY_RESOURCE_ID",
        resource.as_deref(),
        USER_ASSIGNED,
        user_assigned,
    );
    Some(match (client, object, resource) {
        (Some(id), ..) => IdentityId::ClientId(id),
        (_, Some(id), _) => IdentityId::ObjectId(id),
        (.., Some(id)) => IdentityId::ResourceId(id),
        (None, None, None) => IdentityId::System,
    })
}

const USER_ASSIGNED: &str = "/subscriptions/{id}/resourceGroups/{name}/providers/\
     Microsoft.ManagedIdentity/userAssignedIdentities/{name}";

fn user_assigned(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let parts: Vec<_> = lower.split('/').collect();
    let is_id = matches!(
        parts[..],
        [
            "",
            "subscriptions",
            _,
            "resourcegroups",
            _,
            "providers",
            "microsoft.managedidentity",
            "userassignedidentities",
            _
        ]
    );
    (is_id && !parts[1..].contains(&"")).then(|| text.to_owned())
}

/// Where this environment gives out tokens.
///
/// Container Apps sets `MSI_ENDPOINT` beside `IDENTITY_ENDPOINT`: the latter
/// wins. An environment that is marked as one we cannot use is a fault, not a
/// reason to ask elsewhere: elsewhere there may be another identity.
fn source(reader: &mut Reader, host: &Host, imds: Option<Url>) -> Option<Source> {
    if let Some((name, variables)) = unsupported(host) {
        reader.fault(format!(
            "{variables} says that tokens come from {name}; this version gets them from instance \
             metadata (IMDS) and from App Service or Container Apps"
        ));
        return None;
    }
    let endpoint = host.identity_endpoint.as_deref();
    match (endpoint, &host.identity_header) {
        (Some(_), Some(header)) => {
            let endpoint = reader.required("IDENTITY_ENDPOINT", endpoint, APP_SERVICE, app_service);
            let header = secret_header(reader, header);
            Some(Source::AppService {
                endpoint: endpoint?,
                header: header?,
            })
        }
        (Some(_), None) => {
            reader.fault("IDENTITY_HEADER is required where IDENTITY_ENDPOINT is set");
            None
        }
        // A header alone has no endpoint that it belongs to.
        (None, _) => imds.map(|endpoint| Source::Imds { endpoint }),
    }
}

/// Not by way of [`Reader::required`], whose fault would show the value.
fn secret_header(reader: &mut Reader, text: &str) -> Option<HeaderValue> {
    let Ok(mut header) = HeaderValue::from_str(text) else {
        reader.fault("IDENTITY_HEADER holds a control character, which no header may");
        return None;
    };
    header.set_sensitive(true);
    Some(header)
}

fn unsupported(host: &Host) -> Option<(&'static str, &'static str)> {
    let Host {
        azure_federated_token_file: federated,
        identity_endpoint: endpoint,
        identity_header: header,
        identity_server_thumbprint: thumbprint,
        imds_endpoint: imds,
        msi_endpoint: msi,
        msi_secret: secret,
        ..
    } = host;
    if federated.is_some() {
        return Some(("workload identity", "AZURE_FEDERATED_TOKEN_FILE"));
    }
    match (endpoint.is_some(), header.is_some()) {
        (true, true) if thumbprint.is_some() => {
            Some(("Service Fabric", "IDENTITY_SERVER_THUMBPRINT"))
        }
        (true, false) if imds.is_some() => Some(("Azure Arc", "IMDS_ENDPOINT")),
        (false, _) if msi.is_some() && secret.is_some() => {
            Some(("App Service 2017-09-01 or Azure ML", "MSI_SECRET"))
        }
        (false, _) if msi.is_some() => Some(("Cloud Shell", "MSI_ENDPOINT")),
        _ => None,
    }
}

const APP_SERVICE: &str = "an http URL to a loopback, link-local or private address";

/// The endpoint gets a secret header, in clear: it has to be of this host.
fn app_service(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_near = match cloud::address(&url)? {
        IpAddr::V4(address) => {
            address.is_loopback() || address.is_link_local() || address.is_private()
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unicast_link_local() || address.is_unique_local()
        }
    };
    let is_plain = url.scheme() == "http"
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none();
    (is_plain && is_near).then_some(url)
}
