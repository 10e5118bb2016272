//! Linear models of sparse coefficients.

use fitwell::Float;
use fitwell::linear_model::{
    ElasticNet, ElasticNetCv, Lars, LarsCv, Lasso, LassoCv, LassoLars, LassoLarsCv, LassoLarsIc,
    Selection,
};

use fitwell::params::Value;

use crate::subject::{Entry, Tags, regressor};
use crate::{folds, sample};

fn sampled(name: &'static str, value: impl Into<Value>) -> Tags {
    Tags {
        weight_scale_invariant: true,
        ..sample(name, value)
    }
}

/// Sums in another order stop the descent a little earlier or later: both within the same gap.
fn descent<F: Float>(tags: Tags) -> Tags {
    let tolerance = if F::NAME == "f32" { 2e-3 } else { 1e-6 };
    Tags { tolerance, ..tags }
}

#[rustfmt::skip]
pub fn entries<F: Float>() -> Vec<Entry<F>> {
    vec![
        regressor(Lasso::new().alpha(0.01).tol(1e-10).max_iter(10_000), descent::<F>(sampled("alpha", 0.5))),
        regressor(ElasticNet::new().alpha(0.01).tol(1e-10).max_iter(10_000), descent::<F>(sampled("l1_ratio", 0.25))),
        regressor(ElasticNet::new().alpha(0.01).tol(1e-10).max_iter(10_000).fit_intercept(false).selection(Selection::Random), descent::<F>(sampled("random_state", 3))),
        regressor(Lars::new(), descent::<F>(sampled("n_nonzero_coefs", 2))),
        regressor(LassoLars::new().alpha(0.01), descent::<F>(sampled("alpha", 0.5))),
        regressor(LassoLarsIc::new().noise_variance(Some(1.0)), descent::<F>(sampled("criterion", "bic"))),
        regressor(LarsCv::new().cv(3), folds(descent::<F>(sampled("max_n_alphas", 9)))),
        regressor(LassoLarsCv::new().cv(3), folds(descent::<F>(sampled("positive", true)))),
        regressor(LassoCv::new().alphas(4).cv(3).tol(1e-10), folds(descent::<F>(sampled("eps", 0.25)))),
        regressor(ElasticNetCv::new().alphas([0.1, 0.01]).l1_ratio([0.5, 1.0]).cv(3).tol(1e-8), folds(descent::<F>(sampled("positive", true)))),
    ]
}
