//! Pages of Graph's users, and the forms in which they are handed on.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("user_page", input));
