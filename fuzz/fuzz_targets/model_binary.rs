//! Any bytes as a binary model file, or as the body of one whose length and checksum are right.
#![no_main]

use fitwell::model::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fitwell_fuzz::load(data, Format::Binary));
