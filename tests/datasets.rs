//! Data sets from outside: files and loaders agree, makers stay the same in every release and with any number of threads.

#![allow(clippy::unwrap_used, clippy::panic)]

use fitwell::datasets::*;
use fitwell::prelude::*;
use fitwell::table::{ColumnKind, Table};
use ndarray::{Array2, Axis};

fn file(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("datasets")
        .join(name)
}

#[test]
fn tables_are_their_files() {
    for (name, table, text) in [
        ("titanic.csv", load_titanic().unwrap(), titanic_csv()),
        ("penguins.csv", load_penguins().unwrap(), penguins_csv()),
    ] {
        assert_eq!(std::fs::read_to_string(file(name)).unwrap(), text);
        assert_eq!(Table::from_csv(file(name)).unwrap(), table);
    }
}

#[test]
fn kinds_of_titanic_are_what_a_pipeline_expects() {
    use ColumnKind::{Categorical as Text, Float, Integer};
    let titanic = load_titanic().unwrap();
    let kinds = [
        Integer, Integer, Text, Text, Float, Integer, Integer, Text, Float, Text, Text, Text,
        Integer, Text,
    ];
    assert_eq!(titanic.kinds(), kinds);
}

#[test]
fn every_bundled_file_says_where_it_comes_from() {
    let readme = std::fs::read_to_string(file("README.md")).unwrap();
    for entry in std::fs::read_dir(file("")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(stem) = name.strip_suffix(".csv") {
            let section = readme.split(&format!("\n## {stem}\n")).nth(1);
            let section = section.unwrap_or_else(|| panic!("no section on {name}"));
            let section = section.split("\n## ").next().unwrap();
            assert!(section.contains("\nLicence: "), "no licence of {name}");
        }
    }
}

#[test]
fn a_classifier_learns_each_of_the_bundled_classes() {
    use fitwell::linear_model::LogisticRegression;
    use fitwell::preprocessing::StandardScaler;
    for (data, least) in [
        (load_iris().unwrap(), 0.96),
        (load_wine().unwrap(), 0.99),
        (load_breast_cancer().unwrap(), 0.98),
        (load_digits().unwrap(), 0.99),
    ] {
        let model = pipeline("scale", StandardScaler::new()).then("clf", LogisticRegression::new());
        let score = model
            .fit(&data.x, &data.target)
            .unwrap()
            .score(&data.x, &data.target)
            .unwrap();
        assert!(score >= least, "{}: {score}", data.description);
    }
}

/// Row number i counted i times, so that a change of order is seen.
fn fingerprint(x: &Array2<f64>) -> [f64; 2] {
    let moment = x
        .axis_iter(Axis(0))
        .enumerate()
        .map(|(i, row)| (i + 1) as f64 * row.sum());
    [x.sum(), moment.sum()]
}

fn near(what: &str, ours: [f64; 2], golden: [f64; 2]) {
    for (a, b) in ours.iter().zip(golden) {
        assert!(
            (a - b).abs() <= 1e-9 * b.abs().max(1.0),
            "{what}: {ours:?}, was {golden:?}"
        );
    }
}

/// Computed once by this implementation: they guard against change and say nothing about being right, which the tests
/// beside the makers do. With a tolerance, as sines, exponentials and products round differently between machines.
#[test]
fn makers_stay_the_same() {
    let column = |y: ndarray::Array1<f64>| y.insert_axis(Axis(1));
    let codes = |y: Labels| column(y.codes().iter().map(|&c| f64::from(c)).collect());

    let (x, y) = make_blobs().build().unwrap();
    near(
        "blobs",
        fingerprint(&x),
        [251.49354308351192, 10903.958197974227],
    );
    near("blobs, y", fingerprint(&codes(y)), [99.0, 4728.0]);
    let (x, y) = make_classification().build().unwrap();
    near(
        "classification",
        fingerprint(&x),
        [-32.52079579437142, -619.7000903432139],
    );
    near("classification, y", fingerprint(&codes(y)), [51.0, 2518.0]);
    let (x, y) = make_regression().noise(1.0).build().unwrap();
    near(
        "regression",
        fingerprint(&x),
        [-88.41329773116917, -2659.4186434760236],
    );
    near(
        "regression, y",
        fingerprint(&column(y)),
        [-1089.723242383248, -82135.31978137925],
    );
    let (x, y) = make_moons().noise(0.1).build().unwrap();
    near(
        "moons",
        fingerprint(&x),
        [75.40454370998872, 3595.8081358666677],
    );
    near("moons, y", fingerprint(&codes(y)), [50.0, 2565.0]);
    let (x, y) = make_circles().noise(0.1).build().unwrap();
    near(
        "circles",
        fingerprint(&x),
        [0.4045437099886975, 87.48322703159027],
    );
    near("circles, y", fingerprint(&codes(y)), [50.0, 2565.0]);
    let (x, y) = make_friedman1().noise(0.1).build().unwrap();
    near(
        "friedman1",
        fingerprint(&x),
        [490.96184860782864, 24588.679391564056],
    );
    near(
        "friedman1, y",
        fingerprint(&column(y)),
        [1380.6594121332494, 69104.14446562885],
    );
    let x = make_low_rank_matrix().build().unwrap();
    near(
        "low rank",
        fingerprint(&x),
        [-1.5458353554805604, -158.79338491754217],
    );
    let (x, t) = make_s_curve().noise(0.1).build().unwrap();
    near(
        "s curve",
        fingerprint(&x),
        [63.23874155101701, 3847.1280743551624],
    );
    near(
        "s curve, t",
        fingerprint(&column(t)),
        [44.3517767429054, 858.1101795065495],
    );
    let (x, t) = make_swiss_roll().hole(true).build().unwrap();
    near(
        "swiss roll",
        fingerprint(&x),
        [1378.584326861561, 73506.08294207515],
    );
    near(
        "swiss roll, t",
        fingerprint(&column(t)),
        [919.0721581704724, 45332.90722679164],
    );
    let (x, y) = make_multilabel_classification().build().unwrap();
    near("multilabel", fingerprint(&x), [5058.0, 254753.0]);
    near(
        "multilabel, y",
        fingerprint(&y.mapv(|l| f64::from(u8::from(l)))),
        [198.0, 10019.0],
    );
}

#[test]
fn makers_do_not_depend_on_the_number_of_threads() {
    let make = || {
        let classes = make_classification().n_samples(20_000).n_features(60);
        let classes = classes.n_informative(20).n_redundant(30).build().unwrap();
        let regression = make_regression().n_samples(20_000).n_features(60);
        let regression = regression.n_targets(3).build().unwrap();
        let low_rank = make_low_rank_matrix().n_samples(2000).n_features(300);
        (classes, regression, low_rank.build().unwrap())
    };
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(make)
    };
    let one = with(1);
    for threads in [2, 8] {
        let other = with(threads);
        let same = |a: &Array2<f64>, b: &Array2<f64>| {
            assert!(
                a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits()),
                "{threads} threads"
            );
        };
        same(&one.0.0, &other.0.0);
        assert_eq!(one.0.1, other.0.1);
        same(&one.1.0, &other.1.0);
        same(&one.1.1, &other.1.1);
        same(&one.2, &other.2);
    }
}
