#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| dojang_fuzz::inspect::run(input));
