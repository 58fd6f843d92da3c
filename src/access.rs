//! Who calls: proven by a token, by way of the method that its issuer chooses.

mod authenticator;
mod bearer;
mod caller;
mod claims;
mod entra;
mod fetch;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzz;
mod jwks;
mod jws;
mod keys;
mod known;
mod kubernetes;
mod oidc;
mod reach;
mod refusal;
mod review;
mod ring;
mod rules;
#[cfg(any(fuzzing, test))]
mod signer;
mod trial;
mod turns;
mod validated;

pub(crate) use authenticator::Authenticator;
pub(crate) use caller::{Caller, Kind, Principal, ServiceAccount, Subject};
pub(crate) use keys::KeyStanding;
pub(crate) use known::Access;
pub(crate) use kubernetes::ReviewStanding;
pub(crate) use reach::Reach;
pub(crate) use refusal::Refusal;
#[cfg(test)]
pub(crate) use ring::Told;
pub(crate) use trial::{Trial, Unproven};
