//! Splitters and validation: laws that hold whatever the data, rows that must not leak, and what goes wrong.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use fitwell::linear_model::{LogisticRegression, Ridge, RidgeClassifier};
use fitwell::model_selection::*;
use fitwell::params::Hyperparameters;
use fitwell::prelude::*;
use fitwell::{Weighted, random};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, array};
use proptest::prelude::*;

type Real = ArrayRef1<f64>;

/// Train and test rows are apart, among `n`, and without repetition.
fn assert_apart(split: &Split, n: usize) {
    let train: BTreeSet<usize> = split.train.iter().copied().collect();
    let test: BTreeSet<usize> = split.test.iter().copied().collect();
    assert_eq!(
        (train.len(), test.len()),
        (split.train.len(), split.test.len())
    );
    assert!(train.is_disjoint(&test));
    assert!(train.iter().chain(&test).all(|&row| row < n));
}

/// How often each row is tested.
fn tested(splits: &[Split], n: usize) -> Vec<usize> {
    let mut times = vec![0; n];
    splits
        .iter()
        .flat_map(|s| &s.test)
        .for_each(|&row| times[row] += 1);
    times
}

/// No group is on both sides.
fn assert_groups_apart(split: &Split, groups: &Labels) {
    let of =
        |rows: &[usize]| -> BTreeSet<u32> { rows.iter().map(|&r| groups.codes()[r]).collect() };
    assert!(of(&split.train).is_disjoint(&of(&split.test)));
}

fn labels(n: usize, k: usize, seed: u64) -> Labels {
    let mut rng = random::generator(seed);
    (0..n)
        .map(|_| (random::uniform(&mut rng) * k as f64) as usize)
        .collect()
}

