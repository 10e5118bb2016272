//! Searches over a toy that knows what it was fitted on.

mod halving;
mod log;
mod parts;
mod scores;

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
    // The second score tells how many rows were learned from.
    macro_rules! same {
        ($search:expr, $near:expr) => {
            let scores = (DefaultScore, named("rows", rows_seen));
            same(&$search.cv(3).scoring(scores), &x, &y, $near)
        };
    }
    let toy = Toy::default;
    same!(GridSearchCv::new(toy(), grid()), 0.0);
    same!(RandomizedSearchCv::new(toy(), space()).n_iter(60), 1.0);
    same!(HalvingGridSearchCv::new(toy(), grid()), 0.0);
    let many = HalvingRandomSearchCv::new(toy(), space()).n_candidates(NCandidates::Exactly(60));
    same!(many, 1.0);
    same!(TpeSearchCv::new(toy(), space()).n_iter(60), 0.25);
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
