//! What fitted mixtures do alike.

use ndarray::{Array1, Array2, ArrayRef2, Axis};

use super::covariance::Covariances;
use super::kernel::{BLOCK, Components, at, each_block};
use crate::check;
use crate::error::{ErrorKind, Result};
use crate::float::Float;
use crate::linalg::Cholesky;
use crate::parallel;
use crate::random::{self, WeightedIndex};

fn too_far(name: &str) -> crate::Error {
    let what = "the logarithm of the density of a row".into();
    let estimator = name.into();
    ErrorKind::Overflow { estimator, what }.into()
}

/// ln p(x) of each row.
pub(super) fn log_densities<F: Float>(
    name: &str,
    components: &Components,
    x: &ArrayRef2<F>,
) -> Result<Vec<f64>> {
    let mut out = vec![0.0; x.nrows()];
    each_block(&x.view(), components, &mut out, 1, |_, _, total, out| {
        for (r, out) in out.iter_mut().enumerate() {
            *out = at(total, r);
        }
    });
    match out.iter().all(|v| v.is_finite()) {
        true => Ok(out),
        false => Err(too_far(name)),
    }
}

/// The most probable component of each row.
pub(super) fn labels<F: Float>(
    name: &str,
    components: &Components,
    x: &ArrayRef2<F>,
) -> Result<Array1<usize>> {
    let mut out = vec![0; x.nrows()];
    each_block(&x.view(), components, &mut out, 1, |logs, _, total, out| {
        for (r, out) in out.iter_mut().enumerate() {
            let mut best = 0;
            for (c, log) in logs.iter().enumerate() {
                if at(log, r) > at(&logs[best], r) {
                    best = c;
                }
            }
            *out = if at(total, r).is_finite() {
                best
            } else {
                usize::MAX
            };
        }
    });
    match out.contains(&usize::MAX) {
        false => Ok(Array1::from_vec(out)),
        true => Err(too_far(name)),
    }
}

/// The probability of each component for each row, or its logarithm.
pub(super) fn probabilities<F: Float>(
    name: &str,
    components: &Components,
    x: &ArrayRef2<F>,
    logarithm: bool,
) -> Result<Array2<F>> {
    let k = components.offsets.len();
    let mut out = parallel::fresh((x.nrows(), k));
    let Some(values) = out.as_slice_mut() else {
        return Ok(out);
    };
    each_block(
        &x.view(),
        components,
        values,
        k,
        |logs, shares, total, out| {
            debug_assert!(out.len() <= BLOCK * k);
            for (r, out) in out.chunks_exact_mut(k).enumerate() {
                let total = at(total, r);
                for ((out, log), share) in out.iter_mut().zip(logs).zip(shares) {
                    *out = match total.is_finite() {
                        true if logarithm => F::of((at(log, r) - total).min(0.0)),
                        true => F::of(at(share, r)),
                        false => F::nan(),
                    };
                }
            }
        },
    );
    match out.iter().any(|v| v.is_nan()) {
        false => Ok(out),
        true => Err(too_far(name)),
    }
}

/// Rows drawn from the components, those of the first component first, and their components.
pub(super) fn sample<F: Float>(
    name: &str,
    weights: &Array1<F>,
    means: &Array2<F>,
    covariances: &Covariances<F>,
    n_samples: usize,
    random_state: u64,
) -> Result<(Array2<F>, Array1<usize>)> {
    check::count(name, "n_samples", n_samples, 1)?;
    let (k, p) = means.dim();
    parallel::fits::<F>("samples", (n_samples, p))?;
    let weights: Vec<f64> = weights.iter().map(|v| v.f64()).collect();
    let choice = WeightedIndex::new(&weights)?;
    let mut rng = random::generator(random_state);
    let mut counts = vec![0; k];
    (0..n_samples).for_each(|_| counts[choice.sample(&mut rng)] += 1);
    let mut out = parallel::zeros((n_samples, p));
    let mut labels = Vec::with_capacity(n_samples);
    let (mut z, mut first) = (vec![0.0; p], 0);
    for (c, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let covariance = covariances.matrix(c, p)?.mapv(|v| v.f64());
        let lower = Cholesky::new(&covariance)?.root();
        let mut rows = out.slice_axis_mut(Axis(0), (first..first + count).into());
        for mut row in rows.rows_mut() {
            z.iter_mut()
                .for_each(|z| *z = random::standard_normal(&mut rng));
            for ((i, out), mean) in row.iter_mut().enumerate().zip(means.row(c)) {
                let noise: f64 = lower.row(i).iter().zip(&z[..=i]).map(|(l, z)| l * z).sum();
                *out = F::of(mean.f64() + noise);
            }
        }
        labels.extend(std::iter::repeat_n(c, count));
        first += count;
    }
    check::learned(name, "a sample", &out)?;
    Ok((out, Array1::from_vec(labels)))
}

