//! Clustering.

use fitwell::Float;
use fitwell::cluster::KMeans;
use fitwell::prelude::*;
use ndarray::{Array2, s};
use serde_json::Value;

use crate::compare::{Case, Reference, number};
use crate::data::{matrix, ramp};

fn start<F: Float>(x: &Array2<F>, k: usize, kind: &str) -> Array2<F> {
    match kind {
        "spread" => {
            let at = |c: usize| c * (x.nrows() - 1) / (k - 1).max(1);
            Array2::from_shape_fn((k, x.ncols()), |(c, j)| x[[at(c), j]])
        }
        _ => {
            let mut centers = x.slice(s![..k, ..]).to_owned();
            if kind == "far" {
                centers.row_mut(k - 1).mapv_inplace(|v| v + F::of(1e3));
            }
            centers
        }
    }
}

fn check<F: Float>(value: &Value, case: &mut Case) {
    let (data, expected, near) = (&value["data"], &value["expected"], &value["tolerance"]);
    let x = matrix(data).mapv(F::of);
    let k = data["k"].as_u64().unwrap() as usize;
    let model = KMeans::new(k).init(&start(&x, k, data["start"].as_str().unwrap()));
    let model = (value["settings"].as_object().unwrap().iter())
        .fold(model, |m, (name, v)| m.with_value(name, v.clone()).unwrap());
    let weights = ramp(x.nrows());
    let (fitted, score) = if data["weights"] == true {
        let y = ().weighted(&weights);
        let fitted = model.fit(&x, &y).unwrap();
        let score = fitted.score(&x, &y).unwrap();
        (fitted, score)
    } else {
        let fitted = model.fit(&x, &()).unwrap();
        let score = fitted.score(&x, &()).unwrap();
        (fitted, score)
    };
    let new = x.slice(s![..20, ..]).mapv(|v| v * F::of(1.25));
    case.same(
        "n_iter",
        &fitted.n_iter(),
        &(number(&expected["n_iter"]) as usize),
    );
    for (name, ours) in [
        ("cluster_centers", fitted.cluster_centers().mapv(Float::f64)),
        (
            "transform",
            fitted.transform(&new).unwrap().mapv(Float::f64),
        ),
    ] {
        case.array(name, &ours, &expected[name], near);
    }
    for (name, ours) in [
        ("labels", fitted.labels().clone()),
        ("predict", fitted.predict(&new).unwrap()),
    ] {
        case.array(name, &ours.mapv(|c| c as f64), &expected[name], near);
    }
    case.number("inertia", fitted.inertia(), &expected["inertia"], near);
    case.number("score", score, &expected["score"], near);
}

#[test]
fn k_means() {
    Reference::read("k_means").each(1000, |value, case| {
        if value["data"]["f32"] == true {
            check::<f32>(value, case);
        } else {
            check::<f64>(value, case);
        }
    });
}
