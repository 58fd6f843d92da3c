//! What has to hold of every text that is given for policies.

use std::collections::HashSet;

use super::{Ask, Decision, Faults, Machine, PolicySet, Source, load, source::Text};
use crate::{
    access::Caller,
    azure::{
        self,
        fold::{folded, folded_without_accents},
    },
};

/// A machine that policies can be about.
const MACHINE: &str = "/subscriptions/5ab1e000-0000-4000-8000-000000000001/resourceGroups/rg\
     /providers/Microsoft.Compute/virtualMachines/web-01";

/// Policies are refused each with its place, or decide.
pub(crate) fn policies(text: &str) {
    let form = folded(text);
    assert_eq!(folded(&form), form, "{text:?}");
    let form = folded_without_accents(text);
    assert_eq!(folded_without_accents(&form), form, "{text:?}");
    let texts = [Text {
        file: "made-up.cedar".to_owned(),
        text: text.to_owned(),
    }];
    match load::set(&Source::Default, None, &texts) {
        Ok(set) => check(&set),
        Err(error) => check_faults(&error.into_faults(&Source::Default), text),
    }
}

fn check_faults(faults: &Faults, text: &str) {
    let lines = text.split('\n').count();
    assert!(!faults.errors.is_empty());
    for fault in faults.errors.iter().chain(&faults.warnings) {
        assert!(!fault.reason.is_empty());
        assert!(
            fault.place.is_none_or(|it| (1..=lines).contains(&it.line)),
            "{fault}"
        );
    }
}

fn check(set: &PolicySet) {
    let names: HashSet<_> = set.entries().iter().map(|it| &it.name).collect();
    assert!(!names.is_empty() && names.len() == set.entries().len());
    let Ok(id) = MACHINE.parse() else { return };
    let tags = [("Owner".to_owned(), "ops".to_owned())].into();
    let machine = Machine {
        id: &id,
        tags: Some(&tags),
    };
    let asks = [
        Ask::GetVm(machine),
        Ask::Order(azure::Action::Deallocate, machine),
        Ask::GetIdentity,
    ];
    for ask in asks {
        let decision = set.decide(&Caller::Anonymous, &ask);
        let may_ever = set.may_ever(&Caller::Anonymous, ask.action());
        assert!(may_ever || matches!(*decision, Decision::Deny(_)));
    }
}
