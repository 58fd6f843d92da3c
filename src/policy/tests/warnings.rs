//! What is odd about policies, and may be meant.

use super::*;
use crate::{config::Config, policy::reload::Look};

/// The name of its group has a letter that only looks like an o.
const ODD_FORBID: &str = "@id(\"odd\") forbid (principal, action, resource in \
                          %ResourceGroup::\"SUB/resourceGroups/rg-l\u{43e}cked\");";

const PERMIT: &str = "permit (principal, action, resource);";

#[test]
fn a_refusal_tells_what_is_odd_beside_what_is_wrong() {
    let wrong = "forbid (principal, action == %Action::\"delete\", resource);";
    let text = written(&format!("{ODD_FORBID}\n{wrong}"));
    let folder = Folder::new().with("a.cedar", &written(PERMIT));
    let folder = folder.with("b.cedar", &text);
    let refused = folder.load().err().unwrap().to_string();
    for words in ["b.cedar:2:", "delete", ODD, "b.cedar:1:", "mixed scripts"] {
        assert!(refused.contains(words), "{words} in {refused}");
    }
}

#[test]
fn what_is_odd_alone_is_no_refusal() {
    let policies = policies(&format!("{PERMIT}\n{ODD_FORBID}"));
    let set = policies.current();
    let told: Vec<_> = set.warnings.iter().map(ToString::to_string).collect();
    assert_eq!((set.entries().len(), told.len()), (2, 1), "{told:?}");
    assert!(told[0].contains("test.cedar:2:"), "{told:?}");
}

/// The policies of `text`, where callers prove themselves by `methods` and `vars`.
fn among(text: &str, methods: &str, vars: &[(&str, &str)]) -> Result<Policies, Faults> {
    let vars = vars.iter().copied().chain([("MIG_AUTH", methods)]);
    let callers = Config::from_vars(vars).unwrap().callers;
    let folder = Folder::new().with("test.cedar", &written(text));
    let loaded = Policies::load(folder.source(), Some(callers), Metrics::new().unwrap());
    loaded.map_err(|error| error.into_faults(&folder.source()))
}

#[test]
fn a_forbid_of_somebody_who_is_called_otherwise_is_refused_or_odd() {
    let one = ("MIG_AUTH_ISSUERS", "https://a.example=g");
    let two = (
        "MIG_AUTH_ISSUERS",
        "https://a.example=g,https://b.example=g",
    );
    let audience = ("MIG_AUTH_KUBERNETES_AUDIENCE", "g");
    let cluster = ("MIG_KUBERNETES_ENDPOINT", "https://cluster.example");
    let robot = "%Caller::\"system:serviceaccount:ops:robot\"";
    let in_scope = format!("{PERMIT}\nforbid (principal == {robot}, action, resource);");
    let in_condition =
        format!("{PERMIT}\nforbid (principal, action, resource) when {{ principal == {robot} }};");
    for text in [&in_scope, &in_condition] {
        let warnings = |policies: Policies| policies.current().warnings.len();
        assert_eq!(among(text, "oidc", &[one]).map(warnings), Ok(0));
        assert_eq!(among(text, "none", &[]).map(warnings), Ok(0));
        let reviewed = among(text, "oidc,kubernetes", &[one, audience, cluster]);
        assert_eq!(reviewed.map(warnings), Ok(1));
        let refused = among(text, "oidc", &[two]).err().unwrap().to_string();
        let words = "test.cedar:2:1: nobody can be system:serviceaccount:ops:robot: ";
        assert!(refused.contains(words), "{refused}");
    }
}

#[test]
fn a_permit_of_nobody_is_odd_and_an_exception_of_nobody_is_refused() {
    let nobody = "%Caller::\"https://a.example|robot\"";
    let entra = [
        ("MIG_AUTH_TENANT", "5ab1e000-0000-4000-8000-00000000000a"),
        ("MIG_AUTH_AUDIENCE", "5ab1e000-0000-4000-8000-00000000000f"),
    ];
    let permit = format!("permit (principal == {nobody}, action, resource);");
    let policies = among(&permit, "entra", &entra).unwrap();
    assert_eq!(policies.current().warnings.len(), 1);
    let exception =
        format!("permit (principal, action, resource) unless {{ principal == {nobody} }};");
    let refused = among(&exception, "entra", &entra)
        .err()
        .unwrap()
        .to_string();
    assert!(
        refused.contains("nobody can be https://a.example|robot: "),
        "{refused}"
    );
}

#[actix_web::test]
async fn what_was_refused_is_not_read_again_until_it_is_another() {
    let folder = Folder::new().with("a.cedar", PERMIT);
    let policies = folder.load().unwrap();
    folder.write("a.cedar", "permit");
    policies.look().await;
    assert!(matches!(policies.compare(), Look::RefusedBefore));
    folder.write("a.cedar", "permit (");
    assert!(matches!(policies.compare(), Look::Refused(_)));
    folder.write("a.cedar", PERMIT);
    assert!(matches!(policies.compare(), Look::Held));
}
