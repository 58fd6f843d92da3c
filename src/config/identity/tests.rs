//! Which source an environment tells of: rows S of the table of conformance.

use super::*;
use crate::config::{Config, Faults};

type Vars<'a> = &'a [(&'a str, &'a str)];

fn config(vars: Vars<'_>) -> Result<Config, Faults> {
    let owned = vars
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::from_vars(owned)
}

fn faults(vars: Vars<'_>) -> String {
    config(vars).unwrap_err().to_string()
}

/// The source and what tells of it.
fn source(vars: Vars<'_>) -> (&'static str, &'static [&'static str]) {
    let source = config(vars).unwrap().identity.source;
    (source.label(), source.evidence())
}

const ENDPOINT: (&str, &str) = ("IDENTITY_ENDPOINT", "http://localhost:42356/msi/token");
const HEADER: (&str, &str) = ("IDENTITY_HEADER", "hunter2");
const MSI: (&str, &str) = ("MSI_ENDPOINT", "http://localhost:42356/msi/token");
const SECRET: (&str, &str) = ("MSI_SECRET", "hunter2");
const THUMBPRINT: (&str, &str) = (
    "IDENTITY_SERVER_THUMBPRINT",
    "00112233445566778899AABBCCDDEEFF00112233",
);
const NODE: (&str, &str) = ("IDENTITY_ENDPOINT", "https://localhost:2377/metadata");
const AGENT: (&str, &str) = ("IMDS_ENDPOINT", "http://localhost:40342");
const FILE: (&str, &str) = ("AZURE_FEDERATED_TOKEN_FILE", "/var/run/token");
const CLIENT: (&str, &str) = ("AZURE_CLIENT_ID", "00000000-0000-0000-0000-000000000001");
const TENANT: (&str, &str) = ("AZURE_TENANT_ID", "contoso.onmicrosoft.com");

#[test]
fn s1_nothing_set_is_instance_metadata() {
    assert_eq!(source(&[]), ("imds", &[][..]));
}

