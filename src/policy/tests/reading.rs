//! Requests in the terms of the schema.

use cedar_policy::{Entities, Request};

use super::{
    super::vocabulary::{Reading, Vocabulary},
    *,
};
use crate::azure::{Departments, UserProperty};

#[test]
fn what_policies_are_asked_is_as_the_schema_says() {
    let vocabulary = Vocabulary::new().unwrap();
    let id = machine(ONE, "g", "vm");
    let tags = tags(&[("a b\"\\", "c"), ("Ö", "")]);
    let about = Machine {
        id: &id,
        tags: Some(&tags),
    };
    let departments = Departments::read(["Finance"]).unwrap();
    let asks = [
        Ask::GetVm(about),
        Ask::GetOperation(Machine {
            id: &id,
            tags: None,
        }),
        Ask::Order(DEALLOCATE, about),
        Ask::ListUsers {
            department: departments.iter().next().unwrap(),
            fields: &UserProperty::ALL,
        },
        Ask::GetIdentity,
    ];
    let callers = [
        app(1, &["A", "A"]),
        user(2),
        account("a", "b"),
        subject("c"),
        Caller::Anonymous,
    ];
    for (caller, ask) in callers
        .iter()
        .flat_map(|caller| asks.iter().map(move |ask| (caller, ask)))
    {
        let situation = vocabulary.situation(caller, ask, Reading::First).unwrap();
        let request = &situation.request;
        let checked = Request::new(
            request.principal().unwrap().clone(),
            request.action().unwrap().clone(),
            request.resource().unwrap().clone(),
            request.context().unwrap().clone(),
            Some(&vocabulary.schema),
        );
        assert!(checked.is_ok(), "{caller:?} {ask:?}: {checked:?}");
        let entities = situation.entities.iter().cloned();
        let entities = Entities::from_entities(entities, Some(&vocabulary.schema));
        assert!(entities.is_ok(), "{caller:?} {ask:?}: {:?}", entities.err());
    }
}
