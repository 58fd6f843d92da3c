//! Users by whom it is found out whether Graph shows departments.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("user_probe", input));
