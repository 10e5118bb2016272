//! Scores of features against classes: analysis of variance, chi-squared.

use ndarray::{Array1, ArrayRef2};

use super::score::{FeatureScores, ScoreFunction, plain_function};
use super::sums::{over_rows, unit};
use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::labels::Labels;
use crate::special::{chi2_sf, f_sf};
use crate::targets::ClassTarget;

/// The F statistic of one-way analysis of variance of each feature, and its p-value.
///
/// With K classes of n_k of the n rows, class means m_k and mean m,
/// ```text
/// F = Σ n_k (m_k − m)² / (K − 1)  ÷  Σ_k Σ_i∈k (x_i − m_k)² / (n − K)
/// ```
/// which for normal features that do not differ between classes has the F distribution with K − 1 and n − K degrees of
/// freedom. It sees differences of means only, not every kind of dependence.
///
/// A constant feature has F and p NaN, one that is constant within classes and differs between them has F infinite and p 0;
/// with as many classes as rows F is NaN. All as in scikit-learn, whose sums of squares differ from these by rounding:
/// here they are of deviations from class means, scaled, so that neither a far mean nor a small scale costs digits.
///
/// # Errors
/// `EmptyInput`, `NonFinite`, `ShapeMismatch`; `TooFewClasses` for one class; `Overflow` when values differ by more than the
/// largest number. Sample weights are not used, as in scikit-learn.
///
/// ```
/// use fitwell::{Labels, feature_selection::f_classif};
/// use ndarray::array;
///
/// let x = array![[1.0, 0.0], [2.0, 1.0], [4.0, 0.0], [5.0, 1.0]];
/// let f = f_classif(&x, &Labels::from([0, 0, 1, 1]))?;
/// assert_eq!(f.scores(), array![18.0, 0.0]);
/// assert!((f.pvalues().unwrap()[0] - 0.051316701949486).abs() < 1e-14);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn f_classif<F: Float, Y: ClassTarget + ?Sized>(
    x: &ArrayRef2<F>,
    y: &Y,
) -> Result<FeatureScores> {
    let labels = checked("f_classif", x, y)?;
    let (n, p) = x.dim();
    let codes = labels.codes();
    let counts: Vec<f64> = labels.counts().iter().map(|&c| c as f64).collect();
    let k = counts.len();

    // Deviations from the first row of each class: exact where a class is constant.
    let mut first_rows = vec![usize::MAX; k];
    for (row, &code) in codes.iter().enumerate().rev() {
        first_rows[code as usize] = row;
    }
    let pivot: Vec<f64> = first_rows
        .iter()
        .flat_map(|&row| x.row(row).into_iter().map(|v| v.f64()))
        .collect();
    let totals = over_rows(
        x,
        k,
        k * p,
        p,
        #[inline(always)]
        |row, values, sum, most| {
            let from = codes[row] as usize * p;
            let (sum, pivot) = (&mut sum[from..from + p], &pivot[from..from + p]);
            for (((v, sum), most), pivot) in values.iter().zip(sum).zip(most).zip(pivot) {
                let d = v.f64() - pivot;
                *sum += d;
                *most = if d.abs() > *most { d.abs() } else { *most };
            }
        },
    );
    let mut size = totals.most;
    for of_class in pivot.chunks_exact(p) {
        for (size, (a, b)) in size.iter_mut().zip(of_class.iter().zip(&pivot)) {
            *size = size.max((a - b).abs());
        }
    }
    check::learned("f_classif", "a difference of values", &size)?;
    let scale: Vec<f64> = size.iter().map(|&s| unit(s)).collect();
    let mean: Vec<f64> = (totals.sum.chunks_exact(p).zip(&counts))
        .flat_map(|(sum, n)| sum.iter().map(move |s| s / n))
        .collect();

    // Squares around the class means, with what rounding left of the sums.
    let around = over_rows(
        x,
        2 * k,
        2 * k * p,
        0,
        #[inline(always)]
        |row, values, sum, _| {
            let from = codes[row] as usize * p;
            let (sums, squares) = sum[2 * from..2 * (from + p)].split_at_mut(p);
            let (mean, pivot) = (&mean[from..from + p], &pivot[from..from + p]);
            let centre = mean.iter().zip(pivot).zip(&scale);
            for (((v, sum), square), ((mean, pivot), scale)) in
                values.iter().zip(sums).zip(squares).zip(centre)
            {
                let d = (v.f64() - pivot - mean) * scale;
                *sum += d;
                *square += d * d;
            }
        },
    );
    let rest = |class: usize, j: usize| around.sum[2 * class * p + j];
    let squares = |class: usize, j: usize| around.sum[(2 * class + 1) * p + j];

    let (between, within) = ((k - 1) as f64, (n - k) as f64);
    let scores: Array1<f64> = (0..p)
        .map(|j| {
            let mean_of = |class: usize| {
                let at = class * p + j;
                (pivot[at] - pivot[j] + mean[at]) * scale[j] + rest(class, j) / counts[class]
            };
            let total = (0..k)
                .map(|class| counts[class] * mean_of(class))
                .sum::<f64>()
                / n as f64;
            let ssb: f64 = (0..k)
                .map(|class| counts[class] * (mean_of(class) - total).powi(2))
                .sum();
            let ssw: f64 = (0..k)
                .map(|class| (squares(class, j) - rest(class, j).powi(2) / counts[class]).max(0.0))
                .sum();
            (ssb / between) / (ssw / within)
        })
        .collect();
    let pvalues = scores.mapv(|f| f_sf(f, between, within));
    Ok(FeatureScores::with_pvalues(scores, pvalues))
}

