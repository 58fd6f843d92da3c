//! Shadow policies tell what they would change, and change nothing.

use super::*;

fn shadow_of(text: &str) -> (bool, Shadow) {
    let policies = policies(text);
    let id = machine(ONE, "g", "vm");
    let decision = deallocates(&policies, &app(1, &["A"]), &id, &tags(&[]));
    (decision.is_permit(), decision.shadow().clone())
}

const PERMIT: &str = "@id(\"p\") permit (principal, action, resource);";
const FORBID: &str = "@id(\"f\") forbid (principal, action, resource);";
const NEITHER: &str = "@id(\"n\") permit (principal in %Role::\"B\", action, resource);";

#[test]
fn what_they_would_change_is_told_and_not_done() {
    let named = |name: &str| vec![name.to_owned()];
    let permit = "@id(\"sp\") @shadow(\"true\") permit (principal, action, resource);";
    let forbid =
        "@id(\"sf\") @shadow(\"true\") forbid (principal in %Role::\"A\", action, resource);";
    for (enforced, shadow, is_permit, expected) in [
        (PERMIT, forbid, true, Shadow::Denies(named("sf"))),
        (NEITHER, permit, false, Shadow::Permits(named("sp"))),
        (PERMIT, permit, true, Shadow::Same),
        (FORBID, permit, false, Shadow::Same),
        (NEITHER, forbid, false, Shadow::Same),
        (NEITHER, &format!("{permit}{forbid}"), false, Shadow::Same),
    ] {
        let told = shadow_of(&format!("{enforced}{shadow}"));
        assert_eq!(told, (is_permit, expected), "{enforced} {shadow}");
    }
}

#[test]
fn a_shadow_that_is_switched_off_is_enforced() {
    let forbid = FORBID.replace("forbid", "@shadow(\"false\") forbid");
    assert_eq!(
        shadow_of(&format!("{PERMIT}{forbid}")),
        (false, Shadow::Same)
    );
}

#[test]
fn a_shadow_alone_lets_nobody_in() {
    let policies = policies("@shadow(\"true\") permit (principal, action, resource);");
    assert!(
        !policies
            .current()
            .may_ever(&Caller::Anonymous, Action::GetVm)
    );
    assert!(
        !policies
            .decide(&Caller::Anonymous, &Ask::GetIdentity)
            .is_permit()
    );
}
