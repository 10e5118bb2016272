//! Groups cut out of graphs.

use std::collections::HashMap;

use fitwell::cluster::SpectralClustering;
use fitwell::metrics::pairwise::{Metric, MetricParams, pairwise_distances, rbf_kernel};
use fitwell::prelude::*;
use ndarray::{Array1, Axis, s};

use crate::compare::{Reference, number};
use crate::data::matrix;

/// Labels in the order in which they appear.
fn numbered(labels: &Array1<usize>) -> Array1<f64> {
    let mut seen = HashMap::new();
    let number = |label: &usize| {
        let next = seen.len();
        *seen.entry(*label).or_insert(next) as f64
    };
    labels.iter().map(number).collect()
}

#[test]
fn spectral_clustering() {
    Reference::read("spectral_clustering").each(80, |value, case| {
        let (data, expected, near) = (&value["data"], &value["expected"], &value["tolerance"]);
        let x = matrix(data).slice(s![..;2, ..]).to_owned();
        let settings = value["settings"].as_object().unwrap();
        let model = (settings.iter()).fold(SpectralClustering::default(), |m, (name, v)| {
            m.with_value(name, v.clone()).unwrap()
        });
        let x = match settings.get("affinity").and_then(|v| v.as_str()) {
            Some("precomputed") => rbf_kernel(&x, None, Some(number(&data["gamma"]))).unwrap(),
            Some("precomputed_nearest_neighbors") => {
                pairwise_distances(&x, None, Metric::Euclidean, &MetricParams::new()).unwrap()
            }
            Some("chi2") => {
                let least = x.map_axis(Axis(0), |c| c.iter().fold(f64::INFINITY, |m, &v| m.min(v)));
                &x - &least
            }
            _ => x,
        };
        let fitted = model.fit(&x, &()).unwrap();
        case.array(
            "labels",
            &numbered(fitted.labels()),
            &expected["labels"],
            near,
        );
        if let Some(expected) = expected.get("affinity_matrix") {
            let affinity = fitted.affinity_matrix().unwrap().to_dense().unwrap();
            case.array("affinity_matrix", &affinity, expected, near);
        }
    });
}
