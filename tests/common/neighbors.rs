//! Models that ask neighbours.

use fitwell::Float;
use fitwell::metrics::pairwise::Metric;
use fitwell::neighbors::{
    KNeighborsClassifier, KNeighborsRegressor, NearestCentroid, NeighborWeights,
    NeighborsAlgorithm, OutlierLabel, RadiusNeighborsClassifier, RadiusNeighborsRegressor,
};
use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;

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
        ..quick(tags)
    }
}

fn shares(tags: Tags) -> Tags {
    Tags {
        weight_scale_invariant: true,
        ..quick(tags)
    }
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
    ]
}
