//! [`Inference`] of each model that has one.

use ndarray::{Array1, Array2, ArrayRef2, Ix1};

use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::targets::{AsTargets, ClassTarget, RealTarget, Targets};

use super::glm_loss::Family;
use super::inference::{Inference, WeightKind};
use super::inference_design::Design;
use super::inference_likelihood::{of_glm, of_logistic};
use super::{
    FittedGammaRegressor, FittedLinearRegression, FittedLogisticRegression, FittedPoissonRegressor,
    FittedTweedieRegressor,
};

impl<F: Float> FittedLinearRegression<F, Ix1> {
    /// Standard errors, t tests, intervals and measures of fit, from the training data. Weights count rows.
    ///
    /// # Errors
    /// `ShapeMismatch`, `NonFinite`; `InvalidInput` when the features depend on each other, when coefficients were kept from
    /// being negative, when every row is fitted but for rounding, or when these are not the data of the fit; `TooFewSamples`
    /// when there are no more rows than coefficients.
    pub fn inference<Y: AsTargets<Targets: RealTarget<F>> + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
    ) -> Result<Inference> {
        self.inference_with(x, y, WeightKind::Frequency)
    }

    /// As [`inference`](Self::inference), with a say in what the weights mean.
    ///
    /// # Errors
    /// As [`inference`](Self::inference).
    pub fn inference_with<Y: AsTargets<Targets: RealTarget<F>> + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        weights: WeightKind,
    ) -> Result<Inference> {
        let y = y.as_targets();
        check::same_width(x, self.n_features_in())?;
        check::target(y, x.nrows())?;
        match self.rank() {
            None => {
                return Err(Error::invalid_input(
                    "LinearRegression",
                    "coefficients kept from being negative have no standard errors",
                ));
            }
            Some(rank) if rank < self.n_features_in() => {
                let design = Design::new(x, y.sample_weight(), self.fit_intercept(), weights)?;
                let rows: Vec<f64> = (0..design.x.nrows()).map(|i| design.weight(i)).collect();
                // This names the column that depends on others, if it is not only small beside them.
                design.inverse(&rows)?;
                let p = self.n_features_in();
                return Err(Error::invalid_input(
                    "LinearRegression",
                    format!(
                        "left directions out: rank {rank} of {p} features at its `tol`, and coefficients have no standard \
                         errors; standardise the features, or fit with a smaller `tol`"
                    ),
                ));
            }
            Some(_) => {}
        }
        let design = Design::new(x, y.sample_weight(), self.fit_intercept(), weights)?;
        let target = design.target(y.values())?;
        let coef = self.coef().mapv(F::f64);
        let title = ("LinearRegression", "Least squares".to_string());
        of_glm(
            title,
            Family::Normal,
            &design,
            &target,
            (&coef, self.intercept().f64()),
            true,
        )
    }
}

macro_rules! glm_inference {
    ($($fitted:ident of $name:literal, $title:expr;)+) => {$(
        impl<F: Float> $fitted<F> {
            /// Standard errors, z tests, intervals and measures of fit, from the training data. Weights count rows.
            ///
            /// # Errors
            /// `ShapeMismatch`, `NonFinite`; `InvalidInput` when there was a penalty, when the features depend on each
            /// other or separate the rows in which `y` is 0 from the others, when every row is fitted but for rounding, or
            /// when the coefficients are not the most likely ones of these data (raise `max_iter` or lower `tol`);
            /// `TooFewSamples` when there are no more rows than coefficients.
            pub fn inference<Y: AsTargets<Targets: RealTarget<F>> + ?Sized>(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Inference> {
                self.inference_with(x, y, WeightKind::Frequency)
            }

            /// As [`inference`](Self::inference), with a say in what the weights mean: exposures of rates are
            /// [`WeightKind::Variance`].
            ///
            /// # Errors
            /// As [`inference`](Self::inference).
            pub fn inference_with<Y: AsTargets<Targets: RealTarget<F>> + ?Sized>(
                &self,
                x: &ArrayRef2<F>,
                y: &Y,
                weights: WeightKind,
            ) -> Result<Inference> {
                let y = y.as_targets();
        check::same_width(x, self.n_features_in())?;
                check::target(y, x.nrows())?;
                if self.alpha() > 0.0 {
                    return Err(Error::invalid_input(
                        $name,
                        format!("a penalty (alpha = {}) biases the coefficients; inference needs alpha = 0", self.alpha()),
                    ));
                }
                super::glm::in_range(self.family(), y.values())?;
                let design = Design::new(x, y.sample_weight(), self.fit_intercept(), weights)?;
                let target = design.target(y.values())?;
                let coef = self.coef().mapv(F::f64);
                let link = if self.family().is_log() { "logarithmic" } else { "identity" };
                let title = ($name, format!("{} with a {link} link", $title(self.family().power())));
                of_glm(title, self.family(), &design, &target, (&coef, self.intercept().f64()), false)
            }
        }
    )+};
}

glm_inference! {
    FittedPoissonRegressor of "PoissonRegressor", |_| "Poisson regression".to_string();
    FittedGammaRegressor of "GammaRegressor", |_| "Gamma regression".to_string();
    FittedTweedieRegressor of "TweedieRegressor", |p| format!("Tweedie regression of power {p}");
}

impl<F: Float> FittedLogisticRegression<F> {
    /// Standard errors, z tests, intervals and measures of fit, from the training data. Weights count rows; class weights are
    /// no data and must not have been used.
    ///
    /// Of more than two classes, coefficients are the differences to those of the first class. A fit without a penalty is
    /// `LogisticRegression::new().c(f64::INFINITY)`, with a `tol` of 1e-8, say. A model whose intercepts are all exactly 0
    /// counts as one without.
    ///
    /// # Errors
    /// `ShapeMismatch`, `NonFinite`; `InvalidInput` when the target has a class that the model has not, when the
    /// coefficients are not the most likely ones of these data (a penalty does that), when the features depend on each other
    /// or the classes can be separated; `TooFewSamples` when there are no more rows than coefficients.
    pub fn inference<Y: AsTargets<Targets: ClassTarget> + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
    ) -> Result<Inference> {
        let y = y.as_targets();
        check::same_width(x, self.n_features_in())?;
        check::target(y, x.nrows())?;
        let intercept: Array1<f64> = self.intercept().mapv(F::f64);
        let coef: Array2<f64> = self.coef().mapv(F::f64);
        let has_intercept = intercept.iter().any(|b| *b != 0.0);
        let design = Design::new(x, y.sample_weight(), has_intercept, WeightKind::Frequency)?;
        let known = y.labels().codes_in(self.classes());
        let mut codes = Vec::with_capacity(design.rows.len());
        for &row in &design.rows {
            let Some(code) = known[row] else {
                return Err(Error::invalid_input(
                    "y",
                    format!("the class of row {row} is none of the model's"),
                ));
            };
            codes.push(code);
        }
        let classes: Vec<String> = self.classes().iter().map(ToString::to_string).collect();
        of_logistic(&design, &codes, (&coef, &intercept), &classes)
    }
}
