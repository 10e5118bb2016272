//! Covariances of components in their four forms: from sums, to triangles, to what models keep.

use ndarray::{Array1, Array2, Array3, Axis, s};
use serde::{Deserialize, Serialize};

use super::kernel::{Components, Metric, Second, Sums};
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::linalg::{Cholesky, Triangle, solve_triangular};
use crate::model::ensure;
use crate::parallel;

/// The form of the components' covariances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CovarianceType {
    /// Each component its own matrix.
    #[default]
    Full,
    /// One matrix for all components.
    Tied,
    /// Each component a variance for each feature.
    Diag,
    /// Each component one variance.
    Spherical,
}

impl CovarianceType {
    /// The lengths of the dimensions for k components of p features.
    pub(super) fn shape(self, k: usize, p: usize) -> Vec<usize> {
        match self {
            CovarianceType::Full => vec![k, p, p],
            CovarianceType::Tied => vec![p, p],
            CovarianceType::Diag => vec![k, p],
            CovarianceType::Spherical => vec![k],
        }
    }

    /// What must be summed for it.
    pub(super) fn second(self) -> Second {
        match self {
            CovarianceType::Full => Second::Full,
            CovarianceType::Tied => Second::None,
            CovarianceType::Diag | CovarianceType::Spherical => Second::Diag,
        }
    }

    /// Free parameters of k components of p features.
    pub(super) fn parameters(self, k: usize, p: usize) -> f64 {
        let (k, p) = (k as f64, p as f64);
        match self {
            CovarianceType::Full => k * p * (p + 1.0) / 2.0,
            CovarianceType::Tied => p * (p + 1.0) / 2.0,
            CovarianceType::Diag => k * p,
            CovarianceType::Spherical => k,
        }
    }

    /// The covariances of k components of p features can be held.
    pub(super) fn fits(self, k: usize, p: usize) -> Result<()> {
        let rows = match self {
            CovarianceType::Full => k.saturating_mul(p),
            CovarianceType::Tied => p,
            CovarianceType::Diag | CovarianceType::Spherical => k,
        };
        parallel::fits::<f64>("covariances", (rows, p))
    }
}

/// Covariances, precisions or their triangles, as the [`CovarianceType`] has them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", bound = "")]
pub enum Covariances<F: Float> {
    /// A matrix for each component, (n_components, n_features, n_features).
    Full(Array3<F>),
    /// One matrix, (n_features, n_features).
    Tied(Array2<F>),
    /// A variance for each component and feature, (n_components, n_features).
    Diag(Array2<F>),
    /// A variance for each component.
    Spherical(Array1<F>),
}

impl<F: Float> Covariances<F> {
    /// The form.
    pub fn covariance_type(&self) -> CovarianceType {
        match self {
            Covariances::Full(_) => CovarianceType::Full,
            Covariances::Tied(_) => CovarianceType::Tied,
            Covariances::Diag(_) => CovarianceType::Diag,
            Covariances::Spherical(_) => CovarianceType::Spherical,
        }
    }

    /// The lengths of the dimensions.
    pub fn shape(&self) -> &[usize] {
        match self {
            Covariances::Full(v) => v.shape(),
            Covariances::Tied(v) | Covariances::Diag(v) => v.shape(),
            Covariances::Spherical(v) => v.shape(),
        }
    }

    /// The values in row order.
    pub fn values(&self) -> Vec<F> {
        match self {
            Covariances::Full(v) => v.iter().copied().collect(),
            Covariances::Tied(v) | Covariances::Diag(v) => v.iter().copied().collect(),
            Covariances::Spherical(v) => v.to_vec(),
        }
    }

    /// The matrix of one component, (n_features, n_features), whatever the form.
    ///
    /// # Errors
    /// `InvalidInput` when there is no such component.
    pub fn matrix(&self, component: usize, n_features: usize) -> Result<Array2<F>> {
        let known = match self {
            Covariances::Tied(_) => true,
            _ => component < self.shape()[0],
        };
        if !known {
            let reason = format!("there is no component {component}");
            return Err(Error::invalid_input("covariances", reason));
        }
        Ok(match self {
            Covariances::Full(v) => v.index_axis(Axis(0), component).to_owned(),
            Covariances::Tied(v) => v.clone(),
            Covariances::Diag(v) => Array2::from_diag(&v.row(component)),
            Covariances::Spherical(v) => {
                Array2::from_diag(&Array1::from_elem(n_features, v[component]))
            }
        })
    }

    pub(super) fn spread(&self, k: usize, p: usize) -> Spread {
        Spread {
            form: self.covariance_type(),
            k,
            p,
            values: self.values().iter().map(|v| v.f64()).collect(),
        }
    }

