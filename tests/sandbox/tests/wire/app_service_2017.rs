//! The token endpoint of App Service, as it was in 2017.

use azure_sandbox::{DateForm, Fault, Host, Identity, Service, Settings, Times};
use jiff::Timestamp;

use crate::{
    client::{ARM, Answer, claims, encoded, get, post},
    host::{HostOf, identities},
};

#[test]
fn the_secret_is_required_and_must_not_show() {
    let app = app(Settings::default());
    let url = url(&app, "");

    for headers in [
        &[][..],
        &[("Secret", "guessed")],
        &[("X-IDENTITY-HEADER", app.var("MSI_SECRET"))],
        &[("Metadata", "true")],
    ] {
        assert_eq!(get(&url, headers).status, 403, "{headers:?}");
    }
    assert_eq!(ask(&app, "").status, 200);
    let secret = app.var("MSI_SECRET").to_owned();
    assert!(app.azure.secrets().contains(&secret));
    assert_eq!(app.azure.requests(Service::Token).len(), 5);
}

#[test]
fn nothing_but_get_and_its_one_version_is_taken() {
    let app = app(Settings::default());
    let secret = [("Secret", app.var("MSI_SECRET"))];
    let newer = url(&app, "").replace("2017-09-01", "2019-08-01");

    let posted = post(&url(&app, ""), &secret, "resource=x");
    let refusal = get(&newer, &secret);

    assert_eq!(posted.status, 405);
    assert_eq!(refusal.status, 400);
    assert_eq!(refusal.json()["StatusCode"], 400);
}

#[test]
fn the_end_of_a_token_is_a_date_in_each_of_its_forms() {
    for (form, format) in [
        (DateForm::TwentyFourHours, "%m/%d/%Y %H:%M:%S %z"),
        (DateForm::TwelveHours, "%m/%d/%Y %I:%M:%S %p %z"),
    ] {
        let answer = ask(&app(dates(form)), "");

        let expires_on = answer.text("/expires_on");
        let plain = expires_on.replace(" +00:00", " +0000");
        let end = Timestamp::strptime(format, &plain).expect(&expires_on);
        let token = claims(&answer.text("/access_token"));
        assert_eq!(token["exp"], end.as_second(), "{expires_on}");
    }
}

#[test]
fn a_date_of_24_hours_can_say_am_or_pm_besides() {
    let answer = ask(&app(dates(DateForm::Both)), "");

    let expires_on = answer.text("/expires_on");
    let (date, half) = expires_on
        .rsplit_once("M +00:00")
        .unwrap()
        .0
        .rsplit_once(' ')
        .unwrap();
    let plain = format!("{date} +0000");
    let end = Timestamp::strptime("%m/%d/%Y %H:%M:%S %z", &plain).expect(&expires_on);
    let hour = end.strftime("%p").to_string();
    assert_eq!(format!("{half}M"), hour, "{expires_on}");
    assert_eq!(
        claims(&answer.text("/access_token"))["exp"],
        end.as_second()
    );
}

#[test]
fn an_id_is_heard_by_one_name_alone() {
    let app = app(identities(true, &["first"]));
    let first = Identity::named("first");
    let holder = |more: &str| {
        let token = ask(&app, more).text("/access_token");
        claims(&token)["appid"].as_str().unwrap().to_owned()
    };

    let system = holder("");

    assert_eq!(
        holder(&format!("&clientid={}", first.client_id)),
        first.client_id
    );
    for unheard in [
        format!("&client_id={}", first.client_id),
        format!("&object_id={}", first.object_id),
        format!("&mi_res_id={}", encoded(&first.resource_id)),
    ] {
        assert_eq!(holder(&unheard), system, "{unheard}");
    }
}

#[test]
fn an_identity_that_the_app_does_not_have_is_not_found() {
    let other = Identity::named("other").client_id;
    let with = app(identities(true, &["first"]));
    let without = app(identities(false, &["first"]));

    for refusal in [ask(&with, &format!("&clientid={other}")), ask(&without, "")] {
        assert_eq!(refusal.status, 400);
        assert_eq!(
            refusal.text("/Message"),
            "No MSI found for specified ClientId/ResourceId."
        );
    }
}

#[test]
fn what_entra_refused_comes_with_a_status_of_success() {
    let app = app(Settings::default());
    let url = url(&app, "").replace(&encoded(ARM), "https%3A%2F%2Fexample.org");

    let answer = get(&url, &[("Secret", app.var("MSI_SECRET"))]);

    assert_eq!(answer.status, 200);
    let why = answer.text("/ExceptionMessage");
    assert!(why.starts_with("AADSTS500011: "), "{why}");
    assert_eq!(answer.json().get("access_token"), None);
}

#[test]
fn faults_of_the_token_service_reach_it() {
    let app = app(Settings::default());
    app.azure
        .inject(Service::Token, Fault::answer(503, "{}"), Times::Next(1));

    assert_eq!(ask(&app, "").status, 503);
    assert_eq!(ask(&app, "").status, 200);
}

fn app(settings: Settings) -> HostOf {
    HostOf::new(Host::AppService2017, settings)
}

fn dates(app_service_dates: DateForm) -> Settings {
    Settings {
        app_service_dates,
        ..Settings::default()
    }
}

fn url(app: &HostOf, more: &str) -> String {
    let endpoint = app.var("MSI_ENDPOINT");
    let resource = encoded(ARM);
    format!("{endpoint}?api-version=2017-09-01&resource={resource}{more}")
}

fn ask(app: &HostOf, more: &str) -> Answer {
    get(&url(app, more), &[("Secret", app.var("MSI_SECRET"))])
}