fn line(n: usize) -> (Array2<f64>, Array1<f64>) {
    let mut rng = random::generator(1);
    let x = Array2::from_shape_simple_fn((n, 2), || random::standard_normal(&mut rng));
    let y = x.rows().into_iter().map(|r| 2.0 * r[0] - r[1]).collect();
    (x, y)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn repeated_folds_test_each_row_once_in_each_repetition(n in 6usize..60, k in 2usize..6, repeats in 1usize..4, seed: u64) {
        let plain = RepeatedKFold::new().n_splits(k).n_repeats(repeats).random_state(seed);
        let y: Labels = (0..n).map(|i| i % 2).collect();
        let by_class = RepeatedStratifiedKFold::new().n_splits(k).n_repeats(repeats).random_state(seed);
        for splits in [plain.split(n, &()).unwrap(), by_class.split(n, &y).unwrap_or_default()] {
            prop_assert!(splits.is_empty() && n / 2 < k || splits.len() == k * repeats);
            for repetition in splits.chunks(k) {
                repetition.iter().for_each(|s| assert_apart(s, n));
                prop_assert_eq!(tested(repetition, n), vec![1; n]);
            }
        }
        // The first repetitions stay when there are more of them.
        let more = RepeatedKFold::new().n_splits(k).n_repeats(repeats + 1).random_state(seed);
        prop_assert_eq!(&more.split(n, &()).unwrap()[..k * repeats], &plain.split(n, &()).unwrap()[..]);
    }

    #[test]
    fn drawn_splits_have_their_sizes_and_follow_the_seed(n in 10usize..80, test in 1usize..5, train in 1usize..5, seed: u64) {
        let cv = ShuffleSplit::new().n_splits(4).test_size(test).train_size(train).random_state(seed);
        let splits = cv.split(n, &()).unwrap();
        for split in &splits {
            assert_apart(split, n);
            prop_assert_eq!((split.train.len(), split.test.len()), (train, test));
        }
        prop_assert_eq!(&cv.split(n, &()).unwrap(), &splits);
        prop_assert_eq!(&cv.clone().n_splits(2).split(n, &()).unwrap()[..], &splits[..2]);
    }

    #[test]
    fn stratified_draws_keep_shares_within_a_row(n in 30usize..120, k in 2usize..4, fraction in 0.2f64..0.5, seed: u64) {
        let y = labels(n, k, seed);
        let cv = StratifiedShuffleSplit::new().n_splits(3).test_size(fraction).random_state(seed);
        let counts = y.observed().counts();
        prop_assume!(counts.iter().all(|&c| c >= 2));
        for split in cv.split(n, &y).unwrap() {
            assert_apart(&split, n);
            prop_assert_eq!(split.test.len(), (fraction * n as f64).ceil() as usize);
            prop_assert_eq!(split.train.len() + split.test.len(), n);
            let of_test = Targets::select(&y, &split.test).unwrap().observed();
            for (class, count) in y.observed().classes().iter().zip(&counts) {
                let got = of_test.iter().filter(|&c| c == class).count() as f64;
                let share = *count as f64 * split.test.len() as f64 / n as f64;
                prop_assert!((got - share).abs() <= 1.0, "{} of {}", got, share);
            }
        }
    }

    #[test]
    fn groups_are_never_on_both_sides(n in 20usize..80, n_groups in 6usize..15, k in 2usize..5, shuffle: bool, seed: u64) {
        let (groups, y) = (labels(n, n_groups, seed), labels(n, 2, !seed));
        let found = groups.observed().classes().len();
        prop_assume!(found >= k && found > 3 && y.observed().counts().iter().any(|&c| c >= k));
        let target = y.grouped(&groups);
        let folds = GroupKFold::new().n_splits(k).shuffle(shuffle).random_state(seed).split(n, &target).unwrap();
        prop_assert_eq!(tested(&folds, n), vec![1; n]);
        let stratified = StratifiedGroupKFold::new().n_splits(k).shuffle(shuffle).random_state(seed).split(n, &target).unwrap();
        prop_assert_eq!(tested(&stratified, n), vec![1; n]);
        let one = LeaveOneGroupOut::new().split(n, &target).unwrap();
        prop_assert_eq!(tested(&one, n), vec![1; n]);
        let two = LeavePGroupsOut::new(2).split(n, &target).unwrap();
        prop_assert_eq!(two.len(), found * (found - 1) / 2);
        prop_assert_eq!(tested(&two, n), vec![found - 1; n]);
        let drawn = GroupShuffleSplit::new().random_state(seed).split(n, &target).unwrap();
        for split in folds.iter().chain(&stratified).chain(&one).chain(&two).chain(&drawn) {
            assert_apart(split, n);
            assert_groups_apart(split, &groups);
            prop_assert_eq!(split.train.len() + split.test.len(), n);
        }
    }

    #[test]
    fn time_never_runs_backwards(n in 8usize..60, k in 2usize..6, gap in 0usize..4, size in 1usize..5, most in 1usize..20) {
        let cv = TimeSeriesSplit::new().n_splits(k).gap(gap).test_size(size).max_train_size(most);
        let fits = n > k && n > gap + size * k;
        let splits = cv.split(n, &());
        prop_assert_eq!(splits.is_ok(), fits);
        for split in splits.unwrap_or_default() {
            assert_apart(&split, n);
            prop_assert!(split.train.last().unwrap() + gap < split.test[0]);
            prop_assert!(split.train.len() <= most && split.test.len() == size);
        }
    }
}

#[test]
fn seeds_differ_and_every_split_is_drawn_anew() {
    let cv = |seed| {
        ShuffleSplit::new()
            .random_state(seed)
            .split(40, &())
            .unwrap()
    };
    assert_ne!(cv(1), cv(2));
    let splits: BTreeSet<Vec<usize>> = cv(1).into_iter().map(|s| s.test).collect();
    assert_eq!(splits.len(), 10);
    let groups: Labels = (0..40).map(|i| i / 2).collect();
    let y = ().grouped(&groups);
    let cv = |seed| {
        let cv = GroupKFold::new().shuffle(true).random_state(seed);
        cv.split(40, &y).unwrap()
    };
    assert_ne!(cv(1), cv(2));
    let repeats = RepeatedKFold::new().n_repeats(2).split(40, &()).unwrap();
    assert_ne!(repeats[..5], repeats[5..]);
}

