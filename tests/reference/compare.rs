//! Reads the files and compares with tolerance.

use ndarray::{ArrayBase, Data, Dimension};
use serde_json::Value;

/// The cases of a file, read and counted.
pub(crate) struct Reference {
    file: &'static str,
    cases: Vec<Value>,
}

impl Reference {
    pub(crate) fn read(file: &'static str) -> Self {
        let path = format!("{}/tests/reference/{file}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).expect(&path);
        let mut whole: Value = serde_json::from_str(&text).expect(&path);
        assert_eq!(whole["scikit_learn"], "1.9.1");
        let Value::Array(cases) = whole["cases"].take() else {
            panic!("{path} has no cases");
        };
        Reference { file, cases }
    }

    /// Runs every case and reports all that differ; `least` comparisons must have been made.
    pub(crate) fn each(self, least: usize, run: impl Fn(&Value, &mut Case)) {
        let (mut compared, mut skipped, mut failures, mut closest) = (0, 0, Vec::new(), 0.0);
        for value in &self.cases {
            let name = format!("{} {} {}", self.file, value["data"], value["settings"]);
            let mut case = Case {
                name,
                compared: 0,
                skipped: false,
                failures: Vec::new(),
                worst: 0.0,
            };
            run(value, &mut case);
            assert!(
                case.compared > 0 || case.skipped,
                "{}: nothing compared",
                case.name
            );
            skipped += usize::from(case.skipped);
            compared += case.compared;
            closest = f64::max(closest, case.worst);
            failures.extend(case.failures);
        }
        println!(
            "{}: {} cases ({skipped} skipped), {compared} comparisons, worst difference {closest:.2} of its tolerance",
            self.file,
            self.cases.len()
        );
        let some: Vec<&String> = failures.iter().take(12).collect();
        assert!(
            failures.is_empty(),
            "{} of {compared} differ: {some:#?}",
            failures.len()
        );
        assert!(
            compared >= least,
            "{}: {compared} comparisons, not {least}",
            self.file
        );
    }
}

/// One case: what was compared and what differed.
pub(crate) struct Case {
    pub(crate) name: String,
    compared: usize,
    skipped: bool,
    failures: Vec<String>,
    /// The greatest difference, as a part of what is tolerated.
    worst: f64,
}

impl Case {
    /// An array, whole or summarised.
    pub(crate) fn array<S: Data<Elem = f64>, D: Dimension>(
        &mut self,
        what: &str,
        ours: &ArrayBase<S, D>,
        expected: &Value,
        tolerance: &Value,
    ) {
        self.compared += 1;
        let shape: Vec<usize> = numbers(&expected["shape"])
            .iter()
            .map(|&v| v as usize)
            .collect();
        if ours.shape() != shape {
            return self.fail(
                what,
                format!("shape {:?}, expected {shape:?}", ours.shape()),
            );
        }
        let values: Vec<f64> = ours.iter().copied().collect();
        let (absolute, relative) = tolerated(tolerance);
        let largest = values
            .iter()
            .filter(|v| v.is_finite())
            .fold(0.0, |m: f64, v| m.max(v.abs()));
        let each = absolute + relative * largest;
        if let Value::Array(_) = expected["values"] {
            return self.values(what, &values, &numbers(&expected["values"]), |_| each);
        }
        let head = numbers(&expected["head"]);
        self.values(what, &values[..head.len()], &head, |_| each);
        let missing = values.iter().filter(|v| v.is_nan()).count() as f64;
        self.values(
            &format!("{what}, missing"),
            &[missing],
            &[number(&expected["nan"])],
            |_| 0.0,
        );
        // Sums of n values that may each differ, and that round by themselves.
        let rows = shape[0];
        let width = values.len() / rows;
        let known: Vec<f64> = values
            .iter()
            .map(|&v| if v.is_nan() { 0.0 } else { v })
            .collect();
        let column = |j: usize| known.iter().skip(j).step_by(width);
        let rounding = 4.0 * f64::EPSILON * rows as f64;
        let sums = numbers(&expected["sums"]);
        let ours: Vec<f64> = (0..sums.len()).map(|j| column(j).sum()).collect();
        let total = |j: usize| column(j).map(|v| v.abs()).sum::<f64>();
        self.values(&format!("{what}, sum of column"), &ours, &sums, |j| {
            rows as f64 * each + rounding * total(j)
        });
        let moment: f64 = (known.chunks(width).enumerate())
            .map(|(i, row)| (i + 1) as f64 / rows as f64 * row.iter().sum::<f64>())
            .sum();
        let all: f64 = known.iter().map(|v| v.abs()).sum();
        let slack = values.len() as f64 * each + rounding * all;
        self.values(
            &format!("{what}, moment"),
            &[moment],
            &[number(&expected["moment"])],
            |_| slack,
        );
        let norm = known.iter().map(|v| v * v).sum::<f64>().sqrt();
        let slack = (values.len() as f64).sqrt() * each + rounding * norm;
        self.values(
            &format!("{what}, norm"),
            &[norm],
            &[number(&expected["norm"])],
            |_| slack,
        );
    }

