//! What the API server of Kubernetes says of a token.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("token_review", input));
