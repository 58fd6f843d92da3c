//! Whether users can be listed is proven, and told with what mends it.

use azure_sandbox::{AppRoles, Fault, Host, Identity, Sandbox, Service, Settings, Times};

use crate::gateway::Gateway;

const RESEARCH: &str = "/directory/users?department=R%26D";

fn granted(roles: AppRoles) -> Gateway {
    let azure = Sandbox::start(Settings::default()).unwrap();
    azure.app_roles(roles);
    Gateway::before(azure, Host::ContainerApp, &[])
}

fn before_fault(fault: Fault, times: Times) -> Gateway {
    let azure = Sandbox::start(Settings::default()).unwrap();
    azure.inject(Service::Graph, fault, times);
    Gateway::before(azure, Host::ContainerApp, &[])
}

/// The command that grants the permission to the gateway's identity.
fn command() -> String {
    let principal = Identity::gateway().object_id;
    format!(
        "az rest --method POST --url https://graph.microsoft.com/v1.0/servicePrincipals/\
         {principal}/appRoleAssignments --body '{{\"principalId\":\"{principal}\",\
         \"resourceId\":\"'$(az ad sp show --id 00000003-0000-0000-c000-000000000000 --query id \
         --output tsv)'\",\"appRoleId\":\"df021288-bdef-4463-88db-98f22de89214\"}}'"
    )
}

#[actix_web::test]
async fn a_permission_that_is_granted_is_proven_by_finding_somebody() {
    let gateway = granted(AppRoles::ReadAll);
    gateway.proven().await;
    assert!(gateway.listings().is_empty());
    let asked = gateway.azure.requests(Service::Graph);
    assert_eq!(asked.len(), 2);
    assert!(asked[1].query.contains("department%20eq%20"));
    for request in asked {
        assert_eq!(request.header("x-ms-throttle-priority"), Some("Low"));
    }
    let metric = r#"directory_permission{verdict="fine"}"#;
    assert!((gateway.metric(metric).await - 1.0).abs() < f64::EPSILON);
}

#[actix_web::test]
async fn a_refusal_is_told_with_the_command_and_the_gateway_stays_ready() {
    for (roles, carried) in [
        (AppRoles::None, "the token in use carries no permission"),
        (AppRoles::BasicRefused, "carries User.ReadBasic.All"),
    ] {
        let gateway = granted(roles);
        let detail = gateway.standing("denied").await;
        for words in [&command(), "24 hours", carried] {
            assert!(detail.contains(words), "{words} in {detail}");
        }
        gateway.ready().await;
        assert_eq!(gateway.get("/vms/web-01").await.status, 200);
        let metric = r#"directory_permission{verdict="denied"}"#;
        assert!((gateway.metric(metric).await - 1.0).abs() < f64::EPSILON);
    }
}

#[actix_web::test]
async fn a_listing_that_is_refused_names_the_command() {
    let gateway = granted(AppRoles::None);
    let answer = gateway.get(RESEARCH).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (502, "upstream_refused")
    );
    let problem = answer.json();
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(&command()), "{detail}");
}

#[actix_web::test]
async fn a_permission_that_hides_departments_is_told_from_one_that_shows_them() {
    let gateway = granted(AppRoles::BasicHidden);
    let detail = gateway.standing("silently_empty").await;
    for words in [&command(), "User.ReadBasic.All"] {
        assert!(detail.contains(words), "{words} in {detail}");
    }
    let asked = gateway.azure.requests(Service::Graph);
    assert!(asked[1].query.contains("department%20ge%20%27%21%27"));
}

#[actix_web::test]
async fn a_directory_without_users_proves_nothing() {
    let empty = Fault::answer(200, r#"{"value":[]}"#);
    let gateway = before_fault(empty, Times::Always);
    gateway.standing("silently_empty").await;
}

#[actix_web::test]
async fn a_sample_without_departments_is_no_disproof() {
    let sample = Fault::answer(200, r#"{"value":[{"id":"1","department":null}]}"#);
    let gateway = before_fault(sample, Times::Next(1));
    gateway.proven().await;
    // The proof is of the same look: a later one would begin with a sample again.
    let asked = gateway.azure.requests(Service::Graph);
    assert_eq!(asked.len(), 2);
    assert!(asked[1].query.contains("department%20ge%20%27%21%27"));
}

#[actix_web::test]
async fn pages_without_anybody_are_not_taken_for_the_end() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    azure.empty_pages(2);
    let gateway = Gateway::before(azure, Host::ContainerApp, &[]);
    gateway.proven().await;
}

#[actix_web::test]
async fn a_token_that_is_not_accepted_is_told_as_a_matter_of_the_identity() {
    let body = r#"{"error":{"code":"InvalidAuthenticationToken","message":"no"}}"#;
    let gateway = before_fault(Fault::answer(401, body), Times::Always);
    let detail = gateway.standing("wrong_identity").await;
    assert!(detail.contains("AZURE_CLIENT_ID"), "{detail}");
}

#[actix_web::test]
async fn a_refused_token_of_another_identity_is_told_as_such() {
    let azure = Sandbox::start(Settings::default()).unwrap();
    azure.app_roles(AppRoles::None);
    let fault = Fault::answer(200, &token_of_the_host(&azure).await);
    azure.inject(Service::Token, fault, Times::Always);
    let gateway = Gateway::before(azure, Host::ContainerApp, &[]);
    gateway.standing("wrong_identity").await;
}

/// What the identity endpoint answers where no identity is named.
async fn token_of_the_host(azure: &Sandbox) -> String {
    let environment = azure.environment(Host::ContainerApp);
    let of = |name| {
        let found = environment.iter().find(|(known, _)| known == name);
        found.unwrap().1.clone()
    };
    let url = format!(
        "{}?api-version=2019-08-01&resource=https://graph.microsoft.com",
        of("IDENTITY_ENDPOINT")
    );
    let mut answer = awc::Client::default()
        .get(url)
        .insert_header(("x-identity-header", of("IDENTITY_HEADER")))
        .send()
        .await
        .unwrap();
    String::from_utf8(answer.body().await.unwrap().to_vec()).unwrap()
}

#[actix_web::test]
async fn throttling_and_silence_are_told_from_a_refusal() {
    let throttled = Fault::Throttle { retry_after: 300 };
    let gateway = before_fault(throttled, Times::Always);
    gateway.standing("throttled").await;
    let gateway = before_fault(Fault::answer(500, "{}"), Times::Always);
    let detail = gateway.standing("unreachable").await;
    assert!(detail.contains("500"), "{detail}");
}
