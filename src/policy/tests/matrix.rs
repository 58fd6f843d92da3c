//! Every caller, action, machine, department and property, against a table that is
//! read by other means than Cedar.

use super::*;
use crate::azure::{Departments, UserProperty};

const POLICIES: &str = r#"
@id("operators")
permit (principal in %Role::"Vm.Operate", action in %Action::"operate",
        resource in %ResourceGroup::"SUB/resourceGroups/RG-Web");
@id("readers")
permit (principal in %Role::"Vm.Read", action in %Action::"read",
        resource in %Subscription::"SUB");
@id("deployer")
permit (principal == %Caller::"system:serviceaccount:web:deployer",
        action in [%Action::"start", %Action::"restart", %Action::"getVm"], resource is %Vm)
when { resource.name like "Web-*" };
@id("ci")
permit (principal, action == %Action::"updateVm", resource == %Vm::"SUB/resourceGroups/rg-web/providers/Microsoft.Compute/virtualMachines/web-02")
when { principal has issuer && principal has subject && principal.issuer == "https://ci.example" && principal.subject == "deploy" };
@id("finance")
permit (principal in %Role::"Directory.Read", action == %Action::"listUsers", resource == %Department::"FINANCE")
when { ["id", "displayName", "mail"].containsAll(context.fields) };
@id("hr")
permit (principal == %Caller::"00000000-0000-0000-0000-00ab00000000/00000000-0000-0000-0000-00AB00000007",
        action in %Action::"directory", resource in %Directory::"tenant");
@id("whoami")
permit (principal, action == %Action::"getIdentity", resource == %Gateway::"self")
when { ["app", "user"].contains(principal.kind) };
@id("protected")
forbid (principal, action in [%Action::"operate", %Action::"updateVm"], resource)
when { resource.hasTag("Protected") && resource.getTag("Protected") == "true" };
@id("locked")
forbid (principal, action, resource in %ResourceGroup::"SUB/resourceGroups/RG-Locked")
unless { action == %Action::"getVm" };
@id("no phones")
forbid (principal, action == %Action::"listUsers", resource)
when { context.fields.contains("mobilePhone") };
"#;

const READ: [&str; 2] = ["getVm", "getOperation"];
const OPERATE: [&str; 7] = [
    "deallocate",
    "hibernate",
    "start",
    "restart",
    "powerOff",
    "redeploy",
    "reapply",
];

/// A caller, and what of it matters.
struct Who {
    name: &'static str,
    caller: Caller,
}

fn callers() -> Vec<Who> {
    let who = |name, caller| Who { name, caller };
    vec![
        who("operator", app(1, &["Vm.Operate"])),
        who("reader", app(2, &["Vm.Read"])),
        who("both", app(3, &["Vm.Read", "Vm.Operate", "Directory.Read"])),
        who("clerk", app(4, &["Directory.Read"])),
        who("nobody", app(5, &[])),
        who("lower", app(6, &["vm.operate"])),
        who("hr", user(7)),
        who("deployer", account("web", "deployer")),
        who("other account", account("web", "deployer2")),
        who("ci", subject("deploy")),
        who("other subject", subject("test")),
        who("anonymous", Caller::Anonymous),
    ]
}

/// A machine: subscription, group, name, whether it is protected.
const MACHINES: [(&str, &str, &str, bool); 6] = [
    (ONE, "rg-web", "web-01", false),
    (ONE, "RG-WEB", "Web-02", true),
    (ONE, "rg-web", "db-01", false),
    (ONE, "rg-locked", "web-03", false),
    (ONE, "rg-web2", "web-04", false),
    (TWO, "rg-web", "web-01", false),
];

fn may(
    who: &str,
    action: &str,
    (subscription, group, name, protected): (&str, &str, &str, bool),
) -> bool {
    let (group, name) = (group.to_lowercase(), name.to_lowercase());
    let operates = OPERATE.contains(&action);
    if protected && (operates || action == "updateVm") {
        return false;
    }
    if subscription == ONE && group == "rg-locked" && action != "getVm" {
        return false;
    }
    match who {
        "operator" => operates && subscription == ONE && group == "rg-web",
        "reader" => READ.contains(&action) && subscription == ONE,
        "both" => {
            may("operator", action, (subscription, &group, &name, protected))
                || may("reader", action, (subscription, &group, &name, protected))
        }
        "deployer" => ["start", "restart", "getVm"].contains(&action) && name.starts_with("web-"),
        "ci" => {
            action == "updateVm" && (subscription, &*group, &*name) == (ONE, "rg-web", "web-02")
        }
        _ => false,
    }
}

