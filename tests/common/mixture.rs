//! Mixtures: densities, whose outputs are labels, probabilities and log-likelihoods.

use fitwell::Float;
use fitwell::mixture::{
    BayesianGaussianMixture, CovarianceType, FittedBayesianGaussianMixture, FittedGaussianMixture,
    GaussianMixture, InitParams, WeightConcentrationPriorType,
};
use fitwell::prelude::*;
use ndarray::Axis;

use crate::clusterer::{Uses, clusterer, column};
use crate::subject::{Entry, Tags};
use crate::{iterative, sample};

fn seeded<F: Float>(tags: Tags) -> Tags {
    let why = "the starts are drawn from the rows in their order";
    Tags {
        ignores_weights: Some(why),
        order_counts: Some(why),
        many_rows: 3_001,
        ..iterative::<F>(tags)
    }
}

fn uses<F: Float>() -> Uses<F, FittedGaussianMixture<F>> {
    &[
        ("predict", |m, x| Ok(column(m.predict(x)?))),
        ("predict_proba", |m, x| m.predict_proba(x)),
        ("score_samples", |m, x| {
            Ok(m.score_samples(x)?.insert_axis(Axis(1)))
        }),
    ]
}

fn bayesian<F: Float>() -> Uses<F, FittedBayesianGaussianMixture<F>> {
    &[
        ("predict", |m, x| Ok(column(m.predict(x)?))),
        ("predict_proba", |m, x| m.predict_proba(x)),
        ("score_samples", |m, x| {
            Ok(m.score_samples(x)?.insert_axis(Axis(1)))
        }),
    ]
}

#[rustfmt::skip]
pub fn entries<F: Float>() -> Vec<Entry<F>> {
    let gaussian = || GaussianMixture::new(2).max_iter(20);
    let priors = || BayesianGaussianMixture::new(2).max_iter(20);
    vec![
        clusterer(gaussian(), seeded::<F>(sample("n_components", 3)), uses()),
        clusterer(gaussian().covariance_type(CovarianceType::Tied).init_params(InitParams::RandomFromData), seeded::<F>(sample("reg_covar", 1e-3)), uses()),
        clusterer(gaussian().covariance_type(CovarianceType::Diag).init_params(InitParams::Random), seeded::<F>(sample("n_init", 2)), uses()),
        clusterer(gaussian().covariance_type(CovarianceType::Spherical).init_params(InitParams::KMeansPlusPlus), seeded::<F>(sample("tol", 0.1)), uses()),
        clusterer(priors(), seeded::<F>(sample("n_components", 3)), bayesian()),
        clusterer(priors().covariance_type(CovarianceType::Tied).weight_concentration_prior_type(WeightConcentrationPriorType::DirichletDistribution), seeded::<F>(sample("mean_precision_prior", 2.0)), bayesian()),
        clusterer(priors().covariance_type(CovarianceType::Diag), seeded::<F>(sample("weight_concentration_prior", 2.0)), bayesian()),
        clusterer(priors().covariance_type(CovarianceType::Spherical), seeded::<F>(sample("reg_covar", 1e-3)), bayesian()),
    ]
}
