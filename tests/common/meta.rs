//! Baselines, and estimators around estimators.

use fitwell::Float;
use fitwell::calibration::{CalibratedClassifierCv, CalibrationMethod};
use fitwell::dummy::{DummyClassifier, DummyRegressor};
use fitwell::ensemble::{
    BaggingClassifier, BaggingRegressor, StackingClassifier, StackingRegressor, Voting,
    VotingClassifier, VotingRegressor,
};
use fitwell::linear_model::{LinearRegression, LogisticRegression, Ridge, RidgeClassifier};
use fitwell::multiclass::{OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier};
use fitwell::multioutput::{
    ClassifierChain, MultiOutputClassifier, MultiOutputRegressor, RegressorChain,
};
use fitwell::neighbors::KNeighborsClassifier;

use crate::several::{TwoColumns, TwoTargets};
use crate::subject::{Entry, Tags, classifier, regressor};
use crate::{folds, iterative, sample};

/// A baseline.
fn blind(tags: Tags) -> Tags {
    Tags {
        poor_score: Some("a baseline does not look at the features"),
        ignores_values: Some("a baseline does not look at the features"),
        one_class: Some("a baseline learns one class, as in scikit-learn"),
        places_count: Some("of classes equally frequent the first wins"),
        weight_scale_invariant: true,
        many_rows: 307,
        ..tags
    }
}

/// An estimator that makes folds of rows.
fn folded(tags: Tags) -> Tags {
    Tags {
        ignores_weights: Some("a row of weight 2 is in one fold, the same row twice in two"),
        many_rows: 307,
        ..folds(tags)
    }
}

/// An estimator that fits others to all rows.
fn whole(tags: Tags) -> Tags {
    Tags {
        many_rows: 1_003,
        ..tags
    }
}

/// An estimator that draws rows.
fn bagged(tags: Tags) -> Tags {
    Tags {
        ignores_weights: Some("rows are drawn by their weights, other rows from other data"),
        order_counts: Some("rows are drawn by their places"),
        places_count: Some("columns are drawn by their places"),
        many_rows: 307,
        ..tags
    }
}

#[rustfmt::skip]
pub fn entries<F: Float>() -> Vec<Entry<F>> {
    let near = |k| KNeighborsClassifier::new().n_neighbors(k);
    let votes = |tags| Tags { places_count: Some("of classes with equal votes the first wins"), ..whole(tags) };
    let ridges = || [("a", Ridge::new()), ("b", Ridge::new().alpha(0.1))];
    let logistic = || LogisticRegression::new().tol(1e-9);
    vec![
        classifier(DummyClassifier::new(), blind(sample("random_state", 3))),
        regressor(DummyRegressor::new(), blind(sample("quantile", 0.25))),
        regressor(DummyRegressor::new().constant([1.5]), blind(sample("strategy", "median"))),
        classifier(CalibratedClassifierCv::new(RidgeClassifier::new()).cv(3), folded(iterative::<F>(sample("method", "isotonic")))),
        classifier(CalibratedClassifierCv::new(RidgeClassifier::new()).method(CalibrationMethod::Temperature).ensemble(false).cv(3), folded(iterative::<F>(sample("estimator__alpha", 0.5)))),
        classifier(VotingClassifier::new([("few", near(3)), ("out", near(1)), ("many", near(7))]).drop("out"), votes(sample("few__n_neighbors", 2))),
        classifier(VotingClassifier::new([("loose", logistic()), ("tight", logistic().c(0.1))]).voting(Voting::Soft).weights([2.0, 1.0]), whole(iterative::<F>(sample("tight__C", 0.5)))),
        regressor(VotingRegressor::new(ridges()).weights([2.0, 1.0]), whole(sample("a__alpha", 0.5))),
        classifier(StackingClassifier::new([("a", RidgeClassifier::new()), ("b", RidgeClassifier::new().alpha(0.1))]).cv(3), folded(iterative::<F>(sample("final_estimator__C", 0.5)))),
        classifier(BaggingClassifier::new(near(5)).n_estimators(4).max_features(0.8).oob_score(true), bagged(sample("n_estimators", 3))),
        classifier(BaggingClassifier::new(RidgeClassifier::new()).n_estimators(3), Tags { predicts_otherwise: Some("probabilities are shares of votes, decision values means"), ..bagged(sample("random_state", 3)) }),
        regressor(BaggingRegressor::new(Ridge::new()).n_estimators(4).oob_score(true), bagged(sample("max_samples", 0.5))),
        classifier(OneVsRestClassifier::new(logistic()), whole(iterative::<F>(sample("estimator__C", 0.5)))),
        classifier(OneVsOneClassifier::new(RidgeClassifier::new()), whole(sample("estimator__alpha", 0.5))),
        classifier(OutputCodeClassifier::new(RidgeClassifier::new()).code_size(6.0), Tags { weight_scale_invariant: true, places_count: Some("codes are drawn for classes in their order"), ..whole(sample("code_size", 4.0)) }),
        classifier(OneVsRestClassifier::new(CalibratedClassifierCv::new(RidgeClassifier::new()).cv(3)), folded(iterative::<F>(sample("estimator__method", "isotonic")))),
        regressor(TwoTargets { inside: MultiOutputRegressor::new(Ridge::new()) }, whole(sample("estimator__alpha", 0.5))),
        regressor(TwoTargets { inside: RegressorChain::new(Ridge::new()).order([1, 0]) }, whole(sample("random_state", 5))),
        regressor(TwoTargets { inside: RegressorChain::new(Ridge::new()).cv(3) }, folded(sample("estimator__alpha", 0.5))),
        classifier(TwoColumns { inside: MultiOutputClassifier::new(logistic()) }, whole(iterative::<F>(sample("estimator__C", 0.5)))),
        classifier(TwoColumns { inside: ClassifierChain::new(RidgeClassifier::new()).order([1, 0]) }, Tags { weight_scale_invariant: true, ..whole(sample("estimator__alpha", 0.5)) }),
        classifier(TwoColumns { inside: ClassifierChain::new(RidgeClassifier::new()).cv(3) }, folded(sample("estimator__alpha", 0.5))),
        regressor(StackingRegressor::new(ridges()).final_estimator(LinearRegression::new()).passthrough(true).cv(3), folded(sample("a__alpha", 0.5))),
    ]
}
