use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis, array};
use serde::{Deserialize, Serialize};

use super::*;
use crate::boxed::BoxedRegressor;
use crate::check::{self, Interval};
use crate::linear_model::{FittedRidge, LinearRegression, Ridge};
use crate::model_selection::*;
use crate::observer::Progress;
use crate::params::Hyperparameters;
use crate::pipeline::{FittedPipeline, Step, pipeline};
use crate::prelude::*;

type Matrix = ArrayRef2<f64>;
type Vector = ArrayRef1<f64>;

/// Counts its fits. The model knows what it was given, and predicts zeros.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Toy {
    a: f64,
    k: usize,
    kind: String,
    #[serde(skip)]
    fits: Count,
}

#[derive(Clone, Debug, Default)]
struct Count(Arc<AtomicUsize>);

impl Count {
    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl PartialEq for Count {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Hyperparameters for Toy {
    const NAME: &'static str = "Toy";
    fn restore(mut self, original: &Self) -> Self {
        self.fits = original.fits.clone();
        self
    }
    fn check(&self) -> Result<()> {
        check::real("Toy", "a", self.a, Interval::at_least(0.0))
    }
}

/// The settings, and the first column of the rows it was fitted on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct FittedToy {
    a: f64,
    k: usize,
    seen: Vec<f64>,
}

impl Model for FittedToy {
    fn type_name() -> String {
        "FittedToy".into()
    }
    fn validate(&self) -> Result<()> {
        Ok(())
    }
}

impl Estimator<Matrix, Vector> for Toy {
    type Fitted = FittedToy;
    fn fit(&self, x: &Matrix, _: &Vector) -> Result<FittedToy> {
        self.fits.0.fetch_add(1, Ordering::Relaxed);
        self.check()?;
        Ok(FittedToy {
            a: self.a,
            k: self.k,
            seen: x.column(0).to_vec(),
        })
    }
}

impl Transform<Matrix> for FittedToy {
    type Output = Array2<f64>;
    fn transform(&self, x: &Matrix) -> Result<Array2<f64>> {
        Ok(x.to_owned())
    }
}

impl Score<Matrix, Vector> for FittedToy {
    /// A bowl whose top is at a = 2 and k = 3, a little different in each fold.
    fn score(&self, x: &Matrix, _: &Vector) -> Result<f64> {
        let noise = 1e-3 * x[[0, 0]];
        Ok(noise - (self.a - 2.0).powi(2) - (self.k as f64 - 3.0).powi(2))
    }
}

/// Rows that are told apart by their first column.
fn data(n: usize) -> (Array2<f64>, Array1<f64>) {
    let x = Array2::from_shape_fn(
        (n, 2),
        |(i, j)| if j == 0 { i as f64 } else { (i % 7) as f64 },
    );
    let y = x
        .rows()
        .into_iter()
        .map(|r| 0.5 * r[0] - r[1] + (r[0] * 1.7).sin())
        .collect();
    (x, y)
}

fn grid() -> ParamGrid {
    ParamGrid::new()
        .with("a", [0.0, 1.0, 2.0])
        .with("k", [1, 3])
}

fn space() -> ParamDistributions {
    ParamDistributions::new()
        .with("a", uniform(0.0, 4.0))
        .with("k", integers(0..=9))
}

fn scratch(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("fitwell-{name}-{}.jsonl", std::process::id()));
    std::fs::remove_file(&path).ok();
    path
}

/// How many rows a model was fitted on: another score than its own.
fn rows_seen(model: &FittedToy, _: &Matrix, _: &Vector) -> Result<f64> {
    Ok(-(model.a * 10.0) - model.seen.len() as f64)
}

