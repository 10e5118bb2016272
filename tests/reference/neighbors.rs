//! Distances, kernels, and models that ask neighbours.

use fitwell::metrics::pairwise::*;
use fitwell::neighbors::*;
use fitwell::prelude::*;
use ndarray::{Array1, Array2, Axis, concatenate, s};
use serde_json::Value;

use crate::compare::{Case, Reference, number};
use crate::data::matrix;

fn labels(name: &str) -> Labels {
    use fitwell::datasets::*;
    match name {
        "wine" => codes(&load_wine().unwrap().target),
        "breast_cancer" => codes(&load_breast_cancer().unwrap().target),
        _ => (load_diabetes().unwrap().target.iter())
            .map(|&y| i64::from(y > 94.0) + i64::from(y > 166.0))
            .collect(),
    }
}

fn thinned(labels: &Labels) -> Labels {
    labels
        .select(&(0..labels.len()).step_by(3).collect::<Vec<_>>())
        .unwrap()
}

fn codes(labels: &Labels) -> Labels {
    labels.codes().iter().map(|&c| i64::from(c)).collect()
}

fn targets(name: &str) -> Array2<f64> {
    let codes = |name| labels(name).to_ints().unwrap().mapv(|c| c as f64);
    match name {
        "wine" => {
            let first = codes("wine");
            let second = first.mapv(|c| f64::from(u8::from(c == 1.0)));
            ndarray::stack![Axis(1), first, second]
        }
        "breast_cancer" => codes("breast_cancer").insert_axis(Axis(1)),
        _ => {
            let y = fitwell::datasets::load_diabetes().unwrap().target;
            y.insert_axis(Axis(1))
        }
    }
}

fn with<E: Params>(estimator: E, settings: &Value) -> E {
    (settings.as_object().unwrap().iter()).fold(estimator, |e, (name, v)| {
        e.with_value(name, v.clone()).unwrap()
    })
}

fn real<T: Copy + Into<usize>>(values: &[T]) -> Array1<f64> {
    values
        .iter()
        .map(|&v| Into::<usize>::into(v) as f64)
        .collect()
}

#[test]
fn pairwise() {
    Reference::read("pairwise").each(270, |value, case| {
        let (data, settings) = (&value["data"], &value["settings"]);
        let x = matrix(data).slice(s![..60, ..]).to_owned();
        let y = x.slice(s![..25, ..]).mapv(|v| v * 1.25 + 0.1);
        let other = |y: &Array2<f64>| (data["own"] != true).then(|| y.clone());
        let params = &settings["params"];
        let found = if data["kind"] == "kernel" {
            let kernel: Kernel = serde_json::from_value(settings["metric"].clone()).unwrap();
            let mut chosen = KernelParams::new();
            for (name, v) in params.as_object().unwrap() {
                let v = number(v);
                chosen = match name.as_str() {
                    "gamma" => chosen.gamma(v),
                    "degree" => chosen.degree(v),
                    _ => chosen.coef0(v),
                };
            }
            let positive = matches!(kernel, Kernel::Chi2 | Kernel::AdditiveChi2);
            let (x, y) = if positive {
                (x.mapv(f64::abs), y.mapv(f64::abs))
            } else {
                (x, y)
            };
            let other = other(&y);
            let found = pairwise_kernels(&x, other.as_deref(), kernel, &chosen).unwrap();
            let single = pairwise_kernels(
                &x.mapv(|v| v as f32),
                other.map(|y| y.mapv(|v| v as f32)).as_deref(),
                kernel,
                &chosen,
            );
            near_single(&found, &single.unwrap(), case);
            found
        } else {
            let metric: Metric = serde_json::from_value(settings["metric"].clone()).unwrap();
            let params: MetricParams = serde_json::from_value(params.clone()).unwrap();
            let (x, y) = match data["kind"].as_str().unwrap() {
                "boolean" => {
                    let of = |x: &Array2<f64>| x.mapv(|v| f64::from(u8::from(v > -0.3)));
                    (of(&x), of(&y))
                }
                "haversine" => (
                    x.slice(s![.., ..2]).to_owned(),
                    y.slice(s![.., ..2]).to_owned(),
                ),
                _ => (x, y),
            };
            pairwise_distances(&x, other(&y).as_deref(), metric, &params).unwrap()
        };
        case.array("result", &found, &value["expected"], &value["tolerance"]);
    });
}

fn near_single(double: &Array2<f64>, single: &Array2<f32>, case: &mut Case) {
    let largest = double.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let near = (double.iter().zip(single)).all(|(d, s)| (d - f64::from(*s)).abs() < 2e-5 * largest);
    case.same("single precision is near", &near, &true);
}

