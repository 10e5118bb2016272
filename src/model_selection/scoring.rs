//! Scorers: how good a fitted model is, greater is better.

use ndarray::Array;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::float::Float;
use crate::labels::Labels;
use crate::metrics::{
    self, Average, ClassScores, MultiClass, Multioutput, R2Score, ZeroDivision,
    precision_recall_fscore_support,
};
use crate::targets::{AsTargets, ClassTarget, RealTargets, TargetDim};
use crate::traits::{Classes, Predict, PredictProba, Score};

/// How good a fitted model `M` is on samples `X` and target `Y`; greater is better.
///
/// What a scorer needs of the model is checked by the compiler: [`NegLogLoss`] asks for probabilities, [`R2`] for real
/// predictions. Sample weights travel with the target. Closures are scorers; [`named`] gives one a name.
///
/// ```
/// use fitwell::model_selection::{Accuracy, NegLogLoss, cross_validate, named};
/// use fitwell::{linear_model::{FittedLogisticRegression, LogisticRegression}, prelude::*};
/// use ndarray::{Array2, ArrayRef2};
///
/// let x = Array2::from_shape_fn((30, 1), |(i, _)| i as f64 / 30.0);
/// let y: Labels = (0..30).map(|i| i >= 15).collect();
/// let worst = named("worst", |model: &FittedLogisticRegression<f64>, x: &ArrayRef2<f64>, _: &Labels| {
///     Ok(model.predict_proba(x)?.iter().copied().fold(1.0, f64::min))
/// });
/// let scores = cross_validate(&LogisticRegression::new(), &x, &y, &3, &[&Accuracy, &NegLogLoss, &worst])?;
/// assert!(scores.mean("accuracy")? > 0.5 && scores.mean("worst")? < 0.5);
/// # Ok::<(), Error>(())
/// ```
///
/// A scorer that asks for what the model cannot do does not compile:
///
/// ```compile_fail,E0277
/// use fitwell::model_selection::{NegLogLoss, cross_val_score};
/// use fitwell::{linear_model::Ridge, prelude::*};
/// use ndarray::array;
///
/// cross_val_score(&Ridge::new(), &array![[0.0], [1.0]], &array![0.0, 1.0], &2, &NegLogLoss); // no probabilities
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot score `{M}` on samples `{X}` and target `{Y}`",
    label = "this scorer does not fit the model or the target",
    note = "scorers of classes need `Labels`, `NegLogLoss` and `RocAuc` need `PredictProba` and `Classes`, regression scorers need real targets"
)]
pub trait Scorer<M, X: ?Sized, Y: ?Sized>: Sync {
    /// The name that results and tables show.
    fn name(&self) -> String;

    /// The score on `x` and `y`.
    ///
    /// # Errors
    /// The model's and the metric's.
    fn score(&self, model: &M, x: &X, y: &Y) -> Result<f64>;

    /// The names of the scores of [`scores`](Self::scores): this one's, unless it is a list of scorers.
    fn names(&self) -> Vec<String> {
        vec![self.name()]
    }

    /// Every score, in the order of [`names`](Self::names).
    ///
    /// # Errors
    /// As [`score`](Self::score).
    fn scores(&self, model: &M, x: &X, y: &Y) -> Result<Vec<f64>> {
        Ok(vec![self.score(model, x, y)?])
    }
}

impl<T, M, X: ?Sized, Y: ?Sized> Scorer<M, X, Y> for T
where
    T: Fn(&M, &X, &Y) -> Result<f64> + Sync,
{
    fn name(&self) -> String {
        "score".into()
    }
    fn score(&self, model: &M, x: &X, y: &Y) -> Result<f64> {
        self(model, x, y)
    }
}

/// A scorer with another name; made by [`named`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named<S> {
    name: String,
    scorer: S,
}

/// A scorer, often a closure, under a name.
pub fn named<S>(name: impl Into<String>, scorer: S) -> Named<S> {
    Named {
        name: name.into(),
        scorer,
    }
}

impl<S: Scorer<M, X, Y>, M, X: ?Sized, Y: ?Sized> Scorer<M, X, Y> for Named<S> {
    fn name(&self) -> String {
        self.name.clone()
    }
    fn score(&self, model: &M, x: &X, y: &Y) -> Result<f64> {
        self.scorer.score(model, x, y)
    }
}