#[test]
fn several_scores_each_with_their_ranks() {
    let (x, y) = data(20);
    let search = GridSearchCv::new(Toy::default(), grid())
        .cv(4)
        .scoring((DefaultScore, named("rows", rows_seen)))
        .return_train_score(true);
    let results = search.search(&x, &y).unwrap();
    assert_eq!(results.scorers(), ["score", "rows"]);
    assert_eq!((results.scorer(), results.best_index()), ("score", 5));
    assert_eq!(results.ranks("score").unwrap(), [6, 3, 5, 2, 3, 1]);
    assert_eq!(results.ranks("rows").unwrap(), [1, 1, 3, 3, 5, 5]);
    assert_eq!(
        results.test_scores("rows").unwrap().row(2).to_vec(),
        [-25.0; 4]
    );
    assert_eq!(results.train_scores("rows").unwrap().unwrap().dim(), (6, 4));
    // Each is what it is alone.
    let alone = GridSearchCv::new(Toy::default(), grid())
        .cv(4)
        .search(&x, &y)
        .unwrap();
    assert_eq!(
        alone.test_scores("score").unwrap(),
        results.test_scores("score").unwrap()
    );
    assert_eq!(
        alone.mean_test_scores("score").unwrap(),
        results.mean_test_scores("score").unwrap()
    );
    assert_eq!(
        alone.std_test_scores("score").unwrap(),
        results.std_test_scores("score").unwrap()
    );

    let by_name = search.clone().refit("rows").fit(&x, &y).unwrap();
    assert_eq!(
        (by_name.best_index(), by_name.results().scorer()),
        (0, "rows")
    );
    assert_eq!(by_name.best_score(), -15.0);
    assert_eq!(by_name.best_estimator().a, 0.0);
    let unknown = search
        .clone()
        .refit("row")
        .search(&x, &y)
        .unwrap_err()
        .to_string();
    assert!(unknown.contains("score, rows"), "{unknown}");
    let twice = search
        .clone()
        .scoring((DefaultScore, DefaultScore))
        .search(&x, &y);
    assert!(twice.unwrap_err().to_string().contains("`score`"));

    let table = results.to_table().unwrap();
    let names = table.names();
    for name in [
        "rank_test_score",
        "param_a",
        "split3_test_rows",
        "split0_train_score",
        "rank_test_rows",
    ] {
        assert!(names.iter().any(|n| n == name), "{name}: {names:?}");
    }
    assert_eq!(
        table.column("param_k").unwrap().kind(),
        crate::table::ColumnKind::Integer
    );
    assert_eq!(
        table.column("mean_test_rows").unwrap().number(2),
        Some(-25.0)
    );
    let mut written = Vec::new();
    results.write_csv(&mut written).unwrap();
    let written = String::from_utf8(written).unwrap();
    assert_eq!(
        written
            .lines()
            .next()
            .unwrap()
            .split(',')
            .collect::<Vec<_>>(),
        names
    );
    let shown = results.to_string();
    let head: Vec<&str> = shown.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(
        head,
        [
            "rank", "a", "k", "mean", "score", "std", "mean", "rows", "std", "fit", "s"
        ]
    );
    assert!(
        shown
            .lines()
            .nth(1)
            .unwrap()
            .trim_start()
            .starts_with("1  2.0  3"),
        "{shown}"
    );
}

#[test]
fn rules_choose_the_best() {
    let (x, y) = data(20);
    let search = GridSearchCv::new(
        Toy::default(),
        ParamGrid::new().with("a", [2.0, 1.999, 0.5]),
    )
    .cv(4);
    assert_eq!(search.search(&x, &y).unwrap().best_index(), 0);
    let small = Refit::one_standard_error(|params| params["a"].as_f64().unwrap());
    let fitted = search.clone().refit(small).fit(&x, &y).unwrap();
    assert_eq!(
        (fitted.best_index(), fitted.results().rule()),
        (1, Some("one standard error"))
    );
    assert_eq!(fitted.best_estimator().a, 1.999);
    assert_eq!(fitted.results().within_one_standard_error(), [0, 1]);
    // A chosen candidate goes to a file and back; another best one does not.
    let json = fitted.to_json().unwrap();
    assert_eq!(
        FittedSearchCv::<FittedToy>::from_json(&json).unwrap(),
        fitted
    );
    let beyond = search
        .clone()
        .refit(Refit::rule("beyond", |_| Ok(3)))
        .fit(&x, &y)
        .unwrap_err();
    assert!(
        beyond
            .to_string()
            .contains("rule `beyond`: chose candidate 3 of 3"),
        "{beyond}"
    );
    let fails = Refit::rule("fails", |r| r.mean_test_scores("nothing").map(|_| 0));
    assert!(
        search
            .clone()
            .refit(fails.clone())
            .fit(&x, &y)
            .unwrap_err()
            .to_string()
            .starts_with("rule `fails`")
    );
    let saved = serde_json::to_string(&search.clone().refit(fails))
        .unwrap_err()
        .to_string();
    assert!(saved.contains("Rule"), "{saved}");
    assert!(serde_json::to_string(&search.refit("score")).is_ok());
}

