//! Metrics: what they must say of small inputs, and laws that hold for all.
#![allow(clippy::unwrap_used)]

use fitwell::metrics::*;
use fitwell::prelude::*;
use fitwell::{Class, random};
use ndarray::{Array1, Array2, Axis, array};
use rand_chacha::ChaCha8Rng;

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * (1.0 + a.abs().max(b.abs()))
}

fn below(n: usize, rng: &mut ChaCha8Rng) -> usize {
    (random::uniform(rng) * n as f64) as usize
}

/// True and predicted classes of `n` rows, mostly right, every class present; scores with ties; whole weights 0 to 3.
struct Case {
    y: Labels,
    predicted: Labels,
    proba: Array2<f64>,
    weights: Array1<f64>,
    real: Array2<f64>,
    guess: Array2<f64>,
}

fn case(seed: u64, n: usize, k: usize) -> Case {
    let mut rng = random::generator(seed);
    let truth: Vec<usize> = (0..n)
        .map(|i| if i < 2 * k { i % k } else { below(k, &mut rng) })
        .collect();
    let predicted: Labels = truth
        .iter()
        .map(|&t| {
            if random::uniform(&mut rng) < 0.6 {
                t
            } else {
                below(k, &mut rng)
            }
        })
        .collect();
    // Multiples of a tenth tie often.
    let mut proba = Array2::from_shape_simple_fn((n, k), || 0.1 * (1 + below(6, &mut rng)) as f64);
    for mut row in proba.rows_mut() {
        let total = row.sum();
        row /= total;
    }
    let weights = Array1::from_shape_fn(n, |i| {
        if i < 2 * k {
            1.0
        } else {
            below(4, &mut rng) as f64
        }
    });
    let real = Array2::from_shape_simple_fn((n, 2), || random::standard_normal(&mut rng));
    let guess =
        &real + &Array2::from_shape_simple_fn((n, 2), || 0.3 * random::standard_normal(&mut rng));
    Case {
        y: truth.into_iter().collect(),
        predicted,
        proba,
        weights,
        real,
        guess,
    }
}

/// Every metric that weights can enter, on chosen rows (which may repeat), with or without weights.
fn all_metrics(case: &Case, rows: &[usize], weighted: bool) -> Vec<(&'static str, f64)> {
    let y = Targets::select(&case.y, rows).unwrap();
    let p = Targets::select(&case.predicted, rows).unwrap();
    let proba = case.proba.select(Axis(0), rows);
    let real = case.real.select(Axis(0), rows);
    let guess = case.guess.select(Axis(0), rows);
    let weights = if weighted {
        case.weights.select(Axis(0), rows)
    } else {
        Array1::ones(rows.len())
    };
    let y = y.weighted(&weights);
    let real = real.weighted(&weights);
    let classes = case.y.classes();
    let mut out = vec![
        ("accuracy", accuracy_score(&y, &p).unwrap()),
        ("balanced", balanced_accuracy_score(&y, &p).unwrap()),
        ("log loss", log_loss(&y, &proba, classes).unwrap()),
        (
            "cells",
            confusion_matrix(&y, &p).unwrap().normalized(Normalize::All)[[0, 1]],
        ),
        ("r2", r2_score(&real, &guess).unwrap()),
        ("mse", mean_squared_error(&real, &guess).unwrap()),
        ("rmse", root_mean_squared_error(&real, &guess).unwrap()),
        ("mae", mean_absolute_error(&real, &guess).unwrap()),
    ];
    for average in [Average::Macro, Average::Micro, Average::Weighted] {
        out.push(("precision", precision_score(&y, &p, &average).unwrap()));
        out.push(("recall", recall_score(&y, &p, &average).unwrap()));
        out.push(("f1", f1_score(&y, &p, &average).unwrap()));
        out.push(("f2", fbeta_score(&y, &p, 2.0, &average).unwrap()));
    }
    out.extend([
        ("zero-one", zero_one_loss(&y, &p).unwrap()),
        ("hamming", hamming_loss(&y, &p).unwrap()),
        (
            "adjusted",
            balanced_accuracy_score_adjusted(&y, &p).unwrap(),
        ),
        ("kappa", cohen_kappa_score(&y, &p).unwrap()),
        ("matthews", matthews_corrcoef(&y, &p).unwrap()),
        ("jaccard", jaccard_score(&y, &p, &Average::Macro).unwrap()),
        ("brier", brier_score_loss(&y, &proba, classes).unwrap()),
        ("d2 log", d2_log_loss_score(&y, &proba, classes).unwrap()),
        ("d2 brier", d2_brier_score(&y, &proba, classes).unwrap()),
        ("hinge", hinge_loss(&y, &proba, classes).unwrap()),
        (
            "top 2",
            top_k_accuracy_score(&y, &proba, classes, 2).unwrap(),
        ),
        ("median", median_absolute_error(&real, &guess).unwrap()),
        ("pinball", mean_pinball_loss(&real, &guess, 0.3).unwrap()),
        ("d2 pinball", d2_pinball_score(&real, &guess, 0.3).unwrap()),
        (
            "explained",
            explained_variance_score(&real, &guess).unwrap(),
        ),
    ]);
    let above = |values: &ndarray::ArrayRef2<f64>| values.mapv(|v| f64::from(u8::from(v > 0.0)));
    let (tags, tagged) = (above(real.target()).weighted(&weights), above(&guess));
    let scores = RocAucScore::new();
    out.extend([
        ("labels right", accuracy_score(&tags, &tagged).unwrap()),
        ("labels wrong", hamming_loss(&tags, &tagged).unwrap()),
        ("coverage", coverage_error(&tags, &guess).unwrap()),
        ("ranking", label_ranking_loss(&tags, &guess).unwrap()),
        ("gain", ndcg_score(&tags, &guess).unwrap()),
        ("labels auc", scores.score_labels(&tags, &guess).unwrap()),
    ]);
    for average in [
        Average::Macro,
        Average::Micro,
        Average::Weighted,
        Average::Samples,
    ] {
        out.push(("labels f1", f1_score(&tags, &tagged, &average).unwrap()));
        let precision = average_precision_score_labels(&tags, &guess, &average);
        out.push(("labels ap", precision.unwrap()));
    }
    for multi_class in [
        MultiClass::OvrMacro,
        MultiClass::OvrWeighted,
        MultiClass::OvrMicro,
    ] {
        out.push((
            "auc",
            roc_auc_score_multiclass(&y, &proba, classes, multi_class).unwrap(),
        ));
    }
    out
}

