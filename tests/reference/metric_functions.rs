//! Metrics at their edges: classes, several labels, curves, real predictions. What scikit-learn answers with NaN or an
//! exception must be an error here.

use fitwell::metrics::*;
use fitwell::prelude::*;
use fitwell::{Class, ClassTarget};
use ndarray::{Array, Array1, Array2, ArrayD, Dimension, Ix2};
use serde_json::Value;

use crate::compare::{Case, Reference, numbers};

/// What a metric gives.
enum Got {
    Number(f64),
    Array(ArrayD<f64>),
    Text(String),
}

impl From<f64> for Got {
    fn from(v: f64) -> Self {
        Got::Number(v)
    }
}

impl From<String> for Got {
    fn from(v: String) -> Self {
        Got::Text(v)
    }
}

impl<D: Dimension> From<Array<f64, D>> for Got {
    fn from(v: Array<f64, D>) -> Self {
        Got::Array(v.into_dyn())
    }
}

fn got<T: Into<Got>>(result: Result<T>) -> Option<Result<Got>> {
    Some(result.map(Into::into))
}

/// Compares every expected value; `ours` may leave one out.
fn compare(case: &mut Case, value: &Value, ours: impl Fn(&[&str]) -> Option<Result<Got>>) {
    let tolerance = &value["tolerance"];
    for (key, expected) in value["expected"].as_object().unwrap() {
        let parts: Vec<&str> = key.split('/').collect();
        let Some(ours) = ours(&parts) else { continue };
        match (ours, expected.as_str() == Some("refused")) {
            (Err(_), true) => case.same(key, &"refused", &"refused"),
            (Ok(Got::Number(v)), false) => case.number(key, v, expected, tolerance),
            (Ok(Got::Array(v)), false) => case.array(key, &v, expected, tolerance),
            (Ok(Got::Text(v)), false) => case.same(key, &v.as_str(), &expected.as_str().unwrap()),
            (Err(e), false) => case.same(key, &e.to_string(), &expected.to_string()),
            (Ok(_), true) => case.same(key, &"a value", &"refused"),
        }
    }
}

fn labels(v: &Value) -> Labels {
    let ints = numbers(v).into_iter().map(|v| v as i64);
    Labels::from(ints.collect::<Vec<_>>())
}

fn matrix(v: &Value, k: usize) -> Array2<f64> {
    let values = numbers(v);
    Array2::from_shape_vec((values.len() / k, k), values).unwrap()
}

fn vector(v: &Value) -> Array1<f64> {
    numbers(v).into()
}

fn average(name: &str) -> Average {
    match name {
        "macro" => Average::Macro,
        "micro" => Average::Micro,
        "weighted" => Average::Weighted,
        "samples" => Average::Samples,
        _ => Average::Binary,
    }
}

fn zero(name: &str) -> ZeroDivision {
    match name {
        "0" => ZeroDivision::Zero,
        "1" => ZeroDivision::One,
        _ => ZeroDivision::Nan,
    }
}

#[test]
fn classes_probabilities_labels() {
    Reference::read("more_class_metrics").each(3_400, |value, case| {
        let data = &value["data"];
        case.name = format!("{} {} w: {}", data["kind"], data["name"], data["w"]);
        let kind = data["kind"].as_str().unwrap();
        if kind == "labels" {
            let k = data["k"].as_u64().unwrap() as usize;
            let y = matrix(&data["y"], k);
            if data["w"].is_null() {
                return of_labels(case, value, &*y, k);
            }
            return of_labels(case, value, &y.weighted(&vector(&data["w"])), k);
        }
        let y = labels(&data["y"]);
        match (kind, data["w"].is_null()) {
            ("classes", true) => of_classes(case, value, &y),
            ("classes", false) => of_classes(case, value, &y.weighted(&vector(&data["w"]))),
            (_, true) => of_probabilities(case, value, &y),
            (_, false) => of_probabilities(case, value, &y.weighted(&vector(&data["w"]))),
        }
    });
}