#[test]
fn shared_steps_are_fitted_once_for_each_fold() {
    let (x, y) = data(24);
    let (first, second, last) = (Toy::default(), Toy::default(), Toy::default());
    let pipe = pipeline("first", first.clone())
        .then("second", second.clone())
        .then("last", last.clone());
    let grid = ParamGrid::new()
        .with("second__k", [1, 2, 3])
        .with("last__a", [0.0, 1.0, 2.0, 3.0]);
    let search = GridSearchCv::new(pipe.clone(), grid.clone()).cv(4);
    for threads in [1, 4] {
        let before = [first.fits.get(), second.fits.get(), last.fits.get()];
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let results = pool.install(|| search.search(&x, &y)).unwrap();
        let after = [first.fits.get(), second.fits.get(), last.fits.get()];
        let fits: Vec<usize> = after.iter().zip(before).map(|(a, b)| a - b).collect();
        assert_eq!(fits, [4, 12, 48], "{threads} threads");
        for candidate in results.candidates() {
            let alone = engine::with_all(&pipe, candidate.params()).unwrap();
            let scores = cross_val_score(&alone, &x, &y, &4, &DefaultScore).unwrap();
            assert_eq!(scores.to_vec(), candidate.test_scores());
        }
    }
    // Random and model-based searches share too, across batches; halving on a parameter keeps what it has.
    let space = ParamDistributions::new()
        .with("second__k", [1, 2])
        .with("last__a", uniform(0.0, 4.0));
    let before = [first.fits.get(), second.fits.get()];
    let tpe = TpeSearchCv::new(pipe.clone(), space)
        .n_iter(30)
        .batch_size(3)
        .cv(4);
    tpe.search(&x, &y).unwrap();
    assert_eq!(first.fits.get() - before[0], 4);
    assert_eq!(second.fits.get() - before[1], 8);
    let before = first.fits.get();
    let halving =
        HalvingGridSearchCv::new(pipe, grid).resource(Resource::Parameter("last__k".into()));
    let results = halving.max_resources(9).cv(4).search(&x, &y).unwrap();
    assert_eq!(results.schedule().unwrap().n_candidates(), [12, 4, 2]);
    assert_eq!(first.fits.get() - before, 4);
}

#[test]
fn no_step_sees_a_row_that_it_is_scored_on() {
    let (x, y) = data(60);
    type Piped = FittedPipeline<Step<FittedToy>, FittedToy>;
    let apart = named("apart", |model: &Piped, x: &Matrix, _: &Vector| {
        let tested: BTreeSet<u64> = x.column(0).iter().map(|v| v.to_bits()).collect();
        let seen = |m: &FittedToy| m.seen.iter().any(|v| tested.contains(&v.to_bits()));
        if seen(model.first().inner()) || seen(model.last()) {
            return Err(Error::invalid_input("test rows", "were seen"));
        }
        Ok(model.last().a)
    });
    let pipe = pipeline("first", Toy::default()).then("last", Toy::default());
    let (grid, space) = (
        ParamGrid::new().with("last__a", [1.0, 2.0, 3.0]),
        ParamDistributions::new().with("last__a", uniform(0.0, 1.0)),
    );
    let cv = KFold::new().n_splits(3).shuffle(true);
    GridSearchCv::new(pipe.clone(), grid.clone())
        .cv(cv.clone())
        .scoring(apart.clone())
        .fit(&x, &y)
        .unwrap();
    RandomizedSearchCv::new(pipe.clone(), space.clone())
        .cv(cv.clone())
        .scoring(apart.clone())
        .fit(&x, &y)
        .unwrap();
    TpeSearchCv::new(pipe.clone(), space.clone())
        .n_iter(12)
        .cv(cv.clone())
        .scoring(apart.clone())
        .fit(&x, &y)
        .unwrap();
    let halving = HalvingGridSearchCv::new(pipe.clone(), grid)
        .cv(cv.clone())
        .return_train_score(false);
    halving.scoring(apart.clone()).fit(&x, &y).unwrap();
    let halving = HalvingRandomSearchCv::new(pipe.clone(), space)
        .cv(cv)
        .return_train_score(false);
    halving.scoring(apart.clone()).fit(&x, &y).unwrap();
    // The check does see a leak.
    let all: Vec<usize> = (0..60).collect();
    let leaky = vec![Split {
        train: all.clone(),
        test: all,
    }];
    let seen = GridSearchCv::new(pipe, ParamGrid::new())
        .cv(leaky)
        .scoring(apart)
        .fit(&x, &y);
    assert!(seen.unwrap_err().to_string().contains("were seen"));
}

