//! Every row to length one.
//!
//! z = x / ‖x‖ for each row, with one of three norms. Nothing is learned but the number of columns.

use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::{ArrayRef2, s};
use serde::{Deserialize, Serialize};

use super::columnwise::{copy_in_row_order, same_shape};
use super::one_to_one::one_to_one;
use crate::error::Result;
use crate::float::Float;
use crate::model::Model;
use crate::params::{Hyperparameters, describe};
use crate::targets::Targets;
use crate::traits::Estimator;
use crate::{check, linalg, parallel};

/// How long a row is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Norm {
    /// Σ |x|.
    L1,
    /// √Σ x².
    #[default]
    L2,
    /// max |x|.
    Max,
}

/// Divides every row by its norm.
///
/// With X of shape (n_samples, n_features), for each row:
/// ```text
/// z = x / ‖x‖        ‖x‖ = Σ |x|,  √Σ x²  or  max |x|
/// ```
///
/// Use it where only the direction of a row counts: the product of two rows of Euclidean length one is the cosine of the
/// angle between them. It works on rows; for columns see [`StandardScaler`](super::StandardScaler) and the other scalers.
///
/// # Settings
/// | name | default | values |
/// |---|---|---|
/// | `norm` | `L2` | `L1`, `L2`, `Max` |
///
/// A row whose norm is less than 10 ε (ε of the element type) is left as it is, a row of zeros for one. Sample weights have
/// no effect.
///
/// # Complexity
/// Fit only looks for values that are not finite; transform takes time O(n p) and reads the data once. Squares are summed
/// in f64 for f32 data too, and a sum beyond the largest number is done again with the row scaled down.
///
/// # Errors
/// `EmptyInput` for no rows or no columns; `NonFinite` for NaN and infinite values; `ShapeMismatch`.
///
/// # Source
/// The same numbers as scikit-learn's `Normalizer`, but for rows whose norm is beyond the largest number (there: zeros).
///
/// # Examples
/// ```
/// use fitwell::{preprocessing::{Norm, Normalizer}, prelude::*};
/// use ndarray::array;
///
/// let x = array![[3.0, -4.0], [0.0, 0.0]];
/// assert_eq!(Normalizer::new().fit_transform(&x)?, array![[0.6, -0.8], [0.0, 0.0]]);
/// assert_eq!(Normalizer::new().norm(Norm::Max).fit_transform(&x)?.row(0), array![0.75, -1.0]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Normalizer {
    /// How long a row is.
    norm: Norm,
}

impl Normalizer {
    /// Divides by the Euclidean norm.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long a row is.
    #[must_use]
    pub fn norm(mut self, norm: Norm) -> Self {
        self.norm = norm;
        self
    }
}

impl Hyperparameters for Normalizer {
    const NAME: &'static str = "Normalizer";
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

impl fmt::Display for Normalizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for Normalizer {
    type Fitted = FittedNormalizer<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        check::samples(x)?;
        check::target(y, x.nrows())?;
        Ok(FittedNormalizer {
            settings: self.clone(),
            n_features_in: x.ncols(),
            element: PhantomData,
        })
    }
}

/// A [`Normalizer`] that knows the number of columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedNormalizer<F: Float> {
    settings: Normalizer,
    n_features_in: usize,
    element: PhantomData<F>,
}

impl<F: Float> FittedNormalizer<F> {
    /// The number of columns.
    pub fn n_features_in(&self) -> usize {
        self.n_features_in
    }

