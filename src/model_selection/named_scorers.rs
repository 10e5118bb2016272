//! Scorers by scikit-learn's names.

use std::fmt;
use std::str::FromStr;

use ndarray::{Array, Array2, ArrayRef2, Ix2};
use serde::{Deserialize, Serialize};

use super::scoring::{NegLogLoss, RocAuc, Scorer};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::metrics::{
    self, Average, AverageMethod, ClassificationTarget, Grouping, LikelihoodRatios, MultiClass,
    RocAucScore,
};
use crate::targets::{AsTargets, ClassTarget, RealTargets, TargetDim, Targets};
use crate::traits::{Classes, DecisionFunction, Predict, PredictProba};

/// Scorers that have names: each family fits models that can do what its metrics need, which the compiler checks.
///
/// | family | needs | names |
/// |---|---|---|
/// | [`ClassScorer`] | predicted [`Labels`] | `accuracy`, `f1_macro`, ... |
/// | [`DecisionScorer`] | also a decision function | those, `roc_auc`, `average_precision`, `top_k_accuracy` |
/// | [`ProbaScorer`] | also probabilities | those, `neg_log_loss`, `neg_brier_score`, ... |
/// | [`RegressionScorer`] | predicted real arrays | `r2`, `neg_mean_squared_error`, ... |
/// | [`LabelScorer`] | predicted labels in columns | `accuracy`, `f1_samples`, ... |
/// | [`ClusterScorer`] | a predicted cluster for each row | `adjusted_rand_score`, ... |
pub trait NamedScorer: Sized {
    /// The names of the family, sorted.
    const NAMES: &'static [&'static str];

    #[doc(hidden)]
    fn from_name(name: &'static str) -> Self;
}

/// The scorer of a name, as scikit-learn has it: `"neg_log_loss"`, `"f1_macro"`, `"r2"`.
///
/// The family is the type asked for.
///
/// ```
/// use fitwell::model_selection::{ProbaScorer, cross_validate, scorer_by_name};
/// use fitwell::{linear_model::LogisticRegression, prelude::*};
/// use ndarray::Array2;
///
/// let x = Array2::from_shape_fn((30, 1), |(i, _)| i as f64 / 30.0);
/// let y: Labels = (0..30).map(|i| i64::from(i >= 15)).collect();
/// let loss: ProbaScorer = scorer_by_name("neg_log_loss")?;
/// let f1: ProbaScorer = scorer_by_name("f1")?;
/// let scores = cross_validate(&LogisticRegression::new(), &x, &y, &3, &[&loss, &f1])?;
/// assert!(scores.mean("neg_log_loss")? < 0.0 && scores.mean("f1")? > 0.5);
///
/// let wrong = scorer_by_name::<ProbaScorer>("log_loss").unwrap_err();
/// assert!(wrong.to_string().contains("neg_log_loss"));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `InvalidInput` for another name: it lists those of the family, and says when another family has it.
pub fn scorer_by_name<S: NamedScorer>(name: &str) -> Result<S> {
    if let Some(name) = S::NAMES.iter().find(|n| **n == name) {
        return Ok(S::from_name(name));
    }
    let elsewhere = FAMILIES.iter().find(|family| family.1.contains(&name));
    let hint = match elsewhere {
        Some((family, _)) => format!("it is a `{family}`"),
        None => "no scorer has this name".into(),
    };
    let known = S::NAMES.join(", ");
    let name = crate::error::shorten(name);
    let reason = format!("{hint}; there are: {known}");
    Err(Error::invalid_input(format!("scorer `{name}`"), reason))
}

/// The names of all scorers, sorted: those that scikit-learn has.
///
/// ```
/// let names = fitwell::model_selection::scorer_names();
/// assert!(names.contains(&"neg_log_loss") && names.contains(&"v_measure_score"));
/// ```
pub fn scorer_names() -> Vec<&'static str> {
    let mut names: Vec<_> = FAMILIES.iter().flat_map(|f| f.1).copied().collect();
    names.sort_unstable();
    names.dedup();
    names
}

