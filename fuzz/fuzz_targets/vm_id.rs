//! Names and ids of virtual machines, and sentences that name them.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("vm_id", input));
