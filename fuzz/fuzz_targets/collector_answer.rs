//! Answers of collectors of telemetry.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mi_gateway::feed("collector_answer", input));
