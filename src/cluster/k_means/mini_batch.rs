//! Groups around k centres, learned from small batches of rows.

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::frame::{Frame, chunk};
use super::nearest::{Nearest, squared_distance};
use super::{FittedKMeans, KMeansInit, MOST_STARTS, NInit, check_rows, matrix, seeding, trials};
use crate::check::{self, Interval};
use crate::cluster::settings::settings;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::linalg::simd;
use crate::model::{Model, ensure};
use crate::parallel;
use crate::params::Hyperparameters;
use crate::random::{self, WeightedIndex};
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, PartialFit, Predict, Score, Transform};

const NAME: &str = "MiniBatchKMeans";

settings! {
    /// Groups rows around k centres, learning from small batches of rows drawn at random.
    ///
    /// The inertia is [`KMeans`](super::KMeans)'s. In each step the rows of a batch go to their nearest centres, and every
    /// centre becomes the mean of all rows that ever went to it. The steps end when the inertia of the batches, smoothed over
    /// about half a pass of the data, has not improved for `max_no_improvement` steps. The result is a little worse than that
    /// of k-means and takes far less time on many rows; [`partial_fit`](PartialFit::partial_fit) learns from data that do not
    /// fit in memory.
    ///
    /// # Settings
    /// | name | default | meaning |
    /// |---|---|---|
    /// | `n_clusters` | 8 | k |
    /// | `init` | k-means++ | where the centres begin: [`KMeansInit`] |
    /// | `max_iter` | 100 | the most passes over as many rows as the data have |
    /// | `batch_size` | 1024 | rows of a batch, at most all |
    /// | `compute_labels` | `true` | whether the fit labels all rows and sums their inertia at the end |
    /// | `random_state` | 0 | the seed of the starts and the batches |
    /// | `tol` | 0 | the squared movement of all centres in a step, over the mean variance of the columns, that ends the fit; 0 for never |
    /// | `max_no_improvement` | 10 | steps without improvement that end the fit; none for never |
    /// | `init_size` | 3 batches | rows drawn for a start; at least 3 k where fewer than k were asked for |
    /// | `n_init` | auto | starts of which the best on some rows is kept: auto is 3 for random rows, else 1 |
    /// | `reassignment_ratio` | 0.01 | centres of less than this part of the largest count begin anew at a random row |
    ///
    /// # Complexity
    /// A step takes O(b k p) for batches of b rows; the rows are not copied. Memory O((b + k) p). Same seed, same data: the
    /// same bits with one thread or many.
    ///
    /// # Errors
    /// As [`KMeans`](super::KMeans).
    ///
    /// # Source
    /// Sculley, *Web-scale k-means clustering* (2010); stopping and reassignment are scikit-learn's. Rows are drawn by their
    /// weights there and here, with replacement.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{cluster::MiniBatchKMeans, prelude::*};
    /// use ndarray::array;
    ///
    /// let x = array![[1.0, 2.0], [1.0, 4.0], [1.0, 0.0], [10.0, 2.0], [10.0, 4.0], [10.0, 0.0]];
    /// let model = MiniBatchKMeans::new(2).fit(&x, &())?;
    /// let labels = model.predict(&array![[0.0, 0.0], [12.0, 3.0]])?;
    /// assert_ne!(labels[0], labels[1]);
    /// # Ok::<(), Error>(())
    /// ```
    pub struct MiniBatchKMeans {
        n_clusters: usize = 8 => "The number of clusters.";
        init: KMeansInit = KMeansInit::KMeansPlusPlus;
        max_iter: usize = 100 => "The most passes over as many rows as the data have.";
        batch_size: usize = 1024 => "Rows of a batch.";
        compute_labels: bool = true => "Whether the fit labels all rows and sums their inertia at the end.";
        random_state: u64 = 0 => "The seed of the starts and the batches.";
        #[serde(with = "crate::params::number")]
        tol: f64 = 0.0 => "The squared movement of the centres, over the mean variance of the columns, that ends the fit.";
        max_no_improvement: Option<usize> = Some(10);
        init_size: Option<usize> = None;
        n_init: NInit = NInit::Auto;
        #[serde(with = "crate::params::number")]
        reassignment_ratio: f64 = 0.01 => "The part of the largest count below which a centre begins anew.";
    }
    check(this) {
        check::count(NAME, "n_clusters", this.n_clusters, 1)?;
        if let KMeansInit::Given(rows) = &this.init {
            if rows.len() != this.n_clusters {
                let expected = format!("a row for each of {} clusters", this.n_clusters);
                let got = format!("{} rows", rows.len());
                return Err(Error::invalid_parameter(NAME, "init", expected, got));
            }
            let finite = Interval::open(f64::NEG_INFINITY, f64::INFINITY);
            for &v in rows.iter().flatten() {
                check::real(NAME, "init", v, finite)?;
            }
        }
        check::count(NAME, "max_iter", this.max_iter, 1)?;
        check::count(NAME, "batch_size", this.batch_size, 1)?;
        check::real(NAME, "tol", this.tol, Interval::at_least(0.0))?;
        if let Some(size) = this.init_size {
            check::count(NAME, "init_size", size, 1)?;
        }
        if let NInit::Count(n) = this.n_init {
            check::real(NAME, "n_init", n as f64, Interval::closed(1.0, MOST_STARTS))?;
        }
        check::real(NAME, "reassignment_ratio", this.reassignment_ratio, Interval::at_least(0.0))
    }
}

