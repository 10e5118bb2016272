//! Splits, cross-validation and search: whole stories, and what goes wrong.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use fitwell::linear_model::{FittedLogisticRegression, LogisticRegression, Ridge};
use fitwell::metrics::{Average, MultiClass, roc_auc_score};
use fitwell::model_selection::*;
use fitwell::observer::Progress;
use fitwell::params::{Hyperparameters, Value};
use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;
use fitwell::{Class, random};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis, array};
use serde::{Deserialize, Serialize};

/// Two features, `k` classes that overlap, `n` rows in no order.
fn blobs(n: usize, k: usize, seed: u64) -> (Array2<f64>, Labels) {
    let mut rng = random::generator(seed);
    let classes: Vec<usize> = (0..n).map(|i| (i * 7) % k).collect();
    let x = Array2::from_shape_fn((n, 2), |(i, j)| {
        1.5 * (classes[i] as f64) * (1.0 - 2.0 * j as f64) + random::standard_normal(&mut rng)
    });
    (x, classes.into_iter().collect())
}

fn line(n: usize) -> (Array2<f64>, Array1<f64>) {
    let mut rng = random::generator(1);
    let x = Array2::from_shape_simple_fn((n, 3), || random::standard_normal(&mut rng));
    let y = x
        .rows()
        .into_iter()
        .map(|r| 2.0 * r[0] - r[1] + 0.5 * random::standard_normal(&mut rng))
        .collect();
    (x, y)
}

/// An estimator that predicts a constant, `value`, and fails for negative ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Guess {
    value: f64,
}

