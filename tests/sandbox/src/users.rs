//! What happens to the users of a sandbox.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{Sandbox, graph::NotChanged};

impl Sandbox {
    /// Every department that has somebody in it, the awkward ones included.
    #[must_use]
    pub fn departments(&self) -> Vec<String> {
        self.azure.graph.directory.departments()
    }

    /// The ids of the users of `department`.
    #[must_use]
    pub fn user_ids(&self, department: &str) -> BTreeSet<String> {
        self.azure.graph.directory.ids(department)
    }

    /// Somebody new comes, of `department`, and has this id; the account is
    /// enabled.
    #[expect(clippy::must_use_candidate, reason = "not everybody needs the id")]
    pub fn add_user(&self, department: Option<&str>) -> String {
        self.azure.graph.directory.add(department)
    }

    /// Sets `properties` of a user, such as `{"department": "Sales"}`; null
    /// clears one.
    ///
    /// # Panics
    ///
    /// Where there is no such user, or users have no such property.
    pub fn change_user(&self, id: &str, properties: &Value) {
        let Some(properties) = properties.as_object() else {
            panic!("properties have names: {properties}");
        };
        expect_changed(id, self.azure.graph.directory.change(id, properties));
    }

    /// A user goes, and can be restored: a soft delete.
    ///
    /// # Panics
    ///
    /// Where there is no such user.
    pub fn remove_user(&self, id: &str) {
        expect_changed(id, self.azure.graph.directory.remove(id));
    }

    /// A user goes for good, whether it was removed before or not.
    ///
    /// # Panics
    ///
    /// Where there is no such user.
    pub fn purge_user(&self, id: &str) {
        expect_changed(id, self.azure.graph.directory.purge(id));
    }

    /// A user that was removed comes back.
    ///
    /// # Panics
    ///
    /// Where it was not removed, or is gone for good.
    pub fn restore_user(&self, id: &str) {
        expect_changed(id, self.azure.graph.directory.restore(id));
    }

    /// So many changes of every kind at random, the same for the same seed.
    pub fn churn(&self, changes: usize, seed: u64) {
        self.azure.graph.directory.churn(changes, seed);
    }

    /// Links of delta queries given out so far lead to 410: their clients have
    /// to begin again.
    pub fn forget_delta_tokens(&self) {
        self.azure.graph.delta_tokens.forget();
    }

    /// Links of delta queries given out so far are too old, as they are after
    /// seven days.
    pub fn expire_delta_tokens(&self) {
        self.azure.graph.delta_tokens.expire();
    }
}

/// A test would go on from another state than it says.
fn expect_changed(id: &str, done: Result<(), NotChanged>) {
    if let Err(error) = done {
        panic!("user {id} cannot be changed so: {error}");
    }
}
