//! Delimited text: what is read, what is refused and how, and that what is written is read back.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use fitwell::table::{Column, ColumnKind, CsvOptions, Table};
use fitwell::{Error, ErrorKind};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use ColumnKind::{Boolean, Categorical, Float, Integer};

fn options() -> CsvOptions {
    CsvOptions::new()
}

fn read(text: &str) -> Table {
    options()
        .read_str(text)
        .unwrap_or_else(|e| panic!("{text:?}: {e}"))
}

fn column(name: &str, column: impl Into<Column>) -> Table {
    Table::new([(name, column)]).unwrap()
}

fn fixture(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/csv")
        .join(name)
}

/// Line, column and text of a refusal, and its whole sentence.
fn refusal(e: &Error) -> (u64, Option<&str>, &str, String) {
    match e.kind() {
        ErrorKind::Csv {
            line, column, text, ..
        } => (*line, column.as_deref(), text, e.to_string()),
        _ => panic!("{e}"),
    }
}

#[test]
fn kinds_are_inferred() {
    for (values, expected) in [
        ("1\n-2\n+3", Column::from([1, -2, 3])),
        ("1\n2.0", Column::from([1.0, 2.0])),
        ("1\n\n2", Column::from([1, 2])), // an empty line is no record
        ("1\nNA", Column::from([Some(1), None])),
        (".5\n1.\n1e3\n2E-3", Column::from([0.5, 1.0, 1000.0, 0.002])),
        (" 1\n2 \n\t3\t", Column::from([1, 2, 3])),
        ("1\n x ", Column::from(["1", " x "])), // texts keep their spaces
        ("true\nFalse\nTRUE", Column::from([true, false, true])),
        (
            "true\nNA\n false ",
            Column::from([Some(true), None, Some(false)]),
        ),
        ("true\n1", Column::from(["true", "1"])),
        ("1\ntrue", Column::from(["1", "true"])),
        ("yes\nno", Column::from(["yes", "no"])),
        ("t\nf", Column::from(["t", "f"])),
        ("9007199254740992", Column::from([1i64 << 53])),
        (
            "9007199254740993\n1",
            Column::from(["9007199254740993", "1"]),
        ),
        (
            "12345678901234567890",
            Column::from(["12345678901234567890"]),
        ),
        (
            "9007199254740993\n0.5",
            Column::from([9007199254740992.0, 0.5]),
        ),
        ("01234\n89077", Column::from(["01234", "89077"])),
        ("01\n0.5", Column::from([1.0, 0.5])),
        ("-01", Column::from(["-01"])),
        ("0\n-0", Column::Integer(vec![0.0, -0.0])),
        ("1e-400", Column::from([0.0])), // the nearest double
        ("inf\n1", Column::from(["inf", "1"])),
        ("Infinity", Column::from(["Infinity"])),
        ("0x1F", Column::from(["0x1F"])),
        ("1_000", Column::from(["1_000"])),
        ("\"1,000\"\n2", Column::from(["1,000", "2"])), // separators of thousands stay text
        ("\"1,5\"", Column::from(["1,5"])),
        ("2024-01-02", Column::from(["2024-01-02"])),
        ("12:30", Column::from(["12:30"])),
        ("=1+1", Column::from(["=1+1"])),
        ("NaN\nNA\nnull", Column::from([f64::NAN; 3])),
        ("?\n1", Column::from(["?", "1"])), // not a spelling by default
        ("\"1\"\n\"\"\n\"3\"", Column::from([Some(1), None, Some(3)])), // everything quoted
        (
            "\"NA\"\nNA\n\"\"\nx",
            Column::from([Some("NA"), None, Some(""), Some("x")]),
        ),
        ("NA\n\"NA\"\nx", Column::from([None, Some("NA"), Some("x")])),
        ("\"true\"\n\"false\"", Column::from([true, false])),
        ("½", Column::from(["½"])),
        ("1\nx\n3.50\n007", Column::from(["1", "x", "3.50", "007"])),
        ("a\"b\n5'10\"", Column::from(["a\"b", "5'10\""])), // a quote inside is a character
        ("\"a\"\"b\"\n\"\"\"\"", Column::from(["a\"b", "\""])),
        ("\"a\nb\"\n\"c\r\nd\"", Column::from(["a\nb", "c\r\nd"])),
        ("\"a,b\"", Column::from(["a,b"])),
        ("\" x\"", Column::from([" x"])),
    ] {
        let text = format!("v\n{values}\n");
        let found = read(&text);
        assert_eq!(found, column("v", expected.clone()), "{values:?}\n{found}");
        // With no line end at the end of the file, and with those of other systems, it is the same.
        assert_eq!(read(text.trim_end_matches('\n')), found, "{values:?}");
        if !values.contains("\"a\n") {
            assert_eq!(read(&text.replace('\n', "\r\n")), found, "{values:?}");
            assert_eq!(read(&text.replace('\n', "\r")), found, "{values:?}");
        }
    }
}

