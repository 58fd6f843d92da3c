//! Every variable with its default and meaning: the one table behind the
//! defaults, `--help` and the README.

mod otel;

/// One variable of the environment.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What counts when it is unset or empty.
    pub default: Option<&'static str>,
    /// What it is for, in a sentence.
    pub meaning: &'static str,
}

const fn variable(
    name: &'static str,
    default: Option<&'static str>,
    meaning: &'static str,
) -> Variable {
    Variable {
        name,
        default,
        meaning,
    }
}

/// All variables, in the order in which the documentation has them.
pub fn variables() -> impl Iterator<Item = &'static Variable> {
    OURS.iter().chain(&otel::VARIABLES)
}

const OURS: [Variable; 65] = [
    variable(
        "MIG_LISTEN",
        None,
        "Address and port of the API; unset: 127.0.0.1:8080, and 0.0.0.0:8080 where callers are \
         authenticated, without which it has to be a loopback address",
    ),
    variable(
        "MIG_AUTH",
        Some("none"),
        "How callers prove who they are: one or more of entra, oidc and kubernetes, separated by \
         commas; or none, which offers the API to this host alone",
    ),
    variable(
        "MIG_AUTH_TENANT",
        None,
        "With entra, the tenant whose tokens are taken; unset: AZURE_TENANT_ID",
    ),
    variable(
        "MIG_AUTH_AUDIENCE",
        None,
        "With entra, what tokens have to be for, letter for letter: the client id of the gateway's \
         application, and of version 1.0 its names as well, separated by commas",
    ),
    variable(
        "MIG_AUTH_VERSIONS",
        Some("2.0"),
        "With entra, the versions of tokens that are taken: 2.0, 1.0 or both, separated by a comma",
    ),
    variable(
        "MIG_AUTH_ISSUERS",
        None,
        "With oidc, whose tokens are taken and what they have to be for: issuer=audience, or several, \
         separated by commas",
    ),
    variable(
        "MIG_AUTH_KUBERNETES_AUDIENCE",
        None,
        "With kubernetes, what tokens have to be for: an audience of the gateway's own",
    ),
    variable(
        "MIG_ENTRA_ENDPOINT",
        None,
        "Where Entra ID's keys are read, instead of the cloud's",
    ),
    variable(
        "MIG_KUBERNETES_ENDPOINT",
        None,
        "API server that reviews tokens; unset: as KUBERNETES_SERVICE_HOST says",
    ),
    variable(
        "MIG_KUBERNETES_TOKEN_FILE",
        Some("/var/run/secrets/kubernetes.io/serviceaccount/token"),
        "The gateway's own token for the API server",
    ),
    variable(
        "MIG_KUBERNETES_CA_FILE",
        Some("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"),
        "Who has signed the certificate of the API server",
    ),
    variable(
        "MIG_ADMIN_LISTEN",
        Some("0.0.0.0:9090"),
        "Address and port of metrics and health",
    ),
    variable(
        "MIG_TLS_CERTIFICATE_FILE",
        None,
        "Certificate of the API and those that vouch for it, in PEM; with it the API is offered \
         over TLS alone, and it is read anew when it changes",
    ),
    variable("MIG_TLS_KEY_FILE", None, "Key of that certificate, in PEM"),
    variable(
        "MIG_TLS_CLIENT_CA_FILE",
        None,
        "Who has to have signed a certificate that callers show, in PEM; unset: they show none",
    ),
    variable(
        "MIG_PUBLIC_URL",
        None,
        "How callers reach the API, for nextLink; unset: as each request's Host says, or a trusted \
         proxy",
    ),
    variable(
        "MIG_DOCS",
        Some("off"),
        "on: offer the contract as a page to read and to try, at /docs; it, its files and \
         /openapi.yaml are then served without a token",
    ),
    variable(
        "MIG_TRUSTED_PROXIES",
        None,
        "Whose X-Forwarded-For, -Host and -Proto are believed: up to 64 networks such as \
         10.0.0.0/8, or addresses, separated by commas or spaces; unset: nobody's",
    ),
    variable(
        "MIG_WORKERS",
        None,
        "Threads that serve the API, 1 to 256; unset: one for each core",
    ),
    variable(
        "MIG_CLOUD",
        Some("public"),
        "Azure cloud: public, usgov, usdod or china",
    ),
    variable(
        "MIG_ARM_ENDPOINT",
        None,
        "Azure Resource Manager, instead of the cloud's",
    ),
    variable(
        "MIG_GRAPH_ENDPOINT",
        None,
        "Microsoft Graph, instead of the cloud's",
    ),
    variable(
        "MIG_IMDS_ENDPOINT",
        Some("http://169.254.169.254"),
        "Instance metadata service of a virtual machine",
    ),
    variable(
        "MIG_SCOPES",
        None,
        "Where the virtual machines are: up to 50 of /subscriptions/{id} and \
         /subscriptions/{id}/resourceGroups/{name}, separated by commas or spaces; unset: on a \
         virtual machine, its own resource group",
    ),
    variable(
        "MIG_ALLOW_MANAGED",
        Some("off"),
        "on: also switch virtual machines that something else manages, such as the nodes of AKS",
    ),
    variable(
        "MIG_ALLOW_SELF",
        Some("off"),
        "on: also switch the virtual machine that the gateway runs on",
    ),
    variable(
        "MIG_POLICY_FILE",
        None,
        "Cedar policies of what callers may do: a file, or a folder of .cedar files, read anew when \
         they change; unset: the built-in ones",
    ),
    variable(
        "MIG_VM_UPDATE",
        Some("off"),
        "on: offer PATCH /vms/{name}, for which the identity needs virtualMachines/write",
    ),
    variable(
        "MIG_DIRECTORY",
        Some("direct"),
        "direct: users are asked of Microsoft Graph as callers ask for them; replica: all users are \
         kept in memory, and only changes are asked for",
    ),
    variable(
        "MIG_DIRECTORY_MAX_AGE",
        Some("30s"),
        "How long a page of users is handed out again without asking Graph, 0 to 1440m; 0: never",
    ),
    variable(
        "MIG_DIRECTORY_STALE_IF_ERROR",
        Some("5m"),
        "How much longer it is handed out while Graph throttles or fails, with its age, 0 to \
         1440m",
    ),
    variable(
        "MIG_DIRECTORY_CACHE",
        Some("4194304"),
        "Most bytes of pages of users that are kept, over all workers, 0 to 1073741824",
    ),
    variable(
        "MIG_DIRECTORY_POLL",
        Some("30s"),
        "With a replica, the time from one question for changes to the next, 100ms to 60m",
    ),
    variable(
        "MIG_DIRECTORY_MOST_USERS",
        Some("250000"),
        "A directory with more users, 1 to 2000000, is not kept as a replica, but asked of Graph",
    ),
    variable(
        "MIG_IDENTITY_SOURCE",
        Some("auto"),
        "Where tokens come from: auto, or imds, app_service, app_service_2017, ml, \
         cloud_shell, arc, service_fabric, vm_extension, workload or azure_cli, whatever the \
         host says",
    ),
    variable(
        "AZURE_CLIENT_ID",
        None,
        "User-assigned identity, by client id; no id at all: the system-assigned identity",
    ),
    variable(
        "MIG_IDENTITY_OBJECT_ID",
        None,
        "User-assigned identity, by object (principal) id",
    ),
    variable(
        "MIG_IDENTITY_RESOURCE_ID",
        None,
        "User-assigned identity, by resource id",
    ),
    variable(
        "IDENTITY_ENDPOINT",
        None,
        "Token endpoint; set by App Service, Container Apps, Service Fabric and Azure Arc",
    ),
    variable(
        "IDENTITY_HEADER",
        None,
        "Secret for IDENTITY_ENDPOINT; set by App Service, Container Apps and Service Fabric",
    ),
    variable(
        "IDENTITY_SERVER_THUMBPRINT",
        None,
        "SHA-1 of the certificate of IDENTITY_ENDPOINT; set by Service Fabric",
    ),
    variable(
        "IMDS_ENDPOINT",
        None,
        "Set by Azure Arc, whose agent IDENTITY_ENDPOINT is then",
    ),
    variable(
        "MIG_ARC_KEY_FOLDER",
        Some("/var/opt/azcmagent/tokens"),
        "The only folder from which keys of the agent of Azure Arc are read",
    ),
    variable(
        "MSI_ENDPOINT",
        None,
        "Token endpoint; set by older App Service, Azure Machine Learning and Cloud Shell",
    ),
    variable(
        "MSI_SECRET",
        None,
        "Secret for MSI_ENDPOINT; set by older App Service and Azure Machine Learning",
    ),
    variable(
        "DEFAULT_IDENTITY_CLIENT_ID",
        None,
        "User-assigned identity where no other is named; set by Azure Machine Learning",
    ),
    variable(
        "MIG_VM_EXTENSION_ENDPOINT",
        Some("http://localhost:50342"),
        "Token endpoint of the old extension of virtual machines; where it is set, it is used",
    ),
    variable(
        "AZURE_FEDERATED_TOKEN_FILE",
        None,
        "File with what a cluster asserts of its pod; set by workload identity",
    ),
    variable(
        "AZURE_TENANT_ID",
        None,
        "Tenant that gives tokens to workload identity, or to the Azure CLI",
    ),
    variable(
        "AZURE_AUTHORITY_HOST",
        None,
        "Entra ID, instead of the cloud's; set by workload identity",
    ),
    variable(
        "MIG_IDENTITY_SPREAD",
        None,
        "With instance metadata, gateways of one node first ask for tokens within this time of \
         their start, 0 to 5m, each at its own moment: a second for every four; unset: 2s in \
         Kubernetes, elsewhere 0s",
    ),
    variable(
        "MIG_UPSTREAM_TIMEOUT",
        Some("10s"),
        "Longest time that a request waits for the proof of its caller and for Azure, retries \
         included, 100ms to 5m; `Prefer: wait` and whole listings take longer",
    ),
    variable(
        "MIG_TOKEN_WAIT",
        Some("2s"),
        "Longest time that a request waits for a token, 100ms to 5m",
    ),
    variable(
        "MIG_UPSTREAM_CONCURRENCY",
        Some("256"),
        "Most calls at once to Resource Manager, and as many to Graph, over all workers, 1 to \
         4096; as many wait up to a second for their turn, and the rest is refused with 503",
    ),
    variable(
        "MIG_OPERATION_LIMIT",
        Some("5000"),
        "Most power operations under way at once, over all workers, 1 to 1000000, of some 9 kB \
         each; further orders are refused with 503",
    ),
    variable(
        "MIG_CONNECTION_LIMIT",
        Some("4096"),
        "Most connections of callers at once, over all workers, 16 to 65536; others wait to be \
         accepted",
    ),
    variable(
        "MIG_BODY_LIMIT",
        Some("16384"),
        "Longest request body, in bytes, 1024 to 1048576; the tags of a machine may take 39 kB, \
         and more where they are not ASCII",
    ),
    variable(
        "MIG_HEADER_LIMIT",
        Some("16384"),
        "Longest header section of a request, in bytes, 1024 to 40960; at most 96 headers \
         whatever it says",
    ),
    variable(
        "MIG_SHUTDOWN_DELAY",
        Some("5s"),
        "Time from SIGTERM, when readiness ends, to the end of new connections, 0 to 5m",
    ),
    variable(
        "MIG_SHUTDOWN_GRACE",
        Some("20s"),
        "Longest wait for requests under way, after that, 0 to 5m",
    ),
    variable(
        "MIG_CALLER_CHANGES",
        Some("60/1m"),
        "How many changes a caller may order at once, and again evenly over the time, 1s to 60m, at each replica, whatever comes of them; off: any number",
    ),
    variable(
        "MIG_GROUP_CHANGES",
        Some("off"),
        "How many virtual machines of one resource group may be changed in a time, 1s to 60m, \
         such as 5/10m, by all callers of this replica together; off: any number",
    ),
    variable(
        "MIG_AUDIT_FILE",
        None,
        "File to which the record of changes is appended, opened again when it has another name, and on SIGHUP; unset: standard output, and standard error for commands",
    ),
    variable(
        "MIG_LOG",
        Some("info"),
        "Level of the log: error, warn, info, debug or trace",
    ),
    variable(
        "MIG_LOG_FORMAT",
        Some("auto"),
        "json, text, or auto: text on a terminal",
    ),
];
