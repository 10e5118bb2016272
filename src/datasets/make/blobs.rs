//! Normal clusters.

use ndarray::{Array2, Axis, s};

use super::settings::setters;
use super::{Centers, FINITE, OneOrMany, add_noise, between, shuffle_rows, zeros};
use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::labels::Labels;
use crate::random;

const NAME: &str = "make_blobs";

/// Normal clusters of equal or given sizes; set up with the methods of [`MakeBlobs`], then [`build`](MakeBlobs::build).
///
/// ```
/// use fitwell::datasets::make_blobs;
/// use ndarray::array;
///
/// let (x, y) = make_blobs().n_samples(300).centers(3).n_features(2).random_state(7).build()?;
/// assert_eq!((x.dim(), y.counts()), ((300, 2), vec![100, 100, 100]));
///
/// let places = array![[0.0, 0.0], [9.0, 9.0]];
/// let (x, _) = make_blobs().n_samples([10, 30]).centers(places).cluster_std([0.1, 2.0]).build()?;
/// assert_eq!(x.dim(), (40, 2));
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn make_blobs() -> MakeBlobs {
    MakeBlobs::default()
}

/// Settings of [`make_blobs`].
///
/// | setting | default | range |
/// | --- | --- | --- |
/// | `n_samples` | 100 | at least 1, shared out evenly; or one number for each center |
/// | `n_features` | 2 | at least 1; given `centers` decide it |
/// | `centers` | 3, or as many as `n_samples` has numbers | a count of at least 1, or a matrix (n_centers, n_features) |
/// | `cluster_std` | 1 | `[0, inf)`, one for all or one for each center |
/// | `center_box` | (-10, 10) | finite, in order; where random centers lie, in every feature |
/// | `shuffle` | true | |
/// | `random_state` | 0 | |
#[derive(Clone, Debug, PartialEq)]
pub struct MakeBlobs {
    n_samples: OneOrMany<usize>,
    n_features: usize,
    centers: Option<Centers>,
    cluster_std: OneOrMany<f64>,
    center_box: (f64, f64),
    shuffle: bool,
    random_state: u64,
}

impl Default for MakeBlobs {
    fn default() -> Self {
        MakeBlobs {
            n_samples: OneOrMany::One(100),
            n_features: 2,
            centers: None,
            cluster_std: OneOrMany::One(1.0),
            center_box: (-10.0, 10.0),
            shuffle: true,
            random_state: 0,
        }
    }
}

impl MakeBlobs {
    /// The number of samples: `300` in all, or `[100, 50]` for each center.
    #[must_use]
    pub fn n_samples(mut self, n_samples: impl Into<OneOrMany<usize>>) -> Self {
        self.n_samples = n_samples.into();
        self
    }

    /// The centers: `3` at random places, or a matrix (n_centers, n_features).
    #[must_use]
    pub fn centers(mut self, centers: impl Into<Centers>) -> Self {
        self.centers = Some(centers.into());
        self
    }

    /// The standard deviation of the clusters: `1.0` for all, or `[0.5, 2.0]` for each.
    #[must_use]
    pub fn cluster_std(mut self, cluster_std: impl Into<OneOrMany<f64>>) -> Self {
        self.cluster_std = cluster_std.into();
        self
    }

    /// The bounds of random centers, in every feature.
    #[must_use]
    pub fn center_box(mut self, low: f64, high: f64) -> Self {
        self.center_box = (low, high);
        self
    }

    setters! {
        /// The number of features when the centers are at random places.
        n_features: usize,
        /// Whether the samples come in random order rather than cluster by cluster.
        shuffle: bool,
        /// The seed.
        random_state: u64,
    }

    /// Samples (n_samples, n_features) and the number of the cluster of each.
    ///
    /// # Errors
    /// `InvalidParameter` for a setting out of range; `ShapeMismatch` when the numbers of centers, sample counts and
    /// deviations differ; `TooLarge`.
    pub fn build(&self) -> Result<(Array2<f64>, Labels)> {
        self.build_with_centers().map(|(x, y, _)| (x, y))
    }