#[test]
fn missing_values_in_every_kind_of_column() {
    let t = read("f,i,b,s\n,,,\n1.5,2,true,x\nNA,null,nan,None\n");
    assert_eq!(t.kinds(), [Float, Integer, Boolean, Categorical]);
    for (name, column) in t.iter() {
        assert_eq!(column.n_missing(), 2, "{name}");
        assert!(!column.is_missing(1), "{name}");
    }
    for spelling in [
        "", "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "NULL", "null", "None", "<NA>",
        "#NA", "#N/A", "#N/A N/A", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN", " NA ",
    ] {
        let t = read(&format!("a,b\n1,x\n{spelling},{spelling}\n"));
        assert_eq!(
            t.column("a").unwrap(),
            &Column::from([Some(1), None]),
            "{spelling:?}"
        );
        assert_eq!(
            t.column("b").unwrap(),
            &Column::from([Some("x"), None]),
            "{spelling:?}"
        );
    }
    let t = options()
        .missing(["-999", "?"])
        .read_str("a,b\n-999,?\n1,\n")
        .unwrap();
    assert_eq!(t.column("a").unwrap(), &Column::from([None, Some(1)]));
    assert_eq!(t.column("b").unwrap(), &Column::from([None, Some("")]));
    let t = options()
        .missing(["false"])
        .read_str("a\nfalse\ntrue\n")
        .unwrap();
    assert_eq!(t, column("a", [None, Some(true)]));
    let t = options()
        .missing(Vec::<String>::new())
        .read_str("a,b\n1,NA\n,\n")
        .unwrap();
    assert_eq!(t.column("a").unwrap(), &Column::from(["1", ""]));
    assert_eq!(t.column("b").unwrap(), &Column::from(["NA", ""]));
}

#[test]
fn headers() {
    assert_eq!(read("a,\"b,c\", d\n1,2,3\n").names(), ["a", "b,c", " d"]);
    let t = options().has_header(false).read_str("1,x\n2,y\n").unwrap();
    assert_eq!(t.names(), ["column_0", "column_1"]);
    assert_eq!(t.n_rows(), 2);
    let t = options().names(["p", "q"]).read_str("a,a\n1,x\n").unwrap();
    assert_eq!((t.names(), t.n_rows()), (vec!["p".into(), "q".into()], 1));
    let t = options()
        .has_header(false)
        .names(["p", "q"])
        .read_str("1,x\n")
        .unwrap();
    assert_eq!((t.names(), t.n_rows()), (vec!["p".into(), "q".into()], 1));
    assert!(options().names(["p"]).read_str("a,b\n").is_err());
    // Only a header: no rows, and columns without a value are float.
    for text in ["a,b", "a,b\n", "a,b\r\n", "\n\n a,b\n\n\n"] {
        let t = options().kind("b", Categorical).read_str(text).unwrap();
        assert_eq!(
            (t.n_rows(), t.kinds()),
            (0, vec![Float, Categorical]),
            "{text:?}"
        );
    }
}

#[test]
fn other_formats() {
    let tabs = options()
        .delimiter(b'\t')
        .read_str("a\tb\n1\tx, y\n")
        .unwrap();
    assert_eq!(tabs.column("b").unwrap(), &Column::from(["x, y"]));
    let single = options().quote(b'\'').read_str("a,b\n'1,2',\"\n").unwrap();
    assert_eq!(single.column("a").unwrap(), &Column::from(["1,2"]));
    assert_eq!(single.column("b").unwrap(), &Column::from(["\""]));
    let none = options().quote(None).read_str("a,b\n\"x,y\"\n").unwrap();
    assert_eq!(none.column("a").unwrap(), &Column::from(["\"x"]));
    let comments = options()
        .comment(b'#')
        .read_str("# it's \"odd\n#\na,b\n1,#2\n#3,4\n")
        .unwrap();
    assert_eq!(comments.column("b").unwrap(), &Column::from(["#2"]));
    assert_eq!(comments.n_rows(), 1);
    let commas = options()
        .decimal_comma(true)
        .read_str("a,b\n\"1,5\",\"1.5\"\n")
        .unwrap();
    assert_eq!(commas.column("a").unwrap(), &Column::from([1.5]));
    assert_eq!(commas.column("b").unwrap(), &Column::from(["1.5"]));
}

#[test]
fn given_kinds() {
    let text = "a,b,c,d\n007,3.0,1,1\n1.5, -2 ,0,x\n,,,\n";
    let t = options()
        .kinds([
            ("a", Float),
            ("b", Integer),
            ("c", Boolean),
            ("d", Categorical),
        ])
        .read_str(text)
        .unwrap();
    assert_eq!(
        t.column("a").unwrap(),
        &Column::from([Some(7.0), Some(1.5), None])
    );
    assert_eq!(
        t.column("b").unwrap(),
        &Column::from([Some(3), Some(-2), None])
    );
    assert_eq!(
        t.column("c").unwrap(),
        &Column::from([Some(true), Some(false), None])
    );
    assert_eq!(
        t.column("d").unwrap(),
        &Column::from([Some("1"), Some("x"), None])
    );
    let unknown = options().kind("z", Float).read_str(text).unwrap_err();
    assert!(matches!(unknown.kind(), ErrorKind::UnknownColumn { name, .. } if name == "z"));
    // Texts are kept as they stand, NUL bytes too where texts are asked for.
    let nul = options()
        .kind("a", Categorical)
        .read_str("a\nx\0y\n 007 \n")
        .unwrap();
    assert_eq!(nul, column("a", ["x\0y", " 007 "]));
}

