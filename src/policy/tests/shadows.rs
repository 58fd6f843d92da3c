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

/// How often shadow policies were counted to turn `action` into `outcome`.
fn differences(policies: &Policies, action: &str, outcome: &str) -> usize {
    let series = format!(
        "mi_gateway_policy_shadow_differences_total{{action=\"{action}\",outcome=\"{outcome}\"}} "
    );
    let text = policies.0.metrics.encode().unwrap();
    let count = text.lines().find_map(|line| line.strip_prefix(&series));
    count.map_or(0, |count| count.parse().unwrap())
}

#[test]
fn whom_nothing_permits_is_refused_at_once_and_counted_by_permits_alone() {
    let policies = policies(&format!(
        "{NEITHER} @shadow(\"true\") forbid (principal, action, resource);\n\
         @id(\"a\") @shadow(\"true\") permit (principal in %Role::\"A\", action == %Action::\"getVm\", \
         resource in %ResourceGroup::\"SUB/resourceGroups/g\");"
    ));
    let admitted = |caller| policies.admit(&caller, &[Action::GetVm]);

    let named = admitted(app(1, &["A"])).unwrap_err().remove(0);
    assert_eq!(named.shadow, Shadow::Permits(vec!["a".to_owned()]));
    let other = admitted(app(1, &["C"])).unwrap_err().remove(0);
    assert_eq!(other.shadow, Shadow::Same);
    assert_eq!(differences(&policies, "getVm", "permit"), 1);
    assert_eq!(differences(&policies, "getVm", "deny"), 0);
    assert!(admitted(app(1, &["B"])).is_ok());
}

#[test]
fn whom_one_of_several_actions_is_permitted_is_refused_none_of_them() {
    let policies = policies(
        "permit (principal, action == %Action::\"hibernate\", resource);\n\
         @shadow(\"true\") permit (principal, action == %Action::\"deallocate\", resource);",
    );
    let hibernate = Action::Order(azure::Action::Hibernate);
    let both = [Action::Order(DEALLOCATE), hibernate];
    assert!(policies.admit(&Caller::Anonymous, &both).is_ok());
    assert_eq!(differences(&policies, "deallocate", "permit"), 0);
}

#[test]
fn a_shadow_on_tags_needs_no_look_and_is_counted_once_somebody_looked() {
    let policies = policies(&format!(
        "{PERMIT} @shadow(\"true\") forbid (principal, action == %Action::\"getVm\", resource is %Vm)\n\
         when {{ resource.hasTag(\"protected\") }};"
    ));
    assert!(!policies.needs_tags(Action::GetVm));
    let id = machine(ONE, "g", "vm");
    let about = |tags| Machine { id: &id, tags };
    let unseen = policies.decide(&Caller::Anonymous, &Ask::GetVm(about(None)));
    assert!(unseen.is_permit());
    assert_eq!(*unseen.shadow(), Shadow::Same);

    let (bare, tagged) = (tags(&[]), tags(&[("Protected", "yes")]));
    policies.try_tags(&Caller::Anonymous, OnVm::Get, about(Some(&bare)));
    assert_eq!(differences(&policies, "getVm", "deny"), 0);
    policies.try_tags(&Caller::Anonymous, OnVm::Get, about(Some(&tagged)));
    assert_eq!(differences(&policies, "getVm", "deny"), 1);
}

#[test]
fn what_was_counted_with_the_decision_is_not_counted_again_after_the_look() {
    let policies = policies(&format!(
        "{PERMIT} @shadow(\"true\") {FORBID}\n\
         @shadow(\"true\") forbid (principal, action == %Action::\"getVm\", resource is %Vm)\n\
         when {{ resource.hasTag(\"protected\") }};"
    ));
    let (id, tagged) = (machine(ONE, "g", "vm"), tags(&[("protected", "yes")]));
    let about = |tags| Machine { id: &id, tags };
    policies.decide(&Caller::Anonymous, &Ask::GetVm(about(None)));
    policies.try_tags(&Caller::Anonymous, OnVm::Get, about(Some(&tagged)));
    assert_eq!(differences(&policies, "getVm", "deny"), 1);
}

#[test]
fn whom_none_of_two_actions_is_permitted_is_counted_once() {
    let policies = policies(NEITHER);
    let hibernate = Action::Order(azure::Action::Hibernate);
    let both = [Action::Order(DEALLOCATE), hibernate];
    assert!(policies.admit(&Caller::Anonymous, &both).is_err());
    let text = policies.0.metrics.encode().unwrap();
    let counted = text
        .lines()
        .filter(|line| line.starts_with("mi_gateway_policy_decisions_total"));
    assert_eq!(
        counted.collect::<Vec<_>>(),
        [r#"mi_gateway_policy_decisions_total{action="deallocate",outcome="none_permits"} 1"#]
    );
}
