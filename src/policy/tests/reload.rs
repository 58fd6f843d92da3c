//! Policies that change while they decide.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use super::*;
use crate::policy::source::alike;

const START: Action = Action::Order(azure::Action::Start);

fn permit(action: &str) -> String {
    written(&format!(
        "permit (principal, action == %Action::\"{action}\", resource);"
    ))
}

#[actix_web::test]
async fn a_change_holds_once_it_was_looked_for() {
    let folder = Folder::new().with("a.cedar", &permit("start"));
    let policies = folder.load().unwrap();
    let before = policies.standing();
    assert!(policies.current().may_ever(&Caller::Anonymous, START));
    folder.write("a.cedar", &permit("restart"));
    folder.write(
        "b.cedar",
        "@shadow(\"true\") forbid (principal, action, resource);",
    );
    policies.look().await;
    assert!(!policies.current().may_ever(&Caller::Anonymous, START));
    let standing = policies.standing();
    assert_ne!(standing.version, before.version);
    assert_eq!(
        (standing.enforced, standing.shadow, standing.refused),
        (1, 1, None)
    );
}

#[actix_web::test]
async fn the_last_good_policies_hold_until_others_are_good() {
    let folder = Folder::new().with("a.cedar", &permit("start"));
    let policies = folder.load().unwrap();
    let good = policies.standing().version;
    for bad in [
        "permit (principal",
        "",
        "forbid (principal, action, resource in %Vm::\"x\");",
    ] {
        folder.write("a.cedar", &written(bad));
        policies.look().await;
        let standing = policies.standing();
        assert_eq!(standing.version, good);
        assert!(standing.refused.is_some(), "{bad}");
        assert!(
            policies.current().may_ever(&Caller::Anonymous, START),
            "{bad}"
        );
    }
    fs::remove_file(folder.0.join("a.cedar")).unwrap();
    policies.look().await;
    assert!(
        policies
            .standing()
            .refused
            .unwrap()
            .to_string()
            .contains("no file of it")
    );
    // The old ones once more are no change, and nothing is wrong any longer.
    folder.write("a.cedar", &permit("start"));
    policies.look().await;
    let standing = policies.standing();
    assert_eq!((standing.version, standing.refused), (good, None));
}

#[actix_web::test]
async fn what_was_refused_is_told_and_counted_once() {
    let folder = Folder::new().with("a.cedar", &permit("start"));
    let policies = folder.load().unwrap();
    folder.write("a.cedar", "permit");
    for _ in 0..3 {
        policies.look().await;
    }
    let metrics = policies.0.metrics.encode().unwrap();
    assert!(
        metrics.contains("mi_gateway_policy_loads_total{outcome=\"refused\"} 1\n"),
        "{metrics}"
    );
    assert!(
        metrics.contains("mi_gateway_policies{kind=\"enforced\"} 1\n"),
        "{metrics}"
    );
}

#[actix_web::test]
async fn no_decision_is_made_by_half_a_change() {
    // Both sets permit one of two, and never both or neither.
    let texts = ["deallocate", "start"].map(permit);
    let folder = Folder::new().with("a.cedar", &texts[0]);
    let policies = folder.load().unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let decider = thread::spawn({
        let (policies, done) = (policies.clone(), Arc::clone(&done));
        move || {
            let mut decided = 0;
            while !done.load(Ordering::Relaxed) || decided == 0 {
                let set = policies.current();
                let id = machine(ONE, "g", "vm");
                let may = |action| {
                    let about = Machine {
                        id: &id,
                        tags: None,
                    };
                    set.decide(&Caller::Anonymous, &Ask::Order(action, about))
                        .is_permit()
                };
                assert_ne!(may(DEALLOCATE), may(azure::Action::Start));
                decided += 1;
            }
        }
    });
    for round in 0..20 {
        folder.write("b.cedar", &format!("@id(\"{round}\") forbid (principal, action == MiGateway::Action::\"reapply\", resource);"));
        folder.write("a.cedar", &texts[round % 2]);
        policies.look().await;
    }
    done.store(true, Ordering::Relaxed);
    decider.join().unwrap();
}

#[actix_web::test]
async fn a_look_that_broke_off_is_told_until_another_went_well() {
    let folder = Folder::new().with("a.cedar", &permit("start"));
    let policies = folder.load().unwrap();
    policies.take(None);
    let refused = policies.standing().refused.unwrap().to_string();
    assert!(refused.contains("broke off"), "{refused}");
    policies.look().await;
    assert_eq!(policies.standing().refused, None);
}

#[test]
fn what_changes_while_it_is_read_is_read_again() {
    let mut readings = [1, 2, 3, 3, 4].into_iter();
    assert_eq!(alike(|| readings.next()), Some(Some(3)));
    let mut readings = 0..;
    assert_eq!(alike(|| readings.next()), None);
}