impl Hyperparameters for Guess {
    const NAME: &'static str = "Guess";
    fn check(&self) -> Result<()> {
        fitwell::check::real(
            "Guess",
            "value",
            self.value,
            fitwell::check::Interval::at_least(0.0),
        )
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct FittedGuess(f64);

impl Estimator<ArrayRef2<f64>, ArrayRef1<f64>> for Guess {
    type Fitted = FittedGuess;
    fn fit(&self, _: &ArrayRef2<f64>, _: &ArrayRef1<f64>) -> Result<FittedGuess> {
        self.check()?;
        Ok(FittedGuess(self.value))
    }
}

impl Predict<ArrayRef2<f64>> for FittedGuess {
    type Output = Array1<f64>;
    fn predict(&self, x: &ArrayRef2<f64>) -> Result<Array1<f64>> {
        Ok(Array1::from_elem(x.nrows(), self.0))
    }
}

// Splits.

fn assert_partition(splits: &[Split], n: usize) {
    let mut tested = vec![0; n];
    for split in splits {
        let train: BTreeSet<usize> = split.train.iter().copied().collect();
        let test: BTreeSet<usize> = split.test.iter().copied().collect();
        assert_eq!(train.len() + test.len(), n);
        assert!(train.is_disjoint(&test));
        test.iter().for_each(|&i| tested[i] += 1);
    }
    assert!(tested.iter().all(|&t| t == 1));
}

#[test]
fn every_row_is_tested_once_and_folds_are_even() {
    for (n, k) in [(10, 3), (100, 7), (5, 5)] {
        for shuffle in [false, true] {
            let folds = KFold::new()
                .n_splits(k)
                .shuffle(shuffle)
                .split(n, &())
                .unwrap();
            assert_partition(&folds, n);
            let sizes: Vec<usize> = folds.iter().map(|f| f.test.len()).collect();
            assert_eq!(sizes.iter().sum::<usize>(), n);
            assert!(sizes.windows(2).all(|w| w[0] >= w[1]) && sizes[0] - sizes[k - 1] <= 1);
        }
    }
    let folds = KFold::new().n_splits(3).split(7, &()).unwrap();
    assert_eq!(folds[0].test, [0, 1, 2]);
    assert_eq!(folds[2].test, [5, 6]);
}

#[test]
fn stratified_folds_keep_the_proportions() {
    let mut rng = random::generator(5);
    let y: Labels = (0..103)
        .map(|_| match random::uniform(&mut rng) {
            u if u < 0.6 => "a",
            u if u < 0.9 => "b",
            _ => "c",
        })
        .collect();
    let counts = y.counts();
    for shuffle in [false, true] {
        let folds = StratifiedKFold::new()
            .n_splits(4)
            .shuffle(shuffle)
            .split(103, &y)
            .unwrap();
        assert_partition(&folds, 103);
        for fold in &folds {
            let part = Targets::select(&y, &fold.test).unwrap().counts();
            for (class, &count) in counts.iter().enumerate() {
                assert!(part[class] == count / 4 || part[class] == count / 4 + 1);
            }
        }
    }
}

#[test]
fn shuffled_folds_follow_the_seed() {
    let y: Labels = (0..40).map(|i| i % 2).collect();
    let folds = |seed| {
        StratifiedKFold::new()
            .shuffle(true)
            .random_state(seed)
            .split(40, &y)
            .unwrap()
    };
    assert_eq!(folds(1), folds(1));
    assert_ne!(folds(1), folds(2));
    let folds = |seed| {
        KFold::new()
            .shuffle(true)
            .random_state(seed)
            .split(40, &())
            .unwrap()
    };
    assert_eq!(folds(1), folds(1));
    assert_ne!(folds(1), folds(2));
}

#[test]
fn splitters_refuse_what_cannot_be_split() {
    let y = Labels::from([0, 0, 0, 0, 1]);
    let lonely = StratifiedKFold::new().n_splits(2).split(5, &y).unwrap_err();
    assert_eq!(
        lonely.to_string(),
        "class 1 in 2 stratified folds: needs at least 2 samples, got 1"
    );
    let few = StratifiedKFold::new()
        .n_splits(4)
        .split(6, &Labels::from([0, 0, 0, 1, 1, 1]))
        .unwrap_err();
    assert!(
        matches!(
            few.kind(),
            ErrorKind::TooFewSamples {
                needed: 4,
                got: 3,
                ..
            }
        ),
        "{few}"
    );
    assert!(KFold::new().split(4, &()).is_err());
    assert!(KFold::new().n_splits(1).split(4, &()).is_err());
    assert!(KFold::new().n_splits(0).split(4, &()).is_err());
    assert!(StratifiedKFold::new().n_splits(2).split(6, &y).is_err());
    let real = array![1.0, 2.0, 3.0, 4.0];
    let refused = StratifiedKFold::new()
        .n_splits(2)
        .split::<ArrayRef1<f64>>(4, &real)
        .unwrap_err();
    assert!(refused.to_string().contains("KFold"), "{refused}");
    // A number of folds is stratified for classes and plain for others.
    let classes = Labels::from([0, 0, 0, 1, 1, 1]);
    assert_eq!(
        3usize.split(6, &classes).unwrap(),
        StratifiedKFold::new()
            .n_splits(3)
            .split(6, &classes)
            .unwrap()
    );
    assert_eq!(
        2usize.split::<ArrayRef1<f64>>(4, &real).unwrap(),
        KFold::new().n_splits(2).split(4, &()).unwrap()
    );
}

#[test]
fn lists_of_splits_are_checked() {
    let (x, y) = line(6);
    let good = vec![Split {
        train: vec![0, 1, 2, 3],
        test: vec![4, 5],
    }];
    assert_eq!(
        cross_val_score(&Ridge::new(), &x, &y, &good, &DefaultScore)
            .unwrap()
            .len(),
        1
    );
    for bad in [
        vec![],
        vec![Split {
            train: vec![0, 1],
            test: vec![6],
        }],
        vec![Split {
            train: vec![],
            test: vec![1],
        }],
        vec![Split {
            train: vec![0],
            test: vec![],
        }],
    ] {
        assert!(cross_val_score(&Ridge::new(), &x, &y, &bad, &DefaultScore).is_err());
    }
}

#[test]
fn sizes_of_train_and_test() {
    let sizes =
        |split: TrainTestSplit, n: usize| split.positions(n).map(|s| (s.train.len(), s.test.len()));
    let new = TrainTestSplit::new;
    // Test fractions round up, train fractions round down.
    assert_eq!(sizes(new(), 10).unwrap(), (7, 3));
    assert_eq!(sizes(new().test_size(0.33), 10).unwrap(), (6, 4));
    assert_eq!(sizes(new().train_size(0.33), 10).unwrap(), (3, 7));
    assert_eq!(
        sizes(new().train_size(0.5).test_size(0.25), 10).unwrap(),
        (5, 3)
    );
    assert_eq!(sizes(new().test_size(4), 10).unwrap(), (6, 4));
    assert_eq!(
        sizes(new().train_size(4).test_size(0.1), 10).unwrap(),
        (4, 1)
    );
    for refused in [
        new().test_size(0.0),
        new().test_size(1.0),
        new().test_size(f64::NAN),
        new().test_size(f64::INFINITY),
        new().test_size(-0.5),
        new().test_size(0),
        new().test_size(-3),
        new().test_size(10),
        new().test_size(usize::MAX),
        new().train_size(0.01),
        new().train_size(0.8).test_size(0.3),
        new().train_size(8).test_size(3),
    ] {
        let error = sizes(refused.clone(), 10).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::InvalidParameter { .. }),
            "{refused:?}: {error}"
        );
    }
    assert!(
        sizes(new().test_size(-3), 10)
            .unwrap_err()
            .to_string()
            .ends_with("got -3")
    );
    assert!(sizes(new(), 0).is_err());
    assert!(sizes(new(), 1).is_err());
}