#[test]
fn the_order_of_rows_does_not_matter() {
    for seed in 0..20 {
        let case = case(seed, 40, 3);
        let rows: Vec<usize> = (0..40).collect();
        let shuffled = random::permutation(40, &mut random::generator(seed + 100));
        let (a, b) = (
            all_metrics(&case, &rows, true),
            all_metrics(&case, &shuffled, true),
        );
        for ((name, a), (_, b)) in a.into_iter().zip(b) {
            assert!(close(a, b), "{name}, seed {seed}: {a} {b}");
        }
    }
}

#[test]
fn a_weight_repeats_its_row_and_zero_removes_it() {
    for seed in 0..20 {
        let case = case(seed, 40, 3);
        let rows: Vec<usize> = (0..40).collect();
        let repeated: Vec<usize> = rows
            .iter()
            .flat_map(|&i| std::iter::repeat_n(i, case.weights[i] as usize))
            .collect();
        let (a, b) = (
            all_metrics(&case, &rows, true),
            all_metrics(&case, &repeated, false),
        );
        for ((name, a), (_, b)) in a.into_iter().zip(b) {
            assert!(close(a, b), "{name}, seed {seed}: {a} {b}");
        }
    }
}

#[test]
fn views_in_any_direction_are_read_in_their_order() {
    let (y, p, w) = (
        array![1.0, 2.0, 4.0],
        array![1.0, 3.0, 7.0],
        array![1.0, 2.0, 3.0],
    );
    let expected = (2.0 + 27.0) / 6.0;
    assert!(close(
        mean_squared_error(&y.weighted(&w), &p).unwrap(),
        expected
    ));
    let back = ndarray::s![..;-1];
    let reversed = y.slice(back).weighted(&w.slice(back));
    assert!(close(
        mean_squared_error(&reversed, &p.slice(back)).unwrap(),
        expected
    ));
    let both = r2_score(&y.weighted(&w), &p).unwrap();
    assert!(close(r2_score(&reversed, &p.slice(back)).unwrap(), both));
}

#[test]
fn names_of_classes_do_not_matter_as_long_as_their_order_stays() {
    let case = case(3, 50, 3);
    let names = ["ant", "bee", "cat"];
    let rename = |l: &Labels| -> Labels { l.codes().iter().map(|&c| names[c as usize]).collect() };
    let (y, p) = (rename(&case.y), rename(&case.predicted));
    let report = classification_report(&y, &p).unwrap();
    let numbers = classification_report(&case.y, &case.predicted).unwrap();
    assert!(close(report.macro_avg().f1, numbers.macro_avg().f1));
    let (a, b) = (
        log_loss(&y, &case.proba, y.classes()),
        log_loss(&case.y, &case.proba, case.y.classes()),
    );
    assert!(close(a.unwrap(), b.unwrap()));
    // Columns in another order, told so, give the same.
    let reversed = case.proba.select(Axis(1), &[2, 1, 0]);
    let classes: Vec<Class> = y.classes().iter().rev().cloned().collect();
    assert!(close(
        log_loss(&y, &reversed, &classes).unwrap(),
        log_loss(&y, &case.proba, y.classes()).unwrap()
    ));
    assert!(close(
        roc_auc_score_multiclass(&y, &reversed, &classes, MultiClass::OvoMacro).unwrap(),
        roc_auc_score_multiclass(&y, &case.proba, y.classes(), MultiClass::OvoMacro).unwrap()
    ));
}

/// The probability that a positive row outranks a negative one, pair by pair.
fn mann_whitney(y: &[u32], scores: &[f64], weights: &[f64]) -> f64 {
    let (mut won, mut all) = (0.0, 0.0);
    for i in 0..y.len() {
        for j in 0..y.len() {
            if y[i] == 1 && y[j] == 0 {
                let pair = weights[i] * weights[j];
                all += pair;
                won += match scores[i].total_cmp(&scores[j]) {
                    std::cmp::Ordering::Greater => pair,
                    std::cmp::Ordering::Equal => pair / 2.0,
                    std::cmp::Ordering::Less => 0.0,
                };
            }
        }
    }
    won / all
}

#[test]
fn the_area_under_the_curve_is_the_mann_whitney_statistic() {
    for seed in 0..30 {
        let case = case(seed, 35, 2);
        let scores = case.proba.column(1).to_owned();
        let expected = mann_whitney(case.y.codes(), &scores.to_vec(), &case.weights.to_vec());
        let got = roc_auc_score(&case.y.weighted(&case.weights), &scores).unwrap();
        assert!(close(got, expected), "seed {seed}: {got} {expected}");
        // Turning the scores round turns the area round.
        let turned = roc_auc_score(&case.y.weighted(&case.weights), &scores.mapv(|s| -s)).unwrap();
        assert!(close(got + turned, 1.0));
    }
    let y = Labels::from([0, 1]);
    assert!(
        close(roc_auc_score(&y, &array![0.0, -0.0]).unwrap(), 0.5),
        "the two zeros tie"
    );
}

#[test]
fn pairs_of_two_classes_are_the_one_pair() {
    let case = case(5, 40, 2);
    let one = roc_auc_score(&case.y, &case.proba.column(1)).unwrap();
    for multi_class in [
        MultiClass::OvoMacro,
        MultiClass::OvoWeighted,
        MultiClass::OvrMacro,
    ] {
        let all =
            roc_auc_score_multiclass(&case.y, &case.proba, case.y.classes(), multi_class).unwrap();
        assert!(close(one, all));
    }
    let each = roc_auc_per_class(&case.y, &case.proba, case.y.classes()).unwrap();
    assert!(close(each[0], one) && close(each[1], one));
}

