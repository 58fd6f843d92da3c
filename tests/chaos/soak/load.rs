//! Calls of every kind, at a steady rate.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
    time::Duration,
};

use actix_web::rt::{self, task::JoinHandle, time};
use azure_sandbox::Sandbox;

use crate::{
    callers::{Callers, Who},
    client::{Client, Request},
    replica::Replica,
};

/// Eight callers, each 25 times a second: 200 calls a second. What comes too late is
/// made up for, one call after the other.
const CALLERS: u64 = 8;
const PACE: Duration = Duration::from_millis(40);

/// Machines that are switched off and on without an end, by one who takes a pause
/// between two orders: of each operation a gateway keeps a kilobyte for a day.
const SWITCHED: [&str; 2] = ["web-01", "web-02"];
const SWITCHES: Duration = Duration::from_secs(8);

/// So many errors are told; more say nothing new.
const MOST_ERRORS: usize = 20;

/// What came of calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    pub(super) answered: u64,
    /// How many did not come to what they should.
    pub(super) failed: u64,
    /// The first of those, in words.
    pub(super) errors: Vec<String>,
}

/// Callers who go on until they are told to stop.
pub(super) struct Load {
    shared: Rc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

struct Shared {
    client: Client,
    api: SocketAddr,
    callers: Callers,
    calls: RefCell<Calls>,
    operation: RefCell<Option<String>>,
    is_over: Cell<bool>,
}

impl Load {
    /// Everybody begins to call `replica`, once it is ready.
    pub(super) async fn begin(azure: &Rc<Sandbox>, client: Client, replica: &Replica) -> Self {
        ready(&client, replica).await;
        let shared = Rc::new(Shared {
            client,
            api: replica.api,
            callers: Callers::of(azure),
            calls: RefCell::default(),
            operation: RefCell::default(),
            is_over: Cell::new(false),
        });
        let callers = (0..CALLERS).map(|number| {
            let random = fastrand::Rng::with_seed(number);
            rt::spawn(Rc::clone(&shared).calling(random))
        });
        let switching = SWITCHED.map(|name| rt::spawn(Rc::clone(&shared).switching(name)));
        let tasks = callers.chain(switching).collect();
        Self { shared, tasks }
    }

    /// What came of the calls so far.
    pub(super) fn calls(&self) -> Calls {
        self.shared.calls.borrow().clone()
    }

    /// Everybody has had their last answer when this resolves.
    pub(super) async fn end(self) -> Calls {
        self.shared.is_over.set(true);
        for task in self.tasks {
            task.await.expect("a caller does not panic");
        }
        self.shared.calls.take()
    }
}

impl Shared {
    async fn calling(self: Rc<Self>, mut random: fastrand::Rng) {
        let mut ticks = time::interval(PACE);
        while !self.is_over.get() {
            ticks.tick().await;
            let (who, method, path, expected) = self.some(&mut random);
            let token = self.callers.token(who);
            let request = Request::new(method, &path, token.as_deref());
            self.ask(&request, &[expected]).await;
        }
    }

    /// Some call, and how it has to be answered.
    fn some(&self, random: &mut fastrand::Rng) -> (Who, &'static str, String, u16) {
        let machine = format!("/vms/web-{:02}", random.usize(3..=12));
        let operation = self.operation.borrow().clone();
        match (random.u8(..100), operation) {
            (0..30, _) => (Who::Person, "GET", machine, 200),
            (30..36, _) => (Who::Reader, "GET", "/vms?top=20".to_owned(), 200),
            // The same few pages, which are kept for a while.
            (36..56, _) => (
                Who::Reader,
                "GET",
                users("Seinfeld", random.usize(1..=3)),
                200,
            ),
            // Some of a thousand.
            (56..64, _) => (
                Who::Reader,
                "GET",
                users("Engineering", random.usize(1..=999)),
                200,
            ),
            (64..72, _) => (Who::Operator(1), "GET", "/identity".to_owned(), 200),
            (72..80, Some(operation)) => (Who::Person, "GET", operation, 200),
            (72..84, _) => {
                let path = format!("{machine}/deallocate?dryRun=true");
                (Who::Operator(2), "POST", path, 200)
            }
            (84..88, _) => (Who::Reader, "POST", format!("{machine}/deallocate"), 403),
            (88..92, _) => (Who::Person, "GET", users("Seinfeld", 1), 403),
            (92..96, _) => (Who::Late, "GET", machine, 401),
            _ => (Who::Nobody, "GET", machine, 401),
        }
    }

    /// Deallocates the machine `name` and starts it again.
    async fn switching(self: Rc<Self>, name: &'static str) {
        let mut ticks = time::interval(SWITCHES);
        let mut actions = ["deallocate", "start"].into_iter().cycle();
        while !self.is_over.get() {
            ticks.tick().await;
            let Some(action) = actions.next() else { return };
            let token = self.callers.token(Who::Operator(3)).unwrap_or_default();
            let order = Request::post(&format!("/vms/{name}/{action}"), &token);
            let Some(operation) = self.ask(&order, &[202]).await else {
                continue;
            };
            let place = format!(
                "/operations/{}",
                operation["id"].as_str().unwrap_or_default()
            );
            self.operation.replace(Some(place.clone()));
            let mut request = Request::get(&place, &token);
            request.prefer = Some("wait=60".to_owned());
            let ended = self.ask(&request, &[200]).await.unwrap_or_default();
            if ended["status"] != "Succeeded" {
                self.fails(format!("{action} of {name} came to {ended}"));
            }
        }
    }

    /// Asks, and notes whether the answer has one of the statuses that it should.
    async fn ask(&self, request: &Request, expected: &[u16]) -> Option<serde_json::Value> {
        let answer = match self.client.ask("http", self.api, request).await {
            Ok(answer) => answer,
            Err(error) => {
                self.fails(format!("{} {}: {error}", request.method, request.path));
                return None;
            }
        };
        self.calls.borrow_mut().answered += 1;
        if expected.contains(&answer.status) {
            return Some(answer.json());
        }
        let (method, path, text) = (request.method, &request.path, answer.text());
        self.fails(format!("{method} {path}: {}, {text}", answer.status));
        None
    }

    fn fails(&self, error: String) {
        let mut calls = self.calls.borrow_mut();
        calls.failed += 1;
        if calls.errors.len() < MOST_ERRORS {
            calls.errors.push(error);
        }
    }
}

/// Resolves when `replica` is ready.
async fn ready(client: &Client, replica: &Replica) {
    let mut ticks = time::interval(Duration::from_millis(50));
    let is_ready = async || {
        let readiness = client.look(replica.admin, "/readyz").await;
        readiness.is_ok_and(|readiness| readiness.status == 200)
    };
    while !is_ready().await {
        ticks.tick().await;
    }
}

fn users(department: &str, top: usize) -> String {
    format!("/directory/users?department={department}&select=displayName,mail&top={top}")
}