fn of_classes<Y: ClassTarget>(case: &mut Case, value: &Value, y: &Y) {
    let p = &labels(&value["data"]["p"]);
    let kappa = |k: CohenKappaScore| got(k.score(y, p));
    compare(case, value, |key| match *key {
        ["accuracy_count"] => got(accuracy_count(y, p)),
        ["zero_one"] => got(zero_one_loss(y, p)),
        ["zero_one_count"] => got(zero_one_count(y, p)),
        ["hamming"] => got(hamming_loss(y, p)),
        ["adjusted"] => got(balanced_accuracy_score_adjusted(y, p)),
        ["matthews"] => got(matthews_corrcoef(y, p)),
        ["confusions"] => got(multilabel_confusion_matrix(y, p).map(|m| m.counts().clone())),
        ["confusions", _] => {
            let chosen = MultilabelConfusionMatrix::of_classes(y, p, [1, 0]);
            got(chosen.map(|m| m.counts().clone()))
        }
        ["kappa", "labels"] => kappa(CohenKappaScore::new().labels([1, 0])),
        ["kappa", "replaced"] => kappa(CohenKappaScore::new().replace_undefined_by(0.25)),
        ["kappa", "linear"] => kappa(CohenKappaScore::new().weights(KappaWeights::Linear)),
        ["kappa", "quadratic"] => kappa(CohenKappaScore::new().weights(KappaWeights::Quadratic)),
        ["kappa", _] => got(cohen_kappa_score(y, p)),
        [which @ ("positive" | "negative")] => {
            let undefined = || Error::invalid_input("ratio", "undefined");
            got(class_likelihood_ratios(y, p).and_then(|r| {
                let ratio = if which == "positive" {
                    r.positive
                } else {
                    r.negative
                };
                ratio.ok_or_else(undefined)
            }))
        }
        ["fbeta", a, beta] => got(fbeta_score(y, p, beta.parse().unwrap(), &average(a))),
        [metric, a, z] => {
            let scores = precision_recall_fscore_support(y, p).unwrap();
            got(averaged(
                &scores.zero_division(zero(z)),
                metric,
                &average(a),
            ))
        }
        _ => panic!("{key:?}"),
    });
}

/// An average over classes that are all left out is NaN, which the reference says is refused.
fn averaged(scores: &ClassScores, metric: &str, average: &Average) -> Result<f64> {
    let score = match metric {
        "precision" => scores.precision(average),
        "recall" => scores.recall(average),
        "f1" => scores.f1(average),
        _ => scores.jaccard(average),
    }?;
    match score.is_nan() {
        true => Err(Error::invalid_input(metric, "is NaN")),
        false => Ok(score),
    }
}

fn of_probabilities<Y: ClassTarget>(case: &mut Case, value: &Value, y: &Y) {
    let data = &value["data"];
    let k = data["k"].as_u64().unwrap() as usize;
    let classes: Vec<Class> = (0..k).map(Class::from).collect();
    let (proba, decision) = (matrix(&data["proba"], k), matrix(&data["decision"], k));
    let one = decision.column(decision.ncols() - 1).to_owned() - decision.column(0);
    let sure = proba.column(k - 1);
    compare(case, value, |key| match *key {
        ["log_loss_sum"] => got(log_loss_sum(y, &proba, &classes)),
        ["log_loss", _] => got(log_loss(y, &sure, &classes)),
        ["brier"] => got(brier_score_loss(y, &proba, &classes)),
        ["brier", "unscaled"] => got(brier_score_loss_unscaled(y, &proba, &classes)),
        ["brier", "one"] => got(brier_score_loss(y, &sure, &classes)),
        ["brier", _] => {
            let turned: Vec<Class> = classes.iter().rev().cloned().collect();
            got(brier_score_loss(y, &sure, &turned))
        }
        ["d2_log_loss"] => got(d2_log_loss_score(y, &proba, &classes)),
        ["d2_brier"] => got(d2_brier_score(y, &proba, &classes)),
        ["hinge"] if k == 2 => got(hinge_loss(y, &one, &classes)),
        ["hinge"] => got(hinge_loss(y, &decision, &classes)),
        ["top", top] if k == 2 => got(top_k_accuracy_score(
            y,
            &one,
            &classes,
            top.parse().unwrap(),
        )),
        ["top", top] => got(top_k_accuracy_score(
            y,
            &decision,
            &classes,
            top.parse().unwrap(),
        )),
        ["top_proba", _] => got(top_k_accuracy_score(y, &sure, &classes, 1)),
        ["top_count", top] => got(top_k_accuracy_count(
            y,
            &decision,
            &classes,
            top.parse().unwrap(),
        )),
        _ => panic!("{key:?}"),
    });
}