#[test]
fn sizes_that_explode_are_refused_with_their_number() {
    for (p, size) in [(30, "118264581564861424"), (20, "4191844505805495")] {
        let refused = LeavePOut::new(p).split(60, &()).unwrap_err();
        assert!(
            matches!(refused.kind(), ErrorKind::TooLarge { .. }),
            "{refused}"
        );
        assert!(refused.to_string().contains(size), "{refused}");
        let (x, y) = line(60);
        let refused =
            cross_val_score(&Ridge::new(), &x, &y, &LeavePOut::new(p), &R2::new()).unwrap_err();
        assert!(refused.to_string().contains(size), "{refused}");
    }
    // Their number is known, and each of them.
    assert_eq!(
        LeavePOut::new(30).get_n_splits(60, &()).unwrap(),
        118_264_581_564_861_424
    );
    let splits = LeavePOut::new(30).split_lazily(60, &()).unwrap();
    assert_eq!(
        splits.get(splits.len() - 1).unwrap().test,
        (30..60).collect::<Vec<_>>()
    );
    assert!(splits.get(splits.len()).is_none());
    let more = LeavePOut::new(500).split_lazily(1000, &()).unwrap_err();
    assert!(
        matches!(more.kind(), ErrorKind::TooLarge { size: u64::MAX, .. }),
        "{more}"
    );
    // Lists of many rows.
    assert!(LeaveOneOut::new().split(1 << 20, &()).is_err());
    assert_eq!(
        LeaveOneOut::new().get_n_splits(1 << 20, &()).unwrap(),
        1 << 20
    );
    let many = 1usize << 53;
    assert!(ShuffleSplit::new().n_splits(many).split(10, &()).is_err());
    assert!(RepeatedKFold::new().n_repeats(many).split(10, &()).is_err());
    assert!(
        RepeatedKFold::new()
            .n_repeats(usize::MAX)
            .get_n_splits(10, &())
            .is_err()
    );
    let (x, y) = line(20);
    let cv = RepeatedKFold::new().n_repeats(many);
    assert!(cross_val_score(&Ridge::new(), &x, &y, &cv, &R2::new()).is_err());
    assert!(KFold::new().n_splits(many).split(10, &()).is_err());
    assert!(
        TimeSeriesSplit::new()
            .n_splits(many)
            .split(10, &())
            .is_err()
    );
    assert!(TimeSeriesSplit::new().gap(many).split(10, &()).is_err());
    assert!(
        TimeSeriesSplit::new()
            .test_size(many)
            .split(10, &())
            .is_err()
    );
    let test = PermutationTest::new().n_permutations(many);
    assert!(test.run(&Ridge::new(), &x, &y, &R2::new()).is_err());
}

#[test]
fn folds_of_many_repetitions_are_drawn_again_and_are_the_same() {
    // More fold numbers than are kept.
    let cv = RepeatedKFold::new().n_splits(2).n_repeats(1 << 23);
    let splits = cv.split_lazily(8, &()).unwrap();
    let few = cv.clone().n_repeats(3).split(8, &()).unwrap();
    assert_eq!(splits.iter().take(6).collect::<Vec<_>>(), few);
}

#[test]
fn splitters_say_what_is_wrong() {
    let groups = Labels::from([0, 0, 1, 1, 2, 2]);
    let says = |result: Result<Vec<Split>>, text: &str| {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    };
    says(GroupKFold::new().split(6, &()), "y.grouped");
    says(
        LeaveOneGroupOut::new().split(6, &groups),
        "carries no groups",
    );
    says(
        GroupKFold::new().split(6, &().grouped(&groups)),
        "there are 3, fewer than the 5",
    );
    says(
        GroupKFold::new().split(5, &().grouped(&groups)),
        "number of groups: expected 5, got 6",
    );
    says(
        LeavePGroupsOut::new(3).split(6, &().grouped(&groups)),
        "leaves 3 out",
    );
    says(
        LeavePOut::new(0).split(6, &()),
        "`p` of `LeavePOut` must be at least 1",
    );
    says(LeaveOneOut::new().split(1, &()), "at least 2");
    says(
        StratifiedGroupKFold::new().split(6, &().grouped(&groups)),
        "GroupKFold",
    );
    says(
        RepeatedStratifiedKFold::new().split(6, &()),
        "RepeatedKFold",
    );
    says(StratifiedShuffleSplit::new().split(6, &()), "ShuffleSplit");
    says(
        ShuffleSplit::new().test_size(0.0).split(6, &()),
        "`test_size` of `ShuffleSplit`",
    );
    says(ShuffleSplit::new().test_size(f64::NAN).split(6, &()), "NaN");
    says(
        GroupShuffleSplit::new()
            .test_size(3)
            .split(6, &().grouped(&groups)),
        "fewer than the 3 groups",
    );
    says(ShuffleSplit::new().n_splits(0).split(6, &()), "n_splits");
    says(
        TimeSeriesSplit::new()
            .n_splits(2)
            .gap(3)
            .test_size(2)
            .split(6, &()),
        "gap of 3",
    );
    says(
        TimeSeriesSplit::new().max_train_size(0).split(6, &()),
        "max_train_size",
    );
    says(PredefinedSplit::new([0, 1]).split(6, &()), "test_fold");
    says(PredefinedSplit::new([-1, -1]).split(2, &()), "all are -1");
    let rare = Labels::from(["a", "a", "a", "a", "a", "b"]);
    says(
        RepeatedStratifiedKFold::new().n_splits(2).split(6, &rare),
        "class b",
    );
    says(
        StratifiedShuffleSplit::new().test_size(3).split(6, &rare),
        "class b",
    );
    says(
        StratifiedGroupKFold::new()
            .n_splits(2)
            .split(7, &rare.grouped(&groups)),
        "number of rows of y",
    );
}

