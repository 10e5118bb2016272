//! Every estimator, every check: one registry, one line for each estimator, in both precisions.
//!
//! `cargo test --test common -- --nocapture` prints how many checks ran, and what was left out and why. With
//! `FITWELL_ESTIMATORS=KMeans,Ridge` only estimators with one of these in their names are checked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::type_complexity, unreachable_pub)]

#[path = "common/categories.rs"]
mod categories;
#[path = "common/checks.rs"]
mod checks;
#[path = "common/cluster.rs"]
mod cluster;
#[path = "common/clusterer.rs"]
mod clusterer;
#[path = "common/compose.rs"]
mod compose;
#[path = "common/data.rs"]
mod data;
#[path = "common/decomposition.rs"]
mod decomposition;
#[path = "common/features.rs"]
mod features;
#[path = "common/glm.rs"]
mod glm;
#[path = "common/impute.rs"]
mod impute;
#[path = "common/logistic.rs"]
mod logistic;
#[path = "common/meta.rs"]
mod meta;
#[path = "common/mixture.rs"]
mod mixture;
#[path = "common/neighbors.rs"]
mod neighbors;
#[path = "common/networks.rs"]
mod networks;
#[path = "common/one_column.rs"]
mod one_column;
#[path = "common/perceptrons.rs"]
mod perceptrons;
#[path = "common/report.rs"]
mod report;
#[path = "common/ridge.rs"]
mod ridge;
#[path = "common/scaling.rs"]
mod scaling;
#[path = "common/searches.rs"]
mod searches;
#[path = "common/selection.rs"]
mod selection;
#[path = "common/several.rs"]
mod several;
#[path = "common/sgd.rs"]
mod sgd;
#[path = "common/sparse.rs"]
mod sparse;
#[path = "common/subject.rs"]
mod subject;
#[path = "common/tables.rs"]
mod tables;
#[path = "common/typed.rs"]
mod typed;

use fitwell::Float;
use fitwell::impute::SimpleImputer;
use fitwell::linear_model::{LinearRegression, LogisticRegression, Ridge};
use fitwell::model_selection::GridSearchCv;
use fitwell::params::Value;
use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;
use report::Report;
use subject::{Entry, Tags, classifier, regressor, transformer};

fn sample(name: &'static str, value: impl Into<Value>) -> Tags {
    Tags {
        sample_param: (name, value.into()),
        ..Tags::default()
    }
}

/// Two runs of an iterative solver that differ by rounding stop at points that differ by more than rounding.
fn iterative<F: Float>(tags: Tags) -> Tags {
    let tolerance = if F::NAME == "f32" { 2e-3 } else { 1e-6 };
    Tags {
        tolerance,
        many_rows: tags.many_rows.min(8_003),
        ..tags
    }
}

fn imputer(tags: Tags) -> Tags {
    Tags {
        allow_nan: true,
        ignores_weights: Some("the statistics do not use weights, as in scikit-learn"),
        ..tags
    }
}

fn folds(tags: Tags) -> Tags {
    Tags {
        order_counts: Some("the folds are made of rows in their order"),
        many_rows: 2_003,
        ..tags
    }
}

/// The registry.
#[rustfmt::skip]
fn registry<F: Float>() -> Vec<Entry<F>> {
    let scale = || Tags { allow_nan: true, weight_scale_invariant: true, ..sample("with_std", false) };
    let least_squares = |tags| Tags { weight_scale_invariant: true, ..tags };
    let scaled = || pipeline("scale", StandardScaler::new());
    let mut entries = vec![
        transformer(StandardScaler::new(), scale()),
        transformer(StandardScaler::new().with_mean(false), scale()),
        transformer(SimpleImputer::mean(), imputer(sample("strategy", "median"))),
        transformer(SimpleImputer::median(), imputer(sample("add_indicator", true))),
        transformer(SimpleImputer::most_frequent(), imputer(sample("add_indicator", true))),
        transformer(SimpleImputer::constant(-1.0), imputer(sample("strategy", "median"))),
        transformer(scaled().then("again", StandardScaler::new()), Tags { allow_nan: true, weight_scale_invariant: true, ..sample("again__with_std", false) }),
        regressor(LinearRegression::new(), least_squares(sample("fit_intercept", false))),
        regressor(LinearRegression::new().fit_intercept(false), least_squares(sample("positive", true))),
        regressor(LinearRegression::new().positive(true), Tags { poor_score: Some("the best coefficients have both signs"), ..least_squares(sample("fit_intercept", false)) }),
        regressor(Ridge::new(), sample("alpha", 0.5)),
        regressor(Ridge::new().fit_intercept(false), sample("alpha", 2.5)),
        regressor(scaled().then("ridge", Ridge::new()), sample("ridge__alpha", 0.5)),
        regressor(GridSearchCv::new(Ridge::new(), [("alpha", vec![0.1, 1.0])]).cv(3), folds(sample("estimator__fit_intercept", false))),
        classifier(LogisticRegression::new(), iterative::<F>(sample("C", 0.5))),
        classifier(LogisticRegression::new().fit_intercept(false), iterative::<F>(sample("C", 0.5))),
        classifier(scaled().then("clf", LogisticRegression::new()), iterative::<F>(sample("clf__C", 0.5))),
        classifier(GridSearchCv::new(scaled().then("clf", LogisticRegression::new()), [("clf__C", vec![0.1, 1.0])]).cv(3), folds(iterative::<F>(sample("estimator__clf__C", 0.5)))),
    ];
    entries.extend(categories::entries());
    entries.extend(cluster::entries());
    entries.extend(impute::entries());
    entries.extend(compose::entries());
    entries.extend(decomposition::entries());
    entries.extend(features::entries());
    entries.extend(glm::entries());
    entries.extend(logistic::entries());
    entries.extend(meta::entries());
    entries.extend(mixture::entries());
    entries.extend(ridge::entries());
    entries.extend(neighbors::entries());
    entries.extend(networks::sequential_entries());
    entries.extend(perceptrons::entries());
    entries.extend(scaling::entries());
    entries.extend(searches::entries());
    entries.extend(selection::entries());
    entries.extend(sgd::entries());
    entries.extend(sparse::entries());
    if let Ok(wanted) = std::env::var("FITWELL_ESTIMATORS") {
        entries.retain(|entry| wanted.split(',').any(|part| entry.name.contains(part)));
        assert!(!entries.is_empty(), "no estimator is named {wanted}");
    }
    entries
}

fn every_check<F: Float>() {
    let mut report = Report::default();
    for entry in registry::<F>() {
        checks::run(&entry, &mut report);
    }
    report.finish(F::NAME);
}

#[test]
fn every_check_in_f64() {
    every_check::<f64>();
}

#[test]
fn every_check_in_f32() {
    every_check::<f32>();
}

#[test]
fn f32_agrees_with_f64() {
    let mut report = Report::default();
    for (wide, narrow) in registry::<f64>().iter().zip(&registry::<f32>()) {
        report.add(
            "CC27 both precisions",
            &wide.name,
            checks::precisions(wide, narrow),
        );
    }
    report.finish("both precisions");
}