    /// As [`build`](Self::build), and the centers, (n_centers, n_features).
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn build_with_centers(&self) -> Result<(Array2<f64>, Labels, Array2<f64>)> {
        let n_centers = self.check()?;
        let mut rng = random::generator(self.random_state);
        let centers = match &self.centers {
            Some(Centers::At(places)) => places.clone(),
            _ => {
                let mut places = zeros(NAME, n_centers, self.n_features)?;
                let (low, high) = self.center_box;
                places
                    .iter_mut()
                    .for_each(|v| *v = between(low, high, &mut rng));
                places
            }
        };
        let counts = match &self.n_samples {
            OneOrMany::One(n) => share_out(*n, n_centers),
            OneOrMany::Many(counts) => counts.clone(),
        };
        let total = counts.iter().try_fold(0usize, |sum, &n| sum.checked_add(n));
        let mut x = zeros(NAME, total.unwrap_or(usize::MAX), centers.ncols())?;
        let mut y = Vec::with_capacity(x.nrows());
        let mut start = 0;
        for (cluster, (&n, center)) in counts.iter().zip(centers.rows()).enumerate() {
            let mut rows = x.slice_mut(s![start..start + n, ..]);
            let deviation = match &self.cluster_std {
                OneOrMany::One(deviation) => *deviation,
                OneOrMany::Many(deviations) => deviations[cluster],
            };
            add_noise(&mut rows, deviation, &mut rng);
            rows.axis_iter_mut(Axis(0))
                .for_each(|mut row| row += &center);
            y.extend(std::iter::repeat_n(cluster as i64, n));
            start += n;
        }
        if self.shuffle {
            shuffle_rows(&mut x, &mut y, &mut rng);
        }
        Ok((x, Labels::from(y), centers))
    }

    /// The number of centers.
    fn check(&self) -> Result<usize> {
        for &n in self.n_samples.values() {
            let least = usize::from(matches!(self.n_samples, OneOrMany::One(_)));
            check::count(NAME, "n_samples", n, least)?;
        }
        for &deviation in self.cluster_std.values() {
            check::real(NAME, "cluster_std", deviation, Interval::at_least(0.0))?;
        }
        let (low, high) = self.center_box;
        check::real(NAME, "center_box", low, FINITE)?;
        check::real(NAME, "center_box", high, FINITE)?;
        if low > high {
            let got = format!("({low}, {high})");
            return Err(Error::invalid_parameter(
                NAME,
                "center_box",
                "(low, high)",
                got,
            ));
        }
        check::count(NAME, "n_features", self.n_features, 1)?;
        let n_centers = match (&self.centers, &self.n_samples) {
            (Some(Centers::Count(n)), _) => *n,
            (Some(Centers::At(places)), _) => {
                check::count(NAME, "n_features", places.ncols(), 1)?;
                check::finite(places, "centers of `make_blobs`")?;
                places.nrows()
            }
            (None, OneOrMany::Many(counts)) => counts.len(),
            (None, OneOrMany::One(_)) => 3,
        };
        check::count(NAME, "centers", n_centers, 1)?;
        let given = |what: &str, n: usize| match n == n_centers {
            true => Ok(()),
            false => Err(Error::shape(
                format!("`{NAME}`: number of {what}"),
                n_centers,
                n,
            )),
        };
        if let OneOrMany::Many(counts) = &self.n_samples {
            given("sample counts", counts.len())?;
            if counts.iter().all(|&n| n == 0) {
                return Err(Error::invalid_parameter(
                    NAME,
                    "n_samples",
                    "positive somewhere",
                    0,
                ));
            }
        }
        if let OneOrMany::Many(deviations) = &self.cluster_std {
            given("standard deviations", deviations.len())?;
        }
        Ok(n_centers)
    }
}

