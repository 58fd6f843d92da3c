//! A host by its variables, as the programs on it see it.

use std::collections::HashMap;

use azure_sandbox::{Host, Identity, Sandbox, Settings};

/// A sandbox, and what one of its hosts tells programs.
pub(crate) struct HostOf {
    pub(crate) azure: Sandbox,
    variables: HashMap<String, String>,
}

impl HostOf {
    pub(crate) fn new(host: Host, settings: Settings) -> Self {
        let azure = Sandbox::start(settings).unwrap();
        let variables = azure.environment(host).into_iter().collect();
        Self { azure, variables }
    }

    pub(crate) fn var(&self, name: &str) -> &str {
        self.variables.get(name).expect(name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.variables.contains_key(name)
    }
}

/// Settings with user-assigned identities of these names.
pub(crate) fn identities(system_assigned: bool, user_assigned: &[&str]) -> Settings {
    Settings {
        system_assigned,
        user_assigned: user_assigned
            .iter()
            .map(|name| Identity::named(name))
            .collect(),
        ..Settings::default()
    }
}