    /// What a file holds is of this form and shape, and its diagonal positive.
    pub(super) fn validate(
        &self,
        what: &str,
        form: CovarianceType,
        k: usize,
        p: usize,
    ) -> Result<()> {
        ensure::that(self.covariance_type() == form, || {
            format!("{what} is of another covariance type")
        })?;
        ensure::that(self.shape() == form.shape(k, p), || {
            format!("{what} has shape {:?}", self.shape())
        })?;
        ensure::finite(what, &self.values())?;
        match self {
            Covariances::Full(v) => {
                for part in v.axis_iter(Axis(0)) {
                    ensure::positive(what, part.diag())?;
                }
                Ok(())
            }
            Covariances::Tied(v) => ensure::positive(what, v.diag()),
            Covariances::Diag(v) => ensure::positive(what, v),
            Covariances::Spherical(v) => ensure::positive(what, v),
        }
    }
}

/// Covariances, or upper triangles U of precisions UU', in row order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) form: CovarianceType,
    pub(super) k: usize,
    pub(super) p: usize,
    pub(super) values: Vec<f64>,
}

fn square(values: &[f64], p: usize) -> Result<Array2<f64>> {
    let n = values.len();
    Array2::from_shape_vec((p, p), values.to_vec())
        .map_err(|_| Error::shape("number of values of a matrix", p * p, n))
}

impl Spread {
    /// The same as a model keeps it.
    pub(super) fn keep<F: Float>(&self) -> Result<Covariances<F>> {
        let (k, p) = (self.k, self.p);
        let values: Vec<F> = self.values.iter().map(|&v| F::of(v)).collect();
        let n = values.len();
        let wrong = |_| {
            Error::shape(
                "number of covariances",
                self.form.shape(k, p).iter().product(),
                n,
            )
        };
        Ok(match self.form {
            CovarianceType::Full => {
                Covariances::Full(Array3::from_shape_vec((k, p, p), values).map_err(wrong)?)
            }
            CovarianceType::Tied => {
                Covariances::Tied(Array2::from_shape_vec((p, p), values).map_err(wrong)?)
            }
            CovarianceType::Diag => {
                Covariances::Diag(Array2::from_shape_vec((k, p), values).map_err(wrong)?)
            }
            CovarianceType::Spherical => Covariances::Spherical(Array1::from_vec(values)),
        })
    }

    /// The same form, each matrix or each number changed.
    fn map(
        &self,
        matrix: impl Fn(usize, Array2<f64>) -> Result<Array2<f64>>,
        number: impl Fn(usize, f64) -> Result<f64>,
    ) -> Result<Spread> {
        let mut values = Vec::with_capacity(self.values.len());
        match self.form {
            CovarianceType::Full | CovarianceType::Tied => {
                for (c, part) in self.values.chunks_exact(self.p * self.p).enumerate() {
                    values.extend(matrix(c, square(part, self.p)?)?.iter());
                }
            }
            CovarianceType::Diag | CovarianceType::Spherical => {
                for (i, &v) in self.values.iter().enumerate() {
                    values.push(number(i, v)?);
                }
            }
        }
        Ok(Spread { values, ..*self })
    }

    /// The triangles U of the precisions of these covariances.
    pub(super) fn triangles(&self, estimator: &str) -> Result<Spread> {
        let what = |c: usize| match self.form {
            CovarianceType::Tied => format!("{estimator}, the covariance; raise `reg_covar`"),
            _ => format!("{estimator}, the covariance of component {c}; raise `reg_covar`"),
        };
        let per = self.values.len() / self.k.max(1);
        self.map(
            |c, matrix| {
                let lower = match Cholesky::new(&matrix) {
                    Ok(factor) => factor.root(),
                    Err(error) => {
                        return Err(match error.kind() {
                            ErrorKind::NotPositiveDefinite { pivot, .. } => {
                                ErrorKind::NotPositiveDefinite {
                                    what: what(c),
                                    pivot: *pivot,
                                }
                                .into()
                            }
                            _ => overflow(estimator),
                        });
                    }
                };
                let inverse = solve_triangular(&lower, Triangle::Lower, &Array2::eye(self.p));
                Ok(inverse.map_err(|_| overflow(estimator))?.reversed_axes())
            },
            |i, v| match v > 0.0 && v.is_finite() {
                true => Ok(1.0 / v.sqrt()),
                false if v.is_finite() => Err(ErrorKind::NotPositiveDefinite {
                    what: what(i / per.max(1)),
                    pivot: i % per.max(1),
                }
                .into()),
                false => Err(overflow(estimator)),
            },
        )
    }

