//! The ridge family: solvers, cross-validation, classification.

use fitwell::linear_model::{
    GcvMode, Ridge, RidgeClassifier, RidgeClassifierCv, RidgeCv, RidgeSolver,
};
use fitwell::model_selection::{
    Accuracy, BalancedAccuracy, NegMeanAbsoluteError, NegMeanSquaredError, R2,
};
use fitwell::prelude::*;
use fitwell::{ClassWeight, Weighted};
use ndarray::{Array1, Array2, Array3, Axis};
use serde_json::Value;

use crate::compare::{Case, Reference, letters, number, numbers};

/// The samples, real targets and classes of the cases, and weights.
pub(crate) struct Data {
    pub(crate) x: Array2<f64>,
    pub(crate) y: Array2<f64>,
    pub(crate) classes: Labels,
    pub(crate) weights: Option<Array1<f64>>,
}

fn rows(value: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = value.as_array().unwrap().iter().map(numbers).collect();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, j)| rows[i][j])
}

pub(crate) fn data(of: &Value, least_weight: f64) -> Data {
    let path = format!(
        "{}/tests/reference/penalised_data.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = all["cases"].as_array().unwrap();
    let case = cases.iter().find(|c| c["name"] == of["case"]).unwrap();
    let (x, mut y) = (rows(&case["x"]), rows(&case["y"]));
    let minus = of["minus"].as_f64().unwrap();
    for mut column in y.columns_mut() {
        column.scaled_add(-minus, &x.column(0));
    }
    if of["target"] == "first" {
        y = y.slice(ndarray::s![.., ..1]).to_owned();
    }
    let codes = letters(&case["classes"]);
    let two = of["target"] == "two";
    let classes = codes
        .iter()
        .map(|&c| if two { c.min(1) } else { c } as i64)
        .collect();
    let weights = (of["weights"] == true)
        .then(|| Array1::from_shape_fn(x.nrows(), |i| least_weight + (7 * i % 11) as f64 / 4.0));
    Data {
        x,
        y,
        classes,
        weights,
    }
}

impl Data {
    fn weighted(&self) -> Weighted<ndarray::ArrayRef2<f64>> {
        let ones = Array1::ones(self.x.nrows());
        (*self.y).weighted(self.weights.as_ref().unwrap_or(&ones))
    }

    pub(crate) fn weighted_classes(&self) -> Weighted<Labels> {
        let ones = Array1::ones(self.x.nrows());
        self.classes
            .weighted(self.weights.as_ref().unwrap_or(&ones))
    }
}

/// A setting of ours for each of scikit-learn's that has the same name and form.
pub(crate) fn set<E: Params>(mut estimator: E, settings: &Value, but: &[&str]) -> E {
    for (name, value) in settings.as_object().unwrap() {
        if !but.contains(&name.as_str()) {
            estimator = estimator.with_value(name, value.clone()).unwrap();
        }
    }
    estimator
}

/// Of one target the coefficients are a vector there and a row here.
fn coefficients(case: &mut Case, coef: &Array2<f64>, expected: &Value, tolerance: &Value) {
    if expected["shape"].as_array().unwrap().len() == 1 {
        case.array("coef", &coef.row(0), expected, tolerance);
    } else {
        case.array("coef", coef, expected, tolerance);
    }
}

#[test]
fn ridge_solvers() {
    Reference::read("ridge_solvers").each(600, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let data = data(&value["data"], 0.0);
        let ridge = set(Ridge::new(), &value["settings"], &[]);
        let several = value["data"]["target"] == "both";
        let model = ridge.fit(&data.x, &data.weighted()).unwrap();
        coefficients(case, &model.coef().to_owned(), &expected["coef"], tolerance);
        case.array(
            "intercept",
            &model.intercept(),
            &expected["intercept"],
            tolerance,
        );
        let predicted = model.predict(&data.x).unwrap();
        if several {
            case.array("predict", &predicted, &expected["predict"], tolerance);
        } else {
            case.array(
                "predict",
                &predicted.column(0),
                &expected["predict"],
                tolerance,
            );
            // One target as a vector is the same model.
            let y = data.y.column(0);
            let one = match &data.weights {
                Some(w) => ridge.fit(&data.x, &(*y).weighted(w)).unwrap(),
                None => ridge.fit(&data.x, &y).unwrap(),
            };
            case.array(
                "coef of a vector",
                &one.coef(),
                &expected["coef"],
                tolerance,
            );
        }
        if !expected["n_iter"].is_null() {
            let n_iter: Vec<f64> = model.n_iter().unwrap().iter().map(|&n| n as f64).collect();
            case.same("n_iter", &n_iter, &numbers(&expected["n_iter"]));
        }
        if expected["solver"] == "Svd" {
            case.same("solver", &model.solver(), &RidgeSolver::Svd);
        }
    });
}

