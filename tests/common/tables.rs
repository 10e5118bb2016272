//! Every estimator that is fitted on a table, every check that makes sense for one: one registry, one line each.

use std::fmt::Display;

use fitwell::impute::{IndicatorFeatures, MissingIndicator, SimpleImputer};
use fitwell::params::Value;
use fitwell::pipeline::{ColumnTransformer, FeatureUnion, Optional, Remainder};
use fitwell::prelude::*;
use fitwell::preprocessing::{
    DropCategory, HandleUnknown, OneHotEncoder, OrdinalEncoder, OrdinalUnknown, StandardScaler,
    TargetEncoder,
};
use fitwell::random;
use fitwell::table::{Cell, Column, Columns, Table};
use ndarray::{Array2, Axis};

use crate::checks::extreme_values;
use crate::report::{Failure, Outcome, Report, call, ensure, may_fail, must, must_fail};

/// What narrows a check for one estimator.
pub struct Tags {
    /// The columns of [`mixed`] that it takes.
    pub columns: &'static [&'static str],
    /// A parameter and a value that is not its default.
    pub sample_param: (&'static str, Value),
    /// Why an unseen category may pass.
    pub unknown_passes: bool,
    /// Columns are found by name, and those not needed are not looked at.
    pub by_name: bool,
    /// Why the order of the training rows counts.
    pub order_counts: Option<&'static str>,
}

fn tags(columns: &'static [&'static str], sample_param: (&'static str, impl Into<Value>)) -> Tags {
    Tags {
        columns,
        sample_param: (sample_param.0, sample_param.1.into()),
        unknown_passes: false,
        by_name: false,
        order_counts: None,
    }
}

/// Texts, small whole numbers and booleans.
const CATEGORIES: &[&str] = &["colour", "floor", "garden"];
const EVERYTHING: &[&str] = &["colour", "floor", "garden", "area", "town"];

/// The registry.
#[rustfmt::skip]
fn registry(report: &mut Report) {
    let numbers = || ColumnTransformer::new().numeric("num", Columns::numeric(), pipeline("impute", SimpleImputer::median()).then("scale", StandardScaler::new()));
    let unknown = |tags: Tags| Tags { unknown_passes: true, ..tags };
    let by_name = |tags: Tags| Tags { by_name: true, unknown_passes: true, ..tags };
    check(report, OneHotEncoder::new(), tags(CATEGORIES, ("drop", "first")));
    check(report, OneHotEncoder::new().handle_unknown(HandleUnknown::Ignore), unknown(tags(CATEGORIES, ("drop", "first"))));
    check(report, OneHotEncoder::new().handle_unknown(HandleUnknown::InfrequentIfExist).min_frequency(12), unknown(tags(CATEGORIES, ("max_categories", 2))));
    check(report, OrdinalEncoder::new().encoded_missing_value(-1.0), tags(CATEGORIES, ("encoded_missing_value", -2.0)));
    check(report, OrdinalEncoder::new().handle_unknown(OrdinalUnknown::UseEncodedValue).unknown_value(-2.0).max_categories(3), unknown(tags(EVERYTHING, ("encoded_missing_value", -1.0))));
    check(report, TargetEncoder::new(), unknown(tags(EVERYTHING, ("smooth", 2.0))));
    check(report, TargetEncoder::new().smooth(5.0).cv(2usize), unknown(tags(CATEGORIES, ("smooth", "auto"))));
    check(report, ColumnTransformer::new().part("mean", ["colour", "floor"], TargetEncoder::new()).part("code", ["garden"], OrdinalEncoder::new().encoded_missing_value(-1.0)), by_name(tags(CATEGORIES, ("mean__shuffle", false))));
    check(report, SimpleImputer::most_frequent(), unknown(tags(EVERYTHING, ("keep_empty_features", true))));
    check(report, SimpleImputer::most_frequent().add_indicator(true), unknown(tags(EVERYTHING, ("keep_empty_features", true))));
    check(report, SimpleImputer::constant(Cell::Missing), unknown(tags(EVERYTHING, ("add_indicator", true))));
    check(report, MissingIndicator::new(), unknown(tags(EVERYTHING, ("error_on_new", false))));
    check(report, MissingIndicator::new().features(IndicatorFeatures::All), unknown(tags(EVERYTHING, ("error_on_new", false))));
    check(report, numbers().part("cat", ["colour", "town"], OneHotEncoder::new()), Tags { unknown_passes: false, ..by_name(tags(&["colour", "floor", "area", "town"], ("num__impute__strategy", "mean"))) });
    check(report, numbers().remainder(Remainder::Passthrough), by_name(tags(&["floor", "garden", "area"], ("num__scale__with_std", false))));
    check(report, numbers().remainder_part(OneHotEncoder::new()), Tags { unknown_passes: false, ..by_name(tags(&["colour", "town", "floor", "area"], ("remainder__drop", "first"))) });
    check(report, numbers().part("cat", -2.., OneHotEncoder::new()).transformer_weights([("cat", 0.5)]), Tags { unknown_passes: false, ..by_name(tags(&["floor", "area", "colour", "town"], ("num__scale__with_std", false))) });
    check(report, FeatureUnion::new().part("all", OneHotEncoder::new()).part("less", OneHotEncoder::new().drop(DropCategory::First)), tags(CATEGORIES, ("all__drop", "first")));
    check(report, Optional::new(SimpleImputer::most_frequent()), unknown(tags(EVERYTHING, ("enabled", false))));
    check(report, pipeline("fill", SimpleImputer::most_frequent()).then("encode", OneHotEncoder::new()), tags(CATEGORIES, ("encode__drop", "first")));
    #[cfg(feature = "dates")]
    check(report, fitwell::preprocessing::DateParts::new(), tags(&["built", "sold"], ("handle_unparseable", "missing")));
}

