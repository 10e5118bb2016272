//! Linear models of sparse coefficients. The steps are scikit-learn's, so what was found by a loose tolerance is compared as
//! closely as what was found by a tight one, and so is the number of sweeps.

use fitwell::linear_model::{
    Alphas, ElasticNet, ElasticNetCv, Lars, LarsCv, Lasso, LassoCv, LassoLars, LassoLarsCv,
    LassoLarsIc, MultiTaskElasticNet, MultiTaskElasticNetCv, MultiTaskLasso, MultiTaskLassoCv,
    enet_path, lasso_path,
};
use fitwell::prelude::*;
use ndarray::{Array1, Array2, Axis, s};
use serde_json::Value;

use crate::compare::{Reference, number, numbers};
use crate::data::{matrix, targets, weights};

fn set<E: Params>(mut estimator: E, settings: &Value) -> E {
    for (name, value) in settings.as_object().unwrap() {
        estimator = estimator.with_value(name, value.clone()).unwrap();
    }
    estimator
}

/// Features, targets, whether there is one target, weights.
fn data_of(data: &Value) -> (Array2<f64>, Array2<f64>, bool, Array1<f64>) {
    let (mut x, (mut y, single)) = (matrix(data), targets(data["target"].as_str().unwrap()));
    if let Some(rows) = data["rows"].as_u64() {
        let first = data["first"].as_u64().unwrap_or(0) as usize;
        let range = first..first + rows as usize;
        x = x.slice(s![range.clone(), ..]).to_owned();
        y = y.slice(s![range, ..]).to_owned();
        for (i, mut row) in y.rows_mut().into_iter().enumerate() {
            row += i as f64 / 4.0;
        }
    }
    if let Some(columns) = data["columns"].as_u64() {
        x = x.slice(s![.., ..columns as usize]).to_owned();
    }
    let w = weights(data, x.nrows()).unwrap_or_else(|| Array1::ones(x.nrows()));
    (x, y, single, w)
}

fn counts(value: &Value) -> Vec<usize> {
    numbers(value).iter().map(|&v| v as usize).collect()
}

macro_rules! compare_fits {
    ($file:literal, $estimator:ident, $least:literal) => {
        Reference::read($file).each($least, |value, case| {
            let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
            let estimator = set($estimator::new(), &value["settings"]);
            let (x, y, single, w) = data_of(&value["data"]);
            macro_rules! compare {
                ($y:expr, $model:ident => $intercept:expr, $gap:expr, $n_iter:expr) => {{
                    let y = $y.weighted(&w);
                    let $model = estimator.fit(&x, &y).unwrap();
                    case.array("coef", &$model.coef(), &expected["coef"], &tolerance["parameters"]);
                    let intercept: Array1<f64> = $intercept;
                    case.array("intercept", &intercept, &expected["intercept"], &tolerance["predict"]);
                    case.array("predict", &$model.predict(&x).unwrap(), &expected["predict"], &tolerance["predict"]);
                    case.number("score", $model.score(&x, &y).unwrap(), &expected["score"], &tolerance["predict"]);
                    if value["exact"] == true {
                        case.numbers("dual_gap", &$gap, &expected["dual_gap"], &tolerance["gap"]);
                        case.same("n_iter", &$n_iter, &counts(&expected["n_iter"]));
                    }
                }};
            }
            if single {
                compare!(y.index_axis(Axis(1), 0).to_owned(), model => Array1::from(vec![model.intercept()]), vec![model.dual_gap()], vec![model.n_iter()]);
            } else {
                compare!(y, model => model.intercept().to_owned(), model.dual_gap().to_vec(), model.n_iter().to_vec());
            }
        });
    };
}

#[test]
fn lasso() {
    compare_fits!("lasso", Lasso, 550);
}

#[test]
fn elastic_net() {
    compare_fits!("elastic_net", ElasticNet, 650);
}

