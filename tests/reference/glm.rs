//! Generalised and robust linear models.

use fitwell::isotonic::IsotonicRegression;
use fitwell::linear_model::*;
use fitwell::prelude::*;
use fitwell::{Labels, LinearModel};
use ndarray::{Array1, Array2, Axis, concatenate, s};
use serde_json::{Value, json};

use crate::compare::{Case, Reference, letters, number};
use crate::data::{features, matrix, ramp, targets};

/// Well-conditioned, collinear, two columns alike to five digits, and more columns than rows, as `cases_glm.py` builds
/// them.
fn samples(name: &str) -> Array2<f64> {
    let scaled = |name: &str| matrix(&serde_json::json!({"name": name, "scaled": true}));
    if name == "wide" {
        return scaled("breast_cancer").slice(s![..14, ..]).to_owned();
    }
    let x = scaled("diabetes").slice(s![..;3, ..]).to_owned();
    if name == "plain" {
        return x;
    }
    if name == "twins" {
        let x = x.slice(s![..24, ..]);
        let twin = &x.column(2) + &x.column(4) / 131072.0;
        return concatenate![Axis(1), x.slice(s![.., ..4]), twin.insert_axis(Axis(1))];
    }
    let sum = (&x.column(0) + &x.column(1)).insert_axis(Axis(1));
    let twice = x.column(2).mapv(|v| 2.0 * v).insert_axis(Axis(1));
    concatenate![Axis(1), x.slice(s![.., ..4]), sum, twice]
}

fn target(kind: &str, n: usize) -> Array1<f64> {
    let t = targets("diabetes").0.column(0).slice(s![..;3]).to_owned();
    t.slice(s![..n]).mapv(|t| match kind {
        "positive" => t / 100.0,
        "counts" => (t / 40.0).floor(),
        "zeros" => (t - 120.0).max(0.0) / 50.0,
        "real" => (t - 150.0) / 50.0,
        other => panic!("no target {other}"),
    })
}

/// Samples, target and weights; weights of 1 where the case has none.
fn data(value: &Value) -> (Array2<f64>, Array1<f64>, Array1<f64>) {
    let data = &value["data"];
    let x = samples(data["samples"].as_str().unwrap());
    let y = target(data["target"].as_str().unwrap(), x.nrows());
    let w = if data["weights"] == true {
        ramp(x.nrows())
    } else {
        Array1::ones(x.nrows())
    };
    (x, y, w)
}

fn set<E: Params>(mut estimator: E, settings: &Value) -> E {
    for (name, value) in settings.as_object().unwrap() {
        estimator = estimator.with_value(name, value.clone()).unwrap();
    }
    estimator
}

#[test]
fn generalised_linear_models() {
    Reference::read("glm").each(900, |value, case| {
        let (x, y, w) = data(value);
        let y = y.weighted(&w);
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        macro_rules! compare {
            ($name:ident) => {{
                let usual = set($name::new(), &value["settings"]);
                for (solver, near) in [
                    (GlmSolver::Lbfgs, &tolerance["near"]),
                    (GlmSolver::NewtonCholesky, &tolerance["newton"]),
                ] {
                    let exact = usual.clone().solver(solver).tol(1e-12).max_iter(20_000);
                    let model = exact.fit(&x, &y).unwrap();
                    case.array("coef", &model.coef(), &expected["coef"], near);
                    case.array("predict", &model.predict(&x).unwrap(), &expected["predict"], near);
                    case.number("intercept", model.intercept(), &expected["intercept"], near);
                    case.number("score", model.score(&x, &y).unwrap(), &expected["score"], near);
                }
                if !expected["newton"].is_null() {
                    let newton = usual.clone().solver(GlmSolver::NewtonCholesky).fit(&x, &y).unwrap();
                    let same = serde_json::json!({"absolute": 1e-9, "relative": 1e-9, "why": "the same steps as scikit-learn's"});
                    case.array("coef of few steps", &newton.coef(), &expected["newton"]["coef"], &same);
                    case.same("n_iter", &newton.n_iter(), &(expected["newton"]["n_iter"].as_u64().unwrap() as usize));
                }
                let model = usual.fit(&x, &y).unwrap();
                let lost = (1.0 - model.score(&x, &y).unwrap()) * number(&expected["null"]);
                let alpha = value["settings"].get("alpha").map_or(1.0, number);
                let objective = lost + alpha / 2.0 * model.coef().mapv(|w| w * w).sum();
                let higher = objective - number(&expected["default_objective"]);
                // A gradient of tol leaves up to |g|² / (2 h) on either side.
                // scikit-learn leaves the domain of an identity link once, and ends in NaN.
                let fine = higher < 1e-5 || number(&expected["default_objective"]).is_nan();
                case.same("objective by default", &(fine && objective.is_finite()), &true);
            }};
        }
        match value["name"].as_str().unwrap() {
            "PoissonRegressor" => compare!(PoissonRegressor),
            "GammaRegressor" => compare!(GammaRegressor),
            _ => compare!(TweedieRegressor),
        }
    });
}