#[test]
fn settings_go_by_name_and_come_back() {
    let cv = ShuffleSplit::new().with_param("test_size", 0.25).unwrap();
    assert_eq!(cv, ShuffleSplit::new().test_size(0.25));
    let cv = cv.with_param("train_size", 7).unwrap();
    assert_eq!(cv.to_string(), "ShuffleSplit(test_size=0.25, train_size=7)");
    assert_eq!(cv, ShuffleSplit::new().test_size(0.25).train_size(7));
    for size in [
        Size::Fraction(1.0),
        Size::Count(3),
        Size::Fraction(f64::INFINITY),
        Size::Fraction(-3.0),
    ] {
        let cv = ShuffleSplit::new().test_size(size);
        let text = serde_json::to_string(&cv).unwrap();
        assert_eq!(
            serde_json::from_str::<ShuffleSplit>(&text).unwrap(),
            cv,
            "{text}"
        );
        let bytes = postcard::to_stdvec(&cv).unwrap();
        assert_eq!(postcard::from_bytes::<ShuffleSplit>(&bytes).unwrap(), cv);
    }
    let cv = TimeSeriesSplit::new().with_param("gap", 2).unwrap();
    assert_eq!(cv.to_string(), "TimeSeriesSplit(gap=2)");
    assert_eq!(LeavePOut::new(3).to_string(), "LeavePOut(p=3)");
    let defaults = (
        GroupShuffleSplit::new().params(),
        RepeatedKFold::new().params(),
    );
    assert_eq!(
        (&defaults.0["n_splits"], &defaults.1["n_repeats"]),
        (&5.into(), &10.into())
    );
    assert!(TimeSeriesSplit::new().test_size(None).check().is_ok());
}

// Rows that must not leak.

/// Records the rows it is fitted on, which stand in their first column, and predicts 0.
#[derive(Clone, Default)]
struct Spy(Arc<Mutex<Vec<Vec<usize>>>>);
struct FittedSpy(Arc<Mutex<Vec<Vec<usize>>>>, usize);

macro_rules! spy_on {
    ($target:ty) => {
        impl Estimator<ArrayRef2<f64>, $target> for Spy {
            type Fitted = FittedSpy;
            fn fit(&self, x: &ArrayRef2<f64>, _: &$target) -> Result<FittedSpy> {
                let mut seen = self.0.lock().unwrap();
                seen.push(x.column(0).iter().map(|&v| v as usize).collect());
                Ok(FittedSpy(Arc::clone(&self.0), seen.len() - 1))
            }
        }
    };
}
spy_on!(Weighted<Labels>);
spy_on!(Real);

impl Predict<ArrayRef2<f64>> for FittedSpy {
    type Output = Array1<f64>;
    fn predict(&self, x: &ArrayRef2<f64>) -> Result<Array1<f64>> {
        let seen = self.0.lock().unwrap()[self.1].clone();
        // 1 for each row that the fit saw.
        Ok(x.column(0)
            .mapv(|v| f64::from(u8::from(seen.contains(&(v as usize))))))
    }
}

impl Transform<ArrayRef2<f64>> for FittedSpy {
    type Output = Array2<f64>;
    fn transform(&self, x: &ArrayRef2<f64>) -> Result<Array2<f64>> {
        Ok(x.to_owned())
    }
}

