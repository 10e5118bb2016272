//! Any bytes as delimited text: a table or an error; a table that can be written reads back the same.
#![no_main]

use fitwell::table::{ColumnKind, CsvOptions};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, data)) = data.split_first() else {
        return;
    };
    let mut options = CsvOptions::new()
        .max_field_bytes(1 << 12)
        .max_columns(1 << 8)
        .has_header(choice & 1 == 0)
        .decimal_comma(choice & 2 != 0);
    options = match choice >> 2 & 3 {
        1 => options.delimiter(b';'),
        2 => options.delimiter(b'\t').quote(None),
        3 => options.quote(b'\'').comment(b'#'),
        _ => options,
    };
    if choice & 16 != 0 {
        options = options
            .kind("a", ColumnKind::Categorical)
            .kind("b", ColumnKind::Float);
    }
    if choice & 6 == 2 {
        // A decimal comma next to a comma as delimiter.
        options = options.delimiter(b';');
    }
    let Ok(table) = options.read_bytes(data) else {
        return;
    };
    let _ = table.to_string();
    let _ = table
        .describe()
        .expect("every table has a description")
        .to_string();
    if let Ok(text) = options.write_string(&table) {
        let again = options.read_str(&text).expect("what was written is read");
        assert_eq!(table.n_rows(), again.n_rows());
    }
});
