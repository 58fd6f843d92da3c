//! Changes of virtual machines, and the versions that they are for.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("vm_change", input));