#[test]
fn every_search_finds_the_top_and_does_not_depend_on_threads() {
    let (x, y) = data(90);
    fn same<E: Estimator<Matrix, Vector, Fitted = FittedSearchCv<FittedToy>> + Params + Sync>(
        search: &E,
        x: &Matrix,
        y: &Vector,
        near: f64,
    ) {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| search.fit(x, y)).unwrap()
        };
        let one = run(1);
        let params = one.best_params();
        assert!(
            f64::abs(params["a"].as_f64().unwrap() - 2.0) <= near,
            "{params:?}"
        );
        assert!(
            f64::abs(params["k"].as_f64().unwrap() - 3.0) <= near.ceil(),
            "{params:?}"
        );
        assert_eq!(one.to_bytes().unwrap(), run(2).to_bytes().unwrap());
        assert_eq!(one.to_bytes().unwrap(), run(8).to_bytes().unwrap());
        // Into a file and back.
        let json = one.to_json().unwrap();
        assert_eq!(FittedSearchCv::<FittedToy>::from_json(&json).unwrap(), one);
    }
    let toy = Toy::default;
    same(&GridSearchCv::new(toy(), grid()).cv(3), &x, &y, 0.0);
    same(
        &RandomizedSearchCv::new(toy(), space()).n_iter(60).cv(3),
        &x,
        &y,
        1.0,
    );
    same(&HalvingGridSearchCv::new(toy(), grid()).cv(3), &x, &y, 0.0);
    let many = NCandidates::Exactly(60);
    same(
        &HalvingRandomSearchCv::new(toy(), space())
            .n_candidates(many)
            .cv(3),
        &x,
        &y,
        1.0,
    );
    same(
        &TpeSearchCv::new(toy(), space()).n_iter(60).cv(3),
        &x,
        &y,
        0.25,
    );
}

