//! Groups around the peaks of a density.

// Loops over lanes by their numbers become vectors.
#![allow(clippy::needless_range_loop)]

use std::collections::HashMap;
use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2, Axis};
use serde::{Deserialize, Serialize};

use super::settings::settings;
use super::turned::{LANES, Turned, squares};
use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::linalg::simd;
use crate::mixture::Numbers;
use crate::model::{Model, ensure};
use crate::parallel;
use crate::params::Hyperparameters;
use crate::random;
use crate::targets::Targets;
use crate::traits::{Estimator, Predict};

const NAME: &str = "MeanShift";

settings! {
    /// Finds peaks of the density of the rows, and groups the rows around them; it finds out how many there are.
    ///
    /// From each seed, the mean of the rows within `bandwidth` is taken, then the mean of the rows within `bandwidth` of that, until
    /// it moves by at most a thousandth of the bandwidth. Of means nearer to each other than the bandwidth, the one with the
    /// most rows around it stays; every row belongs to the nearest of those that stay.
    ///
    /// # Settings
    /// | name | default | meaning |
    /// |---|---|---|
    /// | `bandwidth` | none | the radius; none for [`estimate_bandwidth`] |
    /// | `seeds` | none | where to start, (n_seeds, n_features); none for all rows |
    /// | `bin_seeding` | `false` | start at the points of a grid of the bandwidth that have rows about them |
    /// | `min_bin_freq` | 1 | rows that such a point must have |
    /// | `cluster_all` | `true` | whether rows farther than the bandwidth from every peak belong to the nearest; else their label is −1 |
    /// | `max_iter` | 300 | the most iterations of a seed |
    ///
    /// # Complexity
    /// An iteration of a seed takes O(n p), seeds in parallel; memory O(n p). All is computed in `f64`.
    ///
    /// # Errors
    /// `EmptyInput`, `NonFinite`, `InvalidParameter`, `InvalidInput` when no row is within the bandwidth of any seed,
    /// `Cancelled`. Sample weights are checked and not used, as in scikit-learn.
    ///
    /// # Source
    /// Comaniciu and Meer, *Mean shift: a robust approach toward feature space analysis* (2002). Points of the grid are not
    /// rounded to 32 bits, which scikit-learn does.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{cluster::MeanShift, prelude::*};
    /// use ndarray::array;
    ///
    /// let x = array![[1.0, 1.0], [2.0, 1.0], [1.0, 0.0], [4.0, 7.0], [3.0, 5.0], [3.0, 6.0]];
    /// let model = MeanShift::new().bandwidth(2.0).fit(&x, &())?;
    /// assert_eq!(model.labels().to_vec(), [1, 1, 1, 0, 0, 0]);
    /// assert_eq!(model.predict(&array![[0.0, 0.0], [5.0, 5.0]])?.to_vec(), [1, 0]);
    /// # Ok::<(), Error>(())
    /// ```
    pub struct MeanShift {
        #[serde(with = "crate::params::optional_number")]
        bandwidth: Option<f64> = None;
        seeds: Option<Numbers> = None;
        bin_seeding: bool = false => "Whether to start at the points of a grid.";
        min_bin_freq: usize = 1 => "Rows that a point of the grid must have about it.";
        cluster_all: bool = true => "Whether rows far from every peak belong to the nearest.";
        max_iter: usize = 300 => "The most iterations of a seed.";
    }
    check(this) {
        if let Some(bandwidth) = this.bandwidth {
            check::real(NAME, "bandwidth", bandwidth, Interval::above(0.0))?;
        }
        check::count(NAME, "min_bin_freq", this.min_bin_freq, 1)
    }
}

/// The sum and number of the rows within a radius.
fn within(rows: &Turned, point: &[f64], radius: f64, sum: &mut [f64]) -> usize {
    let mut lanes = vec![[0.0; LANES]; sum.len()];
    let mut counts = [0.0; LANES];
    simd(
        #[inline(always)]
        || {
            for columns in rows.groups() {
                let squares = squares(columns, point);
                let near: [bool; LANES] = std::array::from_fn(|l| squares[l].sqrt() <= radius);
                if !near.contains(&true) {
                    continue;
                }
                for l in 0..LANES {
                    counts[l] += f64::from(u8::from(near[l]));
                }
                for (sum, column) in lanes.iter_mut().zip(columns) {
                    for l in 0..LANES {
                        sum[l] += if near[l] { column[l] } else { 0.0 };
                    }
                }
            }
        },
    );
    for (sum, lanes) in sum.iter_mut().zip(&lanes) {
        *sum = lanes.iter().sum();
    }
    counts.iter().sum::<f64>() as usize
}

