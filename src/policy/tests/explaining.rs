//! What each policy has to do with a decision.

use super::*;

#[test]
fn each_policy_says_what_it_has_to_do_with_it() {
    let policies = policies(
        "@id(\"holds\") permit (principal, action, resource);\n\
         @id(\"action\") forbid (principal, action == %Action::\"start\", resource);\n\
         @id(\"caller\") permit (principal in %Role::\"x\", action, resource);\n\
         @id(\"resource\") forbid (principal, action, resource in %ResourceGroup::\"SUB/resourceGroups/other\");\n\
         @id(\"conditions\") forbid (principal, action, resource is %Vm) when { resource.name == \"db\" };\n\
         @id(\"fails\") @shadow(\"true\") forbid (principal, action, resource is %Vm) when { %Vm::\"SUB/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/o\".name == \"x\" };\n\
         @id(\"alike\") permit (principal, action, resource is %Vm) when { resource.hasTag(\"note\") };",
    );
    let id = machine(ONE, "g", "vm");
    let tags = tags(&[("note", "a"), ("note ", "b")]);
    let about = Machine {
        id: &id,
        tags: Some(&tags),
    };
    let set = policies.current();
    let told = set.explain(&Caller::Anonymous, &Ask::Order(DEALLOCATE, about));
    let told: Vec<_> = told
        .iter()
        .map(|(entry, bearing)| (entry.name.as_str(), bearing))
        .collect();
    assert!(
        matches!(
            told[..],
            [
                ("holds", Bearing::Holds),
                ("action", Bearing::OtherAction),
                ("caller", Bearing::OtherCaller),
                ("resource", Bearing::OtherResource),
                ("conditions", Bearing::Conditions),
                ("fails", Bearing::Fails(_)),
                ("alike", Bearing::TagsAlike(_)),
            ]
        ),
        "{told:?}"
    );
}