/// The chi-squared statistic of each non-negative feature and the classes, and its p-value.
///
/// The sums of a feature over each class are compared with what they would be were the feature spread evenly,
/// ```text
/// χ² = Σ_k (O_k − E_k)² / E_k      O_k = Σ_i∈k x_i      E_k = n_k / n · Σ_i x_i
/// ```
/// with K − 1 degrees of freedom. For counts and frequencies: of words in texts, of events.
///
/// A feature that is zero everywhere has χ² and p NaN, as in scikit-learn.
///
/// # Errors
/// `EmptyInput`, `NonFinite`, `ShapeMismatch`; `InvalidInput` for a negative value, with its position; `TooFewClasses` for one
/// class (scikit-learn: NaN); `Overflow`. Sample weights are not used, as in scikit-learn.
///
/// ```
/// use fitwell::{Labels, feature_selection::chi2};
/// use ndarray::array;
///
/// let x = array![[1.0, 3.0], [0.0, 3.0], [4.0, 3.0], [5.0, 3.0]];
/// let c = chi2(&x, &Labels::from([0, 0, 1, 1]))?;
/// assert!((c.scores()[0] - 6.4).abs() < 1e-14 && c.scores()[1] == 0.0);
/// assert!((c.pvalues().unwrap()[0] - 0.0114120363860019).abs() < 1e-14);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn chi2<F: Float, Y: ClassTarget + ?Sized>(x: &ArrayRef2<F>, y: &Y) -> Result<FeatureScores> {
    let labels = checked("chi2", x, y)?;
    if let Some(((row, column), v)) = x.indexed_iter().find(|(_, v)| **v < F::zero()) {
        let reason = format!("row {row}, column {column} is negative: {v}");
        return Err(Error::invalid_input("X of chi2", reason));
    }
    let (n, p) = x.dim();
    let codes = labels.codes();
    let counts = labels.counts();
    let k = counts.len();
    let observed = over_rows(
        x,
        k,
        k * p,
        0,
        #[inline(always)]
        |row, values, sum, _| {
            let from = codes[row] as usize * p;
            for (v, sum) in values.iter().zip(&mut sum[from..from + p]) {
                *sum += v.f64();
            }
        },
    )
    .sum;
    check::learned("chi2", "a sum of values", &observed)?;
    let scores: Array1<f64> = (0..p)
        .map(|j| {
            let total: f64 = (0..k).map(|class| observed[class * p + j]).sum();
            (0..k)
                .map(|class| {
                    let expected = counts[class] as f64 / n as f64 * total;
                    (observed[class * p + j] - expected).powi(2) / expected
                })
                .sum()
        })
        .collect();
    if scores.iter().any(|s| s.is_infinite()) {
        check::learned("chi2", "a score", &scores)?;
    }
    let pvalues = scores.mapv(|s| chi2_sf(s, (k - 1) as f64));
    Ok(FeatureScores::with_pvalues(scores, pvalues))
}

plain_function! {
    /// [`f_classif`] as a setting of a selector.
    FClassif
}
plain_function! {
    /// [`chi2`] as a setting of a selector.
    Chi2
}

impl<F: Float, Y: ClassTarget + ?Sized> ScoreFunction<F, Y> for FClassif {
    fn score_features(&self, x: &ArrayRef2<F>, y: &Y) -> Result<FeatureScores> {
        f_classif(x, y)
    }
}