/// Centres in a frame, and what they have seen.
struct State {
    centers: Vec<f64>,
    counts: Vec<f64>,
    /// Rows since centres last began anew.
    since: usize,
}

/// What a step is made of: rows in a frame, one after the other, and their weights.
struct Batch<'a, F> {
    rows: &'a [F],
    weights: Option<&'a [f64]>,
    p: usize,
    ratio: f64,
}

impl<F: Float> Batch<'_, F> {
    /// One step; the inertia before it and the squared movement of the centres.
    fn learn(&self, state: &mut State, rng: &mut impl Rng) -> Result<(f64, f64)> {
        let (p, k, n) = (self.p, state.counts.len(), self.rows.len() / self.p);
        state.since = state.since.saturating_add(n);
        let anew = state.counts.contains(&0.0) || state.since >= k.saturating_mul(10);
        if anew {
            state.since = 0;
        }
        let centers: Vec<F> = state.centers.iter().map(|&v| F::of(v)).collect();
        let mut labels = vec![0; n];
        Nearest::new(&centers, p).label(self.rows, &mut labels);
        let old = state.centers.clone();
        let mut sums = vec![0.0; k * p];
        let mut weights = vec![0.0; k];
        let inertia = simd(
            #[inline(always)]
            || {
                let mut inertia = 0.0;
                for (i, (row, &label)) in self.rows.chunks_exact(p).zip(&labels).enumerate() {
                    let w = self.weights.map_or(1.0, |w| w[i]);
                    let c = label as usize;
                    inertia += w * squared_distance(row, &centers[c * p..(c + 1) * p]);
                    weights[c] += w;
                    for (sum, v) in sums[c * p..(c + 1) * p].iter_mut().zip(row) {
                        *sum = w.mul_add(v.f64(), *sum);
                    }
                }
                inertia
            },
        );
        for c in (0..k).filter(|&c| weights[c] > 0.0) {
            let before = state.counts[c];
            state.counts[c] += weights[c];
            let part = 1.0 / state.counts[c];
            let span = c * p..(c + 1) * p;
            let centers = state.centers[span.clone()].iter_mut();
            for (v, sum) in centers.zip(&sums[span]) {
                *v = v.mul_add(before, *sum) * part;
            }
        }
        if anew && self.ratio > 0.0 {
            self.begin_anew(state, rng)?;
        }
        let each = state.centers.iter().zip(&old);
        let moved = each.map(|(a, b)| (a - b).powi(2)).sum();
        Ok((inertia, moved))
    }

    /// Centres of few rows go to rows drawn from the batch.
    fn begin_anew(&self, state: &mut State, rng: &mut impl Rng) -> Result<()> {
        let (p, n) = (self.p, self.rows.len() / self.p);
        let largest = state.counts.iter().fold(0.0, |m: f64, &v| m.max(v));
        let mut few: Vec<usize> = (0..state.counts.len())
            .filter(|&c| state.counts[c] < self.ratio * largest)
            .collect();
        // At most half as many as the batch has rows, those of fewest rows first.
        if few.len() as f64 > 0.5 * n as f64 {
            few.sort_by(|&a, &b| state.counts[a].total_cmp(&state.counts[b]).then(a.cmp(&b)));
            few.truncate(n / 2);
            few.sort_unstable();
        }
        if few.is_empty() {
            return Ok(());
        }
        let rows = random::sample_without_replacement(n, few.len(), rng)?;
        for (&c, &i) in few.iter().zip(&rows) {
            for (v, x) in state.centers[c * p..]
                .iter_mut()
                .zip(&self.rows[i * p..(i + 1) * p])
            {
                *v = x.f64();
            }
        }
        // Not so few that they begin anew at once.
        let kept = (0..state.counts.len()).filter(|c| few.binary_search(c).is_err());
        let least = kept.map(|c| state.counts[c]).fold(f64::INFINITY, f64::min);
        if least.is_finite() {
            few.iter().for_each(|&c| state.counts[c] = least);
        }
        Ok(())
    }
}

