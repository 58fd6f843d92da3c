//! Proves who calls: the issuer that a token names chooses the method.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{http::header::HeaderValue, rt::time};

use super::{
    Access, Caller, Refusal, bearer,
    claims::{Claimed, Moment},
    jws::Jws,
    keys::KeySet,
    kubernetes::Reviewer,
    ring::Found,
    rules::Rules,
    trial::Trial,
    validated::{Digest, Proof},
};
use crate::{
    http::{Client, Deadline, Profile},
    task::Tasks,
};

const CONNECT: Duration = Duration::from_secs(3);

/// A thousand keys with their certificates are some 3 MB.
const BODY_LIMIT: usize = 4 * 1024 * 1024;

/// What one worker asks callers with.
#[derive(Clone)]
pub(crate) struct Authenticator {
    access: Access,
    issuers: Client,
    reviewer: Option<Reviewer>,
}

/// Who decides about a token.
enum Method<'a> {
    Keys(&'a Rules, &'a KeySet),
    Review(&'a Reviewer),
}

impl Authenticator {
    /// With connections of its own.
    pub(crate) fn new(access: Access) -> Self {
        let profile = Profile {
            service: "issuer",
            connect: CONNECT,
            body_limit: BODY_LIMIT,
            tls: access.tls(),
            guard: None,
        };
        let metrics = access.metrics().clone();
        Self {
            issuers: Client::new(profile, metrics),
            reviewer: access.kubernetes().cloned().map(Reviewer::new),
            access,
        }
    }

    /// Begins to learn what tokens are checked with, and goes on with it.
    pub(crate) fn keep(&self, tasks: &Tasks) {
        for keys in self.access.sets() {
            tasks.follow(keys.clone().keep(self.issuers.clone()));
        }
        if let Some(cluster) = self.access.kubernetes() {
            tasks.follow(cluster.clone().keep());
        }
    }

    /// Asks everybody once who vouches for callers; nothing is kept of it.
    pub(crate) async fn try_once(&self) -> Vec<Trial> {
        let mut trials = Vec::new();
        for keys in self.access.sets() {
            trials.push(keys.try_once(&self.issuers).await);
        }
        if let Some(reviewer) = &self.reviewer {
            trials.push(reviewer.try_once().await);
        }
        trials
    }

    /// Whether callers are asked who they are.
    pub(crate) fn asks(&self) -> bool {
        self.access.asks()
    }

    /// Who calls with `headers`, which are those named Authorization; nobody waits for it
    /// beyond `deadline`.
    pub(crate) async fn caller<'a>(
        &self,
        headers: impl Iterator<Item = &'a HeaderValue>,
        deadline: Deadline,
    ) -> Result<Arc<Caller>, Refusal> {
        if !self.asks() {
            return Ok(Arc::new(Caller::Anonymous));
        }
        let outcome = self.proven(headers, deadline).await;
        let label = outcome.as_ref().map_or_else(|it| it.label(), |_| "ok");
        self.access.metrics().authentication(label);
        if let Err(refusal) = &outcome {
            tracing::debug!(reason = refusal.label(), "a caller was not let in");
        }
        outcome
    }

    async fn proven<'a>(
        &self,
        headers: impl Iterator<Item = &'a HeaderValue>,
        deadline: Deadline,
    ) -> Result<Arc<Caller>, Refusal> {
        let token = bearer::token(headers)?;
        let digest = Digest::of(token);
        if let Some(caller) = self.access.validated().get(&digest) {
            return Ok(caller);
        }
        let jws = Jws::split(token)?;
        let claimed: Claimed = jws.claims().map_err(|_| Refusal::Issuer)?;
        let now = Moment::now();
        match self.method(&claimed)? {
            Method::Keys(rules, keys) => {
                let found = self.key(&jws, keys, deadline).await?;
                let (caller, expires) = rules.caller(&jws, &found.key, now)?;
                let lasts = now.until(expires);
                Ok(self.keep_proof(digest, caller, (keys, &found), lasts))
            }
            Method::Review(reviewer) => {
                let outcome = reviewer.caller(token, &jws, digest, now);
                let outcome = time::timeout(deadline.remaining(), outcome).await;
                outcome.unwrap_or(Err(Refusal::NoReview))
            }
        }
    }

    /// The method of the issuer that a token names; nothing of it is believed by
    /// that. What the own cluster reviews its keys do not prove: a pod may be gone.
    fn method(&self, claimed: &Claimed) -> Result<Method<'_>, Refusal> {
        let is_of_entra = claimed.is_of_entra();
        if let Some(reviewer) = &self.reviewer
            && !is_of_entra
            && reviewer.knows(&claimed.iss)?
        {
            return Ok(Method::Review(reviewer));
        }
        let issuers = self.access.issuers();
        if let Some((rules, keys)) = issuers.iter().find(|(rules, _)| rules.are_for(claimed)) {
            return Ok(Method::Keys(rules, keys));
        }
        let is_entra = |(rules, _): &(Rules, KeySet)| matches!(rules, Rules::Entra(_));
        Err(if is_of_entra && issuers.iter().any(is_entra) {
            Refusal::Version
        } else {
            Refusal::Issuer
        })
    }

    async fn key(
        &self,
        jws: &Jws<'_>,
        keys: &KeySet,
        deadline: Deadline,
    ) -> Result<Found, Refusal> {
        let id = jws.key_id()?;
        let found = keys.key(&id, &self.issuers, Instant::now());
        let found = time::timeout(deadline.remaining(), found).await;
        found.unwrap_or(Err(Refusal::NoKeys(Duration::ZERO)))
    }

    fn keep_proof(
        &self,
        token: Digest,
        caller: Caller,
        (keys, found): (&KeySet, &Found),
        lasts: Duration,
    ) -> Arc<Caller> {
        let caller = Arc::new(caller);
        let proof = Proof {
            caller: Arc::clone(&caller),
            keys: keys.clone(),
            generation: found.generation,
            lasts,
        };
        self.access.validated().keep(token, proof);
        caller
    }
}
