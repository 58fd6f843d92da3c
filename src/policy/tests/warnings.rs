//! What is odd about policies, and may be meant.

use super::*;
use crate::policy::reload::Look;

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