#[test]
fn pairs_are_those_of_the_classes_that_occur() {
    // scikit-learn 1.9.1: roc_auc_score(y, p, multi_class="ovo", labels=[-2, 1, 4]) is 0.25.
    let y = Labels::from([-2, 4, 4, 4, 4]);
    let classes = Labels::from([-2, 1, 4]).classes().to_vec();
    let mut proba = Array2::zeros((5, 3));
    for (i, column) in [2, 2, 0, 0, 2].into_iter().enumerate() {
        proba[[i, column]] = 1.0;
    }
    let of = |y: &Labels, how| roc_auc_score_multiclass(y, &proba, &classes, how);
    assert!(close(of(&y, MultiClass::OvoMacro).unwrap(), 0.25));
    assert!(close(of(&y, MultiClass::OvoWeighted).unwrap(), 0.25));
    // The same weighted, and with average="weighted", multi_class="ovr".
    let weighted = of(&y, MultiClass::OvrWeighted).unwrap();
    assert!(close(weighted, 0.25), "{weighted}");
    assert!(of(&y, MultiClass::OvrMacro).is_err());
    assert!(of(&Labels::from([4; 5]), MultiClass::OvoMacro).is_err());
    assert!(of(&Labels::from([4; 5]), MultiClass::OvrWeighted).is_err());
}

#[test]
fn rows_without_weight_say_nothing_of_samples() {
    // scikit-learn 1.9.1, zero_division=nan: the recall of rows without true labels is not defined, the third has no weight.
    let y = array![[0.0, 0.0], [0.0, 0.0], [0.0, 1.0]];
    let predicted = array![[1.0, 0.0], [0.0, 0.0], [1.0, 0.0]];
    let weighted = y.weighted(&array![2.0, 1.0, 0.0]);
    let scores = precision_recall_fscore_support(&weighted, &predicted).unwrap();
    let scores = scores.zero_division(ZeroDivision::Nan);
    assert!(scores.recall(&Average::Samples).unwrap().is_nan());
    assert_eq!(scores.precision(&Average::Samples).unwrap(), 0.0);
}

#[test]
fn averages_of_class_scores() {
    // Class by class: a 2 hits of 3 predicted and 2 true; b 1 of 1 and 2; c 0 of 0 and 0.
    let y = Labels::from(["a", "a", "b", "b"]);
    let scores =
        ClassScores::of_classes(&y, &Labels::from(["a", "a", "a", "b"]), ["a", "b", "c"]).unwrap();
    let zero = scores.clone().zero_division(ZeroDivision::Zero);
    assert!(close(
        zero.precision(&Average::Macro).unwrap(),
        (2.0 / 3.0 + 1.0 + 0.0) / 3.0
    ));
    assert!(close(
        zero.precision(&Average::Weighted).unwrap(),
        (2.0 / 3.0 + 1.0) / 2.0
    ));
    assert!(close(zero.precision(&Average::Micro).unwrap(), 0.75));
    let one = scores.clone().zero_division(ZeroDivision::One);
    assert!(close(
        one.recall(&Average::Macro).unwrap(),
        (1.0 + 0.5 + 1.0) / 3.0
    ));
    let nan = scores.zero_division(ZeroDivision::Nan);
    assert!(close(
        nan.precision(&Average::Macro).unwrap(),
        (2.0 / 3.0 + 1.0) / 2.0
    ));
    assert!(nan.per_class()[2].f1.is_nan());
    assert!(close(
        nan.fbeta(f64::INFINITY, &Average::Micro).unwrap(),
        nan.recall(&Average::Micro).unwrap()
    ));
    assert!(close(
        nan.fbeta(0.0, &Average::Micro).unwrap(),
        nan.precision(&Average::Micro).unwrap()
    ));
}

#[test]
fn the_positive_class() {
    let (y, p) = (
        Labels::from([true, true, false]),
        Labels::from([true, false, false]),
    );
    assert!(close(recall_score(&y, &p, &Average::Binary).unwrap(), 0.5));
    assert!(close(
        recall_score(&y, &p, &Average::positive(false)).unwrap(),
        1.0
    ));
    let (y, p) = (Labels::from(["no", "yes"]), Labels::from(["no", "no"]));
    let unknown = f1_score(&y, &p, &Average::Binary).unwrap_err();
    assert!(
        matches!(unknown.kind(), ErrorKind::UnknownLabel { known, .. } if known == &["no", "yes"])
    );
    // Only the other class occurs: nothing to find.
    let zeros = Labels::from([0, 0]);
    assert!(close(
        recall_score(&zeros, &zeros, &Average::Binary).unwrap(),
        0.0
    ));
    let three = Labels::from([0, 1, 2]);
    let refused = precision_score(&three, &three, &Average::Binary).unwrap_err();
    assert!(refused.to_string().contains("choose Macro"), "{refused}");
}

#[test]
fn the_report_can_be_read_back() {
    let case = case(7, 200, 4);
    for weighted in [false, true] {
        let y = case.y.weighted(&(&case.weights + 0.25));
        let report = if weighted {
            classification_report(&y, &case.predicted).unwrap()
        } else {
            classification_report(&case.y, &case.predicted).unwrap()
        };
        let text = format!("{report:.6}");
        let cells: Vec<Vec<&str>> = text
            .lines()
            .map(|l| l.split_whitespace().collect())
            .collect();
        assert_eq!(cells[0], ["precision", "recall", "f1-score", "support"]);
        for (row, line) in report.rows().iter().zip(&cells[2..]) {
            assert_eq!(line[0], row.class.to_string());
            for (text, value) in
                line[1..]
                    .iter()
                    .zip([row.precision, row.recall, row.f1, row.support])
            {
                assert!((text.parse::<f64>().unwrap() - value).abs() < 1e-6);
            }
        }
        let accuracy = cells
            .iter()
            .find(|c| c.first() == Some(&"accuracy"))
            .unwrap();
        assert!((accuracy[1].parse::<f64>().unwrap() - report.accuracy().unwrap()).abs() < 1e-6);
        let width = text.lines().next().unwrap().chars().count();
        assert!(
            text.lines()
                .filter(|l| !l.is_empty())
                .all(|l| l.chars().count() >= width)
        );
    }
}

