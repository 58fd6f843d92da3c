//! Policies that are filed by what they are about decide as all of them together.

use cedar_policy::{Authorizer, PolicySet as Cedar};

use super::{super::vocabulary::Reading, *};

const ROLES: [&str; 3] = ["A", "B", "C"];
const GROUPS: [&str; 3] = ["rg-a", "rg-b", "rg-c"];
const ORDERS: [azure::Action; 3] = [DEALLOCATE, azure::Action::Start, azure::Action::Update];

fn any(random: &mut fastrand::Rng, choices: &[String]) -> String {
    choices[random.usize(0..choices.len())].clone()
}

/// A policy by `random`, of every form of a scope that there is.
fn policy(random: &mut fastrand::Rng) -> String {
    let role = ROLES[random.usize(0..3)];
    let group = format!("SUB/resourceGroups/{}", GROUPS[random.usize(0..3)]);
    let vm = format!("{group}/providers/Microsoft.Compute/virtualMachines/vm");
    let (tenant, caller) = (object(0), object(random.u128(1..4)));
    let effect = any(
        random,
        &["permit", "permit", "permit", "forbid"].map(str::to_owned),
    );
    let whom = any(
        random,
        &[
            "principal".to_owned(),
            "principal is %Caller".to_owned(),
            format!("principal in %Role::\"{role}\""),
            format!("principal is %Caller in %Role::\"{role}\""),
            format!("principal == %Caller::\"{tenant}/{caller}\""),
        ],
    );
    let action = any(
        random,
        &[
            "action",
            "action in %Action::\"operate\"",
            "action == %Action::\"updateVm\"",
        ]
        .map(str::to_owned),
    );
    let resource = any(
        random,
        &[
            "resource".to_owned(),
            "resource is %Vm".to_owned(),
            format!("resource in %ResourceGroup::\"{group}\""),
            "resource is %Vm in %Subscription::\"SUB\"".to_owned(),
            format!("resource == %Vm::\"{vm}\""),
        ],
    );
    let condition = any(
        random,
        &[
            String::new(),
            "unless { principal.kind == \"user\" }".to_owned(),
            format!("when {{ principal in %Role::\"{role}\" }}"),
        ],
    );
    format!("{effect} ({whom}, {action}, {resource}) {condition};\n")
}

#[test]
fn filed_policies_decide_as_all_of_them_together() {
    let mut random = fastrand::Rng::with_seed(3);
    let (mut permitted, mut denied) = (0, 0);
    for _ in 0..40 {
        let text: String = (0..random.usize(1..9))
            .map(|_| policy(&mut random))
            .collect();
        let policies = policies(&text);
        let set = policies.current();
        let whole = set.entries().iter().map(|entry| entry.policy.clone());
        let whole = Cedar::from_policies(whole).unwrap();
        for number in 1..4 {
            let roles = &ROLES[..random.usize(0..4)];
            let caller = if number == 3 {
                user(number)
            } else {
                app(number, roles)
            };
            for (group, order) in GROUPS.iter().zip(ORDERS) {
                let id = machine(ONE, group, "VM");
                let about = Machine {
                    id: &id,
                    tags: None,
                };
                let ask = Ask::Order(order, about);
                let situation = set
                    .vocabulary
                    .situation(&caller, &ask, Reading::First)
                    .unwrap();
                let together = Authorizer::new().is_authorized(
                    &situation.request,
                    &whole,
                    &situation.entities,
                );
                let expected = together.decision() == cedar_policy::Decision::Allow;
                let decision = set.decide(&caller, &ask);
                assert_eq!(decision.is_permit(), expected, "{caller:?} {ask:?}\n{text}");
                let mut reasons: Vec<_> = together
                    .diagnostics()
                    .reason()
                    .map(ToString::to_string)
                    .collect();
                reasons.sort();
                assert_eq!(decision.policies(), reasons, "{caller:?} {ask:?}\n{text}");
                assert!(!expected || set.may_ever(&caller, ask.action()), "{text}");
                permitted += u32::from(expected);
                denied += u32::from(!expected);
            }
        }
    }
    assert!(permitted > 50 && denied > 50, "{permitted} {denied}");
}
