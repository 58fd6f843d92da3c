//! Which ways to prove oneself can be configured, and where the API is then.

use crate::config::{Cloud, Config};

const TENANT: (&str, &str) = ("MIG_AUTH_TENANT", "5ab1e000-0000-4000-8000-00000000000a");
const AUDIENCE: (&str, &str) = ("MIG_AUTH_AUDIENCE", "5ab1e000-0000-4000-8000-00000000000b");

fn config(vars: &[(&str, &str)]) -> Result<Config, String> {
    let owned = vars
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::from_vars(owned).map_err(|faults| faults.to_string())
}

#[test]
fn without_authentication_the_api_is_for_this_host_alone() {
    for auth in ["", "none"] {
        let plain = config(&[("MIG_AUTH", auth)]).unwrap();
        assert_eq!(plain.listen.to_string(), "127.0.0.1:8080");
        let told = config(&[("MIG_AUTH", auth), ("MIG_LISTEN", "0.0.0.0:80")]).unwrap_err();
        assert!(
            told.contains("MIG_LISTEN is") && told.contains("set MIG_AUTH"),
            "{told}"
        );
    }
}

#[test]
fn with_authentication_the_api_may_be_anywhere() {
    let auth = ("MIG_AUTH", "entra");
    let everywhere = config(&[auth, TENANT, AUDIENCE]).unwrap();
    assert_eq!(everywhere.listen.to_string(), "0.0.0.0:8080");
    let chosen = config(&[auth, TENANT, AUDIENCE, ("MIG_LISTEN", "10.0.0.1:80")]).unwrap();
    assert_eq!(chosen.listen.to_string(), "10.0.0.1:80");
}

#[test]
fn what_a_method_needs_is_told_all_at_once() {
    let told = config(&[("MIG_AUTH", "entra,oidc, kubernetes")]).unwrap_err();
    for name in [
        "MIG_AUTH_TENANT is required",
        "MIG_AUTH_AUDIENCE is required",
        "MIG_AUTH_ISSUERS is required",
        "MIG_AUTH_KUBERNETES_AUDIENCE is required",
        "MIG_KUBERNETES_ENDPOINT is required",
    ] {
        assert!(told.contains(name), "{told}");
    }
    assert_eq!(told.lines().count(), 6, "{told}");
}

#[test]
fn a_word_that_is_no_method_is_refused() {
    for word in ["entra,none", "Entra", "jwt", ","] {
        let told = config(&[("MIG_AUTH", word)]).unwrap_err();
        assert!(told.contains("MIG_AUTH is"), "{told}");
    }
}

#[test]
fn the_tenant_is_that_of_workload_identity_where_none_is_named() {
    let (_, id) = TENANT;
    let config = config(&[("MIG_AUTH", "entra"), ("AZURE_TENANT_ID", id), AUDIENCE]).unwrap();
    assert_eq!(config.callers.entra.unwrap().tenant.to_string(), id);
}

#[test]
fn what_was_set_for_another_purpose_is_told_by_the_name_that_it_has() {
    let domain = ("AZURE_TENANT_ID", "contoso.onmicrosoft.com");
    let told = config(&[("MIG_AUTH", "entra"), domain, AUDIENCE]).unwrap_err();
    assert!(
        told.contains("\n  AZURE_TENANT_ID is \"contoso.onmicrosoft.com\", expected a GUID"),
        "{told}"
    );
    assert!(told.ends_with(": set MIG_AUTH_TENANT to one"), "{told}");
    assert!(config(&[("MIG_AUTH", "entra"), domain, TENANT, AUDIENCE]).is_ok());
    let told = config(&[
        ("MIG_AUTH", "kubernetes"),
        ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
        ("KUBERNETES_SERVICE_PORT", "tcp://10.0.0.1:443"),
        ("MIG_AUTH_KUBERNETES_AUDIENCE", "mi-gateway"),
    ])
    .unwrap_err();
    assert!(
        told.contains("\n  KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT make"),
        "{told}"
    );
    assert!(
        told.ends_with(": set MIG_KUBERNETES_ENDPOINT to one"),
        "{told}"
    );
}

