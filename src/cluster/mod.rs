//! Groups of similar rows, found without labels.
//!
//! | estimator | groups |
//! |---|---|
//! | [`KMeans`] | the rows around each of k centres |
//! | [`Dbscan`] | rows that lie densely, whatever the shape; the rest is noise |
//!
//! Where a clusterer finds noise its labels are integers, −1 for noise.

mod dbscan;
mod density;
pub(crate) mod k_means;
pub(crate) mod settings;

pub use dbscan::{Dbscan, FittedDbscan};
pub use k_means::{Algorithm, FittedKMeans, KMeans, KMeansInit, NInit, kmeans_plusplus};
