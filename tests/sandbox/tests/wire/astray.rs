//! Tokens that are not what was asked for, and an Azure that is elsewhere.

use azure_sandbox::{Cloud, Identity, Sandbox, Settings};

use crate::client::{ARM, Answer, GRAPH, METADATA, claims, encoded, get, sandbox, token_url};

#[test]
fn tokens_can_be_those_of_another_identity() {
    let azure = sandbox();
    let other = Identity::named("other");
    let first = token(&azure);

    azure.answer_as(other.clone());
    let wrong = ask(&azure, "");
    azure.answer_as(None);

    assert_eq!(wrong.text("/client_id"), other.client_id);
    let wrong = claims(&wrong.text("/access_token"));
    assert_eq!(wrong["appid"], other.client_id);
    assert_eq!(wrong["xms_mirid"], other.resource_id);
    assert_eq!(token(&azure), first);
}

#[test]
fn tokens_can_be_made_out_to_another_audience() {
    let azure = sandbox();
    let url = format!("{}/v1.0/users", azure.url());
    let status = |token: &str| get(&url, &[("authorization", &format!("Bearer {token}"))]).status;
    let right = token(&azure);

    azure.token_audience(GRAPH);
    let wrong = token(&azure);
    azure.token_audience(None);

    assert_eq!(claims(&wrong)["aud"], GRAPH);
    assert_eq!(status(&wrong), 200);
    assert_eq!(status(&right), 401);
    assert_eq!(claims(&token(&azure))["aud"], ARM);
}

#[test]
fn the_clock_of_azure_can_be_off() {
    for offset in [-7200, 0, 7200] {
        let azure = Sandbox::start(Settings {
            clock_offset: offset,
            ..Settings::default()
        })
        .unwrap();

        let before = jiff::Timestamp::now().as_second();
        let answer = ask(&azure, "");
        let after = jiff::Timestamp::now().as_second();

        let date = jiff::fmt::rfc2822::parse(answer.header("date").unwrap());
        let date = date.unwrap().timestamp().as_second();
        let not_before = claims(&answer.text("/access_token"))["nbf"]
            .as_i64()
            .unwrap();
        for told in [date, not_before] {
            let here = before + offset..=after + offset;
            assert!(here.contains(&told), "{told} is not in {here:?}");
        }
        assert_eq!(answer.text("/expires_in"), "86400");
        let dates = answer.headers.iter().filter(|(name, _)| name == "date");
        assert_eq!(dates.count(), 1);
    }
}

#[test]
fn the_clock_of_azure_can_be_set_while_it_runs() {
    let azure = sandbox();
    let url = format!("{}/subscriptions?api-version=2022-12-01", azure.url());
    let status = |token: &str| get(&url, &[("authorization", &format!("Bearer {token}"))]).status;
    let right = token(&azure);
    assert_eq!(status(&right), 200);

    azure.set_clock(25 * 3_600);
    let expired = status(&right);
    let later = claims(&token(&azure))["nbf"].as_i64().unwrap();
    azure.set_clock(0);

    assert_eq!(expired, 401);
    assert!(later > jiff::Timestamp::now().as_second() + 24 * 3_600);
    assert_eq!(status(&right), 200);
}

#[test]
fn each_cloud_has_its_name_and_its_audiences() {
    for (cloud, name, audiences) in [
        (
            Cloud::Public,
            "AzurePublicCloud",
            [
                "https://management.azure.com/",
                "https://management.core.windows.net/",
                "https://graph.microsoft.com",
            ],
        ),
        (
            Cloud::UsGov,
            "AzureUSGovernmentCloud",
            [
                "https://management.usgovcloudapi.net",
                "https://management.core.usgovcloudapi.net/",
                "https://graph.microsoft.us/",
            ],
        ),
        (
            Cloud::China,
            "AzureChinaCloud",
            [
                "https://management.chinacloudapi.cn/",
                "https://management.core.chinacloudapi.cn/",
                "https://microsoftgraph.chinacloudapi.cn",
            ],
        ),
    ] {
        for at in [Cloud::Public, Cloud::UsGov, Cloud::China] {
            let azure = Sandbox::start(Settings {
                cloud: at,
                ..Settings::default()
            })
            .unwrap();
            let expected = if at == cloud { 200 } else { 400 };
            for audience in audiences {
                let url = token_url(&azure, "").replace(&encoded(ARM), &encoded(audience));
                let status = get(&url, &[METADATA]).status;
                assert_eq!(status, expected, "{audience} in {at:?}");
            }
            assert_eq!(environment(&azure) == name, at == cloud);
        }
    }
}

fn environment(azure: &Sandbox) -> String {
    let path = "metadata/instance/compute/azEnvironment?api-version=2021-02-01&format=text";
    get(&format!("{}/{path}", azure.url()), &[METADATA]).body
}

fn ask(azure: &Sandbox, more: &str) -> Answer {
    get(&token_url(azure, more), &[METADATA])
}

fn token(azure: &Sandbox) -> String {
    ask(azure, "").text("/access_token")
}
