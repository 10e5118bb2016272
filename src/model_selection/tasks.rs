//! Fits side by side: started in order, results in order.

use std::borrow::{Borrow, Cow};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::scoring::Scorer;
use super::splitter::{CrossValidator, Split, Splits, check_split, check_splits, too_large};
use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::parallel;
use crate::samples::Samples;
use crate::targets::Targets;

/// Runs `task(0..n)` on rayon's threads. Tasks start in order; after one fails no more start. The results in order, or
/// the error of the first task that fails, which is the same with any number of threads: the tasks before it have
/// started.
pub(super) fn run<T: Send + Sync>(
    n: usize,
    task: impl Fn(usize) -> Result<T> + Sync + Send,
) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let slots: Vec<OnceLock<Result<T>>> = (0..n).map(|_| OnceLock::new()).collect();
    parallel::map(rayon::current_num_threads().min(n), |_| {
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some(slot) = slots.get(i) else {
                return;
            };
            let result = task(i);
            if result.is_err() {
                next.fetch_max(n, Ordering::Relaxed);
            }
            // Each slot is set once, by the thread that drew its number.
            let _ = slot.set(result);
        }
    });
    slots.into_iter().filter_map(OnceLock::into_inner).collect()
}

/// The rows of one split.
struct Fold<X: Samples + ?Sized, Y: Targets + ?Sized> {
    x_train: X::Owned,
    y_train: Y::Owned,
    x_test: X::Owned,
    y_test: Y::Owned,
}

/// The splits of a data set, with their rows selected once for all fits where that does not take too much memory.
pub(super) struct Folds<'a, X: Samples + ?Sized, Y: Targets + ?Sized> {
    x: &'a X,
    y: &'a Y,
    splits: Splits,
    selected: Vec<Fold<X, Y>>,
}

/// The most values that are kept beside the data: 1 GiB of `f64`.
pub(super) const MOST_VALUES: usize = 1 << 27;

/// The most splits that are fitted, as of candidates that are searched.
const MOST_SPLITS: u64 = 1_000_000;

/// The splits of the rows, checked where they are listed.
pub(super) fn splits<X, Y, C>(x: &X, y: &Y, cv: &C) -> Result<Splits>
where
    X: Samples + ?Sized,
    Y: Targets + ?Sized,
    C: CrossValidator + ?Sized,
{
    let n = x.n_samples();
    if n == 0 {
        return Err(ErrorKind::EmptyInput {
            what: "X (no rows)".into(),
        }
        .into());
    }
    check::target(y, n)?;
    let splits = cv.split_lazily(n, y)?;
    match splits.listed() {
        Some(splits) => check_splits(splits, n)?,
        None if splits.is_empty() => check_splits(&[], n)?,
        None if splits.len() as u64 > MOST_SPLITS => {
            let what = "number of splits to fit on".into();
            return Err(too_large(what, splits.len() as u64, MOST_SPLITS));
        }
        None => {}
    }
    Ok(splits)
}

/// What one fit on one fold gave.
pub(super) struct Outcome {
    pub(super) test: Vec<f64>,
    pub(super) train: Option<Vec<f64>>,
    pub(super) fit_time: f64,
    pub(super) score_time: f64,
}

/// One fit and its scores, each with what went wrong.
pub(super) struct Judged<M> {
    pub(super) model: Result<M>,
    /// One for each scorer; none without a model.
    pub(super) test: Vec<Result<f64>>,
    /// One for each scorer, if they were asked for.
    pub(super) train: Option<Vec<Result<f64>>>,
    pub(super) fit_time: f64,
    pub(super) score_time: f64,
}

impl<M> Judged<M> {
    /// Everything, or the first thing that went wrong.
    pub(super) fn outcome(self) -> Result<Outcome> {
        self.model?;
        let train = self.train.map(|scores| scores.into_iter().collect());
        Ok(Outcome {
            test: self.test.into_iter().collect::<Result<_>>()?,
            train: train.transpose()?,
            fit_time: self.fit_time,
            score_time: self.score_time,
        })
    }

