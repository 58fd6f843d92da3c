//! One call as somebody might make it, and which answers it may have.

use std::{collections::VecDeque, time::SystemTime};

use serde_json::Value;

use crate::{
    callers::Who,
    client::{Answer, Request},
    files::Shown,
    lists,
    site::{Site, Weather},
    truth::{self, Told},
};

/// Machines that everybody operates; others are left to those who look whether all is
/// well.
const MACHINES: usize = 8;

/// How many operations and pages are asked for again.
const LATEST: usize = 48;

/// The one machine that can hibernate.
const SLEEPER: &str = "hiber-01";

/// Actions, those that are wanted most more than once.
const ACTIONS: [&str; 11] = [
    "deallocate",
    "deallocate",
    "deallocate?force=true",
    "deallocate?hibernate=true",
    "start",
    "start",
    "restart",
    "powerOff",
    "powerOff?skipShutdown=true",
    "redeploy",
    "reapply",
];

/// Changes, each of which another one takes back.
const CHANGES: [&str; 4] = [
    r#"{"tags":{"owner":"web"}}"#,
    r#"{"tags":{}}"#,
    r#"{"size":"Standard_B2s"}"#,
    r#"{"size":"Standard_B4ms","tags":{"owner":"web"}}"#,
];

pub(crate) const DEPARTMENTS: [&str; 4] =
    ["Seinfeld", "Executive", "R%26D", "K%C3%BCche+%26+Caf%C3%A9"];

/// What a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Machine,
    Machines,
    Order,
    /// Of tags or size.
    Change,
    Rehearsal,
    Operation,
    Users,
    /// A further page of users.
    Page,
    Identity,
}

/// A call by somebody.
pub(crate) struct Call {
    pub(crate) who: Who,
    pub(crate) kind: Kind,
    pub(crate) request: Request,
}

impl Call {
    /// Some call by `who`, at random.
    pub(crate) fn random(who: Who, site: &Site, random: &mut fastrand::Rng) -> Self {
        let (recent, pages) = (site.recent.borrow(), site.pages.borrow());
        let kind = match random.u8(..100) {
            0..18 => Kind::Machine,
            18..24 => Kind::Machines,
            24..54 => Kind::Order,
            54..60 => Kind::Change,
            60..66 => Kind::Rehearsal,
            66..82 if !recent.is_empty() => Kind::Operation,
            82..88 if !pages.is_empty() => Kind::Page,
            66..95 => Kind::Users,
            _ => Kind::Identity,
        };
        let path = match kind {
            Kind::Machine | Kind::Change => machine(random),
            Kind::Machines => lists::MACHINES.to_owned(),
            Kind::Order if random.u8(..3) == 0 => with(ordered(random), "supersede=true"),
            Kind::Order => ordered(random),
            Kind::Rehearsal => with(ordered(random), "dryRun=true"),
            Kind::Operation => format!("/operations/{}", recent[random.usize(..recent.len())]),
            Kind::Users => users(random),
            Kind::Page => pages[random.usize(..pages.len())].clone(),
            Kind::Identity => "/identity".to_owned(),
        };
        let method = match kind {
            Kind::Order | Kind::Rehearsal => "POST",
            Kind::Change => "PATCH",
            _ => "GET",
        };
        let token = site.callers.token(who);
        let mut request = Request::new(method, &path, token.as_deref());
        if matches!(kind, Kind::Order | Kind::Operation) && random.u8(..4) == 0 {
            request.prefer = Some("wait=1".to_owned());
        }
        if kind == Kind::Change {
            request.body = Some(CHANGES[random.usize(..CHANGES.len())].to_owned());
        }
        Self { who, kind, request }
    }

    /// What it has a right to, where who answers `asks_cluster`, and by policies by which
    /// the identity is `shown` to some.
    pub(crate) fn right(&self, asks_cluster: bool, shown: Shown) -> u16 {
        let is_let_in = match self.who {
            Who::Operator(_) | Who::Reader | Who::Person => true,
            Who::Robot => asks_cluster,
            Who::Stranger | Who::Late | Who::Nobody => false,
        };
        let may = match self.kind {
            Kind::Machine | Kind::Machines | Kind::Operation => true,
            Kind::Order | Kind::Change | Kind::Rehearsal => self.who.is_operator(),
            Kind::Users | Kind::Page => self.who.may_list_users(),
            Kind::Identity if shown == Shown::Operators => self.who.is_operator(),
            Kind::Identity => self.who != Who::Robot,
        };
        match (is_let_in, may) {
            (false, _) => 401,
            (true, false) => 403,
            (true, true) => 200,
        }
    }

    /// Whether it is about an operation that began while the clock of Azure was an hour
    /// ahead.
    fn is_of_the_future(&self) -> bool {
        truth::began(&self.request.path).is_some_and(|began| began > SystemTime::now())
    }

