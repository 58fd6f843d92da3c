//! Virtual machines, by Resource Manager and by Resource Graph.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("machine", input));