#[test]
fn s2_an_endpoint_with_its_header_is_app_service() {
    let (label, evidence) = source(&[ENDPOINT, HEADER]);
    assert_eq!(label, "app_service");
    assert_eq!(evidence, ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"]);
    let config = config(&[ENDPOINT, HEADER]).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn s3_the_newer_endpoint_of_app_service_comes_before_the_older() {
    assert_eq!(source(&[ENDPOINT, HEADER, MSI, SECRET]).0, "app_service");
}

#[test]
fn s4_a_container_app_is_no_cloud_shell_though_it_sets_msi_endpoint() {
    assert_eq!(source(&[ENDPOINT, HEADER, MSI]).0, "app_service");
}

#[test]
fn s5_a_thumbprint_beside_them_is_service_fabric() {
    let (label, evidence) = source(&[NODE, HEADER, THUMBPRINT]);
    assert_eq!(label, "service_fabric");
    assert!(evidence.contains(&"IDENTITY_SERVER_THUMBPRINT"));
}

#[test]
fn s6_msi_endpoint_alone_is_cloud_shell() {
    assert_eq!(source(&[MSI]), ("cloud_shell", &["MSI_ENDPOINT"][..]));
}

#[test]
fn s7_msi_endpoint_with_its_secret_is_the_older_app_service_or_machine_learning() {
    assert_eq!(source(&[MSI, SECRET]).0, "app_service_2017");
    let default = ("DEFAULT_IDENTITY_CLIENT_ID", CLIENT.1);
    assert_eq!(source(&[MSI, SECRET, default]).0, "ml");
    let config = config(&[MSI, SECRET, default]).unwrap();
    let id = IdentityId::ClientId(CLIENT.1.to_owned());
    assert_eq!(config.identity.id, id);
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn s8_imds_endpoint_beside_an_endpoint_is_arc() {
    assert_eq!(
        source(&[ENDPOINT, AGENT]),
        ("arc", &["IDENTITY_ENDPOINT", "IMDS_ENDPOINT"][..])
    );
}

#[test]
fn s10_empty_variables_tell_of_nothing() {
    let empty = [
        "IDENTITY_ENDPOINT",
        "IDENTITY_HEADER",
        "IDENTITY_SERVER_THUMBPRINT",
        "IMDS_ENDPOINT",
        "MSI_ENDPOINT",
        "MSI_SECRET",
        "AZURE_FEDERATED_TOKEN_FILE",
        "MIG_IDENTITY_SOURCE",
        "MIG_VM_EXTENSION_ENDPOINT",
    ];
    assert_eq!(source(&empty.map(|name| (name, ""))).0, "imds");
}

#[test]
fn r9_an_empty_id_is_no_id() {
    let empty = [
        ("AZURE_CLIENT_ID", ""),
        ("MIG_IDENTITY_OBJECT_ID", ""),
        ("MIG_IDENTITY_RESOURCE_ID", ""),
    ];
    assert_eq!(config(&empty).unwrap().identity.id, IdentityId::System);
}

#[test]
fn s11_a_header_and_a_thumbprint_without_an_endpoint_leave_instance_metadata() {
    let version = ("IDENTITY_API_VERSION", "2020-05-01");
    assert_eq!(source(&[HEADER, THUMBPRINT, version]).0, "imds");
    assert_eq!(source(&[SECRET]).0, "imds");
}

#[test]
fn s12_an_endpoint_that_is_no_url_is_a_fault_that_names_it() {
    for (vars, name) in [
        (
            &[("IDENTITY_ENDPOINT", "https://t .com"), HEADER][..],
            "IDENTITY_ENDPOINT",
        ),
        (
            &[("IDENTITY_ENDPOINT", "http://t .com"), HEADER, THUMBPRINT],
            "IDENTITY_ENDPOINT",
        ),
        (&[("IDENTITY_ENDPOINT", "t"), AGENT], "IDENTITY_ENDPOINT"),
        (&[("MSI_ENDPOINT", "https://t .com")], "MSI_ENDPOINT"),
        (
            &[("MSI_ENDPOINT", "http://8.8.8.8/"), SECRET],
            "MSI_ENDPOINT",
        ),
    ] {
        let told = faults(vars);
        assert!(told.contains(&format!("\n  {name} is ")), "{told}");
        assert!(!told.contains("hunter2"));
    }
}

#[test]
fn s13_workload_identity_comes_before_all_else() {
    for beside in [&[][..], &[ENDPOINT, HEADER], &[MSI, SECRET]] {
        let vars = [&[FILE, CLIENT, TENANT][..], beside].concat();
        assert_eq!(
            source(&vars),
            ("workload", &["AZURE_FEDERATED_TOKEN_FILE"][..])
        );
    }
}

#[test]
fn an_endpoint_without_what_belongs_to_it_is_a_fault() {
    // Container Apps sets MSI_ENDPOINT too, which is no reason to take it for Cloud Shell.
    for vars in [&[ENDPOINT][..], &[ENDPOINT, MSI], &[ENDPOINT, MSI, SECRET]] {
        let faults = faults(vars);
        assert!(
            faults.contains("\n  IDENTITY_HEADER is required"),
            "{faults}"
        );
    }
}

#[test]
fn the_identity_of_a_job_is_an_id_like_any_other() {
    let default = ("DEFAULT_IDENTITY_CLIENT_ID", "job identity");
    let faults = faults(&[MSI, SECRET, default]);
    assert!(faults.contains("DEFAULT_IDENTITY_CLIENT_ID is"), "{faults}");
}

#[test]
fn the_operators_word_goes_over_what_the_host_says() {
    let chosen = |name| ("MIG_IDENTITY_SOURCE", name);
    let told = &["MIG_IDENTITY_SOURCE"][..];
    for (name, vars) in [
        ("imds", &[FILE, ENDPOINT, HEADER][..]),
        ("app_service", &[FILE, ENDPOINT, HEADER]),
        ("app_service_2017", &[ENDPOINT, HEADER, MSI, SECRET]),
        ("cloud_shell", &[MSI, SECRET]),
        ("arc", &[]),
        ("vm_extension", &[]),
        ("azure_cli", &[]),
    ] {
        let vars = [&[chosen(name)][..], vars].concat();
        assert_eq!(source(&vars), (name, told));
    }
    assert!(faults(&[chosen("az")]).contains("MIG_IDENTITY_SOURCE is \"az\""));
    for (name, lacks) in [
        ("app_service", "IDENTITY_HEADER is required"),
        ("ml", "MSI_SECRET is required"),
        ("cloud_shell", "MSI_ENDPOINT is required"),
        ("service_fabric", "IDENTITY_SERVER_THUMBPRINT is required"),
        ("workload", "AZURE_FEDERATED_TOKEN_FILE is required"),
    ] {
        let told = faults(&[chosen(name)]);
        assert!(told.contains(lacks), "{told}");
    }
}

#[test]
fn an_id_that_a_source_cannot_choose_by_is_a_fault_that_names_its_variable() {
    let object = ("MIG_IDENTITY_OBJECT_ID", CLIENT.1);
    let resource = (
        "MIG_IDENTITY_RESOURCE_ID",
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/\
         userAssignedIdentities/i",
    );
    let cli = ("MIG_IDENTITY_SOURCE", "azure_cli");
    for (vars, id) in [
        (&[MSI][..], CLIENT),
        (&[MSI], resource),
        (&[MSI, SECRET], object),
        (&[MSI, SECRET], resource),
        (&[NODE, HEADER, THUMBPRINT], CLIENT),
        (&[cli], CLIENT),
    ] {
        let told = faults(&[vars, &[id]].concat());
        assert!(
            told.contains(&format!("\n  {} is set, but", id.0)),
            "{told}"
        );
    }
    for (vars, id) in [
        (&[MSI, SECRET][..], CLIENT),
        (&[ENDPOINT, AGENT], object),
        (&[ENDPOINT, HEADER], resource),
    ] {
        assert!(config(&[vars, &[id]].concat()).is_ok(), "{vars:?} {id:?}");
    }
}

#[test]
fn w1_workload_identity_names_what_it_lacks() {
    for (vars, name) in [
        (&[FILE, TENANT][..], "AZURE_CLIENT_ID is required"),
        (&[FILE, CLIENT], "AZURE_TENANT_ID is required"),
        (
            &[("AZURE_FEDERATED_TOKEN_FILE", "token"), CLIENT, TENANT],
            "AZURE_FEDERATED_TOKEN_FILE is \"token\", expected an absolute path",
        ),
        (
            &[
                FILE,
                CLIENT,
                TENANT,
                ("AZURE_AUTHORITY_HOST", "http://login.example/"),
            ],
            "AZURE_AUTHORITY_HOST is",
        ),
        (
            &[FILE, CLIENT, ("AZURE_TENANT_ID", "../common")],
            "AZURE_TENANT_ID is",
        ),
    ] {
        let told = faults(vars);
        assert!(told.contains(&format!("\n  {name}")), "{told}");
        assert_eq!(told.lines().count(), 2, "{told}");
    }
}

#[test]
fn what_is_around_a_value_is_not_sent_with_it() {
    let around = |(name, value): (&'static str, &str)| (name, format!(" {value}\n"));
    let around = [FILE, CLIENT, TENANT].map(around);
    let vars: Vec<_> = around
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let identity = config(&vars).unwrap().identity;
    let Credential::Workload {
        tenant,
        client_id,
        assertion,
        ..
    } = identity.source.credential
    else {
        panic!("{identity:?}");
    };
    let told = [tenant, client_id, assertion.display().to_string()];
    assert_eq!(told, [TENANT.1, CLIENT.1, FILE.1]);
    assert_eq!(identity.id, IdentityId::ClientId(CLIENT.1.to_owned()));
}

#[test]
fn w4_identity_bindings_are_refused_each_by_name() {
    let told = faults(&[
        FILE,
        CLIENT,
        TENANT,
        ("AZURE_KUBERNETES_TOKEN_PROXY", "https://proxy"),
        ("AZURE_KUBERNETES_SNI_NAME", "n"),
        ("AZURE_KUBERNETES_CA_FILE", "/ca"),
        ("AZURE_KUBERNETES_CA_DATA", "x"),
    ]);
    for name in BINDINGS {
        assert!(told.contains(&format!("\n  {name} is set")), "{told}");
    }
    assert!(config(&[("AZURE_KUBERNETES_CA_FILE", "/ca")]).is_ok());
}

#[test]
fn settings_of_two_clouds_are_refused() {
    let gov = ("MIG_CLOUD", "usgov");
    for (vars, told) in [
        (
            &[("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/")][..],
            "AZURE_AUTHORITY_HOST is of the cloud usgov, and MIG_CLOUD is public",
        ),
        (
            &[
                gov,
                ("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com"),
            ],
            "AZURE_AUTHORITY_HOST is of the cloud public, and MIG_CLOUD is usgov",
        ),
        (
            &[gov, ("MIG_ARM_ENDPOINT", "https://management.azure.com")],
            "MIG_ARM_ENDPOINT is of the cloud public",
        ),
        (
            &[
                gov,
                ("MIG_GRAPH_ENDPOINT", "https://dod-graph.microsoft.us"),
            ],
            "MIG_GRAPH_ENDPOINT is of the cloud usdod",
        ),
    ] {
        let faults = faults(vars);
        assert!(faults.contains(&format!("\n  {told}")), "{faults}");
        assert_eq!(faults.lines().count(), 2, "{faults}");
    }
    let same = ("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us");
    let stand_in = ("MIG_ARM_ENDPOINT", "https://arm.example");
    assert!(config(&[gov, same, stand_in]).is_ok());
    let dod = ("MIG_CLOUD", "usdod");
    let arm = ("MIG_ARM_ENDPOINT", "https://management.usgovcloudapi.net");
    assert!(config(&[dod, same, arm]).is_ok());
}
