//! Azure Resource Manager, as far as virtual machines go.
//!
//! Sources: Azure/azure-rest-api-specs `Microsoft.Compute` (paths, parameters,
//! versions); Azure/azure-cli recordings of 2023 and 2025,
//! `test_vm_generalize.yaml` and `test_vm_create_state_modifications.yaml`
//! (headers, signed URLs, bodies); Azure/azure-resource-manager-rpc
//! `v1.0/async-api-reference.md` (operations).

mod action;
mod admission;
mod answers;
mod failure;
pub(crate) mod history;
mod indexed;
mod listing;
mod machine;
mod machines;
mod operation;
mod orders;
mod permissions;
mod power;
mod quota;
pub(crate) mod refusals;
pub(crate) mod roles;
mod subscriptions;
mod target;
mod update;
mod view;
mod wanted;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::{body::Body, http::Response};
use uuid::Uuid;

use crate::{
    azure::Azure,
    clock::Clock,
    cloud::Audience,
    gate::{Asked, with},
    seed::{self, VirtualMachine},
    server::Entrance,
    settings::Settings,
};
use action::Action;
use failure::Failure;
pub(crate) use indexed::Indexed;
use machines::Machines;
use operation::Operation;
pub(crate) use orders::NotOrdered;
use quota::Quotas;
use target::{Elsewhere, Target};
pub(crate) use wanted::READ;

/// Every virtual machine and operation.
pub(crate) struct Arm {
    state: Mutex<State>,
}

struct State {
    clock: Clock,
    operation_takes: Duration,
    machines: Machines,
    operations: HashMap<String, Operation>,
    /// The ids of operations, the oldest first.
    ids: VecDeque<String>,
    /// How many operations are remembered.
    most: usize,
    /// How the next operations fail.
    failures: VecDeque<Failure>,
    quotas: Quotas,
}

impl Arm {
    pub(crate) fn new(settings: &Settings, clock: Clock) -> Self {
        Self {
            state: Mutex::new(State {
                clock,
                operation_takes: settings.operation_takes,
                machines: seed::virtual_machines(settings.fleet).into_iter().collect(),
                operations: HashMap::new(),
                ids: VecDeque::new(),
                most: settings.remembers.unwrap_or(usize::MAX),
                failures: VecDeque::new(),
                quotas: Quotas::new(settings.polls),
            }),
        }
    }

    /// The parts of operation URLs that must not show.
    pub(crate) fn signatures(&self) -> Vec<String> {
        self.state()
            .operations
            .values()
            .flat_map(Operation::signatures)
            .collect()
    }

    pub(crate) fn power_state(&self, resource_group: &str, name: &str) -> Option<String> {
        let state = self.state();
        let machine = state.machines.find(resource_group, name)?;
        Some(machine.power_state(Instant::now()).to_owned())
    }

