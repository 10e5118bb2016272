//! Which distances there are, and how each becomes one of a few sums over differences.

use std::fmt;

use ndarray::{Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::scalar;
use crate::check::Interval;
use crate::error::{Error, Result};
use crate::float::Float;

/// A distance between two rows a and b, by scikit-learn's names.
///
/// | name | distance |
/// |---|---|
/// | `"euclidean"`, `"l2"` | √Σ (aⱼ − bⱼ)² |
/// | `"sqeuclidean"` | Σ (aⱼ − bⱼ)² |
/// | `"manhattan"`, `"cityblock"`, `"l1"` | Σ \|aⱼ − bⱼ\| |
/// | `"chebyshev"` | max \|aⱼ − bⱼ\| |
/// | `"minkowski"` | (Σ wⱼ \|aⱼ − bⱼ\|ᵖ)^(1/p) |
/// | `"seuclidean"` | √Σ (aⱼ − bⱼ)² / Vⱼ |
/// | `"mahalanobis"` | √(a − b)ᵀ VI (a − b) |
/// | `"cosine"` | 1 − a·b / (‖a‖ ‖b‖); 1 where a row is zero |
/// | `"correlation"` | the cosine distance of the rows less their means |
/// | `"canberra"` | Σ \|aⱼ − bⱼ\| / (\|aⱼ\| + \|bⱼ\|), 0/0 counting as 0 |
/// | `"braycurtis"` | Σ \|aⱼ − bⱼ\| / Σ \|aⱼ + bⱼ\| |
/// | `"hamming"` | the share of columns that differ |
/// | `"haversine"` | the angle between (latitude, longitude) in radians |
/// | `"jaccard"`, `"dice"`, `"rogerstanimoto"`, `"russellrao"`, `"sokalsneath"`, `"yule"` | of rows taken as booleans: zero is false |
/// | `"precomputed"` | the samples are distances already |
///
/// `p`, `w`, `V` and `VI` come from [`MetricParams`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Metric {
    #[default]
    #[serde(alias = "l2")]
    Euclidean,
    SqEuclidean,
    #[serde(alias = "cityblock", alias = "l1")]
    Manhattan,
    #[serde(alias = "infinity")]
    Chebyshev,
    #[serde(alias = "p")]
    Minkowski,
    SEuclidean,
    Mahalanobis,
    Cosine,
    Correlation,
    Canberra,
    BrayCurtis,
    Hamming,
    Haversine,
    Jaccard,
    Dice,
    RogersTanimoto,
    RussellRao,
    SokalSneath,
    Yule,
    Precomputed,
}

impl Metric {
    /// The name, as scikit-learn has it.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Euclidean => "euclidean",
            Metric::SqEuclidean => "sqeuclidean",
            Metric::Manhattan => "manhattan",
            Metric::Chebyshev => "chebyshev",
            Metric::Minkowski => "minkowski",
            Metric::SEuclidean => "seuclidean",
            Metric::Mahalanobis => "mahalanobis",
            Metric::Cosine => "cosine",
            Metric::Correlation => "correlation",
            Metric::Canberra => "canberra",
            Metric::BrayCurtis => "braycurtis",
            Metric::Hamming => "hamming",
            Metric::Haversine => "haversine",
            Metric::Jaccard => "jaccard",
            Metric::Dice => "dice",
            Metric::RogersTanimoto => "rogerstanimoto",
            Metric::RussellRao => "russellrao",
            Metric::SokalSneath => "sokalsneath",
            Metric::Yule => "yule",
            Metric::Precomputed => "precomputed",
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What some metrics need besides the rows; scikit-learn's `metric_params`.
///
/// ```
/// use fitwell::metrics::pairwise::{Metric, MetricParams, pairwise_distances};
/// use ndarray::array;
///
/// let x = array![[0.0, 0.0], [3.0, 4.0]];
/// let d = pairwise_distances(&x, None, Metric::Minkowski, &MetricParams::new().p(1.0))?;
/// assert_eq!(d[[0, 1]], 7.0);
/// # Ok::<(), fitwell::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricParams {
    #[serde(with = "crate::params::optional_number")]
    p: Option<f64>,
    w: Option<Vec<f64>>,
    #[serde(rename = "V")]
    v: Option<Vec<f64>>,
    #[serde(rename = "VI")]
    vi: Option<Vec<Vec<f64>>>,
}

