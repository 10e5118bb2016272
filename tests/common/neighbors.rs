//! Models that ask neighbours.

use fitwell::Float;
use fitwell::metrics::pairwise::Metric;
use fitwell::neighbors::{
    DensityKernel, FittedKernelDensity, FittedLocalOutlierFactor, KNeighborsClassifier,
    KNeighborsRegressor, KernelDensity, LocalOutlierFactor, NearestCentroid, NeighborWeights,
    NeighborsAlgorithm, OutlierLabel, RadiusNeighborsClassifier, RadiusNeighborsRegressor,
};
use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;
use ndarray::Axis;

use crate::clusterer::{Uses, clusterer};
use crate::sample;
use crate::subject::{Entry, Tags, classifier, regressor};

/// Votes are counted: rounding of distances changes neighbours, or nothing.
fn quick(tags: Tags) -> Tags {
    Tags {
        many_rows: 307,
        ..tags
    }
}

fn votes(tags: Tags) -> Tags {
    Tags {
        places_count: Some("of classes with equal votes the first wins"),
        one_class: Some("neighbours of one class vote for it, as in scikit-learn"),
        ..quick(tags)
    }
}

fn shares(tags: Tags) -> Tags {
    Tags {
        weight_scale_invariant: true,
        ..quick(tags)
    }
}

/// Factors of outliers, for new rows.
fn outliers<F: Float>() -> Uses<F, FittedLocalOutlierFactor<F>> {
    &[
        ("predict", |m, x| {
            let labels = m.predict(x)?.mapv(|label| F::of(label as f64));
            Ok(labels.insert_axis(Axis(1)))
        }),
        ("score_samples", |m, x| {
            Ok(m.score_samples(x)?.insert_axis(Axis(1)))
        }),
        ("decision_function", |m, x| {
            Ok(m.decision_function(x)?.insert_axis(Axis(1)))
        }),
    ]
}

fn unweighted(tags: Tags) -> Tags {
    Tags {
        ignores_weights: Some("factors do not use weights, as in scikit-learn"),
        ..quick(tags)
    }
}

/// Deviations count the weights, less the classes.
fn scores(tags: Tags) -> Tags {
    let why =
        "equally likely classes are told by distances, scores are by distances over deviations";
    Tags {
        predicts_otherwise: Some(why),
        ..quick(tags)
    }
}

fn density<F: Float>() -> Uses<F, FittedKernelDensity<F>> {
    &[("score_samples", |m, x| {
        Ok(m.score_samples(x)?.insert_axis(Axis(1)))
    })]
}

#[rustfmt::skip]
pub fn entries<F: Float>() -> Vec<Entry<F>> {
    vec![
        classifier(KNeighborsClassifier::new(), votes(sample("n_neighbors", 3))),
        classifier(KNeighborsClassifier::new().n_neighbors(4).weights(NeighborWeights::Distance).algorithm(NeighborsAlgorithm::BallTree), votes(sample("p", 1.0))),
        classifier(KNeighborsClassifier::new().algorithm(NeighborsAlgorithm::Brute).metric(Metric::Canberra), votes(sample("metric", "manhattan"))),
        regressor(pipeline("scale", StandardScaler::new()).then("mean", KNeighborsRegressor::new().metric(Metric::Manhattan)), quick(sample("mean__n_neighbors", 2))),
        regressor(KNeighborsRegressor::new(), quick(sample("weights", "distance"))),
        regressor(KNeighborsRegressor::new().weights(NeighborWeights::Distance).algorithm(NeighborsAlgorithm::Brute).leaf_size(3), quick(sample("leaf_size", 7))),
        classifier(RadiusNeighborsClassifier::new().radius(4.0).weights(NeighborWeights::Distance).outlier_label(OutlierLabel::MostFrequent), votes(shares(sample("radius", 2.0)))),
        regressor(RadiusNeighborsRegressor::new().radius(1e300).metric(Metric::Manhattan), Tags { poor_score: Some("all rows are neighbours"), ..shares(sample("algorithm", "brute")) }),
        classifier(NearestCentroid::new().metric(Metric::Manhattan), shares(sample("priors", "empirical"))),
        classifier(pipeline("scale", StandardScaler::new()).then("clf", NearestCentroid::new()), scores(sample("clf__priors", "empirical"))),
        classifier(pipeline("scale", StandardScaler::new()).then("clf", NearestCentroid::new().shrink_threshold(0.2)), scores(sample("clf__shrink_threshold", 0.5))),
        clusterer(LocalOutlierFactor::new().novelty(true), unweighted(sample("n_neighbors", 3)), outliers()),
        clusterer(LocalOutlierFactor::new().novelty(true).n_neighbors(4).contamination(0.1).metric(Metric::Manhattan), unweighted(sample("contamination", 0.2)), outliers()),
        clusterer(LocalOutlierFactor::new().n_neighbors(6), unweighted(sample("novelty", true)), &[]),
        clusterer(KernelDensity::new(), shares(sample("bandwidth", "scott")), density()),
        clusterer(KernelDensity::new().kernel(DensityKernel::Cosine).bandwidth(9.0).algorithm(NeighborsAlgorithm::BallTree), shares(sample("kernel", "tophat")), density()),
        clusterer(KernelDensity::new().kernel(DensityKernel::Exponential).metric(Metric::Manhattan).leaf_size(8).rtol(1e-13), shares(sample("breadth_first", false)), density()),
    ]
}