/// The model's own [`Score`]: accuracy of classifiers, R² of regressors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefaultScore;

impl<M: Score<X, Y>, X: ?Sized, Y: ?Sized> Scorer<M, X, Y> for DefaultScore {
    fn name(&self) -> String {
        "score".into()
    }
    fn score(&self, model: &M, x: &X, y: &Y) -> Result<f64> {
        model.score(x, y)
    }
}

macro_rules! of_classes {
    ($($(#[$doc:meta])* $name:ident, $text:literal, $metric:path;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name;

        impl<M, X, Y> Scorer<M, X, Y> for $name
        where
            M: Predict<X, Output = Labels>,
            X: ?Sized,
            Y: ClassTarget + ?Sized,
        {
            fn name(&self) -> String {
                $text.into()
            }
            fn score(&self, model: &M, x: &X, y: &Y) -> Result<f64> {
                $metric(y, &model.predict(x)?)
            }
        }
    )+};
}
of_classes! {
    /// [`accuracy_score`](metrics::accuracy_score) of the predictions.
    Accuracy, "accuracy", metrics::accuracy_score;
    /// [`balanced_accuracy_score`](metrics::balanced_accuracy_score) of the predictions.
    BalancedAccuracy, "balanced_accuracy", metrics::balanced_accuracy_score;
}

macro_rules! of_each_class {
    ($($(#[$doc:meta])* $name:ident, $text:literal, $method:ident;)+) => {$(
        $(#[$doc])*
        ///
        /// By default for two classes with the positive class `1` or `true`.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        #[must_use]
        pub struct $name {
            average: Average,
            zero_division: ZeroDivision,
        }

        impl $name {
            /// Of the positive class `1` or `true`.
            pub fn new() -> Self {
                Self::default()
            }

            /// How the scores of several classes become one.
            pub fn average(mut self, average: Average) -> Self {
                self.average = average;
                self
            }

            /// What a score with denominator zero is.
            pub fn zero_division(mut self, value: ZeroDivision) -> Self {
                self.zero_division = value;
                self
            }
        }

        impl<M, X, Y> Scorer<M, X, Y> for $name
        where
            M: Predict<X, Output = Labels>,
            X: ?Sized,
            Y: ClassTarget + ?Sized,
        {
            fn name(&self) -> String {
                averaged_name($text, &self.average)
            }
            fn score(&self, model: &M, x: &X, y: &Y) -> Result<f64> {
                let scores: ClassScores = precision_recall_fscore_support(y, &model.predict(x)?)?;
                scores.zero_division(self.zero_division).$method(&self.average)
            }
        }
    )+};
}
of_each_class! {
    /// [`precision_score`](metrics::precision_score) of the predictions.
    Precision, "precision", precision;
    /// [`recall_score`](metrics::recall_score) of the predictions.
    Recall, "recall", recall;
    /// [`f1_score`](metrics::f1_score) of the predictions.
    F1, "f1", f1;
}

fn averaged_name(metric: &str, average: &Average) -> String {
    match average {
        Average::Binary | Average::Positive(_) => metric.into(),
        Average::Macro => format!("{metric}_macro"),
        Average::Micro => format!("{metric}_micro"),
        Average::Weighted => format!("{metric}_weighted"),
        Average::Samples => format!("{metric}_samples"),
    }
}

/// Minus the [`log_loss`](metrics::log_loss) of the probabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NegLogLoss;

impl<M, X, Y, F> Scorer<M, X, Y> for NegLogLoss
where
    M: PredictProba<X, Float = F> + Classes,
    X: ?Sized,
    Y: ClassTarget + ?Sized,
    F: Float,
{
    fn name(&self) -> String {
        "neg_log_loss".into()
    }
    fn score(&self, model: &M, x: &X, y: &Y) -> Result<f64> {
        metrics::log_loss(y, &model.predict_proba(x)?, model.classes()).map(|loss| -loss)
    }
}

/// The area under the ROC curve.
///
/// For two classes rows are ranked by the log-odds, ln p − ln (1 − p), which still differ where probabilities are rounded
/// to 1. For more classes see [`MultiClass`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct RocAuc {
    multi_class: MultiClass,
}

impl RocAuc {
    /// More than two classes each against the rest, the mean.
    pub fn new() -> Self {
        Self::default()
    }

    /// How the curves of more than two classes become one number.
    pub fn multi_class(mut self, multi_class: MultiClass) -> Self {
        self.multi_class = multi_class;
        self
    }
}

impl<M, X, Y, F> Scorer<M, X, Y> for RocAuc
where
    M: PredictProba<X, Float = F> + Classes,
    X: ?Sized,
    Y: ClassTarget + ?Sized,
    F: Float,
{
    fn name(&self) -> String {
        match self.multi_class {
            MultiClass::OvrMacro => "roc_auc",
            MultiClass::OvrWeighted => "roc_auc_ovr_weighted",
            MultiClass::OvrMicro => "roc_auc_ovr_micro",
            MultiClass::OvoMacro => "roc_auc_ovo",
            MultiClass::OvoWeighted => "roc_auc_ovo_weighted",
        }
        .into()
    }

    fn score(&self, model: &M, x: &X, y: &Y) -> Result<f64> {
        let classes = model.classes();
        if classes.len() != 2 {
            let proba = model.predict_proba(x)?;
            return metrics::roc_auc_score_multiclass(y, &proba, classes, self.multi_class);
        }
        let log_proba = model.predict_log_proba(x)?;
        if log_proba.ncols() != 2 {
            let what = "number of columns of the probabilities (one for each class)";
            return Err(Error::shape(what, 2, log_proba.ncols()));
        }
        let odds: Vec<f64> = log_proba
            .rows()
            .into_iter()
            .map(|row| row[1].f64() - row[0].f64())
            .collect();
        metrics::binary_auc(y, &odds, classes)
    }
}

/// [`r2_score`](metrics::r2_score) of the predictions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct R2 {
    multioutput: Multioutput,
}

impl R2 {
    /// Of several targets, the mean.
    pub fn new() -> Self {
        Self::default()
    }

    /// How several targets become one number.
    pub fn multioutput(mut self, multioutput: Multioutput) -> Self {
        self.multioutput = multioutput;
        self
    }
}

impl<M, X, Y, F, D> Scorer<M, X, Y> for R2
where
    M: Predict<X, Output = Array<F, D>>,
    X: ?Sized,
    Y: RealTargets<F, Dim = D> + AsTargets<Targets = Y> + ?Sized,
    F: Float,
    D: TargetDim,
{
    fn name(&self) -> String {
        "r2".into()
    }
    fn score(&self, model: &M, x: &X, y: &Y) -> Result<f64> {
        let predicted = model.predict(x)?;
        R2Score::new()
            .multioutput(self.multioutput)
            .score(y, &predicted)
    }
}

macro_rules! negative_error {
    ($($(#[$doc:meta])* $name:ident, $text:literal, $metric:path;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name;

        impl<M, X, Y, F, D> Scorer<M, X, Y> for $name
        where
            M: Predict<X, Output = Array<F, D>>,
            X: ?Sized,
            Y: RealTargets<F, Dim = D> + AsTargets<Targets = Y> + ?Sized,
            F: Float,
            D: TargetDim,
        {
            fn name(&self) -> String {
                $text.into()
            }
            fn score(&self, model: &M, x: &X, y: &Y) -> Result<f64> {
                $metric(y, &model.predict(x)?).map(|error| -error)
            }
        }
    )+};
}
negative_error! {
    /// Minus the [`mean_squared_error`](metrics::mean_squared_error) of the predictions.
    NegMeanSquaredError, "neg_mean_squared_error", metrics::mean_squared_error;
    /// Minus the [`root_mean_squared_error`](metrics::root_mean_squared_error) of the predictions.
    NegRootMeanSquaredError, "neg_root_mean_squared_error", metrics::root_mean_squared_error;
    /// Minus the [`mean_absolute_error`](metrics::mean_absolute_error) of the predictions.
    NegMeanAbsoluteError, "neg_mean_absolute_error", metrics::mean_absolute_error;
}