/// Minus the number of rows that the fit saw.
struct Unseen;
impl<Y: ?Sized> Scorer<FittedSpy, ArrayRef2<f64>, Y> for Unseen {
    fn name(&self) -> String {
        "unseen".into()
    }
    fn score(&self, model: &FittedSpy, x: &ArrayRef2<f64>, _: &Y) -> Result<f64> {
        Ok(-model.predict(x)?.sum())
    }
}

#[test]
fn no_fit_sees_a_row_it_is_scored_on() {
    let n = 60;
    let x = Array2::from_shape_fn((n, 1), |(i, _)| i as f64);
    let classes: Labels = (0..n).map(|i| i % 3).collect();
    let groups: Labels = (0..n).map(|i| i / 4).collect();
    let y = classes.grouped(&groups);
    fn never<C: CrossValidator>(x: &Array2<f64>, y: &Weighted<Labels>, cv: C) {
        let spy = Spy::default();
        let run = CrossValidate::new()
            .cv(&cv)
            .return_train_score(true)
            .return_indices(true);
        let scores = run.run(&spy, x, y, &[&Unseen]).unwrap();
        assert!(
            scores
                .test_scores("unseen")
                .unwrap()
                .iter()
                .all(|&s| s == 0.0)
        );
        let train = scores.train_scores("unseen").unwrap().unwrap();
        let splits = scores.indices().unwrap();
        assert!(
            train
                .iter()
                .zip(splits)
                .all(|(&t, s)| t == -(s.train.len() as f64))
        );
        let mut seen = spy.0.lock().unwrap().clone();
        let mut wanted: Vec<_> = splits.iter().map(|s| s.train.clone()).collect();
        seen.sort();
        wanted.sort();
        assert_eq!(seen, wanted);
        let curve = LearningCurve::new()
            .cv(&cv)
            .shuffle(true)
            .train_sizes([0.3, 1.0]);
        let curve = curve.run(&Spy::default(), x, y, &Unseen).unwrap();
        assert!(curve.test_scores().iter().all(|&s| s == 0.0));
        assert!(curve.train_scores().iter().all(|&s| s <= -1.0));
    }
    never(&x, &y, 5);
    never(&x, &y, KFold::new().shuffle(true));
    never(&x, &y, RepeatedStratifiedKFold::new().n_repeats(2));
    never(&x, &y, GroupKFold::new());
    never(&x, &y, StratifiedGroupKFold::new());
    never(&x, &y, ShuffleSplit::new());
    never(&x, &y, StratifiedShuffleSplit::new());
    never(&x, &y, GroupShuffleSplit::new());
    never(&x, &y, LeaveOneOut::new());
    never(&x, &y, LeaveOneGroupOut::new());
    never(&x, &y, TimeSeriesSplit::new());
    never(&x, &y, PredefinedSplit::new((0..60).map(|i| i % 4 - 1)));
    let predicted = cross_val_predict(&Spy::default(), &x, &y, &GroupKFold::new()).unwrap();
    assert_eq!(predicted.sum(), 0.0);
}

#[test]
fn a_transformer_of_a_pipeline_sees_training_rows_only() {
    let n = 40;
    let x = Array2::from_shape_fn((n, 1), |(i, _)| i as f64);
    let y = x.column(0).mapv(|v| 2.0 * v + 1.0);
    let spy = Spy::default();
    let model = pipeline("spy", spy.clone()).then("ridge", Ridge::new());
    let cv = KFold::new().n_splits(4).shuffle(true).random_state(3);
    cross_val_score(&model, &x, &y, &cv, &R2::new()).unwrap();
    let mut seen = spy.0.lock().unwrap().clone();
    seen.sort();
    let splits = cv.split(n, &()).unwrap();
    let mut wanted: Vec<_> = splits.into_iter().map(|s| s.train).collect();
    wanted.sort();
    assert_eq!(seen, wanted);
}