#[test]
fn files() {
    let from = |name: &str| Table::from_csv(fixture(name));
    let marked = from("utf8_mark.csv").unwrap();
    assert_eq!(marked.names(), ["stadt", "n"]);
    assert_eq!(marked.column("stadt").unwrap(), &Column::from(["Köln"]));
    let mac = from("old_mac.csv").unwrap();
    assert_eq!(mac.column("b").unwrap(), &Column::from(["x", "y"]));
    let mixed = from("mixed_line_ends.csv").unwrap();
    assert_eq!(mixed.column("a").unwrap(), &Column::from([1, 2, 3, 4]));
    let quoted = from("spreadsheet_quoted_all.csv").unwrap();
    assert_eq!(quoted.kinds(), [Integer, Float, Categorical]);
    assert_eq!(
        quoted.column("price").unwrap(),
        &Column::from([2.5, f64::NAN])
    );
    assert_eq!(
        quoted.column("name").unwrap(),
        &Column::from(["a \"b\"", "c"])
    );
    let european = options().delimiter(b';').decimal_comma(true);
    let european = european.read_path(fixture("european.csv")).unwrap();
    assert_eq!(
        european.column("Wert").unwrap(),
        &Column::from([1.5, -0.25])
    );
    assert_eq!(
        european.column("Anteil").unwrap(),
        &Column::from([Some(10), None])
    );

    for name in ["utf16_le.csv", "utf16_be.csv", "utf16_no_mark.csv"] {
        let e = from(name).unwrap_err().to_string();
        assert!(
            e.contains(name) && e.contains("line 1") && e.contains("UTF-16"),
            "{e}"
        );
    }
    let latin = from("latin1.csv").unwrap_err();
    let (line, column, _, sentence) = refusal(&latin);
    assert_eq!((line, column), (3, Some("city")));
    assert!(
        sentence.ends_with("the text is not UTF-8: \"K\u{fffd}ln\""),
        "{sentence}"
    );
    let index = from("pandas_index.csv").unwrap_err().to_string();
    assert!(
        index.contains("line 1") && index.contains("column 0 has no name"),
        "{index}"
    );
    let named = options()
        .names(["row", "x", "y"])
        .read_path(fixture("pandas_index.csv"));
    assert_eq!(named.unwrap().names(), ["row", "x", "y"]);
    let absent = from("there is none.csv").unwrap_err();
    assert!(matches!(absent.kind(), ErrorKind::Io { .. }), "{absent}");
    let folder = Table::from_csv(env!("CARGO_MANIFEST_DIR")).unwrap_err();
    assert!(matches!(folder.kind(), ErrorKind::Io { .. }), "{folder}");
}