#[test]
fn nearest_neighbors() {
    Reference::read("nearest_neighbors").each(240, |value, case| {
        let (expected, near) = (&value["expected"], &value["tolerance"]);
        let x = matrix(&value["data"]).slice(s![..;3, ..]).to_owned();
        let new = x.slice(s![..;3, ..]).mapv(|v| v * 1.1 + 0.05);
        let model = with(NearestNeighbors::new(), &value["settings"])
            .fit(&x, &())
            .unwrap();
        let (d, i) = model.kneighbors(&new, None).unwrap();
        case.array("distances", &d, &expected["distances"], near);
        let (d_own, i_own) = model.kneighbors_of_fit(None).unwrap();
        case.array("own_distances", &d_own, &expected["own_distances"], near);
        if expected.get("indices").is_some() {
            let i = i.mapv(|v| v as f64);
            case.array("indices", &i, &expected["indices"], near);
            let i = i_own.mapv(|v| v as f64);
            case.array("own_indices", &i, &expected["own_indices"], near);
            let graph = model.kneighbors_graph(&new.slice(s![..8, ..]), None, true);
            let graph = graph.unwrap().to_dense().unwrap();
            case.array("graph", &graph, &expected["graph"], near);
        }
        if expected.get("within").is_some() {
            let found = model.radius_neighbors(&new, None, true).unwrap();
            let counts: Array1<f64> = (0..found.n_rows())
                .map(|i| found.get(i).unwrap().0.len() as f64)
                .collect();
            case.array("within", &counts, &expected["within"], near);
            case.array(
                "within_indices",
                &real(found.indices()),
                &expected["within_indices"],
                near,
            );
            let distances = Array1::from(found.distances().to_vec());
            case.array(
                "within_distances",
                &distances,
                &expected["within_distances"],
                near,
            );
        }
    });
}

fn classified<M>(model: &M, x: &Array2<f64>, value: &Value, case: &mut Case)
where
    M: Predict<Array2<f64>, Output = Labels> + PredictProba<Array2<f64>, Float = f64>,
{
    let (expected, near) = (&value["expected"], &value["tolerance"]);
    let predicted = model
        .predict(x)
        .unwrap()
        .to_ints()
        .unwrap()
        .mapv(|c| c as f64);
    case.array("predict", &predicted, &expected["predict"], near);
    let proba = model.predict_proba(x).unwrap();
    case.array("predict_proba", &proba, &expected["predict_proba"], near);
}

#[test]
fn neighbor_votes() {
    Reference::read("neighbor_votes").each(300, |value, case| {
        let (data, settings, expected, near) = (
            &value["data"],
            &value["settings"],
            &value["expected"],
            &value["tolerance"],
        );
        let name = data["name"].as_str().unwrap();
        let x = matrix(data).slice(s![..;3, ..]).to_owned();
        let new = x.slice(s![..;3, ..]).mapv(|v| v * 1.1 + 0.05);
        let several = targets(name).slice(s![..;3, ..]).to_owned();
        // One column is a vector in scikit-learn's targets.
        let shaped = |found: Array2<f64>| {
            if found.ncols() == 1 {
                found.remove_axis(Axis(1)).into_dyn()
            } else {
                found.into_dyn()
            }
        };
        match data["model"].as_str().unwrap() {
            "k_classifier" => {
                let y = labels(name);
                let y = thinned(&y);
                let model = with(KNeighborsClassifier::new(), settings)
                    .fit(&x, &y)
                    .unwrap();
                classified(&model, &new, value, case);
                case.number(
                    "score",
                    model.score(&x, &y).unwrap(),
                    &expected["score"],
                    near,
                );
            }
            "k_regressor" => {
                let model = with(KNeighborsRegressor::new(), settings)
                    .fit(&x, &several)
                    .unwrap();
                let found = model.predict(&new).unwrap();
                case.array("predict", &shaped(found), &expected["predict"], near);
                let score = model.score(&x, &several).unwrap();
                case.number("score", score, &expected["score"], near);
            }
            "radius_classifier" => {
                let model = with(RadiusNeighborsClassifier::new(), settings);
                let model = model.fit(&x, &thinned(&labels(name))).unwrap();
                let far = new.slice(s![..3, ..]).mapv(|v| v + 100.0);
                let far = concatenate![Axis(0), new, far];
                classified(&model, &far, value, case);
            }
            _ => {
                let model = with(RadiusNeighborsRegressor::new(), settings);
                let model = model.fit(&x, &several).unwrap();
                let rows: Vec<usize> = (data["rows"].as_array().unwrap().iter())
                    .map(|v| v.as_u64().unwrap() as usize)
                    .collect();
                let found = model.predict(&new.select(Axis(0), &rows)).unwrap();
                case.array("predict", &shaped(found), &expected["predict"], near);
            }
        }
    });
}