    /// Transforms `x` (n_samples, n_features) into `out` of the same shape, without allocating for the result.
    ///
    /// # Errors
    /// As [`transform`](crate::traits::Transform::transform); what is in `out` after an error is unspecified.
    pub fn transform_into(&self, x: &ArrayRef2<F>, out: &mut ArrayRef2<F>) -> Result<()> {
        check::width(x, self.n_features_in)?;
        same_shape(x, out)?;
        let bad = AtomicBool::new(false);
        let chunk = parallel::row_chunks(x.nrows(), x.ncols());
        parallel::for_each_row_chunk_mut(out, chunk, |first, mut block| {
            let rows = x.slice(s![first..first + block.nrows(), ..]);
            let p = rows.ncols();
            let finite = match (rows.as_slice(), block.as_slice_mut()) {
                (Some(x), Some(out)) => normalized(x, out, p, self.settings.norm),
                _ => {
                    let mut values = vec![F::zero(); rows.len()];
                    copy_in_row_order(&rows, &mut values);
                    let mut result = vec![F::zero(); rows.len()];
                    let finite = normalized(&values, &mut result, p, self.settings.norm);
                    for (to, v) in block.iter_mut().zip(result) {
                        *to = v;
                    }
                    finite
                }
            };
            if !finite {
                bad.store(true, Ordering::Relaxed);
            }
        });
        if bad.into_inner() {
            check::finite(x, "X")?;
        }
        Ok(())
    }
}

/// Rows of `p` values, each divided by its norm. False if a value is not finite.
fn normalized<F: Float>(x: &[F], out: &mut [F], p: usize, norm: Norm) -> bool {
    linalg::simd(
        #[inline(always)]
        || {
            let mut finite = true;
            for (x, out) in x.chunks_exact(p).zip(out.chunks_exact_mut(p)) {
                let length = match norm {
                    Norm::L1 => folded(x, |sum, v| sum + v.abs(), |a, b| a + b),
                    Norm::L2 => folded(x, |sum, v| v.mul_add(v, sum), |a, b| a + b).sqrt(),
                    Norm::Max => folded(x, |max, v| greater(max, v.abs()), greater),
                };
                if length.is_finite() && F::of(length).is_finite() {
                    let divisor = super::one_if_tiny(F::of(length));
                    for (out, v) in out.iter_mut().zip(x) {
                        *out = *v / divisor;
                    }
                } else {
                    finite &= huge(x, out, norm);
                }
            }
            finite
        },
    )
}

/// A fold in eight lanes, which are then put together: a fixed order that vector instructions can follow.
#[inline(always)]
fn folded<F: Float>(
    x: &[F],
    add: impl Fn(f64, f64) -> f64,
    together: impl Fn(f64, f64) -> f64,
) -> f64 {
    const LANES: usize = 8;
    let mut lanes = [0.0; LANES];
    let mut blocks = x.chunks_exact(LANES);
    for block in &mut blocks {
        for (lane, v) in lanes.iter_mut().zip(block) {
            *lane = add(*lane, v.f64());
        }
    }
    for (lane, v) in lanes.iter_mut().zip(blocks.remainder()) {
        *lane = add(*lane, v.f64());
    }
    lanes.into_iter().fold(0.0, together)
}

/// The greater one; NaN if either is.
#[inline(always)]
fn greater(a: f64, b: f64) -> f64 {
    if b > a || b.is_nan() { b } else { a }
}

/// A row whose norm is beyond the largest number, or that is not finite (then false).
#[cold]
fn huge<F: Float>(x: &[F], out: &mut [F], norm: Norm) -> bool {
    if !x.iter().all(|v| v.is_finite()) {
        return false;
    }
    let largest = x.iter().fold(0.0, |m: f64, v| m.max(v.f64().abs()));
    let scaled = x.iter().map(|v| v.f64() / largest);
    let length: f64 = match norm {
        Norm::L1 => scaled.map(f64::abs).sum(),
        Norm::L2 => scaled.map(|v| v * v).sum::<f64>().sqrt(),
        Norm::Max => 1.0,
    };
    for (out, v) in out.iter_mut().zip(x) {
        *out = F::of(v.f64() / largest / length);
    }
    true
}

one_to_one!(FittedNormalizer);

