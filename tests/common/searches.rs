//! Searches over hyper-parameters.

use fitwell::Float;
use fitwell::linear_model::{LogisticRegression, Ridge};
use fitwell::model_selection::{
    ParamDistributions, ParamGrid, RandomizedSearchCv, TpeSearchCv, log_uniform,
};
use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;

use crate::subject::{Entry, classifier, regressor};
use crate::{folds, iterative, sample};

fn alphas() -> ParamDistributions {
    ParamDistributions::new().with("alpha", log_uniform(0.01, 1.0))
}

#[rustfmt::skip]
pub fn entries<F: Float>() -> Vec<Entry<F>> {
    vec![
        regressor(RandomizedSearchCv::new(Ridge::new(), alphas()).n_iter(3).cv(3), folds(sample("estimator__fit_intercept", false))),
        regressor(TpeSearchCv::new(Ridge::new(), alphas()).n_iter(6).n_startup(3).batch_size(2).cv(2), folds(sample("estimator__fit_intercept", false))),
        classifier(RandomizedSearchCv::new(pipeline("scale", StandardScaler::new()).then("clf", LogisticRegression::new()), ParamGrid::new().with("clf__C", [0.1, 1.0])).cv(3), folds(iterative::<F>(sample("estimator__clf__C", 0.5)))),
    ]
}
