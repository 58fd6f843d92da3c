//! Links to further pages of users and of changes.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("page_link", input));
