//! Any text as a model file in JSON: a model that can be used and saved, or an error.
#![no_main]

use fitwell::model::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fitwell_fuzz::load(data, Format::Json));
