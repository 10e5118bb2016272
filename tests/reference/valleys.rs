//! Clusters at all densities.

use fitwell::cluster::*;
use fitwell::prelude::*;
use ndarray::{Array1, Array2, ArrayRef2, s};
use serde_json::Value;

use crate::compare::Reference;
use crate::data::features;

fn with<E: Params>(estimator: E, settings: &Value) -> E {
    (settings.as_object().unwrap().iter()).fold(estimator, |e, (name, v)| {
        e.with_value(name, v.clone()).unwrap()
    })
}

/// Some of the rows, with values that are no numbers, or their distances.
fn samples(value: &Value) -> Array2<f64> {
    let data = &value["data"];
    let every = data["every"].as_u64().unwrap() as isize;
    let mut x = features(data["name"].as_str().unwrap())
        .slice(s![..;every, ..])
        .to_owned();
    if data["outliers"] == true {
        for (at, v) in [
            ([3, 1], f64::NAN),
            ([10, 0], f64::INFINITY),
            ([20, 2], f64::NEG_INFINITY),
            ([21, 0], f64::INFINITY),
            ([21, 1], f64::NAN),
        ] {
            x[at] = v;
        }
    }
    if value["settings"]["metric"] == "precomputed" {
        return distances(&x);
    }
    x
}

/// By columns from the first on, as NumPy adds so few.
fn distances(x: &ArrayRef2<f64>) -> Array2<f64> {
    Array2::from_shape_fn((x.nrows(), x.nrows()), |(i, j)| {
        let pairs = x.row(i).into_iter().zip(x.row(j));
        pairs.map(|(a, b)| (a - b).abs()).sum()
    })
}

fn real(values: &Array1<i64>) -> Array1<f64> {
    values.mapv(|v| v as f64)
}

/// Infinities as the script writes them.
fn plain(values: Array1<f64>) -> Array1<f64> {
    values.mapv(|v| if v.is_infinite() { 1e6 } else { v })
}

#[test]
fn hdbscan() {
    Reference::read("hdbscan").each(300, |value, case| {
        let (expected, near) = (&value["expected"], &value["tolerance"]);
        let model = with(Hdbscan::new(), &value["settings"]);
        let model = model.fit(&samples(value), &()).unwrap();
        let merges = model.single_linkage_tree().iter().map(|m| m.distance);
        let merges = Array1::from_iter(merges);
        case.array("merges", &merges, &expected["merges"], near);
        case.array("labels", &real(model.labels()), &expected["labels"], near);
        let firm = model
            .probabilities()
            .mapv(|p| if p.is_nan() { 0.0 } else { p });
        case.array("probabilities", &firm, &expected["probabilities"], near);
        let cut = model.dbscan_clustering(value["data"]["eps"].as_f64().unwrap(), 4);
        case.array("cut", &real(&cut.unwrap()), &expected["cut"], near);
        for (name, centers) in [
            ("centroids", model.centroids()),
            ("medoids", model.medoids()),
        ] {
            assert_eq!(centers.is_some(), expected.get(name).is_some());
            if let Some(centers) = centers {
                case.array(name, centers, &expected[name], near);
            }
        }
    });
}

#[test]
fn optics() {
    Reference::read("optics").each(300, |value, case| {
        let (expected, near) = (&value["expected"], &value["tolerance"]);
        let model = with(Optics::new(), &value["settings"]);
        let model = model.fit(&samples(value), &()).unwrap();
        let order = model.ordering().mapv(|v| v as f64);
        case.array("ordering", &order, &expected["ordering"], near);
        let before = real(model.predecessor());
        case.array("predecessor", &before, &expected["predecessor"], near);
        let reach = plain(model.reachability());
        case.array("reachability", &reach, &expected["reachability"], near);
        let core = plain(model.core_distances());
        case.array("core_distances", &core, &expected["core_distances"], near);
        case.array("labels", &real(model.labels()), &expected["labels"], near);
        let parts = model.cluster_hierarchy();
        if expected.get("cluster_hierarchy").is_some() {
            let of = |(i, j): (usize, usize)| [parts[i].0, parts[i].1][j] as f64;
            let parts = Array2::from_shape_fn((parts.len(), 2), of);
            case.array(
                "cluster_hierarchy",
                &parts,
                &expected["cluster_hierarchy"],
                near,
            );
        } else {
            assert!(parts.is_empty());
        }
    });
}