const FAMILIES: [(&str, &[&str]); 6] = [
    ("ClassScorer", ClassScorer::NAMES),
    ("DecisionScorer", DecisionScorer::NAMES),
    ("ProbaScorer", ProbaScorer::NAMES),
    ("RegressionScorer", RegressionScorer::NAMES),
    ("LabelScorer", LabelScorer::NAMES),
    ("ClusterScorer", ClusterScorer::NAMES),
];

macro_rules! family {
    ($(#[$doc:meta])* $name:ident, [$($text:literal),+ $(,)?]) => {
        $(#[$doc])*
        ///
        /// Made by [`scorer_by_name`], or parsed; written to files as its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(&'static str);

        impl NamedScorer for $name {
            const NAMES: &'static [&'static str] = &[$($text),+];
            fn from_name(name: &'static str) -> Self {
                $name(name)
            }
        }

        impl FromStr for $name {
            type Err = Error;
            fn from_str(name: &str) -> Result<Self> {
                scorer_by_name(name)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;
            fn try_from(name: String) -> Result<Self> {
                scorer_by_name(&name)
            }
        }

        impl From<$name> for String {
            fn from(scorer: $name) -> String {
                scorer.0.into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.0)
            }
        }
    };
}
family! {
    /// A named scorer of predicted classes.
    ///
    /// A likelihood ratio whose denominator is 0 is 1, as in scikit-learn.
    ClassScorer, [
        "accuracy", "balanced_accuracy", "f1", "f1_macro", "f1_micro", "f1_weighted", "jaccard", "jaccard_macro",
        "jaccard_micro", "jaccard_weighted", "matthews_corrcoef", "neg_negative_likelihood_ratio",
        "positive_likelihood_ratio", "precision", "precision_macro", "precision_micro", "precision_weighted", "recall",
        "recall_macro", "recall_micro", "recall_weighted",
    ]
}
family! {
    /// A named scorer of a model with a decision function: of its decisions, and all those of [`ClassScorer`].
    DecisionScorer, [
        "accuracy", "average_precision", "balanced_accuracy", "f1", "f1_macro", "f1_micro", "f1_weighted", "jaccard",
        "jaccard_macro", "jaccard_micro", "jaccard_weighted", "matthews_corrcoef", "neg_negative_likelihood_ratio",
        "positive_likelihood_ratio", "precision", "precision_macro", "precision_micro", "precision_weighted", "recall",
        "recall_macro", "recall_micro", "recall_weighted", "roc_auc", "top_k_accuracy",
    ]
}
family! {
    /// A named scorer of a model with probabilities: of its probabilities, and all those of [`ClassScorer`].
    ///
    /// `roc_auc` of more than two classes is that of each against the rest, where scikit-learn refuses;
    /// `average_precision` is the mean over the classes, and `top_k_accuracy` that of two, as in scikit-learn. Of a model that
    /// has decisions too, scikit-learn takes those; for the average precision of more than two classes it makes a difference:
    /// [`DecisionScorer`] has its numbers.
    ProbaScorer, [
        "accuracy", "average_precision", "balanced_accuracy", "d2_brier_score", "d2_log_loss_score", "f1", "f1_macro",
        "f1_micro", "f1_weighted", "jaccard", "jaccard_macro", "jaccard_micro", "jaccard_weighted", "matthews_corrcoef",
        "neg_brier_score", "neg_log_loss", "neg_negative_likelihood_ratio", "positive_likelihood_ratio", "precision",
        "precision_macro", "precision_micro", "precision_weighted", "recall", "recall_macro", "recall_micro",
        "recall_weighted", "roc_auc", "roc_auc_ovo", "roc_auc_ovo_weighted", "roc_auc_ovr", "roc_auc_ovr_weighted",
        "top_k_accuracy",
    ]
}
family! {
    /// A named scorer of real predictions. The deviances and the largest error are for one target.
    RegressionScorer, [
        "d2_absolute_error_score", "explained_variance", "neg_max_error", "neg_mean_absolute_error",
        "neg_mean_absolute_percentage_error", "neg_mean_gamma_deviance", "neg_mean_poisson_deviance",
        "neg_mean_squared_error", "neg_mean_squared_log_error", "neg_median_absolute_error",
        "neg_root_mean_squared_error", "neg_root_mean_squared_log_error", "r2",
    ]
}
family! {
    /// A named scorer of several labels in columns.
    LabelScorer, [
        "accuracy", "f1_macro", "f1_micro", "f1_samples", "f1_weighted", "jaccard_macro", "jaccard_micro",
        "jaccard_samples", "jaccard_weighted", "precision_macro", "precision_micro", "precision_samples",
        "precision_weighted", "recall_macro", "recall_micro", "recall_samples", "recall_weighted",
    ]
}
family! {
    /// A named scorer of predicted clusters against true classes. Sample weights are refused: scikit-learn has none here.
    ClusterScorer, [
        "adjusted_mutual_info_score", "adjusted_rand_score", "completeness_score", "fowlkes_mallows_score",
        "homogeneity_score", "mutual_info_score", "normalized_mutual_info_score", "rand_score", "v_measure_score",
    ]
}

fn none_has(name: &str) -> Error {
    Error::invalid_input("scorer", format!("no metric is called {name}"))
}

/// A metric of predicted classes or labels, named with its average: `f1_macro`.
fn of_averages<Y: ClassificationTarget + ?Sized>(
    name: &str,
    y: &Y,
    predicted: &Y::Predicted,
) -> Result<f64> {
    if name == "accuracy" {
        return metrics::accuracy_score(y, predicted);
    }
    let (metric, average) = match name.split_once('_') {
        None => (name, Average::Binary),
        Some((metric, "macro")) => (metric, Average::Macro),
        Some((metric, "micro")) => (metric, Average::Micro),
        Some((metric, "weighted")) => (metric, Average::Weighted),
        Some((metric, "samples")) => (metric, Average::Samples),
        Some(_) => return Err(none_has(name)),
    };
    let scores = metrics::precision_recall_fscore_support(y, predicted)?;
    match metric {
        "precision" => scores.precision(&average),
        "recall" => scores.recall(&average),
        "f1" => scores.f1(&average),
        "jaccard" => scores.jaccard(&average),
        _ => Err(none_has(name)),
    }
}

fn of_classes<Y: ClassTarget + ?Sized>(name: &str, y: &Y, predicted: &Labels) -> Result<f64> {
    match name {
        "balanced_accuracy" => metrics::balanced_accuracy_score(y, predicted),
        "matthews_corrcoef" => metrics::matthews_corrcoef(y, predicted),
        "positive_likelihood_ratio" => likelihood_ratio(y, predicted, 1, |r| r.positive),
        "neg_negative_likelihood_ratio" => {
            likelihood_ratio(y, predicted, 0, |r| r.negative).map(|r| -r)
        }
        _ => of_averages(name, y, predicted),
    }
}

/// A likelihood ratio, the worst there is, 1, where no row of the first class is predicted to be of class `said`.
fn likelihood_ratio<Y: ClassTarget + ?Sized>(
    y: &Y,
    predicted: &Labels,
    said: usize,
    ratio: fn(&LikelihoodRatios) -> Option<f64>,
) -> Result<f64> {
    let found = ratio(&metrics::class_likelihood_ratios(y, predicted)?);
    let counts = metrics::confusion_matrix(y, predicted)?;
    if counts.counts()[[0, said]] > 0.0 {
        let undefined = "is not defined: no row is of the positive class";
        return found.ok_or_else(|| Error::invalid_input("likelihood ratio", undefined));
    }
    Ok(1.0)
}

impl<M, X, Y> Scorer<M, X, Y> for ClassScorer
where
    M: Predict<X, Output = Labels>,
    X: ?Sized,
    Y: ClassTarget + ?Sized,
{
    fn name(&self) -> String {
        self.0.into()
    }
    fn score(&self, model: &M, x: &X, y: &Y) -> Result<f64> {
        of_classes(self.0, y, &model.predict(x)?)
    }
}

/// Metrics of how scores rank: of one column for two classes, of a column for each of more.
fn of_scores<F: Float, Y: ClassTarget + ?Sized>(
    name: &str,
    y: &Y,
    scores: &Array2<F>,
    classes: &[Class],
) -> Result<f64> {
    if name == "top_k_accuracy" {
        return metrics::top_k_accuracy_score(y, scores, classes, 2);
    }
    if let [_, positive] = classes {
        let column = scores.column(scores.ncols().saturating_sub(1));
        return metrics::average_precision_score_of_class(y, &column, positive.clone());
    }
    metrics::average_precision_score_multiclass(y, scores, classes, &Average::Macro)
}

impl<M, X, Y, F> Scorer<M, X, Y> for DecisionScorer
where
    M: Predict<X, Output = Labels> + DecisionFunction<X, Float = F> + Classes,
    X: ?Sized,
    Y: ClassTarget + ?Sized,
    F: Float,
{
    fn name(&self) -> String {
        self.0.into()
    }
    fn score(&self, model: &M, x: &X, y: &Y) -> Result<f64> {
        let classes = model.classes();
        match self.0 {
            "roc_auc" => {
                let decision = model.decision_function(x)?;
                if classes.len() != 2 || decision.ncols() != 1 {
                    let reason = "of decisions is for 2 classes; of more, of probabilities";
                    return Err(Error::invalid_input("ROC AUC", reason));
                }
                let scores: Vec<f64> = decision.iter().map(|d| d.f64()).collect();
                metrics::binary_auc(y, &scores, classes)
            }
            "average_precision" | "top_k_accuracy" => {
                of_scores(self.0, y, &model.decision_function(x)?, classes)
            }
            name => of_classes(name, y, &model.predict(x)?),
        }
    }
}

impl<M, X, Y, F> Scorer<M, X, Y> for ProbaScorer
where
    M: Predict<X, Output = Labels> + PredictProba<X, Float = F> + Classes,
    X: ?Sized,
    Y: ClassTarget + ?Sized,
    F: Float,
{
    fn name(&self) -> String {
        self.0.into()
    }
    fn score(&self, model: &M, x: &X, y: &Y) -> Result<f64> {
        let classes = model.classes();
        let auc = |how: MultiClass| {
            let auc = RocAuc::new().multi_class(how);
            Scorer::<M, X, Y>::score(&auc, model, x, y)
        };
        match self.0 {
            "neg_log_loss" => Scorer::<M, X, Y>::score(&NegLogLoss, model, x, y),
            "neg_brier_score" => {
                metrics::brier_score_loss(y, &model.predict_proba(x)?, classes).map(|loss| -loss)
            }
            "d2_log_loss_score" => metrics::d2_log_loss_score(y, &model.predict_proba(x)?, classes),
            "d2_brier_score" => metrics::d2_brier_score(y, &model.predict_proba(x)?, classes),
            "roc_auc" | "roc_auc_ovr" => auc(MultiClass::OvrMacro),
            "roc_auc_ovr_weighted" => auc(MultiClass::OvrWeighted),
            "roc_auc_ovo" => auc(MultiClass::OvoMacro),
            "roc_auc_ovo_weighted" => auc(MultiClass::OvoWeighted),
            "average_precision" | "top_k_accuracy" => {
                of_scores(self.0, y, &model.predict_proba(x)?, classes)
            }
            name => of_classes(name, y, &model.predict(x)?),
        }
    }
}

impl<M, X, Y, F, D> Scorer<M, X, Y> for RegressionScorer
where
    M: Predict<X, Output = Array<F, D>>,
    X: ?Sized,
    Y: RealTargets<F, Dim = D> + AsTargets<Targets = Y> + ?Sized,
    F: Float,
    D: TargetDim,
{
    fn name(&self) -> String {
        self.0.into()
    }
    fn score(&self, model: &M, x: &X, y: &Y) -> Result<f64> {
        let p = &*model.predict(x)?;
        let score = match self.0 {
            "r2" => metrics::r2_score(y, p),
            "explained_variance" => metrics::explained_variance_score(y, p),
            "d2_absolute_error_score" => metrics::d2_absolute_error_score(y, p),
            "neg_mean_squared_error" => metrics::mean_squared_error(y, p),
            "neg_root_mean_squared_error" => metrics::root_mean_squared_error(y, p),
            "neg_mean_absolute_error" => metrics::mean_absolute_error(y, p),
            "neg_median_absolute_error" => metrics::median_absolute_error(y, p),
            "neg_mean_absolute_percentage_error" => metrics::mean_absolute_percentage_error(y, p),
            "neg_mean_squared_log_error" => metrics::mean_squared_log_error(y, p),
            "neg_root_mean_squared_log_error" => metrics::root_mean_squared_log_error(y, p),
            name => of_one_target(name, y, &D::columns(p)),
        }?;
        Ok(if self.0.starts_with("neg_") {
            -score
        } else {
            score
        })
    }
}

/// Metrics of one target.
fn of_one_target<F: Float, Y: RealTargets<F> + ?Sized>(
    name: &str,
    y: &Y,
    p: &ArrayRef2<F>,
) -> Result<f64> {
    let truth = y.columns();
    if truth.ncols() != 1 || p.ncols() != 1 {
        let reason = format!("is for one target, there are {}", truth.ncols());
        return Err(Error::invalid_input(format!("scorer `{name}`"), reason));
    }
    let (truth, p) = (truth.column(0).to_owned(), p.column(0));
    macro_rules! of {
        ($metric:expr) => {
            match Targets::sample_weight(y) {
                Some(w) => $metric(&truth.weighted(w), &p),
                None => $metric(&truth, &p),
            }
        };
    }
    match name {
        "neg_max_error" => of!(metrics::max_error),
        "neg_mean_poisson_deviance" => of!(metrics::mean_poisson_deviance),
        "neg_mean_gamma_deviance" => of!(metrics::mean_gamma_deviance),
        _ => Err(none_has(name)),
    }
}

impl<M, X, Y, F> Scorer<M, X, Y> for LabelScorer
where
    M: Predict<X, Output = Array2<F>>,
    X: ?Sized,
    Y: ClassificationTarget<Predicted = ArrayRef2<F>> + ?Sized,
    F: Float,
{
    fn name(&self) -> String {
        self.0.into()
    }
    fn score(&self, model: &M, x: &X, y: &Y) -> Result<f64> {
        of_averages(self.0, y, &model.predict(x)?)
    }
}

impl<M, X, Y, G> Scorer<M, X, Y> for ClusterScorer
where
    M: Predict<X, Output = G>,
    X: ?Sized,
    Y: ClassTarget + ?Sized,
    G: Grouping,
{
    fn name(&self) -> String {
        self.0.into()
    }
    fn score(&self, model: &M, x: &X, y: &Y) -> Result<f64> {
        if y.sample_weight().is_some() {
            let reason = "sample weights are not defined for two groupings";
            return Err(Error::invalid_input(format!("scorer `{}`", self.0), reason));
        }
        let (truth, predicted) = (y.labels(), &model.predict(x)?);
        let mean = AverageMethod::Arithmetic;
        match self.0 {
            "adjusted_mutual_info_score" => {
                metrics::adjusted_mutual_info_score(truth, predicted, mean)
            }
            "adjusted_rand_score" => metrics::adjusted_rand_score(truth, predicted),
            "completeness_score" => metrics::completeness_score(truth, predicted),
            "fowlkes_mallows_score" => metrics::fowlkes_mallows_score(truth, predicted),
            "homogeneity_score" => metrics::homogeneity_score(truth, predicted),
            "mutual_info_score" => metrics::mutual_info_score(truth, predicted),
            "normalized_mutual_info_score" => {
                metrics::normalized_mutual_info_score(truth, predicted, mean)
            }
            "rand_score" => metrics::rand_score(truth, predicted),
            "v_measure_score" => metrics::v_measure_score(truth, predicted, 1.0),
            name => Err(none_has(name)),
        }
    }
}

/// Scores of several labels, of their probabilities: `roc_auc` and `average_precision`, the mean over the labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelProbaScorer {
    /// The area under the ROC curve.
    RocAuc,
    /// The average precision.
    AveragePrecision,
}