#[test]
fn rows_that_belong_together_stay_together() {
    let x = Array2::from_shape_fn((50, 2), |(i, j)| (10 * i + j) as f64);
    let y: Labels = (0..50).collect();
    let names: Vec<String> = (0..50).map(|i| format!("row {i}")).collect();
    let weights = Array1::from_shape_fn(50, |i| i as f64);
    let weighted = y.weighted(&weights);
    let parts = TrainTestSplit::new().test_size(0.3).random_state(3);
    let (x_train, x_test, _, y_test, names_train, names_test, w_train, _) =
        parts.split((&x, &y, &names, &weighted)).unwrap();
    let test: Vec<i64> = y_test.to_ints().unwrap().to_vec();
    for (k, &i) in test.iter().enumerate() {
        assert_eq!(x_test[[k, 1]] as i64, 10 * i + 1);
        assert_eq!(names_test[k], format!("row {i}"));
    }
    for (k, w) in w_train.weights().iter().enumerate() {
        assert_eq!(names_train[k], format!("row {w}"));
        assert!((x_train[[k, 0]] - 10.0 * w).abs() < 1e-12);
    }
    let all: BTreeSet<&String> = names_train.iter().chain(&names_test).collect();
    assert_eq!(all.len(), 50);
    let again = parts.split((&names,)).unwrap();
    assert_eq!(again.1, names_test, "the same seed draws the same rows");
    let other = parts.clone().random_state(4).split((&names,)).unwrap();
    assert_ne!(other.1, names_test);
    let (first, rest) = parts
        .clone()
        .shuffle(false)
        .split((names.as_slice(),))
        .unwrap();
    assert!(first == names[..35] && rest == names[35..]);
    let mismatch = parts.split((&x, &names[..49])).unwrap_err();
    assert!(matches!(
        mismatch.kind(),
        ErrorKind::ShapeMismatch {
            expected: 50,
            got: 49,
            ..
        }
    ));
}

#[test]
fn stratified_parts_keep_the_proportions() {
    let y: Labels = (0..200)
        .map(|i| if i % 10 == 0 { "rare" } else { "common" })
        .collect();
    let (train, test) = TrainTestSplit::new()
        .test_size(0.25)
        .stratify(&y)
        .split((&y,))
        .unwrap();
    assert_eq!(
        (train.counts(), test.counts()),
        (vec![135, 15], vec![45, 5])
    );
    let lonely = Labels::from(["a", "a", "a", "b"]);
    let error = TrainTestSplit::new()
        .stratify(&lonely)
        .positions(4)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "class b in a stratified split: needs at least 2 samples, got 1"
    );
    let many: Labels = (0..10).map(|i| i / 2).collect();
    assert!(
        TrainTestSplit::new()
            .test_size(2)
            .stratify(&many)
            .positions(10)
            .is_err()
    );
    assert!(TrainTestSplit::new().stratify(&y).positions(10).is_err());
    assert!(
        TrainTestSplit::new()
            .stratify(&y)
            .shuffle(false)
            .positions(200)
            .is_err()
    );
}

// Cross-validation.

#[test]
fn cross_validation_is_the_loop_one_would_write() {
    let (x, y) = blobs(90, 3, 2);
    let cv = StratifiedKFold::new()
        .n_splits(4)
        .shuffle(true)
        .random_state(9);
    let model = pipeline("scale", StandardScaler::new()).then("clf", LogisticRegression::new());
    let macro_f1 = F1::new().average(Average::Macro);
    let scores = CrossValidate::new()
        .cv(cv.clone())
        .return_train_score(true)
        .run(
            &model,
            &x,
            &y,
            &[&Accuracy, &NegLogLoss, &macro_f1, &RocAuc::new()],
        )
        .unwrap();
    assert_eq!(
        scores.scorers(),
        ["accuracy", "neg_log_loss", "f1_macro", "roc_auc"]
    );
    let accuracy = scores.test_scores("accuracy").unwrap();
    let train = scores.train_scores("accuracy").unwrap().unwrap();
    for (k, split) in cv.split(90, &y).unwrap().iter().enumerate() {
        let (x_train, y_train) = (
            x.select(Axis(0), &split.train),
            Targets::select(&y, &split.train).unwrap(),
        );
        let (x_test, y_test) = (
            x.select(Axis(0), &split.test),
            Targets::select(&y, &split.test).unwrap(),
        );
        let fitted = model.fit(&x_train, &y_train).unwrap();
        assert_eq!(
            fitted.score(&x_test, &y_test).unwrap().to_bits(),
            accuracy[k].to_bits()
        );
        assert_eq!(
            fitted.score(&x_train, &y_train).unwrap().to_bits(),
            train[k].to_bits()
        );
    }
    let mean = accuracy.mean().unwrap();
    assert!((scores.mean("accuracy").unwrap() - mean).abs() < 1e-15);
    assert!((scores.std("accuracy").unwrap() - accuracy.std(0.0)).abs() < 1e-15);
    assert!(scores.fit_times().iter().all(|&t| t >= 0.0));
    let table = scores.to_string();
    assert_eq!(table.lines().count(), 1 + 4 + 2);
    assert!(
        table.contains("test accuracy") && table.contains("train roc_auc"),
        "{table}"
    );
    let unknown = scores.mean("acuracy").unwrap_err().to_string();
    assert!(unknown.contains("accuracy, neg_log_loss"), "{unknown}");
}

