//! Metrics of classes, probabilities and real predictions.

use fitwell::metrics::*;
use fitwell::{Class, ClassTarget, Labels, Targets};
use ndarray::{Array2, Ix1, arr1};
use serde_json::Value;

use crate::compare::{Case, Reference, letters, numbers};
use crate::data::{ramp, targets, weights};

#[test]
fn of_classes() {
    // A case with weights leaves the probabilities to the case before it.
    let last = std::cell::RefCell::new(Array2::zeros((0, 0)));
    Reference::read("classification_metrics").each(270, |value, case| {
        let data = &value["data"];
        case.name = format!("{} weights: {}", data["name"], data["weights"]);
        if let Value::Array(rows) = &data["proba"] {
            let rows: Vec<Vec<f64>> = rows.iter().map(numbers).collect();
            *last.borrow_mut() =
                Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, j)| rows[i][j]);
        }
        let labels = |letters: Vec<usize>| {
            Labels::from(letters.into_iter().map(|v| v as i64).collect::<Vec<_>>())
        };
        let (y, predicted) = (
            labels(letters(&data["y_true"])),
            labels(letters(&data["y_pred"])),
        );
        match data["weights"] == true {
            true => class_metrics(
                case,
                value,
                &y.weighted(&ramp(y.len())),
                &predicted,
                &last.borrow(),
            ),
            false => class_metrics(case, value, &y, &predicted, &last.borrow()),
        }
    });
}

fn class_metrics<Y: ClassTarget>(
    case: &mut Case,
    value: &Value,
    y: &Y,
    predicted: &Labels,
    proba: &Array2<f64>,
) {
    let (expected, tolerance) = (value["expected"].as_object().unwrap(), &value["tolerance"]);
    let classes: Vec<Class> = y.labels().classes().to_vec();
    for (key, reference) in expected {
        let parts: Vec<&str> = key.split('/').collect();
        let ours = match parts[..] {
            ["accuracy"] => accuracy_score(y, predicted).unwrap(),
            ["balanced_accuracy"] => balanced_accuracy_score(y, predicted).unwrap(),
            ["log_loss"] => log_loss(y, proba, &classes).unwrap(),
            ["roc_auc"] => roc_auc_score(y, &proba.column(1)).unwrap(),
            ["roc_auc", multi, average] => {
                let multi_class = match (multi, average) {
                    ("ovr", "macro") => MultiClass::OvrMacro,
                    ("ovr", "weighted") => MultiClass::OvrWeighted,
                    ("ovr", "micro") => MultiClass::OvrMicro,
                    ("ovo", "macro") => MultiClass::OvoMacro,
                    _ => MultiClass::OvoWeighted,
                };
                roc_auc_score_multiclass(y, proba, &classes, multi_class).unwrap()
            }
            ["confusion", normalize] => {
                let counts = confusion_matrix(y, predicted).unwrap();
                let ours = match normalize {
                    "none" => counts.counts().clone(),
                    "true" => counts.normalized(Normalize::True),
                    "pred" => counts.normalized(Normalize::Pred),
                    _ => counts.normalized(Normalize::All),
                };
                case.array(key, &ours, reference, tolerance);
                continue;
            }
            ["report", form] => {
                let scores = precision_recall_fscore_support(y, predicted).unwrap();
                let report = match form {
                    "one" => ClassificationReport::new(scores.zero_division(ZeroDivision::One)),
                    "nan" => ClassificationReport::new(scores.zero_division(ZeroDivision::Nan)),
                    "names" => {
                        let names = (0..classes.len()).map(|i| format!("class {i}"));
                        classification_report(y, predicted)
                            .unwrap()
                            .with_names(names)
                            .unwrap()
                    }
                    _ => classification_report(y, predicted).unwrap(),
                };
                let text = if form == "4" {
                    format!("{report:.4}")
                } else {
                    report.to_string()
                };
                case.same(key, &text.as_str(), &reference.as_str().unwrap());
                continue;
            }
            [metric, "positive_0"] => {
                let score = match metric {
                    "precision" => precision_score,
                    "recall" => recall_score,
                    _ => f1_score,
                };
                score(y, predicted, &Average::positive(0)).unwrap()
            }
            [metric, average, zero] => {
                let average = match average {
                    "macro" => Average::Macro,
                    "micro" => Average::Micro,
                    "weighted" => Average::Weighted,
                    _ => Average::Binary,
                };
                let zero = match zero {
                    "0.0" => ZeroDivision::Zero,
                    "1.0" => ZeroDivision::One,
                    _ => ZeroDivision::Nan,
                };
                let scores = precision_recall_fscore_support(y, predicted)
                    .unwrap()
                    .zero_division(zero);
                match metric {
                    "precision" => scores.precision(&average).unwrap(),
                    "recall" => scores.recall(&average).unwrap(),
                    _ => scores.f1(&average).unwrap(),
                }
            }
            _ => panic!("no metric {key}"),
        };
        case.number(key, ours, reference, tolerance);
    }
}

