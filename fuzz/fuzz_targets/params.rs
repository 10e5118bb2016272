//! Any name with any JSON value as a hyper-parameter of a pipeline: set, or an error; what was set is read back.
#![no_main]

use fitwell::params::Value;
use fitwell::prelude::*;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (name, value) = text.split_once('=').unwrap_or((&text, "null"));
    let value: Value = value.parse().unwrap_or_else(|_| Value::from(value));
    let model = fitwell_fuzz::penguins();
    if let Ok(set) = model.with_param(name, value) {
        assert!(set.params().contains_key(name), "{name}");
        assert_eq!(set.params().len(), model.params().len());
    }
});
