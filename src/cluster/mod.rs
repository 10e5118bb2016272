//! Groups of similar rows, found without labels.
//!
//! | estimator | groups |
//! |---|---|
//! | [`KMeans`] | the rows around each of k centres |
//! | [`MiniBatchKMeans`] | the same, learned from small batches |
//! | [`BisectingKMeans`] | the same, by cutting groups in two |
//! | [`AgglomerativeClustering`] | the nearest groups, merged again and again: a tree |
//! | [`Birch`] | small groups summed up in one pass, then merged |
//! | [`MeanShift`] | the rows around each peak of their density |
//! | [`SpectralClustering`] | parts of a graph of similarities that hang together |
//! | [`Dbscan`] | rows that lie densely, whatever the shape; the rest is noise |
//! | [`Hdbscan`] | the same, at the density that suits each group |
//! | [`Optics`] | the same, at all densities: valleys in an order of the rows |
//!
//! Where a clusterer finds noise its labels are integers, −1 for noise.

mod agglomerative;
mod birch;
mod dbscan;
mod density;
mod frontier;
mod hdbscan;
pub(crate) mod k_means;
mod mean_shift;
mod optics;
pub(crate) mod settings;
mod spectral;
mod turned;

pub use agglomerative::{
    AgglomerativeClustering, AgglomerativeMetric, Dendrogram, FittedAgglomerativeClustering,
    Linkage,
};
pub use birch::{Birch, FittedBirch};
pub use dbscan::{Dbscan, FittedDbscan};
pub use hdbscan::{ClusterSelectionMethod, FittedHdbscan, Hdbscan, Merge, StoreCenters};
pub use k_means::{
    Algorithm, BisectingKMeans, BisectingStrategy, FittedBisectingKMeans, FittedKMeans,
    FittedMiniBatchKMeans, KMeans, KMeansInit, MiniBatchKMeans, NInit, kmeans_plusplus,
};
pub use mean_shift::{FittedMeanShift, MeanShift, estimate_bandwidth};
pub use optics::{ClusterMethod, FittedOptics, Optics, RowCount};
pub use spectral::{
    AffinityMatrix, AssignLabels, EigenTol, FittedSpectralClustering, SpectralAffinity,
    SpectralClustering, SpectralSolver,
};
