//! Traces, request ids, preferences, and the form and age in which users are wanted.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("request_headers", input));
