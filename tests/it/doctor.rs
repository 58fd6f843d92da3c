//! What `doctor` makes of set-ups that are broken, each in one way.

mod callers;
mod identities;
mod roles;
mod start;
mod surroundings;

use azure_sandbox::{Assignment, DEFAULT_SCOPE, Host, Identity, Sandbox, Service, Settings};
use mi_gateway::{Config, Form, doctor};
use serde_json::Value;

/// A report, and the Azure that it is about.
struct Examined {
    azure: Sandbox,
    report: Value,
}

async fn examined(azure: Sandbox, host: Host, changes: &[(&str, Option<&str>)]) -> Examined {
    let mut variables = azure.environment(host);
    for (name, value) in changes {
        variables.retain(|(known, _)| known != name);
        if let Some(value) = value {
            variables.push(((*name).to_owned(), (*value).to_owned()));
        }
    }
    let config = Config::from_vars(variables).unwrap();
    let (json, is_ok) = doctor(&config, Form::Json).await.unwrap();
    let report: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["ok"], is_ok);
    for secret in azure.secrets() {
        assert!(!json.contains(&secret));
    }
    Examined { azure, report }
}

impl Examined {
    fn checks(&self) -> &[Value] {
        self.report["checks"].as_array().unwrap()
    }

    /// Names and codes of the checks that ended as `verdict`.
    fn all(&self, verdict: &str) -> Vec<(&str, &str)> {
        let checks = self.checks().iter().filter(|it| it["verdict"] == verdict);
        checks
            .map(|it| {
                let code = it["code"].as_str().unwrap_or_default();
                (it["name"].as_str().unwrap(), code)
            })
            .collect()
    }

    /// Nothing but `cause` failed, and nothing stands there as a doubt.
    fn fails_alone(&self, cause: (&str, &str)) -> &Value {
        assert_eq!(self.all("failed"), [cause], "{}", self.report);
        assert_eq!(self.all("warning"), [], "{}", self.report);
        self.check(cause.0)
    }

    fn check(&self, name: &str) -> &Value {
        let mut checks = self.checks().iter();
        checks.find(|it| it["name"] == name).unwrap()
    }
}

fn sandbox(settings: Settings) -> Sandbox {
    Sandbox::start(settings).unwrap()
}

fn says(check: &Value, member: &str, words: &str) {
    let text = check[member].as_str().unwrap();
    assert!(text.contains(words), "{words} in {text}");
}

/// All actions of `deploy/azure/role.json`.
fn operator() -> Vec<String> {
    let role = include_str!("../../deploy/azure/role.json");
    let role: Value = serde_json::from_str(role).unwrap();
    serde_json::from_value(role["Actions"].clone()).unwrap()
}

#[actix_web::test]
async fn a_whole_set_up_has_nothing_to_mend() {
    for host in [Host::Vm, Host::ContainerApp] {
        let azure = sandbox(Settings::default());
        azure.assign(vec![Assignment {
            scope: DEFAULT_SCOPE.to_owned(),
            actions: operator(),
        }]);
        let examined = examined(azure, host, &[]).await;
        assert_eq!(examined.report["ok"], true, "{}", examined.report);
        assert!(!examined.report.to_string().contains("mend"));
        let names = examined
            .checks()
            .iter()
            .map(|it| it["name"].as_str().unwrap());
        assert_eq!(
            names.collect::<Vec<_>>(),
            [
                "source",
                "policies",
                "audit",
                "certificate",
                "host",
                "cloud",
                "arm",
                "graph",
                "clock",
                "callers",
                "arm_token",
                "graph_token",
                "identity",
                "scopes",
                "permissions",
                "graph_role"
            ]
        );
        says(
            examined.check("identity"),
            "detail",
            &Identity::gateway().client_id,
        );
        assert!(examined.azure.unexpected().is_empty());
        let orders = examined.azure.requests(Service::Actions);
        assert!(orders.is_empty(), "a doctor changes nothing");
    }
}

#[actix_web::test]
async fn people_read_what_mends_it_below_what_is_wrong() {
    let azure = sandbox(Settings::default());
    azure.assign(Vec::new());
    let config = Config::from_vars(azure.environment(Host::ContainerApp)).unwrap();
    let (text, is_ok) = doctor(&config, Form::Text).await.unwrap();
    assert!(!is_ok);
    let mut lines = text.lines().skip_while(|line| !line.starts_with("FAILED"));
    let [what, mend] = [lines.next().unwrap(), lines.next().unwrap()];
    assert!(
        what.contains(DEFAULT_SCOPE) && what.ends_with("(action_missing)"),
        "{what}"
    );
    assert!(
        mend.trim_start()
            .starts_with("to mend it: az role assignment create"),
        "{mend}"
    );
    assert!(
        text.ends_with("\n16 checks: 11 ok, 0 warning, 1 failed, 4 skipped\n"),
        "{text}"
    );
}
