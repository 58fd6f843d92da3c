//! Ids of operations, as callers ask for them.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("operation_id", input));