impl<F: Float> Model for FittedNormalizer<F> {
    fn type_name() -> String {
        format!("FittedNormalizer<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        super::credible_width(self.n_features_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use crate::traits::{FitTransform, Transform};
    use ndarray::{Array2, Axis, array};

    const NORMS: [Norm; 3] = [Norm::L1, Norm::L2, Norm::Max];

    fn length(row: &[f64], norm: Norm) -> f64 {
        match norm {
            Norm::L1 => row.iter().map(|v| v.abs()).sum(),
            Norm::L2 => row.iter().map(|v| v * v).sum::<f64>().sqrt(),
            Norm::Max => row.iter().fold(0.0, |m: f64, v| m.max(v.abs())),
        }
    }

    #[test]
    fn every_row_has_length_one_and_its_direction() {
        let mut rng = random::generator(3);
        for p in [1, 2, 7, 8, 9, 50, 300] {
            let x = Array2::from_shape_simple_fn((700, p), || random::standard_normal(&mut rng));
            let by_column = x.t().as_standard_layout().into_owned();
            for norm in NORMS {
                let z = Normalizer::new().norm(norm).fit_transform(&x).unwrap();
                for (x, z) in x.rows().into_iter().zip(z.rows()) {
                    assert!((length(z.to_vec().as_slice(), norm) - 1.0).abs() < 1e-14);
                    let by = length(x.to_vec().as_slice(), norm);
                    assert!(
                        x.iter()
                            .zip(z)
                            .all(|(x, z)| (x - z * by).abs() < 1e-14 * by)
                    );
                }
                let same = Normalizer::new()
                    .norm(norm)
                    .fit_transform(&by_column.t())
                    .unwrap();
                assert_eq!(same, z);
            }
        }
    }

    #[test]
    fn tiny_rows_are_left_and_huge_ones_are_not_lost() {
        let x = array![
            [0.0, 0.0],
            [1e-16, 1e-17],
            [1.5e308, -1.5e308],
            [1e200, 0.0]
        ];
        for norm in NORMS {
            let z = Normalizer::new().norm(norm).fit_transform(&x).unwrap();
            assert_eq!(z.select(Axis(0), &[0, 1]), x.select(Axis(0), &[0, 1]));
            assert!(
                (length(&z.row(2).to_vec(), norm) - 1.0).abs() < 1e-15,
                "{norm:?}"
            );
            assert!(z[[2, 0]] == -z[[2, 1]]);
            assert_eq!(z.row(3), array![1.0, 0.0]);
        }
        let z = Normalizer::new()
            .fit_transform(&array![[3e38f32, 3e38], [1e-8, 0.0]])
            .unwrap();
        assert!((z[[0, 0]] - 0.5f32.sqrt()).abs() < 1e-7);
        assert_eq!(z[[1, 0]], 1e-8);
    }

    #[test]
    fn missing_and_infinite_values_are_refused() {
        let model = Normalizer::new()
            .fit(&Array2::<f64>::ones((3, 4)), &())
            .unwrap();
        for bad in [f64::NAN, f64::INFINITY] {
            for norm in NORMS {
                let mut x = Array2::ones((3000, 4));
                x[[2999, 3]] = bad;
                let model = FittedNormalizer {
                    settings: Normalizer::new().norm(norm),
                    ..model.clone()
                };
                let text = model.transform(&x).unwrap_err().to_string();
                assert!(text.starts_with("X: row 2999, column 3 is"), "{text}");
                assert!(Normalizer::new().norm(norm).fit(&x, &()).is_err());
            }
        }
        assert!(model.transform(&Array2::ones((2, 3))).is_err());
        assert_eq!(
            model.transform(&Array2::ones((0, 4))).unwrap().dim(),
            (0, 4)
        );
    }

    #[test]
    fn files_are_checked() {
        let model = Normalizer::new()
            .norm(Norm::L1)
            .fit(&array![[1.0, 2.0]], &())
            .unwrap();
        let bytes = model.to_bytes().unwrap();
        assert_eq!(FittedNormalizer::from_bytes(&bytes).unwrap(), model);
        for n_features_in in [0, usize::MAX] {
            assert!(
                FittedNormalizer {
                    n_features_in,
                    ..model.clone()
                }
                .validate()
                .is_err()
            );
        }
    }
}
