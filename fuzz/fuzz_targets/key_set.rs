//! The keys of issuers, and the configurations that lead to them.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("key_set", input));
