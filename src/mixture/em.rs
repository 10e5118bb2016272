//! Starts and iterations that the mixtures share.

use ndarray::ArrayRef2;
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::covariance::{CovarianceType, Moments, Whole, moments};
use super::kernel::{Blocks, Components, Second, Shares, Sums, pass};
use crate::check;
use crate::cluster::{KMeans, kmeans_plusplus};
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::random;
use crate::targets::Targets;
use crate::traits::Estimator;

/// Where the components of a mixture begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum InitParams {
    /// At the clusters of [`KMeans`].
    #[default]
    #[serde(rename = "kmeans")]
    KMeans,
    /// At rows far from each other: see [`kmeans_plusplus`].
    #[serde(rename = "k-means++")]
    KMeansPlusPlus,
    /// At responsibilities drawn at random.
    #[serde(rename = "random")]
    Random,
    /// At rows drawn at random.
    #[serde(rename = "random_from_data")]
    RandomFromData,
}

/// Starts that are not refused.
pub(super) const MOST_STARTS: f64 = 1e4;

/// The rows, their weights, and what is the same in every iteration.
pub(super) struct Problem<'a> {
    pub(super) x: Box<dyn Blocks + 'a>,
    pub(super) weights: Option<&'a [f64]>,
    pub(super) whole: Whole,
    pub(super) form: CovarianceType,
    pub(super) reg_covar: f64,
}

impl<'a> Problem<'a> {
    /// `scatter` tells whether the scatter of all rows is wanted.
    pub(super) fn new<F: Float>(
        x: &'a ArrayRef2<F>,
        weights: Option<&'a [f64]>,
        form: CovarianceType,
        reg_covar: f64,
        scatter: bool,
    ) -> Self {
        let (n, p) = x.dim();
        let first_row = x.row(0);
        let x = x.view();
        let one = vec![0; n];
        let first: Vec<f64> = first_row.iter().map(|v| v.f64()).collect();
        let sums = pass(&x, weights, Shares::Labels(&one), &first, Second::None);
        let weight = sums.weights[0];
        let each = first.iter().zip(&sums.first);
        let mean: Vec<f64> = each.map(|(c, s)| c + s / weight).collect();
        let scatter = match scatter {
            true => pass(&x, weights, Shares::Labels(&one), &mean, Second::Full).second,
            false => Vec::new(),
        };
        debug_assert!(scatter.is_empty() || scatter.len() == p * (p + 1) / 2);
        Problem {
            x: Box::new(x),
            weights,
            whole: Whole {
                weight,
                mean,
                scatter,
            },
            form,
            reg_covar,
        }
    }

    pub(super) fn p(&self) -> usize {
        self.whole.mean.len()
    }

    /// Sums and moments for responsibilities, about points near the means.
    pub(super) fn moments(&self, shares: Shares<'_>, about: &[f64]) -> (Sums, Moments) {
        let of = |sums: &Sums, about: &[f64]| {
            moments(sums, about, self.form, self.reg_covar, &self.whole)
        };
        let second = self.form.second();
        let sums = pass(&*self.x, self.weights, shares, about, second);
        let found = of(&sums, about);
        if !found.again {
            return (sums, found);
        }
        let again = pass(&*self.x, self.weights, shares, &found.means, second);
        let better = of(&again, &found.means);
        (sums, better)
    }

    /// As [`moments`](Self::moments), for the responsibilities of components.
    pub(super) fn step(&self, components: &Components) -> (Sums, Moments) {
        self.moments(Shares::Of(components), &components.means)
    }