impl<M, X, Y, F> Scorer<M, X, Y> for LabelProbaScorer
where
    M: PredictProba<X, Float = F>,
    X: ?Sized,
    Y: RealTargets<F, Dim = Ix2> + AsTargets<Targets = Y> + ?Sized,
    F: Float,
{
    fn name(&self) -> String {
        match self {
            LabelProbaScorer::RocAuc => "roc_auc".into(),
            LabelProbaScorer::AveragePrecision => "average_precision".into(),
        }
    }
    fn score(&self, model: &M, x: &X, y: &Y) -> Result<f64> {
        let proba = model.predict_proba(x)?;
        match self {
            LabelProbaScorer::RocAuc => RocAucScore::new().score_labels(y, &proba),
            LabelProbaScorer::AveragePrecision => {
                metrics::average_precision_score_labels(y, &proba, &Average::Macro)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_scikit_learns() {
        for (family, names) in FAMILIES {
            assert!(names.windows(2).all(|w| w[0] < w[1]), "{family}");
        }
        // get_scorer_names() of scikit-learn 1.9.1 has 58.
        assert_eq!(scorer_names().len(), 58);
    }

    /// scikit-learn 1.9.1, `get_scorer("positive_likelihood_ratio")` and its like.
    #[test]
    fn likelihood_ratios_without_a_denominator_are_one() {
        let y = Labels::from([0, 0, 1, 1]);
        let of = |name: &str, predicted: [i64; 4]| of_classes(name, &y, &Labels::from(predicted));
        let (positive, negative) = ("positive_likelihood_ratio", "neg_negative_likelihood_ratio");
        assert_eq!(of(positive, [0, 0, 1, 0]).unwrap(), 1.0);
        assert_eq!(of(negative, [0, 0, 1, 0]).unwrap(), -0.5);
        assert_eq!(of(positive, [1, 1, 1, 0]).unwrap(), 0.5);
        assert_eq!(of(negative, [1, 1, 1, 0]).unwrap(), -1.0);
        let (none, said) = (Labels::from([0, 0, 0]), Labels::from([0, 1, 1]));
        assert!(of_classes(positive, &none, &said).is_err());
    }

    #[test]
    fn wrong_names_are_told_the_right_ones() {
        let text = scorer_by_name::<ClassScorer>("neg_log_loss")
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("it is a `ProbaScorer`") && text.contains("f1_macro"),
            "{text}"
        );
        let text = scorer_by_name::<RegressionScorer>("mse")
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("no scorer") && text.contains("neg_mean_squared_error"),
            "{text}"
        );
        assert!(serde_json::from_str::<ClassScorer>("\"nothing\"").is_err());
        let f1: ClassScorer = serde_json::from_str("\"f1\"").unwrap();
        assert_eq!(
            (f1.to_string(), "f1".parse::<ClassScorer>().unwrap()),
            ("f1".into(), f1)
        );
    }
}