#[test]
fn huber() {
    Reference::read("huber").each(180, |value, case| {
        let (x, mut y, w) = data(value);
        for y in y.iter_mut().step_by(9) {
            *y += 8.0;
        }
        let y = y.weighted(&w);
        let (expected, near) = (&value["expected"], &value["tolerance"]);
        let estimator = set(HuberRegressor::new(), &value["settings"]);
        let model = estimator.fit(&x, &y).unwrap();
        case.same("converged", &model.converged(), &true);
        case.array("coef", &model.coef(), &expected["coef"], near);
        case.number("intercept", model.intercept(), &expected["intercept"], near);
        case.number("scale", model.scale(), &expected["scale"], near);
        case.number(
            "score",
            model.score(&x, &y).unwrap(),
            &expected["score"],
            near,
        );
        let outliers: Vec<usize> = model
            .outliers()
            .iter()
            .map(|&far| usize::from(far))
            .collect();
        case.same("outliers", &outliers, &letters(&expected["outliers"]));
        // The objective by its definition is no higher than scikit-learn's.
        let epsilon = value["settings"].get("epsilon").map_or(1.35, number);
        let alpha = value["settings"].get("alpha").map_or(1e-4, number);
        let predicted = model.predict(&x).unwrap();
        let scale = model.scale();
        let mut objective = alpha * model.coef().mapv(|w| w * w).sum();
        for ((y, z), s) in y.target().iter().zip(&predicted).zip(&w) {
            let r = (y - z).abs();
            let h = if r <= epsilon * scale {
                r * r / scale
            } else {
                2.0 * epsilon * r - epsilon * epsilon * scale
            };
            objective += s * (scale + h);
        }
        let other = number(&expected["objective"]);
        case.same("objective", &(objective <= other * (1.0 + 1e-12)), &true);
    });
}

#[test]
fn isotonic() {
    Reference::read("isotonic").each(160, |value, case| {
        let (data, expected, near) = (&value["data"], &value["expected"], &value["tolerance"]);
        let all = features("diabetes_raw");
        let x = all
            .column(data["column"].as_u64().unwrap() as usize)
            .insert_axis(Axis(1))
            .to_owned();
        let y = targets("diabetes").0.column(0).to_owned();
        let estimator = set(IsotonicRegression::new(), &value["settings"]);
        let model = match crate::data::weights(data, x.nrows()) {
            Some(w) => estimator.fit(&x, &y.weighted(&w)).unwrap(),
            None => estimator.fit(&x, &y).unwrap(),
        };
        let (low, high) = x
            .iter()
            .fold((f64::MAX, f64::MIN), |(a, b), &v| (a.min(v), b.max(v)));
        let more = Array1::linspace(low - 1.0, high + 1.0, 40).insert_axis(Axis(1));
        let at = concatenate![Axis(0), x, more];
        case.array(
            "x_thresholds",
            &model.x_thresholds(),
            &expected["x_thresholds"],
            near,
        );
        case.array(
            "y_thresholds",
            &model.y_thresholds(),
            &expected["y_thresholds"],
            near,
        );
        case.same(
            "increasing",
            &model.increasing(),
            &expected["increasing"].as_bool().unwrap(),
        );
        case.array(
            "predict",
            &model.predict(&at).unwrap(),
            &expected["predict"],
            near,
        );
    });
}

fn tables(case: &mut Case, found: &Inference, value: &Value) {
    let (expected, near) = (&value["expected"], &value["tolerance"]);
    case.array("coef", &found.coef(), &expected["coef"], near);
    case.array("std_err", &found.std_err(), &expected["std_err"], near);
    case.array(
        "statistic",
        &found.statistic(),
        &expected["statistic"],
        near,
    );
    case.array("p_values", &found.p_values(), &expected["p_values"], near);
    case.array(
        "conf_int",
        &found.conf_int(0.9).unwrap(),
        &expected["conf_int"],
        near,
    );
    case.array(
        "covariance",
        found.covariance(),
        &expected["covariance"],
        near,
    );
    let mut one = |what: &str, ours: f64| {
        if !expected[what].is_null() {
            case.number(what, ours, &expected[what], near);
        }
    };
    one("df_residual", found.df_residual());
    one("log_likelihood", found.log_likelihood().unwrap_or(f64::NAN));
    one("aic", found.aic().unwrap_or(f64::NAN));
    one("bic", found.bic().unwrap_or(f64::NAN));
    one("null", found.null_log_likelihood().unwrap_or(f64::NAN));
    one("scale", found.scale());
    one("deviance", found.deviance());
    one("null_deviance", found.null_deviance());
    one("pearson", found.pearson_chi2());
    one("r_squared", found.r_squared());
    one("adjusted", found.adjusted_r_squared().unwrap_or(f64::NAN));
    let (f, p) = found.f_test().unwrap_or((f64::NAN, f64::NAN));
    one("f", f);
    one("f_p", p);
}

