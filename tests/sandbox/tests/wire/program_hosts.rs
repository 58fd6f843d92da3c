//! Which variables a program has on each host.

use std::collections::BTreeSet;

use crate::binary::{sandbox, variables};

/// Where the rest of Azure is, which every host sets.
const SERVICES: [&str; 3] = [
    "MIG_ARM_ENDPOINT",
    "MIG_ENTRA_ENDPOINT",
    "MIG_GRAPH_ENDPOINT",
];

/// What each host sets beside that.
const HOSTS: [(&str, &str); 9] = [
    (
        "vm",
        "AZURE_CLIENT_ID AZURE_POD_IDENTITY_AUTHORITY_HOST MIG_IMDS_ENDPOINT",
    ),
    (
        "vm-extension",
        "AZURE_CLIENT_ID AZURE_POD_IDENTITY_AUTHORITY_HOST MIG_IMDS_ENDPOINT \
         MIG_VM_EXTENSION_ENDPOINT",
    ),
    (
        "container-app",
        "AZURE_CLIENT_ID IDENTITY_ENDPOINT IDENTITY_HEADER MIG_SCOPES MSI_ENDPOINT",
    ),
    ("app-service-2017", "MIG_SCOPES MSI_ENDPOINT MSI_SECRET"),
    (
        "ml",
        "DEFAULT_IDENTITY_CLIENT_ID MIG_SCOPES MSI_ENDPOINT MSI_SECRET",
    ),
    ("cloud-shell", "MIG_SCOPES MSI_ENDPOINT"),
    (
        "arc",
        "IDENTITY_ENDPOINT IMDS_ENDPOINT MIG_ARC_KEY_FOLDER MIG_SCOPES",
    ),
    (
        "service-fabric",
        "IDENTITY_ENDPOINT IDENTITY_HEADER IDENTITY_SERVER_THUMBPRINT MIG_SCOPES",
    ),
    (
        "aks",
        "AZURE_AUTHORITY_HOST AZURE_CLIENT_ID AZURE_FEDERATED_TOKEN_FILE AZURE_TENANT_ID \
         MIG_KUBERNETES_CA_FILE MIG_KUBERNETES_ENDPOINT MIG_KUBERNETES_TOKEN_FILE MIG_SCOPES",
    ),
];

/// No host sets these.
const FOREIGN: [&str; 2] = ["IDENTITY_API_VERSION", "MSAL_MANAGED_IDENTITY_ENDPOINT"];

#[test]
fn a_program_has_the_variables_of_its_host_and_no_others() {
    for (host, names) in HOSTS {
        let expected: BTreeSet<_> = names.split(' ').chain(SERVICES).collect();

        assert_eq!(found(host), expected, "{host}");
    }
}

/// The names that a program on `host` finds, where all are set from elsewhere.
fn found(host: &str) -> BTreeSet<&'static str> {
    const ELSEWHERE: &str = "from elsewhere";
    let all = HOSTS.iter().flat_map(|(_, names)| names.split(' '));
    let all: BTreeSet<_> = all.chain(FOREIGN).chain(SERVICES).collect();
    let mut command = sandbox(&["exec", "--as", host, "--", "env"]);
    command.envs(all.iter().map(|name| (name, ELSEWHERE)));

    let variables = variables(&command.output().unwrap());

    assert!(variables.values().all(|value| value != ELSEWHERE), "{host}");
    all.into_iter()
        .filter(|name| variables.contains_key(*name))
        .collect()
}
