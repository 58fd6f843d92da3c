//! Queries for virtual machines.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("vm_query", input));