#[test]
fn an_interrupted_search_goes_on_from_its_log() {
    let (x, y) = data(30);
    let toy = Toy::default();
    let log = scratch("resume");
    let stop = |p: &Progress| match p.iteration {
        17 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let search = TpeSearchCv::new(toy.clone(), space())
        .n_iter(30)
        .cv(3)
        .return_train_score(true);
    let whole = search.fit(&x, &y).unwrap();
    let before = toy.fits.get();
    let stopped = search
        .clone()
        .log(&log)
        .observer(stop)
        .fit(&x, &y)
        .unwrap_err();
    assert!(matches!(
        stopped.kind(),
        ErrorKind::Cancelled { iterations: 17, .. }
    ));
    let lines = std::fs::read_to_string(&log).unwrap().lines().count();
    assert!(
        (18..=19).contains(&lines),
        "a head and the candidates that finished: {lines}"
    );
    // The machine went off in the middle of a line.
    let mut text = std::fs::read_to_string(&log).unwrap();
    text.push_str("{\"candidate\":\"{\\\"a\\\":0.5");
    std::fs::write(&log, text).unwrap();
    let resumed = search.clone().log(&log).fit(&x, &y).unwrap();
    assert_eq!(resumed, whole);
    assert!(
        toy.fits.get() - before < 30 * 3 + 3 * 3,
        "nothing is fitted twice"
    );
    // A third time: all is there, and one fit is left, that of the best.
    let before = toy.fits.get();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    let again = search.clone().log(&log).observer(move |p: &Progress| {
        hears.lock().unwrap().push(p.iteration);
        ControlFlow::Continue(())
    });
    assert_eq!(again.fit(&x, &y).unwrap(), whole);
    assert_eq!(toy.fits.get() - before, 1);
    assert_eq!(*heard.lock().unwrap(), (1..=30).collect::<Vec<_>>());
    // More candidates than before: those that are there are not tried again.
    let before = toy.fits.get();
    search.clone().n_iter(34).log(&log).search(&x, &y).unwrap();
    assert_eq!(toy.fits.get() - before, 4 * 3);
    std::fs::remove_file(&log).unwrap();
}

#[test]
fn a_log_of_another_search_is_refused() {
    let (x, y) = data(30);
    let log = scratch("refused");
    let search = GridSearchCv::new(Toy::default(), grid()).cv(3).log(&log);
    search.search(&x, &y).unwrap();
    let refused = |found: Result<SearchResults>, what: &str| {
        let error = found.unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    };
    refused(search.clone().cv(5).search(&x, &y), "a split differs");
    refused(
        search
            .clone()
            .scoring(named("rows", rows_seen))
            .search(&x, &y),
        "the list of scorers differs",
    );
    refused(
        search.clone().return_train_score(true).search(&x, &y),
        "`return_train_score` differs",
    );
    let other = search.with_param("estimator__kind", "other").unwrap();
    refused(other.search(&x, &y), "a parameter of the estimator differs");
    let mut moved = x.clone();
    moved[[3, 1]] += 1.0;
    refused(search.search(&moved, &y), "the data differs");
    refused(
        search.search(&x.slice(ndarray::s![..20, ..]), &y.slice(ndarray::s![..20])),
        "the number of rows differs",
    );
    for (text, what) in [("nonsense\n", "line 1"), ("\u{0}", "")] {
        std::fs::write(&log, text).unwrap();
        match search.search(&x, &y) {
            Err(e) => assert!(e.to_string().contains(what), "{e}"),
            // What has no end of line was never written whole.
            Ok(_) => assert_eq!(what, ""),
        }
    }
    let mut text = std::fs::read_to_string(&log).unwrap();
    text.push_str("{\"candidate\":\"x\",\"folds\":[]}\n");
    std::fs::write(&log, text).unwrap();
    refused(search.search(&x, &y), "another number of folds");
    std::fs::remove_file(&log).unwrap();
    refused(
        search.log("/no/such/directory/log").search(&x, &y),
        "/no/such/directory",
    );
}

#[test]
fn halving_gives_more_to_fewer() {
    let (x, y) = data(120);
    let values: Vec<f64> = (0..9).map(|i| 0.5 * f64::from(i)).collect();
    let search = HalvingGridSearchCv::new(Toy::default(), ParamGrid::new().with("a", values)).cv(3);
    let results = search
        .scoring((DefaultScore, named("rows", rows_seen)))
        .search(&x, &y)
        .unwrap();
    let schedule = results.schedule().unwrap();
    assert_eq!(schedule.n_candidates(), [9, 3, 1]);
    assert_eq!(schedule.n_resources(), [13, 39, 117]);
    assert_eq!(
        (schedule.n_iterations(), schedule.n_remaining_candidates()),
        (3, 1)
    );
    assert_eq!(
        (schedule.min_resources(), schedule.max_resources()),
        (13, 120)
    );
    assert_eq!(
        (
            schedule.n_required_iterations(),
            schedule.n_possible_iterations()
        ),
        (3, 3)
    );
    assert_eq!(
        (results.best_index(), results.best().iteration()),
        (12, Some(2))
    );
    assert_eq!(results.best_params()["a"], 2.0);
    // Two thirds of the rows train; the share of them grows.
    let rows = results.test_scores("rows").unwrap();
    for (candidate, scores) in results.candidates().iter().zip(rows.rows()) {
        let a = candidate.params()["a"].as_f64().unwrap();
        let n = (candidate.n_resources().unwrap() as f64 / 120.0 * 80.0).round() as usize;
        assert!(
            scores.iter().all(|s| *s == -(a * 10.0) - n as f64),
            "{scores}"
        );
    }
    let shown = results.to_string();
    let lines: Vec<Vec<&str>> = shown
        .lines()
        .map(|l| l.split_whitespace().collect())
        .collect();
    assert_eq!(lines[0][..4], ["rank", "iter", "resources", "a"]);
    assert_eq!(
        lines[1][1..4],
        ["2", "117", "2.0"],
        "the last iteration stands first"
    );
    // Candidates of an iteration stand in the order of their scores before.
    let third: Vec<f64> = results.candidates()[9..12]
        .iter()
        .map(|c| c.params()["a"].as_f64().unwrap())
        .collect();
    assert_eq!(third.last(), Some(&2.0));
}

#[test]
fn selections_of_rows_grow_and_keep_the_proportions() {
    let labels: Labels = (0..100)
        .map(|i| if i % 5 == 0 { "rare" } else { "common" })
        .collect();
    let splits = Splits::from(StratifiedKFold::new().split(100, &labels).unwrap());
    let of = |share| {
        let part = crate::model_selection::halving::subsample(&splits, Some(&labels), share, 3);
        part.iter().collect::<Vec<_>>()
    };
    let mut before = of(0.2);
    for share in [0.4, 0.75, 1.0] {
        let now = of(share);
        for (small, large) in before.iter().zip(&now) {
            let all: BTreeSet<usize> = large.train.iter().copied().collect();
            assert!(small.train.iter().all(|row| all.contains(row)));
            let counts = Targets::select(&labels, &large.train).unwrap().counts();
            let rare = counts.iter().min().unwrap();
            assert!(
                (*rare as f64 - 0.2 * large.train.len() as f64).abs() <= 1.0,
                "{counts:?}"
            );
        }
        before = now;
    }
    assert_eq!(
        before,
        splits.iter().collect::<Vec<_>>(),
        "all rows in their order"
    );
}

#[test]
fn contradictions_of_halving_are_refused() {
    let (x, y) = data(60);
    let search = || HalvingGridSearchCv::new(Toy::default(), grid()).cv(3);
    let name_of = |error: Error| match error.kind() {
        ErrorKind::InvalidParameter { name, .. } => name.clone(),
        other => format!("{other:?}"),
    };
    let k = || Resource::Parameter("k".into());
    for (search, name) in [
        (search().factor(1.0), "factor"),
        (search().factor(f64::NAN), "factor"),
        (search().max_resources(0), "max_resources"),
        (search().max_resources(61), "max_resources"),
        (
            search().min_resources(MinResources::Exactly(0)),
            "min_resources",
        ),
        (
            search().min_resources(MinResources::Exactly(61)),
            "min_resources",
        ),
        (search().max_resources(5), "min_resources"),
        (search().resource(k()), "max_resources"),
        (search().resource(k()).max_resources(9), "resource"),
    ] {
        assert_eq!(name_of(search.search(&x, &y).unwrap_err()), name);
    }
    let unknown = search()
        .resource(Resource::Parameter("kk".into()))
        .max_resources(9);
    assert!(matches!(
        unknown.search(&x, &y).unwrap_err().kind(),
        ErrorKind::UnknownParameter { .. }
    ));
    let random = HalvingRandomSearchCv::new(Toy::default(), space()).cv(3);
    let both = random.clone().min_resources(MinResources::Exhaust);
    assert_eq!(name_of(both.search(&x, &y).unwrap_err()), "min_resources");
    let none = random.clone().n_candidates(NCandidates::Exactly(0));
    assert_eq!(name_of(none.search(&x, &y).unwrap_err()), "n_candidates");
    // By name, as any other parameter.
    let set = random
        .with_param("n_candidates", serde_json::json!({"exactly": 6}))
        .unwrap();
    assert_eq!(
        set.search(&x, &y)
            .unwrap()
            .schedule()
            .unwrap()
            .n_candidates()[0],
        6
    );
    assert!(
        search().params().contains_key("factor") && !search().params().contains_key("n_candidates")
    );
    assert!(search().with_param("factor", "much").is_err());
}

#[test]
fn failures_are_shown_and_logged() {
    let (x, y) = data(20);
    let log = scratch("failures");
    let search = GridSearchCv::new(Toy::default(), ParamGrid::new().with("a", [1.0, -1.0]))
        .cv(4)
        .error_score(ErrorScore::Value(f64::NAN))
        .log(&log);
    let results = search.search(&x, &y).unwrap();
    let shown = results.to_string();
    assert!(
        shown.lines().nth(2).unwrap().contains("NaN") && shown.contains("`a` of `Toy`"),
        "{shown}"
    );
    let table = results.to_table().unwrap();
    assert!(
        table
            .column("failure")
            .unwrap()
            .text(1)
            .unwrap()
            .contains("candidate 1")
    );
    assert!(table.column("mean_test_score").unwrap().is_missing(1));
    assert_eq!(search.search(&x, &y).unwrap(), results, "from the log");
    std::fs::remove_file(&log).unwrap();
}

#[test]
fn a_search_inside_cross_validation_sees_the_training_rows_alone() {
    let (x, y) = data(40);
    let search = GridSearchCv::new(
        Ridge::new(),
        ParamGrid::new().with("alpha", [0.01, 1.0, 100.0]),
    )
    .cv(3);
    let cv = KFold::new().n_splits(4).shuffle(true).random_state(2);
    let nested = cross_val_score(&search, &x, &y, &cv, &DefaultScore).unwrap();
    for (k, split) in cv.split(40, &()).unwrap().iter().enumerate() {
        let part = |rows: &[usize]| (x.select(Axis(0), rows), y.select(Axis(0), rows));
        let ((x_train, y_train), (x_test, y_test)) = (part(&split.train), part(&split.test));
        let inner = search.fit(&x_train, &y_train).unwrap();
        assert_eq!(
            inner.score(&x_test, &y_test).unwrap().to_bits(),
            nested[k].to_bits()
        );
    }
}

#[test]
fn which_estimator_a_step_is_can_be_searched() {
    let (x, y) = data(40);
    let step: Choice<BoxedRegressor> = Choice::new("ridge", Ridge::new().boxed_regressor())
        .or("plain", LinearRegression::new().boxed_regressor());
    let pipe =
        pipeline("first", crate::preprocessing::StandardScaler::new()).then("model", step.clone());
    let grid = ParamGrid::new()
        .with("model__choice", ["ridge"])
        .with("model__ridge__alpha", [10.0, 1e6])
        .or(ParamGrid::new().with("model__choice", ["plain"]));
    let search = GridSearchCv::new(pipe, grid)
        .cv(KFold::new().shuffle(true))
        .fit(&x, &y)
        .unwrap();
    assert_eq!(search.best_params()["model__choice"], "plain");
    let scores = search.results().mean_test_scores("score").unwrap();
    let plain = pipeline("first", crate::preprocessing::StandardScaler::new())
        .then("model", LinearRegression::new());
    let alone =
        cross_val_score(&plain, &x, &y, &KFold::new().shuffle(true), &DefaultScore).unwrap();
    assert_eq!(scores[2].to_bits(), (alone.sum() / 5.0).to_bits());

    assert_eq!(step.params()["choice"], "ridge");
    assert!(step.params().contains_key("plain__fit_intercept"));
    assert!(
        step.with_param("choice", "lasso")
            .unwrap_err()
            .to_string()
            .contains("ridge, plain")
    );
    assert!(step.with_param("lasso__alpha", 1.0).is_err());
    let shown = step.clone().choice("plain").to_string();
    assert!(
        shown.contains("* plain: LinearRegression") && shown.contains("  ridge: Ridge"),
        "{shown}"
    );
    for bad in [
        step.clone().choice("lasso"),
        step.clone()
            .or("ridge", LinearRegression::new().boxed_regressor()),
    ] {
        let (x, y) = (array![[0.0], [1.0]], array![0.0, 1.0]);
        assert!(matches!(
            bad.fit(&x, &y).unwrap_err().kind(),
            ErrorKind::InvalidParameter { .. }
        ));
    }
    // Typed and saved.
    let typed = Choice::new("a", Ridge::new())
        .or("b", Ridge::new().alpha(3.0))
        .choice("b");
    let back = Choice::<Ridge>::from_json(&typed.to_json().unwrap()).unwrap();
    assert_eq!(back, typed);
    let fitted: FittedRidge<f64, ndarray::Ix1> = back.fit(&x, &y).unwrap();
    assert_eq!(fitted, Ridge::new().alpha(3.0).fit(&x, &y).unwrap());
    assert!(typed.choice("c").to_json().is_err());
}

#[test]
fn every_search_is_set_by_name_and_saved() {
    fn back<M: Model + PartialEq + std::fmt::Debug>(search: &M) {
        assert_eq!(&M::from_json(&search.to_json().unwrap()).unwrap(), search);
        assert_eq!(&M::from_bytes(&search.to_bytes().unwrap()).unwrap(), search);
    }
    let space = || ParamDistributions::new().with("alpha", log_uniform(0.1, 10.0));
    let grid = || ParamGrid::new().with("alpha", [0.1, 1.0]);
    let random = RandomizedSearchCv::new(Ridge::new(), space());
    assert_eq!(random.params()["n_iter"], 10);
    assert_eq!(
        random.clone().n_iter(3),
        random.with_param("n_iter", 3).unwrap()
    );
    assert_eq!(
        random.clone().random_state(3),
        random.with_param("random_state", 3).unwrap()
    );
    assert_eq!(
        random.clone().refit("r2"),
        random.with_param("refit", "r2").unwrap()
    );
    assert!(random.with_param("refit", 3).is_err() && random.with_param("n_iters", 3).is_err());
    assert!(
        random.to_string().contains("alpha: log_uniform(0.1, 10)"),
        "{random}"
    );
    let tpe = TpeSearchCv::new(Ridge::new(), space());
    let all = tpe
        .clone()
        .n_startup(3)
        .batch_size(2)
        .gamma(0.2)
        .n_ei_candidates(9)
        .prior_weight(0.5);
    let all = all.multivariate(true).random_state(4).n_iter(7);
    let names = [
        "n_startup",
        "batch_size",
        "n_ei_candidates",
        "random_state",
        "n_iter",
    ];
    let mut by_name = tpe.clone();
    for (name, value) in names.into_iter().zip([3, 2, 9, 4, 7]) {
        by_name = by_name.with_param(name, value).unwrap();
    }
    let by_name = by_name
        .with_param("gamma", 0.2)
        .unwrap()
        .with_param("prior_weight", 0.5)
        .unwrap();
    assert_eq!(by_name.with_param("multivariate", true).unwrap(), all);
    let halving = HalvingGridSearchCv::new(Ridge::new(), grid())
        .factor(2.0)
        .aggressive_elimination(true);
    assert!(halving.to_string().contains("factor=2.0"), "{halving}");
    let halving_random = HalvingRandomSearchCv::new(Ridge::new(), space()).random_state(9);
    back(&random);
    back(&all);
    back(&halving);
    back(&halving_random);
    back(&GridSearchCv::new(Ridge::new(), grid()).refit("score"));
}

#[test]
fn names_that_no_step_has_fail_before_the_first_fit() {
    let (x, y) = data(20);
    let toy = Toy::default();
    let wrong = || ParamDistributions::new().with("b", uniform(0.0, 1.0));
    let errors = [
        RandomizedSearchCv::new(toy.clone(), wrong())
            .search(&x, &y)
            .unwrap_err(),
        TpeSearchCv::new(toy.clone(), wrong())
            .search(&x, &y)
            .unwrap_err(),
        HalvingRandomSearchCv::new(toy.clone(), wrong())
            .search(&x, &y)
            .unwrap_err(),
    ];
    assert!(
        errors
            .iter()
            .all(|e| matches!(e.kind(), ErrorKind::UnknownParameter { .. }))
    );
    let whole = ParamDistributions::new().with("k", uniform(0.5, 0.6));
    let kind = RandomizedSearchCv::new(toy.clone(), whole)
        .search(&x, &y)
        .unwrap_err();
    assert!(
        matches!(kind.kind(), ErrorKind::InvalidParameter { .. }),
        "{kind}"
    );
    assert_eq!(toy.fits.get(), 0);
    let params: BTreeMap<String, Value> = toy.params();
    assert_eq!(params.len(), 3);
}