#[test]
fn what_is_refused_names_line_column_and_text() {
    let long = "x".repeat(500);
    let given = |kind| options().kind("b", kind);
    for (o, text, line, column, shown, says) in [
        (
            options(),
            "a,b\n1,2\n3\n",
            3,
            None,
            "3",
            "expected 2 fields, found 1 field",
        ),
        (
            options(),
            "a,b\n1,2,3\n",
            2,
            None,
            "1,2,3",
            "expected 2 fields, found 3 fields",
        ),
        (
            options(),
            "a,b\n1,2,\n",
            2,
            None,
            "1,2,",
            "expected 2 fields, found 3 fields",
        ),
        (
            options(),
            "a\n1\n2,3,4,5\n",
            3,
            None,
            "2,3,4,5",
            "expected 1 field, found 4 fields",
        ),
        (
            options(),
            "a,b\n1,2\n\n  \n",
            4,
            None,
            "  ",
            "expected 2 fields, found 1 field",
        ),
        (
            options(),
            "a,b\n1,\"2\n3,4\n5,6\n",
            2,
            Some("b"),
            "\"2",
            "never closed",
        ),
        (
            options(),
            "a,b\r\n\"x\r\ny\",1\r\n\"2\r\n",
            4,
            Some("a"),
            "\"2",
            "never closed",
        ),
        (options(), "a,b\n1,\"", 2, Some("b"), "\"", "never closed"),
        (
            options(),
            "a,b\n\"1\"2,3\n",
            2,
            Some("a"),
            "\"1\"2,3",
            "text follows the closing quote",
        ),
        (
            options(),
            "a,b\n\"1\" ,3\n",
            2,
            Some("a"),
            "\"1\" ,3",
            "text follows the closing quote",
        ),
        (
            options(),
            "a,b\n\"say \"hi\" now\",3\n",
            2,
            Some("a"),
            "\"say \"hi\" now\",3",
            "written twice",
        ),
        (
            options(),
            "a,b\n\"1\" \"2\",3\n",
            2,
            Some("a"),
            "\"1\" \"2\",3",
            "text follows the closing quote",
        ),
        (
            options(),
            "a,a\n1,2\n",
            1,
            None,
            "a",
            "column 1 has the name of an earlier one",
        ),
        (
            options(),
            "a,,c\n1,2,3\n",
            1,
            None,
            "",
            "column 1 has no name",
        ),
        (
            options(),
            "a, ,c\n1,2,3\n",
            1,
            None,
            " ",
            "column 1 has no name",
        ),
        (
            options(),
            "\n\na,\"\"\n",
            3,
            None,
            "",
            "column 1 has no name",
        ),
        (options(), "a,b\0\n1,2\n", 1, None, "b\0", "NUL"),
        (options(), "a,b\n1,2\n3,x\0\n", 3, Some("b"), "x\0", "NUL"),
        (
            options(),
            "a,b\n1,1e400\n",
            2,
            Some("b"),
            "1e400",
            "beyond the largest",
        ),
        (options(), "a,b\n1,-1e999\n2,x\n3,1e500\n", 0, None, "", ""),
        (
            given(Float),
            "a,b\n1,2\r3,4\r\n5,abc\n",
            4,
            Some("b"),
            "abc",
            "not a number",
        ),
        (
            given(Float),
            "a,b\n1,\"1,5\"\n",
            2,
            Some("b"),
            "1,5",
            "decimal_comma",
        ),
        (
            given(Float).decimal_comma(true),
            "a,b\n1,1.5\n",
            2,
            Some("b"),
            "1.5",
            "`decimal_comma` is set",
        ),
        (
            given(Float),
            "a,b\n1,0x1F\n",
            2,
            Some("b"),
            "0x1F",
            "not a number",
        ),
        (
            given(Float),
            "a,b\n1,\"1,000\"\n",
            2,
            Some("b"),
            "1,000",
            "not a number",
        ),
        (
            given(Float),
            "a,b\n1,inf\n",
            2,
            Some("b"),
            "inf",
            "infinite values are not read",
        ),
        (
            given(Float),
            "a,b\n1,-Infinity\n",
            2,
            Some("b"),
            "-Infinity",
            "infinite values are not read",
        ),
        (
            given(Float),
            "a,b\n1,1e400\n",
            2,
            Some("b"),
            "1e400",
            "beyond the largest",
        ),
        (given(Float), "a,b\n1,2\0\n", 2, Some("b"), "2\0", "NUL"),
        (
            given(Float),
            "a,b\n1,true\n",
            2,
            Some("b"),
            "true",
            "not a number",
        ),
        (
            given(Float),
            "a,b\n1,N.A.\n",
            2,
            Some("b"),
            "N.A.",
            "not a number",
        ),
        (
            given(Float).missing(["?"]),
            "a,b\n1,NaN\n",
            2,
            Some("b"),
            "NaN",
            "spellings of `missing`",
        ),
        (
            given(Float).missing(["?"]),
            "a,b\n1,\n",
            2,
            Some("b"),
            "",
            "spellings of `missing`",
        ),
        (
            given(Integer),
            "a,b\n1,2\n3,4.5\n",
            3,
            Some("b"),
            "4.5",
            "not a whole number",
        ),
        (
            given(Integer),
            "a,b\n1,x\n",
            2,
            Some("b"),
            "x",
            "not a whole number",
        ),
        (
            given(Integer),
            "a,b\n1,9007199254740993\n",
            2,
            Some("b"),
            "9007199254740993",
            "2^53",
        ),
        (
            given(Integer),
            "a,b\n1,1e300\n",
            2,
            Some("b"),
            "1e300",
            "2^53",
        ),
        (
            given(Boolean),
            "a,b\n1,yes\n",
            2,
            Some("b"),
            "yes",
            "not a boolean",
        ),
        (
            given(Boolean),
            "a,b\n1,2\n",
            2,
            Some("b"),
            "2",
            "not a boolean",
        ),
        // The first fault in the file is the one that is told.
        (
            given(Float),
            "a,b\n1,x\n2\n",
            2,
            Some("b"),
            "x",
            "not a number",
        ),
        (
            given(Float),
            "a,b\n1,2\n2\n3,x\n",
            3,
            None,
            "2",
            "expected 2 fields",
        ),
        (
            given(Float).kind("a", Float),
            "a,b\n1,2\n3,x\ny,4\n",
            3,
            Some("b"),
            "x",
            "not a number",
        ),
        (
            options(),
            "a,b\n1,1e400\n1e400,2\n",
            2,
            Some("b"),
            "1e400",
            "beyond the largest",
        ),
    ] {
        if says.is_empty() {
            // Beside a text they are texts themselves.
            assert_eq!(o.read_str(text).unwrap().kinds(), [Integer, Categorical]);
            continue;
        }
        let e = o.read_str(text).expect_err(text);
        let (found_line, found_column, found_text, sentence) = refusal(&e);
        assert_eq!(
            (found_line, found_column, found_text),
            (line, column, shown),
            "{text:?}: {sentence}"
        );
        assert!(
            sentence.contains(says) && sentence.contains(&format!("line {line}")),
            "{sentence}"
        );
    }
    // What is shown is short, whatever stands there.
    let e = given(Float)
        .read_str(&format!("a,b\n1,{long}\n"))
        .unwrap_err();
    assert_eq!(refusal(&e).2, format!("{}...", "x".repeat(40)));
    let e = options().read_str(&format!("a,b\n{long}\n")).unwrap_err();
    assert_eq!(refusal(&e).2, format!("{}...", "x".repeat(40)));
    for text in ["", "\n\n\r\n", "\u{feff}"] {
        let e = options().read_str(text).unwrap_err();
        assert!(
            matches!(e.kind(), ErrorKind::EmptyInput { .. }),
            "{text:?}: {e}"
        );
    }
    for bytes in [&b"a\n\xff\n"[..], b"a\nx\n\xc3\n", b"a\n1\n2\xa0\n"] {
        let e = options().read_bytes(bytes).unwrap_err();
        assert!(refusal(&e).3.contains("not UTF-8"), "{e}");
    }
    let e = options().read_bytes(b"a\xff\n1\n").unwrap_err();
    assert!(
        refusal(&e).3.contains("the name of column 0 is not UTF-8"),
        "{e}"
    );
}