#[test]
fn every_check_on_tables() {
    let mut report = Report::default();
    registry(&mut report);
    report.finish("tables");
}

/// Columns of every kind with missing values; the target depends on some of them.
fn mixed(n: usize, columns: &[&str]) -> (Table, Labels) {
    let colour = |i: usize| ["red", "green", "blue", "rare: ü"][[0, 1, 2, 0, 1, 0, 3][i % 7]];
    let holes = |i: usize, every: usize| i % every == every - 1;
    let table = Table::new([
        (
            "colour",
            (0..n)
                .map(|i| (!holes(i, 11)).then(|| colour(i * i / 3)))
                .collect::<Column>(),
        ),
        (
            "floor",
            (0..n)
                .map(|i| (!holes(i, 13)).then_some((i * 7 % 5) as i64 - 1))
                .collect(),
        ),
        (
            "garden",
            (0..n)
                .map(|i| (!holes(i, 17)).then_some(i * i % 3 == 0))
                .collect(),
        ),
        (
            "area",
            (0..n)
                .map(|i| (!holes(i, 7)).then_some(20.0 + (i * 37 % 101) as f64 * 0.75))
                .collect(),
        ),
        (
            "town",
            (0..n).map(|i| Some(["Aa", "Bb", "Cc"][i % 3])).collect(),
        ),
        (
            "built",
            (0..n)
                .map(|i| {
                    (!holes(i, 19)).then(|| format!("20{:02}-0{}-1{}", i % 24, 1 + i % 9, i % 10))
                })
                .collect(),
        ),
        (
            "sold",
            (0..n)
                .map(|i| Some(format!("2024-{:02}-29", 1 + i * 5 % 12)))
                .collect(),
        ),
    ]);
    let y: Vec<&str> = (0..n)
        .map(|i| {
            if (i * 7 % 5) + (i % 3) > 2 {
                "yes"
            } else {
                "no"
            }
        })
        .collect();
    let table = table
        .unwrap()
        .select_columns(&Columns::names(columns.iter().copied()))
        .unwrap();
    (table, Labels::from(y))
}

