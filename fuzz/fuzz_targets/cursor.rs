//! Cursors of listings, as callers send them back.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("cursor", input));
