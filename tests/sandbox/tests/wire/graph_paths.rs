//! The forms that a path of Graph may have.

use azure_sandbox::AppRoles;

use crate::{
    client::sandbox,
    directory::{assert_refused, found, next_link, read},
};

#[test]
fn an_empty_part_is_of_no_account() {
    let azure = sandbox();

    let page = read(&azure, &format!("{}/v1.0//users?$top=20", azure.url()));

    assert_eq!(page.status, 200);
    assert_eq!(page.header("x-ms-resource-unit"), Some("2"));
    assert_eq!(found(&page).len(), 20);
    let root = format!("{}/v1.0/users?", azure.url());
    assert!(next_link(&page).unwrap().starts_with(&root));
    assert!(azure.unexpected().is_empty());
}

#[test]
fn a_function_may_have_its_name_and_parentheses() {
    let azure = sandbox();

    for name in [
        "delta",
        "delta()",
        "microsoft.graph.delta",
        "microsoft.graph.delta()",
    ] {
        let page = read(&azure, &format!("{}/v1.0/users/{name}", azure.url()));
        assert_eq!(page.status, 200, "{name}");
        assert_eq!(found(&page).len(), 200, "{name}");
    }
    assert!(azure.unexpected().is_empty());
}

#[test]
fn changes_take_the_same_right_by_every_name() {
    let azure = sandbox();
    azure.app_roles(AppRoles::BasicHidden);

    for name in ["delta", "delta()", "microsoft.graph.delta"] {
        let page = read(&azure, &format!("{}/v1.0/users/{name}", azure.url()));
        assert_refused(&page, 403, "Authorization_RequestDenied");
    }
}