impl MetricParams {
    /// None of them.
    pub fn new() -> Self {
        Self::default()
    }

    /// The power of the Minkowski distance, above 0; 2 unless given.
    #[must_use]
    pub fn p(mut self, p: f64) -> Self {
        self.p = Some(p);
        self
    }

    /// The weights of the columns in the Minkowski distance, not negative; 1 unless given.
    #[must_use]
    pub fn w(mut self, w: impl Into<Vec<f64>>) -> Self {
        self.w = Some(w.into());
        self
    }

    /// The variances of the columns for `seuclidean`; those of the data, with n − 1, unless given.
    #[must_use]
    pub fn v(mut self, v: impl Into<Vec<f64>>) -> Self {
        self.v = Some(v.into());
        self
    }

    /// The inverse of the covariance matrix for `mahalanobis`; that of the data, with n − 1, unless given.
    #[must_use]
    pub fn vi(mut self, vi: &ArrayRef2<f64>) -> Self {
        self.vi = Some(vi.rows().into_iter().map(|row| row.to_vec()).collect());
        self
    }

    pub(crate) fn power(&self) -> Option<f64> {
        self.p
    }

    pub(crate) fn weights(&self) -> Option<&[f64]> {
        self.w.as_deref()
    }

    /// The ranges, without the data.
    pub(crate) fn check(&self, estimator: &str) -> Result<()> {
        let bad = |expected: &str, got: f64| {
            Err(Error::invalid_parameter(
                estimator,
                "metric_params",
                expected,
                got,
            ))
        };
        if let Some(p) = self.p
            && !Interval::above(0.0).including_high().contains(p)
        {
            return bad("made of a `p` in (0, inf]", p);
        }
        let w = self.w.iter().flatten();
        if let Some(&w) = w.clone().find(|w| !(w.is_finite() && **w >= 0.0)) {
            return bad("made of weights `w` in [0, inf)", w);
        }
        if self.w.is_some() && w.clone().all(|&w| w == 0.0) {
            return bad("made of weights `w` that are not all zero", 0.0);
        }
        if let Some(&v) = (self.v.iter().flatten()).find(|v| !(v.is_finite() && **v > 0.0)) {
            return bad("made of variances `V` in (0, inf)", v);
        }
        if let Some(&v) = (self.vi.iter().flatten().flatten()).find(|v| !v.is_finite()) {
            return bad("made of a finite matrix `VI`", v);
        }
        Ok(())
    }
}

/// How the sum over the columns is taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form {
    /// Σ d², and its root unless `square`.
    Squares { square: bool },
    /// Σ |d|
    Sum,
    /// max |d|
    Max,
    /// (Σ |d|ᵖ)^(1/p)
    Power(f64),
    /// 1 − a·b, of rows of length 1.
    Dot,
    /// Row by row.
    Each(Metric),
    /// The rows are distances.
    Given,
}

/// What is done to rows before.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Space {
    Same,
    /// Columns times these.
    Columns(Vec<f64>),
    /// Rows times the transpose of this.
    Matrix(Array2<f64>),
    /// Rows divided by their length.
    Unit,
    /// Rows less their mean, then divided by their length.
    Centred,
}

/// A metric with all it needs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Distance {
    pub(crate) form: Form,
    pub(crate) space: Space,
}

