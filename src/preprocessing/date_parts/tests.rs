use std::f64::consts::TAU;

use jiff::civil::Date;

use super::*;
use crate::params::Params;
use crate::traits::FitTransform;
use ndarray::array;

fn table(texts: &[Option<&str>]) -> Table {
    Table::new([("date", Column::from(texts))]).unwrap()
}

fn parts(text: &str, format: impl Into<DateFormat>, parts: &[DatePart]) -> Vec<f64> {
    let date_parts = DateParts::new().format(format).parts(parts.iter().copied());
    let x = date_parts.fit_transform(&table(&[Some(text)])).unwrap();
    x.row(0).to_vec()
}

use DatePart::*;
const CALENDAR: [DatePart; 10] = [
    Year, Quarter, Month, Day, Weekday, DayOfYear, Week, Hour, Minute, Second,
];

#[test]
fn fields_of_the_calendar() {
    for (text, expected) in [
        // A leap day, a Thursday.
        ("2024-02-29", [2024, 1, 2, 29, 3, 60, 9, 0, 0, 0]),
        ("20240229", [2024, 1, 2, 29, 3, 60, 9, 0, 0, 0]),
        // A Sunday that belongs to the last week of the year before.
        ("2023-01-01 23:59:58", [2023, 1, 1, 1, 6, 1, 52, 23, 59, 58]),
        // A Monday in the first week of the next year.
        (
            "2024-12-31T00:00:00Z",
            [2024, 4, 12, 31, 1, 366, 1, 0, 0, 0],
        ),
        ("2020-12-31T12:30", [2020, 4, 12, 31, 3, 366, 53, 12, 30, 0]),
        (
            "1900-03-01T01:02:03.5+05:30",
            [1900, 1, 3, 1, 3, 60, 9, 1, 2, 3],
        ),
        ("  0001-01-01\t", [1, 1, 1, 1, 0, 1, 1, 0, 0, 0]),
        ("9999-12-31", [9999, 4, 12, 31, 4, 365, 52, 0, 0, 0]),
    ] {
        let expected = expected.map(f64::from).to_vec();
        assert_eq!(
            parts(text, DateFormat::Iso8601, &CALENDAR),
            expected,
            "{text}"
        );
    }
}

#[test]
fn time_since_1970() {
    let of = |text: &str| parts(text, DateFormat::Iso8601, &[ElapsedDays, ElapsedSeconds]);
    assert_eq!(of("1970-01-01"), [0.0, 0.0]);
    assert_eq!(of("1970-01-02T12:00"), [1.5, 129_600.0]);
    assert_eq!(of("1969-12-31T18:00"), [-0.25, -21_600.0]);
    assert_eq!(of("2001-09-09T01:46:40Z")[1], 1e9);
    // The instant counts, not the clock.
    assert_eq!(of("2001-09-09T03:46:40+02:00")[1], 1e9);
    assert_eq!(of("2001-09-09T01:46:40.25")[1], 1e9 + 0.25);
    assert_eq!(of("1969-12-31T23:59:59.75")[1], -0.25);
}

#[test]
fn circles_close() {
    let all = [
        MonthSin,
        MonthCos,
        WeekdaySin,
        WeekdayCos,
        DayOfYearSin,
        DayOfYearCos,
        HourSin,
        HourCos,
        MinuteSin,
        MinuteCos,
        SecondSin,
        SecondCos,
    ];
    let x = parts("2024-07-15 18:15:30", DateFormat::Iso8601, &all);
    for pair in x.chunks(2) {
        assert!((pair[0].hypot(pair[1]) - 1.0).abs() < 1e-15);
    }
    // July is opposite of January, 18 o'clock a quarter before midnight; the day is a Monday.
    assert!((x[1] + 1.0).abs() < 1e-15 && (x[6] + 1.0).abs() < 1e-15);
    assert_eq!(x[2..4], [0.0, 1.0]);
    assert!((x[8] - 1.0).abs() < 1e-15 && (x[11] + 1.0).abs() < 1e-15);
    let first = parts(
        "2023-01-01",
        DateFormat::Iso8601,
        &[DayOfYearSin, DayOfYearCos],
    );
    let last = parts(
        "2023-12-31",
        DateFormat::Iso8601,
        &[DayOfYearSin, DayOfYearCos],
    );
    let step = (TAU / 365.0).sin();
    assert!((last[0] + step).abs() < 1e-14 && first[0] == 0.0);
}

