//! Fits side by side: started in order, results in order.

use std::borrow::Borrow;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::folds::{CrossValidator, Split, check_splits};
use super::scoring::Scorer;
use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::parallel;
use crate::samples::Samples;
use crate::targets::Targets;
use crate::traits::{Estimator, Predict};

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
    splits: Vec<Split>,
    selected: Vec<Fold<X, Y>>,
}

/// What one fit on one fold gave.
pub(super) struct Outcome {
    pub(super) test: Vec<f64>,
    pub(super) train: Option<Vec<f64>>,
    pub(super) fit_time: f64,
    pub(super) score_time: f64,
}

impl<'a, X: Samples + ?Sized, Y: Targets + ?Sized> Folds<'a, X, Y> {
    /// Splits, and selects the rows if several fits will need them.
    pub(super) fn new<C: CrossValidator + ?Sized>(
        x: &'a X,
        y: &'a Y,
        cv: &C,
        n_fits: usize,
    ) -> Result<Self> {
        const MOST_VALUES: usize = 1 << 27; // 1 GiB of f64
        if x.n_samples() == 0 {
            return Err(ErrorKind::EmptyInput {
                what: "X (no rows)".into(),
            }
            .into());
        }
        check::target(y, x.n_samples())?;
        let splits = cv.split(x.n_samples(), y)?;
        check_splits(&splits, x.n_samples())?;
        let rows: usize = splits.iter().map(|s| s.train.len() + s.test.len()).sum();
        let keep = n_fits > 1 && rows.saturating_mul(x.n_features().max(1)) <= MOST_VALUES;
        let mut folds = Folds {
            x,
            y,
            splits,
            selected: Vec::new(),
        };
        if keep {
            folds.selected = parallel::map(folds.len(), |k| folds.select(k))
                .into_iter()
                .collect::<Result<_>>()?;
        }
        Ok(folds)
    }

    pub(super) fn len(&self) -> usize {
        self.splits.len()
    }

    /// The test rows of each split.
    pub(super) fn test_rows(&self) -> Vec<Vec<usize>> {
        self.splits.iter().map(|s| s.test.clone()).collect()
    }

    fn select(&self, k: usize) -> Result<Fold<X, Y>> {
        let Split { train, test } = &self.splits[k];
        let fold = || -> Result<Fold<X, Y>> {
            Ok(Fold {
                x_train: self.x.select(train)?,
                y_train: self.y.select(train)?,
                x_test: self.x.select(test)?,
                y_test: self.y.select(test)?,
            })
        };
        fold().map_err(|e| e.within(format!("fold {k}")))
    }

    /// Fits on the train rows of fold `k` and scores on its test rows, and on its train rows if asked to.
    pub(super) fn evaluate<M>(
        &self,
        k: usize,
        fit: impl FnOnce(&X, &Y) -> Result<M>,
        scorers: &[&dyn Scorer<M, X, Y>],
        score_train: bool,
    ) -> Result<Outcome> {
        let own;
        let fold = match self.selected.get(k) {
            Some(fold) => fold,
            None => {
                own = self.select(k)?;
                &own
            }
        };
        let evaluate = move || -> Result<Outcome> {
            let (x, y): (&X, &Y) = (fold.x_train.borrow(), fold.y_train.borrow());
            let start = Clock::start();
            // Errors name rows of the whole data, not of the fold.
            let Split { train, test } = &self.splits[k];
            let model = fit(x, y).map_err(|e| e.at_rows(train))?;
            let fit_time = start.seconds();
            let start = Clock::start();
            let test = scores(&model, fold.x_test.borrow(), fold.y_test.borrow(), scorers)
                .map_err(|e| e.at_rows(test).within("scoring the test rows"))?;
            let score_time = start.seconds();
            let train = score_train
                .then(|| scores(&model, x, y, scorers))
                .transpose()
                .map_err(|e| e.at_rows(train).within("scoring the train rows"))?;
            Ok(Outcome {
                test,
                train,
                fit_time,
                score_time,
            })
        };
        evaluate().map_err(|e| e.within(format!("fold {k}")))
    }
}

fn scores<M, X: ?Sized, Y: ?Sized>(
    model: &M,
    x: &X,
    y: &Y,
    scorers: &[&dyn Scorer<M, X, Y>],
) -> Result<Vec<f64>> {
    scorers
        .iter()
        .map(|scorer| {
            let place = || format!("score `{}`", scorer.name());
            let value = scorer.score(model, x, y).map_err(|e| e.within(place()))?;
            if value.is_finite() {
                return Ok(value);
            }
            Err(Error::invalid_input(place(), format!("is {value}")))
        })
        .collect()
}

impl<X: Samples + ?Sized, Y: Targets + ?Sized> Folds<'_, X, Y> {
    /// Fits on the train rows of fold `k` and predicts for its test rows.
    pub(super) fn predict<E, P>(&self, k: usize, estimator: &E) -> Result<P>
    where
        E: Estimator<X, Y>,
        E::Fitted: Predict<X, Output = P>,
    {
        let Split { train, test } = &self.splits[k];
        let predict = || -> Result<P> {
            let (x, y) = (self.x.select(train)?, self.y.select(train)?);
            let model = estimator.fit(x.borrow(), y.borrow());
            let model = model.map_err(|e| e.at_rows(train))?;
            let predicted = model.predict(self.x.select(test)?.borrow());
            predicted.map_err(|e| e.at_rows(test))
        };
        predict().map_err(|e| e.within(format!("fold {k}")))
    }
}

/// Wall-clock time; always 0 where there is no clock.
struct Clock(#[cfg(not(all(target_family = "wasm", target_os = "unknown")))] std::time::Instant);

impl Clock {
    fn start() -> Self {
        Clock(
            #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
            std::time::Instant::now(),
        )
    }

    fn seconds(&self) -> f64 {
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