    /// The triangles U of these precisions.
    pub(super) fn triangles_of_precisions(&self, estimator: &str, name: &str) -> Result<Spread> {
        let refused = || {
            let expected = "symmetric and positive definite";
            Error::invalid_parameter(estimator, name, expected, "matrices that are not")
        };
        self.map(
            |_, matrix| {
                if !symmetric(&matrix) {
                    return Err(refused());
                }
                // UU' = P is LL' in the opposite order of rows and columns.
                let turned = matrix.slice(s![..;-1, ..;-1]).to_owned();
                let lower = Cholesky::new(&turned).map_err(|_| refused())?.root();
                Ok(lower.slice(s![..;-1, ..;-1]).to_owned())
            },
            |_, v| match v > 0.0 {
                true => Ok(v.sqrt()),
                false => {
                    let expected = "above 0";
                    Err(Error::invalid_parameter(estimator, name, expected, v))
                }
            },
        )
    }

    /// The covariances of which these are the triangles.
    pub(super) fn covariances(&self, estimator: &str) -> Result<Spread> {
        self.map(
            |_, u| {
                let inverse = solve_triangular(&u, Triangle::Upper, &Array2::eye(self.p));
                let inverse = inverse.map_err(|_| overflow(estimator))?;
                Ok(inverse.t().dot(&inverse))
            },
            |_, u| Ok(1.0 / (u * u)),
        )
    }

    /// The precisions UU' of these triangles.
    pub(super) fn precisions(&self) -> Result<Spread> {
        self.map(|_, u| Ok(u.dot(&u.t())), |_, u| Ok(u * u))
    }

    /// ln det U of each component.
    pub(super) fn log_dets(&self) -> Vec<f64> {
        let p = self.p;
        let diagonal = |part: &[f64]| part.iter().step_by(p + 1).map(|v| v.ln()).sum::<f64>();
        match self.form {
            CovarianceType::Full => self.values.chunks_exact(p * p).map(diagonal).collect(),
            CovarianceType::Tied => vec![diagonal(&self.values); self.k],
            CovarianceType::Diag => {
                let rows = self.values.chunks_exact(p);
                rows.map(|row| row.iter().map(|v| v.ln()).sum()).collect()
            }
            CovarianceType::Spherical => {
                let each = self.values.iter();
                each.map(|v| p as f64 * v.ln()).collect()
            }
        }
    }

    /// These triangles and the means for the kernel.
    pub(super) fn components(&self, means: &[f64], offsets: Vec<f64>) -> Components {
        let p = self.p;
        let packed = |u: &[f64]| -> Vec<f64> {
            let column = |i: usize| (0..=i).map(move |j| u[j * p + i]);
            (0..p).flat_map(column).collect()
        };
        let metric = match self.form {
            CovarianceType::Full => {
                let each = self.values.chunks_exact(p * p);
                Metric::Full(each.flat_map(packed).collect())
            }
            CovarianceType::Tied => {
                let mut center = vec![0.0; p];
                for mean in means.chunks_exact(p) {
                    for (c, m) in center.iter_mut().zip(mean) {
                        *c += m / self.k as f64;
                    }
                }
                let triangle = packed(&self.values);
                let mut turned = Vec::with_capacity(means.len());
                for mean in means.chunks_exact(p) {
                    let mut rest = triangle.as_slice();
                    for i in 0..p {
                        let (column, after) = rest.split_at(i + 1);
                        rest = after;
                        let each = column.iter().zip(mean).zip(&center);
                        turned.push(each.map(|((u, m), c)| u * (m - c)).sum());
                    }
                }
                Metric::Tied {
                    center,
                    triangle,
                    means: turned,
                }
            }
            CovarianceType::Diag => Metric::Diag(self.values.clone()),
            CovarianceType::Spherical => Metric::Spherical(self.values.clone()),
        };
        Components {
            means: means.to_vec(),
            metric,
            offsets,
        }
    }
}

/// Equal to its transpose as far as scikit-learn asks.
fn symmetric(matrix: &Array2<f64>) -> bool {
    let close = |((i, j), a): ((usize, usize), &f64)| {
        let b = matrix[[j, i]];
        let scale = (matrix[[i, i]] * matrix[[j, j]]).abs().sqrt();
        (a - b).abs() <= 1e-8 * scale.max(b.abs())
    };
    matrix.indexed_iter().all(close)
}

pub(super) fn overflow(estimator: &str) -> Error {
    ErrorKind::Overflow {
        estimator: estimator.into(),
        what: "a covariance".into(),
    }
    .into()
}

/// Means and covariances that sums ask for.
pub(super) struct Moments {
    /// Σ w r and a little more, so that it is not 0, (k)
    pub(super) weights: Vec<f64>,
    pub(super) means: Vec<f64>,
    pub(super) spread: Spread,
    /// Whether digits were lost because the means moved far beside the deviations: sum again about the new means.
    pub(super) again: bool,
}

