//! Mixtures.

use fitwell::Float;
use fitwell::mixture::{BayesianGaussianMixture, GaussianMixture, Numbers};
use fitwell::prelude::*;
use ndarray::{Array1, Array2, Array3, ArrayD, s};
use serde_json::Value;

use crate::compare::{Case, Reference, number};
use crate::data::matrix;

fn start(x: &Array2<f64>, k: usize, kind: &str) -> (Numbers, Numbers, Numbers) {
    let (n, p) = x.dim();
    let weights = Array1::from_shape_fn(k, |c| (c + 1) as f64 / (k * (k + 1)) as f64 * 2.0);
    let at = |c: usize| c * (n - 1) / (k - 1).max(1);
    let means = Array2::from_shape_fn((k, p), |(c, j)| x[[at(c), j]]);
    let scale = |c: usize| 1.0 + 0.1 * c as f64;
    let precisions = match kind {
        "full" => {
            let one = |(c, i, j)| if i == j { scale(c) } else { 0.0 };
            Array3::from_shape_fn((k, p, p), one).into()
        }
        "tied" => Array2::<f64>::eye(p).into(),
        "diag" => Array2::from_shape_fn((k, p), |(c, _)| scale(c)).into(),
        _ => Array1::from_shape_fn(k, scale).into(),
    };
    (weights.into(), means.into(), precisions)
}

fn flat<F: Float>(values: &[F]) -> Array1<f64> {
    values.iter().map(|v| v.f64()).collect()
}

macro_rules! compare {
    ($f:ty, $case:expr, $fitted:expr, $x:expr, $expected:expr, $near:expr) => {{
        let (case, fitted, x, expected, near) = ($case, &$fitted, &$x, &$expected, $near);
        let new = x
            .slice(s![..20, ..])
            .mapv(|v| v * <$f as Float>::of(1.0625));
        case.same(
            "n_iter",
            &fitted.n_iter(),
            &(number(&expected["n_iter"]) as usize),
        );
        case.same(
            "converged",
            &Value::from(fitted.converged()),
            &expected["converged"],
        );
        let wide = |values: ArrayD<$f>| values.mapv(|v| Float::f64(v));
        for (name, ours) in [
            ("weights", wide(fitted.weights().clone().into_dyn())),
            ("means", wide(fitted.means().clone().into_dyn())),
            (
                "covariances",
                flat(&fitted.covariances().values()).into_dyn(),
            ),
            (
                "precisions",
                flat(&fitted.precisions().unwrap().values()).into_dyn(),
            ),
            (
                "precisions_cholesky",
                flat(&fitted.precisions_cholesky().values()).into_dyn(),
            ),
            (
                "lower_bounds",
                Array1::from(fitted.lower_bounds().to_vec()).into_dyn(),
            ),
            (
                "predict",
                fitted.predict(&new).unwrap().mapv(|c| c as f64).into_dyn(),
            ),
            (
                "predict_proba",
                wide(fitted.predict_proba(&new).unwrap().into_dyn()),
            ),
            (
                "score_samples",
                wide(fitted.score_samples(&new).unwrap().into_dyn()),
            ),
        ] {
            case.array(name, &ours, &expected[name], near);
        }
        case.number(
            "score",
            fitted.score(x, &()).unwrap(),
            &expected["score"],
            near,
        );
    }};
}

fn check<F: Float>(value: &Value, case: &mut Case) {
    let (data, expected, near) = (&value["data"], &value["expected"], &value["tolerance"]);
    let wide = matrix(data);
    let x = wide.mapv(F::of);
    let settings = value["settings"].as_object().unwrap();
    let model = (settings.iter()).fold(GaussianMixture::new(1), |m, (name, v)| {
        m.with_value(name, v.clone()).unwrap()
    });
    let k = settings["n_components"].as_u64().unwrap() as usize;
    let rounded = x.mapv(|v| v.f64());
    let (weights, means, precisions) =
        start(&rounded, k, settings["covariance_type"].as_str().unwrap());
    let model = model
        .weights_init(weights)
        .means_init(means)
        .precisions_init(precisions);
    let fitted = model.fit(&x, &()).unwrap();
    compare!(F, &mut *case, fitted, x, *expected, near);
    case.number("aic", fitted.aic(&x).unwrap(), &expected["aic"], near);
    case.number("bic", fitted.bic(&x).unwrap(), &expected["bic"], near);
}

#[test]
fn gaussian_mixture() {
    Reference::read("gaussian_mixture").each(800, |value, case| {
        if value["data"]["f32"] == true {
            check::<f32>(value, case);
        } else {
            check::<f64>(value, case);
        }
    });
}

#[test]
fn bayesian_mixture() {
    Reference::read("bayesian_mixture").each(1000, |value, case| {
        let near = &value["tolerance"];
        let x = matrix(&value["data"]);
        let settings = value["settings"].as_object().unwrap();
        let model = (settings.iter()).fold(BayesianGaussianMixture::new(1), |m, (name, v)| {
            m.with_value(name, v.clone()).unwrap()
        });
        let fitted = model.fit(&x, &()).unwrap();
        // The start's clusters come in an order of their own: find theirs by the first feature.
        let order = |values: &[f64]| -> Vec<usize> {
            let mut order: Vec<usize> = (0..values.len()).collect();
            order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
            order
        };
        let ours = order(&fitted.means().column(0).to_vec());
        let orders = value["expected"].as_array().unwrap();
        let expected = orders.iter().find(|expected| {
            let centers = &expected["first_centers"]["values"];
            let centers: Vec<f64> = centers.as_array().unwrap().iter().map(number).collect();
            order(&centers) == ours
        });
        let expected = expected.expect("an order of the clusters");
        compare!(f64, &mut *case, fitted, x, *expected, near);
        let (first, rest) = fitted.weight_concentration();
        let both: Vec<f64> = first
            .iter()
            .chain(rest.into_iter().flatten())
            .copied()
            .collect();
        for (name, ours) in [
            ("weight_concentration", both),
            ("mean_precision", fitted.mean_precision().to_vec()),
            ("degrees_of_freedom", fitted.degrees_of_freedom().to_vec()),
            ("mean_prior", fitted.mean_prior().to_vec()),
            ("covariance_prior", fitted.covariance_prior().to_vec()),
        ] {
            case.array(name, &Array1::from(ours), &expected[name], near);
        }
        for (name, ours) in [
            (
                "weight_concentration_prior",
                fitted.weight_concentration_prior(),
            ),
            ("mean_precision_prior", fitted.mean_precision_prior()),
            (
                "degrees_of_freedom_prior",
                fitted.degrees_of_freedom_prior(),
            ),
        ] {
            case.number(name, ours, &expected[name], near);
        }
    });
}
