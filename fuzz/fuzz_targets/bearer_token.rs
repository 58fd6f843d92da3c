//! Headers named Authorization, before anything of them is believed.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("bearer_token", input));
