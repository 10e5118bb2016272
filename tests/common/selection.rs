//! Selectors of features, alone and as steps.

use fitwell::Float;
use fitwell::feature_selection::*;
use fitwell::linear_model::{LogisticRegression, Ridge};
use fitwell::pipeline::pipeline;

use crate::subject::{Entry, Tags, classifier, regressor, selector, transformer};
use crate::{folds, iterative, sample};

fn unweighted(tags: Tags) -> Tags {
    Tags {
        ignores_weights: Some("scores of single features do not use weights, as in scikit-learn"),
        ..tags
    }
}

/// Selecting makes no numbers: what is left is the same whatever the weights are multiplied by.
fn stable(tags: Tags) -> Tags {
    Tags {
        weight_scale_invariant: true,
        ..tags
    }
}

/// Noise parts ties and is drawn for each column by its place.
fn noisy(tags: Tags) -> Tags {
    Tags {
        order_counts: Some("the noise that parts ties is drawn in the order of the rows"),
        ..tags
    }
}

#[rustfmt::skip]
pub fn entries<F: Float>() -> Vec<Entry<F>> {
    let logistic = LogisticRegression::new;
    vec![
        transformer(VarianceThreshold::new(), Tags { allow_nan: true, ..unweighted(sample("threshold", 0.125)) }),
        selector(SelectKBest::new().k(1), unweighted(sample("k", "all"))),
        selector(SelectKBest::new().k(K::All), unweighted(sample("k", 1))),
        selector(SelectKBest::new().score_func(MutualInfoClassif::new()).k(1), noisy(unweighted(sample("score_func__n_neighbors", 5)))),
        selector(SelectPercentile::new().percentile(60), unweighted(sample("percentile", 50.0))),
        selector(SelectFpr::new(), unweighted(sample("alpha", 0.25))),
        selector(SelectFdr::new(), unweighted(sample("alpha", 0.25))),
        selector(SelectFwe::new(), unweighted(sample("alpha", 0.25))),
        selector(GenericUnivariateSelect::new().mode(SelectMode::KBest).param(1), unweighted(sample("param", "all"))),
        selector(SelectFromModel::new(logistic()), stable(iterative::<F>(sample("threshold", "median")))),
        selector(Rfe::new(logistic()), Tags { many_rows: 2_003, ..stable(iterative::<F>(sample("step", 2))) }),
        selector(SequentialFeatureSelector::new(logistic()).cv(2), Tags { ignores_weights: Some("the folds are made of rows, which repeating changes"), ..folds(iterative::<F>(sample("direction", "backward"))) }),
        regressor(pipeline("select", Rfe::new(Ridge::new())).then("ridge", Ridge::new()), sample("ridge__alpha", 0.5)),
        regressor(Rfe::new(Ridge::new()).step(2), sample("estimator__alpha", 0.5)),
        selector(RfeCv::new(logistic()).cv(2), Tags { ignores_weights: Some("the folds are made of rows, which repeating changes"), ..folds(iterative::<F>(sample("step", 2))) }),
        regressor(RfeCv::new(Ridge::new()).cv(3), folds(sample("min_features_to_select", 2))),
        classifier(pipeline("select", VarianceThreshold::new()).then("clf", logistic()), iterative::<F>(sample("select__threshold", 0.125))),
        classifier(Rfe::new(logistic()).n_features_to_select(0.9), iterative::<F>(sample("step", 2))),
    ]
}