#[test]
fn multi_task() {
    Reference::read("multi_task").each(500, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let (x, y, _, w) = data_of(&value["data"]);
        let y = y.weighted(&w);
        macro_rules! compare {
            ($estimator:ident) => {{
                let model = set($estimator::new(), &value["settings"])
                    .fit(&x, &y)
                    .unwrap();
                case.array(
                    "coef",
                    &model.coef(),
                    &expected["coef"],
                    &tolerance["parameters"],
                );
                case.array(
                    "intercept",
                    &model.intercept(),
                    &expected["intercept"],
                    &tolerance["predict"],
                );
                case.array(
                    "predict",
                    &model.predict(&x).unwrap(),
                    &expected["predict"],
                    &tolerance["predict"],
                );
                case.number(
                    "score",
                    model.score(&x, &y).unwrap(),
                    &expected["score"],
                    &tolerance["predict"],
                );
                if value["exact"] == true {
                    case.numbers(
                        "dual_gap",
                        &[model.dual_gap()],
                        &expected["dual_gap"],
                        &tolerance["gap"],
                    );
                    case.same(
                        "n_iter",
                        &vec![model.n_iter()],
                        &counts(&expected["n_iter"]),
                    );
                }
            }};
        }
        match value["estimator"].as_str().unwrap() {
            "MultiTaskLasso" => compare!(MultiTaskLasso),
            _ => compare!(MultiTaskElasticNet),
        }
    });
}

#[test]
fn sparse_cv() {
    Reference::read("sparse_cv").each(800, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let (x, y, single, w) = data_of(&value["data"]);
        macro_rules! compare {
            ($estimator:ident, $y:expr, $model:ident => $l1_ratio:expr, $alphas:expr, $mse:expr, $intercept:expr) => {{
                let y = $y.weighted(&w);
                let $model = set($estimator::new(), &value["settings"]).fit(&x, &y).unwrap();
                case.number("alpha", $model.alpha(), &expected["alpha"], &tolerance["alphas"]);
                case.number("l1_ratio", $l1_ratio, &expected["l1_ratio"], &tolerance["alphas"]);
                case.array("alphas", &$alphas, &expected["alphas"], &tolerance["alphas"]);
                case.array("mse_path", &$mse, &expected["mse_path"], &tolerance["mse"]);
                case.array("coef", &$model.coef(), &expected["coef"], &tolerance["parameters"]);
                let intercept: Array1<f64> = $intercept;
                case.array("intercept", &intercept, &expected["intercept"], &tolerance["predict"]);
                case.number("score", $model.score(&x, &y).unwrap(), &expected["score"], &tolerance["predict"]);
                case.numbers("dual_gap", &[$model.dual_gap()], &expected["dual_gap"], &tolerance["gap"]);
                case.same("n_iter", &vec![$model.n_iter()], &counts(&expected["n_iter"]));
            }};
        }
        let one = || y.index_axis(Axis(1), 0).to_owned();
        assert_eq!(single, !value["estimator"].as_str().unwrap().starts_with("Multi"));
        match value["estimator"].as_str().unwrap() {
            "LassoCv" => compare!(LassoCv, one(), m => 1.0, m.alphas().insert_axis(Axis(0)), m.mse_path().insert_axis(Axis(0)), Array1::from(vec![m.intercept()])),
            "ElasticNetCv" => compare!(ElasticNetCv, one(), m => m.l1_ratio(), m.alphas(), m.mse_path(), Array1::from(vec![m.intercept()])),
            "MultiTaskLassoCv" => compare!(MultiTaskLassoCv, y, m => 1.0, m.alphas().insert_axis(Axis(0)), m.mse_path().insert_axis(Axis(0)), m.intercept().to_owned()),
            _ => compare!(MultiTaskElasticNetCv, y, m => m.l1_ratio(), m.alphas(), m.mse_path(), m.intercept().to_owned()),
        }
    });
}

#[test]
fn sparse_path() {
    Reference::read("sparse_path").each(250, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let (x, y, single, _) = data_of(&value["data"]);
        let mut path = match value["estimator"].as_str().unwrap() {
            "lasso_path" => lasso_path(),
            _ => enet_path(),
        };
        for (name, setting) in value["settings"].as_object().unwrap() {
            path = match name.as_str() {
                "alphas" if setting.is_array() => path.alphas(numbers(setting)),
                "alphas" => path.alphas(Alphas::Count(number(setting) as usize)),
                "eps" => path.eps(number(setting)),
                "tol" => path.tol(number(setting)),
                "max_iter" => path.max_iter(number(setting) as usize),
                "l1_ratio" => path.l1_ratio(number(setting)),
                "positive" => path.positive(setting == true),
                other => panic!("no setting {other}"),
            };
        }
        macro_rules! compare {
            ($y:expr) => {{
                let found = path.compute(&x, &$y).unwrap();
                case.array(
                    "alphas",
                    &found.alphas(),
                    &expected["alphas"],
                    &tolerance["alphas"],
                );
                case.array(
                    "coefs",
                    &found.coefs(),
                    &expected["coefs"],
                    &tolerance["coefs"],
                );
                case.array(
                    "dual_gaps",
                    &found.dual_gaps(),
                    &expected["dual_gaps"],
                    &tolerance["gap"],
                );
                case.same(
                    "n_iters",
                    &found.n_iters().to_vec(),
                    &counts(&expected["n_iters"]),
                );
            }};
        }
        if single {
            compare!(y.index_axis(Axis(1), 0));
        } else {
            compare!(y);
        }
    });
}