fn of_labels<Y>(case: &mut Case, value: &Value, y: &Y, k: usize)
where
    Y: ClassificationTarget<Predicted = ndarray::ArrayRef2<f64>>
        + fitwell::RealTargets<f64, Dim = Ix2>
        + ?Sized,
{
    let data = &value["data"];
    let (p, s) = (&matrix(&data["p"], k), &matrix(&data["s"], k));
    let columns = y.columns().to_owned() * Array1::from_shape_fn(k, |j| (j + 1) as f64);
    let relevance = |score: &dyn Fn(Relevance<'_>) -> Result<f64>| match y.sample_weight() {
        None => score(Relevance::Plain(&columns)),
        Some(w) => score(Relevance::Weighted(&columns.weighted(w))),
    };
    let step = 1e-3 / (s.len() - 1) as f64;
    let apart = Array2::from_shape_fn(s.dim(), |(i, j)| s[[i, j]] + step * (i * k + j) as f64);
    let options = |key: &str| match key {
        "k" => (DcgScore::new().k(2), s),
        "ties" => (DcgScore::new().ignore_ties(true), &apart),
        "base" => (DcgScore::new().log_base(10.0), s),
        _ => (DcgScore::new(), s),
    };
    let auc = RocAucScore::new();
    compare(case, value, |key| match *key {
        ["accuracy"] => got(accuracy_score(y, p)),
        ["zero_one_count"] => got(zero_one_count(y, p)),
        ["hamming"] => got(hamming_loss(y, p)),
        ["confusions"] => got(multilabel_confusion_matrix(y, p).map(|m| m.counts().clone())),
        ["confusions", "samples"] => {
            got(MultilabelConfusionMatrix::samplewise(y, p).map(|m| m.counts().clone()))
        }
        ["confusions", _] => {
            let chosen = MultilabelConfusionMatrix::of_classes(y, p, [1, 0]);
            got(chosen.map(|m| m.counts().clone()))
        }
        ["report"] => got(classification_report(y, p).map(|r| format!("{r:.3}"))),
        ["f1", "chosen"] => {
            let chosen = ClassScores::of_classes(y, p, [1, 0]).unwrap();
            got(chosen.f1(&Average::Samples))
        }
        ["coverage"] => got(coverage_error(y, s)),
        ["ranking_precision"] => got(label_ranking_average_precision_score(y, s)),
        ["ranking_loss"] => got(label_ranking_loss(y, s)),
        ["auc", "each"] => got(auc.per_label(y, s)),
        ["auc", a] => got(auc.clone().average(average(a)).score_labels(y, s)),
        ["auc_part", a] => got(auc
            .clone()
            .max_fpr(0.4)
            .average(average(a))
            .score_labels(y, s)),
        ["ap", "each"] => got(average_precision_per_label(y, s)),
        ["ap", a] => got(average_precision_score_labels(y, s, &average(a))),
        ["dcg", key] => {
            let (dcg, s) = options(key);
            got(relevance(&|y| match y {
                Relevance::Plain(y) => dcg.dcg(y, s),
                Relevance::Weighted(y) => dcg.dcg(y, s),
            }))
        }
        ["ndcg", key] => {
            let (dcg, s) = options(key);
            got(relevance(&|y| match y {
                Relevance::Plain(y) => dcg.ndcg(y, s),
                Relevance::Weighted(y) => dcg.ndcg(y, s),
            }))
        }
        [metric, a, z] => {
            let scores = precision_recall_fscore_support(y, p).unwrap();
            got(averaged(
                &scores.zero_division(zero(z)),
                metric,
                &average(a),
            ))
        }
        _ => panic!("{key:?}"),
    });
}

