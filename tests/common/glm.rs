//! Generalised and robust linear models.

use fitwell::Float;
use fitwell::isotonic::{Increasing, IsotonicRegression, OutOfBounds};
use fitwell::linear_model::{
    ArdRegression, GammaRegressor, GlmSolver, HuberRegressor, PoissonRegressor, QuantileRegressor,
    RansacRegressor, Ridge, TweedieRegressor,
};
use fitwell::pipeline::TransformedTargetRegressor;
use fitwell::prelude::*;
use fitwell::preprocessing::MinMaxScaler;
use serde_json::json;

use crate::one_column::RowMean;
use crate::subject::{Entry, Tags, regressor};
use crate::{iterative, sample};

#[rustfmt::skip]
pub fn entries<F: Float>() -> Vec<Entry<F>> {
    let near = |tags| Tags { weight_scale_invariant: true, ..iterative::<F>(tags) };
    // Positive targets, in a range that rows of weight zero help to make.
    let positive = || MinMaxScaler::new().feature_range(0.1, 1.0);
    let ranged = |tags| Tags { ignores_weights: Some("the range of the target is of all rows, whatever their weight"), ..near(tags) };
    let one_column = || pipeline("one", RowMean {});
    let isotonic = || IsotonicRegression::new().increasing(Increasing::Auto).out_of_bounds(OutOfBounds::Clip);
    let draws = |tags| Tags {
        order_counts: Some("rows are drawn at random by their position"),
        ignores_weights: Some("inliers are counted by rows, whatever their weight"),
        many_rows: 1_003,
        ..tags
    };
    let poor = |tags| Tags { poor_score: Some("the model is of another target"), ..tags };
    vec![
        regressor(TransformedTargetRegressor::new(TweedieRegressor::new().alpha(0.1)).transformer(positive()), ranged(sample("regressor__fit_intercept", false))),
        regressor(TransformedTargetRegressor::new(PoissonRegressor::new()).transformer(positive()), poor(ranged(sample("regressor__alpha", 0.5)))),
        regressor(TransformedTargetRegressor::new(GammaRegressor::new().solver(GlmSolver::NewtonCholesky)).transformer(positive()), poor(ranged(sample("regressor__alpha", 0.5)))),
        regressor(HuberRegressor::new().tol(1e-8), near(sample("alpha", 0.5))),
        regressor(QuantileRegressor::new().alpha(0.01), near(sample("quantile", 0.25))),
        // One feature is all that it takes.
        regressor(one_column().then("isotonic", isotonic()), poor(Tags { weight_scale_invariant: true, ..sample("isotonic__y_max", 0.5) })),
        regressor(RansacRegressor::new(Ridge::new()).min_samples(0.5), draws(sample("loss", "squared_error"))),
        regressor(RansacRegressor::new(Ridge::new().alpha(0.5)).min_samples(0.2).residual_threshold(1.5), draws(sample("estimator__alpha", 2.0))),
        // What the size of the weights does to the priors is below the tolerance of f32.
        regressor(ArdRegression::new(), Tags { weight_scale_invariant: F::NAME == "f32", ..iterative::<F>(sample("tol", 0.1)) }),
    ]
}

/// CC01: the defaults are those that scikit-learn 1.9 documents.
#[test]
fn defaults_are_scikit_learns() {
    fn check<E: Default + Params>(expected: serde_json::Value) {
        let found: serde_json::Map<_, _> = E::default().params().into_iter().collect();
        assert_eq!(serde_json::Value::Object(found), expected);
    }
    check::<PoissonRegressor>(
        json!({"alpha": 1.0, "fit_intercept": true, "solver": "lbfgs", "max_iter": 100, "tol": 1e-4}),
    );
    check::<TweedieRegressor>(json!({
        "power": 0.0, "link": "auto", "alpha": 1.0, "fit_intercept": true, "solver": "lbfgs", "max_iter": 100, "tol": 1e-4
    }));
    check::<HuberRegressor>(
        json!({"epsilon": 1.35, "max_iter": 100, "alpha": 1e-4, "fit_intercept": true, "tol": 1e-5}),
    );
    check::<QuantileRegressor>(json!({"quantile": 0.5, "alpha": 1.0, "fit_intercept": true}));
    check::<IsotonicRegression>(
        json!({"y_min": null, "y_max": null, "increasing": "yes", "out_of_bounds": "nan"}),
    );
}
