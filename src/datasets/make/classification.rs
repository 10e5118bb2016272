//! Classes around the corners of a hypercube.

use std::num::NonZeroUsize;

use ndarray::{Array1, Array2, Axis, s};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::settings::setters;
use super::{Adjustment, FINITE, between, normals, shuffle_rows, too_large, zeros};
use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::labels::Labels;
use crate::{linalg, random};

const NAME: &str = "make_classification";

/// As many corners as the dimensions that decide which corner have.
const MAX_CLUSTERS: usize = 1 << 30;

/// Classes made of normal clusters at the corners of a hypercube, among redundant, repeated and useless features; set up
/// with the methods of [`MakeClassification`], then [`build`](MakeClassification::build).
///
/// ```
/// use fitwell::datasets::make_classification;
///
/// let (x, y) = make_classification().n_samples(200).n_classes(3).n_informative(4).flip_y(0.0).build()?;
/// assert_eq!((x.dim(), y.classes().len()), ((200, 20), 3));
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn make_classification() -> MakeClassification {
    MakeClassification::default()
}

/// Where a feature of [`make_classification`] comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeatureRole {
    /// It tells the clusters apart.
    Informative,
    /// A linear combination of informative features.
    Redundant,
    /// A copy of an informative or redundant feature.
    Repeated,
    /// Noise.
    Useless,
}

/// Settings of [`make_classification`].
///
/// | setting | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `n_samples` | 100 | at least 1 | |
/// | `n_features` | 20 | at least the sum of the next three | the rest is noise |
/// | `n_informative` | 2 | at least 1, 2^n_informative ≥ clusters | dimensions of the hypercube |
/// | `n_redundant` | 2 | at least 0 | random linear combinations of the informative features |
/// | `n_repeated` | 0 | at least 0 | copies of informative and redundant features |
/// | `n_classes` | 2 | at least 1 | |
/// | `n_clusters_per_class` | 2 | at least 1 | |
/// | `weights` | none | each in `[0, 1]`, one for each class or one fewer, sum at most 1 | proportions of the classes; none: equal |
/// | `flip_y` | 0.01 | `[0, 1]` | fraction of samples whose class is drawn at random |
/// | `class_sep` | 1 | `(0, inf)` | half the side of the hypercube: raising it separates the clusters |
/// | `hypercube` | true | | false: the corners of a random polytope |
/// | `shift` | 0 | finite | added to each feature; random: within ± `class_sep` |
/// | `scale` | 1 | `(0, inf)` | multiplies each feature after the shift; random: 1 to 101 |
/// | `shuffle` | true | | samples and features in random order |
/// | `random_state` | 0 | | |
///
/// Without shuffling the features come in the order informative, redundant, repeated, noise.
///
/// # Source
/// I. Guyon, "Design of experiments for the NIPS 2003 variable selection benchmark", 2003, which made the Madelon data.
#[derive(Clone, Debug, PartialEq)]
pub struct MakeClassification {
    n_samples: usize,
    n_features: usize,
    n_informative: usize,
    n_redundant: usize,
    n_repeated: usize,
    n_classes: usize,
    n_clusters_per_class: usize,
    weights: Option<Vec<f64>>,
    flip_y: f64,
    class_sep: f64,
    hypercube: bool,
    shift: Adjustment,
    scale: Adjustment,
    shuffle: bool,
    random_state: u64,
}

impl Default for MakeClassification {
    fn default() -> Self {
        MakeClassification {
            n_samples: 100,
            n_features: 20,
            n_informative: 2,
            n_redundant: 2,
            n_repeated: 0,
            n_classes: 2,
            n_clusters_per_class: 2,
            weights: None,
            flip_y: 0.01,
            class_sep: 1.0,
            hypercube: true,
            shift: Adjustment::All(0.0),
            scale: Adjustment::All(1.0),
            shuffle: true,
            random_state: 0,
        }
    }
}

impl MakeClassification {
    setters! {
        /// The number of samples.
        n_samples: usize,
        /// The number of features of all roles.
        n_features: usize,
        /// The number of features that tell the clusters apart.
        n_informative: usize,
        /// The number of linear combinations of informative features.
        n_redundant: usize,
        /// The number of copies of informative and redundant features.
        n_repeated: usize,
        /// The number of classes.
        n_classes: usize,
        /// The number of clusters of each class.
        n_clusters_per_class: usize,
        /// The fraction of samples whose class is drawn at random from all classes.
        flip_y: f64,
        /// Half the side of the hypercube.
        class_sep: f64,
        /// Whether the clusters lie at the corners of a hypercube rather than of a random polytope.
        hypercube: bool,
        /// Whether samples and features come in random order.
        shuffle: bool,
        /// The seed.
        random_state: u64,
    }

