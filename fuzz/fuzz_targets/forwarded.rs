//! Headers that proxies write, and the names that a gateway is asked by.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("forwarded", input));