#[test]
fn predictions_come_back_in_the_order_of_the_rows() {
    let (x, y) = blobs(60, 3, 2);
    let cv = StratifiedKFold::new().n_splits(4).shuffle(true);
    let predicted = cross_val_predict(&LogisticRegression::new(), &x, &y, &cv).unwrap();
    for split in cv.split(60, &y).unwrap() {
        let rows = |rows: &[usize]| (x.select(Axis(0), rows), Targets::select(&y, rows).unwrap());
        let ((x_train, y_train), (x_test, _)) = (rows(&split.train), rows(&split.test));
        let expected = LogisticRegression::new()
            .fit(&x_train, &y_train)
            .unwrap()
            .predict(&x_test)
            .unwrap();
        assert_eq!(Targets::select(&predicted, &split.test).unwrap(), expected);
    }
    let (x, y) = line(20);
    let one = cross_val_predict(&Ridge::new(), &x, &y, &4).unwrap();
    let both = cross_val_predict(&Ridge::new(), &x, &ndarray::stack![Axis(1), y, -&y], &4).unwrap();
    for i in 0..20 {
        assert!((both[[i, 0]] - one[i]).abs() < 1e-10 && (both[[i, 1]] + one[i]).abs() < 1e-10);
    }
    let twice = vec![
        Split {
            train: (0..10).collect(),
            test: (10..20).collect()
        };
        2
    ];
    assert!(
        cross_val_predict(&Ridge::new(), &x, &y, &twice)
            .unwrap_err()
            .to_string()
            .contains("row 10 is in several")
    );
    assert!(
        cross_val_predict(&Ridge::new(), &x, &y, &twice[..1].to_vec())
            .unwrap_err()
            .to_string()
            .contains("row 0 is in no")
    );
}

#[test]
fn weights_go_through_splits_and_scores() {
    let (x, y) = line(60);
    let zero_from = |n: usize| Array1::from_shape_fn(60, |i| if i < n { 1.0 } else { 0.0 });
    let split = vec![
        Split {
            train: (0..30).chain(50..60).collect(),
            test: (30..40).chain(55..60).collect(),
        },
        Split {
            train: (10..50).collect(),
            test: (0..10).collect(),
        },
    ];
    let plain = vec![
        Split {
            train: (0..30).collect(),
            test: (30..40).collect(),
        },
        Split {
            train: (10..50).collect(),
            test: (0..10).collect(),
        },
    ];
    let weighted = cross_val_score(
        &Ridge::new(),
        &x,
        &y.weighted(&zero_from(50)),
        &split,
        &R2::new(),
    )
    .unwrap();
    let removed = cross_val_score(&Ridge::new(), &x, &y, &plain, &R2::new()).unwrap();
    for (a, b) in weighted.iter().zip(&removed) {
        assert!((a - b).abs() < 1e-10);
    }
    let short = cross_val_score(&Ridge::new(), &x, &y.weighted(&array![1.0]), &3, &R2::new());
    assert!(matches!(
        short.unwrap_err().kind(),
        ErrorKind::ShapeMismatch { .. }
    ));
}

#[test]
fn errors_name_the_fold() {
    let (mut x, y) = blobs(30, 2, 3);
    x[[17, 1]] = f64::NAN;
    let cv = KFold::new().n_splits(3);
    let error = cross_validate(&LogisticRegression::new(), &x, &y, &cv, &[&Accuracy]).unwrap_err();
    // Row 17 of the data, not the eighth of those the fold trains on.
    assert_eq!(error.context()[0], "fold 0");
    assert!(
        matches!(
            error.kind(),
            ErrorKind::NonFinite {
                row: 17,
                column: Some(1),
                ..
            }
        ),
        "{error}"
    );
    let nan = named(
        "mine",
        |_: &FittedLogisticRegression<f64>, _: &ArrayRef2<f64>, _: &Labels| Ok(f64::NAN),
    );
    let (x, y) = blobs(30, 2, 3);
    let error = cross_validate(&LogisticRegression::new(), &x, &y, &3, &[&nan]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "fold 0: scoring the test rows: score `mine`: is NaN"
    );
    assert!(cross_validate(&LogisticRegression::new(), &x, &y, &3, &[]).is_err());
    assert!(
        cross_validate(
            &LogisticRegression::new(),
            &x,
            &y,
            &3,
            &[&Accuracy, &Accuracy]
        )
        .is_err()
    );
    let empty = Array2::<f64>::zeros((0, 2));
    assert!(
        cross_validate(
            &LogisticRegression::new(),
            &empty,
            &Labels::from(Vec::<i64>::new()),
            &3,
            &[&Accuracy]
        )
        .is_err()
    );
}