/// The weights, unless all are the same.
fn uneven<Y: Targets + ?Sized>(y: &Y) -> Option<Vec<f64>> {
    let weights = y.sample_weight()?;
    let first = weights.first()?;
    weights.iter().any(|w| w != first).then(|| weights.to_vec())
}

/// Rows of x in a frame.
fn gather<F: Float>(x: &ArrayRef2<F>, frame: &Frame, rows: &[usize]) -> Vec<F> {
    let p = x.ncols();
    let mut out = vec![F::zero(); rows.len() * p];
    for (&i, out) in rows.iter().zip(out.chunks_exact_mut(p)) {
        frame.row(x.row(i).iter(), out);
    }
    out
}

/// The weighted inertia of some rows.
fn inertia_of<F: Float>(rows: &[F], p: usize, weights: Option<&[f64]>, centers: &[f64]) -> f64 {
    let centers: Vec<F> = centers.iter().map(|&v| F::of(v)).collect();
    let mut labels = vec![0; rows.len() / p];
    Nearest::new(&centers, p).label(rows, &mut labels);
    let each = rows.chunks_exact(p).zip(&labels).enumerate();
    each.map(|(i, (row, &label))| {
        let c = label as usize * p;
        weights.map_or(1.0, |w| w[i]) * squared_distance(row, &centers[c..c + p])
    })
    .sum()
}

/// When the inertia of batches no longer improves.
#[derive(Default)]
struct Improvement {
    smooth: Option<f64>,
    least: Option<f64>,
    steps: usize,
}

impl Improvement {
    /// Takes a mean inertia; the steps since the least.
    fn after(&mut self, inertia: f64, share: f64) -> usize {
        let smooth = match self.smooth {
            None => inertia,
            Some(smooth) => smooth * (1.0 - share) + inertia * share,
        };
        self.smooth = Some(smooth);
        if self.least.is_none_or(|least| smooth < least) {
            self.steps = 0;
            self.least = Some(smooth);
        } else {
            self.steps += 1;
        }
        self.steps
    }
}

impl MiniBatchKMeans {
    /// So many clusters, all else by default.
    pub fn new(n_clusters: usize) -> Self {
        Self::default().n_clusters(n_clusters)
    }

    /// Where the centres begin.
    pub fn init(mut self, init: impl Into<KMeansInit>) -> Self {
        self.init = init.into();
        self
    }

    /// Steps without improvement that end the fit; none for never.
    pub fn max_no_improvement(mut self, steps: impl Into<Option<usize>>) -> Self {
        self.max_no_improvement = steps.into();
        self
    }