#[test]
fn machines_are_for_whom_the_table_says_and_for_nobody_else() {
    let policies = policies(POLICIES);
    let (mut permitted, mut asked) = (0, 0);
    for Who { name: who, caller } in callers() {
        for action in Action::ALL {
            for place in MACHINES {
                let id = machine(place.0, place.1, place.2);
                let tags = tags(if place.3 {
                    &[("PROTECTED", "true")]
                } else {
                    &[("owner", "x")]
                });
                let about = Machine {
                    id: &id,
                    tags: Some(&tags),
                };
                let ask = match action {
                    Action::GetVm => Ask::GetVm(about),
                    Action::GetOperation => Ask::GetOperation(about),
                    Action::Order(order) => Ask::Order(order, about),
                    Action::ListUsers | Action::GetIdentity => continue,
                };
                let decision = policies.decide(&caller, &ask);
                let expected = may(who, action.as_str(), place);
                assert_eq!(
                    decision.is_permit(),
                    expected,
                    "{who} {} {id}: {decision:?}",
                    action.as_str()
                );
                assert!(
                    !expected || policies.current().may_ever(&caller, action),
                    "{who}"
                );
                permitted += u32::from(expected);
                asked += 1;
            }
        }
    }
    assert_eq!(asked, 12 * 10 * 6);
    assert!((30..200).contains(&permitted), "{permitted}");
}

#[test]
fn departments_and_properties_are_for_whom_the_table_says() {
    use UserProperty::{DisplayName, Id, Mail, MobilePhone};
    let policies = policies(POLICIES);
    for Who { name: who, caller } in callers() {
        for department in ["Finance", "finance", "Finance2", "Legal"] {
            for fields in [
                vec![Id],
                vec![Id, DisplayName, Mail],
                vec![Mail, MobilePhone],
            ] {
                let asked = Departments::read([department]).unwrap();
                let ask = Ask::ListUsers {
                    department: asked.iter().next().unwrap(),
                    fields: &fields,
                };
                let is_finance = department.eq_ignore_ascii_case("finance");
                let expected = !fields.contains(&MobilePhone)
                    && match who {
                        "clerk" | "both" => is_finance,
                        "hr" => true,
                        _ => false,
                    };
                let decision = policies.decide(&caller, &ask);
                assert_eq!(
                    decision.is_permit(),
                    expected,
                    "{who} {department} {fields:?}"
                );
            }
        }
    }
}

#[test]
fn the_identity_is_for_callers_of_entra() {
    let policies = policies(POLICIES);
    for Who { name: who, caller } in callers() {
        let expected = matches!(caller, Caller::Entra(_));
        let decision = policies.decide(&caller, &Ask::GetIdentity);
        assert_eq!(decision.is_permit(), expected, "{who}");
    }
}

#[test]
fn the_built_in_policies_give_each_app_role_its_own() {
    let policies = Policies::load(Source::Default, None, Metrics::new().unwrap()).unwrap();
    let id = machine(TWO, "any", "vm");
    let departments = Departments::read(["Any"]).unwrap();
    let may = |caller: &Caller, action: Action| {
        let about = Machine {
            id: &id,
            tags: None,
        };
        let ask = match action {
            Action::GetVm => Ask::GetVm(about),
            Action::GetOperation => Ask::GetOperation(about),
            Action::Order(order) => Ask::Order(order, about),
            Action::ListUsers => Ask::ListUsers {
                department: departments.iter().next().unwrap(),
                fields: &UserProperty::ALL,
            },
            Action::GetIdentity => Ask::GetIdentity,
        };
        let is_permit = policies.decide(caller, &ask).is_permit();
        assert_eq!(is_permit, policies.current().may_ever(caller, action));
        is_permit
    };
    for action in Action::ALL {
        let name = action.as_str();
        let (reads, operates) = (READ.contains(&name), OPERATE.contains(&name));
        let (lists, identity) = (name == "listUsers", name == "getIdentity");
        assert_eq!(
            may(&app(1, &["Vm.Read"]), action),
            reads || identity,
            "{name}"
        );
        assert_eq!(
            may(&app(1, &["Vm.Operate"]), action),
            reads || operates || identity,
            "{name}"
        );
        assert_eq!(
            may(&app(1, &["Directory.Read"]), action),
            lists || identity,
            "{name}"
        );
        assert!(may(&Caller::Anonymous, action), "{name}");
        let mut foreign = subject("x");
        if let Caller::Subject(subject) = &mut foreign {
            subject.roles = vec!["Vm.Operate".to_owned(), "Vm.Read".to_owned()];
        }
        for caller in [
            foreign,
            app(1, &[]),
            app(1, &["Owner"]),
            user(1),
            account("a", "b"),
            subject("anonymous"),
        ] {
            assert!(!may(&caller, action), "{caller:?} {name}");
        }
    }
}
