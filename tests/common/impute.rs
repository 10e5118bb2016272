//! Imputers, and the Bayesian ridge regression that one of them uses.

use fitwell::Float;
use fitwell::linear_model::BayesianRidge;

use crate::sample;
use crate::subject::{Entry, regressor};

#[rustfmt::skip]
pub fn entries<F: Float>() -> Vec<Entry<F>> {
    vec![
        regressor(BayesianRidge::new(), sample("alpha_1", 0.5)),
        regressor(BayesianRidge::new().fit_intercept(false).compute_score(true), sample("tol", 0.5)),
    ]
}