/// `n` in `parts` numbers that differ by at most one, the greater ones first.
fn share_out(n: usize, parts: usize) -> Vec<usize> {
    (0..parts)
        .map(|i| n / parts + usize::from(i < n % parts))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn samples_are_shared_out() {
        assert_eq!(share_out(10, 3), [4, 3, 3]);
        assert_eq!(share_out(2, 3), [1, 1, 0]);
    }

    #[test]
    fn clusters_have_the_given_centers_and_deviations() -> Result<()> {
        let centers = array![[0.0, 5.0, -5.0], [100.0, 0.0, 1.0]];
        let (x, y, returned) = make_blobs()
            .n_samples([4000, 9000])
            .centers(centers.clone())
            .cluster_std([0.5, 2.0])
            .build_with_centers()?;
        assert_eq!(returned, centers);
        assert_eq!((x.dim(), y.counts()), ((13_000, 3), vec![4000, 9000]));
        for (cluster, (center, deviation)) in centers.rows().into_iter().zip([0.5, 2.0]).enumerate()
        {
            let rows: Vec<usize> = (0..y.len())
                .filter(|&i| y.codes()[i] as usize == cluster)
                .collect();
            let part = x.select(Axis(0), &rows);
            let n = rows.len() as f64;
            for (column, &center) in part.columns().into_iter().zip(center) {
                // Five standard errors of a mean and of a deviation.
                assert!((column.mean().unwrap() - center).abs() < 5.0 * deviation / n.sqrt());
                assert!((column.std(1.0) - deviation).abs() < 5.0 * deviation / (2.0 * n).sqrt());
            }
        }
        Ok(())
    }

    #[test]
    fn order_box_and_seed_do_what_they_say() -> Result<()> {
        let plain = make_blobs().n_samples(7).shuffle(false);
        let (x, y) = plain.build()?;
        assert_eq!(y.codes(), [0, 0, 0, 1, 1, 2, 2]);
        assert_eq!(plain.build()?.0, x);
        assert_ne!(plain.clone().random_state(1).build()?.0, x);
        // Shuffling changes the order of the rows and nothing else.
        let (shuffled, z) = plain.shuffle(true).build()?;
        let sort = |x: &Array2<f64>, y: &Labels| {
            let mut rows: Vec<(u64, u64, u32)> = (x.rows().into_iter().zip(y.codes()))
                .map(|(r, &c)| (r[0].to_bits(), r[1].to_bits(), c))
                .collect();
            rows.sort_unstable();
            rows
        };
        assert_eq!(sort(&x, &y), sort(&shuffled, &z));
        let (_, _, centers) = make_blobs()
            .centers(50)
            .center_box(3.0, 4.0)
            .build_with_centers()?;
        assert!(centers.iter().all(|v| (3.0..4.0).contains(v)));
        // No deviation: every sample is its center.
        let (x, y, centers) = make_blobs().cluster_std(0.0).build_with_centers()?;
        assert!(
            x.rows()
                .into_iter()
                .zip(y.codes())
                .all(|(r, &c)| r == centers.row(c as usize))
        );
        Ok(())
    }

    #[test]
    fn bad_settings_are_refused() {
        let refused = |maker: MakeBlobs| maker.build().unwrap_err().to_string();
        assert!(refused(make_blobs().n_samples(0)).contains("`n_samples`"));
        assert!(refused(make_blobs().n_samples([0, 0])).contains("`n_samples`"));
        assert!(refused(make_blobs().n_features(0)).contains("`n_features`"));
        assert!(refused(make_blobs().centers(0)).contains("`centers`"));
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(refused(make_blobs().cluster_std(bad)).contains("`cluster_std`"));
        }
        assert!(refused(make_blobs().center_box(1.0, 0.0)).contains("`center_box`"));
        assert!(refused(make_blobs().center_box(f64::NAN, 0.0)).contains("`center_box`"));
        assert!(
            refused(make_blobs().centers(2).n_samples([1, 2, 3])).contains("expected 2, got 3")
        );
        assert!(refused(make_blobs().cluster_std([1.0, 2.0])).contains("expected 3, got 2"));
        assert!(refused(make_blobs().centers(array![[f64::NAN]])).contains("row 0, column 0"));
        assert!(refused(make_blobs().n_samples(usize::MAX / 2).n_features(8)).contains("limit"));
        assert!(refused(make_blobs().n_samples([usize::MAX, 2])).contains("limit"));
    }
}
