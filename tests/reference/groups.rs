//! Hierarchies, batches and cuts.

use fitwell::cluster::{
    AgglomerativeClustering, Birch, BisectingKMeans, MeanShift, MiniBatchKMeans, estimate_bandwidth,
};
use fitwell::prelude::*;
use ndarray::{Array1, s};

use crate::compare::{Reference, number};
use crate::data::{matrix, ramp};

fn counts(values: &Array1<usize>) -> Array1<f64> {
    values.mapv(|v| v as f64)
}

#[test]
fn agglomerative() {
    Reference::read("agglomerative").each(500, |value, case| {
        let (data, expected, near) = (&value["data"], &value["expected"], &value["tolerance"]);
        let rows = data["rows"].as_u64().unwrap() as usize;
        let x = matrix(data).slice(s![..rows, ..]).to_owned();
        let settings = value["settings"].as_object().unwrap();
        let mut model = settings
            .iter()
            .filter(|(_, v)| !v.is_null())
            .fold(AgglomerativeClustering::default(), |m, (name, v)| {
                m.with_value(name, v.clone()).unwrap()
            });
        if let Some(pairs) = data["pairs"].as_array() {
            let at = |pair: &serde_json::Value, i: usize| pair[i].as_u64().unwrap() as usize;
            model = model.connectivity(pairs.iter().map(|pair| (at(pair, 0), at(pair, 1))));
        }
        let fitted = model.fit(&x, &()).unwrap();
        for (name, ours) in [
            ("n_clusters", fitted.n_clusters()),
            ("n_leaves", fitted.n_leaves()),
            ("n_connected_components", fitted.n_connected_components()),
        ] {
            case.same(name, &ours, &(number(&expected[name]) as usize));
        }
        case.array(
            "labels",
            &counts(fitted.labels()),
            &expected["labels"],
            near,
        );
        let children = fitted.children().mapv(|v| v as f64);
        case.array("children", &children, &expected["children"], near);
        let distances = Array1::from(fitted.distances().to_vec());
        case.array("distances", &distances, &expected["distances"], near);
    });
}

#[test]
fn mini_batch_k_means() {
    Reference::read("mini_batch_k_means").each(100, |value, case| {
        let (data, expected, near) = (&value["data"], &value["expected"], &value["tolerance"]);
        let x = matrix(data);
        let (n, k) = (x.nrows(), data["k"].as_u64().unwrap() as usize);
        let w = ramp(n);
        let start = MiniBatchKMeans::new(k)
            .init(&x.slice(s![..k, ..]))
            .reassignment_ratio(0.0);
        let mut model = None;
        for first in (0..n).step_by(50) {
            let part = s![first..n.min(first + 50), ..];
            let (rows, weights) = (x.slice(part), w.slice(s![first..n.min(first + 50)]));
            let y = ().weighted(&weights);
            match (&mut model, data["weights"] == true) {
                (None, false) => model = Some(start.fit_first_batch(&rows, &()).unwrap()),
                (None, true) => model = Some(start.fit_first_batch(&rows, &y).unwrap()),
                (Some(model), false) => model.partial_fit(&rows, &()).unwrap(),
                (Some(model), true) => model.partial_fit(&rows, &y).unwrap(),
            }
        }
        let model = model.unwrap();
        case.same(
            "n_steps",
            &model.n_steps(),
            &(number(&expected["n_steps"]) as usize),
        );
        let head = model.transform(&x.slice(s![..20, ..])).unwrap();
        case.array(
            "cluster_centers",
            model.cluster_centers(),
            &expected["cluster_centers"],
            near,
        );
        case.array("transform", &head, &expected["transform"], near);
        case.array("labels", &counts(model.labels()), &expected["labels"], near);
        case.array(
            "predict",
            &counts(&model.predict(&x).unwrap()),
            &expected["predict"],
            near,
        );
        case.number("inertia", model.inertia(), &expected["inertia"], near);
        case.number(
            "score",
            model.score(&x, &()).unwrap(),
            &expected["score"],
            near,
        );
    });
}

