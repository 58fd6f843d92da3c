//! The gateway over the wire: one binary, one link, everything in parallel.
//!
//! Each test has a local Azure and a gateway of its own, on free ports.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on may panic"
)]

mod actions;
mod answer;
mod architecture;
mod arm_errors;
mod arm_faults;
mod audit;
mod audit_process;
mod authorization;
mod bodies;
mod busy_node;
mod callers;
mod change_faults;
mod changes;
mod circuit;
mod cli;
mod conformance;
mod contract;
mod crowds;
mod descriptors;
mod docs;
mod doctor;
mod documents;
mod edge;
mod emptiness;
mod exports;
mod flood;
mod forwarded;
mod gateway;
mod graph_faults;
mod guards;
mod health;
mod hibernation;
mod hostile;
mod identity;
mod identity_report;
mod issuers;
mod joining;
mod large_directory;
mod last_lines;
mod least_privilege;
mod listing;
mod matrix;
mod metrics;
mod names;
mod nobody;
mod operations;
mod orders;
mod otlp;
mod output;
mod overload;
mod own_host;
mod pacing;
mod page_cache;
mod paging;
mod people;
mod permission;
mod pipelining;
mod policy_reload;
mod polling;
mod preferences;
mod process;
mod program;
mod recorded;
mod records;
mod rejections;
mod replica;
mod rotation;
mod shutdown;
mod slow;
mod sources;
mod starting;
mod status;
mod survival;
mod tokens;
mod transport;
mod unanswered;
mod upstreams;
mod users;
mod vms;
mod whole;
mod wire;