/// The table with another column in the place of one.
fn replaced(x: &Table, name: &str, column: impl Into<Column>) -> Table {
    let column = column.into();
    let columns = x
        .iter()
        .map(|(n, c)| (n, if n == name { column.clone() } else { c.clone() }));
    Table::new(columns).unwrap()
}

/// An output, cell by cell.
trait Grid {
    fn rows(&self) -> usize;
    fn columns(&self) -> usize;
    /// The cells of a row, equal exactly when they print equally.
    fn row(&self, i: usize) -> Vec<String>;
    fn finite(&self) -> bool;
}

impl Grid for Array2<f64> {
    fn rows(&self) -> usize {
        self.nrows()
    }
    fn columns(&self) -> usize {
        self.ncols()
    }
    fn row(&self, i: usize) -> Vec<String> {
        self.index_axis(Axis(0), i)
            .iter()
            .map(|v| format!("{:x}", v.to_bits()))
            .collect()
    }
    fn finite(&self) -> bool {
        self.iter().all(|v| v.is_finite())
    }
}

impl Grid for Table {
    fn rows(&self) -> usize {
        self.n_rows()
    }
    fn columns(&self) -> usize {
        self.n_columns()
    }
    fn row(&self, i: usize) -> Vec<String> {
        self.iter()
            .map(|(_, c)| match c.number(i) {
                Some(v) => format!("{:x}", v.to_bits()),
                None => format!("{:?}", c.text(i)),
            })
            .collect()
    }
    fn finite(&self) -> bool {
        self.iter().all(|(_, c)| c.n_missing() == 0)
    }
}

fn cells<O: Grid>(out: &O) -> Vec<Vec<String>> {
    (0..out.rows()).map(|i| out.row(i)).collect()
}

fn same<O: Grid>(a: &O, b: &O, what: &str) -> Outcome {
    ensure(cells(a) == cells(b), || format!("{what}: another result"))
}

const N: usize = 84;
const FORMATS: [Format; 2] = [Format::Json, Format::Binary];

fn save<M: Model>(model: &M, format: Format) -> Result<Vec<u8>> {
    match format {
        Format::Json => model.to_json().map(String::into_bytes),
        Format::Binary => model.to_bytes(),
    }
}

fn load<M: Model>(bytes: &[u8], format: Format) -> Result<M> {
    match format {
        Format::Json => M::from_json(&String::from_utf8_lossy(bytes)),
        Format::Binary => M::from_bytes(bytes),
    }
}

/// Runs every check on one estimator.
fn check<E, M, O>(report: &mut Report, estimator: E, tags: Tags)
where
    E: Estimator<Table, Labels, Fitted = M> + Params + Model + Display + Send + Sync,
    M: Transform<Table, Output = O> + FeatureNamesOut + Model + Clone + Display + Send + Sync,
    O: Grid + Send,
{
    let subject = &Subject { estimator, tags };
    let name = format!("{} on tables", E::type_name());
    let checks: &[(&str, fn(&Subject<E>) -> Outcome)] = &[
        ("CC03 text", text),
        ("CC04 parameters round trip", params),
        ("CC05 unknown parameters", unknown_params),
        ("CC06 extreme parameters", extreme_params),
        ("CC08 inputs are left alone", inputs_kept),
        ("CC13 one-step pipeline", one_step),
        ("CC15, CC16 no rows, no columns", empty),
        ("CC17 lengths differ", lengths),
        ("CC20, CC22 infinity", infinite),
        ("CC23 one row", one_row),
        ("CC24 one column", one_column),
        ("CC32 constant columns", constant),
        ("CC33 every row twice", doubled),
        ("CC36 all rows the same", identical),
        ("CC46 1, 2 and 8 threads", threads),
        ("CC47 rows one by one", one_by_one),
        ("CC48 rows in another order", row_order),
        ("CC53 fit on another width", other_width),
        ("CC72 rows, CC44 fit again", again),
        ("CC74 output names", names),
        ("CC82, CC83, CC88 files", files),
        ("CC86 truncation", truncation),
        ("CC87 mutation", mutation),
        ("CC89 reordered, missing and further columns", other_columns),
        ("CC89 a column of another kind", other_kind),
        ("unseen categories", unseen),
        ("a column that is all missing", all_missing),
    ];
    for (title, check) in checks {
        report.add(title, &name, check(subject));
    }
    match subject.tags.order_counts {
        Some(reason) => report.skip("CC49", &name, reason),
        None => report.add(
            "CC49 training rows in another order",
            &name,
            training_order(subject),
        ),
    }
}