#[test]
fn scorers_agree_with_their_metrics() {
    let (x, y) = blobs(60, 2, 8);
    let model = LogisticRegression::new().fit(&x, &y).unwrap();
    let (xs, ys): (&ArrayRef2<f64>, &Labels) = (&x, &y);
    let area = Scorer::<_, _, Labels>::score(&RocAuc::new(), &model, xs, ys).unwrap();
    let decision = model.decision_function(&x).unwrap();
    assert!((area - roc_auc_score(&y, &decision.column(0)).unwrap()).abs() < 1e-12);
    // So far out that both probabilities round to 1, yet the rows still rank.
    let far = array![
        [-300.0, 300.0],
        [300.0, -300.0],
        [600.0, -600.0],
        [400.0, -400.0]
    ];
    let truth = Labels::from([0, 0, 1, 1]);
    let proba = model.predict_proba(&far).unwrap();
    assert!((proba[[1, 1]] - proba[[2, 1]]).abs() < f64::EPSILON);
    let far: &ArrayRef2<f64> = &far;
    let area = Scorer::<_, _, Labels>::score(&RocAuc::new(), &model, far, &truth).unwrap();
    assert!((area - 1.0).abs() < 1e-12, "{area}");
    // A class the model has not seen.
    let unseen =
        Scorer::<_, _, Labels>::score(&RocAuc::new(), &model, far, &Labels::from([0, 0, 1, 5]));
    assert!(matches!(
        unseen.unwrap_err().kind(),
        ErrorKind::UnknownLabel { .. }
    ));
    let name = Scorer::<FittedLogisticRegression<f64>, ArrayRef2<f64>, Labels>::name(
        &RocAuc::new().multi_class(MultiClass::OvoMacro),
    );
    assert_eq!(name, "roc_auc_ovo");
}

// Grids.

#[test]
fn grids_enumerate_in_order_and_refuse_to_explode() {
    let grid = ParamGrid::new()
        .with("b", [1, 2])
        .with("a", ["x", "y", "z"]);
    let order: Vec<String> = grid
        .candidates()
        .unwrap()
        .iter()
        .map(|c| format!("{}{}", c["a"], c["b"]))
        .collect();
    assert_eq!(
        order,
        ["\"x\"1", "\"x\"2", "\"y\"1", "\"y\"2", "\"z\"1", "\"z\"2"]
    );
    assert_eq!(ParamGrid::new().candidates().unwrap().len(), 1);
    let huge = (0..64).fold(ParamGrid::new(), |g, i| g.with(format!("p{i:02}"), 0..1000));
    assert!(matches!(
        huge.n_candidates().unwrap_err().kind(),
        ErrorKind::TooLarge { size: u64::MAX, .. }
    ));
    let large = ParamGrid::new().with("a", 0..1001).with("b", 0..1000);
    assert!(matches!(
        large.candidates().unwrap_err().kind(),
        ErrorKind::TooLarge {
            size: 1_001_000,
            ..
        }
    ));
    let empty = ParamGrid::new().with("a", Vec::<f64>::new());
    assert!(
        empty
            .candidates()
            .unwrap_err()
            .to_string()
            .contains("`a` has no values")
    );
    let both = grid.or(ParamGrid::from([("c", vec![true, false])]));
    assert_eq!(both.n_candidates().unwrap(), 8);
    let json = serde_json::to_string(&both).unwrap();
    assert_eq!(serde_json::from_str::<ParamGrid>(&json).unwrap(), both);
}

// Search.

fn pipe() -> impl Estimator<
    ArrayRef2<f64>,
    Labels,
    Fitted = impl Predict<ArrayRef2<f64>, Output = Labels> + Score<ArrayRef2<f64>, Labels>,
> + Params
+ Sync {
    pipeline("scale", StandardScaler::new()).then("clf", LogisticRegression::new())
}