#[test]
fn names_of_the_report_can_be_changed_but_not_their_number() {
    let y = Labels::from([0, 1]);
    let report = classification_report(&y, &y).unwrap();
    assert!(report.clone().with_names(["only one"]).is_err());
    let text = report
        .with_names(["died", "a name longer than the averages"])
        .unwrap()
        .to_string();
    assert!(
        text.contains("\na name longer than the averages  "),
        "{text}"
    );
}

#[test]
fn constant_targets_and_r2() {
    let y = Array1::from_elem(10, 0.1);
    assert!(close(r2_score(&y, &y).unwrap(), 1.0));
    assert!(close(r2_score(&y, &(&y + 1e-8)).unwrap(), 0.0));
    let exact = R2Score::new().force_finite(false);
    assert!(exact.score(&y, &y).unwrap().is_nan());
    assert!(exact.score(&y, &(&y + 1e-8)).unwrap() == f64::NEG_INFINITY);
    let (y2, p2) = (
        array![[1.0, 1.0], [1.0, 2.0]],
        array![[1.0, 1.0], [1.0, 2.5]],
    );
    let each = R2Score::new().per_target(&y2, &p2).unwrap();
    assert!(close(each[0], 1.0) && close(each[1], 0.5));
    let by_variance = R2Score::new().multioutput(Multioutput::VarianceWeighted);
    assert!(close(by_variance.score(&y2, &p2).unwrap(), 0.5));
    let constant = array![[1.0, 2.0], [1.0, 2.0]];
    assert!(close(by_variance.score(&constant, &constant).unwrap(), 1.0));
}

#[test]
fn single_precision_keeps_the_digits_of_its_values() {
    let y = Array1::from_shape_fn(100_000, |i| (i % 7) as f32);
    let p = &y + 0.5f32;
    assert!(close(mean_squared_error(&y, &p).unwrap(), 0.25));
    assert!(close(mean_absolute_error(&y, &p).unwrap(), 0.5));
    let labels = Labels::from([0, 1]);
    let loss = log_loss(
        &labels,
        &array![[1.0f32, 0.0], [1.0, 0.0]],
        labels.classes(),
    )
    .unwrap();
    // One confident mistake, kept an epsilon of f32 away from 0.
    assert!((loss + (f64::from(f32::EPSILON)).ln() / 2.0).abs() < 1e-6);
}

#[test]
fn bad_input_is_an_error_that_says_where() {
    let y = Labels::from([0, 1, 1]);
    let empty = Labels::from(Vec::<i64>::new());
    let kind = |e: Error| format!("{:?}", e.kind());
    assert!(kind(accuracy_score(&empty, &empty).unwrap_err()).starts_with("EmptyInput"));
    assert!(
        kind(accuracy_score(&y, &Labels::from([0, 1])).unwrap_err()).starts_with("ShapeMismatch")
    );
    assert!(
        accuracy_score(&y, &Labels::from(["0", "1", "1"]))
            .unwrap_err()
            .to_string()
            .contains("texts")
    );
    assert!(accuracy_score(&y.weighted(&array![1.0, 2.0]), &y).is_err());
    assert!(accuracy_score(&y.weighted(&array![0.0, 0.0, 0.0]), &y).is_err());
    assert!(accuracy_score(&y.weighted(&array![1.0, f64::NAN, 1.0]), &y).is_err());
    assert!(fbeta_score(&y, &y, f64::NAN, &Average::Macro).is_err());
    assert!(fbeta_score(&y, &y, -1.0, &Average::Macro).is_err());
    assert!(ConfusionMatrix::of_classes(&y, &y, [7]).is_err());
    assert!(ConfusionMatrix::of_classes(&y, &y, [1, 1]).is_err());
    assert!(ClassScores::of_classes(&y, &y, Vec::<i64>::new()).is_err());

    let classes = y.classes();
    let proba = array![[0.5, 0.5], [0.1, 0.9], [0.2, 0.8]];
    let with = |row: usize, column: usize, value: f64| {
        let mut p = proba.clone();
        p[[row, column]] = value;
        p
    };
    assert_eq!(
        log_loss(&y, &with(2, 1, f64::NAN), classes)
            .unwrap_err()
            .to_string(),
        "probabilities: row 2, column 1 is NaN"
    );
    assert!(
        log_loss(&y, &with(1, 0, -0.1), classes)
            .unwrap_err()
            .to_string()
            .contains("row 1, column 0 is -0.1")
    );
    assert!(
        log_loss(&y, &with(1, 0, 0.3), classes)
            .unwrap_err()
            .to_string()
            .contains("row 1 sums to 1.2")
    );
    assert!(
        kind(log_loss(&y, &proba, &[Class::from(0), Class::from(2)]).unwrap_err())
            .starts_with("UnknownLabel")
    );
    assert!(kind(log_loss(&y, &proba, &classes[..1]).unwrap_err()).starts_with("InvalidInput"));
    assert!(log_loss(&y, &proba, &[Class::from(0), Class::from(0)]).is_err());

    let one = Labels::from([1, 1, 1]);
    let single = roc_auc_score(&one, &array![0.1, 0.2, 0.3]).unwrap_err();
    assert!(
        single.to_string().contains("only class 1 occurs"),
        "{single}"
    );
    let emptied = roc_auc_score(&y.weighted(&array![0.0, 1.0, 1.0]), &array![0.1, 0.2, 0.3]);
    assert!(emptied.is_err());
    assert!(roc_auc_score(&y, &array![0.1, f64::INFINITY, 0.3]).is_err());
    assert!(
        roc_auc_score(&Labels::from([0, 1, 2]), &array![0.1, 0.2, 0.3])
            .unwrap_err()
            .to_string()
            .contains("multiclass")
    );
    // Pairs of classes take no weights, unless these are all alike.
    let weighted = y.weighted(&array![1.0, 2.0, 1.0]);
    assert!(roc_auc_score_multiclass(&weighted, &proba, classes, MultiClass::OvoMacro).is_err());
    let alike = y.weighted(&array![2.0, 2.0, 2.0]);
    assert_eq!(
        roc_auc_score_multiclass(&alike, &proba, classes, MultiClass::OvoMacro).unwrap(),
        roc_auc_score_multiclass(&y, &proba, classes, MultiClass::OvoMacro).unwrap()
    );

    assert!(kind(r2_score(&array![1.0], &array![1.0]).unwrap_err()).starts_with("TooFewSamples"));
    assert!(
        kind(r2_score(&array![1.0, f64::NAN], &array![1.0, 2.0]).unwrap_err())
            .starts_with("NonFinite")
    );
    assert!(
        kind(mean_squared_error(&array![1.0, 2.0], &array![1.0, f64::INFINITY]).unwrap_err())
            .starts_with("NonFinite")
    );
    assert!(
        kind(mean_squared_error(&array![1e200], &array![-1e200]).unwrap_err())
            .starts_with("Overflow")
    );
    assert!(
        kind(mean_squared_error(&array![[1.0, 2.0]], &array![[1.0]]).unwrap_err())
            .starts_with("ShapeMismatch")
    );
    assert!(
        kind(mean_absolute_error(&Array1::<f64>::zeros(0), &Array1::<f64>::zeros(0)).unwrap_err())
            .starts_with("EmptyInput")
    );
}