    /// One number.
    pub(crate) fn number(&mut self, what: &str, ours: f64, expected: &Value, tolerance: &Value) {
        self.compared += 1;
        let expected = number(expected);
        let (absolute, relative) = tolerated(tolerance);
        self.values(what, &[ours], &[expected], |_| {
            absolute + relative * expected.abs()
        });
    }

    /// Several numbers, in order.
    pub(crate) fn numbers(
        &mut self,
        what: &str,
        ours: &[f64],
        expected: &Value,
        tolerance: &Value,
    ) {
        self.compared += 1;
        let expected = numbers(expected);
        if ours.len() != expected.len() {
            return self.fail(
                what,
                format!("{} numbers, expected {}", ours.len(), expected.len()),
            );
        }
        let (absolute, relative) = tolerated(tolerance);
        self.values(what, ours, &expected, |i| {
            absolute + relative * expected[i].abs()
        });
    }

    /// Anything that must be the same.
    pub(crate) fn same<T: PartialEq + std::fmt::Debug>(
        &mut self,
        what: &str,
        ours: &T,
        expected: &T,
    ) {
        self.compared += 1;
        if ours != expected {
            self.fail(what, format!("{ours:?}, expected {expected:?}"));
        }
    }

    fn values(&mut self, what: &str, ours: &[f64], expected: &[f64], slack: impl Fn(usize) -> f64) {
        for (i, (&a, &b)) in ours.iter().zip(expected).enumerate() {
            let same =
                a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()) || (a - b).abs() == 0.0;
            if same {
                continue;
            }
            let part = (a - b).abs() / slack(i);
            if part <= 1.0 {
                self.worst = self.worst.max(part);
            } else {
                let difference = format!(
                    "number {i}: {a:e}, expected {b:e}, {part:.2} of the tolerance {:e}",
                    slack(i)
                );
                return self.fail(what, difference);
            }
        }
    }

    /// The case is not for this test; the reason is for the reader.
    pub(crate) fn skip(&mut self, _why: &str) {
        self.skipped = true;
    }

    fn fail(&mut self, what: &str, difference: String) {
        self.failures
            .push(format!("{}: {what}: {difference}", self.name));
    }
}

fn tolerated(tolerance: &Value) -> (f64, f64) {
    assert!(
        tolerance["why"].as_str().is_some_and(|why| why.len() > 20),
        "a tolerance without a reason"
    );
    (
        number(&tolerance["absolute"]),
        number(&tolerance["relative"]),
    )
}

/// A number, or the name of one that JSON has none for.
pub(crate) fn number(value: &Value) -> f64 {
    match value {
        Value::Number(v) => v.as_f64().unwrap(),
        Value::String(name) => name.parse().unwrap(),
        other => panic!("{other} is no number"),
    }
}

pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap_or_else(|| panic!("{value} is no list"))
        .iter()
        .map(number)
        .collect()
}

pub(crate) fn texts(value: &Value) -> Vec<String> {
    let list = value
        .as_array()
        .unwrap_or_else(|| panic!("{value} is no list"));
    list.iter()
        .map(|v| v.as_str().unwrap().to_string())
        .collect()
}

/// Small integers from one text, a letter each.
pub(crate) fn letters(value: &Value) -> Vec<usize> {
    let digit = |b: u8| {
        if b.is_ascii_digit() {
            b - b'0'
        } else {
            b - b'a' + 10
        }
    };
    value
        .as_str()
        .unwrap()
        .bytes()
        .map(|b| usize::from(digit(b)))
        .collect()
}