#[test]
fn limits() {
    let too_large = |e: Error| match e.kind() {
        ErrorKind::TooLarge { size, limit, .. } => (*size, *limit),
        _ => panic!("{e}"),
    };
    let e = options()
        .max_columns(3)
        .read_str("a,b,c,d,e\n")
        .unwrap_err();
    assert_eq!(too_large(e), (5, 3));
    assert!(options().max_columns(5).read_str("a,b,c,d,e\n").is_ok());
    let e = options().max_rows(2).read_str("a\n1\n2\n3\n").unwrap_err();
    assert_eq!(too_large(e), (3, 2));
    let e = options().max_bytes(4).read_str("a\n1\n2\n").unwrap_err();
    assert_eq!(too_large(e).1, 4);
    let e = options()
        .max_bytes(4)
        .read_from(std::io::repeat(b'a'))
        .unwrap_err();
    assert_eq!(too_large(e).1, 4);
    let e = options()
        .max_bytes(4)
        .read_path(fixture("european.csv"))
        .unwrap_err();
    assert_eq!(too_large(e).1, 4);
    for (text, column) in [
        ("a,b\n1,12345\n", "b"),
        ("a,b\n\"12345\",1\n", "a"),
        ("a,b\n\"1\"\"\"\"\"\"345\",1\n", "a"),
    ] {
        let e = options().max_field_bytes(4).read_str(text).unwrap_err();
        assert_eq!(refusal(&e).1, Some(column), "{e}");
        assert!(refusal(&e).3.contains("limit"), "{e}");
        assert!(
            options().max_field_bytes(7).read_str(text).is_ok(),
            "{text}"
        );
    }
    // An unclosed quote stops at the limit, not at the end of the file.
    let unclosed = format!("a,b\n1,\"{}", "x,y\n".repeat(1_000_000));
    let e = options().read_str(&unclosed).unwrap_err();
    assert_eq!((refusal(&e).0, refusal(&e).1), (2, Some("b")));
    assert!(
        refusal(&e).3.contains("is the quote that opens it closed"),
        "{e}"
    );
    // A field of a hundred megabytes, a million columns: refused, or read where allowed.
    let huge = format!("a\n{}\n", "x".repeat(100_000_000));
    assert!(options().read_str(&huge).is_err());
    let wide = format!(
        "{}\n{}1\n",
        (0..1_000_000)
            .map(|i| format!("c{i}"))
            .collect::<Vec<_>>()
            .join(","),
        "1,".repeat(999_999)
    );
    assert_eq!(
        too_large(options().read_str(&wide).unwrap_err()),
        (1_000_000, 100_000)
    );
    let read = options().max_columns(1_000_000).read_str(&wide).unwrap();
    assert_eq!((read.n_rows(), read.n_columns()), (1, 1_000_000));
}

#[test]
fn options_that_cannot_be_are_refused() {
    for o in [
        options().delimiter(b'\n'),
        options().delimiter(0),
        options().delimiter(0xe9),
        options().delimiter(b'"'),
        options().quote(b'\r'),
        options().comment(b','),
        options().comment(b'"'),
        options().max_field_bytes(1 << 30),
        options().missing([" x"]),
    ] {
        for e in [
            o.read_str("a\n1\n").unwrap_err(),
            o.write_string(&column("a", [1])).unwrap_err(),
        ] {
            assert!(
                matches!(e.kind(), ErrorKind::InvalidParameter { .. }),
                "{e}"
            );
        }
    }
}

/// What the csv crate reads, as texts; `None` where it refuses.
fn oracle(bytes: &[u8]) -> Option<Vec<Vec<Vec<u8>>>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(bytes);
    reader
        .byte_records()
        .map(|r| r.ok().map(|r| r.iter().map(<[u8]>::to_vec).collect()))
        .collect()
}

/// The same by this crate: every column as texts, nothing missing.
fn texts(bytes: &[u8]) -> Result<Vec<Vec<Vec<u8>>>, Error> {
    let o = options().has_header(false).missing(Vec::<String>::new());
    let width = o.read_bytes(bytes)?.n_columns();
    let t = o
        .kinds((0..width).map(|i| (format!("column_{i}"), Categorical)))
        .read_bytes(bytes)?;
    let row = |i| {
        t.iter()
            .map(|(_, c)| c.text(i).unwrap_or_default().into_bytes())
            .collect()
    };
    Ok((0..t.n_rows()).map(row).collect())
}

/// A file of several chunks with line ends, delimiters and doubled quotes inside quotes.
fn long_file(rows: usize) -> String {
    let mut text = String::from("id,note,value,flag,city\n");
    for i in 0..rows {
        let note = match i % 7 {
            0 => "\"two\nlines, and \"\"more\"\"\"".to_string(),
            1 => String::new(),
            2 => "plain".into(),
            3 => format!("\"{}\"", "a,b\r\n".repeat(i % 50)),
            _ => format!("note {}", i % 1000),
        };
        let value = if i % 11 == 0 {
            "NA".into()
        } else {
            format!("{}", i as f64 / 7.0)
        };
        let flag = if i % 5 == 0 {
            ""
        } else if i % 2 == 0 {
            "true"
        } else {
            "false"
        };
        text.push_str(&format!("{i},{note},{value},{flag},city {}\n", i % 40));
    }
    text
}

#[test]
fn chunks_are_read_as_one_file() {
    let text = long_file(60_000);
    assert!(text.len() > 3_000_000);
    let t = read(&text);
    assert_eq!(
        t.kinds(),
        [Integer, Categorical, Float, Boolean, Categorical]
    );
    assert_eq!(
        texts(text.as_bytes()).unwrap(),
        oracle(text.as_bytes()).unwrap()
    );
    let value = t.column("value").unwrap();
    assert!((0..t.n_rows()).all(|i| match value.number(i) {
        Some(v) if i % 11 == 0 => v.is_nan(),
        Some(v) => v.to_bits() == (i as f64 / 7.0).to_bits(),
        None => false,
    }));
}