/// Beside statsmodels.
#[test]
fn inference() {
    Reference::read("inference").each(400, |value, case| {
        let data = &value["data"];
        let mut x = samples("plain");
        if data["samples"] == "near" {
            let near = &x.column(0) + &(ramp(x.nrows()) * 1e-6);
            let last = x.ncols() - 1;
            x.column_mut(last).assign(&near);
        }
        let (w, kind) = match data["weights"].as_str() {
            Some("variance") => (ramp(x.nrows()) + 0.5, WeightKind::Variance),
            Some("frequency") => (
                (0..x.nrows()).map(|i| (i % 3) as f64).collect(),
                WeightKind::Frequency,
            ),
            _ => (Array1::ones(x.nrows()), WeightKind::Frequency),
        };
        let name = value["name"].as_str().unwrap();
        if name == "logistic" {
            let codes = letters(&value["expected"]["codes"]);
            let y = Labels::from(codes.iter().map(|&c| c as i64).collect::<Vec<_>>());
            let estimator = LogisticRegression::new()
                .c(f64::INFINITY)
                .tol(1e-10)
                .max_iter(1000);
            let model = set(estimator, &value["settings"]).fit(&x, &y).unwrap();
            return tables(case, &model.inference(&x, &y).unwrap(), value);
        }
        let y = target(data["target"].as_str().unwrap(), x.nrows()).weighted(&w);
        let settings = &value["settings"];
        macro_rules! glm {
            ($name:ident) => {{
                let exact = $name::new()
                    .alpha(0.0)
                    .tol(1e-12)
                    .solver(GlmSolver::NewtonCholesky);
                let model = set(exact, settings).fit(&x, &y).unwrap();
                tables(case, &model.inference_with(&x, &y, kind).unwrap(), value);
            }};
        }
        match name {
            "least_squares" => {
                let model = set(LinearRegression::new(), settings).fit(&x, &y).unwrap();
                tables(case, &model.inference_with(&x, &y, kind).unwrap(), value);
            }
            "poisson" => glm!(PoissonRegressor),
            "gamma" => glm!(GammaRegressor),
            _ => {
                let mut settings = settings.clone();
                if settings.get("power").is_none() {
                    settings["power"] = json!(0.0);
                }
                let exact = TweedieRegressor::new()
                    .alpha(0.0)
                    .tol(1e-12)
                    .solver(GlmSolver::NewtonCholesky);
                let model = set(exact, &settings).fit(&x, &y).unwrap();
                tables(case, &model.inference_with(&x, &y, kind).unwrap(), value);
            }
        }
    });
}

#[test]
fn quantile() {
    Reference::read("quantile").each(150, |value, case| {
        let (x, y, w) = data(value);
        let (expected, near) = (&value["expected"], &value["tolerance"]);
        let estimator = set(QuantileRegressor::new(), &value["settings"]);
        let y = y.weighted(&w);
        let model = estimator.fit(&x, &y).unwrap();
        case.same("converged", &model.converged(), &true);
        let (q, alpha) = (
            model.quantile(),
            value["settings"].get("alpha").map_or(1.0, number),
        );
        let predicted = model.predict(&x).unwrap();
        let mut loss = 0.0;
        for ((y, z), s) in y.target().iter().zip(&predicted).zip(&w) {
            loss += s * (q * (y - z).max(0.0) + (1.0 - q) * (z - y).max(0.0));
        }
        let objective = loss / w.sum() + alpha * model.coef().mapv(f64::abs).sum();
        case.number("objective", objective, &expected["objective"], near);
        if !expected["coef"].is_null() {
            case.array("coef", &model.coef(), &expected["coef"], near);
            case.number("intercept", model.intercept(), &expected["intercept"], near);
            case.number(
                "score",
                model.score(&x, &y).unwrap(),
                &expected["score"],
                near,
            );
        }
    });
}