#[test]
fn the_confusion_matrix_shows_its_classes() {
    let (y, p) = (
        Labels::from(["cat", "dog", "dog"]),
        Labels::from(["cat", "dog", "cat"]),
    );
    let matrix = confusion_matrix(&y, &p).unwrap();
    assert_eq!(
        matrix.to_string(),
        "true \\ predicted  cat  dog\n             cat    1    0\n             dog    1    1"
    );
    let turned = ConfusionMatrix::of_classes(&y, &p, ["dog", "cat"]).unwrap();
    assert!(close(turned.counts()[[0, 1]], 1.0) && turned.classes()[0] == Class::from("dog"));
    let part = ConfusionMatrix::of_classes(&y, &p, ["dog", "owl"]).unwrap();
    assert!(close(part.counts().sum(), 1.0));
    assert!(
        part.normalized(Normalize::True)
            .iter()
            .all(|v| v.is_finite())
    );
}

#[test]
fn several_labels_are_refused_where_they_make_no_sense() {
    let (y, p) = (
        array![[1.0, 0.0], [0.0, 1.0]],
        array![[1.0, 0.0], [1.0, 1.0]],
    );
    let text = |e: Error| e.to_string();
    assert!(text(f1_score(&y, &p, &Average::Binary).unwrap_err()).contains("several labels"));
    let two = &array![[1.0, 2.0], [0.0, 1.0]];
    assert!(text(accuracy_score(&y, two).unwrap_err()).contains("y_pred: row 0, column 1 is 2"));
    assert!(text(accuracy_score(&y, &array![[1.0], [0.0]]).unwrap_err()).contains("expected 2"));
    assert!(accuracy_score(&array![[f64::NAN, 0.0], [0.0, 1.0]], &p).is_err());
    assert!(ClassScores::of_classes(&y, &p, [2]).is_err());
    assert!(ClassScores::of_classes(&y, &p, ["a"]).is_err());
    let none = Array2::<f64>::zeros((0, 2));
    assert!(accuracy_score(&none, &none).is_err() && coverage_error(&none, &none).is_err());
    let classes = Labels::from([0, 1]);
    let samples = f1_score(&classes, &classes, &Average::Samples).unwrap_err();
    assert!(text(samples).contains("several labels in columns"));
    assert!(MultilabelConfusionMatrix::samplewise(&classes, &classes).is_err());
    let shown = multilabel_confusion_matrix(&y, &p).unwrap().to_string();
    assert_eq!(
        shown,
        "class  tn  fp  fn  tp\n    0   0   1   0   1\n    1   1   0   0   1"
    );
}

#[test]
fn curves_are_shown_as_tables() {
    let y = Labels::from([0, 1, 0, 1]);
    let curve = roc_curve(&y, &array![0.1, 0.4, 0.35, 0.8]).unwrap();
    let lines: Vec<String> = format!("{curve:.2}").lines().map(String::from).collect();
    assert_eq!(
        lines,
        [
            " fpr   tpr  threshold",
            "0.00  0.00        inf",
            "0.00  0.50       0.80",
            "0.00  1.00       0.40",
            "1.00  1.00       0.10"
        ]
    );
    let many = Array1::from_shape_fn(100, |i| i as f64);
    let y: Labels = (0..100).map(|i| i64::from(i % 2)).collect();
    let text = precision_recall_curve(&y, &many).unwrap().to_string();
    assert!(
        text.contains("... (101 points)") && text.lines().count() == 22,
        "{text}"
    );
    assert!(
        text.lines().last().unwrap().starts_with("   1.0000"),
        "{text}"
    );
}

#[test]
fn bad_parameters_of_metrics_are_named() {
    let named = |e: Error, parameter: &str| {
        assert!(
            matches!(e.kind(), ErrorKind::InvalidParameter { name, .. } if name == parameter),
            "{e}"
        );
    };
    let (y, s) = (Labels::from([0, 1]), array![0.2, 0.7]);
    for bad in [0.0, -0.5, 1.5, f64::NAN] {
        named(
            RocAucScore::new().max_fpr(bad).score(&y, &s).unwrap_err(),
            "max_fpr",
        );
        named(
            DcgScore::new()
                .log_base(bad - bad.abs())
                .dcg(&array![[1.0, 0.0]], &array![[1.0, 0.0]])
                .unwrap_err(),
            "log_base",
        );
    }
    named(
        top_k_accuracy_score(&y, &s, y.classes(), 0).unwrap_err(),
        "k",
    );
    named(
        DcgScore::new()
            .k(0)
            .dcg(&array![[1.0, 0.0]], &array![[1.0, 0.0]])
            .unwrap_err(),
        "k",
    );
    named(mean_pinball_loss(&s, &s, 1.5).unwrap_err(), "alpha");
    named(mean_tweedie_deviance(&s, &s, 0.5).unwrap_err(), "power");
    named(
        mean_tweedie_deviance(&s, &s, f64::INFINITY).unwrap_err(),
        "power",
    );
    named(calibration_curve(&y, &s, 0).unwrap_err(), "n_bins");
    named(v_measure_score(&y, &y, f64::NAN).unwrap_err(), "beta");
    // As many bins as there are numbers cost nothing.
    assert_eq!(
        calibration_curve(&y, &s, 1 << 53).unwrap().prob_true(),
        array![0.0, 1.0]
    );
}