#[test]
fn stray_quotes_mislead_no_chunk() {
    // Every row has one quote that opens nothing, so counting quotes says nothing about where a record begins.
    let mut text = String::from("size,text\n");
    for i in 0..90_000 {
        let t = if i % 3 == 0 { "\"a\nb\"" } else { "x\"y" };
        text.push_str(&format!("{}' {}\",{t}\n", i % 9, i % 12));
    }
    assert_eq!(
        texts(text.as_bytes()).unwrap(),
        oracle(text.as_bytes()).unwrap()
    );
    // Comments may hold quotes too.
    let mut text = String::from("a,b\n");
    for i in 0..120_000 {
        text.push_str(if i % 5 == 0 {
            "# don\"t\n"
        } else {
            "1,\"x\ny\"\n"
        });
    }
    let t = options().comment(b'#').read_str(&text).unwrap();
    assert_eq!(t.n_rows(), 96_000);
    assert_eq!(t.kinds(), [Integer, Categorical]);
}

#[test]
fn any_number_of_threads_reads_the_same() {
    let text = long_file(60_000);
    let bad = text.replace("59990,", "59990,,");
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            (
                read(&text),
                options().read_str(&bad).unwrap_err().to_string(),
            )
        })
    };
    let (one, two, eight) = (with(1), with(2), with(8));
    assert!(one.0 == two.0 && two.0 == eight.0);
    for ((name, a), (_, b)) in one.0.iter().zip(eight.0.iter()) {
        match (a, b) {
            (Column::Float(a), Column::Float(b)) => {
                assert!(
                    a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits()),
                    "{name}"
                );
            }
            (Column::Categorical(a), Column::Categorical(b)) => {
                assert_eq!(
                    (a.codes(), a.categories()),
                    (b.codes(), b.categories()),
                    "{name}"
                );
            }
            _ => {}
        }
    }
    assert!(one.1 == two.1 && two.1 == eight.1);
    // The line is the one an editor shows.
    let at = bad.find("59990,,").unwrap();
    let line = 1 + bad[..at].matches('\n').count();
    assert!(
        one.1
            .starts_with(&format!("line {line}: expected 5 fields, found 6")),
        "{}",
        one.1
    );
}

#[test]
fn a_late_value_decides_the_kind_of_a_column() {
    let rows = 400_000;
    let file = |last: &str| {
        let mut text = String::from("a,b\n");
        for i in 0..rows {
            text.push_str(&format!("{i},x\n"));
        }
        text.push_str(last);
        text
    };
    assert_eq!(read(&file("")).kinds()[0], Integer);
    assert_eq!(read(&file("0.5,x\n")).kinds()[0], Float);
    for last in ["true", "abc", "012", "99999999999999999999", "\"1\n2\""] {
        let t = read(&file(&format!("{last},x\n")));
        let a = t.column("a").unwrap();
        assert_eq!(a.kind(), Categorical, "{last}");
        assert_eq!(a.text(0).as_deref(), Some("0"));
        assert_eq!(a.text(123_456).as_deref(), Some("123456"));
        assert_eq!(a.text(rows).as_deref(), Some(last.trim_matches('"')));
    }
    // A column of missing values only, until late.
    for (last, kind) in [
        ("1", Integer),
        ("0.5", Float),
        ("true", Boolean),
        ("x", Categorical),
    ] {
        let mut text = String::from("a,b\n");
        (0..rows).for_each(|i| text.push_str(if i % 2 == 0 { ",yy\n" } else { "\"\",yy\n" }));
        text.push_str(&format!("{last},yy\n"));
        let t = read(&text);
        let a = t.column("a").unwrap();
        assert_eq!((a.kind(), a.text(rows).as_deref()), (kind, Some(last)));
        // Quoted, the empty text of a categorical column is a text.
        let missing = if kind == Categorical { rows / 2 } else { rows };
        assert_eq!(a.n_missing(), missing, "{last}");
    }
    let e = options()
        .kind("a", Float)
        .read_str(&file("oops,x\n"))
        .unwrap_err();
    assert_eq!(
        (refusal(&e).0, refusal(&e).1, refusal(&e).2),
        (400_002, Some("a"), "oops")
    );
    let e = options().read_str(&file("1e400,x\n")).unwrap_err();
    assert_eq!(
        (refusal(&e).0, refusal(&e).1, refusal(&e).2),
        (400_002, Some("a"), "1e400")
    );
}

#[test]
fn many_different_texts() {
    let mut text = String::from("name,k\n");
    (0..200_000).for_each(|i| text.push_str(&format!("n{},{}\n", (i * 7919) % 200_000, i % 3)));
    let t = read(&text);
    let Column::Categorical(name) = t.column("name").unwrap() else {
        panic!("{:?}", t.kinds());
    };
    assert_eq!(name.categories().len(), 200_000);
    assert!(name.categories().windows(2).all(|w| w[0] < w[1]));
    assert!(
        (0..200_000).all(|i| name.get(i) == Some(format!("n{}", (i * 7919) % 200_000).as_str()))
    );
}

