//! What [`Nmf`] learned.

use std::fmt;

use ndarray::{Array2, ArrayRef2, s};
use serde::{Deserialize, Serialize};

use super::{NAME, Nmf, NmfComponents, NmfSolver};
use crate::check;
use crate::decomposition::{finite, names, restore};
use crate::error::Result;
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::params::Hyperparameters;
use crate::traits::{FeatureNamesOut, InverseTransform, Transform};

/// Non-negative components, learned by [`Nmf`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedNmf<F: Float> {
    pub(super) settings: Nmf,
    pub(super) components: Array2<F>,
    pub(super) reconstruction_err: f64,
    pub(super) n_iter: usize,
    pub(super) converged: bool,
}

impl<F: Float> FittedNmf<F> {
    /// H (n_components, n_features).
    pub fn components(&self) -> &Array2<F> {
        &self.components
    }

    /// √(2 D(X, W H)) at the end of the fit: the Frobenius norm of X − W H by default.
    pub fn reconstruction_err(&self) -> f64 {
        self.reconstruction_err
    }

    /// The iterations made.
    pub fn n_iter(&self) -> usize {
        self.n_iter
    }

    /// Whether the fit ended before `max_iter`.
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// The number of components.
    pub fn n_components(&self) -> usize {
        self.components.nrows()
    }

    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.components.ncols()
    }
}

impl<F: Float> Transform<ArrayRef2<F>> for FittedNmf<F> {
    type Output = Array2<F>;

    /// W of new rows with H fixed, by the settings of the fit. As in scikit-learn the stopping rule looks at all rows together,
    /// so that a row by itself differs within the tolerance.
    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.n_features_in())?;
        let k = self.components.nrows();
        if x.nrows() == 0 {
            return Ok(Array2::zeros((0, k)));
        }
        self.settings.check_data(x)?;
        let start = match self.settings.solver {
            NmfSolver::Cd => 0.0,
            NmfSolver::Mu => {
                let mean = x.iter().map(|v| v.f64()).sum::<f64>() / x.len() as f64;
                (mean / k as f64).sqrt()
            }
        };
        let mut w = Array2::from_elem((x.nrows(), k), F::of(start));
        let mut h = self.components.slice(s![.., ..]).to_owned();
        let end = self.settings.solve(x, &mut w, &mut h, false)?;
        if !end.converged && self.settings.tol > 0.0 {
            log::warn!(
                "{NAME}: transform did not converge in {} iterations",
                end.n_iter
            );
        }
        finite(NAME, "a transformed value", w)
    }
}

impl<F: Float> InverseTransform<ArrayRef2<F>> for FittedNmf<F> {
    type Output = Array2<F>;

    fn inverse_transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.n_components())?;
        let out = restore(x, &self.components, None);
        finite(NAME, "an inversely transformed value", out)
    }
}

impl<F: Float> FeatureNamesOut for FittedNmf<F> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        let (k, p) = self.components.dim();
        names("nmf", input, p, k)
    }
}

impl<F: Float> fmt::Display for FittedNmf<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (k, p) = self.components.dim();
        write!(
            f,
            "Nmf: {k} components of {p} columns, reconstruction error {} after {} iterations",
            self.reconstruction_err, self.n_iter
        )
    }
}

impl<F: Float> Model for FittedNmf<F> {
    fn type_name() -> String {
        format!("FittedNmf<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        self.settings.check()?;
        let (k, p) = self.components.dim();
        ensure::at_least("number of components", k, 1)?;
        ensure::at_least("number of features", p, 1)?;
        if let NmfComponents::Count(wanted) = self.settings.n_components {
            ensure::equal("number of components", k, wanted)?;
        }
        ensure::non_negative("components", &self.components)?;
        ensure::non_negative("reconstruction_err", &[self.reconstruction_err])?;
        ensure::at_least("n_iter", self.n_iter, 1)
    }
}
