//! Density: clusters, outliers, nearest centroids.

use fitwell::cluster::*;
use fitwell::neighbors::*;
use fitwell::prelude::*;
use ndarray::{Array1, Array2, s};
use serde_json::Value;

use crate::compare::Reference;
use crate::data::{matrix, ramp};

fn with<E: Params>(estimator: E, settings: &Value) -> E {
    (settings.as_object().unwrap().iter()).fold(estimator, |e, (name, v)| {
        e.with_value(name, v.clone()).unwrap()
    })
}

fn every_other(data: &Value) -> Array2<f64> {
    matrix(data).slice(s![..;2, ..]).to_owned()
}

fn real(values: &Array1<i64>) -> Array1<f64> {
    values.mapv(|v| v as f64)
}

#[test]
fn dbscan() {
    Reference::read("dbscan").each(110, |value, case| {
        let (expected, near) = (&value["expected"], &value["tolerance"]);
        let x = every_other(&value["data"]);
        let model = with(Dbscan::new(), &value["settings"]);
        let model = if value["data"]["weights"] == true {
            model.fit(&x, &().weighted(&ramp(x.nrows())))
        } else {
            model.fit(&x, &())
        };
        let model = model.unwrap();
        case.array("labels", &real(model.labels()), &expected["labels"], near);
        let core = model.core_sample_indices().mapv(|v| v as f64);
        case.array("core", &core, &expected["core"], near);
    });
}

fn labels(name: &str) -> Labels {
    use fitwell::datasets::*;
    let codes = |y: Labels| -> Labels { y.codes().iter().map(|&c| i64::from(c)).collect() };
    let y = match name {
        "wine" => codes(load_wine().unwrap().target),
        "breast_cancer" => codes(load_breast_cancer().unwrap().target),
        _ => (load_diabetes().unwrap().target.iter())
            .map(|&y| i64::from(y > 94.0) + i64::from(y > 166.0))
            .collect(),
    };
    let rows: Vec<usize> = (0..y.len()).step_by(2).collect();
    y.select(&rows).unwrap()
}

#[test]
fn outliers() {
    Reference::read("outliers").each(250, |value, case| {
        let (settings, expected, near) =
            (&value["settings"], &value["expected"], &value["tolerance"]);
        let x = every_other(&value["data"]);
        let new = x.slice(s![..;3, ..]).mapv(|v| v * 1.1 + 0.05);
        if value["data"]["model"] == "outliers" {
            let model = with(LocalOutlierFactor::new(), settings)
                .fit(&x, &())
                .unwrap();
            case.array("labels", &real(&model.labels()), &expected["labels"], near);
            case.array(
                "factor",
                model.negative_outlier_factor(),
                &expected["factor"],
                near,
            );
            case.number("offset", model.offset(), &expected["offset"], near);
            let model = with(LocalOutlierFactor::new().novelty(true), settings);
            let model = model.fit(&x, &()).unwrap();
            let predicted = real(&model.predict(&new).unwrap());
            case.array("predict", &predicted, &expected["predict"], near);
            let decision = model.decision_function(&new).unwrap();
            case.array("decision", &decision, &expected["decision"], near);
            case.array(
                "score",
                &model.score_samples(&new).unwrap(),
                &expected["score"],
                near,
            );
            return;
        }
        let y = labels(value["data"]["name"].as_str().unwrap());
        let model = with(NearestCentroid::new(), settings).fit(&x, &y).unwrap();
        let predicted = real(&model.predict(&new).unwrap().to_ints().unwrap());
        case.array("predict", &predicted, &expected["predict"], near);
        case.array("centroids", model.centroids(), &expected["centroids"], near);
        case.array("prior", model.class_prior(), &expected["prior"], near);
        case.array(
            "within",
            model.within_class_std_dev(),
            &expected["within"],
            near,
        );
        case.array(
            "deviations",
            model.deviations(),
            &expected["deviations"],
            near,
        );
        if expected.get("proba").is_some() {
            let decision = model.decision_function(&new).unwrap();
            let decision = if decision.ncols() == 1 {
                decision.column(0).to_owned().into_dyn()
            } else {
                decision.into_dyn()
            };
            case.array("decision", &decision, &expected["decision"], near);
            let (proba, log) = (model.predict_proba(&new), model.predict_log_proba(&new));
            case.array("proba", &proba.unwrap(), &expected["proba"], near);
            case.array("log_proba", &log.unwrap(), &expected["log_proba"], near);
        }
    });
}
