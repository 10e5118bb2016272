//! The samples of an inference, the information in them, and whether coefficients are where the likelihood is greatest.

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis};

use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::linalg::{self, Cholesky, Triangle};

use super::inference::WeightKind;

/// Samples in `f64` with what the rows count; rows of weight 0 are left out.
pub(super) struct Design {
    pub(super) x: Array2<f64>,
    pub(super) weights: Option<Vec<f64>>,
    pub(super) rows: Vec<usize>,
    pub(super) intercept: bool,
    pub(super) kind: WeightKind,
}

/// How far coefficients may be from the most likely ones, in standard errors.
const FAR: f64 = 0.02;

/// By how much a step from the most likely coefficients may move a linear predictor.
const MOVED: f64 = 0.1;

/// What is left of a column without those before it, in units of its norm, that counts as nothing.
const DEPENDENT: f64 = 1e-12;

impl Design {
    pub(super) fn new<F: Float>(
        x: &ArrayRef2<F>,
        weights: Option<&Array1<f64>>,
        intercept: bool,
        kind: WeightKind,
    ) -> Result<Self> {
        check::samples(x)?;
        let rows: Vec<usize> = match weights {
            None => (0..x.nrows()).collect(),
            Some(w) => {
                check::weights(w, x.nrows())?;
                (0..x.nrows()).filter(|&i| w[i] > 0.0).collect()
            }
        };
        Ok(Design {
            x: x.select(Axis(0), &rows).mapv(F::f64),
            weights: weights.map(|w| rows.iter().map(|&i| w[i]).collect()),
            rows,
            intercept,
            kind,
        })
    }

    pub(super) fn target<F: Float>(&self, y: &ArrayRef1<F>) -> Result<Vec<f64>> {
        check::finite_vector(y, "y")?;
        Ok(self.rows.iter().map(|&i| y[i].f64()).collect())
    }