enum Relevance<'a> {
    Plain(&'a Array2<f64>),
    Weighted(&'a fitwell::Weighted<ndarray::ArrayRef2<f64>>),
}

#[test]
fn curves() {
    Reference::read("curves").each(900, |value, case| {
        let data = &value["data"];
        case.name = format!("{} {} w: {}", data["kind"], data["name"], data["w"]);
        let y = labels(&data["y"]);
        let classes = data["kind"] == "classes";
        match data["w"].is_null() {
            true if classes => of_rest(case, value, &y),
            true => of_curve(case, value, &y),
            false => {
                let y = y.weighted(&vector(&data["w"]));
                if classes {
                    of_rest(case, value, &y);
                } else {
                    of_curve(case, value, &y);
                }
            }
        }
    });
}

fn of_rest<Y: ClassTarget>(case: &mut Case, value: &Value, y: &Y) {
    let s = &matrix(&value["data"]["s"], 3);
    let classes = y.labels().classes();
    compare(case, value, |key| match *key {
        ["ap", "each"] => got(average_precision_per_class(y, s, classes)),
        ["ap", a] => got(average_precision_score_multiclass(
            y,
            s,
            classes,
            &average(a),
        )),
        _ => panic!("{key:?}"),
    });
}

fn of_curve<Y: ClassTarget>(case: &mut Case, value: &Value, y: &Y) {
    let data = &value["data"];
    let s = &vector(&data["s"]);
    let counts = || confusion_matrix_at_thresholds(y, s);
    compare(case, value, |key| match *key {
        ["auc"] => got(roc_auc_score(y, s)),
        ["auc", part] => got(RocAucScore::new()
            .max_fpr(part.parse().unwrap())
            .score(y, s)),
        ["ap"] => got(average_precision_score(y, s)),
        ["tns"] => got(counts().map(|c| c.tns())),
        ["fps"] => got(counts().map(|c| c.fps().clone())),
        ["fns"] => got(counts().map(|c| c.fns())),
        ["tps"] => got(counts().map(|c| c.tps().clone())),
        ["thresholds"] => got(counts().map(|c| c.thresholds().clone())),
        ["roc", drop, what] => {
            got(counts()
                .and_then(|c| c.roc_curve(drop == "True"))
                .map(|c| match what {
                    "fpr" => c.fpr().clone(),
                    "tpr" => c.tpr().clone(),
                    _ => c.thresholds().clone(),
                }))
        }
        ["pr", drop, what] => got(counts()
            .map(|c| c.precision_recall_curve(drop == "True"))
            .map(|c| match what {
                "precision" => c.precision().clone(),
                "recall" => c.recall().clone(),
                _ => c.thresholds().clone(),
            })),
        ["det", drop, what] => {
            got(counts()
                .and_then(|c| c.det_curve(drop == "True"))
                .map(|c| match what {
                    "fpr" => c.fpr().clone(),
                    "fnr" => c.fnr().clone(),
                    _ => c.thresholds().clone(),
                }))
        }
        ["values"] => got(metric_at_thresholds(y, s, accuracy_score).map(|v| v.0)),
        ["first", "ap"] => got(average_precision_score_of_class(y, s, 0)),
        ["first", _] => got(ThresholdCounts::of_class(y, s, 0)
            .and_then(|c| c.roc_curve(true))
            .map(|c| c.fpr().clone())),
        ["calibration", bins, strategy, what] => {
            let strategy = match strategy {
                "uniform" => BinStrategy::Uniform,
                _ => BinStrategy::Quantile,
            };
            let curve = CalibrationCurve::of_class(y, s, 1, bins.parse().unwrap(), strategy);
            got(curve.map(|c| match what {
                "true" => c.prob_true().clone(),
                _ => c.prob_pred().clone(),
            }))
        }
        _ => panic!("{key:?}"),
    });
}

#[test]
fn real_predictions() {
    Reference::read("more_regression_metrics").each(1_500, |value, case| {
        let data = &value["data"];
        case.name = format!("{} w: {}", data["name"], data["w"]);
        let (y, p) = (matrix(&data["y"], 2), matrix(&data["p"], 2));
        match data["w"].is_null() {
            true => of_real(case, value, &*y, &*y.column(0), &p),
            false => {
                let w = vector(&data["w"]);
                of_real(case, value, &y.weighted(&w), &y.column(0).weighted(&w), &p);
            }
        }
    });
}

fn of_real<Y, Z>(case: &mut Case, value: &Value, y: &Y, y1: &Z, p: &Array2<f64>)
where
    Y: fitwell::RealTargets<f64, Dim = Ix2> + ?Sized,
    Z: fitwell::RealTargets<f64, Dim = ndarray::Ix1> + ?Sized,
{
    let p1 = &p.column(0);
    let custom = Array1::from(vec![0.3, 0.7]);
    compare(case, value, |key| {
        macro_rules! forms {
            ($mean:expr, $each:expr) => {
                match key.last() {
                    Some(&"each") => got($each),
                    Some(&"custom") => got($each.and_then(|v| average_outputs(&v, &custom))),
                    _ => got($mean),
                }
            };
        }
        let alpha = || key[1].parse().unwrap();
        match key[0] {
            "max_error" if value["expected"]["max_error"] == "skip" => None,
            "max_error" => got(max_error(y1, p1)),
            "tweedie" => got(mean_tweedie_deviance(y1, p1, alpha())),
            "d2_tweedie" => got(d2_tweedie_score(y1, p1, alpha())),
            "poisson" => got(mean_poisson_deviance(y1, p1)),
            "gamma" => got(mean_gamma_deviance(y1, p1)),
            "msle" => forms!(
                mean_squared_log_error(y, p),
                mean_squared_log_error_per_target(y, p)
            ),
            "rmsle" => forms!(
                root_mean_squared_log_error(y, p),
                root_mean_squared_log_error_per_target(y, p)
            ),
            "mape" => forms!(
                mean_absolute_percentage_error(y, p),
                mean_absolute_percentage_error_per_target(y, p)
            ),
            "median" => forms!(
                median_absolute_error(y, p),
                median_absolute_error_per_target(y, p)
            ),
            "d2_absolute" => forms!(
                d2_absolute_error_score(y, p),
                d2_absolute_error_score_per_target(y, p)
            ),
            "pinball" => forms!(
                mean_pinball_loss(y, p, alpha()),
                mean_pinball_loss_per_target(y, p, alpha())
            ),
            "d2_pinball" => forms!(
                d2_pinball_score(y, p, alpha()),
                d2_pinball_score_per_target(y, p, alpha())
            ),
            "explained" if key.get(1) == Some(&"variance") => {
                let weighted =
                    ExplainedVarianceScore::new().multioutput(Multioutput::VarianceWeighted);
                got(weighted.score(y, p))
            }
            "explained" => forms!(
                explained_variance_score(y, p),
                ExplainedVarianceScore::new().per_target(y, p)
            ),
            _ => panic!("{key:?}"),
        }
    });
}

#[test]
fn clusterings() {
    Reference::read("clusterings").each(250, |value, case| {
        let data = &value["data"];
        case.name = format!("{} {}", data["kind"], data["name"]);
        if data["kind"] == "clusters" {
            return of_clusters(case, value);
        }
        let ints = |v: &Value| numbers(v).into_iter().map(|v| v as i64).collect::<Vec<_>>();
        let (a, b): (Vec<i64>, Vec<i64>) = if data["a"].is_null() {
            (0..4000).map(|i| (i % 7, i / 300)).unzip()
        } else {
            (ints(&data["a"]), ints(&data["b"]))
        };
        // One side as classes, the other as a clusterer gives it.
        let (a, b) = (&Labels::from(a), &Array1::from(b));
        let method = |name: &str| match name {
            "min" => AverageMethod::Min,
            "geometric" => AverageMethod::Geometric,
            "arithmetic" => AverageMethod::Arithmetic,
            _ => AverageMethod::Max,
        };
        let real = |m: Array2<u64>| m.mapv(|v| v as f64);
        compare(case, value, |key| match *key {
            ["rand"] => got(rand_score(a, b)),
            ["adjusted_rand"] => got(adjusted_rand_score(a, b)),
            ["mutual"] => got(mutual_info_score(a, b)),
            ["fowlkes"] => got(fowlkes_mallows_score(a, b)),
            ["homogeneity"] => got(homogeneity_score(a, b)),
            ["completeness"] => got(completeness_score(a, b)),
            ["v", beta] => got(v_measure_score(a, b, beta.parse().unwrap())),
            ["contingency"] => got(contingency_matrix(a, b).map(real)),
            ["pairs"] => got(pair_confusion_matrix(a, b).map(real)),
            ["adjusted_mutual", m] => got(adjusted_mutual_info_score(a, b, method(m))),
            ["normalized_mutual", m] => got(normalized_mutual_info_score(a, b, method(m))),
            _ => panic!("{key:?}"),
        });
    });
}

fn of_clusters(case: &mut Case, value: &Value) {
    use fitwell::metrics::pairwise::Metric;
    let data = &value["data"];
    let x = &matrix(&data["x"], data["p"].as_u64().unwrap() as usize);
    let groups = &numbers(&data["labels"])
        .into_iter()
        .map(|v| v as i64)
        .collect::<Vec<_>>();
    compare(case, value, |key| match *key {
        ["calinski"] => got(calinski_harabasz_score(x, groups)),
        ["davies"] => got(davies_bouldin_score(x, groups)),
        ["silhouette"] => got(silhouette_score(x, groups)),
        ["silhouettes"] => got(silhouette_samples(x, groups)),
        ["silhouette", metric] => {
            let metric = match metric {
                "manhattan" => Metric::Manhattan,
                "chebyshev" => Metric::Chebyshev,
                _ => Metric::Cosine,
            };
            got(Silhouette::new().metric(metric).score(x, groups))
        }
        _ => panic!("{key:?}"),
    });
}