    /// The proportions of the classes; the last may be left out and is then what remains to 1.
    #[must_use]
    pub fn weights(mut self, weights: impl Into<Vec<f64>>) -> Self {
        self.weights = Some(weights.into());
        self
    }

    /// What is added to each feature: `0.0`, `[1.0, 2.0]` one for each, or [`Adjustment::Random`].
    #[must_use]
    pub fn shift(mut self, shift: impl Into<Adjustment>) -> Self {
        self.shift = shift.into();
        self
    }

    /// What multiplies each feature after the shift: `1.0`, `[1.0, 2.0]` one for each, or [`Adjustment::Random`].
    #[must_use]
    pub fn scale(mut self, scale: impl Into<Adjustment>) -> Self {
        self.scale = scale.into();
        self
    }

    /// Samples (n_samples, n_features) and the class of each, integers from 0.
    ///
    /// # Errors
    /// `InvalidParameter` for a setting out of range; `ShapeMismatch` when the number of weights, shifts or scales is not
    /// that of the classes or features; `TooLarge`.
    pub fn build(&self) -> Result<(Array2<f64>, Labels)> {
        self.build_with_roles().map(|(x, y, _)| (x, y))
    }

    /// As [`build`](Self::build), and the role of each feature.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn build_with_roles(&self) -> Result<(Array2<f64>, Labels, Vec<FeatureRole>)> {
        self.check()?;
        let mut rng = random::generator(self.random_state);
        let (informative, redundant) = (self.n_informative, self.n_redundant);
        let mut x = zeros(NAME, self.n_samples, self.n_features)?;
        let mut y = Vec::with_capacity(self.n_samples);

        let corners = self.corners(&mut rng)?;
        let mut start = 0;
        for (cluster, (n, corner)) in self
            .cluster_sizes()
            .into_iter()
            .zip(corners.rows())
            .enumerate()
        {
            let points = normals(NAME, n, informative, &mut rng)?;
            // A linear map of its own gives each cluster its covariance.
            let map = uniform_matrix(informative, informative, &mut rng)?;
            let points = linalg::dot(&points, &map)? + corner;
            x.slice_mut(s![start..start + n, ..informative])
                .assign(&points);
            y.extend(std::iter::repeat_n((cluster % self.n_classes) as i64, n));
            start += n;
        }
        if redundant > 0 {
            let map = uniform_matrix(informative, redundant, &mut rng)?;
            let (from, mut to) = x.multi_slice_mut((
                s![.., ..informative],
                s![.., informative..informative + redundant],
            ));
            to.assign(&linalg::dot(&from, &map)?);
        }
        let useful = informative + redundant;
        for copy in useful..useful + self.n_repeated {
            let original = random::below(NonZeroUsize::MIN.saturating_add(useful - 1), &mut rng);
            let (from, mut to) = x.multi_slice_mut((s![.., original], s![.., copy]));
            to.assign(&from);
        }
        let mut noise = x.slice_mut(s![.., useful + self.n_repeated..]);
        noise
            .iter_mut()
            .for_each(|v| *v = random::standard_normal(&mut rng));
        for class in &mut y {
            if random::uniform(&mut rng) < self.flip_y {
                *class = random::below(
                    NonZeroUsize::MIN.saturating_add(self.n_classes - 1),
                    &mut rng,
                ) as i64;
            }
        }
        let mut draw = |how: &Adjustment, low: f64, high: f64| -> Array1<f64> {
            match how {
                Adjustment::All(value) => Array1::from_elem(self.n_features, *value),
                Adjustment::Each(values) => values.iter().copied().collect(),
                Adjustment::Random => (0..self.n_features)
                    .map(|_| between(low, high, &mut rng))
                    .collect(),
            }
        };
        x += &draw(&self.shift, -self.class_sep, self.class_sep);
        x *= &draw(&self.scale, 1.0, 101.0);