    pub(super) fn weight(&self, i: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| w[i])
    }

    /// Observations.
    pub(super) fn n(&self) -> f64 {
        match (&self.weights, self.kind) {
            (Some(w), WeightKind::Frequency) => w.iter().sum(),
            _ => self.x.nrows() as f64,
        }
    }

    pub(super) fn names(&self) -> Vec<String> {
        let intercept = self.intercept.then(|| "intercept".to_string());
        let features = (0..self.x.ncols()).map(|j| format!("x{j}"));
        intercept.into_iter().chain(features).collect()
    }

    /// Linear predictors of the rows for coefficients and intercept.
    pub(super) fn raw(&self, coef: &ArrayRef1<f64>, intercept: f64) -> Array1<f64> {
        self.x.dot(coef) + intercept
    }

    /// [1 X]'r.
    pub(super) fn gradient(&self, r: &Array1<f64>) -> Vec<f64> {
        let mut g = Vec::with_capacity(self.x.ncols() + 1);
        if self.intercept {
            g.push(r.sum());
        }
        g.extend(self.x.t().dot(r));
        g
    }

    /// ([1 X]' diag(w) [1 X])⁻¹, by way of columns centred by w, and of their QR decomposition: their products would lose
    /// digits where columns are nearly dependent.
    ///
    /// # Errors
    /// `InvalidInput` with the first column that depends on those before it.
    pub(super) fn inverse(&self, w: &[f64]) -> Result<Array2<f64>> {
        let (n, p) = self.x.dim();
        let total: f64 = w.iter().sum();
        if !(total.is_normal() && total > 0.0) {
            return Err(unbounded());
        }
        let mut centred = self.x.clone();
        let mut mean = Array1::<f64>::zeros(p);
        if self.intercept {
            // The second time takes out what rounding left of the first mean.
            for _ in 0..2 {
                let shares = Array1::from_iter(w.iter().map(|w| w / total));
                let left = centred.t().dot(&shares);
                centred -= &left;
                mean += &left;
            }
        }
        for (mut row, w) in centred.rows_mut().into_iter().zip(w) {
            row *= w.sqrt();
        }
        let mut sizes = Array1::<f64>::zeros(p);
        for (j, mut column) in centred.columns_mut().into_iter().enumerate() {
            let size = column.dot(&column).sqrt();
            let own: f64 = self.x.column(j).iter().zip(w).map(|(v, w)| w * v * v).sum();
            if size <= DEPENDENT * own.sqrt() {
                return Err(self.dependent(j, true));
            }
            column /= size;
            sizes[j] = size;
        }
        let r = linalg::qr(&centred)?.r;
        for j in 0..p {
            if j >= n || r[[j, j]] <= DEPENDENT {
                return Err(self.dependent(j, false));
            }
        }
        let of_r = linalg::solve_triangular(&r, Triangle::Upper, &Array2::<f64>::eye(p))?;
        let mut inverse = of_r.dot(&of_r.t());
        inverse /= &sizes;
        inverse /= &sizes.insert_axis(Axis(1));
        if !self.intercept {
            return Ok(inverse);
        }
        let toward = inverse.dot(&mean);
        let mut out = Array2::zeros((p + 1, p + 1));
        out[[0, 0]] = 1.0 / total + mean.dot(&toward);
        for i in 0..p {
            out[[0, i + 1]] = -toward[i];
            out[[i + 1, 0]] = -toward[i];
            for j in 0..p {
                out[[i + 1, j + 1]] = inverse[[i, j]];
            }
        }
        Ok(out)
    }

    /// The inverse of the information of several outputs: blocks [1 X]' diag(s pₖ ([k = l] − pₗ)) [1 X]. Columns are centred
    /// first, and scaled to a diagonal of 1.
    pub(super) fn multinomial_inverse(&self, probabilities: &Array2<f64>) -> Result<Array2<f64>> {
        // Of all rows alike, this finds the columns that depend on each other.
        let plain: Vec<f64> = (0..self.x.nrows()).map(|i| self.weight(i)).collect();
        self.inverse(&plain)?;
        let (n, p) = self.x.dim();
        let total: f64 = plain.iter().sum();
        let mean = self.x.t().dot(&Array1::from(plain)) / total;
        let x = if self.intercept {
            ndarray::concatenate![Axis(1), Array2::<f64>::ones((n, 1)), &self.x - &mean]
        } else {
            self.x.clone()
        };
        let (q, width) = (probabilities.ncols(), x.ncols());
        let mut information = Array2::zeros((q * width, q * width));
        for k in 0..q {
            for l in 0..=k {
                let mut weighted = x.clone();
                for (i, mut row) in weighted.rows_mut().into_iter().enumerate() {
                    let same = f64::from(u8::from(k == l));
                    let w = probabilities[[i, k]] * (same - probabilities[[i, l]]);
                    row.mapv_inplace(|v| v * w * self.weight(i));
                }
                let block = linalg::matmul(&weighted.t(), &x);
                for ((a, b), v) in block.indexed_iter() {
                    information[[k * width + a, l * width + b]] = *v;
                    information[[l * width + b, k * width + a]] = *v;
                }
            }
        }
        let sizes = information.diag().mapv(f64::sqrt);
        if sizes.iter().any(|&size| size.is_nan() || size <= 0.0) {
            return Err(unbounded());
        }
        information /= &sizes;
        information /= &sizes.view().insert_axis(Axis(1));
        let Some(factor) = Cholesky::new(&information)
            .ok()
            .filter(|f| f.rcond() > DEPENDENT)
        else {
            return Err(unbounded());
        };
        let mut inverse = factor.solve(&Array2::<f64>::eye(q * width))?;
        inverse /= &sizes;
        inverse /= &sizes.insert_axis(Axis(1));
        if !self.intercept {
            return Ok(inverse);
        }
        // The intercept is that of centred columns, less mean·coefficients: rows first, then columns.
        for k in 0..q {
            for j in 0..p {
                let row = inverse.row(k * width + 1 + j).to_owned();
                inverse.row_mut(k * width).scaled_add(-mean[j], &row);
            }
        }
        for k in 0..q {
            for j in 0..p {
                let column = inverse.column(k * width + 1 + j).to_owned();
                inverse.column_mut(k * width).scaled_add(-mean[j], &column);
            }
        }
        Ok(inverse)
    }

    /// The error for a column that says nothing that those before it do not say.
    fn dependent(&self, column: usize, alone: bool) -> Error {
        let reason = match (alone, self.intercept) {
            (true, true) => "is constant in the rows that count, as the intercept is",
            (true, false) => "is 0 in the rows that count",
            (false, _) => "depends on the columns before it to rounding",
        };
        Error::invalid_input(
            "X",
            format!(
                "column {column} {reason}, and coefficients have no standard errors: leave it out"
            ),
        )
    }

    /// The most by which a step of the parameters moves a linear predictor.
    pub(super) fn reach(&self, step: &[f64]) -> f64 {
        let (intercept, coef) = if self.intercept {
            (step[0], &step[1..])
        } else {
            (0.0, step)
        };
        let coef = Array1::from(coef.to_vec());
        self.raw(&coef, intercept)
            .iter()
            .fold(0.0, |most, z| z.abs().max(most))
    }
}

/// Of a fit without a maximum, at which coefficients grow and grow.
fn unbounded() -> Error {
    Error::invalid_input(
        "X",
        "it separates the classes, or the rows in which y is 0 from the others: the most likely coefficients are infinite and \
         have no standard errors; leave out the features that do it, or fit with a penalty and without inference",
    )
}

/// By how much a step moves a linear predictor.
pub(super) type Reach<'a> = &'a dyn Fn(&[f64]) -> f64;

/// The coefficients are where the likelihood is greatest: g' C g, the squared distance in standard errors, is small. The
/// step there, C g, is small too, unless there is no such place: with classes that can be separated every step moves the
/// linear predictors of the rows between them by about 1, however far coefficients have come. `reach` is by how much.
pub(super) fn at_the_maximum(
    estimator: &str,
    gradient: &[f64],
    covariance: &Array2<f64>,
    scale: f64,
    reach: Option<Reach<'_>>,
) -> Result<()> {
    let g = Array1::from(gradient.to_vec());
    let step = covariance.dot(&g);
    let distance = (g.dot(&step) / scale).max(0.0).sqrt();
    if distance <= FAR {
        return match reach {
            Some(reach) if reach(&step.to_vec()) > MOVED => Err(unbounded()),
            _ => Ok(()),
        };
    }
    Err(Error::invalid_input(
        estimator,
        format!(
            "the coefficients are {distance:.2} standard errors from those that make these data most likely; inference needs \
             the data of the fit, no penalty (C = inf, alpha = 0), a small tol, and features none of which nearly depends on \
             the others"
        ),
    ))
}
