//! Linear and non-linear regression problems.

use std::f64::consts::PI;
use std::marker::PhantomData;

use ndarray::{Array, Array1, Array2, Axis, Ix1, Ix2};

use super::low_rank::low_rank;
use super::settings::setters;
use super::{FINITE, add_noise, between, normals, zeros};
use crate::check::{self, Interval};
use crate::error::Result;
use crate::targets::TargetDim;
use crate::{linalg, random};

/// A linear model with few informative features; set up with the methods of [`MakeRegression`], then
/// [`build`](MakeRegression::build).
///
/// ```
/// use fitwell::datasets::make_regression;
///
/// let (x, y, coef) = make_regression().n_samples(50).n_features(8).n_informative(3).bias(2.0).build_with_coef()?;
/// assert!((x.dot(&coef) + 2.0 - y).iter().all(|d| d.abs() < 1e-10));
///
/// let (_, several) = make_regression().n_targets(2).build()?; // a matrix now
/// assert_eq!(several.dim(), (100, 2));
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn make_regression() -> MakeRegression {
    MakeRegression::default()
}

/// Friedman's first regression problem: five features that matter, not all of them linearly; set up with the methods of
/// [`MakeFriedman1`], then [`build`](MakeFriedman1::build).
///
/// ```
/// use fitwell::datasets::make_friedman1;
///
/// let (x, y) = make_friedman1().n_samples(30).noise(0.5).build()?;
/// assert_eq!((x.dim(), y.len()), ((30, 10), 30));
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn make_friedman1() -> MakeFriedman1 {
    MakeFriedman1::default()
}

/// Settings of [`make_regression`].
///
/// | setting | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `n_samples` | 100 | at least 1 | |
/// | `n_features` | 100 | at least 1 | |
/// | `n_informative` | 10 | at least 0; more than `n_features` means all | features with a coefficient, 0 to 100 |
/// | `n_targets` | one, y a vector | at least 1, y a matrix | |
/// | `bias` | 0 | finite | added to every target |
/// | `effective_rank` | none | at least 1 | features as [`make_low_rank_matrix`](super::make_low_rank_matrix) makes them; none: independent and normal |
/// | `tail_strength` | 0.5 | `[0, 1]` | with `effective_rank` only |
/// | `noise` | 0 | `[0, inf)` | standard deviation of normal noise on the targets |
/// | `shuffle` | true | | samples and features in random order |
/// | `random_state` | 0 | | |
///
/// `D` is the number of dimensions of y: one until [`n_targets`](MakeRegression::n_targets) makes it two.
#[derive(Clone, Debug, PartialEq)]
pub struct MakeRegression<D = Ix1> {
    n_samples: usize,
    n_features: usize,
    n_informative: usize,
    n_targets: usize,
    bias: f64,
    effective_rank: Option<usize>,
    tail_strength: f64,
    noise: f64,
    shuffle: bool,
    random_state: u64,
    targets: PhantomData<D>,
}

/// Settings of [`make_friedman1`]: `n_samples` (100, at least 1), `n_features` (10, at least 5), `noise` (0, `[0, inf)`,
/// standard deviation of normal noise on y), `random_state` (0).
///
/// Features are uniform in `[0, 1)`; those after the fifth do not matter:
///
/// ```text
/// y = 10 sin(π x₀ x₁) + 20 (x₂ − 0.5)² + 10 x₃ + 5 x₄ + noise N(0, 1)
/// ```
///
/// # Source
/// J. Friedman, "Multivariate adaptive regression splines", The Annals of Statistics 19 (1991), 1-67.
#[derive(Clone, Debug, PartialEq)]
pub struct MakeFriedman1 {
    n_samples: usize,
    n_features: usize,
    noise: f64,
    random_state: u64,
}

impl Default for MakeRegression {
    fn default() -> Self {
        MakeRegression {
            n_samples: 100,
            n_features: 100,
            n_informative: 10,
            n_targets: 1,
            bias: 0.0,
            effective_rank: None,
            tail_strength: 0.5,
            noise: 0.0,
            shuffle: true,
            random_state: 0,
            targets: PhantomData,
        }
    }
}

impl Default for MakeFriedman1 {
    fn default() -> Self {
        MakeFriedman1 {
            n_samples: 100,
            n_features: 10,
            noise: 0.0,
            random_state: 0,
        }
    }
}

impl<D> MakeRegression<D> {
    setters! {
        /// The number of samples.
        n_samples: usize,
        /// The number of features.
        n_features: usize,
        /// The number of features with a coefficient other than 0.
        n_informative: usize,
        /// What is added to every target.
        bias: f64,
        /// The share of the tail in the singular values, with an effective rank.
        tail_strength: f64,
        /// The standard deviation of normal noise on the targets.
        noise: f64,
        /// Whether samples and features come in random order; otherwise the informative features come first.
        shuffle: bool,
        /// The seed.
        random_state: u64,
    }