/// The methods of a fitted mixture with `weights`, `means`, `covariances`, `precisions_cholesky`, `lower_bounds`,
/// `converged` and `components()`.
macro_rules! mixture_model {
    ($name:ident, $estimator:expr) => {
        impl<F: Float> $name<F> {
            /// The weight of each component.
            pub fn weights(&self) -> &::ndarray::Array1<F> {
                &self.weights
            }

            /// The means, (n_components, n_features).
            pub fn means(&self) -> &::ndarray::Array2<F> {
                &self.means
            }

            /// The covariances.
            pub fn covariances(&self) -> &$crate::mixture::Covariances<F> {
                &self.covariances
            }

            /// The upper triangles U of the precisions UU', the inverse covariances.
            pub fn precisions_cholesky(&self) -> &$crate::mixture::Covariances<F> {
                &self.precisions_cholesky
            }

            /// The precisions, the inverse covariances.
            ///
            /// # Errors
            /// None for a model that was fitted.
            pub fn precisions(&self) -> $crate::Result<$crate::mixture::Covariances<F>> {
                let (k, p) = self.means.dim();
                let triangles = self.precisions_cholesky.spread(k, p);
                triangles.precisions()?.keep()
            }

            /// The lower bound after each iteration of the best start.
            pub fn lower_bounds(&self) -> &[f64] {
                &self.lower_bounds
            }

            /// Whether the best start ended before `max_iter`.
            pub fn converged(&self) -> bool {
                self.converged
            }

            /// The iterations of the best start.
            pub fn n_iter(&self) -> usize {
                self.lower_bounds.len()
            }

            /// The number of features at fit.
            pub fn n_features_in(&self) -> usize {
                self.means.ncols()
            }

            /// The logarithm of the density at each row.
            ///
            /// # Errors
            /// `ShapeMismatch`; `NonFinite`; `Overflow` for a row that is too far from all components.
            pub fn score_samples(
                &self,
                x: &::ndarray::ArrayRef2<F>,
            ) -> $crate::Result<::ndarray::Array1<F>> {
                $crate::check::same_width(x, self.n_features_in())?;
                let logs =
                    $crate::mixture::model::log_densities($estimator, &self.components(), x)?;
                Ok(logs.into_iter().map(F::of).collect())
            }

            fn mean_log_likelihood(
                &self,
                x: &::ndarray::ArrayRef2<F>,
                weights: Option<&::ndarray::Array1<f64>>,
            ) -> $crate::Result<f64> {
                $crate::check::not_empty(x)?;
                $crate::check::same_width(x, self.n_features_in())?;
                let logs =
                    $crate::mixture::model::log_densities($estimator, &self.components(), x)?;
                Ok(match weights {
                    None => logs.iter().sum::<f64>() / logs.len() as f64,
                    Some(w) => {
                        let each = logs.iter().zip(w).map(|(log, w)| log * w);
                        each.sum::<f64>() / w.sum()
                    }
                })
            }

            /// Rows drawn from the density, (n_samples, n_features), and the component of each; those of one component are
            /// together.
            ///
            /// # Errors
            /// `InvalidParameter` for no samples; `TooLarge` for more than fit.
            ///
            /// ```
            /// use fitwell::{mixture::GaussianMixture, prelude::*};
            /// use ndarray::array;
            ///
            /// let model = GaussianMixture::new(1).fit(&array![[0.0_f64], [1.0], [2.0]], &())?;
            /// let (rows, components) = model.sample(1000, 0)?;
            /// assert!((rows.mean().unwrap_or(0.0) - 1.0).abs() < 0.1 && components[0] == 0);
            /// # Ok::<(), Error>(())
            /// ```
            pub fn sample(
                &self,
                n_samples: usize,
                random_state: u64,
            ) -> $crate::Result<(::ndarray::Array2<F>, ::ndarray::Array1<usize>)> {
                $crate::mixture::model::sample(
                    $estimator,
                    &self.weights,
                    &self.means,
                    &self.covariances,
                    n_samples,
                    random_state,
                )
            }
        }

        impl<F: Float> $crate::traits::Predict<::ndarray::ArrayRef2<F>> for $name<F> {
            type Output = ::ndarray::Array1<usize>;

            fn predict(
                &self,
                x: &::ndarray::ArrayRef2<F>,
            ) -> $crate::Result<::ndarray::Array1<usize>> {
                $crate::check::same_width(x, self.n_features_in())?;
                $crate::mixture::model::labels($estimator, &self.components(), x)
            }
        }

        impl<F: Float> $crate::traits::PredictProba<::ndarray::ArrayRef2<F>> for $name<F> {
            type Float = F;

            fn predict_proba(
                &self,
                x: &::ndarray::ArrayRef2<F>,
            ) -> $crate::Result<::ndarray::Array2<F>> {
                $crate::check::same_width(x, self.n_features_in())?;
                let components = self.components();
                $crate::mixture::model::probabilities($estimator, &components, x, false)
            }

            fn predict_log_proba(
                &self,
                x: &::ndarray::ArrayRef2<F>,
            ) -> $crate::Result<::ndarray::Array2<F>> {
                $crate::check::same_width(x, self.n_features_in())?;
                let components = self.components();
                $crate::mixture::model::probabilities($estimator, &components, x, true)
            }
        }

        impl<F: Float, Y: Targets + ?Sized> $crate::traits::Score<::ndarray::ArrayRef2<F>, Y>
            for $name<F>
        {
            fn score(&self, x: &::ndarray::ArrayRef2<F>, y: &Y) -> $crate::Result<f64> {
                $crate::check::target(y, x.nrows())?;
                self.mean_log_likelihood(x, y.sample_weight())
            }
        }
    };
}
pub(crate) use mixture_model;
