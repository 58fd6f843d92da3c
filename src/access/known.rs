//! What all workers know of those who may call.

use std::sync::Arc;

use url::Url;

use super::{
    entra,
    fetch::{KeysAt, Place},
    keys::{KeySet, KeyStanding},
    kubernetes::{Cluster, ReviewStanding},
    oidc::{self, Clusters},
    rules::Rules,
    validated::Validated,
};
use crate::{
    config::{Callers, EntraCallers, EntraVersion, Issuer},
    http::Tls,
    metrics::Metrics,
    task::Tasks,
};

/// The methods by which callers prove who they are, with what is known for each.
#[derive(Clone)]
pub(crate) struct Access(Arc<Inner>);

struct Inner {
    /// Not told by whether there is a method: without one, nobody is let in.
    asks: bool,
    issuers: Vec<(Rules, KeySet)>,
    kubernetes: Option<Cluster>,
    validated: Validated,
    tls: Option<Tls>,
    metrics: Metrics,
}

impl Access {
    /// Nothing is known yet; [`super::Authenticator::keep`] changes that.
    pub(crate) fn new(
        callers: &Callers,
        tls: Option<Tls>,
        tasks: &Tasks,
        metrics: &Metrics,
    ) -> Self {
        let entra = callers.entra.iter().flat_map(|callers| {
            callers.versions.iter().map(move |version| {
                let rules = entra::Rules::new(callers, *version);
                let place = of_entra(callers, &rules);
                let source = match version {
                    EntraVersion::V1 => "entra_v1",
                    EntraVersion::V2 => "entra_v2",
                };
                (Rules::Entra(rules), place, source)
            })
        });
        let clusters = Clusters::of(callers);
        let oidc = callers.issuers.iter().filter_map(|issuer| {
            let rules = oidc::Rules::new(issuer, clusters);
            Some((Rules::Oidc(rules), of_issuer(issuer)?, "oidc"))
        });
        let issuers = entra.chain(oidc).map(|(rules, place, source)| {
            let keys = KeySet::new(place, source, tasks.clone(), metrics.clone());
            (rules, keys)
        });
        Self(Arc::new(Inner {
            asks: callers.are_asked(),
            issuers: issuers.collect(),
            kubernetes: callers
                .kubernetes
                .as_ref()
                .map(|reviews| Cluster::new(reviews.clone(), tasks.clone(), metrics.clone())),
            validated: Validated::new(),
            tls,
            metrics: metrics.clone(),
        }))
    }

    /// How the keys of each issuer stand.
    pub(crate) fn keys(&self) -> impl Iterator<Item = KeyStanding> {
        self.sets().map(KeySet::standing)
    }

    /// How the review of tokens by the API server stands, if there is one.
    pub(crate) fn reviews(&self) -> Option<ReviewStanding> {
        self.0.kubernetes.as_ref().map(Cluster::standing)
    }

    pub(super) fn sets(&self) -> impl Iterator<Item = &KeySet> {
        self.0.issuers.iter().map(|(_, keys)| keys)
    }

    pub(super) fn issuers(&self) -> &[(Rules, KeySet)] {
        &self.0.issuers
    }

    pub(super) fn kubernetes(&self) -> Option<&Cluster> {
        self.0.kubernetes.as_ref()
    }

    pub(super) fn validated(&self) -> &Validated {
        &self.0.validated
    }

    pub(super) fn tls(&self) -> Option<Tls> {
        self.0.tls.clone()
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Whether anybody is asked who they are.
    pub(super) fn asks(&self) -> bool {
        self.0.asks
    }
}

/// The configuration of a tenant, one for each version of tokens.
///
/// Source: "`OpenID` Connect on the Microsoft identity platform".
fn of_entra(callers: &EntraCallers, rules: &entra::Rules) -> Place {
    let tenant = callers.tenant;
    let mut configuration = callers.endpoint.clone();
    configuration.set_path(&match rules.version {
        EntraVersion::V1 => format!("/{tenant}/.well-known/openid-configuration"),
        EntraVersion::V2 => format!("/{tenant}/v2.0/.well-known/openid-configuration"),
    });
    Place {
        configuration,
        issuer: rules.issuer.clone(),
        keys: KeysAt::SameHost,
    }
}

/// What follows the issuer, whose last slash does not count twice.
///
/// Source: `OpenID` Connect Discovery 1.0, section 4.1.
fn of_issuer(issuer: &Issuer) -> Option<Place> {
    let base = issuer.issuer.trim_end_matches('/');
    let configuration = format!("{base}/.well-known/openid-configuration");
    Some(Place {
        configuration: Url::parse(&configuration).ok()?,
        issuer: issuer.issuer.clone(),
        keys: KeysAt::Named,
    })
}
