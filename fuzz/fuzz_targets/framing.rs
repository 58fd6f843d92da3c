//! Heads and bodies of requests on one connection, as callers send them.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("framing", input));