#[test]
fn groups_reach_an_inner_search_with_the_rows_of_the_outer_split() {
    let n = 96;
    let (x, y) = line(n);
    let groups: Labels = (0..n).map(|i| (i * 5) % 12).collect();
    /// Checks what it is asked to split.
    #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Checked;
    impl CrossValidator for Checked {
        fn split<Y: Targets + ?Sized>(&self, n: usize, y: &Y) -> Result<Vec<Split>> {
            let groups = y.groups().unwrap().observed();
            assert_eq!(groups.len(), n);
            assert!(groups.classes().len() == 9 || groups.classes().len() == 12);
            let splits = GroupKFold::new().n_splits(3).split(n, y)?;
            splits.iter().for_each(|s| assert_groups_apart(s, &groups));
            Ok(splits)
        }
    }
    let search = GridSearchCv::new(Ridge::new(), ParamGrid::new().with("alpha", [0.1, 1.0]));
    let search = search.cv(Checked);
    let y = y.grouped(&groups);
    let outer = GroupKFold::new().n_splits(4);
    let scores = cross_val_score(&search, &x, &y, &outer, &R2::new()).unwrap();
    assert!(scores.len() == 4 && scores.iter().all(|&s| s > 0.99));
}

// Targets with groups.

#[test]
fn groups_and_weights_travel_together() {
    let y = array![1.0, 2.0, 3.0, 4.0];
    let groups = Labels::from(["a", "b", "a", "b"]);
    let weights = array![0.1, 0.2, 0.3, 0.4];
    for both in [
        y.weighted(&weights).grouped(&groups),
        y.grouped(&groups).weighted(&weights),
    ] {
        let part = Targets::select(&both, &[2, 1]).unwrap();
        assert_eq!(part.target(), &array![3.0, 2.0]);
        assert_eq!(part.sample_weight(), Some(&array![0.3, 0.2]));
        assert_eq!(Targets::groups(&part).unwrap().to_texts(), ["a", "b"]);
        // Values move, weights and groups stay.
        let moved = both.rearranged(&[3, 2, 1, 0]).unwrap();
        assert_eq!(moved.target(), &array![4.0, 3.0, 2.0, 1.0]);
        assert_eq!(moved.sample_weight(), Some(&weights));
        assert_eq!(Targets::groups(&moved), Some(&groups));
    }
    let grouped = y.grouped(&groups);
    assert!(grouped.sample_weight().is_none() && grouped.weights().is_empty());
    let (train, test) = TrainTestSplit::new()
        .test_size(0.5)
        .split((&grouped,))
        .unwrap();
    assert_eq!(
        Targets::groups(&train).unwrap().len() + Targets::groups(&test).unwrap().len(),
        4
    );
    // A model uses groups for nothing, and refuses the wrong number of them.
    let (x, y) = line(20);
    let groups: Labels = (0..20).collect();
    assert_eq!(
        Ridge::new().fit(&x, &y.grouped(&groups)).unwrap(),
        Ridge::new().fit(&x, &y).unwrap()
    );
    let few: Labels = (0..19).collect();
    let refused = Ridge::new().fit(&x, &y.grouped(&few)).unwrap_err();
    assert_eq!(refused.to_string(), "number of groups: expected 20, got 19");
    assert!(Targets::select(&y.grouped(&few), &[19]).is_err());
    let refused = cross_val_score(&Ridge::new(), &x, &y.grouped(&few), &3, &R2::new()).unwrap_err();
    assert!(
        refused.to_string().contains("number of groups"),
        "{refused}"
    );
}

// Cross-validation.

/// Fits unless the first column holds a number above `limit`.
#[derive(Clone)]
struct Fragile(f64);

impl Estimator<ArrayRef2<f64>, Real> for Fragile {
    type Fitted = fitwell::linear_model::FittedRidge<f64, ndarray::Ix1>;
    fn fit(&self, x: &ArrayRef2<f64>, y: &Real) -> Result<Self::Fitted> {
        if x.column(0).iter().any(|&v| v > self.0) {
            return Err(Error::invalid_input("Fragile", "too much"));
        }
        Ridge::new().fit(x, y)
    }
}

