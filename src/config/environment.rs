//! The environment, sifted: what of it is ours, as text.

use std::{collections::BTreeMap, ffi::OsString};

use super::{identity::BINDINGS, reader::Reader, variables};

/// How the names begin that nobody else uses.
pub(super) const PREFIX: &str = "MIG_";

/// What Kubernetes sets: where its API server is, and the name of the pod.
const KUBERNETES: [&str; 3] = [
    "HOSTNAME",
    "KUBERNETES_SERVICE_HOST",
    "KUBERNETES_SERVICE_PORT",
];

/// Those of `vars` that have one of our names, letter for letter: `envy` would
/// take `mig_workers` for `MIG_WORKERS`. An empty value counts as none, as Helm
/// renders a blank.
///
/// A value that is not text is a fault and counts as set all the same: else a
/// second fault would say that it is missing.
pub(super) fn ours(
    reader: &mut Reader,
    vars: impl IntoIterator<Item = (OsString, OsString)>,
) -> BTreeMap<String, String> {
    let mut ours = BTreeMap::new();
    for (name, value) in vars {
        let name = name.to_string_lossy().into_owned();
        if value.is_empty() {
            continue;
        }
        if !is_ours(&name) {
            reader.refuse_misspelt(&name);
            continue;
        }
        if value.to_str().is_none() {
            reader.fault(format!("{name} is not valid UTF-8"));
        }
        if ours.contains_key(&name) {
            reader.fault(format!("{name} is set twice"));
        }
        ours.insert(name, value.to_string_lossy().into_owned());
    }
    ours
}

pub(super) fn is_ours(name: &str) -> bool {
    variables().any(|variable| variable.name == name)
        || BINDINGS.contains(&name)
        || KUBERNETES.contains(&name)
}
