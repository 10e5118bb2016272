//! Leave-one-out errors of ridge regressions of many penalties, from one decomposition.
//!
//! With the rows of X and y centred and scaled by the roots of their weights, λ and V the eigenvalues and eigenvectors of
//! X'X, A = XV and z = V'X'y, the error of row i for the model that has not seen it is
//!
//! ```text
//! eᵢ = (yᵢ − Σₖ Aᵢₖ zₖ / (λₖ + alpha)) / (1 − Σₖ Aᵢₖ² / (λₖ + alpha) − sᵢ / Σs)
//! ```
//!
//! the last term with an intercept only. The rows of A are formed in one pass, block by block, for all penalties together.
//! With fewer rows than columns the eigenvectors Q of XX' take that place,
//!
//! ```text
//! eᵢ = Σₖ Qᵢₖ (Q'y)ₖ alpha / (λₖ + alpha)  /  (Σₖ Qᵢₖ² alpha / (λₖ + alpha) − sᵢ / Σs).
//! ```
//!
//! R. Rifkin and R. Lippert, "Notes on regularized least squares" (2007).

use ndarray::{Array1, Array2, Array3, ArrayRef2, Axis, s};
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::linalg::{self, matmul};
use crate::parallel;

use super::least_squares::Problem;

/// How the data are decomposed for leave-one-out errors. By name `"auto"`, `"svd"`, `"eigen"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GcvMode {
    /// `Eigen`, unless the smallest penalty is so small beside the data that digits would be lost; then `Svd`.
    #[default]
    Auto,
    /// The singular value decomposition of the data: the most accurate.
    Svd,
    /// The eigenvalues of the smaller of X'X and XX': the fastest.
    Eigen,
}

/// The decomposition, and the errors of every penalty.
pub(super) struct LeaveOneOut {
    /// Σᵢ eᵢ² (n_alphas, n_targets).
    pub(super) squares: Array2<f64>,
    /// eᵢ, scaled by the roots of the weights (n, n_targets, n_alphas), where asked for.
    pub(super) errors: Option<Array3<f64>>,
    basis: Basis,
    /// λ, with 0 for what is 0 to working precision.
    values: Array1<f64>,
    pub(super) x_mean: Array1<f64>,
    pub(super) y_mean: Array1<f64>,
}

enum Basis {
    /// V (p, k) and z (k, t).
    Columns(Array2<f64>, Array2<f64>),
    /// X (n, p), Q (n, k) and Q'y (k, t).
    Rows(Array2<f64>, Array2<f64>, Array2<f64>),
}

impl LeaveOneOut {
    /// Decomposes and computes the errors, which are kept if `keep`. The penalties are above 0.
    ///
    /// # Errors
    /// `TooFewSamples` when nothing is left without a row; `Overflow`; those of the decompositions.
    pub(super) fn new<F: Float>(
        estimator: &str,
        problem: &Problem<'_, F>,
        mode: GcvMode,
        alphas: &[f64],
        keep: bool,
    ) -> Result<Self> {
        let (n, p) = problem.x.dim();
        let counted = problem
            .weights
            .map_or(n, |w| w.iter().filter(|&&w| w > 0.0).count());
        if problem.centre && counted < 2 {
            return Err(ErrorKind::TooFewSamples {
                what: "leave-one-out with an intercept".into(),
                needed: 2,
                got: counted,
            }
            .into());
        }
        let mut this = if n > p {
            Self::by_columns(problem, mode, alphas)?
        } else {
            Self::by_rows(problem, mode, alphas)?
        };
        let weight_sum = problem.weights.map_or(n as f64, |w| w.iter().sum());
        let share = |i: usize| match (problem.centre, problem.weights) {
            (true, Some(w)) => w[i] / weight_sum,
            (true, None) => 1.0 / weight_sum,
            (false, _) => 0.0,
        };
        match this.basis {
            Basis::Columns(..) => this.pass(problem, alphas, share, keep),
            Basis::Rows(..) => this.all_rows(problem, alphas, share, keep),
        }
        if !this.squares.iter().all(|v| v.is_finite()) {
            return Err(Error::invalid_input(
                estimator,
                "a leave-one-out error is not finite: one row holds all the weight, or the penalties are lost beside the data: \
                 scale the features, or raise `alphas`",
            ));
        }
        Ok(this)
    }