        let mut roles = vec![FeatureRole::Useless; self.n_features];
        roles[..informative].fill(FeatureRole::Informative);
        roles[informative..useful].fill(FeatureRole::Redundant);
        roles[useful..useful + self.n_repeated].fill(FeatureRole::Repeated);
        if self.shuffle {
            shuffle_rows(&mut x, &mut y, &mut rng);
            let order = random::permutation(self.n_features, &mut rng);
            x = x.select(Axis(1), &order);
            roles = order.into_iter().map(|feature| roles[feature]).collect();
        }
        check::learned(NAME, "a sample", &x)?;
        Ok((x, Labels::from(y), roles))
    }

    fn check(&self) -> Result<()> {
        check::count(NAME, "n_samples", self.n_samples, 1)?;
        check::count(NAME, "n_informative", self.n_informative, 1)?;
        check::count(NAME, "n_classes", self.n_classes, 1)?;
        check::count(NAME, "n_clusters_per_class", self.n_clusters_per_class, 1)?;
        check::real(NAME, "flip_y", self.flip_y, Interval::closed(0.0, 1.0))?;
        check::real(NAME, "class_sep", self.class_sep, Interval::above(0.0))?;
        let useful = self
            .n_informative
            .saturating_add(self.n_redundant)
            .saturating_add(self.n_repeated);
        if useful > self.n_features {
            let expected = format!("at least n_informative + n_redundant + n_repeated = {useful}");
            return Err(Error::invalid_parameter(
                NAME,
                "n_features",
                expected,
                self.n_features,
            ));
        }
        let n_clusters = self.n_classes.saturating_mul(self.n_clusters_per_class);
        if n_clusters > MAX_CLUSTERS {
            return Err(too_large(
                NAME,
                n_clusters as u64,
                self.n_informative as u64,
            ));
        }
        if self.n_informative < 30 && n_clusters > 1 << self.n_informative {
            let expected = format!(
                "so large that a hypercube of so many dimensions has a corner for each of n_classes x \
                 n_clusters_per_class = {n_clusters} clusters"
            );
            return Err(Error::invalid_parameter(
                NAME,
                "n_informative",
                expected,
                self.n_informative,
            ));
        }
        if let Some(weights) = &self.weights {
            if weights.len() != self.n_classes && weights.len() + 1 != self.n_classes {
                let what = format!("`{NAME}`: number of weights");
                return Err(Error::shape(what, self.n_classes, weights.len()));
            }
            for &weight in weights {
                check::real(NAME, "weights", weight, Interval::closed(0.0, 1.0))?;
            }
            let sum: f64 = weights.iter().sum();
            if sum > 1.0 + 1e-9 {
                return Err(Error::invalid_parameter(
                    NAME,
                    "weights",
                    "of sum at most 1",
                    sum,
                ));
            }
        }
        for (name, how, range) in [
            ("shift", &self.shift, FINITE),
            ("scale", &self.scale, Interval::above(0.0)),
        ] {
            for &value in how.values() {
                check::real(NAME, name, value, range)?;
            }
            if let Adjustment::Each(values) = how
                && values.len() != self.n_features
            {
                let what = format!("`{NAME}`: number of values of `{name}`");
                return Err(Error::shape(what, self.n_features, values.len()));
            }
        }
        Ok(())
    }

    /// The number of samples of each cluster: cluster k belongs to class k modulo n_classes. What rounding leaves goes to
    /// the first clusters.
    fn cluster_sizes(&self) -> Vec<usize> {
        let n_clusters = self.n_classes * self.n_clusters_per_class;
        let share = |class: usize| match &self.weights {
            None => 1.0 / self.n_classes as f64,
            Some(weights) => match weights.get(class) {
                Some(weight) => *weight,
                None => (1.0 - weights.iter().sum::<f64>()).max(0.0),
            },
        };
        let per_class = self.n_clusters_per_class as f64;
        let mut left = self.n_samples;
        let mut sizes: Vec<usize> = (0..n_clusters)
            .map(|k| {
                let size = (self.n_samples as f64 * share(k % self.n_classes) / per_class) as usize;
                let size = size.min(left);
                left -= size;
                size
            })
            .collect();
        let even = left / n_clusters;
        for (k, size) in sizes.iter_mut().enumerate() {
            *size += even + usize::from(k < left % n_clusters);
        }
        sizes
    }

    /// The centers of the clusters, (n_clusters, n_informative).
    fn corners(&self, rng: &mut ChaCha8Rng) -> Result<Array2<f64>> {
        let (n_clusters, dimensions) = (
            self.n_classes * self.n_clusters_per_class,
            self.n_informative,
        );
        // Different corners: the bits of different integers. Beyond 30 dimensions the further bits are drawn freely.
        let drawn = dimensions.min(30);
        let mut corners = zeros(NAME, n_clusters, dimensions)?;
        let numbers = random::sample_without_replacement(1 << drawn, n_clusters, rng)?;
        for (mut corner, number) in corners.rows_mut().into_iter().zip(numbers) {
            for (dimension, value) in corner.iter_mut().enumerate() {
                let bit = match dimension < drawn {
                    true => number >> dimension & 1 == 1,
                    false => rng.next_u64() & 1 == 1,
                };
                *value = if bit { self.class_sep } else { -self.class_sep };
            }
        }
        if !self.hypercube {
            for mut corner in corners.rows_mut() {
                corner *= random::uniform(rng);
            }
            for mut dimension in corners.columns_mut() {
                dimension *= random::uniform(rng);
            }
        }
        Ok(corners)
    }
}