#[test]
fn one_candidate_is_plain_cross_validation() {
    let (x, y) = blobs(80, 3, 4);
    let cv = StratifiedKFold::new().n_splits(4);
    let search = GridSearchCv::new(pipe(), ParamGrid::new())
        .cv(cv.clone())
        .search(&x, &y)
        .unwrap();
    let plain = cross_val_score(&pipe(), &x, &y, &cv, &DefaultScore).unwrap();
    assert_eq!(search.candidates().len(), 1);
    let bits = |v: &[f64]| v.iter().map(|s| s.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&search.best().test_scores()), bits(&plain.to_vec()));
    let same = GridSearchCv::new(pipe(), ParamGrid::new().with("clf__C", [1.0]))
        .cv(cv)
        .search(&x, &y)
        .unwrap();
    assert_eq!(bits(&same.best().test_scores()), bits(&plain.to_vec()));
}

#[test]
fn the_best_candidate_is_fitted_again_on_all_rows() {
    let (x, y) = blobs(80, 3, 4);
    let definition =
        pipeline("scale", StandardScaler::new()).then("clf", LogisticRegression::new());
    let grid = ParamGrid::new()
        .with("clf__C", [1e-6, 1e-3, 1.0])
        .with("scale__with_std", [true, false]);
    let search = GridSearchCv::new(definition.clone(), grid)
        .cv(3)
        .scoring(NegLogLoss)
        .return_train_score(true);
    let fitted = search.fit(&x, &y).unwrap();
    let results = fitted.results();
    assert_eq!(results.candidates().len(), 6);
    assert_eq!(results.scorer(), "neg_log_loss");
    let means: Vec<f64> = results
        .candidates()
        .iter()
        .map(CandidateResult::mean_test_score)
        .collect();
    let best = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    assert_eq!(fitted.best_score().to_bits(), best.to_bits());
    assert_eq!(results.best().rank(), 1);
    assert!(fitted.best_index() >= 4 && fitted.best_params()["clf__C"] == 1.0);
    for (i, candidate) in results.candidates().iter().enumerate() {
        let better = means.iter().filter(|&&m| m > means[i]).count();
        assert_eq!(candidate.rank(), better + 1);
        assert_eq!(candidate.train_scores().unwrap().len(), 3);
        let mut by_hand = definition.clone();
        for (name, value) in candidate.params() {
            by_hand = by_hand.with_param(name, value.clone()).unwrap();
        }
        let scores = cross_val_score(&by_hand, &x, &y, &3, &NegLogLoss).unwrap();
        assert_eq!(scores.to_vec(), candidate.test_scores());
        if i == fitted.best_index() {
            let again = by_hand.fit(&x, &y).unwrap();
            assert_eq!(&again, fitted.best_estimator());
            assert_eq!(again.predict(&x).unwrap(), fitted.predict(&x).unwrap());
            assert_eq!(
                again.predict_proba(&x).unwrap(),
                fitted.predict_proba(&x).unwrap()
            );
            assert_eq!(again.classes(), fitted.classes());
            assert!((again.score(&x, &y).unwrap() - fitted.score(&x, &y).unwrap()).abs() < 1e-15);
        }
    }
    // The search without the last fit.
    assert_eq!(&search.search(&x, &y).unwrap(), results);
}

#[test]
fn ties_go_to_the_first_candidate() {
    let (x, y) = line(20);
    let search = GridSearchCv::new(
        Guess::default(),
        ParamGrid::new().with("value", [5.0, 1.0, 1.0, 5.0, 1.0]),
    )
    .scoring(NegMeanAbsoluteError)
    .fit(&x, &y)
    .unwrap();
    assert_eq!(search.best_index(), 1);
    let ranks: Vec<usize> = search
        .results()
        .candidates()
        .iter()
        .map(CandidateResult::rank)
        .collect();
    assert_eq!(ranks, [4, 1, 1, 4, 1]);
}

#[test]
fn wrong_names_and_values_fail_before_any_fit() {
    let (x, y) = blobs(30, 2, 4);
    let fits = Arc::new(Mutex::new(0));
    let count = Arc::clone(&fits);
    let watched = LogisticRegression::new().observer(move |_: &Progress| {
        *count.lock().unwrap() += 1;
        ControlFlow::Continue(())
    });
    let pipe = pipeline("scale", StandardScaler::new()).then("clf", watched);
    let grid = ParamGrid::new()
        .with("clf__C", [1.0])
        .or(ParamGrid::new().with("clf__c", [1.0]));
    let wrong = GridSearchCv::new(pipe.clone(), grid)
        .cv(3)
        .fit(&x, &y)
        .unwrap_err();
    assert!(
        matches!(wrong.kind(), ErrorKind::UnknownParameter { known, .. } if known.contains(&"C".to_string())),
        "{wrong}"
    );
    let step = GridSearchCv::new(pipe.clone(), ParamGrid::new().with("logistic__C", [1.0]))
        .fit(&x, &y)
        .unwrap_err();
    assert!(
        matches!(step.kind(), ErrorKind::UnknownParameter { known, .. } if known.contains(&"clf__C".to_string())),
        "{step}"
    );
    let values = vec![Value::from(1.0), Value::from("much")];
    let kind = GridSearchCv::new(pipe.clone(), ParamGrid::new().with("clf__C", values))
        .fit(&x, &y)
        .unwrap_err();
    assert!(
        matches!(kind.kind(), ErrorKind::InvalidParameter { .. }),
        "{kind}"
    );
    assert_eq!(*fits.lock().unwrap(), 0);
    GridSearchCv::new(pipe, ParamGrid::new())
        .cv(3)
        .fit(&x, &y)
        .unwrap();
    assert!(*fits.lock().unwrap() > 0, "the observer does see fits");
}

