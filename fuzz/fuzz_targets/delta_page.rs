//! Pages of Graph's delta query, on their way into the replica.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("delta_page", input));
