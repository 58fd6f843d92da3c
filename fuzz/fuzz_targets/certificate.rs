//! Certificates, keys and authorities, as files have them.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("certificate", input));