struct Subject<E> {
    estimator: E,
    tags: Tags,
}

impl<E> Subject<E> {
    fn data(&self) -> (Table, Labels) {
        mixed(N, self.tags.columns)
    }

    fn trained<M, O>(&self) -> std::result::Result<(Table, Labels, M, O), String>
    where
        E: Estimator<Table, Labels, Fitted = M>,
        M: Transform<Table, Output = O>,
    {
        let (x, y) = self.data();
        let model = must(call(|| self.estimator.fit(&x, &y)), "fit")?;
        let out = must(call(|| model.transform(&x)), "transform")?;
        Ok((x, y, model, out))
    }
}

/// What a check needs of an estimator, its model and its output.
macro_rules! checks {
    ($(fn $name:ident<$e:ident, $m:ident, $o:ident>($s:ident) $body:block)+) => {$(
        fn $name<$e, $m, $o>($s: &Subject<$e>) -> Outcome
        where
            $e: Estimator<Table, Labels, Fitted = $m> + Params + Model + Display + Send + Sync,
            $m: Transform<Table, Output = $o> + FeatureNamesOut + Model + Clone + Display + Send + Sync,
            $o: Grid + Send,
        $body
    )+};
}

checks! {
    fn text<E, M, O>(s) {
        let (_, _, model, _) = s.trained()?;
        let (name, value) = &s.tags.sample_param;
        let changed = must(call(|| s.estimator.with_value(name, value.clone())), "a value")?;
        ensure(changed.to_string() != s.estimator.to_string(), || format!("{name} is not shown: {changed}"))?;
        ensure(!model.to_string().trim().is_empty(), || "the model prints nothing".into())
    }

    fn params<E, M, O>(s) {
        let (name, value) = &s.tags.sample_param;
        let mut again = must(call(|| s.estimator.with_value(name, value.clone())), "a value")?;
        ensure(again.params()[*name] == *value, || format!("{name} is {}", again.params()[*name]))?;
        ensure(again.params() != s.estimator.params(), || "the same parameters".into())?;
        for (name, value) in s.estimator.params() {
            again = must(call(|| again.with_value(&name, value.clone())), &name)?;
        }
        ensure(again.params() == s.estimator.params(), || "not back".into())
    }

    fn unknown_params<E, M, O>(s) {
        let before = s.estimator.to_string();
        for name in ["no_such", "", "__", "num__", "cat__no_such"] {
            let known = s.estimator.params().into_keys().collect::<Vec<_>>();
            must_fail(call(|| s.estimator.with_value(name, Value::from(1)).map(|_| ())), name, |kind| {
                matches!(kind, ErrorKind::UnknownParameter { known: k, .. } if !k.is_empty() && k.iter().all(|k| known.iter().any(|n| n.ends_with(k.as_str()))))
            })?;
        }
        ensure(s.estimator.to_string() == before, || "it changed".into())
    }

    fn extreme_params<E, M, O>(s) {
        let (x, y) = s.data();
        for name in s.estimator.params().keys() {
            for value in extreme_values() {
                let what = format!("{name} = {value}");
                let changed = call(|| s.estimator.with_value(name, value.clone()));
                let failure = match changed.map(|changed| call(|| changed.fit(&x, &y)?.transform(&x))) {
                    Ok(Ok(out)) => {
                        ensure(out.rows() == N, || format!("{what}: {} rows", out.rows()))?;
                        continue;
                    }
                    Ok(Err(failure)) | Err(failure) => failure,
                };
                match failure {
                    Failure::Error(error) => {
                        // A value may be allowed and leave the data unfit.
                        let named = matches!(
                            error.kind(),
                            ErrorKind::InvalidParameter { .. }
                                | ErrorKind::Overflow { .. }
                                | ErrorKind::UnknownColumn { .. }
                                | ErrorKind::WrongColumnKind { .. }
                                | ErrorKind::EmptyInput { .. }
                                | ErrorKind::NonFinite { .. }
                        );
                        ensure(named, || format!("{what}: {error}"))?;
                    }
                    panic => return Err(format!("{what}: {panic}")),
                }
            }
        }
        Ok(())
    }

    fn inputs_kept<E, M, O>(s) {
        let (x, y, model, out) = s.trained()?;
        let (fresh, fresh_y) = s.data();
        ensure(x == fresh && y == fresh_y, || "the input changed".into())?;
        for format in FORMATS {
            let before = must(call(|| save(&model, format)), "save")?;
            same(&must(call(|| model.transform(&x)), "transform")?, &out, "transform again")?;
            ensure(must(call(|| save(&model, format)), "save")? == before, || "the model changed".into())?;
        }
        Ok(())
    }

    fn one_step<E, M, O>(s) {
        let (x, y, _, out) = s.trained()?;
        let model = must(call(|| pipeline("only", s.estimator.clone()).fit(&x, &y)), "fit")?;
        same(&must(call(|| model.transform(&x)), "transform")?, &out, "as a step")
    }

    fn empty<E, M, O>(s) {
        let (x, y, model, _) = s.trained()?;
        let no_rows = x.head(0);
        let is_empty = |kind: &ErrorKind| matches!(kind, ErrorKind::EmptyInput { .. });
        must_fail(call(|| s.estimator.fit(&no_rows, &y.select(&[])?).map(|_| ())), "no rows", is_empty)?;
        let no_columns = x.select_columns(&Columns::names(Vec::<String>::new())).map_err(|e| e.to_string())?;
        must_fail(call(|| s.estimator.fit(&no_columns, &y).map(|_| ())), "no columns", |_| true)?;
        let out = may_fail(call(|| model.transform(&no_rows)), "transform of no rows")?;
        ensure(out.is_none_or(|out| out.rows() == 0), || "rows out of none".into())
    }

    fn lengths<E, M, O>(s) {
        let (x, y) = s.data();
        let short = y.select(&(0..N - 1).collect::<Vec<_>>()).map_err(|e| e.to_string())?;
        must_fail(call(|| s.estimator.fit(&x, &short).map(|_| ())), "a short target", |kind| {
            matches!(kind, ErrorKind::ShapeMismatch { .. })
        })
    }

    fn infinite<E, M, O>(s) {
        let (x, y, model, _) = s.trained()?;
        if !s.tags.columns.contains(&"area") {
            return Ok(());
        }
        let mut area: Vec<f64> = (0..N).map(|i| i as f64).collect();
        area[5] = f64::INFINITY;
        let bad = replaced(&x, "area", area);
        let is_position = |kind: &ErrorKind| matches!(kind, ErrorKind::NonFinite { row: 5, .. });
        must_fail(call(|| s.estimator.fit(&bad, &y).map(|_| ())), "infinity at fit", is_position)?;
        must_fail(call(|| model.transform(&bad).map(|_| ())), "infinity at transform", is_position)
    }

    fn one_row<E, M, O>(s) {
        let (x, y) = s.data();
        let (x, y) = (x.head(1), y.select(&[0]).map_err(|e| e.to_string())?);
        let Some(model) = may_fail(call(|| s.estimator.fit(&x, &y)), "fit")? else { return Ok(()) };
        let out = must(call(|| model.transform(&x)), "transform")?;
        ensure(out.rows() == 1 && out.finite(), || "not one finite row".into())
    }

    fn one_column<E, M, O>(s) {
        let (x, y) = s.data();
        for name in s.tags.columns {
            let narrow = x.select_columns(&Columns::names([*name])).map_err(|e| e.to_string())?;
            let Some(model) = may_fail(call(|| s.estimator.fit(&narrow, &y)), name)? else { continue };
            let out = must(call(|| model.transform(&narrow)), name)?;
            ensure(out.rows() == N, || format!("{name}: {} rows", out.rows()))?;
        }
        Ok(())
    }

    fn constant<E, M, O>(s) {
        let (x, y) = s.data();
        let first = x.select_rows(&[0; N]).map_err(|e| e.to_string())?;
        let name = s.tags.columns[0];
        let one = replaced(&x, name, first.column(name).map_err(|e| e.to_string())?.clone());
        let model = must(call(|| s.estimator.fit(&one, &y)), "fit")?;
        let out = must(call(|| model.transform(&one)), "transform")?;
        ensure(out.rows() == N, || "rows".into())
    }

    fn doubled<E, M, O>(s) {
        let (x, y) = s.data();
        let rows: Vec<usize> = (0..N).chain(0..N).collect();
        let (x, y) = (x.select_rows(&rows).map_err(|e| e.to_string())?, y.select(&rows).map_err(|e| e.to_string())?);
        let model = must(call(|| s.estimator.fit(&x, &y)), "fit")?;
        let out = must(call(|| model.transform(&x)), "transform")?;
        ensure((0..N).all(|i| out.row(i) == out.row(i + N)), || "equal rows differ".into())
    }

    fn identical<E, M, O>(s) {
        let (x, y) = s.data();
        let rows = vec![0; N];
        let x = x.select_rows(&rows).map_err(|e| e.to_string())?;
        let Some(model) = may_fail(call(|| s.estimator.fit(&x, &y)), "fit")? else { return Ok(()) };
        let out = must(call(|| model.transform(&x)), "transform")?;
        ensure(out.finite() && (1..N).all(|i| out.row(i) == out.row(0)), || "equal rows differ".into())
    }

    fn threads<E, M, O>(s) {
        let (x, y) = mixed(3000, s.tags.columns);
        let mut seen: Option<(Vec<u8>, Vec<Vec<String>>)> = None;
        for threads in [1, 2, 8] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| e.to_string())?;
            let model = must(call(|| pool.install(|| s.estimator.fit(&x, &y))), "fit")?;
            let out = must(call(|| pool.install(|| model.transform(&x))), "transform")?;
            let found = (must(call(|| save(&model, Format::Binary)), "save")?, cells(&out));
            ensure(seen.as_ref().is_none_or(|seen| *seen == found), || format!("{threads} threads differ"))?;
            seen = Some(found);
        }
        Ok(())
    }

    fn one_by_one<E, M, O>(s) {
        let (x, _, model, out) = s.trained()?;
        for i in 0..N {
            let row = x.select_rows(&[i]).map_err(|e| e.to_string())?;
            let one = must(call(|| model.transform(&row)), "transform")?;
            ensure(one.row(0) == out.row(i), || format!("row {i}: {:?}, {:?}", one.row(0), out.row(i)))?;
        }
        Ok(())
    }

    fn row_order<E, M, O>(s) {
        let (x, _, model, out) = s.trained()?;
        let turned = x.select_rows(&(0..N).rev().collect::<Vec<_>>()).map_err(|e| e.to_string())?;
        let again = must(call(|| model.transform(&turned)), "transform")?;
        ensure((0..N).all(|i| again.row(N - 1 - i) == out.row(i)), || "another result".into())
    }

    fn training_order<E, M, O>(s) {
        let (x, y, _, out) = s.trained()?;
        let rows: Vec<usize> = (0..N).map(|i| i * 5 % N).collect();
        let model = must(call(|| s.estimator.fit(&x.select_rows(&rows)?, &y.select(&rows)?)), "fit")?;
        let again = must(call(|| model.transform(&x)), "transform")?;
        let far = |a: &str, b: &str| match (u64::from_str_radix(a, 16), u64::from_str_radix(b, 16)) {
            (Ok(a), Ok(b)) => {
                let (a, b) = (f64::from_bits(a), f64::from_bits(b));
                (a - b).abs() > 1e-8 * a.abs().max(1.0)
            }
            _ => a != b,
        };
        for i in 0..N {
            let (a, b) = (again.row(i), out.row(i));
            ensure(a.len() == b.len() && !a.iter().zip(&b).any(|(a, b)| far(a, b)), || format!("row {i} differs"))?;
        }
        Ok(())
    }

    fn other_width<E, M, O>(s) {
        let (x, y) = s.data();
        let narrow = x.select_columns(&Columns::names(s.tags.columns[1..].iter().copied())).map_err(|e| e.to_string())?;
        if let Some(model) = may_fail(call(|| s.estimator.fit(&narrow, &y)), "fit")? {
            must(call(|| model.transform(&narrow)), "transform")?;
        }
        Ok(())
    }

    fn again<E, M, O>(s) {
        let (x, y, _, out) = s.trained()?;
        ensure(out.rows() == N && out.columns() > 0, || "the number of rows changes".into())?;
        let model = must(call(|| s.estimator.clone().fit(&x, &y)), "fit")?;
        same(&must(call(|| model.transform(&x)), "transform")?, &out, "fit again")
    }

    fn names<E, M, O>(s) {
        let (x, _, model, out) = s.trained()?;
        let names = must(call(|| model.feature_names_out(None)), "names")?;
        let unique: std::collections::BTreeSet<_> = names.iter().collect();
        ensure(names.len() == out.columns() && unique.len() == names.len(), || format!("{names:?}"))?;
        ensure(must(call(|| model.feature_names_out(Some(&x.names()))), "names")? == names, || "other names".into())?;
        must_fail(call(|| model.feature_names_out(Some(&x.names()[1..]))), "fewer names", |kind| {
            matches!(kind, ErrorKind::ShapeMismatch { .. } | ErrorKind::FeatureNames { .. })
        })?;
        let mut other = x.names();
        other[0] = "other".into();
        must_fail(call(|| model.feature_names_out(Some(&other))), "other names", |kind| matches!(kind, ErrorKind::FeatureNames { .. }))
    }

    fn files<E, M, O>(s) {
        let (x, _, model, out) = s.trained()?;
        for format in FORMATS {
            let bytes = must(call(|| save(&model, format)), "save")?;
            let loaded: M = must(call(|| load(&bytes, format)), "load")?;
            same(&must(call(|| loaded.transform(&x)), "transform")?, &out, "loaded")?;
            ensure(loaded.to_string() == model.to_string(), || format!("{loaded}"))?;
            ensure(must(call(|| save(&loaded, format)), "save")? == bytes, || "other bytes".into())?;
            let recipe = must(call(|| save(&s.estimator, format)), "save the recipe")?;
            let recipe: E = must(call(|| load(&recipe, format)), "load the recipe")?;
            ensure(recipe.params() == s.estimator.params(), || "other parameters".into())?;
        }
        Ok(())
    }

    fn truncation<E, M, O>(s) {
        let (_, _, model, _) = s.trained()?;
        for format in FORMATS {
            let bytes = must(call(|| save(&model, format)), "save")?;
            for length in 0..bytes.len() {
                let cut = call(|| load::<M>(&bytes[..length], format));
                must_fail(cut.map(|_| ()), &format!("{format:?} cut to {length}"), |kind| matches!(kind, ErrorKind::ModelFile { .. }))?;
            }
        }
        Ok(())
    }

    fn mutation<E, M, O>(s) {
        let (x, _, model, _) = s.trained()?;
        let mut rng = random::generator(87);
        for format in FORMATS {
            let bytes = must(call(|| save(&model, format)), "save")?;
            for _ in 0..1500 {
                let mutated = crate::checks::mutate(&bytes, &mut rng);
                let what = || String::from_utf8_lossy(&mutated).into_owned();
                let Some(loaded) = may_fail(call(|| load::<M>(&mutated, format)), &what())? else { continue };
                if let Some(out) = may_fail(call(|| loaded.transform(&x)), &what())? {
                    ensure(out.rows() == N, || "rows of a mutated model".into())?;
                }
            }
        }
        Ok(())
    }

    fn other_columns<E, M, O>(s) {
        let (x, _, model, out) = s.trained()?;
        let names = x.names();
        let turned = x.select_columns(&Columns::names(names.iter().rev().cloned())).map_err(|e| e.to_string())?;
        let more = x.clone().with_column("further", vec![1.0; N]).map_err(|e| e.to_string())?;
        let fewer = x.select_columns(&Columns::names(names[1..].to_vec())).map_err(|e| e.to_string())?;
        if s.tags.by_name {
            same(&must(call(|| model.transform(&turned)), "reordered")?, &out, "reordered")?;
            same(&must(call(|| model.transform(&more)), "further")?, &out, "further")?;
        } else {
            must_fail(call(|| model.transform(&turned).map(|_| ())), "reordered", |kind| matches!(kind, ErrorKind::FeatureNames { reordered: true, .. }))?;
            must_fail(call(|| model.transform(&more).map(|_| ())), "further", |kind| {
                matches!(kind, ErrorKind::FeatureNames { unexpected, .. } if unexpected == &["further"])
            })?;
        }
        must_fail(call(|| model.transform(&fewer).map(|_| ())), "missing", |kind| {
            matches!(kind, ErrorKind::FeatureNames { missing, .. } if missing == &names[..1])
        })
    }

    fn other_kind<E, M, O>(s) {
        let (x, _, model, _) = s.trained()?;
        for name in s.tags.columns {
            let is_text = matches!(x.column(name), Ok(Column::Categorical(_)));
            let other: Column = match is_text {
                true => (0..N).map(|i| i as f64 + 0.5).collect(),
                false => (0..N).map(|_| Some("text")).collect(),
            };
            let changed = replaced(&x, name, other);
            must_fail(call(|| model.transform(&changed).map(|_| ())), name, |kind| {
                matches!(kind, ErrorKind::WrongColumnKind { column, .. } if column == name)
            })?;
        }
        Ok(())
    }

    fn unseen<E, M, O>(s) {
        let (x, _, model, out) = s.trained()?;
        if !s.tags.columns.contains(&"colour") {
            return Ok(());
        }
        let colours = (0..N).map(|i| Some(if i == 3 { "never seen" } else { "red" })).collect::<Column>();
        let changed = replaced(&x, "colour", colours);
        let found = call(|| model.transform(&changed));
        if s.tags.unknown_passes {
            let found = must(found, "an unseen category")?;
            return ensure(found.columns() == out.columns(), || "another width".into());
        }
        must_fail(found.map(|_| ()), "an unseen category", |kind| {
            matches!(kind, ErrorKind::UnknownCategory { column, row: 3, .. } if column == "colour")
        })
    }

    fn all_missing<E, M, O>(s) {
        let (x, y, model, _) = s.trained()?;
        for name in s.tags.columns {
            let nothing: Column = match x.column(name).map_err(|e| e.to_string())? {
                Column::Categorical(_) => (0..N).map(|_| None::<&str>).collect(),
                Column::Boolean(_) => (0..N).map(|_| None::<bool>).collect(),
                _ => vec![f64::NAN; N].into(),
            };
            let changed = replaced(&x, name, nothing);
            let rows = |out: Option<O>| ensure(out.is_none_or(|out| out.rows() == N), || format!("{name}: rows"));
            rows(may_fail(call(|| model.transform(&changed)), name)?)?;
            if let Some(model) = may_fail(call(|| s.estimator.fit(&changed, &y)), name)? {
                rows(may_fail(call(|| model.transform(&changed)), name)?)?;
                rows(may_fail(call(|| model.transform(&x)), name)?)?;
            }
        }
        Ok(())
    }
}