#[test]
fn lars() {
    Reference::read("lars").each(400, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let (x, y, single, _) = data_of(&value["data"]);
        let settings = &value["settings"];
        macro_rules! common {
            ($model:expr, $intercept:expr, $n_iter:expr) => {{
                case.array(
                    "coef",
                    &$model.coef(),
                    &expected["coef"],
                    &tolerance["parameters"],
                );
                let intercept: Array1<f64> = $intercept;
                case.array(
                    "intercept",
                    &intercept,
                    &expected["intercept"],
                    &tolerance["predict"],
                );
                case.array(
                    "predict",
                    &$model.predict(&x).unwrap(),
                    &expected["predict"],
                    &tolerance["predict"],
                );
                case.same("n_iter", &$n_iter, &counts(&expected["n_iter"]));
            }};
        }
        macro_rules! path {
            ($k:expr, $alphas:expr, $path:expr, $active:expr) => {{
                case.array(
                    "alphas",
                    &$alphas,
                    &expected["alphas"][$k],
                    &tolerance["alphas"],
                );
                if let Some(active) = expected["active"].get($k) {
                    case.array(
                        "coef_path",
                        &$path,
                        &expected["coef_path"][$k],
                        &tolerance["parameters"],
                    );
                    case.same("active", &$active.to_vec(), &counts(active));
                }
            }};
        }
        macro_rules! compare {
            ($estimator:ident) => {{
                let estimator = set($estimator::new(), settings);
                if single {
                    let model = estimator.fit(&x, &y.index_axis(Axis(1), 0)).unwrap();
                    common!(
                        model,
                        Array1::from(vec![model.intercept()]),
                        vec![model.n_iter()]
                    );
                    path!(0, model.alphas(), model.coef_path(), model.active());
                } else {
                    let model = estimator.fit(&x, &y).unwrap();
                    common!(model, model.intercept().to_owned(), model.n_iter().to_vec());
                    for k in 0..y.ncols() {
                        path!(
                            k,
                            Array1::from(model.alphas()[k].clone()),
                            model.coef_path()[k],
                            model.active()[k]
                        );
                    }
                }
            }};
        }
        macro_rules! search {
            ($estimator:ident) => {{
                let estimator = set($estimator::new(), settings);
                let model = estimator.fit(&x, &y.index_axis(Axis(1), 0)).unwrap();
                common!(
                    model,
                    Array1::from(vec![model.intercept()]),
                    vec![model.n_iter()]
                );
                path!(0, model.alphas(), model.coef_path(), model.active());
                case.number(
                    "alpha",
                    model.alpha(),
                    &expected["alpha"],
                    &tolerance["alphas"],
                );
                case.array(
                    "cv_alphas",
                    &model.cv_alphas(),
                    &expected["cv_alphas"],
                    &tolerance["alphas"],
                );
                if !expected["mse_path"].is_null() {
                    case.array(
                        "mse_path",
                        &model.mse_path(),
                        &expected["mse_path"],
                        &tolerance["mse"],
                    );
                }
            }};
        }
        match value["estimator"].as_str().unwrap() {
            "Lars" => compare!(Lars),
            "LassoLars" => compare!(LassoLars),
            "LassoLarsCv" => search!(LassoLarsCv),
            "LarsCv" => search!(LarsCv),
            _ => {
                let estimator = set(LassoLarsIc::new(), settings);
                let model = estimator.fit(&x, &y.index_axis(Axis(1), 0)).unwrap();
                common!(
                    model,
                    Array1::from(vec![model.intercept()]),
                    vec![model.n_iter()]
                );
                case.array(
                    "alphas",
                    &model.alphas(),
                    &expected["alphas"][0],
                    &tolerance["alphas"],
                );
                case.number(
                    "alpha",
                    model.alpha(),
                    &expected["alpha"],
                    &tolerance["alphas"],
                );
                case.array(
                    "criterion",
                    &model.criterion(),
                    &expected["criterion"],
                    &tolerance["predict"],
                );
                case.number(
                    "noise_variance",
                    model.noise_variance(),
                    &expected["noise_variance"],
                    &tolerance["predict"],
                );
            }
        }
    });
}