#[test]
fn what_is_written() {
    let t = Table::new([
        (
            "f",
            Column::from([Some(1.0), None, Some(-0.1), Some(1e300)]),
        ),
        (
            "i",
            Column::from([Some(1), None, Some(-7), Some(1i64 << 53)]),
        ),
        ("b", Column::from([Some(true), None, Some(false), None])),
        (
            "s, t",
            Column::from([Some("NA"), None, Some("a \"b\"\n"), Some("")]),
        ),
    ])
    .unwrap();
    let text = t.to_csv_string().unwrap();
    assert_eq!(
        text,
        "f,i,b,\"s, t\"\n1.0,1,true,\"NA\"\n,,,\n-0.1,-7,false,\"a \"\"b\"\"\n\"\n1e300,9007199254740992,,\"\"\n"
    );
    assert_eq!(read(&text), t);
    let o = options()
        .delimiter(b';')
        .decimal_comma(true)
        .missing(["?"])
        .has_header(false);
    assert!(
        o.write_string(&t)
            .unwrap()
            .starts_with("1,0;1;true;NA\n?;?;?;?\n-0,1;-7;false;")
    );
    let comma = options().decimal_comma(true);
    let text = comma.write_string(&t).unwrap();
    assert!(text.contains("\"-0,1\",-7"), "{text}");
    assert_eq!(comma.read_str(&text).unwrap(), t);
}

#[test]
fn a_single_column_writes_missing_values_out() {
    for c in [
        Column::from([Some(1.5), None]),
        Column::from([Some(true), None]),
        Column::from([Some(""), None]),
        Column::from([Some("NA"), None]),
    ] {
        let t = column("a", c);
        let text = t.to_csv_string().unwrap();
        assert_eq!(options().kinds_of(&t).read_str(&text).unwrap(), t, "{text}");
    }
}

#[test]
fn a_byte_order_mark_in_the_data_survives() {
    let t = column("column_0", ["\u{feff}", "x"]);
    let o = options().has_header(false);
    let text = o.write_string(&t).unwrap();
    assert_eq!(o.kinds_of(&t).read_str(&text).unwrap(), t);
    let t = column("\u{feff}a", [1]);
    assert_eq!(read(&t.to_csv_string().unwrap()), t);
}

#[test]
fn what_could_not_be_read_back_is_not_written() {
    let infinite = column("a", [1.0, f64::INFINITY])
        .to_csv_string()
        .unwrap_err();
    assert!(
        matches!(infinite.kind(), ErrorKind::NonFinite { row: 1, .. }),
        "{infinite}"
    );
    let no_quotes = options().quote(None);
    assert!(no_quotes.write_string(&column("a", ["x,y"])).is_err());
    assert!(no_quotes.write_string(&column("a", ["NA"])).is_err());
    assert_eq!(
        no_quotes.write_string(&column("a", ["x\""])).unwrap(),
        "a\nx\"\n"
    );
    assert!(
        options()
            .missing(["0"])
            .write_string(&column("a", [1, 0]))
            .is_err()
    );
    assert!(
        options()
            .missing(["true"])
            .write_string(&column("a", [true]))
            .is_err()
    );
    let missing = column("a", [Some("x"), None]);
    assert!(
        options()
            .missing(Vec::<String>::new())
            .write_string(&missing)
            .is_err()
    );
    assert!(options().missing([""]).write_string(&missing).is_err());
    assert!(Table::default().to_csv_string().is_err());
    assert!(column(" ", [1]).to_csv_string().is_err());
    assert!(column("a\0", [1]).to_csv_string().is_err());
}

#[test]
fn formulas_are_guarded_on_demand() {
    let t = column("a", ["=cmd()", "+1", "-x", "@sum", " =1", "a=b"]);
    assert_eq!(
        t.to_csv_string().unwrap(),
        "a\n=cmd()\n+1\n-x\n@sum\n =1\na=b\n"
    );
    let guarded = options().formula_guard(true).write_string(&t).unwrap();
    assert_eq!(guarded, "a\n'=cmd()\n'+1\n'-x\n'@sum\n' =1\na=b\n");
}

#[test]
fn a_write_that_fails_leaves_the_old_file_whole() {
    let folder = std::env::temp_dir().join(format!("fitwell-csv-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("t.csv");
    let good = column("a", [1.5, 2.5]);
    good.to_csv(&path).unwrap();
    assert_eq!(Table::from_csv(&path).unwrap(), good);
    // The fault is found after rows have been written.
    let values: Vec<Option<f64>> = (0..100_000).map(|i| (i < 99_999).then_some(0.5)).collect();
    let bad = options()
        .missing(Vec::<String>::new())
        .write_path(&column("a", values), &path);
    assert!(bad.unwrap_err().to_string().contains("t.csv"));
    assert_eq!(Table::from_csv(&path).unwrap(), good);
    assert_eq!(
        std::fs::read_dir(&folder).unwrap().count(),
        1,
        "nothing is left beside it"
    );
    assert!(good.to_csv(folder.join("no such folder/t.csv")).is_err());
    assert!(good.to_csv("/").is_err());
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Any finite double, with those that are hard to write and read made likely.
fn double() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>()
            .prop_map(f64::from_bits)
            .prop_filter("finite", |v| v.is_finite()),
        (-1000i32..1000).prop_map(f64::from),
        (-100_000i32..100_000).prop_map(|v| f64::from(v) / 1000.0),
        Just(-0.0),
        Just(f64::MIN_POSITIVE),
        Just(5e-324),
    ]
}

/// Any text, with those that could be taken for something else made likely.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-c,\"\n\r \t#;'0-9.]{0,6}",
        "[ ]{0,2}(NA|nan|null||true|False|1|0|1\\.5|1e5|007|None|inf)[ ]{0,2}",
        Just("\u{feff}".to_string()),
        Just("\0".to_string()),
    ]
}