    fn by_columns<F: Float>(
        problem: &Problem<'_, F>,
        mode: GcvMode,
        alphas: &[f64],
    ) -> Result<Self> {
        let m = linalg::moments(problem.x, Some(&problem.y), problem.weights, problem.centre)?;
        let mut found = None;
        if mode != GcvMode::Svd {
            let e = linalg::eigh(&m.xtx.mapv(F::f64))?;
            let enough = keeps_digits::<F>(&e.values, alphas, e.values[0].max(0.0));
            if enough || mode == GcvMode::Eigen {
                found = Some((without_noise(&e.values), e.vectors));
            } else if let Some(r) = triangle(&m.xtx) {
                let svd = linalg::thin_svd(&r)?;
                found = Some((squared(&svd.s), svd.vt.reversed_axes()));
            }
        }
        let (values, vectors) = match found {
            Some(found) => found,
            None => {
                let r = problem.reduced::<f64>()?;
                let svd = linalg::thin_svd(&r.x)?;
                (squared(&(svd.s * r.x_scale)), svd.vt.reversed_axes())
            }
        };
        let z = matmul(&vectors.t(), &m.xty.mapv(F::f64));
        Ok(LeaveOneOut {
            squares: Array2::zeros((0, 0)),
            errors: None,
            basis: Basis::Columns(vectors, z),
            values,
            x_mean: m.x_mean.mapv(F::f64),
            y_mean: m.y_mean.mapv(F::f64),
        })
    }

    fn by_rows<F: Float>(problem: &Problem<'_, F>, mode: GcvMode, alphas: &[f64]) -> Result<Self> {
        let c = problem.centred()?;
        let (x, y) = (c.x.mapv(F::f64), c.y.mapv(F::f64));
        let mut found = None;
        if mode != GcvMode::Svd {
            let e = linalg::eigh(&matmul(&x, &x.t()))?;
            if mode == GcvMode::Eigen || keeps_digits::<F>(&e.values, alphas, 0.0) {
                found = Some((without_noise(&e.values), e.vectors));
            }
        }
        let (values, vectors) = match found {
            Some(found) => found,
            None => {
                let svd = linalg::thin_svd(&x)?;
                (squared(&svd.s), svd.u)
            }
        };
        let along = matmul(&vectors.t(), &y);
        Ok(LeaveOneOut {
            squares: Array2::zeros((0, 0)),
            errors: None,
            basis: Basis::Rows(x, vectors, along),
            values,
            x_mean: c.x_mean.mapv(F::f64),
            y_mean: c.y_mean.mapv(F::f64),
        })
    }

    /// The errors in one pass over the rows, a block of them at a time.
    fn pass<F: Float>(
        &mut self,
        problem: &Problem<'_, F>,
        alphas: &[f64],
        share: impl Fn(usize) -> f64 + Sync,
        keep: bool,
    ) {
        const BLOCK: usize = 256;
        let Basis::Columns(vectors, z) = &self.basis else {
            return;
        };
        let ((n, p), t, a) = (problem.x.dim(), problem.n_targets(), alphas.len());
        let k = self.values.len();
        let inverse = Array2::from_shape_fn((k, a), |(k, a)| 1.0 / (self.values[k] + alphas[a]));
        let weighted =
            Array2::from_shape_fn((k, a * t), |(k, at)| z[[k, at % t]] * inverse[[k, at / t]]);
        let chunk = parallel::row_chunks(n, p).max(n.div_ceil(64)).max(BLOCK);
        let parts = parallel::map_chunks(n, chunk, |rows| {
            let mut squares = Array2::<f64>::zeros((a, t));
            let mut kept = keep.then(|| Array3::<f64>::zeros((rows.len(), t, a)));
            let mut block = Array2::<f64>::zeros((BLOCK, p));
            for first in rows.clone().step_by(BLOCK) {
                let b = BLOCK.min(rows.end - first);
                let mut block = block.slice_mut(s![..b, ..]);
                let roots: Vec<f64> = (first..first + b)
                    .map(|i| problem.weights.map_or(1.0, |w| w[i].sqrt()))
                    .collect();
                let given = problem.x.slice(s![first..first + b, ..]);
                for ((mut to, from), &root) in
                    block.rows_mut().into_iter().zip(given.rows()).zip(&roots)
                {
                    for ((to, v), mean) in to.iter_mut().zip(from).zip(&self.x_mean) {
                        *to = (v.f64() - mean) * root;
                    }
                }
                let mut along = matmul(&block, vectors);
                let predicted = matmul(&along, &weighted);
                along.mapv_inplace(|v| v * v);
                let leverage = matmul(&along, &inverse);
                for i in 0..b {
                    let own = share(first + i);
                    for j in 0..t {
                        let y = (problem.y[[first + i, j]].f64() - self.y_mean[j]) * roots[i];
                        for l in 0..a {
                            let left = 1.0 - leverage[[i, l]] - own;
                            let error = (y - predicted[[i, l * t + j]]) / left;
                            squares[[l, j]] += error * error;
                            if let Some(kept) = &mut kept {
                                kept[[first - rows.start + i, j, l]] = error;
                            }
                        }
                    }
                }
            }
            (squares, kept)
        });
        let mut squares = Array2::zeros((a, t));
        let mut errors = keep.then(|| Array3::zeros((n, t, a)));
        let mut first = 0;
        for (part, kept) in parts {
            squares += &part;
            if let (Some(errors), Some(kept)) = (&mut errors, kept) {
                let rows = kept.len_of(Axis(0));
                errors
                    .slice_mut(s![first..first + rows, .., ..])
                    .assign(&kept);
                first += rows;
            }
        }
        (self.squares, self.errors) = (squares, errors);
    }

