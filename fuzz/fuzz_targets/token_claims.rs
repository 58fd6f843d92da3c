//! Claims of tokens that are signed as they should be.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("token_claims", input));