impl Distance {
    /// Resolves a metric for rows of the width of `x`, and `y` where there is one; they give variances where none are given.
    pub(crate) fn new<F: Float>(
        estimator: &str,
        metric: Metric,
        params: &MetricParams,
        x: &ArrayRef2<F>,
        y: Option<&ArrayRef2<F>>,
    ) -> Result<Self> {
        params.check(estimator)?;
        let width = x.ncols();
        let form = |form| Distance {
            form,
            space: Space::Same,
        };
        let squares = Form::Squares { square: false };
        let fits = |name: &str, got: usize| {
            if got == width {
                return Ok(());
            }
            let expected = format!("made of a `{name}` for each of {width} columns");
            Err(Error::invalid_parameter(
                estimator,
                "metric_params",
                expected,
                format!("{got} of them"),
            ))
        };
        Ok(match metric {
            Metric::Euclidean => form(squares),
            Metric::SqEuclidean => form(Form::Squares { square: true }),
            Metric::Manhattan => form(Form::Sum),
            Metric::Chebyshev => form(Form::Max),
            Metric::Minkowski => {
                let p = params.p.unwrap_or(2.0);
                let plain = if p == 2.0 {
                    squares
                } else if p == 1.0 {
                    Form::Sum
                } else if p > 1e16 {
                    // The number of columns to the power 1/p rounds to 1.
                    Form::Max
                } else {
                    Form::Power(p)
                };
                match &params.w {
                    None => form(plain),
                    Some(w) => {
                        fits("w", w.len())?;
                        let factor = |&w: &f64| match plain {
                            Form::Squares { .. } => w.sqrt(),
                            Form::Sum => w,
                            // As SciPy: a column without weight does not count, the others count once.
                            Form::Max => f64::from(u8::from(w > 0.0)),
                            _ => w.powf(1.0 / p),
                        };
                        Distance {
                            form: plain,
                            space: Space::Columns(w.iter().map(factor).collect()),
                        }
                    }
                }
            }
            Metric::SEuclidean => {
                let v = match &params.v {
                    Some(v) => v.clone(),
                    None => variances(x, y),
                };
                fits("V", v.len())?;
                if let Some(column) = v.iter().position(|v| !(*v > 0.0 && v.is_finite())) {
                    let reason = format!("column {column} has the variance {}", v[column]);
                    return Err(Error::invalid_input("standardised distances", reason));
                }
                Distance {
                    form: squares,
                    space: Space::Columns(v.iter().map(|v| 1.0 / v.sqrt()).collect()),
                }
            }
            Metric::Mahalanobis => {
                let (vi, inverse) = match &params.vi {
                    Some(rows) => {
                        fits("VI", rows.len())?;
                        for row in rows {
                            fits("VI", row.len())?;
                        }
                        (
                            Array2::from_shape_fn((width, width), |(i, j)| rows[i][j]),
                            false,
                        )
                    }
                    None => (covariance(x, y), true),
                };
                let factor = if inverse {
                    inverse_factor(&vi)
                } else {
                    root(&vi)
                };
                let factor = factor.ok_or_else(|| {
                    Error::invalid_input(
                        "Mahalanobis distances",
                        "the matrix is not positive definite",
                    )
                })?;
                Distance {
                    form: squares,
                    space: Space::Matrix(factor),
                }
            }
            Metric::Cosine => Distance {
                form: Form::Dot,
                space: Space::Unit,
            },
            Metric::Correlation => Distance {
                form: Form::Dot,
                space: Space::Centred,
            },
            Metric::Haversine => {
                if width != 2 {
                    return Err(Error::shape("columns of haversine distances", 2, width));
                }
                form(Form::Each(metric))
            }
            Metric::Precomputed => form(Form::Given),
            _ => form(Form::Each(metric)),
        })
    }

