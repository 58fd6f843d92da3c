//! Several gateways before one Azure, and what is known of them from outside.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, HashSet, VecDeque},
    net::SocketAddr,
    path::PathBuf,
    rc::Rc,
    time::{Duration, Instant},
};

use azure_sandbox::{API_CLIENT_ID, Host, KUBERNETES_AUDIENCE, Sandbox, Service, Settings, TENANT};

use crate::{
    callers::Callers,
    client::{Answer, Client, Request},
    files::Files,
    ledger::Ledger,
    lists::Lists,
    replica::{self, Replica},
    vitals::Vitals,
};

/// Where the gateways run: their tokens come by three ways.
const HOSTS: [Host; 3] = [Host::ContainerApp, Host::Vm, Host::Aks];

/// How long operations take: a gateway that asks after half a second sees one run.
const OPERATION: Duration = Duration::from_millis(900);

/// What a call of theirs may take at Azure: long on this machine, and short for a fault.
pub(crate) const UPSTREAM_TIMEOUT: Duration = Duration::from_secs(2);

/// The place of a gateway, in which one life follows another.
pub(crate) struct Slot {
    pub(crate) host: Host,
    pub(crate) replica: Option<Replica>,
    pub(crate) life: usize,
    /// The link to its record of changes.
    pub(crate) audit: String,
    /// What it took when it first stood calm.
    pub(crate) level: Option<Vitals>,
    /// When it asked for keys because of one that was new.
    pub(crate) sought_keys: Option<Instant>,
}

/// What calls have to expect, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weather {
    /// Every call comes to what it should.
    Calm,
    /// Calls may fail, as long as they say so.
    Stormy,
    /// The same, and the identity may be shown as it was before.
    RulesInDoubt,
    /// Calls may fail so, and whoever is known may be taken for unknown.
    KeysInDoubt,
}

/// Everything of one run.
pub(crate) struct Site {
    pub(crate) seed: u64,
    pub(crate) azure: Rc<Sandbox>,
    pub(crate) callers: Callers,
    pub(crate) client: Client,
    pub(crate) files: Files,
    pub(crate) slots: RefCell<Vec<Slot>>,
    pub(crate) ledger: RefCell<Ledger>,
    /// The logs of all lives, and how much of each was searched.
    pub(crate) logs: RefCell<Vec<(PathBuf, u64)>>,
    /// What came back since the last search.
    pub(crate) seen: RefCell<Vec<u8>>,
    pub(crate) findings: RefCell<Vec<String>>,
    /// Operations that callers were told of, each with the life that told.
    pub(crate) told: RefCell<Vec<(String, usize)>>,
    /// Operations for which nothing had to be sent.
    pub(crate) needless: RefCell<HashSet<String>>,
    /// Ids of the latest operations.
    pub(crate) recent: RefCell<VecDeque<String>>,
    /// Paths of further pages of users.
    pub(crate) pages: RefCell<VecDeque<String>>,
    /// What lists said at first.
    pub(crate) lists: RefCell<Lists>,
    /// Correlation ids of what was not to reach Azure.
    pub(crate) barred: RefCell<Vec<String>>,
    /// Those of orders whose answers name no operation.
    pub(crate) denied: RefCell<HashSet<String>>,
    pub(crate) answered: Cell<u64>,
    /// How many were told that Azure takes too long.
    pub(crate) late: Cell<u64>,
    pub(crate) weather: Cell<Weather>,
    /// Which faults each service is still to have.
    pub(crate) verbs: RefCell<HashMap<Service, Vec<usize>>>,
    /// Which it has had, each by a request.
    pub(crate) injected: RefCell<HashSet<(Service, usize)>>,
    pub(crate) random: RefCell<fastrand::Rng>,
}

impl Site {
    /// Three gateways before a new Azure; they listen when this resolves.
    pub(crate) async fn start(seed: u64) -> Self {
        let settings = Settings {
            operation_takes: OPERATION,
            token_lifetime: Duration::from_hours(1),
            // A quota that is used up is a fault like others, at its own time.
            throttles: false,
            ..Settings::default()
        };
        let azure = Rc::new(Sandbox::start(settings).expect("a local Azure"));
        let files = Files::new();
        let site = Self {
            seed,
            callers: Callers::of(&azure),
            azure,
            client: Client::new(files.trust()),
            files,
            slots: RefCell::default(),
            ledger: RefCell::default(),
            logs: RefCell::default(),
            seen: RefCell::default(),
            findings: RefCell::default(),
            told: RefCell::default(),
            needless: RefCell::default(),
            recent: RefCell::default(),
            pages: RefCell::default(),
            lists: RefCell::default(),
            barred: RefCell::default(),
            denied: RefCell::default(),
            answered: Cell::new(0),
            late: Cell::new(0),
            // Until all are ready for the first time.
            weather: Cell::new(Weather::Stormy),
            verbs: RefCell::default(),
            injected: RefCell::default(),
            random: RefCell::new(fastrand::Rng::with_seed(seed)),
        };
        for host in HOSTS {
            site.slots.borrow_mut().push(Slot {
                host,
                replica: None,
                life: 0,
                audit: String::new(),
                level: None,
                sought_keys: None,
            });
            let number = site.len() - 1;
            site.revive(number, |variables| variables).await;
        }
        site
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.borrow().len()
    }

