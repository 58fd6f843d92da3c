//! Queries for users, as callers send them.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("directory_query", input));