#[test]
fn bisecting_k_means() {
    Reference::read("bisecting_k_means").each(60, |value, case| {
        let (expected, near) = (&value["expected"], &value["tolerance"]);
        let x = matrix(&value["data"]);
        let settings = value["settings"].as_object().unwrap();
        let model = settings
            .iter()
            .fold(BisectingKMeans::default(), |m, (name, v)| {
                m.with_value(name, v.clone()).unwrap()
            });
        let fitted = model.fit(&x, &()).unwrap();
        let k = fitted.cluster_centers().nrows();
        let mut sizes = vec![0.0; k];
        fitted.labels().iter().for_each(|&c| sizes[c] += 1.0);
        sizes.sort_by(f64::total_cmp);
        case.array("sizes", &Array1::from(sizes), &expected["sizes"], near);
        case.number("inertia", fitted.inertia(), &expected["inertia"], near);
    });
}

#[test]
fn birch() {
    Reference::read("birch").each(144, |value, case| {
        let (data, expected, near) = (&value["data"], &value["expected"], &value["tolerance"]);
        let x = matrix(data);
        let settings = value["settings"].as_object().unwrap();
        let birch = (settings.iter()).fold(Birch::new(), |m, (name, v)| {
            m.with_value(name, v.clone()).unwrap()
        });
        let half = match data["batches"].as_u64() {
            Some(2) => x.nrows().div_ceil(2),
            _ => x.nrows(),
        };
        let mut model = birch.fit(&x.slice(s![..half, ..]), &()).unwrap();
        if half < x.nrows() {
            model.partial_fit(&x.slice(s![half.., ..]), &()).unwrap();
        }
        let near_of =
            |row: ndarray::ArrayView1<f64>| row.iter().copied().fold(f64::INFINITY, f64::min);
        let nearest = model
            .transform(&x)
            .unwrap()
            .rows()
            .into_iter()
            .map(near_of)
            .collect::<Array1<_>>();
        case.same(
            "clusters",
            &model.subcluster_centers().nrows(),
            &(number(&expected["clusters"]) as usize),
        );
        case.array(
            "labels",
            &numbered(model.labels()),
            &expected["labels"],
            near,
        );
        case.array(
            "predict",
            &numbered(&model.predict(&x).unwrap()),
            &expected["predict"],
            near,
        );
        case.array("nearest", &nearest, &expected["nearest"], near);
    });
}

/// Labels by the order in which they appear.
fn numbered(labels: &Array1<usize>) -> Array1<f64> {
    let mut seen = Vec::new();
    labels.mapv(|label| {
        let known = seen.iter().position(|&s| s == label);
        known.unwrap_or_else(|| {
            seen.push(label);
            seen.len() - 1
        }) as f64
    })
}

#[test]
fn mean_shift() {
    Reference::read("mean_shift").each(100, |value, case| {
        let (expected, near) = (&value["expected"], &value["tolerance"]);
        let x = matrix(&value["data"]);
        let settings = value["settings"].as_object().unwrap();
        let model = (settings.iter()).fold(MeanShift::new(), |m, (name, v)| {
            m.with_value(name, v.clone()).unwrap()
        });
        let fitted = model.fit(&x, &()).unwrap();
        let new = &x.slice(s![..20, ..]) * 1.1;
        let labels = fitted.labels().mapv(|c| c as f64);
        let estimate = estimate_bandwidth(&x, 0.12, None, 0).unwrap();
        case.same(
            "n_iter",
            &fitted.n_iter(),
            &(number(&expected["n_iter"]) as usize),
        );
        case.array(
            "cluster_centers",
            fitted.cluster_centers(),
            &expected["cluster_centers"],
            near,
        );
        case.array("labels", &labels, &expected["labels"], near);
        case.array(
            "predict",
            &counts(&fitted.predict(&new).unwrap()),
            &expected["predict"],
            near,
        );
        case.number(
            "bandwidth",
            fitted.bandwidth(),
            &expected["bandwidth"],
            near,
        );
        case.number("estimate", estimate, &expected["estimate"], near);
    });
}