#[test]
fn of_real_predictions() {
    Reference::read("regression_metrics").each(55, |value, case| {
        let (data, expected, tolerance) = (
            &value["data"],
            value["expected"].as_object().unwrap(),
            &value["tolerance"],
        );
        if data["target"].is_null() {
            let [y, predicted] = ["y_true", "y_pred"].map(|key| arr1(&numbers(&data[key])));
            case.number(
                "r2",
                r2_score(&y, &predicted).unwrap(),
                &expected["r2"],
                tolerance,
            );
            let plain = R2Score::new()
                .force_finite(false)
                .score(&y, &predicted)
                .unwrap();
            case.number(
                "r2, not finite",
                plain,
                &expected["r2/not_finite"],
                tolerance,
            );
            return;
        }
        let (y, single) = targets(data["target"].as_str().unwrap());
        let mut predicted = y.mapv(|v| v * 0.75);
        for ((i, j), v) in predicted.indexed_iter_mut() {
            *v = round_3(*v) + ((5 * i + 3 * j) % 7) as f64 / 4.0;
        }
        let weights = weights(data, y.nrows());
        macro_rules! compare {
            ($y:expr, $predicted:expr) => {
                for (key, reference) in expected {
                    let ours = match key.as_str() {
                        "r2" => r2_score($y, $predicted).unwrap(),
                        "r2/variance_weighted" => {
                            let r2 = R2Score::new().multioutput(Multioutput::VarianceWeighted);
                            r2.score($y, $predicted).unwrap()
                        }
                        "mean_squared_error" => mean_squared_error($y, $predicted).unwrap(),
                        "mean_absolute_error" => mean_absolute_error($y, $predicted).unwrap(),
                        "root_mean_squared_error" => {
                            root_mean_squared_error($y, $predicted).unwrap()
                        }
                        raw => {
                            let ours = match raw {
                                "r2/raw_values" => R2Score::new().per_target($y, $predicted),
                                "mean_squared_error/raw_values" => {
                                    mean_squared_error_per_target($y, $predicted)
                                }
                                "mean_absolute_error/raw_values" => {
                                    mean_absolute_error_per_target($y, $predicted)
                                }
                                _ => root_mean_squared_error_per_target($y, $predicted),
                            };
                            case.array(key, &ours.unwrap(), reference, tolerance);
                            continue;
                        }
                    };
                    case.number(key, ours, reference, tolerance);
                }
            };
        }
        match (single, &weights) {
            (false, None) => compare!(&y, &predicted),
            (false, Some(w)) => compare!(&y.weighted(w), &predicted),
            (true, w) => {
                let [y, predicted] = [y, predicted]
                    .map(|a| a.column(0).to_owned().into_dimensionality::<Ix1>().unwrap());
                match w {
                    None => compare!(&y, &predicted),
                    Some(w) => compare!(&y.weighted(w), &predicted),
                }
            }
        }
    });
}

/// NumPy's rounding to three decimals: to even after scaling.
fn round_3(v: f64) -> f64 {
    (v * 1000.0).round_ties_even() / 1000.0
}