#[test]
fn silhouettes_in_single_precision_in_any_layout_and_far_apart() {
    let mut rng = random::generator(3);
    let groups: Vec<i64> = (0..90).map(|i| i % 4).collect();
    let x = Array2::from_shape_fn((90, 3), |(i, _)| {
        3.0 * groups[i] as f64 + random::standard_normal(&mut rng)
    });
    let each = silhouette_samples(&x, &groups).unwrap();
    let apart = Silhouette::new().metric(pairwise::Metric::Precomputed);
    let params = pairwise::MetricParams::new();
    let distances =
        pairwise::pairwise_distances(&x, None, pairwise::Metric::Euclidean, &params).unwrap();
    for (a, b) in each.iter().zip(apart.samples(&distances, &groups).unwrap()) {
        assert!(close(*a, b), "{a} {b}");
    }
    let single = silhouette_score(&x.mapv(|v| v as f32), &groups).unwrap();
    assert!((single - each.mean().unwrap()).abs() < 1e-6);
    let turned = silhouette_score(&x.t().to_owned().t(), &groups).unwrap();
    assert!(close(turned, each.mean().unwrap()));
    for scale in [1e200, 1e-200] {
        assert!(
            close(silhouette_score(&(&x * scale), &groups).unwrap(), turned),
            "{scale}"
        );
    }
    let sample = Silhouette::new().sample_size(40);
    assert!((sample.score(&x, &groups).unwrap() - turned).abs() < 0.2);
    assert!(sample.score(&x, &groups[..80]).is_err());
    assert!(silhouette_score(&x, &groups[..80]).is_err());
    assert!(apart.score(&x, &groups).is_err());
}

#[test]
fn distances_in_blocks_side_by_side_and_with_holes() {
    use fitwell::metrics::pairwise::*;
    let mut rng = random::generator(8);
    let x = Array2::from_shape_simple_fn((9, 4), || random::standard_normal(&mut rng));
    let y = Array2::from_shape_simple_fn((9, 4), || random::standard_normal(&mut rng));
    let params = MetricParams::new();
    for metric in [
        Metric::Euclidean,
        Metric::Cosine,
        Metric::Canberra,
        Metric::Chebyshev,
    ] {
        let all = pairwise_distances(&x, Some(&y), metric, &params).unwrap();
        let paired = paired_distances(&x, &y, metric, &params).unwrap();
        assert!(
            paired.iter().zip(all.diag()).all(|(a, b)| close(*a, *b)),
            "{metric}"
        );
        let mut rows = 0;
        pairwise_distances_chunked(&x, Some(&y), metric, &params, |range, block| {
            rows += range.len();
            assert_eq!(block, all.slice(ndarray::s![range, ..]));
            Ok(())
        })
        .unwrap();
        assert_eq!(rows, 9);
        let nearest = pairwise_distances_argmin(&x, &y, metric, &params).unwrap();
        for (row, &j) in all.rows().into_iter().zip(&nearest) {
            assert!(row.iter().all(|&d| d >= row[j]));
        }
    }
    assert!(
        paired_distances(
            &x,
            &y.slice(ndarray::s![..5, ..]),
            Metric::Euclidean,
            &params
        )
        .is_err()
    );
    let stop = |_: std::ops::Range<usize>, _: ndarray::ArrayView2<'_, f64>| {
        Err(Error::invalid_input("block", "stop"))
    };
    assert!(pairwise_distances_chunked(&x, None, Metric::Euclidean, &params, stop).is_err());
    // scikit-learn's documentation: nan_euclidean_distances([[3, nan, nan, 6]], [[1, nan, 4, 5]]) is sqrt(4/2 (4 + 1)).
    let holes = nan_euclidean_distances(
        &array![[3.0, f64::NAN, f64::NAN, 6.0]],
        Some(&array![[1.0, f64::NAN, 4.0, 5.0]]),
    );
    assert!(close(holes.unwrap()[[0, 0]], 10f64.sqrt()));
    let full = nan_euclidean_distances(&x, None).unwrap();
    let expected = euclidean_distances(&x, None).unwrap();
    assert!(full.iter().zip(&expected).all(|(a, b)| close(*a, *b)));
    let none = nan_euclidean_distances(&array![[1.0, f64::NAN], [f64::NAN, 1.0]], None).unwrap();
    assert!(none[[0, 1]].is_nan() && none[[0, 0]] == 0.0);
    let nothing = nan_euclidean_distances(&array![[f64::NAN], [1.0]], None).unwrap();
    assert!(nothing[[0, 0]].is_nan() && nothing[[1, 1]] == 0.0);
    let far =
        nan_euclidean_distances(&array![[1e200, f64::NAN]], Some(&array![[-1e200, 0.0]])).unwrap();
    assert!((far[[0, 0]] / (2e200 * 2f64.sqrt()) - 1.0).abs() < 1e-14);
    assert!(nan_euclidean_distances(&array![[f64::INFINITY]], None).is_err());
}

mod scorers {
    use fitwell::cluster::KMeans;
    use fitwell::linear_model::{LogisticRegression, Ridge, RidgeClassifier};
    use fitwell::model_selection::*;
    use fitwell::neural_network::{MlpClassifier, Solver};
    use ndarray::{ArrayRef1, ArrayRef2};

    use super::*;

    fn rows(n: usize) -> (Array2<f64>, Array1<f64>) {
        let mut rng = random::generator(11);
        let x = Array2::from_shape_simple_fn((n, 2), || random::standard_normal(&mut rng));
        let w = Array1::from_shape_fn(n, |i| (i % 3) as f64);
        (x, w)
    }

    /// What a scorer of a name says of a model.
    fn told<S, M, X: ?Sized, Y: ?Sized>(name: &str, model: &M, x: &X, y: &Y) -> Result<f64>
    where
        S: NamedScorer + Scorer<M, X, Y>,
    {
        let scorer: S = scorer_by_name(name)?;
        assert_eq!(scorer.name(), name);
        scorer.score(model, x, y)
    }