    /// What is wrong with `status` in this weather, where by right it is `right`.
    pub(crate) fn fault(&self, status: u16, right: u16, weather: Weather) -> Option<String> {
        let is_right = match right {
            // A state that forbids an order is nobody's fault.
            200 => match self.kind {
                Kind::Order | Kind::Change => matches!(status, 200 | 202 | 409),
                Kind::Rehearsal => matches!(status, 200 | 409),
                // To all but the gateway that took it, an id of the future is none.
                Kind::Operation => status == 200 || status == 404 && self.is_of_the_future(),
                // A page that was expired on purpose.
                Kind::Page => matches!(status, 200 | 400),
                Kind::Machine | Kind::Machines | Kind::Identity | Kind::Users => status == 200,
            },
            right => status == right,
        };
        let is_excused = match weather {
            Weather::Calm => false,
            Weather::Stormy => self.is_of_a_storm(status),
            Weather::RulesInDoubt => {
                self.is_of_a_storm(status)
                    || self.kind == Kind::Identity && matches!(status, 200 | 403)
            }
            Weather::KeysInDoubt => !matches!(status, 200..300 | 403 | 500),
        };
        let (method, path) = (self.request.method, &self.request.path);
        (!is_right && !is_excused).then(|| {
            format!(
                "{method} {path} by {:?} is answered with {status}",
                self.who
            )
        })
    }

    fn is_of_a_storm(&self, status: u16) -> bool {
        !matches!(status, 200..300 | 401 | 403 | 500) || self.who == Who::Robot && status == 401
    }

    /// Notes of which operation an answer tells that does not know how it stands.
    pub(crate) fn note(answer: &Answer, site: &Site) {
        let body = answer.json();
        let id = body["operation"].as_str();
        let id = id.and_then(|place| place.strip_prefix("/operations/"));
        keep(&mut site.recent.borrow_mut(), id.map(str::to_owned));
    }

    /// Looks at a good answer, which `life` gave to what was asked at `asked`.
    pub(crate) fn examine(&self, answer: &Answer, asked: SystemTime, life: usize, site: &Site) {
        let body = answer.json();
        match self.kind {
            Kind::Machine => find(site, lists::machine_fault(&body, asked, site)),
            Kind::Machines => site.examine_machines(&body, asked),
            Kind::Order | Kind::Change | Kind::Operation => operation(&body, self.kind, life, site),
            Kind::Rehearsal => site.barred.borrow_mut().push(self.request.correlation_id()),
            Kind::Users | Kind::Page => {
                let fault = site.lists.borrow().users_fault(&self.request.path, &body);
                find(site, fault);
                keep(&mut site.pages.borrow_mut(), next(&body));
            }
            Kind::Identity => {}
        }
    }
}

/// The path of a machine.
fn machine(random: &mut fastrand::Rng) -> String {
    format!("/vms/web-{:02}", random.usize(1..=MACHINES))
}

/// The path of an order of one.
fn ordered(random: &mut fastrand::Rng) -> String {
    let action = ACTIONS[random.usize(..ACTIONS.len())];
    // What has slept is to wake up again.
    if action.contains("hibernate") || random.usize(..=MACHINES) == 0 {
        return format!("/vms/{SLEEPER}/{action}");
    }
    format!("{}/{action}", machine(random))
}

/// `path` with one parameter more.
fn with(path: String, parameter: &str) -> String {
    let mark = if path.contains('?') { '&' } else { '?' };
    path + &format!("{mark}{parameter}")
}

fn users(random: &mut fastrand::Rng) -> String {
    let department = DEPARTMENTS[random.usize(..DEPARTMENTS.len())];
    let top = random.usize(1..=20);
    format!(
        "/directory/users?department={department}&{}&top={top}",
        lists::SELECT
    )
}

/// The path of the page after this one.
fn next(body: &Value) -> Option<String> {
    let link = body["nextLink"].as_str()?;
    let (_, path) = link.split_once("/directory")?;
    Some(format!("/directory{path}"))
}

/// Keeps `text` among the latest.
fn keep(latest: &mut VecDeque<String>, text: Option<String>) {
    latest.extend(text);
    if latest.len() > LATEST {
        latest.pop_front();
    }
}

fn find(site: &Site, fault: Option<String>) {
    if let Some(fault) = fault {
        site.find(fault);
    }
}

fn operation(body: &Value, kind: Kind, life: usize, site: &Site) {
    let Some(mut told) = Told::of(body) else {
        return site.find(format!("no operation: {body}"));
    };
    let mut needless = site.needless.borrow_mut();
    if told.is_noop {
        needless.insert(told.id.clone());
    }
    // Another gateway knows the machine, and not that nothing was sent.
    told.is_noop = needless.contains(&told.id);
    let mut ledger = site.ledger.borrow_mut();
    let new = ledger.read();
    site.seen.borrow_mut().extend(new);
    let orders = site.azure.orders();
    let by_correlation = truth::by_correlation(&orders);
    let own = ledger.correlation(&told.id);
    let own = own.and_then(|id| by_correlation.get(id).copied());
    if let Some(fault) = told.fault(own, &orders) {
        site.find(format!("{fault}; {body}"));
    }
    if kind != Kind::Operation {
        keep(&mut site.recent.borrow_mut(), Some(told.id.clone()));
        site.told.borrow_mut().push((told.id, life));
    }
}
