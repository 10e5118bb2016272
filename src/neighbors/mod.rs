//! What is near: searches for neighbours, and models that ask them.
//!
//! | estimator | does |
//! |---|---|
//! | [`NearestNeighbors`] | finds the k nearest rows, or those within a radius |
//! | [`KNeighborsClassifier`], [`KNeighborsRegressor`] | let the k nearest rows vote, or take their mean |
//! | [`RadiusNeighborsClassifier`], [`RadiusNeighborsRegressor`] | the same with all rows within a radius |
//! | [`NearestCentroid`] | gives a row the class of the nearest class mean |
//! | [`LocalOutlierFactor`] | compares the density around a row with that around its neighbours |
//! | [`KernelDensity`] | estimates a density by a bump around every row |
//!
//! Distances are those of [`metrics::pairwise`](crate::metrics::pairwise). Of rows at equal distances those with smaller
//! numbers come first, whichever [`NeighborsAlgorithm`] finds them and however many threads there are.

mod estimators;
mod k_neighbors;
mod kernel_density;
mod local_outlier_factor;
mod nearest_centroid;
mod nearest_neighbors;
mod radius_neighbors;
pub(crate) mod search;
mod voters;

pub use k_neighbors::{
    FittedKNeighborsClassifier, FittedKNeighborsRegressor, KNeighborsClassifier,
    KNeighborsRegressor,
};
pub use kernel_density::{Bandwidth, DensityKernel, FittedKernelDensity, KernelDensity};
pub use local_outlier_factor::{Contamination, FittedLocalOutlierFactor, LocalOutlierFactor};
pub use nearest_centroid::{FittedNearestCentroid, NearestCentroid, Priors};
pub use nearest_neighbors::{
    FittedNearestNeighbors, NearestNeighbors, NeighborsGraph, NeighborsWithin,
};
pub use radius_neighbors::{
    FittedRadiusNeighborsClassifier, FittedRadiusNeighborsRegressor, OutlierLabel,
    RadiusNeighborsClassifier, RadiusNeighborsRegressor,
};
pub use search::NeighborsAlgorithm;
pub use voters::NeighborWeights;
