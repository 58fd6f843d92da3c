//! Tokens of service accounts that the cluster itself reviews.
//!
//! Kubernetes recommends it over a look at the signature: a token ends with the
//! pod that it is bound to. Source: "Managing Service Accounts", `TokenReview`.

use std::{
    cell::RefCell,
    fs, io,
    rc::Rc,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actix_web::rt::{task::spawn_blocking, time};
use moka::sync::Cache;

use super::{
    Refusal, ServiceAccount,
    claims::{Audiences, Claimed, Moment},
    jws::Jws,
    review::{self, Outcome},
    trial::{Trial, Unreviewed},
    turns::{self, Turns},
    validated::Digest,
};
use crate::{
    config::Reviews,
    http::{Client, Error, Guard, Profile, Response, Tls},
    metrics::Metrics,
    secret::Secret,
    task::{Flights, Joined, Tasks},
    telemetry::chain,
};

/// How long an answer is believed: a pod may end meanwhile.
const MEMORY: Duration = Duration::from_secs(10);

const MOST_REMEMBERED: u64 = 10_000;

/// How long one waits for the others.
const TURN: Duration = Duration::from_secs(2);

/// The cluster replaces our token after four fifths of its life, of ten minutes at
/// the least.
const REREAD: Duration = Duration::from_mins(1);

const CONNECT: Duration = Duration::from_secs(3);

const BODY_LIMIT: usize = 64 * 1024;

/// What all workers know of the cluster.
#[derive(Clone)]
pub(super) struct Cluster(Arc<Inner>);

struct Inner {
    reviews: Reviews,
    own: Mutex<Option<Own>>,
    reviewed: Cache<Digest, Outcome>,
    flights: Flights<Digest, Outcome>,
    turns: Turns,
    guard: Guard,
    /// Whether the API server last answered that we may not ask.
    is_refused: AtomicBool,
    tasks: Tasks,
    metrics: Metrics,
}

/// How the review of tokens stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReviewStanding {
    /// There is no token to ask the API server with.
    NoToken,
    /// There has been no answer for so long, and none is asked for but to see whether there
    /// is one.
    Silent(Duration),
    /// The API server does not let the gateway ask.
    Refused,
    /// Nothing is known to be wrong.
    Fine,
}

/// Who the gateway is to the cluster, and whom it trusts there.
#[derive(Clone)]
struct Own {
    token: Secret,
    /// Who issues tokens here, ours among them.
    issuer: String,
    authority: Arc<[u8]>,
    tls: Option<Tls>,
}