    /// Errors name rows of the whole data, not of the fold, and say which fold it was.
    fn placed<'s>(mut self, k: usize, split: impl Fn() -> Option<Cow<'s, Split>>) -> Self {
        let place = |e: Error, test: bool, within: Option<&str>| {
            let split = split().unwrap_or_default();
            let e = e.at_rows(if test { &split.test } else { &split.train });
            let e = within.into_iter().fold(e, Error::within);
            e.within(format!("fold {k}"))
        };
        let all = |scores: Vec<Result<f64>>, test: bool, within: &str| {
            let placed = |score: Result<f64>| score.map_err(|e| place(e, test, Some(within)));
            scores.into_iter().map(placed).collect()
        };
        self.model = self.model.map_err(|e| place(e, false, None));
        self.test = all(self.test, true, "scoring the test rows");
        let train = self.train;
        self.train = train.map(|scores| all(scores, false, "scoring the train rows"));
        self
    }
}

impl<'a, X: Samples + ?Sized, Y: Targets + ?Sized> Folds<'a, X, Y> {
    /// Splits, and selects the rows if several fits will need them.
    pub(super) fn new<C: CrossValidator + ?Sized>(
        x: &'a X,
        y: &'a Y,
        cv: &C,
        n_fits: usize,
    ) -> Result<Self> {
        Self::of(x, y, splits(x, y, cv)?, n_fits)
    }

    /// The rows of given splits, selected if several fits will need them.
    pub(super) fn of(x: &'a X, y: &'a Y, splits: impl Into<Splits>, n_fits: usize) -> Result<Self> {
        let mut folds = Folds {
            x,
            y,
            splits: splits.into(),
            selected: Vec::new(),
        };
        if n_fits > 1 {
            let mut rows = 0usize;
            let few = folds.splits.iter().all(|split| {
                rows = rows.saturating_add(split.train.len() + split.test.len());
                rows.saturating_mul(x.n_features().max(1)) <= MOST_VALUES
            });
            if few {
                folds.selected = parallel::map(folds.len(), |k| folds.select_fold(k))
                    .into_iter()
                    .collect::<Result<_>>()?;
            }
        }
        Ok(folds)
    }

    /// The values of all training rows that are selected.
    pub(super) fn n_train_values(&self) -> usize {
        let rows = self.selected.iter().zip(self.splits.iter());
        let rows: usize = rows.map(|(_, split)| split.train.len()).sum();
        rows.saturating_mul(self.x.n_features().max(1))
    }

    /// `f` of the training rows of fold `k`, if they are selected.
    pub(super) fn train<T>(&self, k: usize, f: impl FnOnce(&X, &Y) -> T) -> Option<T> {
        let fold = self.selected.get(k)?;
        Some(f(fold.x_train.borrow(), fold.y_train.borrow()))
    }

    pub(super) fn len(&self) -> usize {
        self.splits.len()
    }