    /// Rows drawn for a start; none for 3 batches.
    pub fn init_size(mut self, rows: impl Into<Option<usize>>) -> Self {
        self.init_size = rows.into();
        self
    }

    /// The number of starts.
    pub fn n_init(mut self, n_init: impl Into<NInit>) -> Self {
        self.n_init = n_init.into();
        self
    }

    fn starts(&self) -> usize {
        match (&self.init, self.n_init) {
            (KMeansInit::Given(_), _) | (KMeansInit::KMeansPlusPlus, NInit::Auto) => 1,
            (KMeansInit::Random, NInit::Auto) => 3,
            (_, NInit::Count(n)) => n,
        }
    }

    /// Rows drawn for a start, of n.
    fn start_rows(&self, n: usize) -> usize {
        let batches = self.batch_size.min(n).saturating_mul(3);
        let rows = self.init_size.unwrap_or(batches);
        if rows < self.n_clusters {
            self.n_clusters.saturating_mul(3).min(n)
        } else {
            rows.min(n)
        }
    }

    /// The centres of one start, in the frame.
    fn begin<F: Float>(
        &self,
        x: &ArrayRef2<F>,
        weights: Option<&[f64]>,
        frame: &Frame,
        rng: &mut impl Rng,
    ) -> Result<Vec<f64>> {
        let (n, p, k) = (x.nrows(), x.ncols(), self.n_clusters);
        if let KMeansInit::Given(rows) = &self.init {
            let mut center = vec![F::zero(); p];
            let mut centers = Vec::with_capacity(k * p);
            for row in rows {
                let row: Vec<F> = row.iter().map(|&v| F::of(v)).collect();
                frame.row(row.iter(), &mut center);
                centers.extend(center.iter().map(|v| v.f64()));
            }
            return Ok(centers);
        }
        let size = self.start_rows(n);
        let drawn: Vec<usize> = if size < n {
            match std::num::NonZeroUsize::new(n) {
                Some(n) => (0..size).map(|_| random::below(n, rng)).collect(),
                None => Vec::new(),
            }
        } else {
            (0..n).collect()
        };
        let rows = gather(x, frame, &drawn);
        let weights: Option<Vec<f64>> = weights.map(|w| drawn.iter().map(|&i| w[i]).collect());
        // A draw may have met rows of weight 0 alone.
        let weights = weights.filter(|w| w.iter().filter(|&&w| w > 0.0).count() >= k);
        let seeds = match self.init {
            KMeansInit::Random => seeding::random_rows(size, k, weights.as_deref(), rng)?,
            _ => seeding::plus_plus(&rows, p, k, weights.as_deref(), trials(k), rng)?,
        };
        let rows = seeds.iter().flat_map(|&i| &rows[i * p..(i + 1) * p]);
        Ok(rows.map(|v| v.f64()).collect())
    }

