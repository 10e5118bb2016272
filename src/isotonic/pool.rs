//! Pooling adjacent violators, and whether to look for a rising or a falling function.

use ndarray::{Array1, ArrayRef1};

use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;

/// What [`isotonic_regression`] is asked for besides the values.
///
/// ```
/// use fitwell::isotonic::Isotonic;
/// use ndarray::array;
///
/// let (y, weights) = (array![1.0, 3.0, 2.0, 4.0], array![1.0, 1.0, 3.0, 1.0]);
/// let fit = Isotonic::new().y_max(3.5).fit(&y, Some(&weights))?;
/// assert_eq!(fit, array![1.0, 2.25, 2.25, 3.5]);
/// # Ok::<(), fitwell::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Isotonic {
    increasing: bool,
    y_min: f64,
    y_max: f64,
}

impl Default for Isotonic {
    fn default() -> Self {
        Isotonic {
            increasing: true,
            y_min: f64::NEG_INFINITY,
            y_max: f64::INFINITY,
        }
    }
}

impl Isotonic {
    /// Rising, without bounds.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the values rise.
    #[must_use]
    pub fn increasing(mut self, increasing: bool) -> Self {
        self.increasing = increasing;
        self
    }

    /// The least value there may be.
    #[must_use]
    pub fn y_min(mut self, y_min: f64) -> Self {
        self.y_min = y_min;
        self
    }

    /// The greatest value there may be.
    #[must_use]
    pub fn y_max(mut self, y_max: f64) -> Self {
        self.y_max = y_max;
        self
    }

    /// The monotonic values v that minimise Σ sᵢ (yᵢ − vᵢ)², moved into the bounds. Time O(n).
    ///
    /// # Errors
    /// `NonFinite`; what [`check::weights`] says of the weights, all of which must be positive here; `InvalidParameter` when
    /// the bounds are NaN or cross.
    pub fn fit<F: Float>(
        &self,
        y: &ArrayRef1<F>,
        weights: Option<&Array1<f64>>,
    ) -> Result<Array1<F>> {
        bounds("isotonic_regression", Some(self.y_min), Some(self.y_max))?;
        check::finite_vector(y, "y")?;
        if let Some(w) = weights {
            if w.len() != y.len() {
                return Err(Error::shape("number of sample weights", y.len(), w.len()));
            }
            check::finite_vector(w, "sample weights")?;
            if let Some(row) = w.iter().position(|w| *w <= 0.0) {
                let reason = format!("row {row} is {}; every weight must be positive", w[row]);
                return Err(Error::invalid_input("sample weights", reason));
            }
        }
        let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
        let points: Vec<(f64, f64)> = y
            .iter()
            .enumerate()
            .map(|(i, v)| (v.f64(), weight(i)))
            .collect();
        let fit = pool(&points, self.increasing);
        let fit: Array1<F> = fit
            .iter()
            .map(|v| F::of(v.max(self.y_min).min(self.y_max)))
            .collect();
        check::learned("isotonic_regression", "a mean", &fit)?;
        Ok(fit)
    }
}

/// The bounds are numbers and do not cross.
pub(super) fn bounds(name: &str, y_min: Option<f64>, y_max: Option<f64>) -> Result<()> {
    let (low, high) = (
        y_min.unwrap_or(f64::NEG_INFINITY),
        y_max.unwrap_or(f64::INFINITY),
    );
    if low.is_nan() {
        return Err(Error::invalid_parameter(name, "y_min", "a number", low));
    }
    if high.is_nan() || high < low {
        let expected = format!("at least y_min, {low}");
        return Err(Error::invalid_parameter(name, "y_max", expected, high));
    }
    Ok(())
}

/// The rising values v that minimise Σ (yᵢ − vᵢ)²: means of runs of y. [`Isotonic`] has weights, bounds and falling values.
///
/// Method: pool adjacent violators (R. E. Barlow et al., Statistical Inference under Order Restrictions, 1972), from the
/// left, in time O(n).
///
/// # Errors
/// `NonFinite`.
///
/// ```
/// use fitwell::isotonic::isotonic_regression;
/// use ndarray::array;
///
/// assert_eq!(isotonic_regression(&array![1.0, 3.0, 2.0, 4.0])?, array![1.0, 2.5, 2.5, 4.0]);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn isotonic_regression<F: Float>(y: &ArrayRef1<F>) -> Result<Array1<F>> {
    Isotonic::new().fit(y, None)
}

/// Monotonic means of runs of values with positive weights.
pub(super) fn pool(points: &[(f64, f64)], increasing: bool) -> Vec<f64> {
    // Blocks: the mean, the weight, the first position.
    let mut blocks: Vec<(f64, f64, usize)> = Vec::with_capacity(points.len());
    let sign = if increasing { 1.0 } else { -1.0 };
    for (i, &(y, w)) in points.iter().enumerate() {
        let mut block = (sign * y, w, i);
        while let Some(&(mean, weight, first)) = blocks.last() {
            if mean < block.0 {
                break;
            }
            let total = weight + block.1;
            // As a step from the mean: equal values stay equal, and sums cannot overflow.
            block = (mean + (block.0 - mean) * (block.1 / total), total, first);
            blocks.pop();
        }
        blocks.push(block);
    }
    let mut fit = Vec::with_capacity(points.len());
    for (k, &(mean, _, first)) in blocks.iter().enumerate() {
        let end = blocks.get(k + 1).map_or(points.len(), |next| next.2);
        fit.resize(fit.len() + (end - first), sign * mean);
    }
    fit
}