    /// The samples.
    pub(super) fn x(&self) -> &'a X {
        self.x
    }

    /// The test rows of each split.
    pub(super) fn test_rows(&self) -> Vec<Vec<usize>> {
        self.splits.iter().map(|s| s.test).collect()
    }

    /// The rows of split `k`, checked.
    pub(super) fn split(&self, k: usize) -> Result<Cow<'_, Split>> {
        let split = self.splits.borrowed(k).unwrap_or_default();
        if self.splits.listed().is_none() {
            check_split(k, &split, self.x.n_samples())?;
        }
        Ok(split)
    }

    fn select_fold(&self, k: usize) -> Result<Fold<X, Y>> {
        let split = self.split(k)?;
        let fold = self.select(&split.train, &split.test);
        fold.map_err(|e| e.within(format!("fold {k}")))
    }

    fn select(&self, train: &[usize], test: &[usize]) -> Result<Fold<X, Y>> {
        Ok(Fold {
            x_train: self.x.select(train)?,
            y_train: self.y.select(train)?,
            x_test: self.x.select(test)?,
            y_test: self.y.select(test)?,
        })
    }

    /// Fits on the train rows of fold `k` and scores on its test rows, and on its train rows if asked to.
    pub(super) fn evaluate<M>(
        &self,
        k: usize,
        fit: impl FnOnce(&X, &Y) -> Result<M>,
        scorers: &[&dyn Scorer<M, X, Y>],
        score_train: bool,
    ) -> Result<Outcome> {
        self.judge(k, fit, scorers, score_train)?.outcome()
    }

    /// As [`evaluate`](Self::evaluate), with the model, and each error by itself. What fails here is the selection of rows.
    pub(super) fn judge<M>(
        &self,
        k: usize,
        fit: impl FnOnce(&X, &Y) -> Result<M>,
        scorers: &[&dyn Scorer<M, X, Y>],
        score_train: bool,
    ) -> Result<Judged<M>> {
        let own;
        let fold = match self.selected.get(k) {
            Some(fold) => fold,
            None => {
                own = self.select_fold(k)?;
                &own
            }
        };
        let judged = fold.judge(fit, scorers, score_train);
        Ok(judged.placed(k, || self.splits.borrowed(k)))
    }

    /// As [`judge`](Self::judge) with these rows to train on instead of the fold's.
    pub(super) fn judge_trained_on<M>(
        &self,
        k: usize,
        train: &[usize],
        fit: impl FnOnce(&X, &Y) -> Result<M>,
        scorers: &[&dyn Scorer<M, X, Y>],
    ) -> Result<Judged<M>> {
        let split = self.split(k)?;
        let fold = self.select(train, &split.test);
        let fold = fold.map_err(|e| e.within(format!("fold {k}")))?;
        let split = Split {
            train: train.to_vec(),
            test: split.test.clone(),
        };
        let judged = fold.judge(fit, scorers, true);
        Ok(judged.placed(k, || Some(Cow::Borrowed(&split))))
    }

    /// Learns more and more of the rows of `train`, up to each of `sizes`, by `step`, and scores after each step on the rows
    /// learned so far and on the test rows of fold `k`.
    pub(super) fn judge_steps<M>(
        &self,
        k: usize,
        train: &[usize],
        sizes: &[usize],
        begin: impl FnOnce() -> Result<M>,
        step: impl Fn(&mut M, &X, &Y) -> Result<()>,
        scorers: &[&dyn Scorer<M, X, Y>],
    ) -> Result<Vec<Judged<()>>> {
        let split = self.split(k)?;
        let place = |e: Error| e.within(format!("fold {k}"));
        let mut model = begin().map_err(place)?;
        let mut learned = 0;
        let mut all = Vec::with_capacity(sizes.len());
        for &size in sizes {
            let size = size.min(train.len());
            let fold = self.select(&train[..size], &split.test).map_err(place)?;
            let start = Clock::start();
            if size > learned {
                let new = &train[learned..size];
                let taken = || -> Result<_> { Ok((self.x.select(new)?, self.y.select(new)?)) };
                let (x, y) = taken().map_err(place)?;
                let stepped = step(&mut model, x.borrow(), y.borrow());
                stepped.map_err(|e| place(e.at_rows(new)))?;
                learned = size;
            }
            let fit_time = start.seconds();
            let start = Clock::start();
            let test = scores(&model, fold.x_test.borrow(), fold.y_test.borrow(), scorers);
            let judged = Judged {
                model: Ok(()),
                test,
                score_time: start.seconds(),
                train: Some(scores(
                    &model,
                    fold.x_train.borrow(),
                    fold.y_train.borrow(),
                    scorers,
                )),
                fit_time,
            };
            let rows = Split {
                train: train[..size].to_vec(),
                test: split.test.clone(),
            };
            all.push(judged.placed(k, || Some(Cow::Borrowed(&rows))));
        }
        Ok(all)
    }

    /// Fits on the train rows of fold `k` and predicts for its test rows.
    pub(super) fn predict<M, P>(
        &self,
        k: usize,
        fit: impl FnOnce(&X, &Y) -> Result<M>,
        predict: impl FnOnce(&M, &X) -> Result<P>,
    ) -> Result<P> {
        let split = self.split(k)?;
        let predict = || -> Result<P> {
            let (x, y) = (self.x.select(&split.train)?, self.y.select(&split.train)?);
            let model = fit(x.borrow(), y.borrow()).map_err(|e| e.at_rows(&split.train))?;
            let x = self.x.select(&split.test)?;
            predict(&model, x.borrow()).map_err(|e| e.at_rows(&split.test))
        };
        predict().map_err(|e| e.within(format!("fold {k}")))
    }
}