    /// The place of a gateway that is not ended on purpose: what leaks there adds up. On
    /// the other hosts some faults take one that starts anew.
    pub(crate) fn steady(&self) -> usize {
        self.place_of(Host::Aks)
    }

    /// The place of the gateway on such a host.
    pub(crate) fn place_of(&self, host: Host) -> usize {
        let slots = self.slots.borrow();
        let place = slots.iter().position(|slot| slot.host == host);
        place.expect("a gateway on every kind of host")
    }

    /// The place of one of the others.
    pub(crate) fn mortal(&self) -> usize {
        let place = self.below(self.len() - 1);
        place + usize::from(place >= self.steady())
    }

    /// A number below `limit`.
    pub(crate) fn below(&self, limit: usize) -> usize {
        self.random.borrow_mut().usize(..limit)
    }

    /// Where the gateway at `slot` is asked, and which life it has; none while there is
    /// none.
    pub(crate) fn address(&self, slot: usize) -> Option<(SocketAddr, usize)> {
        let slots = self.slots.borrow();
        let replica = slots[slot].replica.as_ref()?;
        Some((replica.api, slots[slot].life))
    }

    pub(crate) fn admin(&self, slot: usize) -> Option<SocketAddr> {
        Some(self.slots.borrow()[slot].replica.as_ref()?.admin)
    }

    /// Sends a signal to the gateway at `slot`.
    pub(crate) fn signal(&self, slot: usize, name: &str) {
        if let Some(replica) = &self.slots.borrow()[slot].replica {
            replica.signal(name);
        }
    }

    /// Kills the gateway at `slot`.
    pub(crate) fn kill(&self, slot: usize) {
        let mut slots = self.slots.borrow_mut();
        if let Some(replica) = slots[slot].replica.take() {
            replica.kill();
            self.ledger.borrow_mut().killed(slots[slot].life);
        }
    }

    /// Starts another gateway at `slot`, with variables that `change` makes of the
    /// right ones.
    pub(crate) async fn revive(
        &self,
        slot: usize,
        change: impl FnOnce(Vec<(String, String)>) -> Vec<(String, String)>,
    ) {
        self.revive_as(slot, &[replica::program()], change).await;
    }

    /// The same, by `words` that become the program.
    pub(crate) async fn revive_as(
        &self,
        slot: usize,
        words: &[PathBuf],
        change: impl FnOnce(Vec<(String, String)>) -> Vec<(String, String)>,
    ) {
        let life = self.logs.borrow().len();
        let audit = format!("audit-{slot}-{life}");
        let log = self.files.path(&format!("log-{slot}-{life}"));
        let link = self.files.link(&audit);
        let begun = self.ledger.borrow_mut().begin(&self.files.record(&audit));
        assert_eq!(begun, life, "records and logs go together");
        self.logs.borrow_mut().push((log.clone(), 0));
        let host = self.slots.borrow()[slot].host;
        let mut variables = self.variables(host);
        variables.push(("MIG_AUDIT_FILE".to_owned(), link.display().to_string()));
        let replica = Replica::start(words, &change(variables), &log).await;
        let mut slots = self.slots.borrow_mut();
        slots[slot] = Slot {
            host,
            replica: Some(replica),
            life,
            audit,
            level: None,
            sought_keys: None,
        };
    }

    fn variables(&self, host: Host) -> Vec<(String, String)> {
        let methods = match host {
            Host::Aks => "entra,kubernetes",
            _ => "entra",
        };
        let timeout = format!("{}s", UPSTREAM_TIMEOUT.as_secs());
        let own = [
            ("MIG_LISTEN", "127.0.0.1:0"),
            ("MIG_ADMIN_LISTEN", "127.0.0.1:0"),
            ("MIG_WORKERS", "2"),
            ("MIG_AUTH", methods),
            ("MIG_AUTH_TENANT", TENANT),
            ("MIG_AUTH_AUDIENCE", API_CLIENT_ID),
            ("MIG_CALLER_CHANGES", "off"),
            ("MIG_VM_UPDATE", "on"),
            ("MIG_UPSTREAM_TIMEOUT", timeout.as_str()),
            // Graph is to be asked, and outages to be seen.
            ("MIG_DIRECTORY_MAX_AGE", "1s"),
            ("MIG_DIRECTORY_STALE_IF_ERROR", "1s"),
            ("MIG_DIRECTORY_CACHE", "1048576"),
            ("MIG_SHUTDOWN_DELAY", "3s"),
            ("MIG_SHUTDOWN_GRACE", "5s"),
            ("MIG_LOG", "debug"),
        ];
        let mut all = self.azure.environment(host);
        let own = own.map(|(name, value)| (name, value.to_owned()));
        for (name, value) in own.into_iter().chain(self.files.variables()) {
            all.push((name.to_owned(), value));
        }
        if host == Host::Aks {
            let name = "MIG_AUTH_KUBERNETES_AUDIENCE".to_owned();
            all.push((name, KUBERNETES_AUDIENCE.to_owned()));
        }
        all
    }

    /// Notes an order to which `answer` names no operation.
    pub(crate) fn note_denial(&self, request: &Request, answer: &Answer) {
        let body = answer.json();
        // Of one that was taken `id` is the operation's.
        if !answer.is_success() && body["operation"].is_null() {
            self.denied.borrow_mut().insert(request.correlation_id());
        }
    }

    /// Something is not as it has to be.
    pub(crate) fn find(&self, what: impl Into<String>) {
        self.findings.borrow_mut().push(what.into());
    }
}