#[test]
fn a_failing_candidate_is_named_or_gets_the_error_score() {
    let (x, y) = line(20);
    let grid = ParamGrid::new().with("value", [1.0, -1.0, 0.5]);
    let search = GridSearchCv::new(Guess::default(), grid)
        .cv(4)
        .scoring(NegMeanSquaredError);
    let error = search.fit(&x, &y).unwrap_err();
    assert_eq!(
        error.to_string(),
        "candidate 1 (value=-1.0): fold 0: `value` of `Guess` must be in [0, inf), got -1"
    );
    let lenient = search.error_score(ErrorScore::Value(f64::NAN));
    let fitted = lenient.fit(&x, &y).unwrap();
    let ranks: Vec<usize> = fitted
        .results()
        .candidates()
        .iter()
        .map(CandidateResult::rank)
        .collect();
    assert_eq!(ranks[1], 3);
    assert!(
        fitted.results().candidates()[1]
            .failure()
            .unwrap()
            .contains("fold 0")
    );
    assert!(fitted.results().candidates()[1].mean_test_score().is_nan());
    assert_eq!(
        fitted.results(),
        &lenient.search(&x, &y).unwrap(),
        "NaN equals NaN here"
    );
    let all_bad = GridSearchCv::new(
        Guess::default(),
        ParamGrid::new().with("value", [-1.0, -2.0]),
    )
    .scoring(NegMeanSquaredError)
    .error_score(ErrorScore::Value(0.0));
    assert!(
        all_bad
            .fit(&x, &y)
            .unwrap_err()
            .to_string()
            .starts_with("candidate 0")
    );
}

#[test]
fn the_observer_hears_of_each_candidate_in_order_and_may_stop() {
    let (x, y) = line(40);
    let values: Vec<f64> = (0..12).map(f64::from).collect();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let search = GridSearchCv::new(Guess::default(), ParamGrid::new().with("value", values))
        .cv(3)
        .scoring(NegMeanAbsoluteError);
    let fitted = search
        .clone()
        .observer(move |p: &Progress| {
            assert_eq!((p.source, p.total), ("GridSearchCv", Some(12)));
            log.lock().unwrap().push((p.iteration, p.value.unwrap()));
            ControlFlow::Continue(())
        })
        .fit(&x, &y)
        .unwrap();
    let expected: Vec<(usize, f64)> = fitted
        .results()
        .candidates()
        .iter()
        .enumerate()
        .map(|(i, c)| (i + 1, c.mean_test_score()))
        .collect();
    assert_eq!(*seen.lock().unwrap(), expected);
    let stopped = search
        .observer(|p: &Progress| {
            if p.iteration == 5 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .error_score(ErrorScore::Value(0.0))
        .fit(&x, &y)
        .unwrap_err();
    assert!(
        matches!(stopped.kind(), ErrorKind::Cancelled { estimator, iterations: 5 } if estimator == "GridSearchCv")
    );
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let (x, y) = blobs(120, 3, 6);
    let grid = ParamGrid::new()
        .with("clf__C", [0.1, 1.0, 10.0])
        .with("scale__with_mean", [true, false]);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let search = GridSearchCv::new(
                pipeline("scale", StandardScaler::new()).then("clf", LogisticRegression::new()),
                grid.clone(),
            );
            search
                .scoring(NegLogLoss)
                .fit(&x, &y)
                .unwrap()
                .to_bytes()
                .unwrap()
        })
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(8));
}