    /// The errors where rows are fewer than columns.
    fn all_rows<F: Float>(
        &mut self,
        problem: &Problem<'_, F>,
        alphas: &[f64],
        share: impl Fn(usize) -> f64,
        keep: bool,
    ) {
        let Basis::Rows(_, vectors, along) = &self.basis else {
            return;
        };
        let (n, t, a) = (problem.x.nrows(), problem.n_targets(), alphas.len());
        let mut squares = Array2::zeros((a, t));
        let mut errors = keep.then(|| Array3::zeros((n, t, a)));
        let leverages = vectors.mapv(|v| v * v);
        for (l, &alpha) in alphas.iter().enumerate() {
            let shrunk = self.values.mapv(|v| alpha / (v + alpha));
            let above = matmul(vectors, &(along * &shrunk.view().insert_axis(Axis(1))));
            let below = leverages.dot(&shrunk);
            for i in 0..n {
                for j in 0..t {
                    // A row of weight 0 is 0 on both sides of the fraction but for its place in Q.
                    let error = match problem.weights {
                        Some(w) if w[i] == 0.0 => 0.0,
                        _ => above[[i, j]] / (below[i] - share(i)),
                    };
                    squares[[l, j]] += error * error;
                    if let Some(errors) = &mut errors {
                        errors[[i, j, l]] = error;
                    }
                }
            }
        }
        (self.squares, self.errors) = (squares, errors);
    }

    /// Coefficients (n_targets, n_features) with a penalty for each target, and intercepts.
    pub(super) fn solution(&self, alphas: &[f64]) -> (Array2<f64>, Array1<f64>) {
        let shrink = |along: &ArrayRef2<f64>| {
            Array2::from_shape_fn(along.dim(), |(k, j)| {
                along[[k, j]] / (self.values[k] + alphas[j])
            })
        };
        let w = match &self.basis {
            Basis::Columns(vectors, z) => matmul(vectors, &shrink(z)),
            Basis::Rows(x, vectors, along) => matmul(&x.t(), &matmul(vectors, &shrink(along))),
        };
        let intercept = &self.y_mean - &self.x_mean.dot(&w);
        (w.t().as_standard_layout().into_owned(), intercept)
    }
}

/// Whether eigenvalues of rounded products, of which `least` is the smallest that counts, leave enough digits with the
/// smallest penalty.
fn keeps_digits<F: Float>(values: &Array1<f64>, alphas: &[f64], least: f64) -> bool {
    let largest = values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let alpha = alphas.iter().copied().fold(f64::INFINITY, f64::min);
    let lost = F::EPSILON.f64() * largest / (least + alpha);
    lost <= F::EPSILON.f64().powf(0.625)
}

/// Eigenvalues that are 0 to working precision, or below 0 by rounding, become 0.
fn without_noise(values: &Array1<f64>) -> Array1<f64> {
    let largest = values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let noise = 4.0 * f64::EPSILON * values.len() as f64 * largest;
    values.mapv(|v| if v > noise { v } else { 0.0 })
}

/// The squares of singular values, 0 for what is 0 to working precision.
fn squared(singular: &Array1<f64>) -> Array1<f64> {
    without_noise(singular).mapv(|s| s * s)
}

/// R with R'R = X'X from the Cholesky factor of the correlations, where those are well conditioned.
fn triangle<F: Float>(xtx: &ArrayRef2<F>) -> Option<Array2<f64>> {
    const WELL_CONDITIONED: f64 = 1e-4;
    let scale: Array1<f64> = xtx.diag().mapv(|v| v.f64().sqrt());
    if !scale.iter().all(|s| s.is_normal()) {
        return None;
    }
    let correlation = Array2::from_shape_fn(xtx.dim(), |(i, j)| {
        if i == j {
            1.0
        } else {
            xtx[[i, j]].f64() / scale[i] / scale[j]
        }
    });
    let factor = linalg::Cholesky::new(&correlation).ok()?;
    (factor.rcond() >= WELL_CONDITIONED).then(|| &factor.lower().t() * &scale)
}
