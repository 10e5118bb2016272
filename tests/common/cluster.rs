//! Clusterers, which are transformers to the distances from their centres.

use fitwell::Float;
use fitwell::cluster::{
    AgglomerativeClustering, AgglomerativeMetric, Algorithm, AssignLabels, Birch, BisectingKMeans,
    ClusterMethod, ClusterSelectionMethod, Dbscan, FittedDbscan, FittedHdbscan, FittedMeanShift,
    FittedOptics, Hdbscan, KMeans, KMeansInit, Linkage, MeanShift, MiniBatchKMeans, Optics,
    SpectralAffinity, SpectralClustering, StoreCenters,
};
use fitwell::metrics::pairwise::Metric;
use fitwell::neighbors::NeighborsAlgorithm;
use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;

use crate::clusterer::{Uses, clusterer, column, labelled};
use crate::sample;
use crate::subject::{Entry, Tags, transformer};

fn seeded(tags: Tags) -> Tags {
    let why = "the starts are drawn from the rows in their order";
    Tags {
        ignores_weights: Some(why),
        order_counts: Some(why),
        widens: Some("a column for each cluster"),
        many_rows: 8_003,
        ..tags
    }
}

fn merged(tags: Tags) -> Tags {
    Tags {
        ignores_weights: Some("merges do not use weights, as in scikit-learn"),
        many_rows: 203,
        ..tags
    }
}

fn outliers(tags: Tags) -> Tags {
    Tags {
        allow_nan: true,
        allow_infinite: true,
        ..tags
    }
}

/// Sums of squares about a mean that rounds: what is at a radius may go to either side.
fn summed(tags: Tags) -> Tags {
    Tags {
        widens: Some("a column for each small group"),
        order_counts: Some("rows go into the tree in their order"),
        ..merged(tags)
    }
}

fn peaks<F: Float>() -> Uses<F, FittedMeanShift<F>> {
    &[("predict", |m, x| Ok(column(m.predict(x)?)))]
}

#[rustfmt::skip]
pub fn entries<F: Float>() -> Vec<Entry<F>> {
    vec![
        transformer(KMeans::new(2), seeded(sample("n_clusters", 1))),
        transformer(KMeans::new(1).init(KMeansInit::Random).algorithm(Algorithm::Elkan), seeded(sample("n_init", 2))),
        transformer(pipeline("scale", StandardScaler::new()).then("groups", KMeans::new(2).algorithm(Algorithm::Elkan)), seeded(sample("groups__n_init", 2))),
        transformer(MiniBatchKMeans::new(2), Tags { many_rows: 2_003, ..seeded(sample("batch_size", 20)) }),
        transformer(MiniBatchKMeans::new(2).init(KMeansInit::Random).batch_size(25).tol(1e-3).compute_labels(false), Tags { many_rows: 2_003, ..seeded(sample("max_iter", 5)) }),
        transformer(BisectingKMeans::new(2), Tags { many_rows: 2_003, ..seeded(sample("n_init", 2)) }),
        transformer(BisectingKMeans::new(1).init(KMeansInit::KMeansPlusPlus).algorithm(Algorithm::Elkan), Tags { many_rows: 2_003, ..seeded(sample("max_iter", 5)) }),
        clusterer(AgglomerativeClustering::new(2), merged(sample("n_clusters", 3)), &[]),
        clusterer(AgglomerativeClustering::new(2).linkage(Linkage::Complete), merged(sample("n_clusters", 3)), &[]),
        clusterer(AgglomerativeClustering::with_threshold(2.0).linkage(Linkage::Average).metric(AgglomerativeMetric::Manhattan), merged(sample("distance_threshold", 3.0)), &[]),
        clusterer(AgglomerativeClustering::new(2).linkage(Linkage::Single), merged(sample("n_clusters", 3)), &[]),
        clusterer(AgglomerativeClustering::new(2).connectivity((0..7).map(|i| (i, i + 1))), merged(sample("compute_full_tree", true)), &[]),
        transformer(Birch::new(), summed(sample("n_clusters", 2))),
        transformer(Birch::new().threshold(1.5).branching_factor(3).n_clusters(None).compute_labels(false), summed(sample("threshold", 2.0))),
        clusterer(MeanShift::new(), merged(sample("bandwidth", 3.0)), peaks()),
        labelled(Dbscan::new().eps(2.0), Tags { many_rows: 2_003, ..sample("min_samples", 3) }, |m: &FittedDbscan<F>| m.labels().clone()),
        labelled(Dbscan::new().eps(0.6).metric(Metric::Canberra), Tags { many_rows: 403, ..sample("leaf_size", 3) }, |m: &FittedDbscan<F>| m.labels().clone()),
        labelled(Dbscan::new().eps(1.0).metric(Metric::Minkowski).p(3.0).algorithm(NeighborsAlgorithm::BallTree), Tags { many_rows: 2_003, ..sample("eps", 4.0) }, |m: &FittedDbscan<F>| m.labels().clone()),
        labelled(Hdbscan::new(), outliers(merged(sample("alpha", 2.0))), |m: &FittedHdbscan<F>| m.labels().clone()),
        labelled(Hdbscan::new().min_samples(2).cluster_selection_method(ClusterSelectionMethod::Leaf).store_centers(StoreCenters::Both), outliers(merged(sample("max_cluster_size", 9))), |m: &FittedHdbscan<F>| m.labels().clone()),
        labelled(Hdbscan::new().metric(Metric::Cosine).allow_single_cluster(true), outliers(merged(sample("cluster_selection_epsilon", 0.5))), |m: &FittedHdbscan<F>| m.labels().clone()),
        labelled(Optics::new(), merged(sample("xi", 0.1)), |m: &FittedOptics| m.labels().clone()),
        labelled(Optics::new().max_eps(3.0).cluster_method(ClusterMethod::Dbscan).algorithm(NeighborsAlgorithm::Brute), merged(sample("eps", 2.0)), |m: &FittedOptics| m.labels().clone()),
        labelled(Optics::new().metric(Metric::Canberra).min_cluster_size(0.2), merged(sample("min_samples", 3)), |m: &FittedOptics| m.labels().clone()),
        clusterer(MeanShift::new().bandwidth(4.0).bin_seeding(true).cluster_all(false), merged(sample("min_bin_freq", 2)), peaks()),
        clusterer(SpectralClustering::new(2).gamma(0.1).n_init(2), merged(sample("n_clusters", 3)), &[]),
        clusterer(SpectralClustering::new(2).affinity(SpectralAffinity::NearestNeighbors).n_neighbors(6).assign_labels(AssignLabels::ClusterQr), merged(sample("n_neighbors", 5)), &[]),
    ]
}
