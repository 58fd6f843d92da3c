//! What instance metadata says of the host.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("instance_metadata", input));
