//! The local Azure as any HTTP client sees it.
//!
//! Each test has a sandbox of its own, on a free port.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on may panic"
)]

mod aks;
mod aks_refusals;
mod app_service;
mod app_service_2017;
mod arc;
mod arc_challenge;
mod arm;
mod arm_actions;
mod arm_failures;
mod arm_fleet;
mod arm_hibernation;
mod arm_lists;
mod arm_operations;
mod arm_power;
mod arm_preemption;
mod arm_quotas;
mod arm_roles;
mod arm_signatures;
mod arm_subscriptions;
mod arm_throttles;
mod arm_tokens;
mod arm_update;
mod astray;
mod binary;
mod caller_control;
mod caller_tokens;
mod client;
mod cloud_shell;
mod compute;
mod control;
mod control_identities;
mod directory;
mod discovery;
mod entra_keys;
mod faults;
mod graph;
mod graph_advanced;
mod graph_changes;
mod graph_control;
mod graph_count;
mod graph_delta;
mod graph_delta_refusals;
mod graph_delta_rounds;
mod graph_delta_tokens;
mod graph_filter;
mod graph_order;
mod graph_paging;
mod graph_paths;
mod graph_roles;
mod graph_tokens;
mod graph_units;
mod host;
mod imds;
mod imds_identities;
mod imds_instance;
mod imds_limits;
mod issuer;
mod known;
mod kubernetes;
mod kubernetes_review;
mod kubernetes_reviewers;
mod lists;
mod machine_learning;
mod program;
mod program_hosts;
mod program_tls;
mod refusing;
mod replica;
mod resource_graph;
mod resource_graph_query;
mod resource_graph_quota;
mod reviewer;
mod secure;
mod service_fabric;
mod tls;
mod token_throttles;
mod unknown;
mod unknown_answers;
mod unknown_told;
mod vm_extension;