/// Uniform numbers in `[-1, 1)`.
fn uniform_matrix(rows: usize, columns: usize, rng: &mut ChaCha8Rng) -> Result<Array2<f64>> {
    let mut matrix = zeros(NAME, rows, columns)?;
    matrix.iter_mut().for_each(|v| *v = between(-1.0, 1.0, rng));
    Ok(matrix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns_of(x: &Array2<f64>, roles: &[FeatureRole], wanted: &[FeatureRole]) -> Array2<f64> {
        let columns: Vec<usize> = (0..roles.len())
            .filter(|&i| wanted.contains(&roles[i]))
            .collect();
        x.select(Axis(1), &columns)
    }

    fn rank(x: &Array2<f64>) -> Result<usize> {
        let s = linalg::thin_svd(x)?.s;
        Ok(s.iter().filter(|&&v| v > 1e-9 * s[0]).count())
    }

    #[test]
    fn redundant_and_repeated_features_add_no_rank() -> Result<()> {
        use FeatureRole::{Informative, Redundant, Repeated, Useless};
        let maker = make_classification()
            .n_samples(300)
            .n_informative(5)
            .n_redundant(4)
            .n_repeated(3);
        let (x, _, roles) = maker.build_with_roles()?;
        let count = |role| roles.iter().filter(|&&r| r == role).count();
        assert_eq!(
            [Informative, Redundant, Repeated, Useless].map(count),
            [5, 4, 3, 8]
        );
        assert_eq!(rank(&columns_of(&x, &roles, &[Informative]))?, 5);
        assert_eq!(
            rank(&columns_of(&x, &roles, &[Informative, Redundant, Repeated]))?,
            5
        );
        assert_eq!(rank(&x)?, 5 + 8);
        let copies = columns_of(&x, &roles, &[Repeated]);
        let originals = columns_of(&x, &roles, &[Informative, Redundant]);
        for copy in copies.columns() {
            assert!(
                originals
                    .columns()
                    .into_iter()
                    .any(|original| original == copy)
            );
        }
        // Without shuffling the roles come in order, with the same values.
        let (plain, _, in_order) = maker.shuffle(false).build_with_roles()?;
        assert_eq!(
            in_order[..6],
            [
                Informative,
                Informative,
                Informative,
                Informative,
                Informative,
                Redundant
            ]
        );
        let total = |x: &Array2<f64>| x.sum();
        assert!((total(&plain) - total(&x)).abs() < 1e-9 * x.mapv(f64::abs).sum());
        Ok(())
    }

    #[test]
    fn classes_have_their_proportions() -> Result<()> {
        let even = make_classification().n_samples(1000).flip_y(0.0).build()?.1;
        assert_eq!(even.counts(), [500, 500]);
        let maker = make_classification()
            .n_samples(1000)
            .n_classes(3)
            .n_informative(3)
            .flip_y(0.0);
        assert_eq!(
            maker.clone().weights([0.1, 0.3]).build()?.1.counts(),
            [100, 300, 600]
        );
        assert_eq!(
            maker.clone().weights([0.1, 0.3, 0.6]).build()?.1.counts(),
            [100, 300, 600]
        );
        // What rounding leaves goes to the first clusters.
        let odd = make_classification().n_samples(7).flip_y(0.0).build()?.1;
        assert_eq!(odd.counts(), [4, 3]);
        // All classes drawn at random: the proportions of the weights are gone.
        let flipped = make_classification()
            .n_samples(4000)
            .weights([1.0])
            .flip_y(1.0)
            .build()?
            .1;
        assert!((flipped.counts()[0] as f64 - 2000.0).abs() < 5.0 * 1000f64.sqrt());
        let some = make_classification()
            .n_samples(4000)
            .weights([1.0])
            .flip_y(0.2)
            .build()?
            .1;
        assert!((some.counts()[1] as f64 - 400.0).abs() < 5.0 * 360f64.sqrt());
        Ok(())
    }

    #[test]
    fn clusters_lie_at_different_corners() -> Result<()> {
        let maker = make_classification()
            .n_informative(4)
            .n_classes(8)
            .class_sep(3.0);
        let corners = maker.corners(&mut random::generator(1))?;
        assert!(corners.iter().all(|v| v.abs().to_bits() == 3f64.to_bits()));
        let mut signs: Vec<Vec<bool>> = corners
            .rows()
            .into_iter()
            .map(|r| r.iter().map(|&v| v > 0.0).collect())
            .collect();
        signs.sort();
        signs.dedup();
        assert_eq!(signs.len(), 16);
        let inside = maker.hypercube(false).corners(&mut random::generator(1))?;
        assert!(inside.iter().all(|v| v.abs() < 3.0));
        let wide = make_classification()
            .n_features(60)
            .n_informative(50)
            .corners(&mut random::generator(1))?;
        assert!(wide.slice(s![.., 30..]).iter().any(|&v| v > 0.0));
        Ok(())
    }

    #[test]
    fn separation_shift_and_scale_act() -> Result<()> {
        let maker = make_classification()
            .n_samples(500)
            .flip_y(0.0)
            .shuffle(false);
        let (x, _) = maker.build()?;
        let (moved, _) = maker.clone().shift(2.0).scale(10.0).build()?;
        assert!(
            (&moved - &((&x + 2.0) * 10.0))
                .iter()
                .all(|d| d.abs() < 1e-9)
        );
        let each: Vec<f64> = (0..20).map(f64::from).collect();
        let (shifted, _) = maker.clone().shift(each.clone()).build()?;
        assert!(
            (&shifted - &(&x + &Array1::from(each)))
                .iter()
                .all(|d| d.abs() < 1e-12)
        );
        let (random, _) = maker
            .clone()
            .shift(Adjustment::Random)
            .scale(Adjustment::Random)
            .build()?;
        let ratios: Vec<f64> = (0..20)
            .map(|j| random.column(j).std(0.0) / x.column(j).std(0.0))
            .collect();
        assert!(ratios.iter().all(|r| (1.0..101.0).contains(r)));
        // Far corners: the nearest corner tells the cluster, so the first two features separate the four.
        let (x, y) = maker.class_sep(100.0).build()?;
        let corner = |row: usize| (x[[row, 0]] > 0.0, x[[row, 1]] > 0.0);
        for row in 1..500 {
            let same = corner(row) == corner(row - 1);
            assert_eq!(same, row % 125 != 0, "row {row}");
            assert!(!same || y.codes()[row] == y.codes()[row - 1]);
        }
        Ok(())
    }

    #[test]
    fn the_seed_decides() -> Result<()> {
        assert_eq!(
            make_classification().build()?,
            make_classification().build()?
        );
        assert_ne!(
            make_classification().build()?.0,
            make_classification().random_state(1).build()?.0
        );
        Ok(())
    }

    #[test]
    fn bad_settings_are_refused() {
        let refused = |maker: MakeClassification| maker.build().unwrap_err().to_string();
        let new = make_classification;
        assert!(refused(new().n_samples(0)).contains("`n_samples`"));
        assert!(refused(new().n_informative(0)).contains("`n_informative`"));
        assert!(refused(new().n_classes(0)).contains("`n_classes`"));
        assert!(refused(new().n_clusters_per_class(0)).contains("`n_clusters_per_class`"));
        assert!(refused(new().n_features(3)).contains("n_redundant + n_repeated = 4"));
        assert!(refused(new().n_redundant(usize::MAX)).contains("`n_features`"));
        assert!(
            refused(new().n_classes(3))
                .contains("a corner for each of n_classes x n_clusters_per_class = 6 clusters")
        );
        assert!(refused(new().n_classes(usize::MAX)).contains("limit"));
        for bad in [-0.1, 1.1, f64::NAN] {
            assert!(refused(new().flip_y(bad)).contains("`flip_y`"));
            assert!(refused(new().weights([bad, 0.0])).contains("`weights`"));
        }
        assert!(refused(new().weights([0.9, 0.9])).contains("sum at most 1"));
        assert!(refused(new().weights([0.1, 0.1, 0.1])).contains("expected 2, got 3"));
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(refused(new().class_sep(bad)).contains("`class_sep`"));
            assert!(refused(new().scale(bad)).contains("`scale`"));
        }
        assert!(refused(new().shift(f64::NAN)).contains("`shift`"));
        assert!(refused(new().shift([1.0, 2.0])).contains("expected 20, got 2"));
        assert!(refused(new().scale(1e308).shift(10.0)).contains("not finite"));
        assert!(refused(new().n_samples(usize::MAX / 2)).contains("limit"));
    }
}