impl MeanShift {
    /// With scikit-learn's defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The radius; none for [`estimate_bandwidth`].
    pub fn bandwidth(mut self, bandwidth: impl Into<Option<f64>>) -> Self {
        self.bandwidth = bandwidth.into();
        self
    }

    /// Where to start, (n_seeds, n_features).
    pub fn seeds(mut self, seeds: impl Into<Numbers>) -> Self {
        self.seeds = Some(seeds.into());
        self
    }

    fn starts<F: Float>(&self, x: &ArrayRef2<F>, bandwidth: f64) -> Result<Vec<Vec<f64>>> {
        let p = x.ncols();
        let all = || -> Vec<Vec<f64>> {
            let rows = x.rows().into_iter();
            rows.map(|row| row.iter().map(|v| v.f64()).collect())
                .collect()
        };
        if let Some(seeds) = &self.seeds {
            let n = seeds.shape().first().copied().unwrap_or(0);
            seeds.check(NAME, "seeds", &[n.max(1), p])?;
            return Ok(seeds
                .values()
                .chunks_exact(p)
                .map(<[f64]>::to_vec)
                .collect());
        }
        if !self.bin_seeding || bandwidth == 0.0 {
            return Ok(all());
        }
        // Points of the grid in the order in which rows meet them.
        let mut places: HashMap<Vec<i64>, usize> = HashMap::new();
        let mut bins: Vec<(Vec<f64>, usize)> = Vec::new();
        for row in x.rows() {
            let bin: Vec<f64> = row
                .iter()
                .map(|v| (v.f64() / bandwidth).round_ties_even())
                .collect();
            if bin.iter().any(|v| v.abs() > 9e15) {
                // Bins finer than the numbers: every row is its own.
                return Ok(all());
            }
            let key = bin.iter().map(|&v| v as i64).collect();
            let place = *places.entry(key).or_insert(bins.len());
            match bins.get_mut(place) {
                Some(found) => found.1 += 1,
                None => bins.push((bin, 1)),
            }
        }
        bins.retain(|bin| bin.1 >= self.min_bin_freq);
        if bins.is_empty() {
            let expected = "at most the rows about the fullest point of the grid";
            let got = self.min_bin_freq;
            return Err(Error::invalid_parameter(
                NAME,
                "min_bin_freq",
                expected,
                got,
            ));
        }
        if bins.len() == x.nrows() {
            return Ok(all());
        }
        let point = |bin: Vec<f64>| bin.into_iter().map(|v| v * bandwidth).collect();
        Ok(bins.into_iter().map(|bin| point(bin.0)).collect())
    }

    /// Where a seed ends, the rows about it, and the iterations.
    fn climb(&self, rows: &Turned, seed: &[f64], bandwidth: f64) -> (Vec<f64>, usize, usize) {
        let (mut mean, mut sum) = (seed.to_vec(), vec![0.0; seed.len()]);
        let mut iterations = 0;
        loop {
            let count = within(rows, &mean, bandwidth, &mut sum);
            if count == 0 {
                return (mean, 0, iterations);
            }
            let mut square = 0.0;
            for (m, s) in mean.iter_mut().zip(&sum) {
                let next = s / count as f64;
                square += (next - *m) * (next - *m);
                *m = next;
            }
            if square.sqrt() <= 1e-3 * bandwidth || iterations == self.max_iter {
                return (mean, count, iterations);
            }
            iterations += 1;
        }
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for MeanShift {
    type Fitted = FittedMeanShift<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let bandwidth = match self.bandwidth {
            Some(bandwidth) => bandwidth,
            None => estimate_bandwidth(x, 0.3, None, 0)?,
        };
        let rows = Turned::new(x);
        let seeds = self.starts(x, bandwidth)?;
        let mut peaks = Vec::with_capacity(seeds.len());
        let mut n_iter = 0;
        // In parts, so that an observer can stop it.
        for (part, seeds) in seeds.chunks(1024).enumerate() {
            let found = parallel::map_chunks(seeds.len(), 8, |range| {
                let each = seeds[range].iter();
                each.map(|seed| self.climb(&rows, seed, bandwidth))
                    .collect::<Vec<_>>()
            });
            for (mean, count, iterations) in found.into_iter().flatten() {
                n_iter = n_iter.max(iterations);
                if count > 0 {
                    peaks.push((count, mean));
                }
            }
            self.watch.report(NAME, part + 1, None, None)?;
        }
        if peaks.is_empty() {
            let reason = format!("no row is within the bandwidth, {bandwidth}, of any seed");
            return Err(Error::invalid_input("X", reason));
        }
        // Those with the most rows first, then by their coordinates.
        peaks.sort_by(|a, b| {
            let coordinates = b.1.iter().zip(&a.1).map(|(b, a)| b.total_cmp(a));
            let coordinates = coordinates.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then);
            b.0.cmp(&a.0).then(coordinates)
        });
        peaks.dedup_by(|a, b| a.1 == b.1);
        let mut kept: Vec<&[f64]> = Vec::new();
        for (_, mean) in &peaks {
            let near = |other: &&[f64]| {
                let square: f64 = other.iter().zip(mean).map(|(a, b)| (a - b) * (a - b)).sum();
                square.sqrt() <= bandwidth
            };
            if !kept.iter().any(near) {
                kept.push(mean);
            }
        }
        let p = x.ncols();
        let centers = Array2::from_shape_fn((kept.len(), p), |(c, j)| F::of(kept[c][j]));
        check::learned(NAME, "the centres", &centers)?;
        let mut model = FittedMeanShift {
            cluster_centers: centers,
            labels: Array1::default(0),
            n_iter,
            bandwidth,
        };
        let nearest = model.nearest(x);
        let label = |(c, square): (usize, f64)| match self.cluster_all || square.sqrt() <= bandwidth
        {
            true => c as i64,
            false => -1,
        };
        model.labels = nearest.into_iter().map(label).collect();
        Ok(model)
    }
}