    /// The number of singular vectors that explain most of the features; `None` for independent normal features.
    #[must_use]
    pub fn effective_rank(mut self, effective_rank: impl Into<Option<usize>>) -> Self {
        self.effective_rank = effective_rank.into();
        self
    }

    /// Several targets: y and the coefficients become matrices.
    #[must_use]
    pub fn n_targets(self, n_targets: usize) -> MakeRegression<Ix2> {
        MakeRegression {
            n_samples: self.n_samples,
            n_features: self.n_features,
            n_informative: self.n_informative,
            n_targets,
            bias: self.bias,
            effective_rank: self.effective_rank,
            tail_strength: self.tail_strength,
            noise: self.noise,
            shuffle: self.shuffle,
            random_state: self.random_state,
            targets: PhantomData,
        }
    }
}

impl<D: TargetDim> MakeRegression<D> {
    /// Samples (n_samples, n_features) and their target: (n_samples), or (n_samples, n_targets) for several.
    ///
    /// # Errors
    /// `InvalidParameter` for a setting out of range; `TooLarge`.
    pub fn build(&self) -> Result<(Array2<f64>, Array<f64, D>)> {
        self.build_with_coef().map(|(x, y, _)| (x, y))
    }

    /// As [`build`](Self::build), and the coefficients: (n_features), or (n_features, n_targets) for several.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    #[allow(clippy::type_complexity)]
    pub fn build_with_coef(&self) -> Result<(Array2<f64>, Array<f64, D>, Array<f64, D>)> {
        const NAME: &str = "make_regression";
        check::count(NAME, "n_samples", self.n_samples, 1)?;
        check::count(NAME, "n_features", self.n_features, 1)?;
        check::count(NAME, "n_targets", self.n_targets, 1)?;
        check::real(NAME, "bias", self.bias, FINITE)?;
        check::count(NAME, "effective_rank", self.effective_rank.unwrap_or(1), 1)?;
        let share = Interval::closed(0.0, 1.0);
        check::real(NAME, "tail_strength", self.tail_strength, share)?;
        check::real(NAME, "noise", self.noise, Interval::at_least(0.0))?;

        let mut rng = random::generator(self.random_state);
        let shape = (self.n_samples, self.n_features);
        let mut x = match self.effective_rank {
            None => normals(NAME, shape.0, shape.1, &mut rng)?,
            Some(rank) => low_rank(NAME, shape, rank, self.tail_strength, &mut rng)?,
        };
        let mut coef = zeros(NAME, self.n_features, self.n_targets)?;
        for mut row in coef.rows_mut().into_iter().take(self.n_informative) {
            row.iter_mut()
                .for_each(|v| *v = between(0.0, 100.0, &mut rng));
        }
        // Zeros first: they are refused, not aborted on, when there is no room for the product.
        let mut y =
            zeros(NAME, self.n_samples, self.n_targets)? + linalg::dot(&x, &coef)? + self.bias;
        add_noise(&mut y, self.noise, &mut rng);
        if self.shuffle {
            let rows = random::permutation(self.n_samples, &mut rng);
            let features = random::permutation(self.n_features, &mut rng);
            x = x.select(Axis(0), &rows).select(Axis(1), &features);
            y = y.select(Axis(0), &rows);
            coef = coef.select(Axis(0), &features);
        }
        check::learned(NAME, "a target", &y)?;
        Ok((x, D::from_columns(y), D::from_columns(coef)))
    }
}

impl MakeFriedman1 {
    setters! {
        /// The number of samples.
        n_samples: usize,
        /// The number of features, of which the first five matter.
        n_features: usize,
        /// The standard deviation of normal noise on y.
        noise: f64,
        /// The seed.
        random_state: u64,
    }