#[test]
fn failures_follow_the_policy_and_are_shown() {
    let x = Array2::from_shape_fn((20, 1), |(i, _)| i as f64);
    let y = x.column(0).mapv(|v| 3.0 * v);
    let broken = named("broken", |_: &_, x: &ArrayRef2<f64>, _: &Real| {
        match x[[0, 0]] {
            5.0 => Err(Error::invalid_input("broken", "this fold")),
            _ => Ok(1.0),
        }
    });
    let run = CrossValidate::new()
        .cv(KFold::new().n_splits(4))
        .return_train_score(true);
    // Only the last fold trains without row 19.
    let raised = run.run(&Fragile(18.5), &x, &y, &[&R2::new()]).unwrap_err();
    assert_eq!(raised.to_string(), "fold 0: Fragile: too much");
    let lenient = run.clone().error_score(ErrorScore::Value(f64::NAN));
    let (scores, models) = lenient
        .run_with_models(&Fragile(18.5), &x, &y, &[&R2::new(), &broken])
        .unwrap();
    let r2 = scores.test_scores("r2").unwrap();
    assert!(r2.iter().take(3).all(|s| s.is_nan()) && r2[3] > 0.9);
    assert!(scores.train_scores("r2").unwrap().unwrap()[0].is_nan());
    assert_eq!(
        models.iter().map(Option::is_some).collect::<Vec<_>>(),
        [false, false, false, true]
    );
    assert_eq!(scores.failures().iter().flatten().count(), 3);
    assert!(
        scores
            .to_string()
            .contains("failed: fold 1: Fragile: too much"),
        "{scores}"
    );
    // A score that fails is replaced alone.
    let zero = run.clone().error_score(ErrorScore::Value(0.0));
    let scores = zero
        .run(&Fragile(1e9), &x, &y, &[&R2::new(), &broken])
        .unwrap();
    assert_eq!(
        scores.test_scores("broken").unwrap(),
        array![1.0, 0.0, 1.0, 1.0]
    );
    assert!(scores.test_scores("r2").unwrap().iter().all(|&s| s > 0.9));
    assert!(
        scores.failures()[1]
            .as_ref()
            .unwrap()
            .contains("scoring the test rows")
    );
    // Nothing fitted: an error in any case.
    let all = lenient
        .run(&Fragile(-1.0), &x, &y, &[&R2::new()])
        .unwrap_err();
    assert!(all.to_string().contains("too much"), "{all}");
    // A bad list of splits made one by one is found when it is used.
    let bad = Splits::new(2, |k| Split {
        train: vec![0, 1],
        test: vec![7 + 20 * k],
    });
    assert!(cross_val_score(&Ridge::new(), &x, &y, &bad, &NegMeanSquaredError).is_err());
    assert!(
        cross_val_score(
            &Ridge::new(),
            &x,
            &y,
            &Splits::new(0, |_| Split::default()),
            &R2::new()
        )
        .is_err()
    );
}

#[test]
fn results_are_the_same_bits_with_any_number_of_threads() {
    let (x, y) = line(60);
    let class = y.mapv(|v| v > 0.0);
    let class = Labels::from(&class).grouped(&(0..60).map(|i| i % 15).collect());
    let all = || {
        let cv = RepeatedKFold::new().n_repeats(3);
        let scores = cross_val_score(&Ridge::new(), &x, &y, &cv, &R2::new()).unwrap();
        let curve = learning_curve(&Ridge::new(), &x, &y, &4, &R2::new()).unwrap();
        let alphas = validation_curve(&Ridge::new(), &x, &y, "alpha", [0.1, 9.0], &4, &R2::new());
        let test = PermutationTest::new()
            .n_permutations(20)
            .cv(GroupKFold::new());
        let test = test
            .run(&RidgeClassifier::new(), &x, &class, &Accuracy)
            .unwrap();
        let cv = GroupKFold::new().shuffle(true);
        let proba = cross_val_predict_proba(&LogisticRegression::new(), &x, &class, &cv).unwrap();
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        [
            bits(&scores.to_vec()),
            bits(curve.test_scores().as_slice().unwrap()),
            bits(alphas.unwrap().train_scores().as_slice().unwrap()),
            bits(&test.permutation_scores().to_vec()),
            bits(proba.as_slice().unwrap()),
        ]
    };
    let threads = |n| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(n)
            .build()
            .unwrap()
    };
    let one = threads(1).install(all);
    assert_eq!(threads(2).install(all), one);
    assert_eq!(threads(8).install(all), one);
}

// Curves.