#[test]
fn given_formats() {
    let fields = [Year, Month, Day, Hour, Minute];
    let of = |text: &str, format: &str| parts(text, format, &fields);
    assert_eq!(of("29.02.2024", "%d.%m.%Y"), [2024.0, 2.0, 29.0, 0.0, 0.0]);
    assert_eq!(
        of("2/9/98 5:07 pm", "%m/%d/%y %I:%M %p"),
        [1998.0, 2.0, 9.0, 17.0, 7.0]
    );
    assert_eq!(of("Mar 3, 2001", "%b %d, %Y"), [2001.0, 3.0, 3.0, 0.0, 0.0]);
    assert_eq!(of("2024-060", "%Y-%j"), [2024.0, 2.0, 29.0, 0.0, 0.0]);
    assert_eq!(of("2024-05", "%Y-%m"), [2024.0, 5.0, 1.0, 0.0, 0.0]);
    assert_eq!(of("1987", "%Y"), [1987.0, 1.0, 1.0, 0.0, 0.0]);
    let offset = parts(
        "2001-09-09 03:46:40 +0200",
        "%Y-%m-%d %H:%M:%S %z",
        &[ElapsedSeconds, Hour],
    );
    assert_eq!(offset, [1e9, 3.0]);
    // A time of day alone.
    assert_eq!(parts("17:45", "%H:%M", &[Hour, Minute, HourSin]).len(), 3);
    let year = Table::new([("date", Column::from([Some(1987), None]))]).unwrap();
    let x = DateParts::new().format("%Y").fit_transform(&year).unwrap();
    assert_eq!(x.row(0), array![1987.0, 1.0, 1.0, 3.0]);
    assert!(x.row(1).iter().all(|v| v.is_nan()));
}

#[test]
fn settings_are_checked() {
    let t = table(&[Some("2024-01-01")]);
    for bad in [
        DateParts::new().parts([]),
        DateParts::new().parts([Year, Month, Year]),
        DateParts::new().format("%Y-%m-%~"),
        DateParts::new().format("%"),
        DateParts::new().format(""),
        DateParts::new().format("no directive"),
        DateParts::new().format("%m-%d"),
        DateParts::new().format("%H:%M"),
    ] {
        let error = bad.fit(&t, &()).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::InvalidParameter { .. }),
            "{bad}: {error}"
        );
    }
    assert_eq!(
        DateParts::new()
            .parts([Year, Year])
            .check()
            .unwrap_err()
            .to_string(),
        "`parts` of `DateParts` must be parts that do not repeat, got year"
    );
    let set = DateParts::new()
        .with_param("handle_unparseable", "missing")
        .unwrap()
        .with_param("parts", serde_json::json!(["week"]))
        .unwrap();
    assert_eq!(
        set.to_string(),
        "DateParts(handle_unparseable=\"missing\", parts=[\"week\"])"
    );
}

#[test]
fn what_is_no_date_is_named_or_missing() {
    let t = table(&[Some("2024-01-01"), None, Some("soon"), Some("2023-02-29")]);
    let refused = DateParts::new().fit(&t, &()).unwrap_err().to_string();
    assert!(
        refused.starts_with("column `date`, row 2: \"soon\" is no date of ISO 8601 ("),
        "{refused}"
    );
    let lenient = DateParts::new().handle_unparseable(HandleUnparseable::Missing);
    let x = lenient.fit_transform(&t).unwrap();
    assert_eq!(x.column(0).iter().filter(|v| v.is_nan()).count(), 3);
    for text in [
        "",
        "2024",
        "2024-13-01",
        "2024-02-30",
        "1e5",
        "24:00",
        "2024-01-01 25:00",
        "\0",
        "∞",
    ] {
        assert!(
            DateParts::new().fit(&table(&[Some(text)]), &()).is_err(),
            "{text:?}"
        );
        assert!(lenient.fit(&table(&[Some(text)]), &()).is_ok(), "{text:?}");
    }
    for (text, format) in [
        ("30.02.2024", "%d.%m.%Y"),
        ("1.1.2024 x", "%d.%m.%Y"),
        ("", "%Y"),
        ("1.13.2024", "%d.%m.%Y"),
    ] {
        assert!(
            DateParts::new()
                .format(format)
                .fit(&table(&[Some(text)]), &())
                .is_err(),
            "{text:?}"
        );
    }
}

