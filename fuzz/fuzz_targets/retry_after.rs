//! The value of every header about pauses and quotas.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("retry_after", input));