impl<X: Samples + ?Sized, Y: Targets + ?Sized> Fold<X, Y> {
    fn judge<M>(
        &self,
        fit: impl FnOnce(&X, &Y) -> Result<M>,
        scorers: &[&dyn Scorer<M, X, Y>],
        score_train: bool,
    ) -> Judged<M> {
        let (x, y): (&X, &Y) = (self.x_train.borrow(), self.y_train.borrow());
        let start = Clock::start();
        let model = fit(x, y);
        let fit_time = start.seconds();
        let start = Clock::start();
        let score = |x: &X, y: &Y| match &model {
            Ok(model) => scores(model, x, y, scorers),
            Err(_) => Vec::new(),
        };
        let test = score(self.x_test.borrow(), self.y_test.borrow());
        let score_time = start.seconds();
        Judged {
            test,
            train: score_train.then(|| score(x, y)),
            model,
            fit_time,
            score_time,
        }
    }
}

/// Every score of every scorer, which is finite.
pub(super) fn scores<M, X: ?Sized, Y: ?Sized>(
    model: &M,
    x: &X,
    y: &Y,
    scorers: &[&dyn Scorer<M, X, Y>],
) -> Vec<Result<f64>> {
    let place = |name: &str| format!("score `{name}`");
    let finite = |name: String, value: f64| match value.is_finite() {
        true => Ok(value),
        false => Err(Error::invalid_input(place(&name), format!("is {value}"))),
    };
    let of = |scorer: &&dyn Scorer<M, X, Y>| -> Vec<Result<f64>> {
        let names = scorer.names();
        let values = scorer.scores(model, x, y).and_then(|values| {
            let what = "number of scores";
            match values.len() == names.len() {
                true => Ok(values),
                false => Err(Error::shape(what, names.len(), values.len())),
            }
        });
        match values {
            Ok(values) => names
                .into_iter()
                .zip(values)
                .map(|(n, v)| finite(n, v))
                .collect(),
            // One error for all that this scorer would have said.
            Err(e) => {
                let text = e.to_string();
                let others = names
                    .iter()
                    .skip(1)
                    .map(|n| Err(Error::invalid_input(place(n), &*text)));
                let others: Vec<Result<f64>> = others.collect();
                std::iter::once(Err(e.within(place(&scorer.name()))))
                    .chain(others)
                    .collect()
            }
        }
    };
    scorers.iter().flat_map(of).collect()
}

/// Wall-clock time; always 0 where there is no clock.
pub(super) struct Clock(
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))] std::time::Instant,
);

impl Clock {
    pub(super) fn start() -> Self {
        Clock(
            #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
            std::time::Instant::now(),
        )
    }

    pub(super) fn seconds(&self) -> f64 {
        #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
        let elapsed = self.0.elapsed();
        #[cfg(all(target_family = "wasm", target_os = "unknown"))]
        let elapsed = Duration::ZERO;
        Duration::as_secs_f64(&elapsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order_and_the_first_error_wins() {
        assert_eq!(run(100, Ok).unwrap(), (0..100).collect::<Vec<_>>());
        for _ in 0..20 {
            let failed = run(100, |i| match i {
                30 => {
                    std::thread::sleep(Duration::from_millis(2));
                    Err(Error::invalid_input("30", "fails late"))
                }
                31.. => Err(Error::invalid_input("later", "fails at once")),
                _ => Ok(i),
            });
            assert!(failed.unwrap_err().to_string().starts_with("30"));
        }
    }
}
