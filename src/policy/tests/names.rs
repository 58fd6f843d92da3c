//! No way to write a name passes a denial.

use super::*;
use crate::azure::{Departments, UserProperty, VmName};
use crate::config::ResourceGroup;

const POLICIES: &str = r#"
permit (principal, action, resource);
forbid (principal, action, resource in %ResourceGroup::"SUB/resourceGroups/RG-Locked_(1)");
forbid (principal, action, resource == %Vm::"SUB/resourceGroups/rg-web/providers/Microsoft.Compute/virtualMachines/Web-01");
forbid (principal, action, resource in %ResourceGroup::"SUB/resourceGroups/Äpfel-Straße");
forbid (principal, action, resource == %Department::"Legal & Öffentliches");
"#;

/// Letters that look like others, or fold to them.
const ALIKE: [(char, &str); 9] = [
    ('k', "\u{212a}"),
    ('o', "\u{43e}"),
    ('e', "\u{435}"),
    ('a', "\u{ff41}"),
    ('s', "\u{17f}"),
    ('l', "\u{2170}"),
    ('-', "\u{2010}"),
    ('1', "\u{ff11}"),
    ('w', "\u{1d42}"),
];

/// A variant of `name`, by `random`.
fn variant(name: &str, random: &mut fastrand::Rng) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        let alike = ALIKE
            .iter()
            .find(|(plain, _)| letter.to_ascii_lowercase() == *plain);
        match random.u8(0..120) {
            0..50 => text.extend(letter.to_uppercase()),
            50..100 => text.extend(letter.to_lowercase()),
            100 => text.extend(format!("%{:02x}", u32::from(letter)).chars()),
            101..104 => text.push_str(alike.map_or("\u{200b}", |(_, other)| other)),
            104 => text.extend([letter, '\u{301}']),
            _ => text.push(letter),
        }
    }
    let around = [
        "", "", "", ".", " ", "\t", "%20", "\u{a0}", "/", "\\", "\0", "%00", ";", "?", "#",
    ];
    let (before, after) = (random.usize(0..8), random.usize(0..around.len()));
    let before = if before == 7 { " " } else { "" };
    format!("{before}{text}{}", around[after])
}

/// How Azure tells the names of groups apart: as .NET compares ordinally without case.
fn is_same(one: &str, other: &str) -> bool {
    let upper = |letter: char| {
        let mut upper = letter.to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(upper), None) => upper,
            _ => letter,
        }
    };
    one.chars().map(upper).eq(other.chars().map(upper))
}

#[test]
fn no_variant_of_a_group_passes_its_denial() {
    let policies = policies(POLICIES);
    let mut random = fastrand::Rng::with_seed(7);
    let (mut same, mut refused, mut other) = (0, 0, 0);
    for locked in ["rg-locked_(1)", "äpfel-straße"] {
        for _ in 0..4_000 {
            let name = variant(locked, &mut random);
            // As a request narrows, as Azure tells, and as an id is written.
            let Ok(group) = name.parse::<ResourceGroup>() else {
                refused += 1;
                let id = format!(
                    "/subscriptions/{ONE}/resourceGroups/{name}/providers/Microsoft.Compute/virtualMachines/vm"
                );
                if let Ok(id) = id.parse() {
                    let denied = deallocates(&policies, &Caller::Anonymous, &id, &tags(&[]));
                    assert_eq!(reason(denied), Reason::Unnameable, "{name:?}");
                }
                continue;
            };
            let decision = deallocates(
                &policies,
                &Caller::Anonymous,
                &machine(ONE, group.as_str(), "vm"),
                &tags(&[]),
            );
            if is_same(&name, locked) {
                same += 1;
                assert!(!decision.is_permit(), "{name:?} passes");
            } else {
                // A group of its own to Azure, which no look-up takes for this one.
                assert!(!group.is(locked), "{name:?}");
                other += 1;
            }
        }
    }
    assert!(
        same > 300 && refused > 300 && other > 20,
        "{same} {refused} {other}"
    );
}

#[test]
fn no_variant_of_a_machine_passes_its_denial() {
    let policies = policies(POLICIES);
    let mut random = fastrand::Rng::with_seed(11);
    let (mut same, mut refused) = (0, 0);
    for _ in 0..4_000 {
        let name = variant("web-01", &mut random);
        if name.parse::<VmName>().is_err() {
            refused += 1;
        }
        let group = ["rg-web", "RG-WEB", "Rg-Web"][random.usize(0..3)];
        let subscription = [ONE.to_owned(), ONE.to_uppercase()][random.usize(0..2)].clone();
        let id = format!(
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{name}"
        );
        let Ok(id) = id.parse() else { continue };
        let decision = deallocates(&policies, &Caller::Anonymous, &id, &tags(&[]));
        if name.eq_ignore_ascii_case("web-01") {
            same += 1;
            assert_eq!(decision.policies().len(), 1, "{name:?}");
        }
        assert!(!decision.is_permit(), "{name:?} passes");
    }
    assert!(same > 100 && refused > 500, "{same} {refused}");
}

#[test]
fn no_variant_of_a_department_passes_its_denial() {
    let policies = policies(POLICIES);
    for name in [
        "Legal & Öffentliches",
        "LEGAL & ÖFFENTLICHES",
        "legal & öffentliches ",
        " Legal & Öffentliches\u{a0}",
        "\u{ff2c}egal & Öffentliches",
        "Legal & Offentliches",
        "Légal & Öffentliches",
    ] {
        let asked = Departments::read([name]).unwrap();
        let ask = Ask::ListUsers {
            department: asked.iter().next().unwrap(),
            fields: &[UserProperty::Id],
        };
        assert!(
            !policies.decide(&Caller::Anonymous, &ask).is_permit(),
            "{name:?}"
        );
    }
}

/// Whether a client of another issuer, who calls themselves `client`, is meant by `written`.
fn is_meant(written: &str, client: &str) -> bool {
    let policies = policies(&format!(
        "permit (principal, action, resource) when {{
         principal has clientId && principal.clientId == \"{written}\" }};"
    ));
    let caller = Caller::Subject(Subject {
        issuer: "https://ci.example".to_owned(),
        id: "one".to_owned(),
        client_id: Some(client.to_owned()),
        roles: Vec::new(),
    });
    policies.decide(&caller, &Ask::GetIdentity).is_permit()
}

#[test]
fn clients_of_another_issuer_are_told_apart_by_case() {
    assert!(is_meant("Deploy-Prod", "Deploy-Prod"));
    for other in [
        "deploy-prod",
        "DEPLOY-PROD",
        "Deploy-Prod ",
        "\u{ff24}eploy-Prod",
    ] {
        assert!(!is_meant("Deploy-Prod", other), "{other:?}");
        assert!(!is_meant(other, "Deploy-Prod"), "{other:?}");
        assert!(is_meant(other, other), "{other:?}");
    }
    // A GUID has no case, whoever gives it out.
    let id = object(7).to_string();
    assert!(is_meant(&id, &id.to_uppercase()) && is_meant(&id.to_uppercase(), &id));
    // Without hyphens it is a text like others.
    let bare = id.replace('-', "");
    assert!(is_meant(&bare, &bare) && !is_meant(&bare, &bare.to_uppercase()));
}
