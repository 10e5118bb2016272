//! Linear models: predictions are linear in the features, or a fixed function of what is.

mod affine;
mod ard_regression;
mod bayesian_ridge;
mod classifier_model;
mod coordinate_descent;
mod curvature;
#[macro_use]
mod descent_model;
mod elastic_net;
mod gathered;
mod glm;
mod glm_loss;
mod glm_regressors;
mod huber_regressor;
mod inference;
mod inference_design;
mod inference_fits;
mod inference_likelihood;
mod lars;
mod lars_cv;
mod lars_path;
mod lasso;
mod least_squares;
pub(crate) mod linear_classifier;
mod linear_regression;
mod linear_regressor;
mod logistic_cs;
mod logistic_dual;
mod logistic_l1;
mod logistic_loss;
mod logistic_newton;
mod logistic_regression;
mod logistic_regression_cv;
mod logistic_solver;
mod multi_task;
mod one_output;
mod perceptron;
mod posterior;
mod quantile_basis;
mod quantile_lp;
mod quantile_regressor;
mod ransac_regressor;
mod ridge;
mod ridge_classifier;
mod ridge_classifier_cv;
mod ridge_cv;
mod ridge_gcv;
mod ridge_iterative;
mod ridge_solver;
mod row_blocks;
mod sgd_classes;
mod sgd_classifier;
mod sgd_estimator;
mod sgd_kernel;
mod sgd_learner;
mod sgd_loss;
mod sgd_regressor;
mod sgd_train;
mod sparse_cv;
mod sparse_path;
mod spectrum;
mod splits;
mod stochastic_average;
mod stochastic_gradient;

pub use ard_regression::{ArdRegression, FittedArdRegression};
pub use bayesian_ridge::{BayesianRidge, FittedBayesianRidge};
pub use coordinate_descent::{Alphas, L1Ratio, Selection};
pub use elastic_net::{ElasticNet, FittedElasticNet};
pub use glm::GlmSolver;
pub use glm_regressors::{
    FittedGammaRegressor, FittedPoissonRegressor, FittedTweedieRegressor, GammaRegressor,
    PoissonRegressor, TweedieLink, TweedieRegressor,
};
pub use huber_regressor::{FittedHuberRegressor, HuberRegressor};
pub use inference::{Inference, WeightKind};
pub use lars::{
    FittedLars, FittedLassoLars, FittedLassoLarsIc, InformationCriterion, Lars, LassoLars,
    LassoLarsIc,
};
pub use lars_cv::{FittedLarsCv, FittedLassoLarsCv, LarsCv, LassoLarsCv};
pub use lasso::{FittedLasso, Lasso};
pub use linear_regression::{FittedLinearRegression, LinearRegression};
pub use logistic_cs::Cs;
pub use logistic_regression::{FittedLogisticRegression, LogisticRegression};
pub use logistic_regression_cv::{FittedLogisticRegressionCv, LogisticRegressionCv};
pub use logistic_solver::LogisticSolver;
pub use multi_task::{
    FittedMultiTaskElasticNet, FittedMultiTaskLasso, MultiTaskElasticNet, MultiTaskLasso,
};
pub use perceptron::{FittedPerceptron, Perceptron};
pub use quantile_regressor::{FittedQuantileRegressor, QuantileRegressor};
pub use ransac_regressor::{FittedRansacRegressor, RansacLoss, RansacRegressor};
pub use ridge::{Alpha, FittedRidge, Ridge};
pub use ridge_classifier::{FittedRidgeClassifier, RidgeClassifier};
pub use ridge_classifier_cv::{FittedRidgeClassifierCv, RidgeClassifierCv};
pub use ridge_cv::{FittedRidgeCv, RidgeCv};
pub use ridge_gcv::GcvMode;
pub use ridge_solver::RidgeSolver;
pub use sgd_classifier::{FittedSgdClassifier, SgdClassifier, SgdLoss};
pub use sgd_regressor::{FittedSgdRegressor, SgdRegressionLoss, SgdRegressor};
pub use sparse_cv::{
    ElasticNetCv, FittedElasticNetCv, FittedLassoCv, FittedMultiTaskElasticNetCv,
    FittedMultiTaskLassoCv, LassoCv, MultiTaskElasticNetCv, MultiTaskLassoCv,
};
pub use sparse_path::{EnetPath, SparsePath, enet_path, lasso_path};
pub use stochastic_gradient::{SgdLearningRate, SgdPenalty};