fn any_column(rows: usize) -> impl Strategy<Value = Column> {
    use proptest::collection::vec;
    use proptest::option::of;
    prop_oneof![
        vec(of(double()), rows).prop_map(Column::from),
        vec(of(-(1i64 << 53)..=1 << 53), rows).prop_map(Column::from),
        vec(of(any::<bool>()), rows).prop_map(Column::from),
        vec(of(text()), rows).prop_map(Column::from),
    ]
}

fn any_table() -> impl Strategy<Value = Table> {
    let name = prop_oneof!["[a-z]{1,3}", "\\PC{1,5}", "[,\"\n\r #;'\u{feff}a]{1,4}"]
        .prop_filter("a name", |n| !n.trim().is_empty() && !n.contains('\0'));
    let names = proptest::collection::hash_set(name, 1..6);
    (names, 0..12usize).prop_flat_map(|(names, rows)| {
        let columns = proptest::collection::vec(any_column(rows), names.len());
        (Just(names), columns)
            .prop_map(|(names, columns)| Table::new(names.into_iter().zip(columns)).unwrap())
    })
}

fn any_options() -> impl Strategy<Value = CsvOptions> {
    let delimiter = prop_oneof![
        Just(b','),
        Just(b';'),
        Just(b'\t'),
        Just(b'|'),
        Just(b'a'),
        Just(b'.'),
        Just(b'1')
    ];
    let quote = prop_oneof![Just(b'"'), Just(b'\'')];
    let comment = prop_oneof![Just(None), Just(Some(b'#')), Just(Some(b'-'))];
    (delimiter, quote, comment, any::<bool>(), any::<bool>()).prop_map(
        |(d, q, c, header, comma)| {
            options()
                .delimiter(d)
                .quote(q)
                .comment(c)
                .has_header(header)
                .decimal_comma(comma)
        },
    )
}

fn bits(t: &Table) -> Vec<Vec<u64>> {
    let number = |c: &Column, i| c.number(i).filter(|v| !v.is_nan()).map_or(0, f64::to_bits);
    t.iter()
        .map(|(_, c)| (0..c.len()).map(|i| number(c, i)).collect())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_written_is_read_back(t in any_table()) {
        let written = t.to_csv_string().unwrap();
        let back = options().kinds_of(&t).read_str(&written).unwrap();
        prop_assert_eq!(&back, &t, "{}", written);
        prop_assert_eq!(bits(&back), bits(&t), "signs of zeros too");
    }

    #[test]
    fn what_is_written_is_read_back_in_any_format(t in any_table(), o in any_options()) {
        let written = o.write_string(&t).unwrap();
        let back = o.names(t.names()).kinds_of(&t);
        if t.n_rows() > 0 || !written.is_empty() {
            prop_assert_eq!(back.read_str(&written).unwrap(), t, "{}", written);
        }
    }

    #[test]
    fn real_columns_keep_their_kind_without_being_told(values in proptest::collection::vec(double(), 1..20)) {
        let t = Table::new([("a", values.clone()), ("b", values)]).unwrap();
        let back = options().read_str(&t.to_csv_string().unwrap()).unwrap();
        prop_assert_eq!(bits(&back), bits(&t));
        prop_assert_eq!(back.kinds(), t.kinds());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = options().read_bytes(&bytes);
        let _ = options().has_header(false).comment(b'#').read_bytes(&bytes);
    }

    #[test]
    fn what_is_accepted_is_what_the_csv_crate_reads(s in "[ab1,\"\n\r .]{0,40}") {
        if let Ok(ours) = texts(s.as_bytes()) {
            prop_assert_eq!(Some(ours), oracle(s.as_bytes()), "{:?}", s);
        }
    }

    #[test]
    fn what_has_no_quotes_is_accepted_exactly_when_the_csv_crate_does(s in "[ab1,\n\r]{1,40}") {
        let theirs = oracle(s.as_bytes()).filter(|records| !records.is_empty());
        prop_assert_eq!(texts(s.as_bytes()).ok(), theirs, "{:?}", s);
    }
}

#[test]
fn mutated_files_are_read_or_refused() {
    let seed_files: Vec<Vec<u8>> = [
        "european.csv",
        "spreadsheet_quoted_all.csv",
        "mixed_line_ends.csv",
        "utf8_mark.csv",
        "utf16_le.csv",
    ]
    .iter()
    .map(|name| std::fs::read(fixture(name)).unwrap())
    .chain([long_file(20).into_bytes()])
    .collect();
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut below = move |n: usize| (rng.next_u64() % n.max(1) as u64) as usize;
    let mut accepted = 0;
    for round in 0..20_000 {
        let mut bytes = seed_files[below(seed_files.len())].clone();
        for _ in 0..1 + below(4) {
            const ODD: &[u8] = b"\"\",\n\r\0;.e-+ \xff\xc3#1";
            let at = below(bytes.len() + 1);
            match below(4) {
                0 => bytes.insert(at, ODD[below(ODD.len())]),
                1 if at < bytes.len() => bytes[at] = ODD[below(ODD.len())],
                2 if at < bytes.len() => {
                    bytes.remove(at);
                }
                _ => bytes.truncate(at),
            }
        }
        let o = options().delimiter(if round % 3 == 0 { b';' } else { b',' });
        if let Ok(t) = o.read_bytes(&bytes) {
            accepted += 1;
            // What was accepted is written and read back the same.
            let written = o.write_string(&t).unwrap_or_else(|e| panic!("{e}\n{t}"));
            assert_eq!(o.kinds_of(&t).read_str(&written).unwrap(), t, "{written}");
        }
    }
    assert!(accepted > 1000, "{accepted}");
}
