//! What Azure and the endpoints of identities say when they refuse.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("azure_refusal", input));