    #[test]
    fn of_classes_decisions_and_probabilities() {
        let (x, w) = rows(60);
        for k in [2, 3] {
            let y: Labels = x
                .rows()
                .into_iter()
                .enumerate()
                .map(|(i, r)| {
                    (((r[0] > 0.0) as i64) + ((r[1] > 0.5) as i64) + ((i % 9 == 0) as i64)) % k
                })
                .collect();
            let model = LogisticRegression::new().fit(&x, &y).unwrap();
            let ridge = RidgeClassifier::new().fit(&x, &y).unwrap();
            let x: &ArrayRef2<f64> = &x;
            let y = &y.weighted(&w);
            let (p, proba, c) = (
                model.predict(x).unwrap(),
                model.predict_proba(x).unwrap(),
                model.classes(),
            );
            let (rp, d) = (
                ridge.predict(x).unwrap(),
                ridge.decision_function(x).unwrap(),
            );
            for name in ProbaScorer::NAMES {
                let score = told::<ProbaScorer, _, _, _>(name, &model, x, y);
                let binary = [
                    "f1",
                    "jaccard",
                    "precision",
                    "recall",
                    "positive_likelihood_ratio",
                    "neg_negative_likelihood_ratio",
                ];
                if k == 3 && (binary.contains(name) || name.starts_with("roc_auc_ovo"))
                    || k == 2 && name.starts_with("roc_auc_o")
                {
                    assert!(k == 2 || score.is_err(), "{name}");
                    continue;
                }
                let expected = match *name {
                    "accuracy" => accuracy_score(y, &p),
                    "average_precision" if k == 2 => average_precision_score(y, &proba.column(1)),
                    "average_precision" => {
                        average_precision_score_multiclass(y, &proba, c, &Average::Macro)
                    }
                    "balanced_accuracy" => balanced_accuracy_score(y, &p),
                    "d2_brier_score" => d2_brier_score(y, &proba, c),
                    "d2_log_loss_score" => d2_log_loss_score(y, &proba, c),
                    "f1" => f1_score(y, &p, &Average::Binary),
                    "f1_macro" => f1_score(y, &p, &Average::Macro),
                    "f1_micro" => f1_score(y, &p, &Average::Micro),
                    "f1_weighted" => f1_score(y, &p, &Average::Weighted),
                    "jaccard" => jaccard_score(y, &p, &Average::Binary),
                    "jaccard_macro" => jaccard_score(y, &p, &Average::Macro),
                    "jaccard_micro" => jaccard_score(y, &p, &Average::Micro),
                    "jaccard_weighted" => jaccard_score(y, &p, &Average::Weighted),
                    "matthews_corrcoef" => matthews_corrcoef(y, &p),
                    "neg_brier_score" => brier_score_loss(y, &proba, c).map(|v| -v),
                    "neg_log_loss" => log_loss(y, &proba, c).map(|v| -v),
                    "neg_negative_likelihood_ratio" => {
                        Ok(-class_likelihood_ratios(y, &p).unwrap().negative.unwrap())
                    }
                    "positive_likelihood_ratio" => {
                        Ok(class_likelihood_ratios(y, &p).unwrap().positive.unwrap())
                    }
                    "precision" => precision_score(y, &p, &Average::Binary),
                    "precision_macro" => precision_score(y, &p, &Average::Macro),
                    "precision_micro" => precision_score(y, &p, &Average::Micro),
                    "precision_weighted" => precision_score(y, &p, &Average::Weighted),
                    "recall" => recall_score(y, &p, &Average::Binary),
                    "recall_macro" => recall_score(y, &p, &Average::Macro),
                    "recall_micro" => recall_score(y, &p, &Average::Micro),
                    "recall_weighted" => recall_score(y, &p, &Average::Weighted),
                    "roc_auc" if k == 2 => roc_auc_score(y, &proba.column(1)),
                    "roc_auc" | "roc_auc_ovr" => {
                        roc_auc_score_multiclass(y, &proba, c, MultiClass::OvrMacro)
                    }
                    "roc_auc_ovr_weighted" => {
                        roc_auc_score_multiclass(y, &proba, c, MultiClass::OvrWeighted)
                    }
                    "top_k_accuracy" => top_k_accuracy_score(y, &proba, c, 2),
                    other => panic!("{other}"),
                };
                assert!(close(score.unwrap(), expected.unwrap()), "{name}");
            }
            let f1 = told::<ClassScorer, _, _, _>("f1_macro", &model, x, y).unwrap();
            assert!(close(f1, f1_score(y, &p, &Average::Macro).unwrap()));
            for name in DecisionScorer::NAMES {
                let score = told::<DecisionScorer, _, _, _>(name, &ridge, x, y);
                let expected = match *name {
                    "accuracy" => accuracy_score(y, &rp),
                    "average_precision" if k == 2 => average_precision_score(y, &d.column(0)),
                    "average_precision" => {
                        average_precision_score_multiclass(y, &d, c, &Average::Macro)
                    }
                    "roc_auc" if k == 2 => roc_auc_score(y, &d.column(0)),
                    "roc_auc" => {
                        assert!(score.is_err());
                        continue;
                    }
                    "top_k_accuracy" => top_k_accuracy_score(y, &d, c, 2),
                    _ => continue,
                };
                assert!(close(score.unwrap(), expected.unwrap()), "{name}");
            }
        }
    }