/// What does not change from one iteration to the next.
pub(super) struct Whole {
    /// Σ w
    pub(super) weight: f64,
    /// The mean of all rows.
    pub(super) mean: Vec<f64>,
    /// Σ w (x − mean)(x − mean)' packed by rows of the lower triangle; empty unless the covariance is tied.
    pub(super) scatter: Vec<f64>,
}

/// scikit-learn's means and covariances, with ten roundings added to every weight.
pub(super) fn moments(
    sums: &Sums,
    about: &[f64],
    form: CovarianceType,
    reg_covar: f64,
    whole: &Whole,
) -> Moments {
    let k = sums.weights.len();
    let p = about.len() / k;
    let mut weights = Vec::with_capacity(k);
    let mut means = Vec::with_capacity(k * p);
    let mut values = Vec::new();
    let mut again = false;
    let lost = |shift: f64, variance: f64| {
        let error = 4.0 * f64::EPSILON * shift * shift;
        error > 1e-10 * (variance.abs() + reg_covar)
    };
    for c in 0..k {
        let n = sums.weights[c];
        let total = n + 10.0 * f64::EPSILON;
        weights.push(total);
        let (first, about) = (&sums.first[c * p..][..p], &about[c * p..][..p]);
        let mean = |j: usize| (n.mul_add(about[j], first[j])) / total;
        means.extend((0..p).map(mean));
        let mean = &means[c * p..];
        let shift: Vec<f64> = mean.iter().zip(about).map(|(m, a)| m - a).collect();
        match form {
            CovarianceType::Full => {
                let from = values.len();
                values.resize(from + p * p, 0.0);
                let out = &mut values[from..];
                let second = &sums.second[c * p * (p + 1) / 2..];
                for i in 0..p {
                    for j in 0..=i {
                        // Σ r (x − m)(x − m)' from the sums about another point.
                        let sum =
                            second[i * (i + 1) / 2 + j] - first[i] * shift[j] - shift[i] * first[j]
                                + n * shift[i] * shift[j];
                        let value = sum / total;
                        out[i * p + j] = value;
                        out[j * p + i] = value;
                    }
                    let variance = out[i * p + i].max(0.0);
                    again |= lost(shift[i], variance);
                    out[i * p + i] = variance + reg_covar;
                }
            }
            CovarianceType::Tied => {}
            CovarianceType::Diag | CovarianceType::Spherical => {
                let second = &sums.second[c * p..];
                let mut variances = (0..p).map(|j| {
                    let sum = second[j] - 2.0 * first[j] * shift[j] + n * shift[j] * shift[j];
                    let variance = (sum / total).max(0.0);
                    again |= lost(shift[j], variance);
                    variance + reg_covar
                });
                if form == CovarianceType::Diag {
                    values.extend(variances);
                } else {
                    let sum = variances.by_ref().sum::<f64>();
                    values.push(sum / p as f64);
                }
            }
        }
    }
    if form == CovarianceType::Tied {
        values = tied(&sums.weights, &weights, &means, reg_covar, whole);
    }
    Moments {
        weights,
        means,
        spread: Spread { form, k, p, values },
        again,
    }
}

/// The scatter of all rows less that of the means.
fn tied(shares: &[f64], weights: &[f64], means: &[f64], reg_covar: f64, whole: &Whole) -> Vec<f64> {
    let p = whole.mean.len();
    let total: f64 = weights.iter().sum();
    let mut values = vec![0.0; p * p];
    // A start from few rows: the scatter is that of all rows about 0, as in scikit-learn.
    let share: f64 = shares.iter().sum();
    let part = (share - whole.weight).abs() > 1e-9 * whole.weight;
    let sum_of = |j: usize| {
        let each = shares.iter().zip(means.iter().skip(j).step_by(p));
        each.map(|(n, m)| n * m).sum::<f64>()
    };
    for i in 0..p {
        for j in 0..=i {
            let mut sum = whole.scatter[i * (i + 1) / 2 + j];
            for (share, mean) in shares.iter().zip(means.chunks_exact(p)) {
                sum -= share * (mean[i] - whole.mean[i]) * (mean[j] - whole.mean[j]);
            }
            if part {
                let (a, b) = (whole.mean[i], whole.mean[j]);
                sum += (whole.weight + share) * a * b - a * sum_of(j) - b * sum_of(i);
            }
            values[i * p + j] = sum / total;
            values[j * p + i] = sum / total;
        }
        values[i * p + i] = values[i * p + i].max(0.0) + reg_covar;
    }
    values
}
