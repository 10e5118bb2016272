//! Imputers, and the Bayesian ridge regression that one of them uses.

use fitwell::Float;
use fitwell::impute::{
    ImputationOrder, IndicatorFeatures, IterativeImputer, KnnImputer, KnnWeights, MissingIndicator,
    SimpleImputer, Strategy,
};
use fitwell::linear_model::{BayesianRidge, Ridge};
use fitwell::table::Cell;

use crate::subject::{Entry, Tags, regressor, transformer};
use crate::{imputer, sample};

/// Sampled values depend on the rows before them, but complete rows have none.
fn iterative(tags: Tags) -> Tags {
    Tags {
        tolerance: 1e-6,
        ..imputer(tags)
    }
}

#[rustfmt::skip]
pub fn entries<F: Float>() -> Vec<Entry<F>> {
    vec![
        regressor(BayesianRidge::new(), sample("alpha_1", 0.5)),
        regressor(BayesianRidge::new().fit_intercept(false).compute_score(true), sample("tol", 0.5)),
        transformer(SimpleImputer::constant(Cell::Missing), imputer(sample("missing_values", -1.0))),
        transformer(SimpleImputer::mean().missing_values(0.5).add_indicator(true), Tags { allow_nan: false, ..imputer(sample("missing_values", -1.0)) }),
        transformer(MissingIndicator::new().features(IndicatorFeatures::All), imputer(sample("missing_values", -1.0))),
        transformer(KnnImputer::new(), imputer(sample("n_neighbors", 3))),
        transformer(KnnImputer::new().weights(KnnWeights::Distance).add_indicator(true).keep_empty_features(true), imputer(sample("n_neighbors", 3))),
        transformer(IterativeImputer::new(), iterative(sample("max_iter", 3))),
        transformer(IterativeImputer::new().initial_strategy(Strategy::Median).imputation_order(ImputationOrder::Random).n_nearest_features(2), iterative(sample("estimator__alpha_1", 0.5))),
        transformer(IterativeImputer::new().estimator(Ridge::new()).skip_complete(true).add_indicator(true), iterative(sample("estimator__alpha", 0.5))),
        transformer(IterativeImputer::new().sample_posterior().max_iter(2).min_value(-3.0), iterative(sample("random_state", 3))),
    ]
}
