//! Every kind of fault that the local Azure has, for every service that gateways ask.

use std::time::Duration;

use azure_sandbox::{ArcFault, Fault, Service};
use serde_json::{Value, json};

use crate::site::UPSTREAM_TIMEOUT;

/// Every service that gateways ask.
pub(crate) const SERVICES: [Service; 9] = [
    Service::Token,
    Service::Keys,
    Service::TokenReview,
    Service::Instance,
    Service::VirtualMachines,
    Service::Actions,
    Service::Operations,
    Service::ResourceGraph,
    Service::Graph,
];

/// Statuses of refusals and failures. None says of a change that it was made.
const STATUSES: [u16; 10] = [400, 401, 403, 404, 409, 410, 429, 500, 502, 503];

/// More than a gateway reads of an answer.
const OVERSIZE: u64 = 9 << 20;

/// How many kinds of faults there are.
const VERBS: usize = 16;

/// The kinds of faults that befall `service`, by their numbers: that something goes on is
/// told by answers to orders alone.
pub(crate) fn kinds(service: Service) -> Vec<usize> {
    let is_its = |verb: &usize| *verb != number(&Fault::Unlink) || service == Service::Actions;
    (0..VERBS).filter(is_its).collect()
}

/// The number of the kind of `fault`. What the local Azure learns anew has to be placed
/// here, and below.
fn number(fault: &Fault) -> usize {
    match fault {
        Fault::Answer { .. } => 0,
        Fault::Delay(_) => 1,
        Fault::Throttle { .. } => 2,
        Fault::Reset => 3,
        Fault::Close => 4,
        Fault::LoseAnswer => 5,
        Fault::Truncate => 6,
        Fault::TruncateAt(_) => 7,
        Fault::TruncateChunkedAt(_) => 8,
        Fault::Redirect(_) => 9,
        Fault::Oversize(_) => 10,
        Fault::Alter(_) => 11,
        Fault::CutHead => 12,
        Fault::Unlink => 13,
        Fault::AnswerLate(_) => 14,
        Fault::Arc(_) => 15,
    }
}

/// Longer than gateways wait for an answer of `service`.
pub(super) fn too_late(service: Service) -> Duration {
    match service {
        // By `MIG_UPSTREAM_TIMEOUT`.
        Service::VirtualMachines
        | Service::Actions
        | Service::ResourceGraph
        | Service::Graph
        | Service::Instance => UPSTREAM_TIMEOUT + Duration::from_secs(1),
        // Five seconds, but for tokens of a pod's.
        Service::Token | Service::Discovery | Service::Keys | Service::TokenReview => {
            Duration::from_secs(6)
        }
        // Ten, as no caller waits for it.
        Service::Operations => Duration::from_secs(11),
    }
}

/// Fault number `verb` for `service`.
pub(super) fn fault(verb: usize, service: Service, random: &mut fastrand::Rng) -> Fault {
    match verb {
        0 => {
            let status = STATUSES[random.usize(..STATUSES.len())];
            let words = json!({"error": {"code": "Chaos", "message": "it is so"}});
            Fault::answer(status, &words.to_string())
        }
        1 => Fault::Delay(Duration::from_millis(random.u64(50..1_500))),
        2 => Fault::Throttle {
            retry_after: random.u64(0..=2),
        },
        3 => Fault::Reset,
        4 => Fault::Close,
        5 => Fault::LoseAnswer,
        6 => Fault::Truncate,
        7 => Fault::TruncateAt(random.usize(..64)),
        8 => Fault::TruncateChunkedAt(random.usize(..64)),
        9 => Fault::Redirect("http://localhost:9/".to_owned()),
        10 => Fault::Oversize(OVERSIZE),
        11 => Fault::Alter(without(service)),
        12 => Fault::CutHead,
        13 => Fault::Unlink,
        14 => Fault::AnswerLate(too_late(service)),
        _ => Fault::Arc(ArcFault::MissingFile),
    }
}

/// A patch that takes away what an answer is about. It says nothing that is not so:
/// who believes a false word of Azure's is not to be blamed.
fn without(service: Service) -> Value {
    match service {
        Service::Token => json!({"access_token": null}),
        Service::Discovery => json!({"metadata": null}),
        Service::Keys => json!({"keys": null, "jwks_uri": null}),
        Service::Instance => json!({"compute": null}),
        // An order is answered without a body, and a change with the machine.
        Service::VirtualMachines | Service::Actions => json!({"properties": null, "id": null}),
        Service::TokenReview | Service::Operations => json!({"status": null}),
        Service::ResourceGraph => json!({"data": null}),
        Service::Graph => json!({"value": null}),
    }
}

#[test]
fn every_kind_of_fault_has_a_number_of_its_own() {
    let mut random = fastrand::Rng::with_seed(1);
    let drawn = (0..VERBS).map(|verb| number(&fault(verb, Service::Actions, &mut random)));
    assert!(drawn.eq(0..VERBS));
}
