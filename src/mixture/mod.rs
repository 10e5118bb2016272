//! Densities that are sums of simple ones: groups without sharp borders.
//!
//! | estimator | learns |
//! |---|---|
//! | [`GaussianMixture`] | Gaussian components of greatest likelihood |
//! | [`BayesianGaussianMixture`] | how many components there are, too, from priors |

mod bayesian;
mod bayesian_prior;
mod covariance;
mod em;
mod gaussian;
mod kernel;
mod model;
mod numbers;
#[cfg(test)]
mod tests;

pub use bayesian::{
    BayesianGaussianMixture, FittedBayesianGaussianMixture, WeightConcentrationPriorType,
};
pub use covariance::{CovarianceType, Covariances};
pub use em::InitParams;
pub use gaussian::{FittedGaussianMixture, GaussianMixture};
pub use numbers::Numbers;
