//! Groups of similar rows, found without labels.
//!
//! | estimator | groups |
//! |---|---|
//! | [`KMeans`] | the rows around each of k centres |

pub(crate) mod k_means;
pub(crate) mod settings;

pub use k_means::{Algorithm, FittedKMeans, KMeans, KMeansInit, NInit, kmeans_plusplus};