/// A bandwidth for [`MeanShift`]: the mean over the rows of the distance to the ⌊n quantile⌋-th nearest row, itself the first.
///
/// With `n_samples`, of that many rows drawn at random. O(n² p).
///
/// # Errors
/// `EmptyInput`, `NonFinite`, `InvalidParameter` for a `quantile` outside of `[0, 1]` or no rows to draw.
///
/// ```
/// use fitwell::cluster::estimate_bandwidth;
/// use ndarray::array;
///
/// let x = array![[1.0, 1.0], [2.0, 1.0], [1.0, 0.0], [4.0, 7.0], [3.0, 5.0], [3.0, 6.0]];
/// let bandwidth = estimate_bandwidth(&x, 0.5, None, 0)?;
/// assert!((bandwidth - 1.6191).abs() < 1e-4);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn estimate_bandwidth<F: Float>(
    x: &ArrayRef2<F>,
    quantile: f64,
    n_samples: Option<usize>,
    random_state: u64,
) -> Result<f64> {
    const FUNCTION: &str = "estimate_bandwidth";
    check::real(FUNCTION, "quantile", quantile, Interval::closed(0.0, 1.0))?;
    check::samples(x)?;
    let drawn;
    let x = match n_samples {
        None => x,
        Some(n) => {
            check::count(FUNCTION, "n_samples", n, 1)?;
            let mut order = random::permutation(x.nrows(), &mut random::generator(random_state));
            order.truncate(n);
            drawn = x.select(Axis(0), &order);
            &*drawn
        }
    };
    let n = x.nrows();
    let nth = ((n as f64 * quantile) as usize).clamp(1, n);
    let rows = Turned::new(x);
    let parts = parallel::map_chunks(n, 32, |range| {
        let mut sum = 0.0;
        let mut found = vec![0.0; n];
        for i in range {
            let point: Vec<f64> = x.row(i).iter().map(|v| v.f64()).collect();
            rows.each(&point, |at, square| found[at] = square);
            let (_, square, _) = found.select_nth_unstable_by(nth - 1, f64::total_cmp);
            sum += square.sqrt();
        }
        sum
    });
    let bandwidth = parts.iter().sum::<f64>() / n as f64;
    check::learned(NAME, "the bandwidth", &[bandwidth])?;
    Ok(bandwidth)
}

/// Groups found by [`MeanShift`]. `predict` gives the nearest peak, the first of several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedMeanShift<F: Float> {
    cluster_centers: Array2<F>,
    labels: Array1<i64>,
    n_iter: usize,
    bandwidth: f64,
}

impl<F: Float> FittedMeanShift<F> {
    /// The peaks, (n_clusters, n_features), those with the most rows about them first.
    pub fn cluster_centers(&self) -> &Array2<F> {
        &self.cluster_centers
    }

    /// The group of each row of the training data; −1 for rows far from all peaks, without `cluster_all`.
    pub fn labels(&self) -> &Array1<i64> {
        &self.labels
    }