    /// The moments that a start gives.
    pub(super) fn start<F: Float, Y: Targets + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        k: usize,
        init: InitParams,
        rng: &mut impl Rng,
    ) -> Result<Moments> {
        let n = x.nrows();
        let about = self.whole.mean.repeat(k);
        let weighted = |seed| match y.sample_weight() {
            Some(w) => KMeans::new(k)
                .random_state(seed)
                .fit(x, &().weighted(w))
                .map(|m| m.labels().to_vec()),
            None => KMeans::new(k)
                .random_state(seed)
                .fit(x, &())
                .map(|m| m.labels().to_vec()),
        };
        Ok(match init {
            InitParams::KMeans => {
                let labels = weighted(rng.next_u64())?;
                self.moments(Shares::Labels(&labels), &about).1
            }
            InitParams::KMeansPlusPlus => {
                let seed = rng.next_u64();
                let rows = match y.sample_weight() {
                    Some(w) => kmeans_plusplus(x, &().weighted(w), k, seed)?.1,
                    None => kmeans_plusplus(x, &(), k, seed)?.1,
                };
                self.moments(Shares::Rows(&rows), &about).1
            }
            InitParams::RandomFromData => {
                let possible: Vec<usize> = match self.weights {
                    Some(w) => (0..n).filter(|&i| w[i] > 0.0).collect(),
                    None => (0..n).collect(),
                };
                let picked = random::sample_without_replacement(possible.len(), k, rng)?;
                let rows: Vec<usize> = picked.iter().map(|&i| possible[i]).collect();
                self.moments(Shares::Rows(&rows), &about).1
            }
            InitParams::Random => {
                let mut shares: Vec<f64> = (0..n * k).map(|_| random::uniform(rng)).collect();
                for row in shares.chunks_exact_mut(k) {
                    let sum: f64 = row.iter().sum();
                    row.iter_mut().for_each(|v| *v /= sum);
                }
                self.moments(Shares::Matrix(&shares), &about).1
            }
        })
    }
}

/// The data can be learned from by k components.
pub(super) fn check_data<F: Float, Y: Targets + ?Sized>(
    estimator: &str,
    x: &ArrayRef2<F>,
    y: &Y,
    k: usize,
) -> Result<()> {
    check::samples(x)?;
    let n = x.nrows();
    check::target(y, n)?;
    if n < 2 {
        let what = estimator.into();
        let (needed, got) = (2, n);
        return Err(ErrorKind::TooFewSamples { what, needed, got }.into());
    }
    let rows = match y.sample_weight() {
        Some(w) => w.iter().filter(|&&w| w > 0.0).count(),
        None => n,
    };
    if k > rows {
        let expected = format!("at most the number of rows of positive weight, {rows}");
        return Err(Error::invalid_parameter(
            estimator,
            "n_components",
            expected,
            k,
        ));
    }
    Ok(())
}

/// Where the best start ended.
pub(super) struct Best<S> {
    pub(super) state: S,
    pub(super) lower_bounds: Vec<f64>,
    pub(super) converged: bool,
}

/// How the iterations go.
#[derive(Clone, Copy)]
pub(super) struct Course {
    pub(super) starts: usize,
    pub(super) max_iter: usize,
    pub(super) tol: f64,
}

/// Iterates from each start until the lower bound changes by less than `tol`, and keeps the greatest.
pub(super) fn best_of<S: Clone>(
    estimator: &str,
    course: Course,
    before: f64,
    mut begin: impl FnMut(usize) -> Result<S>,
    mut step: impl FnMut(&S) -> Result<(f64, S)>,
    mut report: impl FnMut(usize, f64) -> Result<()>,
) -> Result<Best<S>> {
    let mut best: Option<Best<S>> = None;
    for start in 0..course.starts {
        let mut run = Best {
            state: begin(start)?,
            lower_bounds: Vec::new(),
            converged: false,
        };
        let mut bound = before;
        while run.lower_bounds.len() < course.max_iter && !run.converged {
            let (now, next) = step(&run.state)?;
            check::learned(estimator, "the lower bound", &[now])?;
            run.state = next;
            run.lower_bounds.push(now);
            report(run.lower_bounds.len(), now)?;
            run.converged = (now - bound).abs() < course.tol;
            bound = now;
        }
        let better = best.as_ref().is_none_or(|best| {
            let last = |run: &Best<S>| run.lower_bounds.last().copied();
            last(&run) > last(best)
        });
        if better {
            best = Some(run);
        }
    }
    let best =
        best.ok_or_else(|| Error::invalid_parameter(estimator, "n_init", "at least 1", 0))?;
    if !best.converged && course.max_iter > 0 {
        log::warn!(
            "{estimator}: no convergence in {} iterations",
            course.max_iter
        );
    }
    Ok(best)
}
