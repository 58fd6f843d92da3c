//! Traces, request ids and preferences.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("request_headers", input));