/// Our own token, or the certificate of who signs for the API server, is of no use.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    #[error("MIG_KUBERNETES_TOKEN_FILE or MIG_KUBERNETES_CA_FILE could not be read")]
    Read(#[from] io::Error),
    #[error("MIG_KUBERNETES_TOKEN_FILE holds no token of a service account")]
    Token,
    #[error("MIG_KUBERNETES_CA_FILE holds no certificate")]
    Authority(#[from] crate::http::TlsError),
}

impl Cluster {
    pub(super) fn new(reviews: Reviews, tasks: Tasks, metrics: Metrics) -> Self {
        Self(Arc::new(Inner {
            reviews,
            own: Mutex::default(),
            reviewed: Cache::builder()
                .max_capacity(MOST_REMEMBERED)
                .time_to_live(MEMORY)
                .build(),
            flights: Flights::default(),
            turns: Turns::new(),
            // The turns of all workers are no more, so that nobody waits for one of these.
            guard: Guard::new(turns::AT_ONCE, review::ALLOWED),
            is_refused: AtomicBool::default(),
            tasks,
            metrics,
        }))
    }

    /// Reads our own token, and again as the cluster replaces it.
    pub(super) async fn keep(self) {
        let mut told = None;
        loop {
            self.look(&mut told).await;
            time::sleep(REREAD).await;
        }
    }

    /// Reads it once. What is wrong with it is told once, and not each time it is found.
    async fn look(&self, told: &mut Option<String>) {
        let fault = self.reread().await.err();
        if *told != fault {
            tell(fault.as_deref());
            *told = fault;
        }
    }

    /// What is held is kept where there is none to take its place.
    async fn reread(&self) -> Result<(), String> {
        let (reviews, held) = (self.0.reviews.clone(), self.own().clone());
        let read = spawn_blocking(move || Own::read(&reviews, held)).await;
        let read = read.map_err(|_| "the look at the files broke off".to_owned())?;
        *self.own() = Some(read.map_err(|error| chain(&error))?);
        Ok(())
    }

    /// How the review of tokens stands. Nobody is asked for it.
    pub(super) fn standing(&self) -> ReviewStanding {
        if self.own().is_none() {
            ReviewStanding::NoToken
        } else if let Some(silence) = self.0.guard.silence() {
            ReviewStanding::Silent(silence)
        } else if self.0.is_refused.load(Ordering::Relaxed) {
            ReviewStanding::Refused
        } else {
            ReviewStanding::Fine
        }
    }

    /// Notes whether we may ask, if `answer` says so.
    fn learn(&self, answer: &Result<Response, Error>) {
        let refusal = answer.as_ref().err().and_then(Error::refusal);
        let is_refused = refusal.is_some_and(|it| matches!(it.status.as_u16(), 401 | 403));
        if is_refused || answer.is_ok() {
            self.0.is_refused.store(is_refused, Ordering::Relaxed);
        }
    }

    fn own(&self) -> MutexGuard<'_, Option<Own>> {
        self.0.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells what is wrong with our own token, or that nothing is any more.
fn tell(fault: Option<&str>) {
    if let Some(error) = fault {
        tracing::warn!(error, "tokens may not be reviewed");
    } else {
        tracing::info!("tokens may be reviewed again");
    }
}

impl Own {
    fn read(reviews: &Reviews, held: Option<Self>) -> Result<Self, Unusable> {
        let token = fs::read_to_string(&reviews.token)?;
        let token = token.trim();
        let claimed = Jws::split(token).and_then(|jws| jws.claims::<Claimed>());
        let issuer = claimed.map_err(|_| Unusable::Token)?.iss;
        let authority: Arc<[u8]> = match reviews.endpoint.scheme() {
            "https" => fs::read(&reviews.authority)?.into(),
            _ => Arc::default(),
        };
        // Connections of the same authority go on.
        let tls = match held {
            Some(held) if held.authority == authority => held.tls,
            _ if authority.is_empty() => None,
            _ => Some(Tls::trusting(&authority)?),
        };
        Ok(Self {
            token: Secret::new(token),
            issuer,
            authority,
            tls,
        })
    }
}

/// Connections to the API server, and whose signature is trusted on them.
struct Connections {
    authority: Arc<[u8]>,
    client: Client,
}

/// What one worker asks the API server with.
#[derive(Clone)]
pub(super) struct Reviewer {
    cluster: Cluster,
    client: Rc<RefCell<Option<Connections>>>,
}

impl Reviewer {
    pub(super) fn new(cluster: Cluster) -> Self {
        Self {
            cluster,
            client: Rc::default(),
        }
    }

    /// Whether tokens of `issuer` are for the cluster to review: it is the issuer
    /// of our own. While that is not known it may be any.
    pub(super) fn knows(&self, issuer: &str) -> Result<bool, Refusal> {
        let own = self.cluster.own();
        let own = own.as_ref().ok_or(Refusal::NoReview)?;
        Ok(own.issuer == issuer)
    }

    /// Who the cluster says is behind `token`.
    pub(super) async fn caller(
        &self,
        token: &str,
        jws: &Jws<'_>,
        digest: Digest,
        now: Moment,
    ) -> Outcome {
        let inner = &self.cluster.0;
        self.spare(jws, now)?;
        match inner.flights.join(&digest, || inner.reviewed.get(&digest)) {
            Joined::Landed(outcome) => outcome,
            Joined::Waiting(seat) => seat.outcome().await.unwrap_or(Err(Refusal::NoReview)),
            Joined::First(landing) => {
                let (this, token) = (self.clone(), Secret::new(token));
                let work = async move {
                    let outcome = this.review(token, &digest).await;
                    if outcome.is_ok() {
                        this.cluster.0.turns.know(digest);
                    }
                    if outcome != Err(Refusal::NoReview) {
                        this.cluster.0.reviewed.insert(digest, outcome.clone());
                    }
                    landing.land(outcome.clone());
                    outcome
                };
                let finished = inner.tasks.finish(work).await;
                finished.unwrap_or(Err(Refusal::NoReview))
            }
        }
    }

    /// Has the one token reviewed that is there without a caller: our own. Whoever it is
    /// for, the answer says that callers' would be.
    pub(super) async fn try_once(&self) -> Trial {
        let reviews = &self.cluster.0.reviews;
        Trial::of_cluster(reviews, self.review_own(reviews).await)
    }

    async fn review_own(&self, reviews: &Reviews) -> Result<(), Unreviewed> {
        let own = Own::read(reviews, None)?;
        let client = self.client(&own);
        let answer = review::exchange(&client, reviews, &own.token, &own.token).await?;
        match review::read(&answer.body, &reviews.audience) {
            Err(Refusal::NoReview) => Err(Unreviewed::Malformed),
            _ => Ok(()),
        }
    }

    /// Refuses what the cluster certainly would, by what the token says of itself.
    fn spare(&self, jws: &Jws<'_>, now: Moment) -> Result<(), Refusal> {
        #[derive(serde::Deserialize)]
        struct Plain {
            aud: Audiences,
            exp: u64,
            sub: String,
        }
        let plain: Plain = jws.claims().map_err(|_| Refusal::Reviewed)?;
        let own = std::slice::from_ref(&self.cluster.0.reviews.audience);
        let has_hope = jws.is_signed_with_a_key_pair()
            && plain.aud.are_for(own)
            && now.is_within(None, plain.exp).is_ok()
            && plain.sub.parse::<ServiceAccount>().is_ok();
        if !has_hope {
            return Err(Refusal::Reviewed);
        }
        Ok(())
    }

    async fn review(&self, token: Secret, digest: &Digest) -> Outcome {
        let inner = &self.cluster.0;
        let own = self.cluster.own().clone().ok_or(Refusal::NoReview)?;
        let Ok(_turn) = time::timeout(TURN, inner.turns.take(digest)).await else {
            return Err(Refusal::NoReview);
        };
        let client = self.client(&own);
        let answer = review::exchange(&client, &inner.reviews, &own.token, &token).await;
        self.cluster.learn(&answer);
        review::outcome(answer, &inner.reviews.audience)
    }

    /// The connections to the API server, with the authority that is trusted now.
    fn client(&self, own: &Own) -> Client {
        let mut held = self.client.borrow_mut();
        let current = held.as_ref().filter(|it| it.authority == own.authority);
        if let Some(current) = current {
            return current.client.clone();
        }
        let profile = Profile {
            service: "kubernetes",
            connect: CONNECT,
            body_limit: BODY_LIMIT,
            tls: own.tls.clone(),
            guard: Some(self.cluster.0.guard.clone()),
        };
        let client = Client::new(profile, self.cluster.0.metrics.clone());
        *held = Some(Connections {
            authority: Arc::clone(&own.authority),
            client: client.clone(),
        });
        client
    }
}

#[cfg(test)]
mod tests;