#[test]
fn a_search_is_a_model_that_can_be_saved_and_nested() {
    let (x, y) = blobs(60, 2, 7);
    let inner = GridSearchCv::new(
        LogisticRegression::new(),
        ParamGrid::new().with("C", [0.1, 1.0]),
    )
    .cv(3);
    let outer = pipeline("scale", StandardScaler::new()).then("search", inner);
    assert_eq!(outer.params()["search__estimator__max_iter"], 100);
    let outer = outer
        .with_param("search__estimator__max_iter", 200)
        .unwrap();
    assert_eq!(outer.params()["search__estimator__max_iter"], 200);
    let unknown = outer.with_param("search__max_iter", 3).unwrap_err();
    assert!(
        matches!(unknown.kind(), ErrorKind::UnknownParameter { known, .. } if known.iter().any(|k| k == "estimator__C"))
    );
    assert!(outer.with_param("search__return_train_score", 3).is_err());
    assert!(outer.with_param("search__error_score", "Raise").is_ok());

    let nested = cross_val_score(&outer, &x, &y, &3, &Accuracy).unwrap();
    assert!(nested.iter().all(|&s| s > 0.5));
    let fitted = outer.fit(&x, &y).unwrap();
    let json = fitted.to_json().unwrap();
    let bytes = fitted.to_bytes().unwrap();
    fn load<M: Model>(_: &M, json: &str, bytes: &[u8]) -> (M, M) {
        (M::from_json(json).unwrap(), M::from_bytes(bytes).unwrap())
    }
    let (a, b) = load(&fitted, &json, &bytes);
    assert_eq!(a, fitted);
    assert_eq!(b, fitted);
    assert_eq!(
        a.predict_proba(&x).unwrap(),
        fitted.predict_proba(&x).unwrap()
    );
    let (a, b) = load(
        &outer,
        &outer.to_json().unwrap(),
        &outer.to_bytes().unwrap(),
    );
    assert!(a == outer && b == outer);
}

#[test]
fn tampered_results_are_refused() {
    let (x, y) = blobs(40, 2, 7);
    let fitted = GridSearchCv::new(
        LogisticRegression::new(),
        ParamGrid::new().with("C", [1e-9, 1.0]),
    )
    .cv(2)
    .scoring(NegLogLoss)
    .fit(&x, &y)
    .unwrap();
    assert_eq!(fitted.best_index(), 1);
    let json = fitted.to_json().unwrap();
    type Search = FittedGridSearchCv<FittedLogisticRegression<f64>>;
    assert!(Search::from_json(&json).is_ok());
    let best = json
        .replace("\"best_index\":1", "\"best_index\":0")
        .replace("\"best_index\": 1", "\"best_index\": 0");
    assert_ne!(best, json);
    assert!(Search::from_json(&best).is_err());
    let out_of_range = json
        .replace("\"best_index\":1", "\"best_index\":9")
        .replace("\"best_index\": 1", "\"best_index\": 9");
    assert!(Search::from_json(&out_of_range).is_err());
}

#[test]
fn the_results_are_a_table_and_a_csv_file() {
    let (x, y) = blobs(60, 2, 7);
    let results = GridSearchCv::new(
        LogisticRegression::new(),
        ParamGrid::new()
            .with("C", [0.01, 1.0])
            .or(ParamGrid::new().with("fit_intercept", [false])),
    )
    .cv(3)
    .scoring(Accuracy)
    .search(&x, &y)
    .unwrap();
    let table = results.to_string();
    let header: Vec<&str> = table.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(
        header,
        [
            "rank",
            "C",
            "fit_intercept",
            "mean",
            "accuracy",
            "std",
            "fit",
            "s"
        ]
    );
    assert_eq!(table.lines().count(), 4);
    let mut written = Vec::new();
    results.write_csv(&mut written).unwrap();
    let mut reader = csv::Reader::from_reader(written.as_slice());
    let headers = reader.headers().unwrap().clone();
    let at = |name: &str| headers.iter().position(|h| h == name).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(|r| r.unwrap()).collect();
    assert_eq!(rows.len(), 3);
    for (row, candidate) in rows.iter().zip(results.candidates()) {
        assert_eq!(
            row[at("rank_test_score")].parse::<usize>().unwrap(),
            candidate.rank()
        );
        for (k, score) in candidate.test_scores().iter().enumerate() {
            let text = &row[at(&format!("split{k}_test_score"))];
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), score.to_bits());
        }
    }
    assert_eq!(&rows[2][at("param_C")], "");
    assert_eq!(&rows[2][at("param_fit_intercept")], "false");
    assert!(results.to_csv("/no/such/directory/results.csv").is_err());
}

#[test]
fn unsupervised_targets_can_be_cross_validated() {
    let (x, _) = line(30);
    let spread = named(
        "spread",
        |model: &fitwell::preprocessing::FittedStandardScaler<f64>, x: &ArrayRef2<f64>, _: &()| {
            Ok(-model
                .transform(x)?
                .mapv(|v| v * v)
                .mean()
                .unwrap_or(f64::NAN))
        },
    );
    let scores = cross_validate(&StandardScaler::new(), &x, &(), &3, &[&spread]).unwrap();
    assert!(scores.mean("spread").unwrap() < 0.0);
    let boxed = Class::from(1);
    assert_eq!(boxed.to_string(), "1");
}
