//! The ways in which a policy forbids nothing and nobody notices.

use super::*;

const PERMIT: &str = "permit (principal, action, resource);";

#[test]
fn a_forbid_that_looks_at_what_may_be_missing_is_refused() {
    let told = faults(
        "permit (principal, action, resource);\n\
         @id(\"prod\")\n\
         forbid (principal, action == %Action::\"deallocate\", resource)\n\
         when { resource.getTag(\"env\") == \"prod\" };",
    );
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("test.cedar:4:8: "), "{told:?}");
    assert!(told[0].contains("hasTag"), "{told:?}");
}

#[test]
fn a_forbid_that_cannot_be_evaluated_denies_and_is_named() {
    // The other machine is not at hand, so that its name cannot be looked at.
    let other = "%Vm::\"SUB/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/o\"";
    let policies = policies(&format!(
        "{PERMIT} @id(\"broken\")\n\
         forbid (principal, action, resource is %Vm) when {{ {other}.name == \"x\" }};"
    ));
    let id = machine(ONE, "g", "vm");
    let denied = deallocates(&policies, &Caller::Anonymous, &id, &tags(&[]));
    assert_eq!(
        denied.policies(),
        ["broken"],
        "a policy that fails is passed over"
    );
    assert_eq!(reason(denied), Reason::Failed(vec!["broken".to_owned()]));
    assert!(
        policies
            .decide(&Caller::Anonymous, &Ask::GetIdentity)
            .is_permit()
    );
}

#[test]
fn a_forbid_holds_whatever_the_case_of_its_id() {
    let policies = policies(&format!(
        "{PERMIT} @id(\"locked\")\n\
         forbid (principal, action, resource in %ResourceGroup::\"SUB/RESOURCEGROUPS/RG-Locked\");"
    ));
    for group in ["rg-locked", "RG-LOCKED", "Rg-Locked"] {
        let id = machine(&ONE.to_uppercase(), group, "vm");
        let denied = deallocates(&policies, &Caller::Anonymous, &id, &tags(&[]));
        assert_eq!(reason(denied), Reason::Forbidden(vec!["locked".to_owned()]));
    }
}

#[test]
fn texts_of_conditions_are_compared_as_azure_would() {
    let client = object(101).to_string().to_uppercase();
    for condition in [
        "resource.name == \"WEB-01\"".to_owned(),
        "\"WEB-01\" == resource.name".to_owned(),
        "[\"x\", \"Web-01\"].contains(resource.name)".to_owned(),
        "resource.name like \"WEB-*\"".to_owned(),
        format!("principal has clientId && principal.clientId == \"{client}\""),
        "resource.hasTag(\"PROTECTED\")".to_owned(),
        "resource.hasTag(\"protecteD\") && resource.getTag(\"protecteD\") == \"Yes\"".to_owned(),
    ] {
        let policies = policies(&format!(
            "{PERMIT} forbid (principal, action, resource is %Vm) when {{ {condition} }};"
        ));
        let id = machine(ONE, "g", "web-01");
        let denied = deallocates(&policies, &app(1, &[]), &id, &tags(&[("Protected", "Yes")]));
        assert!(!denied.is_permit(), "{condition}");
        let other = deallocates(
            &policies,
            &user(2),
            &machine(ONE, "g", "db"),
            &tags(&[("owner", "x")]),
        );
        assert!(other.is_permit(), "{condition}");
    }
}

#[test]
fn a_condition_that_would_never_hold_is_refused() {
    for (condition, word) in [
        ("principal.kind == \"App\"", "kind"),
        ("context.fields.contains(\"password\")", "password"),
        (
            "resource.name == (if resource.hasTag(\"x\") then \"A\" else \"b\")",
            "written out",
        ),
        ("resource.hasTag(principal.kind)", "written out"),
        (
            "(if %Vm::\"SUB/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v\"\
             .hasTag(principal.kind) then context else context).fields.isEmpty()",
            "written out, such as",
        ),
        (
            "principal has clientId && principal.clientId like \"5AB1E000-*\"",
            "not by like",
        ),
        (
            "principal has clientId && principal.clientId == \"5ab1e000-0000-4000-8000-0000000000aa \"",
            "no space",
        ),
        (
            "principal has clientId && principal.clientId == \"5AB1E000-0000-4000-8000-0000000000AA\u{a0}\"",
            "write 5ab1e000-0000-4000-8000-0000000000aa,",
        ),
        (
            "principal has clientId && [\"{5ab1e000-0000-4000-8000-0000000000aa}\"].contains(principal.clientId)",
            "hyphens alone",
        ),
        ("principal in %Caller::\"me\"", "no caller"),
        (
            "resource.hasTag(\"o\") && {name: resource.getTag(\"o\")}.name == \"Web\"",
            "cannot have a name",
        ),
        (
            "{\".\": principal.kind == \"App\"}[\".\"]",
            "no caller's kind is \"App\"",
        ),
        ("false", "impossible"),
    ] {
        let action = if condition.contains("context") {
            "listUsers"
        } else {
            "start"
        };
        let told = faults(&format!(
            "forbid (principal, action == %Action::\"{action}\", resource) when {{ {condition} }};"
        ));
        assert!(
            told.iter().any(|it| it.contains(word)),
            "{condition}: {told:?}"
        );
    }
}