    fn check_input<F: Float, Y: Targets + ?Sized>(&self, x: &ArrayRef2<F>, y: &Y) -> Result<()> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let rows = match y.sample_weight() {
            Some(w) => w.iter().filter(|&&w| w > 0.0).count(),
            None => x.nrows(),
        };
        check_rows(NAME, self.n_clusters, rows)?;
        match &self.init {
            KMeansInit::Given(rows) => match rows.iter().find(|row| row.len() != x.ncols()) {
                Some(row) => {
                    let what = "number of features of a centre in `init`";
                    Err(Error::shape(what, x.ncols(), row.len()))
                }
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Begins with one batch: the centres start in it and learn from it once. Go on with
    /// [`partial_fit`](PartialFit::partial_fit).
    ///
    /// # Errors
    /// As `fit`.
    ///
    /// ```
    /// use fitwell::{cluster::MiniBatchKMeans, prelude::*};
    /// use ndarray::array;
    ///
    /// let mut model = MiniBatchKMeans::new(2).fit_first_batch(&array![[0.0], [1.0], [9.0]], &())?;
    /// model.partial_fit(&array![[8.0], [0.5]], &())?;
    /// assert_eq!(model.n_steps(), 2);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn fit_first_batch<F: Float, Y: Targets + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
    ) -> Result<FittedMiniBatchKMeans<F>> {
        self.check_input(x, y)?;
        let frame = Frame::around(x);
        let weights = uneven(y);
        let mut rng = random::stream(self.random_state, 0);
        let centers = self.begin(x, weights.as_deref(), &frame, &mut rng)?;
        let k = self.n_clusters;
        let rounded: Vec<F> = centers.iter().map(|&v| F::of(v)).collect();
        let mut model = FittedMiniBatchKMeans {
            cluster_centers: matrix(frame.back(&rounded), k, x.ncols())?,
            counts: vec![0.0; k],
            labels: Array1::default(0),
            inertia: 0.0,
            n_iter: 1,
            n_steps: 0,
            since: 0,
            compute_labels: self.compute_labels,
            random_state: self.random_state,
            reassignment_ratio: self.reassignment_ratio,
        };
        model.partial_fit(x, y)?;
        Ok(model)
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for MiniBatchKMeans {
    type Fitted = FittedMiniBatchKMeans<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check_input(x, y)?;
        let ((n, p), k) = (x.dim(), self.n_clusters);
        let total = y.sample_weight().map_or(n as f64, |w| w.sum());
        let weights = uneven(y);
        let weights = weights.as_deref();
        let frame = Frame::around(x);
        let mut rng = random::stream(self.random_state, 0);
        let batch = self.batch_size.min(n);
        let below = std::num::NonZeroUsize::MIN.saturating_add(n - 1);

        let judges: Vec<usize> = (0..self.start_rows(n))
            .map(|_| random::below(below, &mut rng))
            .collect();
        let judge_weights: Option<Vec<f64>> =
            weights.map(|w| judges.iter().map(|&i| w[i]).collect());
        let judges = gather(x, &frame, &judges);
        let mut best: Option<(f64, Vec<f64>)> = None;
        for _ in 0..self.starts() {
            let centers = self.begin(x, weights, &frame, &mut rng)?;
            let inertia = match self.starts() {
                1 => 0.0,
                _ => inertia_of(&judges, p, judge_weights.as_deref(), &centers),
            };
            if best.as_ref().is_none_or(|best| inertia < best.0) {
                best = Some((inertia, centers));
            }
        }
        let centers = best.map(|best| best.1).unwrap_or_default();

        let tolerance = match self.tol > 0.0 {
            true => self.tol * variance(x, &frame),
            false => 0.0,
        };
        let choice = weights.map(WeightedIndex::new).transpose()?;
        let mut state = State {
            centers,
            counts: vec![0.0; k],
            since: 0,
        };
        let share = (batch as f64 * 2.0 / (n as f64 + 1.0)).min(1.0);
        let steps = (self.max_iter as u128 * n as u128 / batch as u128).max(1);
        let steps = usize::try_from(steps).unwrap_or(usize::MAX);
        let mut improvement = Improvement::default();
        let mut drawn = vec![0; batch];
        let mut n_steps = 0;
        while n_steps < steps {
            for i in &mut drawn {
                *i = match &choice {
                    Some(choice) => choice.sample(&mut rng),
                    None => random::below(below, &mut rng),
                };
            }
            let rows = gather(x, &frame, &drawn);
            let step = Batch {
                rows: &rows,
                weights: None,
                p,
                ratio: self.reassignment_ratio,
            };
            let (inertia, moved) = step.learn(&mut state, &mut rng)?;
            n_steps += 1;
            let mean = inertia / batch as f64;
            self.watch
                .report(NAME, n_steps, Some(steps), Some(frame.square_back(mean)))?;
            // The first is that of the start.
            if n_steps == 1 {
                continue;
            }
            let without = improvement.after(mean, share);
            if self.tol > 0.0 && moved <= tolerance {
                break;
            }
            if self.max_no_improvement.is_some_and(|most| without >= most) {
                break;
            }
        }
        let centers: Vec<F> = state.centers.iter().map(|&v| F::of(v)).collect();
        let centers = frame.back(&centers);
        check::learned(NAME, "the centres", &centers)?;
        let mut model = FittedMiniBatchKMeans {
            cluster_centers: matrix(centers, k, p)?,
            counts: state.counts,
            labels: Array1::default(0),
            inertia: frame.square_back(improvement.smooth.unwrap_or(0.0)) * total,
            n_iter: (n_steps as u128 * batch as u128).div_ceil(n as u128) as usize,
            n_steps,
            since: state.since,
            compute_labels: self.compute_labels,
            random_state: self.random_state,
            reassignment_ratio: self.reassignment_ratio,
        };
        if self.compute_labels {
            model.label(x, y)?;
        }
        check::learned(NAME, "the inertia", &[model.inertia])?;
        Ok(model)
    }
}

/// The mean variance of the columns, in the frame.
fn variance<F: Float>(x: &ArrayRef2<F>, frame: &Frame) -> f64 {
    let (n, p) = x.dim();
    let parts = parallel::map_chunks(n, chunk(n, p), |range| {
        let mut row = vec![F::zero(); p];
        let mut sum = 0.0;
        for i in range {
            frame.row(x.row(i).iter(), &mut row);
            sum += row.iter().map(|v| v.f64() * v.f64()).sum::<f64>();
        }
        sum
    });
    parts.iter().sum::<f64>() / (n * p) as f64
}

/// Clusters found by [`MiniBatchKMeans`].
///
/// `predict`, `transform` and `score` are those of [`FittedKMeans`]; [`partial_fit`](PartialFit::partial_fit) learns from one
/// more batch, of which all rows are used, with their weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedMiniBatchKMeans<F: Float> {
    cluster_centers: Array2<F>,
    counts: Vec<f64>,
    labels: Array1<usize>,
    inertia: f64,
    n_iter: usize,
    n_steps: usize,
    since: usize,
    compute_labels: bool,
    random_state: u64,
    reassignment_ratio: f64,
}

impl<F: Float> FittedMiniBatchKMeans<F> {
    /// The centres, (n_clusters, n_features).
    pub fn cluster_centers(&self) -> &Array2<F> {
        &self.cluster_centers
    }

