//! What the identity may do, as Resource Manager tells it.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("permissions", input));
