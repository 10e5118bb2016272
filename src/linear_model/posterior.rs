//! What the Bayesian regressions have in common: priors of precisions, a posterior distribution of the coefficients.

use ndarray::{Array1, Array2, ArrayRef2, Axis, s};

use crate::check;
use crate::error::Result;
use crate::float::Float;
use crate::parallel;

/// The setters of a Bayesian regression: those of both, and its own.
macro_rules! posterior_setters {
    ($estimator:ident, $($(#[$doc:meta])* $name:ident: $t:ty => $value:expr;)+) => {
        impl $estimator {
            /// Weak priors, with an intercept.
            pub fn new() -> Self {
                Self::default()
            }

            /// Steps at most.
            #[must_use]
            pub fn max_iter(mut self, max_iter: usize) -> Self {
                self.max_iter = max_iter;
                self
            }

            /// Stops when the coefficients move by less than this in sum.
            #[must_use]
            pub fn tol(mut self, tol: f64) -> Self {
                self.tol = tol;
                self
            }

            /// The shape of the Gamma prior of the precision of the noise.
            #[must_use]
            pub fn alpha_1(mut self, alpha_1: f64) -> Self {
                self.alpha_1 = alpha_1;
                self
            }

            /// The rate of the Gamma prior of the precision of the noise.
            #[must_use]
            pub fn alpha_2(mut self, alpha_2: f64) -> Self {
                self.alpha_2 = alpha_2;
                self
            }

            /// The shape of the Gamma prior of a precision of coefficients.
            #[must_use]
            pub fn lambda_1(mut self, lambda_1: f64) -> Self {
                self.lambda_1 = lambda_1;
                self
            }

            /// The rate of the Gamma prior of a precision of coefficients.
            #[must_use]
            pub fn lambda_2(mut self, lambda_2: f64) -> Self {
                self.lambda_2 = lambda_2;
                self
            }

            $(
                $(#[$doc])*
                #[must_use]
                pub fn $name(mut self, $name: $t) -> Self {
                    self.$name = $value;
                    self
                }
            )+

            /// Whether to learn an intercept.
            #[must_use]
            pub fn fit_intercept(mut self, fit_intercept: bool) -> Self {
                self.fit_intercept = fit_intercept;
                self
            }

            /// Watches the fit, step by step; the value is that of the objective where `compute_score` is set.
            #[must_use]
            pub fn observer(mut self, observer: impl $crate::observer::Observer + 'static) -> Self {
                self.watch = $crate::observer::Watch::by(observer);
                self
            }
        }
    };
}
pub(super) use posterior_setters;

/// What a fitted Bayesian regression says, with fields `sigma` (of the coefficients), `alpha` (of the noise) and `x_offset`.
macro_rules! posterior {
    ($(#[$coef_doc:meta])* $fitted:ident of $name:expr) => {
        $crate::linear_model::one_output::linear_model! {
            $(#[$coef_doc])*
            $fitted of $name
        }

        impl<F: $crate::Float> $fitted<F> {
            /// The precision of the noise.
            pub fn alpha(&self) -> f64 {
                self.alpha
            }

            /// The mean of each feature at fit; 0 without an intercept.
            pub fn x_offset(&self) -> ::ndarray::ArrayView1<'_, F> {
                self.x_offset.view()
            }

            /// The number of steps.
            pub fn n_iter(&self) -> usize {
                self.n_iter
            }

            /// Whether the coefficients settled within `max_iter` steps.
            pub fn converged(&self) -> bool {
                self.converged
            }

            fn validate_posterior(&self) -> $crate::Result<()> {
                use $crate::model::ensure;
                let p = self.coef.len();
                ensure::at_least("features of `coef`", p, 1)?;
                ensure::equal("length of `x_offset`", self.x_offset.len(), p)?;
                ensure::at_least("n_iter", self.n_iter, 1)?;
                ensure::finite("coef", &self.coef)?;
                ensure::finite("intercept", [&self.intercept])?;
                ensure::finite("x_offset", &self.x_offset)?;
                ensure::finite("sigma", &self.sigma)?;
                ensure::finite("alpha", [&self.alpha])?;
                ensure::finite("scores", &self.scores)
            }
        }
    };
}
pub(super) use posterior;

/// The standard deviation of each prediction, `√(1/α + x'Σx)` with x centred: that of the noise and what the uncertainty of
/// the coefficients adds. Σ is of the `columns` of x, or of all.
pub(super) fn deviations<F: Float>(
    name: &str,
    x: &ArrayRef2<F>,
    columns: Option<&[usize]>,
    x_offset: &Array1<F>,
    sigma: &Array2<F>,
    alpha: f64,
) -> Result<Array1<F>> {
    let offset = match columns {
        Some(columns) => x_offset.select(Axis(0), columns),
        None => x_offset.clone(),
    };
    let chunk = parallel::row_chunks(x.nrows(), x.ncols());
    let parts = parallel::map_chunks(x.nrows(), chunk, |rows| {
        let rows = x.slice(s![rows, ..]);
        let centred = match columns {
            Some(columns) => rows.select(Axis(1), columns) - &offset,
            None => &rows - &offset,
        };
        let mut product = centred.dot(sigma);
        product *= &centred;
        let variance = product.rows().into_iter().map(|row| {
            let added: f64 = row.iter().map(|v| v.f64()).sum();
            F::of((added + 1.0 / alpha).sqrt())
        });
        variance.collect::<Vec<F>>()
    });
    let std = Array1::from(parts.concat());
    check::learned(name, "a standard deviation", &std)?;
    Ok(std)
}