    /// Every machine, with its power state.
    pub(crate) fn power_states(&self) -> Vec<(VirtualMachine, &'static str)> {
        let (state, now) = (self.state(), Instant::now());
        let machines = state.machines.values();
        machines
            .map(|machine| (machine.seed().clone(), machine.power_state(now)))
            .collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The id of the machine that the operation `guid` is of.
    fn machine_of(&self, guid: &str) -> Option<String> {
        Some(self.operations.get(guid)?.machine().to_owned())
    }

    /// Notes an operation, and forgets the oldest where there are too many.
    fn remember(&mut self, guid: &str, operation: Operation) {
        if self.ids.len() >= self.most
            && let Some(oldest) = self.ids.pop_front()
        {
            self.operations.remove(&oldest);
        }
        self.ids.push_back(guid.to_owned());
        self.operations.insert(guid.to_owned(), operation);
    }
}

/// Resource ids compare without regard to case.
fn key(id: &str) -> String {
    id.to_ascii_lowercase()
}

/// Everything below `/subscriptions` that is no operation.
pub(crate) fn machines(azure: &Azure, asked: &Asked) -> Response<Body> {
    let path = asked.segments();
    let answer = match permissions::scope(&path) {
        Some(scope) => permissions::show(azure, asked, &scope),
        None if subscriptions::is_asked(&path) => subscriptions::list(azure, asked),
        None => admitted(azure, asked, || targeted(azure, asked)),
    };
    enveloped(answer, asked)
}

/// The refusal of what is asked of a provider of the tenant's, of which there is
/// Resource Graph alone.
pub(crate) fn unclaimed(asked: &Asked) -> Option<Response<Body>> {
    let is_here = matches!(asked.entrance, Entrance::Azure | Entrance::Secure);
    let is_of_provider = asked.segments().first()?.eq_ignore_ascii_case("providers");
    (is_here && is_of_provider).then(|| enveloped(refusals::missing_subscription(), asked))
}

/// The status of operations.
pub(crate) fn operations(azure: &Azure, asked: &Asked) -> Response<Body> {
    let answer = admitted(azure, asked, || answers::status(azure, asked));
    enveloped(answer, asked)
}

/// The answer of `act`, or the refusal of what comes without a token or a
/// version, or without leave.
fn admitted(azure: &Azure, asked: &Asked, act: impl FnOnce() -> Response<Body>) -> Response<Body> {
    let authorization = asked.recorded.header("authorization");
    let principal = match azure.tokens.check(authorization, Audience::Arm) {
        Ok(principal) => principal,
        Err(rejection) => return refusals::unauthenticated(rejection),
    };
    let known = &azure.settings.compute_versions;
    let segments = asked.segments();
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    match asked.query.get("api-version") {
        None => refusals::missing_version(),
        Some(version) if let Some(elsewhere) = Elsewhere::of(&segments) => match elsewhere {
            Elsewhere::Namespace(namespace) => refusals::invalid_namespace(namespace),
            Elsewhere::Type(namespace) => refusals::invalid_type(namespace, version),
        },
        Some(version) if !known.iter().any(|it| it == version) => {
            refusals::unregistered("virtualMachines", version, known)
        }
        Some(_) => admission::guarded(azure, asked, &principal, act),
    }
}

fn targeted(azure: &Azure, asked: &Asked) -> Response<Body> {
    let segments = asked.segments();
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    let Some(target) = Target::of(&segments) else {
        return refusals::invalid_path(&asked.recorded.path);
    };
    let mut state = azure.arm.state();
    match (target, asked.recorded.method.as_str()) {
        (Target::Subscription(_) | Target::Group { .. }, "GET") => {
            listing::list(&mut state, target, asked)
        }
        (Target::Subscription(_) | Target::Group { .. }, verb) => {
            refusals::method_not_allowed(verb)
        }
        (
            Target::Machine {
                subscription,
                group,
                name,
                below,
            },
            _,
        ) => {
            let id = seed::machine_id(subscription, group, name);
            if state.machines.contains_key(&key(&id)) {
                machine(&mut state, &id, below, asked)
            } else {
                state.machines.missing(subscription, group, name)
            }
        }
    }
}

/// What is asked of one machine, which exists.
fn machine(state: &mut State, id: &str, below: &[&str], asked: &Asked) -> Response<Body> {
    let verb = asked.recorded.method.as_str();
    match (verb, below) {
        ("GET", []) => answers::show(state, id, asked),
        ("GET", [view]) if view.eq_ignore_ascii_case("instanceView") => answers::view_of(state, id),
        ("POST", [segment]) => match Action::asked(segment, &asked.query) {
            None => refusals::invalid_path(&asked.recorded.path),
            Some(Err(parameter)) => answers::refused_parameter(asked, &parameter),
            Some(Ok(action)) => answers::order(state, id, action, asked),
        },
        ("PATCH", []) => update::update(state, id, asked),
        ("GET" | "POST" | "PATCH", _) => refusals::invalid_path(&asked.recorded.path),
        _ => refusals::method_not_allowed(verb),
    }
}

/// The headers that every answer of Resource Manager has.
pub(crate) fn enveloped(mut answer: Response<Body>, asked: &Asked) -> Response<Body> {
    let sent = asked
        .recorded
        .header("x-ms-correlation-request-id")
        .map(str::to_owned);
    let correlation = sent.unwrap_or_else(|| Uuid::new_v4().to_string());
    if !answer.headers().contains_key("x-ms-request-id") {
        answer = with(answer, "x-ms-request-id", &Uuid::new_v4().to_string());
    }
    let routing = format!("SANDBOX:20261124T100000Z:{correlation}");
    let answer = with(answer, "x-ms-correlation-request-id", &correlation);
    let answer = with(answer, "x-ms-routing-request-id", &routing);
    let answer = with(
        answer,
        "strict-transport-security",
        "max-age=31536000; includeSubDomains",
    );
    with(answer, "x-content-type-options", "nosniff")
}