impl<F: Float, Y: ClassTarget + ?Sized> ScoreFunction<F, Y> for Chi2 {
    fn score_features(&self, x: &ArrayRef2<F>, y: &Y) -> Result<FeatureScores> {
        chi2(x, y)
    }
}

/// Samples and classes that can be scored: the classes that occur, two at least.
pub(super) fn checked<F: Float, Y: ClassTarget + ?Sized>(
    name: &str,
    x: &ArrayRef2<F>,
    y: &Y,
) -> Result<Labels> {
    check::samples(x)?;
    check::target(y, x.nrows())?;
    let labels = y.labels().observed();
    let classes = labels.classes();
    if classes.len() < 2 {
        return Err(ErrorKind::TooFewClasses {
            estimator: name.into(),
            got: classes.len(),
            classes: classes.iter().map(ToString::to_string).collect(),
        }
        .into());
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use ndarray::{Array2, array};

    fn noise(n: usize, p: usize) -> (Array2<f64>, Labels) {
        let mut rng = random::generator(3);
        let x = Array2::from_shape_simple_fn((n, p), || random::standard_normal(&mut rng));
        let y = (0..n).map(|i| (i * i + i / 3) as i64 % 3).collect();
        (x, y)
    }

    #[test]
    fn shift_and_scale_do_not_matter() {
        let (x, y) = noise(500, 3);
        let expected = f_classif(&x, &y).unwrap();
        for (shift, scale, tolerance) in [
            (1e6, 1.0, 1e-8),
            (0.0, 1e-200, 1e-13),
            (0.0, 1e200, 1e-13),
            (1e3, 1e-3, 1e-8),
        ] {
            let moved = f_classif(&x.mapv(|v| shift + scale * v), &y).unwrap();
            for (a, b) in moved.scores().iter().zip(expected.scores()) {
                assert!((a / b - 1.0).abs() < tolerance, "{shift} {scale}: {a} {b}");
            }
        }
        assert!(f_classif(&array![[1e308], [-1e308]], &Labels::from([0, 1])).is_err());
    }

    #[test]
    fn two_classes_are_a_squared_t_test() {
        let (x, _) = noise(40, 1);
        let y: Labels = (0..40).map(|i| i < 15).collect();
        let (a, b) = x.view().split_at(ndarray::Axis(0), 15);
        let (m, k) = (a.mean().unwrap(), b.mean().unwrap());
        let pooled = (a.mapv(|v| (v - m).powi(2)).sum() + b.mapv(|v| (v - k).powi(2)).sum()) / 38.0;
        let t = (m - k) / (pooled * (1.0 / 15.0 + 1.0 / 25.0)).sqrt();
        let f = f_classif(&x, &y).unwrap();
        assert!((f.scores()[0] / (t * t) - 1.0).abs() < 1e-12);
        let p = crate::special::t_two_sided(t, 38.0);
        assert!((f.pvalues().unwrap()[0] / p - 1.0).abs() < 1e-12);
    }

    #[test]
    fn constant_features_say_nothing() {
        let x = array![[0.1, 0.1], [0.1, 0.1], [0.1, 0.3], [0.1, 0.3], [0.1, 0.3]];
        let y = Labels::from(["a", "a", "b", "b", "b"]);
        let f = f_classif(&x, &y).unwrap();
        assert!(f.scores()[0].is_nan() && f.pvalues().unwrap()[0].is_nan());
        assert_eq!(
            (f.scores()[1], f.pvalues().unwrap()[1]),
            (f64::INFINITY, 0.0)
        );
        let c = chi2(&array![[0.0], [0.0]], &Labels::from([0, 1])).unwrap();
        assert!(c.scores()[0].is_nan());
    }

    #[test]
    fn what_cannot_be_scored_is_refused() {
        let x = array![[1.0, 2.0], [3.0, -4.0]];
        let one = f_classif(&x, &Labels::from(["a", "a"])).unwrap_err();
        assert!(matches!(
            one.kind(),
            ErrorKind::TooFewClasses { got: 1, .. }
        ));
        let e = chi2(&x, &Labels::from([0, 1])).unwrap_err().to_string();
        assert_eq!(e, "X of chi2: row 1, column 1 is negative: -4");
        assert!(f_classif(&array![[f64::NAN], [1.0]], &Labels::from([0, 1])).is_err());
        assert!(f_classif(&x, &Labels::from([0, 1, 0])).is_err());
    }
}