/// Whether `y` rises with `x`: the sign of Spearman's rank correlation is not negative. Weights, if any, count a row as so
/// many.
///
/// `false` where there is no correlation to speak of, because x or y is constant.
///
/// # Errors
/// `ShapeMismatch`, `NonFinite`; what [`check::weights`] says of the weights.
///
/// ```
/// use fitwell::isotonic::check_increasing;
/// use ndarray::array;
///
/// assert!(check_increasing(&array![1.0, 2.0, 3.0], &array![1.0, 10.0, 9.0], None)?);
/// assert!(!check_increasing(&array![1.0, 2.0, 3.0], &array![3.0, 2.0, 1.0], None)?);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn check_increasing<F: Float>(
    x: &ArrayRef1<F>,
    y: &ArrayRef1<F>,
    weights: Option<&Array1<f64>>,
) -> Result<bool> {
    if x.len() != y.len() {
        return Err(Error::shape("number of rows of y", x.len(), y.len()));
    }
    check::finite_vector(x, "x")?;
    check::finite_vector(y, "y")?;
    if let Some(w) = weights {
        check::weights(w, x.len())?;
    }
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let (rx, ry) = (ranks(x, &weight), ranks(y, &weight));
    let total: f64 = (0..x.len()).map(weight).sum();
    // Mid-ranks have the mean total / 2.
    let mean = total / 2.0;
    let (mut both, mut vx, mut vy) = (0.0, 0.0, 0.0);
    for i in 0..x.len() {
        let (a, b) = (rx[i] - mean, ry[i] - mean);
        both += weight(i) * a * b;
        vx += weight(i) * a * a;
        vy += weight(i) * b * b;
    }
    Ok(vx > 0.0 && vy > 0.0 && both >= 0.0)
}

/// The weight below each value and half the weight of its equals.
fn ranks<F: Float>(values: &ArrayRef1<F>, weight: &dyn Fn(usize) -> f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].f64().total_cmp(&values[b].f64()));
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0.0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let own: f64 = equal.iter().map(|&i| weight(i)).sum();
        for &i in equal {
            ranks[i] = below + own / 2.0;
        }
        below += own;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn means_of_runs_by_hand() {
        let y = array![5.0f64, 1.0, 3.0, 3.0, 2.0, 9.0];
        let up = isotonic_regression(&y).unwrap();
        let expected = [14.0 / 5.0; 5];
        assert!(up.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-14));
        assert!((up[5] - 9.0).abs() < 1e-15);
        let down = Isotonic::new().increasing(false).fit(&y, None).unwrap();
        let reversed: Vec<f64> = y.iter().rev().copied().collect();
        let mirrored = isotonic_regression(&Array1::from(reversed)).unwrap();
        for (a, b) in down.iter().zip(mirrored.iter().rev()) {
            assert!((a - b).abs() < 1e-14);
        }
        assert_eq!(
            isotonic_regression(&Array1::<f64>::zeros(0)).unwrap().len(),
            0
        );
    }

    #[test]
    fn the_conditions_of_the_optimum_hold() {
        // Within each block of equal values: first residuals sum to no more than 0 from the left, and all to 0.
        let y = Array1::from_shape_fn(500, |i| {
            ((i * 7919) % 1009) as f64 / 100.0 + i as f64 / 90.0
        });
        let w = Array1::from_shape_fn(500, |i| 0.5 + (i % 5) as f64);
        let fit = Isotonic::new().fit(&y, Some(&w)).unwrap();
        let mut first = 0;
        while first < 500 {
            let last = (first..500)
                .take_while(|&i| fit[i] == fit[first])
                .last()
                .unwrap();
            let mut sum = 0.0;
            for i in first..=last {
                sum += w[i] * (y[i] - fit[i]);
                assert!(sum > -1e-9, "a later part would be lower");
            }
            assert!(sum.abs() < 1e-9);
            assert!(last == 499 || fit[last + 1] > fit[last]);
            first = last + 1;
        }
    }

    #[test]
    fn bad_input_is_refused() {
        let y = array![1.0, 2.0];
        assert!(isotonic_regression(&array![1.0, f64::NAN]).is_err());
        assert!(Isotonic::new().y_min(2.0).y_max(1.0).fit(&y, None).is_err());
        assert!(Isotonic::new().y_min(f64::NAN).fit(&y, None).is_err());
        assert!(Isotonic::new().fit(&y, Some(&array![1.0, 0.0])).is_err());
        assert!(Isotonic::new().fit(&y, Some(&array![1.0])).is_err());
    }

    #[test]
    fn weighted_ranks_are_those_of_repeated_rows() {
        let (x, y) = (array![1.0, 2.0, 3.0, 4.0], array![2.0, 9.0, 1.0, 3.0]);
        for w in [
            [1.0, 1.0, 1.0, 1.0],
            [1.0, 3.0, 1.0, 2.0],
            [4.0, 0.0, 4.0, 1.0],
        ] {
            let rows: Vec<usize> = (0..4).flat_map(|i| vec![i; w[i] as usize]).collect();
            let take = |v: &Array1<f64>| v.select(ndarray::Axis(0), &rows);
            let repeated = check_increasing(&take(&x), &take(&y), None).unwrap();
            let weighted = check_increasing(&x, &y, Some(&Array1::from(w.to_vec()))).unwrap();
            assert_eq!(weighted, repeated, "{w:?}");
        }
    }
}
