//! Searches over hyper-parameters, and thresholds of classifiers.

use fitwell::Float;
use fitwell::linear_model::{LogisticRegression, Ridge};
use fitwell::model_selection::{
    FixedThresholdClassifier, HalvingGridSearchCv, HalvingRandomSearchCv, ParamDistributions,
    ParamGrid, RandomizedSearchCv, Resource, TpeSearchCv, TunedThresholdClassifierCv, log_uniform,
};
use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;

use crate::subject::{Entry, Tags, classifier, regressor};
use crate::{folds, iterative, sample};

fn alphas() -> ParamDistributions {
    ParamDistributions::new().with("alpha", log_uniform(0.01, 1.0))
}

/// Rows as the resource are selected by position: weights do not repeat them, and few rows are too few. A parameter takes
/// all rows.
fn iterations() -> Resource {
    Resource::Parameter("max_iter".into())
}

/// A classifier of two classes, by a threshold of its own.
fn threshold(tags: Tags) -> Tags {
    Tags {
        two_classes: Some("a threshold tells two classes apart"),
        predicts_otherwise: Some("the threshold decides"),
        many_rows: 307,
        ..tags
    }
}

#[rustfmt::skip]
pub fn entries<F: Float>() -> Vec<Entry<F>> {
    let split = |tags| Tags { ignores_weights: Some("a row of weight 2 is in one fold, the same row twice in two"), ..folds(tags) };
    let logistic = || LogisticRegression::new().tol(1e-9);
    let grid = || ParamGrid::new().with("alpha", [0.1, 1.0]).or(ParamGrid::new().with("alpha", [0.01]));
    vec![
        regressor(RandomizedSearchCv::new(Ridge::new(), alphas()).n_iter(3).cv(3), folds(sample("estimator__fit_intercept", false))),
        regressor(HalvingGridSearchCv::new(Ridge::new(), grid()).resource(iterations()).max_resources(9).cv(3), folds(sample("factor", 2.0))),
        regressor(HalvingRandomSearchCv::new(Ridge::new(), alphas()).resource(iterations()).max_resources(4).cv(3), folds(sample("aggressive_elimination", true))),
        regressor(TpeSearchCv::new(Ridge::new(), alphas()).n_iter(6).n_startup(3).batch_size(2).cv(2), folds(sample("estimator__fit_intercept", false))),
        classifier(RandomizedSearchCv::new(pipeline("scale", StandardScaler::new()).then("clf", LogisticRegression::new()), ParamGrid::new().with("clf__C", [0.1, 1.0])).cv(3), folds(iterative::<F>(sample("estimator__clf__C", 0.5)))),
        classifier(FixedThresholdClassifier::new(logistic()).threshold(0.4), threshold(iterative::<F>(sample("threshold", 0.25)))),
        classifier(TunedThresholdClassifierCv::new(logistic()).cv(3), threshold(split(iterative::<F>(sample("thresholds", 20))))),
    ]
}
