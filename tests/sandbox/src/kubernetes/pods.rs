//! Pods, as far as tokens are bound to them.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::seed::guid;

/// Every pod that a token was bound to.
#[derive(Default)]
pub(crate) struct Pods(Mutex<HashMap<(String, String), Pod>>);

/// The newest pod of its name.
#[derive(Clone, Copy, Default)]
struct Pod {
    generation: u32,
    is_deleted: bool,
}

impl Pods {
    /// The uid of the pod, which is made anew where it was deleted.
    pub(super) fn run(&self, namespace: &str, name: &str) -> String {
        let mut pods = self.all();
        let pod = pods.entry(key(namespace, name)).or_default();
        if pod.is_deleted {
            pod.generation += 1;
            pod.is_deleted = false;
        }
        uid(namespace, name, pod.generation)
    }

    /// The pod is gone.
    pub(crate) fn delete(&self, namespace: &str, name: &str) {
        let mut pods = self.all();
        pods.entry(key(namespace, name)).or_default().is_deleted = true;
    }

    /// Whether that very pod is there.
    pub(super) fn has(&self, namespace: &str, name: &str, id: &str) -> bool {
        let pod = self.all().get(&key(namespace, name)).copied();
        pod.is_some_and(|pod| !pod.is_deleted && uid(namespace, name, pod.generation) == id)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<(String, String), Pod>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(namespace: &str, name: &str) -> (String, String) {
    (namespace.to_owned(), name.to_owned())
}

fn uid(namespace: &str, name: &str, generation: u32) -> String {
    guid(&format!("pod/{namespace}/{name}/{generation}"))
}