    /// Rows as the form wants them, times `scale`, one after the other.
    pub(crate) fn prepare<F: Float>(&self, x: &ArrayRef2<F>, scale: f64) -> Result<Vec<F>> {
        let p = x.ncols();
        if self.space == Space::Same && scale == 1.0 {
            return Ok(match x.as_slice() {
                Some(values) => values.to_vec(),
                None => x.iter().copied().collect(),
            });
        }
        let mut out = Vec::with_capacity(x.len());
        for (i, row) in x.rows().into_iter().enumerate() {
            match &self.space {
                Space::Same => out.extend(row.iter().map(|v| F::of(v.f64() * scale))),
                Space::Columns(by) => {
                    let each = row.iter().zip(by);
                    out.extend(each.map(|(v, by)| F::of(v.f64() * by * scale)));
                }
                Space::Matrix(factor) => out.extend(factor.rows().into_iter().map(|f| {
                    let each = f.iter().zip(row.iter());
                    F::of(each.map(|(f, v)| f * v.f64()).sum::<f64>() * scale)
                })),
                Space::Unit | Space::Centred => {
                    let largest = row.iter().fold(0.0, |m: f64, v| m.max(v.f64().abs()));
                    // A power of two keeps squares in range and costs no digits.
                    let near_one = if largest > 0.0 {
                        (-largest.log2().floor()).clamp(-1000.0, 1000.0).exp2()
                    } else {
                        1.0
                    };
                    let mean = match self.space {
                        Space::Centred => {
                            row.iter().map(|v| v.f64() * near_one).sum::<f64>() / p as f64
                        }
                        _ => 0.0,
                    };
                    let values: Vec<f64> = row.iter().map(|v| v.f64() * near_one - mean).collect();
                    let length = values.iter().map(|v| v * v).sum::<f64>().sqrt();
                    if length == 0.0 && self.space == Space::Centred {
                        let reason = format!("row {i} is constant: it has no correlation");
                        return Err(Error::invalid_input("X", reason));
                    }
                    let length = if length == 0.0 { 1.0 } else { length };
                    out.extend(values.iter().map(|v| F::of(v / length)));
                }
            }
        }
        Ok(out)
    }

    /// The distance from its sum, of rows that were scaled.
    #[inline(always)]
    pub(crate) fn finish(&self, sum: f64, scale: f64) -> f64 {
        match self.form {
            Form::Squares { square: false } => sum.sqrt() / scale,
            Form::Squares { square: true } => sum / scale / scale,
            Form::Sum | Form::Max => sum / scale,
            Form::Power(p) => sum.powf(1.0 / p) / scale,
            Form::Dot => (1.0 - sum).clamp(0.0, 2.0),
            Form::Each(_) | Form::Given => sum,
        }
    }

    /// The sum that belongs to a distance.
    pub(crate) fn begin(&self, distance: f64, scale: f64) -> f64 {
        match self.form {
            Form::Squares { square: false } => (distance * scale) * (distance * scale),
            Form::Squares { square: true } => distance * scale * scale,
            Form::Sum | Form::Max => distance * scale,
            Form::Power(p) => (distance * scale).powf(p),
            Form::Dot | Form::Each(_) | Form::Given => distance,
        }
    }

    /// Whether the triangle inequality holds and boxes bound the sum from below.
    pub(crate) fn has_boxes(&self) -> bool {
        match self.form {
            Form::Squares { .. } | Form::Sum | Form::Max => true,
            Form::Power(p) => p >= 1.0,
            _ => false,
        }
    }

    /// A power of two that keeps sums of such values in the range of the type: 1 unless they are extreme.
    pub(crate) fn scale<F: Float>(&self, x: &ArrayRef2<F>) -> f64 {
        let power = match self.form {
            Form::Squares { .. } => 2.0,
            Form::Power(p) => p.max(1.0),
            _ => return 1.0,
        };
        let largest = x.iter().fold(0.0, |m: f64, v| m.max(v.f64().abs()));
        let limit = if F::NAME == "f32" { 120.0 } else { 1000.0 };
        let exponent = largest.log2().floor();
        // Half the range is left to small differences.
        if largest == 0.0 || exponent.abs() <= limit / power / 2.0 {
            return 1.0;
        }
        (-exponent).clamp(-limit, limit).exp2()
    }
}

