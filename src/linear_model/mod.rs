//! Linear models: predictions are linear in the features, or a fixed function of what is.

mod affine;
mod bayesian_ridge;
mod curvature;
mod glm;
mod glm_loss;
mod glm_regressors;
mod least_squares;
pub(crate) mod linear_classifier;
mod linear_regression;
mod linear_regressor;
mod logistic_loss;
mod logistic_regression;
mod ridge;
mod row_blocks;
mod spectrum;

pub use bayesian_ridge::{BayesianRidge, FittedBayesianRidge};
pub use glm::GlmSolver;
pub use glm_regressors::{
    FittedGammaRegressor, FittedPoissonRegressor, FittedTweedieRegressor, GammaRegressor,
    PoissonRegressor, TweedieLink, TweedieRegressor,
};
pub use linear_regression::{FittedLinearRegression, LinearRegression};
pub use logistic_regression::{FittedLogisticRegression, LogisticRegression};
pub use ridge::{Alpha, FittedRidge, Ridge};