    /// The most iterations of a seed.
    pub fn n_iter(&self) -> usize {
        self.n_iter
    }

    /// The radius that was used.
    pub fn bandwidth(&self) -> f64 {
        self.bandwidth
    }

    /// The number of features at fit.
    pub fn n_features_in(&self) -> usize {
        self.cluster_centers.ncols()
    }

    fn nearest(&self, x: &ArrayRef2<F>) -> Vec<(usize, f64)> {
        Turned::new(&self.cluster_centers).nearest_of(x)
    }
}

impl<F: Float> Predict<ArrayRef2<F>> for FittedMeanShift<F> {
    type Output = Array1<usize>;

    fn predict(&self, x: &ArrayRef2<F>) -> Result<Array1<usize>> {
        check::same_width(x, self.n_features_in())?;
        Ok(self.nearest(x).into_iter().map(|found| found.0).collect())
    }
}

impl<F: Float> fmt::Display for FittedMeanShift<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (k, p) = self.cluster_centers.dim();
        write!(
            f,
            "MeanShift fitted on {p} columns: {k} groups of bandwidth {}",
            self.bandwidth
        )
    }
}

impl<F: Float> Model for FittedMeanShift<F> {
    fn type_name() -> String {
        format!("FittedMeanShift<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        let (k, p) = self.cluster_centers.dim();
        ensure::at_least("number of clusters", k, 1)?;
        ensure::at_least("number of features", p, 1)?;
        ensure::finite("cluster_centers", &self.cluster_centers)?;
        ensure::at_least("number of labels", self.labels.len(), 1)?;
        ensure::that(self.labels.iter().all(|&c| c >= -1 && c < k as i64), || {
            format!("labels must be from -1 to {}", k - 1)
        })?;
        ensure::non_negative("bandwidth", &[self.bandwidth])
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn peaks_are_found_from_every_seeding() {
        let mut rng = random::generator(2);
        let x = Array2::from_shape_fn((90, 2), |(i, _)| {
            8.0 * (i % 3) as f64 + random::standard_normal(&mut rng)
        });
        for model in [
            MeanShift::new().bandwidth(3.0),
            MeanShift::new().bandwidth(3.0).bin_seeding(true),
            MeanShift::new()
                .bandwidth(3.0)
                .seeds(&array![[0.0, 0.0], [8.0, 8.0], [16.0, 16.0]]),
        ] {
            let fitted = model.fit(&x, &()).unwrap();
            assert_eq!(fitted.cluster_centers().nrows(), 3);
            for i in 0..90 {
                assert_eq!(fitted.labels()[i], fitted.labels()[i % 3]);
            }
            let predicted = fitted.predict(&x).unwrap().mapv(|c| c as i64);
            assert_eq!(&predicted, fitted.labels());
        }
        let mut far = x.clone();
        far[[0, 0]] = 100.0;
        let model = MeanShift::new()
            .bandwidth(3.0)
            .bin_seeding(true)
            .min_bin_freq(5)
            .cluster_all(false);
        let labels = model.fit(&far, &()).unwrap();
        assert_eq!(labels.labels()[0], -1);
        assert!(labels.labels().iter().filter(|&&c| c >= 0).count() > 80);
    }

    #[test]
    fn bad_seeds_and_bandwidths_are_named() {
        let x = array![[0.0], [1.0]];
        for (model, parameter) in [
            (MeanShift::new().bandwidth(0.0), "bandwidth"),
            (MeanShift::new().seeds(&array![[0.0, 1.0]]), "seeds"),
            (MeanShift::new().min_bin_freq(0), "min_bin_freq"),
        ] {
            let error = model.fit(&x, &()).unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::InvalidParameter { name, .. } if name == parameter),
                "{error}"
            );
        }
        let nowhere = MeanShift::new()
            .bandwidth(1.0)
            .seeds(&array![[50.0]])
            .fit(&x, &());
        assert!(matches!(
            nowhere.unwrap_err().kind(),
            ErrorKind::InvalidInput { .. }
        ));
        let same = Array2::<f64>::ones((5, 2));
        assert_eq!(
            MeanShift::new()
                .fit(&same, &())
                .unwrap()
                .cluster_centers()
                .nrows(),
            1
        );
        assert!(estimate_bandwidth(&x, 1.5, None, 0).is_err());
        assert!(estimate_bandwidth(&x, 0.5, Some(0), 0).is_err());
        assert!(estimate_bandwidth(&x, 1.0, Some(1), 0).unwrap() == 0.0);
    }
}