/// Distances of a metric that is no plain sum.
#[inline]
pub(crate) fn each<F: Float>(metric: Metric, a: &[F], b: &[F]) -> f64 {
    scalar::distance(metric, a, b)
}

fn all_rows<'a, F: Float>(
    x: &'a ArrayRef2<F>,
    y: Option<&'a ArrayRef2<F>>,
) -> impl Iterator<Item = ndarray::ArrayView1<'a, F>> + Clone {
    let more = y.map(|y| y.rows().into_iter());
    x.rows().into_iter().chain(more.into_iter().flatten())
}

/// The means of the columns, and the number of rows.
fn means<F: Float>(x: &ArrayRef2<F>, y: Option<&ArrayRef2<F>>) -> (Vec<f64>, f64) {
    let mut sums = vec![0.0; x.ncols()];
    let mut n = 0.0;
    for row in all_rows(x, y) {
        n += 1.0;
        for (sum, v) in sums.iter_mut().zip(row) {
            *sum += v.f64();
        }
    }
    sums.iter_mut().for_each(|sum| *sum /= n);
    (sums, n)
}

fn variances<F: Float>(x: &ArrayRef2<F>, y: Option<&ArrayRef2<F>>) -> Vec<f64> {
    let (means, n) = means(x, y);
    let mut sums = vec![0.0; x.ncols()];
    for row in all_rows(x, y) {
        for ((sum, v), mean) in sums.iter_mut().zip(row).zip(&means) {
            *sum += (v.f64() - mean) * (v.f64() - mean);
        }
    }
    sums.iter().map(|sum| sum / (n - 1.0)).collect()
}

fn covariance<F: Float>(x: &ArrayRef2<F>, y: Option<&ArrayRef2<F>>) -> Array2<f64> {
    let (means, n) = means(x, y);
    let p = x.ncols();
    let mut sums = Array2::<f64>::zeros((p, p));
    for row in all_rows(x, y) {
        let centred: Vec<f64> = row.iter().zip(&means).map(|(v, m)| v.f64() - m).collect();
        for i in 0..p {
            for j in 0..=i {
                sums[[i, j]] += centred[i] * centred[j];
            }
        }
    }
    Array2::from_shape_fn((p, p), |(i, j)| sums[[i.max(j), i.min(j)]] / (n - 1.0))
}

/// L of a = L Lᵀ.
fn cholesky(a: &Array2<f64>) -> Option<Array2<f64>> {
    let n = a.nrows();
    let mut l = Array2::<f64>::zeros((n, n));
    for i in 0..n {
        for j in 0..=i {
            let below: f64 = (0..j).map(|k| l[[i, k]] * l[[j, k]]).sum();
            let rest = a[[i, j]] - below;
            if i == j {
                // What rounding leaves of a singular matrix is no pivot.
                if !Interval::above(a[[i, i]].abs() * 1e-14 * n as f64).contains(rest) {
                    return None;
                }
                l[[i, i]] = rest.sqrt();
            } else {
                l[[i, j]] = rest / l[[j, j]];
            }
        }
    }
    Some(l)
}

/// A matrix R with Rᵀ R = a.
fn root(a: &Array2<f64>) -> Option<Array2<f64>> {
    Some(cholesky(a)?.reversed_axes())
}

/// A matrix R with Rᵀ R = a⁻¹: the inverse of the Cholesky factor.
fn inverse_factor(a: &Array2<f64>) -> Option<Array2<f64>> {
    let l = cholesky(a)?;
    let n = l.nrows();
    let mut inverse = Array2::<f64>::zeros((n, n));
    for j in 0..n {
        for i in j..n {
            let unit = if i == j { 1.0 } else { 0.0 };
            let known: f64 = (j..i).map(|k| l[[i, k]] * inverse[[k, j]]).sum();
            inverse[[i, j]] = (unit - known) / l[[i, i]];
        }
    }
    Some(inverse)
}