#[test]
fn automatic_relevance_determination() {
    Reference::read("ard").each(200, |value, case| {
        let (x, y, _) = data(value);
        let (expected, near) = (&value["expected"], &value["tolerance"]);
        let model = set(ArdRegression::new(), &value["settings"])
            .fit(&x, &y)
            .unwrap();
        case.same(
            "n_iter",
            &model.n_iter(),
            &(expected["n_iter"].as_u64().unwrap() as usize),
        );
        case.array("coef", &model.coef(), &expected["coef"], near);
        case.number("intercept", model.intercept(), &expected["intercept"], near);
        case.number("alpha", model.alpha(), &expected["alpha"], near);
        case.array(
            "lambda",
            &Array1::from(model.lambda().to_vec()),
            &expected["lambda"],
            near,
        );
        case.array("sigma", &model.sigma(), &expected["sigma"], near);
        case.array(
            "scores",
            &Array1::from(model.scores().to_vec()),
            &expected["scores"],
            near,
        );
        let (mean, std) = model.predict_std(&x).unwrap();
        case.array("predict", &mean, &expected["predict"], near);
        case.array("std", &std, &expected["std"], near);
    });
}

/// Rows near a plane, and every tenth far off, as `cases_glm.py` builds them.
fn on_a_plane(name: &str) -> (Array2<f64>, Array1<f64>) {
    let mut x = samples(name);
    if name == "wide" {
        let mixed = Array2::from_shape_fn((2, x.ncols()), |(i, j)| {
            ((3 * i + 5 * j) % 7) as f64 / 4.0 - 0.75
        });
        x = x.slice(s![.., ..2]).dot(&mixed);
    }
    let p = x.ncols() as f64;
    let w = Array1::from_shape_fn(x.ncols(), |j| (j + 1) as f64 / p);
    let mut y = x.dot(&w) + 1.0;
    for (i, y) in y.iter_mut().enumerate() {
        *y += ((7 * i % 11) as f64 - 5.0) / 1000.0;
        *y += if i % 10 == 3 { 50.0 } else { 0.0 };
    }
    (x, y)
}

#[test]
fn random_sample_consensus() {
    Reference::read("ransac").each(240, |value, case| {
        let (data, near) = (&value["data"], &value["tolerance"]);
        let (x, y) = on_a_plane(data["samples"].as_str().unwrap());
        let w = crate::data::weights(data, x.nrows()).unwrap_or_else(|| Array1::ones(x.nrows()));
        let ridge = value["settings"].get("estimator").is_some();
        let mut settings = value["settings"].clone();
        settings.as_object_mut().unwrap().remove("estimator");
        let compare = |case: &mut Case,
                       inliers: &[bool],
                       coef: Array2<f64>,
                       intercept: Vec<f64>,
                       predict: Array2<f64>,
                       score: f64| {
            let expected = &value["expected"];
            let inliers: Vec<usize> = inliers.iter().map(|&inside| usize::from(inside)).collect();
            case.same("inliers", &inliers, &letters(&expected["inliers"]));
            case.array(
                "intercept",
                &Array1::from(intercept),
                &expected["intercept"],
                near,
            );
            case.number("score", score, &expected["score"], near);
            if data["several"] == true {
                case.array("coef", &coef, &expected["coef"], near);
                case.array("predict", &predict, &expected["predict"], near);
            } else {
                case.array("coef", &coef.row(0), &expected["coef"], near);
                case.array("predict", &predict.column(0), &expected["predict"], near);
            }
        };
        macro_rules! fit {
            ($estimator:expr, $y:expr) => {{
                let y = $y;
                let model = set(RansacRegressor::new($estimator), &settings)
                    .fit(&x, &y)
                    .unwrap();
                let plane = model.estimator();
                let predict = model.predict(&x).unwrap();
                let rows = predict.len_of(Axis(0));
                compare(
                    case,
                    model.inlier_mask(),
                    plane.coefficients(),
                    plane.intercepts().to_vec(),
                    predict
                        .into_shape_with_order((rows, plane.coefficients().nrows()))
                        .unwrap(),
                    model.score(&x, &y).unwrap(),
                );
            }};
        }
        let both = ndarray::stack![Axis(1), y, y.mapv(|y| 2.0 - y)];
        match (ridge, data["several"] == true) {
            (false, false) => fit!(LinearRegression::new(), y.weighted(&w)),
            (false, true) => fit!(LinearRegression::new(), both.weighted(&w)),
            (true, false) => fit!(Ridge::new().alpha(0.01), y.weighted(&w)),
            (true, true) => fit!(Ridge::new().alpha(0.01), both.weighted(&w)),
        }
    });
}