    #[test]
    fn of_real_predictions() {
        let (x, w) = rows(40);
        let y = x.column(0).mapv(|v| (v + 3.0).abs()) + 0.1;
        let y2 = ndarray::stack(Axis(1), &[y.view(), x.column(1)]).unwrap();
        let (model, two) = (
            Ridge::new().fit(&x, &y).unwrap(),
            Ridge::new().fit(&x, &y2).unwrap(),
        );
        let x: &ArrayRef2<f64> = &x;
        let p = model.predict(x).unwrap();
        let y = &y.weighted(&w);
        for name in RegressionScorer::NAMES {
            let score = told::<RegressionScorer, _, _, _>(name, &model, x, y).unwrap();
            let expected = match *name {
                "d2_absolute_error_score" => d2_absolute_error_score(y, &p),
                "explained_variance" => explained_variance_score(y, &p),
                "neg_max_error" => max_error(y, &p).map(|v| -v),
                "neg_mean_absolute_error" => mean_absolute_error(y, &p).map(|v| -v),
                "neg_mean_absolute_percentage_error" => {
                    mean_absolute_percentage_error(y, &p).map(|v| -v)
                }
                "neg_mean_gamma_deviance" => mean_gamma_deviance(y, &p).map(|v| -v),
                "neg_mean_poisson_deviance" => mean_poisson_deviance(y, &p).map(|v| -v),
                "neg_mean_squared_error" => mean_squared_error(y, &p).map(|v| -v),
                "neg_mean_squared_log_error" => mean_squared_log_error(y, &p).map(|v| -v),
                "neg_median_absolute_error" => median_absolute_error(y, &p).map(|v| -v),
                "neg_root_mean_squared_error" => root_mean_squared_error(y, &p).map(|v| -v),
                "neg_root_mean_squared_log_error" => root_mean_squared_log_error(y, &p).map(|v| -v),
                _ => r2_score(y, &p),
            };
            assert!(close(score, expected.unwrap()), "{name}");
        }
        let y2: &ArrayRef2<f64> = &y2;
        assert!(told::<RegressionScorer, _, _, _>("r2", &two, x, y2).is_ok());
        let refused = told::<RegressionScorer, _, _, _>("neg_max_error", &two, x, y2).unwrap_err();
        assert!(
            refused.to_string().contains("one target, there are 2"),
            "{refused}"
        );
        let own = make_scorer("worst", |y: &ArrayRef1<f64>, p: &Array1<f64>| {
            max_error(y, p)
        });
        let scores = cross_val_score(
            &Ridge::new(),
            &x.to_owned(),
            &p,
            &3,
            &own.greater_is_better(false),
        )
        .unwrap();
        assert!(scores.iter().all(|&v| v <= 0.0));
    }

    #[test]
    fn of_clusters_and_of_labels_in_columns() {
        let (x, w) = rows(40);
        let y: Labels = x.column(0).iter().map(|&v| v > 0.0).collect();
        let clusters = KMeans::new(3).fit(&x, &()).unwrap();
        let tags = x.mapv(|v| f64::from(u8::from(v > 0.2)));
        let network = MlpClassifier::new()
            .hidden_layer_sizes([3])
            .solver(Solver::lbfgs())
            .max_iter(20);
        let network = network.fit(&x, &tags).unwrap();
        let x: &ArrayRef2<f64> = &x;
        let found = clusters.predict(x).unwrap();
        for name in ClusterScorer::NAMES {
            let score = told::<ClusterScorer, _, _, _>(name, &clusters, x, &y).unwrap();
            let mean = AverageMethod::Arithmetic;
            let expected = match *name {
                "adjusted_mutual_info_score" => adjusted_mutual_info_score(&y, &found, mean),
                "adjusted_rand_score" => adjusted_rand_score(&y, &found),
                "completeness_score" => completeness_score(&y, &found),
                "fowlkes_mallows_score" => fowlkes_mallows_score(&y, &found),
                "homogeneity_score" => homogeneity_score(&y, &found),
                "mutual_info_score" => mutual_info_score(&y, &found),
                "normalized_mutual_info_score" => normalized_mutual_info_score(&y, &found, mean),
                "rand_score" => rand_score(&y, &found),
                _ => v_measure_score(&y, &found, 1.0),
            };
            assert!(close(score, expected.unwrap()), "{name}");
        }
        assert!(
            told::<ClusterScorer, _, _, _>("rand_score", &clusters, x, &y.weighted(&w)).is_err()
        );
        let p = network.predict(x).unwrap();
        let tags = &tags.weighted(&w);
        for name in LabelScorer::NAMES {
            let score = told::<LabelScorer, _, _, _>(name, &network, x, tags).unwrap();
            let average = match name.rsplit('_').next().unwrap() {
                "macro" => Average::Macro,
                "micro" => Average::Micro,
                "samples" => Average::Samples,
                _ => Average::Weighted,
            };
            let expected = match name.split('_').next().unwrap() {
                "accuracy" => accuracy_score(tags, &p),
                "f1" => f1_score(tags, &p, &average),
                "jaccard" => jaccard_score(tags, &p, &average),
                "precision" => precision_score(tags, &p, &average),
                _ => recall_score(tags, &p, &average),
            };
            assert!(close(score, expected.unwrap()), "{name}");
        }
        let proba = network.predict_proba(x).unwrap();
        let auc = Scorer::score(&LabelProbaScorer::RocAuc, &network, x, tags).unwrap();
        assert!(close(
            auc,
            RocAucScore::new().score_labels(tags, &proba).unwrap()
        ));
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let n = 40_000;
    let mut rng = random::generator(21);
    let scores = Array1::from_shape_simple_fn(n, || random::uniform(&mut rng));
    let y: Labels = scores
        .iter()
        .map(|&s| i64::from(random::uniform(&mut rng) < s))
        .collect();
    let weights = Array1::from_shape_simple_fn(n, || 0.1 + random::uniform(&mut rng));
    let x = Array2::from_shape_simple_fn((300, 3), || random::standard_normal(&mut rng));
    let groups: Vec<usize> = (0..300).map(|i| i % 5).collect();
    let all = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let y = y.weighted(&weights);
            let classes = y.target().classes();
            let found = [
                log_loss(&y, &scores, classes),
                brier_score_loss(&y, &scores, classes),
                roc_auc_score(&y, &scores),
                average_precision_score(&y, &scores),
                silhouette_score(&x, &groups),
                davies_bouldin_score(&x, &groups),
            ];
            found.map(|v| v.unwrap().to_bits())
        })
    };
    assert_eq!(all(1), all(4));
    // Integers on both sides of the sort: plain counts and weights of one are the same area.
    let one = y.weighted(&Array1::ones(n));
    assert!(close(
        roc_auc_score(&y, &scores).unwrap(),
        roc_auc_score(&one, &scores).unwrap()
    ));
}