#[test]
fn tokens_that_are_for_others_cannot_be_asked_for() {
    for audience in [
        "api://AzureADTokenExchange",
        "api://azureadtokenexchange/",
        "https://graph.microsoft.com/",
        "00000003-0000-0000-C000-000000000000",
        "https://management.azure.com",
        "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    ] {
        let entra = [
            ("MIG_AUTH", "entra"),
            TENANT,
            ("MIG_AUTH_AUDIENCE", audience),
        ];
        assert!(config(&entra).unwrap_err().contains("MIG_AUTH_AUDIENCE is"));
        let pair = format!("https://issuer.example={audience}");
        let oidc = [("MIG_AUTH", "oidc"), ("MIG_AUTH_ISSUERS", pair.as_str())];
        assert!(config(&oidc).unwrap_err().contains("MIG_AUTH_ISSUERS is"));
        let kubernetes = [
            ("MIG_AUTH", "kubernetes"),
            ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
            ("MIG_AUTH_KUBERNETES_AUDIENCE", audience),
        ];
        let told = config(&kubernetes).unwrap_err();
        assert!(told.contains("MIG_AUTH_KUBERNETES_AUDIENCE is"), "{told}");
    }
}

#[test]
fn no_tokens_of_azure_are_taken_as_callers_in_any_cloud() {
    for cloud in Cloud::ALL {
        let vars = [("MIG_CLOUD", cloud.as_str())];
        let azure = config(&vars).unwrap();
        let own = [azure.arm, azure.graph].map(|it| [it.endpoint.to_string(), it.audience.into()]);
        for audience in own
            .as_flattened()
            .iter()
            .map(String::as_str)
            .chain(cloud.arm_names())
        {
            let vars = [
                ("MIG_AUTH", "entra"),
                TENANT,
                ("MIG_CLOUD", cloud.as_str()),
                ("MIG_AUTH_AUDIENCE", audience),
            ];
            let told = config(&vars).err().unwrap_or_default();
            assert!(told.contains("MIG_AUTH_AUDIENCE is"), "{audience}: {told}");
        }
    }
}

#[test]
fn an_issuer_is_a_url_that_nobody_listens_in_on() {
    for (issuer, is_one) in [
        ("https://oidc.example/cluster/=mi-gateway", true),
        ("http://127.0.0.1:8080/x=mi-gateway", true),
        ("http://oidc.example=mi-gateway", false),
        ("https://oidc.example?x=mi-gateway", false),
        ("https://oidc.example", false),
        ("https://oidc.example=", false),
        (
            "https://sts.windows.net/5ab1e000-0000-4000-8000-00000000000a/=x",
            false,
        ),
        ("https://login.microsoftonline.us/t/v2.0=x", false),
    ] {
        let vars = [("MIG_AUTH", "oidc"), ("MIG_AUTH_ISSUERS", issuer)];
        assert_eq!(config(&vars).is_ok(), is_one, "{issuer}");
    }
}

#[test]
fn an_audience_that_no_token_of_the_versions_has_is_refused() {
    let (_, id) = AUDIENCE;
    let both = format!("{id},api://mi-gateway");
    for (audience, versions, is_one) in [
        (id, "2.0", true),
        ("api://mi-gateway", "2.0", false),
        (both.as_str(), "2.0", false),
        (both.as_str(), "1.0,2.0", true),
        ("api://mi-gateway", "1.0", true),
    ] {
        let told = config(&[
            ("MIG_AUTH", "entra"),
            TENANT,
            ("MIG_AUTH_AUDIENCE", audience),
            ("MIG_AUTH_VERSIONS", versions),
        ]);
        let words = "has \"api://mi-gateway\", and tokens of version 2.0";
        let is_told = told.is_err_and(|told| told.contains(words));
        assert_eq!(is_told, !is_one, "{audience} {versions}");
    }
}

#[test]
fn an_address_that_cannot_be_read_is_not_taken_for_one_that_is_too_far() {
    for listen in [
        "127.0.0.1",
        "localhost:8080",
        ":8080",
        "8080",
        "http://127.0.0.1:80",
    ] {
        let told = config(&[("MIG_LISTEN", listen)]).unwrap_err();
        assert!(told.contains("an IP address and port"), "{told}");
        assert!(!told.contains("MIG_AUTH"), "{told}");
    }
}

#[test]
fn a_variable_of_a_method_that_is_not_chosen_is_a_fault() {
    let told = config(&[("MIG_AUTH", "none"), AUDIENCE]).unwrap_err();
    assert!(told.contains("MIG_AUTH does not have entra"), "{told}");
}

#[test]
fn the_api_server_is_where_the_cluster_says() {
    for (host, url) in [
        ("10.0.0.1", "https://10.0.0.1/"),
        ("fd00::1", "https://[fd00::1]/"),
    ] {
        let config = config(&[
            ("MIG_AUTH", "kubernetes"),
            ("KUBERNETES_SERVICE_HOST", host),
            ("KUBERNETES_SERVICE_PORT", "443"),
            ("MIG_AUTH_KUBERNETES_AUDIENCE", "mi-gateway"),
        ]);
        let reviews = config.unwrap().callers.kubernetes.unwrap();
        assert_eq!(reviews.endpoint.as_str(), url);
    }
}
