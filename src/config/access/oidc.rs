//! Callers with tokens of other issuers that speak `OpenID` Connect.

use super::audience;
use crate::config::{
    Cloud,
    form::{base, words},
    reader::{Faulty, Reader},
};

/// An issuer, and what its tokens have to be for: one of several audiences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issuer {
    /// Its `iss`, letter for letter; its configuration is read below it.
    pub(crate) issuer: String,
    pub(crate) audiences: Vec<String>,
}

/// As many as anybody has clusters in one place.
const MOST: usize = 16;

const EXPECTED: &str = "up to 16 of issuer=audience, separated by commas or spaces: an https URL \
     (http is allowed to a loopback address) without a query, which is not Entra ID's (that is what entra is for), and an audience of the \
     gateway's own";

pub(super) fn read(reader: &mut Reader) -> Result<Vec<Issuer>, Faulty> {
    reader.required("MIG_AUTH_ISSUERS", EXPECTED, issuers)
}

fn issuers(text: &str) -> Option<Vec<Issuer>> {
    let mut all: Vec<Issuer> = Vec::new();
    for word in words(text) {
        let (issuer, audience) = pair(word)?;
        match all.iter_mut().find(|known| known.issuer == issuer) {
            Some(known) => known.audiences.push(audience),
            None => all.push(Issuer {
                issuer,
                audiences: vec![audience],
            }),
        }
    }
    (1..=MOST).contains(&all.len()).then_some(all)
}

/// Entra ID is none of them: what else has to hold of its tokens would not be
/// looked at.
fn pair(text: &str) -> Option<(String, String)> {
    let (issuer, own) = text.split_once('=')?;
    let url = base(issuer)?;
    let is_entra = url.host_str().is_some_and(Cloud::is_of_entra);
    (!is_entra).then_some(())?;
    Some((issuer.to_owned(), audience(own)?))
}
