//! Where an operation is told of, and what is told there.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("operation_status", input));