#[test]
fn tables_are_checked() {
    let fitted = DateParts::new()
        .fit(&table(&[Some("2024-01-01")]), &())
        .unwrap();
    let other = Table::new([("when", Column::from(["2024-01-01"]))]).unwrap();
    assert!(matches!(
        fitted.transform(&other).unwrap_err().kind(),
        ErrorKind::FeatureNames { .. }
    ));
    let real = Table::new([("date", Column::from([2024.5]))]).unwrap();
    assert!(matches!(
        fitted.transform(&real).unwrap_err().kind(),
        ErrorKind::WrongColumnKind { .. }
    ));
    // A column without any value has no kind of its own.
    let none = Table::new([("date", Column::from([f64::NAN; 3]))]).unwrap();
    assert!(fitted.transform(&none).unwrap().iter().all(|v| v.is_nan()));
    assert_eq!(fitted.transform(&none.head(0)).unwrap().dim(), (0, 4));
    assert!(DateParts::new().fit(&Table::default(), &()).is_err());
    assert!(DateParts::new().fit(&none.head(0), &()).is_err());
}

#[test]
fn several_columns_have_names_and_files() {
    let t = Table::new([
        ("from", Column::from(["2024-01-01", "2024-01-02"])),
        ("to", Column::from([20240105, 20240106])),
    ])
    .unwrap();
    let fitted = DateParts::new()
        .parts([Month, Weekday])
        .fit(&t, &())
        .unwrap();
    let names = ["from_month", "from_weekday", "to_month", "to_weekday"];
    assert_eq!(fitted.feature_names_out(None).unwrap(), names);
    assert!(
        fitted
            .feature_names_out(Some(&["a".into(), "b".into()]))
            .is_err()
    );
    let x = fitted.transform(&t).unwrap();
    assert_eq!(x, array![[1.0, 0.0, 1.0, 4.0], [1.0, 1.0, 1.0, 5.0]]);
    assert_eq!(fitted.to_string(), "DateParts of 2 columns: month, weekday");
    let json = fitted.to_json().unwrap();
    assert_eq!(FittedDateParts::from_json(&json).unwrap(), fitted);
    assert_eq!(
        FittedDateParts::from_bytes(&fitted.to_bytes().unwrap()).unwrap(),
        fitted
    );
    for (good, bad) in [
        ("\"to\"", "\"from\""),
        ("\"weekday\"", "\"month\""),
        ("\"iso8601\"", "{\"given\":\"%~\"}"),
        ("[\"month\",\"weekday\"]", "[]"),
        ("[\"from\",\"to\"]", "[]"),
    ] {
        assert!(json.contains(good), "{json}");
        assert!(
            FittedDateParts::from_json(&json.replace(good, bad)).is_err(),
            "{bad}"
        );
    }
}

#[test]
fn a_long_table_reads_each_text_once_and_in_place() {
    let n = 100_000;
    let days: Vec<String> = (0..5000)
        .map(|i| (Date::constant(1990, 1, 1) + jiff::ToSpan::days(i64::from(i))).to_string())
        .collect();
    let texts: Vec<&str> = (0..n).map(|i| days[(i * 7919) % 5000].as_str()).collect();
    let t = Table::new([("date", Column::from(texts))]).unwrap();
    let x = DateParts::new()
        .parts([ElapsedDays])
        .fit_transform(&t)
        .unwrap();
    let first = 7305.0; // days from 1970 to 1990
    assert!((0..n).all(|i| x[[i, 0]] == first + ((i * 7919) % 5000) as f64));
}

#[test]
fn every_part_has_its_name() {
    for part in DatePart::ALL {
        assert_eq!(serde_json::to_string(&part).unwrap(), format!("\"{part}\""));
    }
}
