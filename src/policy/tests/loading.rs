//! Policies that are refused, each with where and why.

use super::*;

#[test]
fn all_faults_are_told_at_once_each_with_its_place() {
    let folder = Folder::new()
        .with("b.cedar", "permit (principal, action, resouce);\n")
        .with(
            "a.cedar",
            &written(
                "@id(\"one\")\npermit (principal, action, resource);\n\
                 @id(\"one\") @shadow(\"on\") @shadwo(\"true\")\n  forbid (principal, action, resource);\n\
                 permit (principal, action, resource in %ResourceGroup::\"rg\");\n\
                 permit (principal == ?principal, action, resource);\n\
                 permit (principal, action == %Action::\"delete\", resource);",
            ),
        )
        .with("c.cedar", &written("@id(\"x\") permit (principal, action, resource);"))
        .with("d.cedar", &written("@id(\"x\") forbid (principal, action, resource);"))
        .with("notes.txt", "not a policy")
        .with(".hidden.cedar", "not a policy");
    let Err(Faults { errors, .. }) = folder.load() else {
        panic!("nothing is wrong")
    };
    let path = format!("{}/", folder.0.display());
    let told: Vec<_> = errors
        .iter()
        .map(|it| it.to_string().replace(&path, ""))
        .collect();
    let expected = [
        ("a.cedar:6:1: ", "template"),
        ("a.cedar:3:1: ", "@shadwo"),
        ("a.cedar:3:1: ", "@shadow is \"true\" or \"false\""),
        (
            "a.cedar:5:1: ",
            "no resource group: write /subscriptions/{id}/resourceGroups/{name}",
        ),
        ("a.cedar:7:", "delete"),
        ("b.cedar:1:", "resouce"),
        ("d.cedar:1:1: ", "there is a policy x already, at c.cedar:1"),
    ];
    for (place, word) in expected {
        let is_told = told
            .iter()
            .any(|it| it.starts_with(place) && it.contains(word));
        assert!(is_told, "{place}{word} in {told:#?}");
    }
}

#[test]
fn an_action_that_is_none_is_told_with_the_nearest_that_is_one() {
    for (written, meant) in [
        ("%Action::\"dealocate\"", "deallocate"),
        ("%Action::\"Start\"", "start"),
        ("%Action::\"oprate\"", "operate"),
        ("%Action::\"listUser\"", "listUsers"),
        ("%Action::\"Action::restart\"", "restart"),
        ("Action::\"getvm\"", "getVm"),
    ] {
        let policy = written_for(written);
        let faults = Folder::new().with("a.cedar", &policy).load().err().unwrap();
        let told = faults.to_string();
        let words = format!("; did you mean MiGateway::Action::\"{meant}\"?");
        assert!(told.contains(&words), "{told}");
        assert_eq!(told.matches("did you").count(), 1, "{told}");
    }
}

fn written_for(action: &str) -> String {
    written(&format!(
        "permit (principal, action == {action}, resource);"
    ))
}

#[test]
fn what_is_no_policy_at_all_is_refused() {
    for (file, text, word) in [
        ("a.cedar", "", "there is no policy"),
        (
            "a.txt",
            "permit (principal, action, resource);",
            "no file of it ends with .cedar",
        ),
    ] {
        let faults = Folder::new().with(file, text).load().err().unwrap();
        assert!(faults.to_string().contains(word), "{faults}");
    }
    let large = format!("//{}\n", "x".repeat(1 << 20));
    let faults = Folder::new().with("a.cedar", &large).load().err().unwrap();
    assert!(
        faults.to_string().contains("more than 1048576 bytes"),
        "{faults}"
    );
    let nowhere = Source::of(Some(Path::new("/nowhere/policies")));
    assert!(
        PolicySet::load(&nowhere, None)
            .err()
            .unwrap()
            .to_string()
            .contains("/nowhere/policies: ")
    );
}

#[test]
fn policies_have_the_name_of_their_id_or_of_their_place() {
    let policies = policies(
        "@id(\"named\") permit (principal, action, resource);\n\n\n forbid (principal, action == %Action::\"start\", resource);",
    );
    let set = policies.current();
    let names: Vec<_> = set
        .entries()
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    assert_eq!(names[0], "named");
    assert!(names[1] == "test.cedar:4:2", "{names:?}");
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_file_and_shifts_no_column() {
    let policies = policies("\u{feff}permit (principal, action, resource);");
    assert_eq!(policies.current().entries()[0].name, "test.cedar:1:1");
}

#[test]
fn the_examples_of_the_documentation_are_good_together() {
    let document = include_str!("../../../docs/policies.md");
    let blocks = document.split("```cedar\n").skip(1);
    let examples: Vec<_> = blocks
        .filter_map(|block| block.split("```").next())
        .collect();
    assert_eq!(examples.len(), 5);
    let policies = policies(&examples.join("\n"));
    assert_eq!(policies.current().entries().len(), 5);
    for action in Action::ALL {
        let name = action.as_str();
        assert!(
            document.contains(&format!("`{name}`")),
            "{name} is not documented"
        );
    }
}