#[test]
fn ridge_cv() {
    Reference::read("ridge_cv").each(600, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let (data, settings) = (data(&value["data"], 0.25), &value["settings"]);
        let mut cv = RidgeCv::new();
        for (name, value) in settings.as_object().unwrap() {
            cv = match name.as_str() {
                "scoring" => cv,
                // What this does is done by name elsewhere.
                "gcv_mode" if value == "svd" => cv.gcv_mode(GcvMode::Svd),
                _ => cv.with_value(name, value.clone()).unwrap(),
            };
        }
        let y = data.weighted();
        let model = match settings["scoring"].as_str() {
            None => cv.fit(&data.x, &y),
            Some("r2") => cv.scoring(R2::new()).fit(&data.x, &y),
            Some("neg_mean_absolute_error") => cv.scoring(NegMeanAbsoluteError).fit(&data.x, &y),
            Some("neg_mean_squared_error") => cv.scoring(NegMeanSquaredError).fit(&data.x, &y),
            Some(other) => panic!("{other}"),
        }
        .unwrap();
        coefficients(case, &model.coef().to_owned(), &expected["coef"], tolerance);
        case.array(
            "intercept",
            &model.intercept(),
            &expected["intercept"],
            tolerance,
        );
        case.numbers(
            "alpha",
            &model.alpha().to_vec(),
            &expected["alpha"],
            tolerance,
        );
        case.numbers(
            "best_score",
            &model.best_score().to_vec(),
            &expected["best_score"],
            tolerance,
        );
        if !expected["cv_results"].is_null() {
            let results: Array3<f64> = model.cv_results().unwrap().to_owned();
            if value["data"]["target"] == "both" {
                case.array("cv_results", &results, &expected["cv_results"], tolerance);
            } else {
                let one = results.index_axis(Axis(1), 0).to_owned();
                case.array("cv_results", &one, &expected["cv_results"], tolerance);
            }
        }
    });
}

pub(crate) fn class_weight(settings: &Value) -> ClassWeight {
    match &settings["class_weight"] {
        Value::Null => ClassWeight::None,
        Value::String(_) => ClassWeight::Balanced,
        Value::Array(pairs) => {
            ClassWeight::of((pairs.iter()).map(|p| (number(&p[0]) as i64, number(&p[1]))))
        }
        other => panic!("{other}"),
    }
}

/// Of two classes the only decision value is a vector there and a column here.
fn same_labels(case: &mut Case, predicted: &Labels, expected: &Value) {
    let codes: Vec<usize> = predicted.codes().iter().map(|&c| c as usize).collect();
    case.same("labels", &codes, &letters(expected));
}

#[test]
fn ridge_classifier() {
    Reference::read("ridge_classifier").each(280, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let (data, settings) = (data(&value["data"], 0.0), &value["settings"]);
        let estimator = set(RidgeClassifier::new(), settings, &["class_weight"])
            .class_weight(class_weight(settings));
        let model = estimator.fit(&data.x, &data.weighted_classes()).unwrap();
        coefficients(case, model.coef(), &expected["coef"], tolerance);
        case.array(
            "intercept",
            model.intercept(),
            &expected["intercept"],
            tolerance,
        );
        case.array(
            "decision",
            &model.decision_function(&data.x).unwrap(),
            &expected["predict"],
            tolerance,
        );
        same_labels(case, &model.predict(&data.x).unwrap(), &expected["labels"]);
    });
}

#[test]
fn ridge_classifier_cv() {
    Reference::read("ridge_classifier_cv").each(430, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let (data, settings) = (data(&value["data"], 0.25), &value["settings"]);
        let cv = set(
            RidgeClassifierCv::new(),
            settings,
            &["class_weight", "scoring"],
        )
        .class_weight(class_weight(settings));
        let y = data.weighted_classes();
        let model = match settings["scoring"].as_str() {
            None => cv.fit(&data.x, &y),
            Some("accuracy") => cv.scoring(Accuracy).fit(&data.x, &y),
            Some("balanced_accuracy") => cv.scoring(BalancedAccuracy).fit(&data.x, &y),
            Some(other) => panic!("{other}"),
        }
        .unwrap();
        coefficients(case, model.coef(), &expected["coef"], tolerance);
        case.array(
            "intercept",
            model.intercept(),
            &expected["intercept"],
            tolerance,
        );
        case.number("alpha", model.alpha(), &expected["alpha"], tolerance);
        case.number(
            "best_score",
            model.best_score(),
            &expected["best_score"],
            tolerance,
        );
        same_labels(case, &model.predict(&data.x).unwrap(), &expected["labels"]);
        if let Some(results) = model.cv_results() {
            case.array("cv_results", results, &expected["cv_results"], tolerance);
        }
    });
}