#[test]
fn without_a_look_at_the_tags_that_count_nothing_is_permitted() {
    let policies = policies(
        "permit (principal, action, resource);\n\
         forbid (principal, action in %Action::\"operate\", resource) when { resource.hasTag(\"x\") };",
    );
    assert!(policies.needs_tags(Action::Order(DEALLOCATE)));
    assert!(!policies.needs_tags(Action::Order(azure::Action::Update)));
    assert!(!policies.needs_tags(Action::GetVm) && !policies.needs_tags(Action::ListUsers));
    let id = machine(ONE, "g", "vm");
    let unseen = Machine {
        id: &id,
        tags: None,
    };
    let denied = policies.decide(&Caller::Anonymous, &Ask::Order(DEALLOCATE, unseen));
    assert_eq!(reason(denied), Reason::TagsUnknown);
    assert!(
        policies
            .decide(&Caller::Anonymous, &Ask::GetVm(unseen))
            .is_permit()
    );
}

/// Decisions are kept without the resource where no policy looks at it.
#[test]
fn what_a_policy_can_tell_apart_is_decided_apart() {
    let (first, other) = (machine(ONE, "g", "vm"), machine(ONE, "h", "vm"));
    for condition in [
        "resource in %ResourceGroup::\"/subscriptions/ONE/resourcegroups/g\"",
        "%Vm::\"/subscriptions/ONE/resourcegroups/g/providers/microsoft.compute/virtualmachines/vm\" \
         in %ResourceGroup::\"/subscriptions/ONE/resourcegroups/g\"",
        "resource.name == \"vm\" && resource in %ResourceGroup::\"/subscriptions/ONE/resourcegroups/g\"",
    ] {
        let condition = condition.replace("ONE", ONE);
        let policies = policies(&format!(
            "permit (principal, action == %Action::\"start\", resource) when {{ {condition} }};"
        ));
        let permits = |id| {
            let machine = Machine { id, tags: None };
            let ask = Ask::Order(azure::Action::Start, machine);
            policies.decide(&Caller::Anonymous, &ask).is_permit()
        };
        assert!(permits(&first) && !permits(&other), "{condition}");
    }
}

#[test]
fn what_cannot_be_named_is_not_decided_as_everything_else_is() {
    let policies = policies("permit (principal, action, resource);");
    let (good, bad) = (machine(ONE, "g", "vm"), machine(ONE, "g", "v\u{212a}m"));
    let decide = |id| {
        let ask = Ask::GetVm(Machine { id, tags: None });
        policies.decide(&Caller::Anonymous, &ask)
    };
    assert!(decide(&good).is_permit());
    assert_eq!(reason(decide(&bad)), Reason::Unnameable);
}

#[test]
fn of_two_tags_of_nearly_the_same_name_none_decides_for_the_other() {
    let rule = "(principal, action in %Action::\"operate\", resource) when {
         resource.hasTag(\"protected\") && resource.getTag(\"protected\") == \"true\" };";
    let forbids = policies(&format!("{PERMIT} forbid {rule}"));
    let permits = policies(&format!("permit {rule}"));
    let tried = policies(&format!("{PERMIT} @shadow(\"true\") forbid {rule}"));
    let (id, who) = (machine(ONE, "g", "vm"), Caller::Anonymous);
    for second in ["protected ", "\u{ff50}rotected", "PROTECTED"] {
        for (value, other) in [("true", "false"), ("false", "true")] {
            let tags = tags(&[("protected", value), (second, other)]);
            for policies in [&forbids, &permits] {
                let denied = reason(deallocates(policies, &who, &id, &tags));
                let expected = Reason::TagsAlike("protected".to_owned());
                assert_eq!(denied, expected, "{second:?}");
            }
            // What no policy that is enforced looks at keeps nobody from anything.
            let machine = Machine {
                id: &id,
                tags: Some(&tags),
            };
            assert!(forbids.decide(&who, &Ask::GetVm(machine)).is_permit());
            let permitted = deallocates(&tried, &who, &id, &tags);
            assert!(permitted.is_permit() && *permitted.shadow() == Shadow::Same);
        }
        let same = tags(&[("protected", "true"), (second, "true")]);
        let denied = deallocates(&forbids, &who, &id, &same);
        assert!(matches!(reason(denied), Reason::Forbidden(_)), "{second:?}");
        assert!(deallocates(&permits, &who, &id, &same).is_permit());
    }
    // Of those that no policy looks at neither decides, nor keeps anybody from anything.
    for (value, is_protected) in [("true", true), ("false", false)] {
        let tags = tags(&[("note", "a"), ("note ", "b"), ("protected", value)]);
        let forbidden = !deallocates(&forbids, &who, &id, &tags).is_permit();
        let permitted = deallocates(&permits, &who, &id, &tags).is_permit();
        assert_eq!((forbidden, permitted), (is_protected, is_protected));
        let tried = deallocates(&tried, &who, &id, &tags);
        assert_eq!(*tried.shadow() != Shadow::Same, is_protected);
    }
}

#[test]
fn whom_neither_of_two_tags_would_permit_it_is_told_of_none() {
    let policies = policies(
        "@id(\"a\") permit (principal in %Role::\"a\", action, resource is %Vm);
         @id(\"b\") permit (principal in %Role::\"b\", action, resource is %Vm)
         when { resource.hasTag(\"open\") && resource.getTag(\"open\") == \"yes\" };
         @id(\"c\") forbid (principal in %Role::\"c\", action, resource is %Vm);",
    );
    let id = machine(ONE, "g", "vm");
    let alike = Reason::TagsAlike("open".to_owned());
    let none = Reason::NonePermits {
        roles: vec!["a".to_owned()],
    };
    for (first, last) in [("yes", "no"), ("no", "yes")] {
        let tags = tags(&[("open", first), ("open ", last)]);
        let told = |roles: &[&str]| reason(deallocates(&policies, &app(1, roles), &id, &tags));
        assert_eq!(told(&["a"]), alike);
        assert_eq!(told(&["b"]), alike);
        assert_eq!(told(&["b", "c"]), Reason::Forbidden(vec!["c".to_owned()]));
        assert_eq!(told(&[]), none);
    }
}