    /// Samples (n_samples, n_features) and their target (n_samples).
    ///
    /// # Errors
    /// `InvalidParameter` for a setting out of range; `TooLarge`.
    pub fn build(&self) -> Result<(Array2<f64>, Array1<f64>)> {
        const NAME: &str = "make_friedman1";
        check::count(NAME, "n_samples", self.n_samples, 1)?;
        check::count(NAME, "n_features", self.n_features, 5)?;
        check::real(NAME, "noise", self.noise, Interval::at_least(0.0))?;
        let mut rng = random::generator(self.random_state);
        let mut x = zeros(NAME, self.n_samples, self.n_features)?;
        x.iter_mut().for_each(|v| *v = random::uniform(&mut rng));
        let mut y: Array1<f64> = x
            .rows()
            .into_iter()
            .map(|r| {
                10.0 * (PI * r[0] * r[1]).sin()
                    + 20.0 * (r[2] - 0.5).powi(2)
                    + 10.0 * r[3]
                    + 5.0 * r[4]
            })
            .collect();
        if self.noise > 0.0 {
            y.mapv_inplace(|v| v + self.noise * random::standard_normal(&mut rng));
        }
        check::learned(NAME, "a target", &y)?;
        Ok((x, y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn coefficients_reproduce_the_targets() -> Result<()> {
        for rank in [None, Some(4)] {
            let maker = make_regression()
                .n_samples(40)
                .n_features(12)
                .n_informative(5)
                .effective_rank(rank);
            let (x, y, coef) = maker.clone().bias(-3.0).build_with_coef()?;
            assert!((x.dot(&coef) - 3.0 - &y).iter().all(|d| d.abs() < 1e-10));
            assert_eq!(coef.iter().filter(|&&c| c > 0.0 && c < 100.0).count(), 5);
            assert_eq!(coef.iter().filter(|&&c| c.to_bits() == 0).count(), 7);
            let (x, y, coef) = maker.n_targets(3).build_with_coef()?;
            assert_eq!((y.dim(), coef.dim()), ((40, 3), (12, 3)));
            assert!((x.dot(&coef) - &y).iter().all(|d| d.abs() < 1e-10));
            assert_eq!(
                coef.rows()
                    .into_iter()
                    .filter(|r| r.iter().all(|&c| c > 0.0))
                    .count(),
                5
            );
        }
        Ok(())
    }

    #[test]
    fn noise_shuffle_rank_and_seed_act() -> Result<()> {
        let maker = make_regression()
            .n_samples(5000)
            .n_features(3)
            .n_informative(9);
        let (x, y, coef) = maker.clone().noise(2.0).build_with_coef()?;
        assert!(coef.iter().all(|&c| c > 0.0));
        assert!(((y - x.dot(&coef)).std(1.0) - 2.0).abs() < 5.0 * 2.0 / 10_000f64.sqrt());
        assert!((x.std(1.0) - 1.0).abs() < 5.0 / 30_000f64.sqrt());
        let (_, _, coef) = make_regression()
            .n_informative(4)
            .shuffle(false)
            .build_with_coef()?;
        assert!(
            coef.iter().take(4).all(|&c| c > 0.0) && coef.iter().skip(4).all(|&c| c.to_bits() == 0)
        );
        let low = make_regression()
            .effective_rank(2)
            .tail_strength(0.0)
            .build()?
            .0;
        let s = linalg::thin_svd(&low)?.s;
        assert!(s[0] > 0.99 && s[8] < 1e-6);
        assert_eq!(maker.build()?, maker.build()?);
        assert_ne!(maker.build()?.1, maker.random_state(5).build()?.1);
        Ok(())
    }

    #[test]
    fn friedmans_formula_holds() -> Result<()> {
        let (x, y) = make_friedman1().n_samples(500).n_features(7).build()?;
        assert!(x.iter().all(|v| (0.0..1.0).contains(v)));
        for (row, y) in x.rows().into_iter().zip(&y) {
            let curved =
                10.0 * (PI * row[0] * row[1]).sin() + 20.0 * (row[2] - 0.5) * (row[2] - 0.5);
            let linear = row.slice(ndarray::s![3..5]).dot(&array![10.0, 5.0]);
            assert!((curved + linear - y).abs() < 1e-12);
        }
        let plain = make_friedman1().n_samples(5000);
        let noise = plain.clone().noise(1.5).build()?.1 - plain.build()?.1;
        assert!((noise.std(1.0) - 1.5).abs() < 5.0 * 1.5 / 10_000f64.sqrt());
        assert_ne!(plain.build()?.0, plain.random_state(1).build()?.0);
        Ok(())
    }

    #[test]
    fn bad_settings_are_refused() {
        let refused = |maker: MakeRegression| maker.build().unwrap_err().to_string();
        assert!(refused(make_regression().n_samples(0)).contains("`n_samples`"));
        assert!(refused(make_regression().n_features(0)).contains("`n_features`"));
        assert!(refused(make_regression().effective_rank(0)).contains("`effective_rank`"));
        assert!(refused(make_regression().bias(f64::NAN)).contains("`bias`"));
        assert!(refused(make_regression().noise(-1.0)).contains("`noise`"));
        assert!(refused(make_regression().tail_strength(2.0)).contains("`tail_strength`"));
        assert!(refused(make_regression().noise(f64::MAX)).contains("not finite"));
        assert!(refused(make_regression().n_samples(usize::MAX)).contains("limit"));
        assert!(
            make_regression()
                .n_targets(0)
                .build()
                .unwrap_err()
                .to_string()
                .contains("`n_targets`")
        );
        assert!(
            make_regression()
                .n_targets(usize::MAX)
                .build()
                .unwrap_err()
                .to_string()
                .contains("limit")
        );
        assert!(
            make_friedman1()
                .n_features(4)
                .build()
                .unwrap_err()
                .to_string()
                .contains("at least 5")
        );
        assert!(make_friedman1().n_samples(0).build().is_err());
        assert!(make_friedman1().noise(f64::NAN).build().is_err());
    }
}