    /// The cluster of each row of the training data, or of the last batch; empty without `compute_labels`.
    pub fn labels(&self) -> &Array1<usize> {
        &self.labels
    }

    /// The weighted sum of squared distances of those rows to their centres; without `compute_labels` what the smoothed
    /// inertia of the batches makes of all rows.
    pub fn inertia(&self) -> f64 {
        self.inertia
    }

    /// The passes over as many rows as the data have, rounded up.
    pub fn n_iter(&self) -> usize {
        self.n_iter
    }

    /// The batches learned from.
    pub fn n_steps(&self) -> usize {
        self.n_steps
    }

    /// The weight that each centre is the mean of.
    pub fn counts(&self) -> &[f64] {
        &self.counts
    }

    /// The number of features at fit.
    pub fn n_features_in(&self) -> usize {
        self.cluster_centers.ncols()
    }

    /// The same centres as k-means has them.
    fn as_k_means(&self) -> FittedKMeans<F> {
        FittedKMeans {
            cluster_centers: self.cluster_centers.clone(),
            labels: Array1::default(0),
            inertia: 0.0,
            n_iter: 1,
            converged: true,
        }
    }

    fn label<Y: Targets + ?Sized>(&mut self, x: &ArrayRef2<F>, y: &Y) -> Result<()> {
        let model = self.as_k_means();
        let labels = model.predict(x)?;
        let inertia = -model.score(x, y)?;
        (self.labels, self.inertia) = (labels, inertia);
        Ok(())
    }
}

impl<F: Float, Y: Targets + ?Sized> PartialFit<ArrayRef2<F>, Y> for FittedMiniBatchKMeans<F> {
    fn partial_fit(&mut self, x: &ArrayRef2<F>, y: &Y) -> Result<()> {
        check::not_empty(x)?;
        check::same_width(x, self.n_features_in())?;
        check::target(y, x.nrows())?;
        let weights = y.sample_weight().map(|w| w.to_vec());
        let frame = Frame::around(x);
        let p = x.ncols();
        let rows = frame.rows(x);
        let mut center = vec![F::zero(); p];
        let mut centers = Vec::with_capacity(self.cluster_centers.len());
        for row in self.cluster_centers.rows() {
            frame.row(row.iter(), &mut center);
            centers.extend(center.iter().map(|v| v.f64()));
        }
        let mut state = State {
            centers,
            counts: self.counts.clone(),
            since: self.since,
        };
        let batch = Batch {
            rows: &rows,
            weights: weights.as_deref(),
            p,
            ratio: self.reassignment_ratio,
        };
        let mut rng = random::stream(self.random_state, 1 + self.n_steps as u64);
        batch.learn(&mut state, &mut rng)?;
        let centers: Vec<F> = state.centers.iter().map(|&v| F::of(v)).collect();
        let centers = frame.back(&centers);
        check::learned(NAME, "the centres", &centers)?;
        check::learned(NAME, "the counts", &state.counts)?;
        let mut next = FittedMiniBatchKMeans {
            cluster_centers: matrix(centers, self.counts.len(), p)?,
            counts: state.counts,
            since: state.since,
            n_steps: self.n_steps.saturating_add(1),
            ..self.clone()
        };
        if self.compute_labels {
            next.label(x, y)?;
        }
        *self = next;
        Ok(())
    }
}

impl<F: Float> Predict<ArrayRef2<F>> for FittedMiniBatchKMeans<F> {
    type Output = Array1<usize>;

