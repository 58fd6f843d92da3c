//! Answers from where tokens come from, of every kind.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("token_response", input));
