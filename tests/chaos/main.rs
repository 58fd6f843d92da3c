//! Several gateways under faults: what has to hold at every moment, and that all is
//! well when a fault has ended.
//!
//! `CHAOS_SEED` gives faults and calls their order, though not their moments;
//! `CHAOS_SECONDS` is the time after which no other fault begins. Without that it is a
//! short run, of a third of the faults. `soak` is a run of another kind: nothing
//! fails, for long.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on may panic"
)]
#![expect(clippy::print_stdout, reason = "a run says how it goes")]

mod call;
mod callers;
mod client;
#[path = "../it/records/deed.rs"]
mod deed;
mod fault;
mod files;
mod judge;
mod ledger;
mod lists;
mod names;
#[allow(dead_code, reason = "the tests of TLS need more of it")]
#[path = "../it/transport/pki.rs"]
mod pki;
mod replica;
mod run;
mod secrets;
mod settle;
mod site;
mod soak;
mod traffic;
mod truth;
#[allow(dead_code, reason = "the tests of TLS need more of it")]
#[path = "../it/transport/visit.rs"]
mod visit;
mod vitals;