    fn predict(&self, x: &ArrayRef2<F>) -> Result<Array1<usize>> {
        self.as_k_means().predict(x)
    }
}

impl<F: Float> Transform<ArrayRef2<F>> for FittedMiniBatchKMeans<F> {
    type Output = Array2<F>;

    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.as_k_means().transform(x)
    }
}

impl<F: Float, Y: Targets + ?Sized> Score<ArrayRef2<F>, Y> for FittedMiniBatchKMeans<F> {
    fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
        self.as_k_means().score(x, y)
    }
}

impl<F: Float> FeatureNamesOut for FittedMiniBatchKMeans<F> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        crate::preprocessing::names_or_numbers(input, self.n_features_in())?;
        let names = (0..self.counts.len()).map(|c| format!("minibatchkmeans{c}"));
        Ok(names.collect())
    }
}

impl<F: Float> fmt::Display for FittedMiniBatchKMeans<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (k, p) = self.cluster_centers.dim();
        write!(
            f,
            "MiniBatchKMeans of {k} clusters fitted on {p} columns in {} steps: inertia {}",
            self.n_steps, self.inertia
        )
    }
}

impl<F: Float> Model for FittedMiniBatchKMeans<F> {
    fn type_name() -> String {
        format!("FittedMiniBatchKMeans<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        let (k, p) = self.cluster_centers.dim();
        ensure::at_least("number of clusters", k, 1)?;
        ensure::at_least("number of features", p, 1)?;
        ensure::finite("cluster_centers", &self.cluster_centers)?;
        ensure::equal("number of counts", self.counts.len(), k)?;
        ensure::non_negative("counts", &self.counts)?;
        ensure::that(self.compute_labels != self.labels.is_empty(), || {
            "there are labels without `compute_labels`, or none with it".into()
        })?;
        ensure::indices("labels", &self.labels, k)?;
        ensure::non_negative("inertia", &[self.inertia])?;
        ensure::non_negative("reassignment_ratio", &[self.reassignment_ratio])?;
        ensure::at_least("n_iter", self.n_iter, 1)?;
        ensure::at_least("n_steps", self.n_steps, 1)
    }
}
