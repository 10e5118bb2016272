//! Scorers from functions of the true target and of what a model says.

use ndarray::Array2;

use super::scoring::Scorer;
use crate::error::Result;
use crate::labels::Class;
use crate::traits::{Classes, DecisionFunction, Predict, PredictProba};

macro_rules! from_function {
    ($(#[$doc:meta])* $name:ident, $(#[$make_doc:meta])* $make:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        #[must_use]
        pub struct $name<S> {
            name: String,
            metric: S,
            greater_is_better: bool,
        }

        $(#[$make_doc])*
        pub fn $make<S>(name: impl Into<String>, metric: S) -> $name<S> {
            $name {
                name: name.into(),
                metric,
                greater_is_better: true,
            }
        }

        impl<S> $name<S> {
            /// Whether greater values of the metric are better, the default; of a loss the scorer is minus the loss.
            pub fn greater_is_better(mut self, greater_is_better: bool) -> Self {
                self.greater_is_better = greater_is_better;
                self
            }

            fn signed(&self, value: f64) -> f64 {
                if self.greater_is_better { value } else { -value }
            }
        }
    };
}
from_function! {
    /// A scorer of predictions; made by [`make_scorer`].
    PredictionScorer,
    /// A scorer from a metric of the true target and the predictions.
    ///
    /// The target comes with its weights, if it has any.
    ///
    /// ```
    /// use fitwell::{linear_model::Ridge, metrics::mean_pinball_loss, prelude::*};
    /// use fitwell::model_selection::{cross_val_score, make_scorer};
    /// use ndarray::{Array1, Array2, ArrayRef1};
    ///
    /// let x = Array2::from_shape_fn((20, 1), |(i, _)| i as f64);
    /// let y = Array1::from_shape_fn(20, |i| 2.0 * i as f64 + (i % 3) as f64);
    /// let high = make_scorer("neg_pinball_loss", |y: &ArrayRef1<f64>, p: &Array1<f64>| mean_pinball_loss(y, p, 0.9));
    /// let scores = cross_val_score(&Ridge::new(), &x, &y, &4, &high.greater_is_better(false))?;
    /// assert!(scores.iter().all(|&score| score < 0.0 && score > -2.0));
    /// # Ok::<(), Error>(())
    /// ```
    make_scorer
}
from_function! {
    /// A scorer of probabilities; made by [`make_proba_scorer`].
    ProbabilityScorer,
    /// A scorer from a metric of the true target, the probabilities, (n_samples, n_classes), and the classes of their
    /// columns.
    ///
    /// ```
    /// use fitwell::{Class, linear_model::LogisticRegression, metrics::brier_score_loss, prelude::*};
    /// use fitwell::model_selection::{cross_val_score, make_proba_scorer};
    /// use ndarray::Array2;
    ///
    /// let x = Array2::from_shape_fn((20, 1), |(i, _)| i as f64);
    /// let y: Labels = (0..20).map(|i| i >= 10).collect();
    /// let brier = make_proba_scorer("neg_brier", |y: &Labels, proba: &Array2<f64>, classes: &[Class]| {
    ///     brier_score_loss(y, proba, classes)
    /// });
    /// let scores = cross_val_score(&LogisticRegression::new(), &x, &y, &4, &brier.greater_is_better(false))?;
    /// assert!(scores.iter().all(|&score| score > -0.2));
    /// # Ok::<(), Error>(())
    /// ```
    make_proba_scorer
}
from_function! {
    /// A scorer of decisions; made by [`make_decision_scorer`].
    DecisionFunctionScorer,
    /// A scorer from a metric of the true target, the decision function, (n_samples, n_classes) or one column for two
    /// classes, and the classes.
    ///
    /// ```
    /// use fitwell::{Class, linear_model::RidgeClassifier, metrics::hinge_loss, prelude::*};
    /// use fitwell::model_selection::{cross_val_score, make_decision_scorer};
    /// use ndarray::Array2;
    ///
    /// let x = Array2::from_shape_fn((20, 1), |(i, _)| i as f64);
    /// let y: Labels = (0..20).map(|i| i >= 10).collect();
    /// let hinge = make_decision_scorer("neg_hinge", |y: &Labels, decision: &Array2<f64>, classes: &[Class]| {
    ///     hinge_loss(y, decision, classes)
    /// });
    /// let scores = cross_val_score(&RidgeClassifier::new(), &x, &y, &4, &hinge.greater_is_better(false))?;
    /// assert!(scores.iter().all(|&score| score > -1.0));
    /// # Ok::<(), Error>(())
    /// ```
    make_decision_scorer
}

impl<S, M, X, Y, P> Scorer<M, X, Y> for PredictionScorer<S>
where
    S: Fn(&Y, &P) -> Result<f64> + Sync,
    M: Predict<X, Output = P>,
    X: ?Sized,
    Y: ?Sized,
{
    fn name(&self) -> String {
        self.name.clone()
    }
    fn score(&self, model: &M, x: &X, y: &Y) -> Result<f64> {
        Ok(self.signed((self.metric)(y, &model.predict(x)?)?))
    }
}

impl<S, M, X, Y, F> Scorer<M, X, Y> for ProbabilityScorer<S>
where
    S: Fn(&Y, &Array2<F>, &[Class]) -> Result<f64> + Sync,
    M: PredictProba<X, Float = F> + Classes,
    X: ?Sized,
    Y: ?Sized,
{
    fn name(&self) -> String {
        self.name.clone()
    }
    fn score(&self, model: &M, x: &X, y: &Y) -> Result<f64> {
        let proba = model.predict_proba(x)?;
        Ok(self.signed((self.metric)(y, &proba, model.classes())?))
    }
}

impl<S, M, X, Y, F> Scorer<M, X, Y> for DecisionFunctionScorer<S>
where
    S: Fn(&Y, &Array2<F>, &[Class]) -> Result<f64> + Sync,
    M: DecisionFunction<X, Float = F> + Classes,
    X: ?Sized,
    Y: ?Sized,
{
    fn name(&self) -> String {
        self.name.clone()
    }
    fn score(&self, model: &M, x: &X, y: &Y) -> Result<f64> {
        let decision = model.decision_function(x)?;
        Ok(self.signed((self.metric)(y, &decision, model.classes())?))
    }
}
