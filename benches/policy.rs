//! What a decision costs, when it was made before and when not: by the built-in
//! policies, by a handful that look at tags, and by a thousand, each for one caller,
//! for one group, or for nobody in particular; and when the last of those callers asks.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on may panic")]

use std::{fs, hint::black_box, path::PathBuf};

use criterion::{
    BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};
use mi_gateway::Decisions;

const SUBSCRIPTION: &str = "/subscriptions/5ab1e000-0000-4000-8000-000000000001";
const TENANT: &str = "5ab1e000-0000-4000-8000-0000000000aa";
const ROLE: &str = "Vm.Operate";
const MANY: u32 = 997;

criterion_group!(policy, decisions);
criterion_main!(policy);

fn decisions(criterion: &mut Criterion) {
    let machine = format!(
        "{SUBSCRIPTION}/resourceGroups/RG-Web/providers/Microsoft.Compute/virtualMachines/Web-01"
    );
    let mut group = criterion.benchmark_group("decision");
    for (name, policies) in [
        ("built_in", None),
        ("handful_with_tags", Some(handful())),
        ("1000_callers", Some(many(for_caller))),
        ("1000_groups", Some(many(for_group))),
        ("1000_unscoped", Some(many(unscoped))),
    ] {
        let path = policies.map(|text| written(name, &text));
        let decisions = Decisions::new(path.as_deref(), ROLE, &machine);
        measured(&mut group, name, &decisions.unwrap().unwrap());
    }
    let name = "last_of_1000_callers";
    let path = written(name, &many(for_caller));
    let decisions = Decisions::new(Some(&path), ROLE, &machine);
    let last = decisions.unwrap().unwrap().asked_by(&caller(MANY - 1));
    measured(&mut group, name, &last.unwrap());
}

fn measured(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, decisions: &Decisions) {
    assert!(decisions.decide(), "{name}");
    group.bench_function(format!("{name}/known"), |bencher| {
        bencher.iter(|| black_box(decisions).decide());
    });
    let mut token = 0;
    group.bench_function(format!("{name}/new"), |bencher| {
        bencher.iter(|| {
            token += 1;
            black_box(decisions).decide_for(token)
        });
    });
}

fn written(name: &str, policies: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{name}.cedar"));
    fs::write(&path, policies).unwrap();
    path
}

fn handful() -> String {
    format!(
        r#"permit (principal in MiGateway::Role::"Vm.Operate", action in MiGateway::Action::"operate",
                  resource in MiGateway::ResourceGroup::"{SUBSCRIPTION}/resourceGroups/rg-web");
           permit (principal in MiGateway::Role::"Vm.Read", action in MiGateway::Action::"read", resource);
           forbid (principal, action in MiGateway::Action::"operate", resource)
           when {{ resource.hasTag("protected") && resource.getTag("protected") == "true" }};"#
    )
}

fn many(policy: fn(u32) -> String) -> String {
    let policies: Vec<_> = (0..MANY).map(policy).collect();
    handful() + &policies.join("\n")
}

fn for_caller(number: u32) -> String {
    let caller = caller(number);
    format!(
        r#"permit (principal == MiGateway::Caller::"{caller}",
                  action in MiGateway::Action::"operate", resource);"#
    )
}

fn caller(number: u32) -> String {
    format!("{TENANT}/5ab1e000-0000-4000-8000-{number:012}")
}

fn for_group(number: u32) -> String {
    format!(
        r#"permit (principal, action in MiGateway::Action::"operate",
                  resource in MiGateway::ResourceGroup::"{SUBSCRIPTION}/resourceGroups/rg-{number}");"#
    )
}

fn unscoped(number: u32) -> String {
    format!(
        r#"forbid (principal, action in MiGateway::Action::"operate", resource)
           when {{ resource.name == "db-{number}" }};"#
    )
}