#[test]
fn curves_refuse_and_show_what_fails() {
    let x = Array2::from_shape_fn((20, 1), |(i, _)| i as f64);
    let y = x.column(0).mapv(|v| 3.0 * v);
    for sizes in [
        vec![],
        vec![Size::Fraction(0.0)],
        vec![Size::Fraction(1.5)],
        vec![Size::Count(0)],
        vec![Size::Count(17)],
        vec![Size::Fraction(f64::NAN)],
    ] {
        let curve = LearningCurve::new().train_sizes(sizes);
        assert!(curve.run(&Ridge::new(), &x, &y, &R2::new()).is_err());
    }
    let curve = LearningCurve::new()
        .cv(KFold::new().n_splits(2))
        .train_sizes([2, 10]);
    assert!(curve.run(&Fragile(14.5), &x, &y, &R2::new()).is_err());
    let lenient = curve.error_score(ErrorScore::Value(-9.0));
    let found = lenient.run(&Fragile(14.5), &x, &y, &R2::new()).unwrap();
    // The first fold trains on rows 10 to 19, the second on rows 0 to 9.
    assert_eq!(found.test_scores()[[1, 0]], -9.0);
    assert_eq!(found.train_scores()[[1, 0]], -9.0);
    assert!(found.test_scores()[[0, 0]] > -9.0 && found.test_scores()[[1, 1]] > 0.5);
    assert_eq!(found.failures().len(), 1);
    let table = found.to_string();
    assert!(
        table.lines().count() == 4 && table.contains("failed: fold 0"),
        "{table}"
    );

    let unknown = validation_curve(&Ridge::new(), &x, &y, "alhpa", [1.0], &3, &R2::new());
    assert!(unknown.unwrap_err().to_string().contains("alpha"));
    let none = validation_curve(&Ridge::new(), &x, &y, "alpha", [0.0; 0], &3, &R2::new());
    assert!(none.is_err());
    let bad = ValidationCurve::new("alpha", [1.0, -1.0]).cv(3);
    assert!(
        bad.run(&Ridge::new(), &x, &y, &R2::new())
            .unwrap_err()
            .to_string()
            .contains("alpha=-1")
    );
    let lenient = bad.error_score(ErrorScore::Value(f64::NAN));
    let found = lenient.run(&Ridge::new(), &x, &y, &R2::new()).unwrap();
    assert!(found.test_scores().row(1).iter().all(|s| s.is_nan()));
    assert!(found.test_scores().row(0).iter().all(|s| *s > 0.0));
}

// Permutations.

#[test]
fn permutation_tests_find_what_is_there_and_nothing_else() {
    let (x, y) = line(40);
    let test = permutation_test_score(&Ridge::new(), &x, &y, &4, &R2::new()).unwrap();
    assert!(test.score() > 0.9 && test.permutation_scores().iter().all(|&s| s < test.score()));
    assert!((test.pvalue() - 1.0 / 101.0).abs() < 1e-15);
    let noise: Array1<f64> = labels(40, 7, 5).to_ints().unwrap().mapv(|v| v as f64);
    let test = permutation_test_score(&Ridge::new(), &x, &noise, &4, &R2::new()).unwrap();
    let reached = test
        .permutation_scores()
        .iter()
        .filter(|&&s| s >= test.score())
        .count();
    assert!((test.pvalue() - (reached as f64 + 1.0) / 101.0).abs() < 1e-15);
    assert!(test.pvalue() > 0.05, "{test}");
    // Within groups of one row nothing can be shuffled.
    let alone: Labels = (0..40).collect();
    let fixed = PermutationTest::new().n_permutations(5).cv(4);
    let fixed = fixed
        .run(&Ridge::new(), &x, &y.grouped(&alone), &R2::new())
        .unwrap();
    assert!(
        fixed
            .permutation_scores()
            .iter()
            .all(|s| s.to_bits() == fixed.score().to_bits())
    );
    assert_eq!(fixed.pvalue(), 1.0);
    // Seeds.
    let with = |seed| {
        let test = PermutationTest::new().n_permutations(5).random_state(seed);
        test.run(&Ridge::new(), &x, &y, &R2::new()).unwrap()
    };
    assert_eq!(with(1), with(1));
    assert_ne!(with(1).permutation_scores(), with(2).permutation_scores());
    assert!(
        PermutationTest::new()
            .n_permutations(0)
            .run(&Ridge::new(), &x, &y, &R2::new())
            .is_err()
    );
}
