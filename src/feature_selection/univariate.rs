//! Selectors that look at each feature by itself.

use std::collections::BTreeMap;
use std::fmt;

use ndarray::{Array1, ArrayRef2};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::amount::or_all;
use super::classes::FClassif;
use super::score::ScoreFunction;
use super::support::{Kept, numbers, params_with, same_numbers, selector, with_value_of};
use super::written::{count, from_real, real, written};
use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, Params, Value};
use crate::targets::Targets;
use crate::traits::Estimator;

/// How many features [`SelectKBest`] keeps: a count, or `All`. By name a number or `"all"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum K {
    Count(usize),
    All,
}

impl From<usize> for K {
    fn from(k: usize) -> Self {
        K::Count(k)
    }
}

impl K {
    fn write(&self) -> Value {
        match self {
            K::Count(k) => (*k).into(),
            K::All => "all".into(),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        if value == "all" {
            return Some(K::All);
        }
        count(value).map(K::Count)
    }
}
written!(K, "a number of features or \"all\"");

/// The rule of [`GenericUnivariateSelect`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SelectMode {
    /// As [`SelectPercentile`].
    #[default]
    Percentile,
    /// As [`SelectKBest`].
    KBest,
    /// As [`SelectFpr`].
    Fpr,
    /// As [`SelectFdr`].
    Fdr,
    /// As [`SelectFwe`].
    Fwe,
}

/// The parameter of the rule of [`GenericUnivariateSelect`]: a number, or `All` for the `k` of
/// [`SelectMode::KBest`]. By name a number or `"all"`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum SelectParam {
    Number(f64),
    All,
}

impl From<f64> for SelectParam {
    fn from(value: f64) -> Self {
        SelectParam::Number(value)
    }
}

impl From<usize> for SelectParam {
    fn from(k: usize) -> Self {
        SelectParam::Number(k as f64)
    }
}

impl SelectParam {
    fn write(&self) -> Value {
        match self {
            SelectParam::Number(v) => from_real(*v),
            SelectParam::All => "all".into(),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        if value == "all" {
            return Some(SelectParam::All);
        }
        real(value).map(SelectParam::Number)
    }
}
written!(SelectParam, "a number or \"all\"");

/// Which features a rule keeps.
trait Rule: Hyperparameters {
    /// Whether the rule needs p-values.
    fn needs_pvalues(&self) -> bool;

    /// The selected features, given scores and, where needed, p-values.
    fn mask(&self, scores: &[f64], pvalues: &[f64]) -> Vec<bool>;
}

/// The settings of a selector beside its score function.
macro_rules! settings {
    ($settings:ident, $name:literal, $($field:ident: $t:ty = $default:expr, $with:literal);+) => {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        struct $settings {
            $(#[serde(with = $with)] $field: $t,)+
        }

        impl Default for $settings {
            fn default() -> Self {
                $settings { $($field: $default),+ }
            }
        }

        impl Hyperparameters for $settings {
            const NAME: &'static str = $name;
            fn check(&self) -> Result<()> {
                self.range()
            }
        }
    };
}

/// Serde as the type itself has it.
mod own {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(v: &T, s: S) -> Result<S::Ok, S::Error> {
        v.serialize(s)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        d: D,
    ) -> Result<T, D::Error> {
        T::deserialize(d)
    }
}

settings!(KBest, "SelectKBest", k: K = K::Count(10), "own");
settings!(Percentile, "SelectPercentile", percentile: f64 = 10.0, "crate::params::number");
settings!(Fpr, "SelectFpr", alpha: f64 = 0.05, "crate::params::number");
settings!(Fdr, "SelectFdr", alpha: f64 = 0.05, "crate::params::number");
settings!(Fwe, "SelectFwe", alpha: f64 = 0.05, "crate::params::number");
settings!(Generic, "GenericUnivariateSelect",
    mode: SelectMode = SelectMode::Percentile, "own";
    param: SelectParam = SelectParam::Number(1e-5), "own");

impl KBest {
    fn range(&self) -> Result<()> {
        Ok(())
    }
}

impl Rule for KBest {
    fn needs_pvalues(&self) -> bool {
        false
    }

    fn mask(&self, scores: &[f64], _: &[f64]) -> Vec<bool> {
        let k = match self.k {
            K::Count(k) => or_all(Self::NAME, "k", k, scores.len()),
            K::All => scores.len(),
        };
        best(scores, k)
    }
}

/// The k greatest scores; of equal ones the later features, as scikit-learn's stable sort has it.
fn best(scores: &[f64], k: usize) -> Vec<bool> {
    let scores = comparable(scores);
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let mut mask = vec![false; scores.len()];
    for &j in order.iter().rev().take(k) {
        mask[j] = true;
    }
    mask
}

/// NaN as the least number there is, one zero.
fn comparable(scores: &[f64]) -> Vec<f64> {
    let known = |s: &f64| if s.is_nan() { f64::MIN } else { s + 0.0 };
    scores.iter().map(known).collect()
}

impl Percentile {
    fn range(&self) -> Result<()> {
        let range = Interval::closed(0.0, 100.0);
        check::real(Self::NAME, "percentile", self.percentile, range)
    }
}

impl Rule for Percentile {
    fn needs_pvalues(&self) -> bool {
        false
    }

    fn mask(&self, scores: &[f64], _: &[f64]) -> Vec<bool> {
        best_percentile(scores, self.percentile)
    }
}

/// Scores above the quantile, and of those equal to it the first ones, up to the number that the percentage makes.
fn best_percentile(scores: &[f64], percentile: f64) -> Vec<bool> {
    if percentile == 100.0 {
        return vec![true; scores.len()];
    }
    if percentile == 0.0 {
        return vec![false; scores.len()];
    }
    let scores = comparable(scores);
    let threshold = quantile(&scores, (100.0 - percentile) / 100.0);
    let mut mask: Vec<bool> = scores.iter().map(|&s| s > threshold).collect();
    let above = mask.iter().filter(|&&kept| kept).count();
    let wanted = (scores.len() as f64 * percentile / 100.0) as usize;
    let ties = (0..scores.len()).filter(|&j| scores[j] == threshold);
    for j in ties.take(wanted.saturating_sub(above)) {
        mask[j] = true;
    }
    mask
}

/// The quantile by linear interpolation, with NumPy's rounding.
fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len() - 1;
    let place = last as f64 * q;
    let below = (place.floor() as usize).min(last);
    let part = place - below as f64;
    let (a, b) = (sorted[below], sorted[(below + 1).min(last)]);
    if part == 0.0 || a == b {
        a
    } else if part >= 0.5 {
        b - (b - a) * (1.0 - part)
    } else {
        a + (b - a) * part
    }
}

macro_rules! by_pvalue {
    ($($settings:ident, $mask:ident;)+) => {$(
        impl $settings {
            fn range(&self) -> Result<()> {
                check::real(Self::NAME, "alpha", self.alpha, Interval::closed(0.0, 1.0))
            }
        }

        impl Rule for $settings {
            fn needs_pvalues(&self) -> bool {
                true
            }

            fn mask(&self, _: &[f64], pvalues: &[f64]) -> Vec<bool> {
                $mask(pvalues, self.alpha)
            }
        }
    )+};
}
by_pvalue! {
    Fpr, below;
    Fdr, benjamini_hochberg;
    Fwe, bonferroni;
}

fn below(pvalues: &[f64], alpha: f64) -> Vec<bool> {
    pvalues.iter().map(|&p| p < alpha).collect()
}

fn bonferroni(pvalues: &[f64], alpha: f64) -> Vec<bool> {
    below(pvalues, alpha / pvalues.len() as f64)
}

/// All p up to the largest one that is at most `alpha` · rank / n.
fn benjamini_hochberg(pvalues: &[f64], alpha: f64) -> Vec<bool> {
    let mut sorted: Vec<f64> = pvalues.iter().copied().filter(|p| !p.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let each = alpha / pvalues.len() as f64;
    let ranked = sorted.iter().zip(1u32..);
    let fits = ranked.filter(|(p, rank)| **p <= each * f64::from(*rank));
    match fits.last() {
        Some((largest, _)) => pvalues.iter().map(|p| p <= largest).collect(),
        None => vec![false; pvalues.len()],
    }
}

impl Generic {
    fn range(&self) -> Result<()> {
        let (expected, fits) = match self.mode {
            SelectMode::KBest => (
                "a whole number of at least 0, or \"all\"",
                self.number().is_none_or(|v| v >= 0.0 && v.fract() == 0.0),
            ),
            SelectMode::Percentile => (
                "in [0, 100]",
                self.number().is_some_and(|v| (0.0..=100.0).contains(&v)),
            ),
            _ => (
                "in [0, 1]",
                self.number().is_some_and(|v| (0.0..=1.0).contains(&v)),
            ),
        };
        if fits {
            return Ok(());
        }
        let got = self.param.write();
        Err(Error::invalid_parameter(Self::NAME, "param", expected, got))
    }

    fn number(&self) -> Option<f64> {
        match self.param {
            SelectParam::Number(v) => Some(v),
            SelectParam::All => None,
        }
    }
}

impl Rule for Generic {
    fn needs_pvalues(&self) -> bool {
        matches!(
            self.mode,
            SelectMode::Fpr | SelectMode::Fdr | SelectMode::Fwe
        )
    }

    fn mask(&self, scores: &[f64], pvalues: &[f64]) -> Vec<bool> {
        let param = self.number();
        match self.mode {
            SelectMode::KBest => {
                let n = scores.len();
                let k = param.map_or(n, |k| or_all(Self::NAME, "param", k as usize, n));
                best(scores, k)
            }
            SelectMode::Percentile => best_percentile(scores, param.unwrap_or(100.0)),
            SelectMode::Fpr => below(pvalues, param.unwrap_or(1.0)),
            SelectMode::Fdr => benjamini_hochberg(pvalues, param.unwrap_or(1.0)),
            SelectMode::Fwe => bonferroni(pvalues, param.unwrap_or(1.0)),
        }
    }
}

/// Scores, p-values and the features kept.
struct Selected {
    scores: Array1<f64>,
    pvalues: Option<Array1<f64>>,
    kept: Kept,
}

fn select<F, Y, S, R>(rule: &R, score_func: &S, x: &ArrayRef2<F>, y: &Y) -> Result<Selected>
where
    F: Float,
    Y: Targets + ?Sized,
    S: ScoreFunction<F, Y>,
    R: Rule,
{
    rule.check()?;
    check::samples(x)?;
    check::target(y, x.nrows())?;
    let (scores, pvalues) = score_func.score_features(x, y)?.into_parts(x.ncols())?;
    if rule.needs_pvalues() && pvalues.is_none() {
        let expected = "a score function that gives p-values";
        let got = "one that gives scores alone";
        return Err(Error::invalid_parameter(
            R::NAME,
            "score_func",
            expected,
            got,
        ));
    }
    let mask = rule.mask(
        &scores.to_vec(),
        &pvalues.iter().flatten().copied().collect::<Vec<_>>(),
    );
    Ok(Selected {
        scores,
        pvalues,
        kept: Kept::from_parts(mask, None, false),
    })
}

macro_rules! univariate {
    ($(#[$doc:meta])* $name:ident, $text:literal, $fitted:ident, $fitted_text:literal, $settings:ident;
     $($(#[$setter_doc:meta])* $field:ident: $t:ty;)+) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[must_use]
        pub struct $name<S = FClassif> {
            score_func: S,
            settings: $settings,
        }

        impl Default for $name {
            fn default() -> Self {
                $name {
                    score_func: FClassif,
                    settings: $settings::default(),
                }
            }
        }

        impl $name {
            /// The defaults: features scored by [`f_classif`](super::f_classif).
            pub fn new() -> Self {
                Self::default()
            }
        }

        impl<S> $name<S> {
            /// What scores the features.
            pub fn score_func<T>(self, score_func: T) -> $name<T> {
                $name {
                    score_func,
                    settings: self.settings,
                }
            }

            $($(#[$setter_doc])*
            pub fn $field(mut self, $field: impl Into<$t>) -> Self {
                self.settings.$field = $field.into();
                self
            })+
        }

        /// The settings, and those of the score function as `score_func__...`.
        impl<S: Params> Params for $name<S> {
            fn params(&self) -> BTreeMap<String, Value> {
                params_with(&self.settings, "score_func", &self.score_func)
            }

            fn with_value(&self, name: &str, value: Value) -> Result<Self> {
                let (settings, score_func) =
                    with_value_of(&self.settings, "score_func", &self.score_func, name, value)?;
                Ok($name {
                    score_func,
                    settings,
                })
            }
        }

        impl<S: fmt::Display> fmt::Display for $name<S> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let settings = crate::params::describe(&self.settings);
                let settings = settings.trim_end_matches(')');
                let comma = if settings.ends_with('(') { "" } else { ", " };
                write!(f, "{settings}{comma}score_func={})", self.score_func)
            }
        }

        impl<S: Serialize + DeserializeOwned> Model for $name<S> {
            fn type_name() -> String {
                $text.into()
            }
            fn validate(&self) -> Result<()> {
                self.settings.check()
            }
        }

        impl<F, Y, S> Estimator<ArrayRef2<F>, Y> for $name<S>
        where
            F: Float,
            Y: Targets + ?Sized,
            S: ScoreFunction<F, Y>,
        {
            type Fitted = $fitted;

            fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<$fitted> {
                let found = select(&self.settings, &self.score_func, x, y)?;
                Ok($fitted {
                    scores: found.scores,
                    pvalues: found.pvalues,
                    kept: found.kept,
                })
            }
        }

        #[doc = concat!("What [`", $text, "`] learned.")]
        #[derive(Clone, Debug, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $fitted {
            #[serde(with = "numbers")]
            scores: Array1<f64>,
            #[serde(with = "numbers::optional")]
            pvalues: Option<Array1<f64>>,
            kept: Kept,
        }

        impl $fitted {
            /// The score of each feature.
            pub fn scores(&self) -> &Array1<f64> {
                &self.scores
            }

            /// The p-value of each feature, if the score function gives any.
            pub fn pvalues(&self) -> Option<&Array1<f64>> {
                self.pvalues.as_ref()
            }
        }

        selector!(arrays [] $fitted);

        impl PartialEq for $fitted {
            fn eq(&self, other: &Self) -> bool {
                self.kept == other.kept
                    && same_numbers(&self.scores, &other.scores)
                    && match (&self.pvalues, &other.pvalues) {
                        (Some(a), Some(b)) => same_numbers(a, b),
                        (a, b) => a.is_none() && b.is_none(),
                    }
            }
        }

        impl fmt::Display for $fitted {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let (k, p) = (self.n_features(), self.n_features_in());
                write!(f, concat!($fitted_text, "({} of {} features)"), k, p)
            }
        }

        impl Model for $fitted {
            fn type_name() -> String {
                $fitted_text.into()
            }

            fn validate(&self) -> Result<()> {
                self.kept.validate()?;
                let p = self.n_features_in();
                ensure::equal("length of `scores`", self.scores.len(), p)?;
                if let Some(pvalues) = &self.pvalues {
                    ensure::equal("length of `pvalues`", pvalues.len(), p)?;
                    let probability = |p: &f64| p.is_nan() || (0.0..=1.0).contains(p);
                    ensure::that(pvalues.iter().all(probability), || {
                        "a p-value is not in [0, 1]".into()
                    })?;
                }
                Ok(())
            }
        }
    };
}

univariate! {
    /// Keeps the `k` features of the greatest scores.
    ///
    /// # Settings
    /// | name | default | range | meaning |
    /// |---|---|---|---|
    /// | `score_func` | [`FClassif`] | a [`ScoreFunction`] | what scores the features |
    /// | `k` | 10 | a number, or [`K::All`] | how many are kept |
    ///
    /// Of features with equal scores the later ones are kept, as in scikit-learn. Features of score NaN come last.
    ///
    /// # Errors
    /// Those of the score function. A `k` above the number of features keeps all, and with `k` 0 nothing is left; the log
    /// says so.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{feature_selection::{Chi2, SelectKBest}, linear_model::LogisticRegression, prelude::*};
    ///
    /// let iris = fitwell::datasets::load_iris()?;
    /// let model = SelectKBest::new().score_func(Chi2).k(2).fit(&iris.x, &iris.target)?;
    /// assert_eq!(model.support_indices(), [2, 3]);
    ///
    /// let pipe = pipeline("select", SelectKBest::new().k(2)).then("clf", LogisticRegression::new());
    /// assert!(pipe.fit(&iris.x, &iris.target)?.score(&iris.x, &iris.target)? > 0.95);
    /// # Ok::<(), Error>(())
    /// ```
    SelectKBest, "SelectKBest", FittedSelectKBest, "FittedSelectKBest", KBest;
    /// How many features are kept.
    k: K;
}

univariate! {
    /// Keeps a percentage of the features, those of the greatest scores.
    ///
    /// # Settings
    /// | name | default | range | meaning |
    /// |---|---|---|---|
    /// | `score_func` | [`FClassif`] | a [`ScoreFunction`] | what scores the features |
    /// | `percentile` | 10 | `[0, 100]` | percentage of features kept |
    ///
    /// Kept are the scores above the quantile 1 − `percentile`/100 (by linear interpolation), and of those equal to it the
    /// first ones up to the percentage, as in scikit-learn.
    ///
    /// # Errors
    /// `InvalidParameter`; those of the score function.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{feature_selection::SelectPercentile, prelude::*};
    ///
    /// let wine = fitwell::datasets::load_wine()?;
    /// let model = SelectPercentile::new().percentile(20.0).fit(&wine.x, &wine.target)?;
    /// assert_eq!(model.support_indices(), [6, 11, 12]);
    /// # Ok::<(), Error>(())
    /// ```
    SelectPercentile, "SelectPercentile", FittedSelectPercentile, "FittedSelectPercentile", Percentile;
    /// The percentage of features kept.
    percentile: f64;
}

univariate! {
    /// Keeps the features whose p-value is below `alpha`: of those that say nothing, a part `alpha` is kept by mistake.
    ///
    /// | setting | default | range | meaning |
    /// |---|---|---|---|
    /// | `score_func` | [`FClassif`] | a [`ScoreFunction`] with p-values | what scores the features |
    /// | `alpha` | 0.05 | `[0, 1]` | the p-value below which a feature is kept |
    ///
    /// # Errors
    /// `InvalidParameter`, also for a score function without p-values; those of the score function.
    ///
    /// ```
    /// use fitwell::{feature_selection::SelectFpr, prelude::*};
    ///
    /// let wine = fitwell::datasets::load_wine()?;
    /// assert_eq!(SelectFpr::new().alpha(1e-40).fit(&wine.x, &wine.target)?.support_indices(), [6, 11, 12]);
    /// # Ok::<(), Error>(())
    /// ```
    SelectFpr, "SelectFpr", FittedSelectFpr, "FittedSelectFpr", Fpr;
    /// The p-value below which a feature is kept.
    alpha: f64;
}

univariate! {
    /// Keeps features so that of those kept a part `alpha` at most is expected to be there by mistake.
    ///
    /// The procedure of Benjamini and Hochberg (1995), "Controlling the false discovery rate": with the p-values sorted, all
    /// up to the last one that is at most `alpha` · rank / p.
    ///
    /// | setting | default | range | meaning |
    /// |---|---|---|---|
    /// | `score_func` | [`FClassif`] | a [`ScoreFunction`] with p-values | what scores the features |
    /// | `alpha` | 0.05 | `[0, 1]` | the false discovery rate |
    ///
    /// # Errors
    /// `InvalidParameter`, also for a score function without p-values; those of the score function.
    ///
    /// ```
    /// use fitwell::{feature_selection::{FRegression, SelectFdr}, prelude::*};
    ///
    /// let diabetes = fitwell::datasets::load_diabetes()?;
    /// let select = SelectFdr::new().score_func(FRegression::new()).alpha(0.01);
    /// assert_eq!(select.fit(&diabetes.x, &diabetes.target)?.n_features(), 9);
    /// # Ok::<(), Error>(())
    /// ```
    SelectFdr, "SelectFdr", FittedSelectFdr, "FittedSelectFdr", Fdr;
    /// The false discovery rate.
    alpha: f64;
}

univariate! {
    /// Keeps the features whose p-value is below `alpha` divided by their number: with probability 1 − `alpha` none is there
    /// by mistake (Bonferroni).
    ///
    /// | setting | default | range | meaning |
    /// |---|---|---|---|
    /// | `score_func` | [`FClassif`] | a [`ScoreFunction`] with p-values | what scores the features |
    /// | `alpha` | 0.05 | `[0, 1]` | the family-wise error rate |
    ///
    /// # Errors
    /// `InvalidParameter`, also for a score function without p-values; those of the score function.
    ///
    /// ```
    /// use fitwell::{feature_selection::SelectFwe, prelude::*};
    ///
    /// let cancer = fitwell::datasets::load_breast_cancer()?;
    /// assert_eq!(SelectFwe::new().fit(&cancer.x, &cancer.target)?.n_features(), 25);
    /// # Ok::<(), Error>(())
    /// ```
    SelectFwe, "SelectFwe", FittedSelectFwe, "FittedSelectFwe", Fwe;
    /// The family-wise error rate.
    alpha: f64;
}

univariate! {
    /// Keeps features by a rule chosen by name, so that a search can choose it.
    ///
    /// | setting | default | range | meaning |
    /// |---|---|---|---|
    /// | `score_func` | [`FClassif`] | a [`ScoreFunction`] | what scores the features |
    /// | `mode` | `percentile` | [`SelectMode`] | the rule |
    /// | `param` | 1e-5 | as the rule's | its `percentile`, `k` or `alpha` |
    ///
    /// # Errors
    /// Those of the rule's own selector, with the name `param`.
    ///
    /// ```
    /// use fitwell::{feature_selection::{GenericUnivariateSelect, SelectMode}, prelude::*};
    ///
    /// let iris = fitwell::datasets::load_iris()?;
    /// let select = GenericUnivariateSelect::new().mode(SelectMode::KBest).param(1usize);
    /// assert_eq!(select.fit(&iris.x, &iris.target)?.support_indices(), [2]);
    /// # Ok::<(), Error>(())
    /// ```
    GenericUnivariateSelect, "GenericUnivariateSelect", FittedGenericUnivariateSelect, "FittedGenericUnivariateSelect", Generic;
    /// The rule.
    mode: SelectMode;
    /// The rule's parameter.
    param: SelectParam;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feature_selection::FeatureScores;
    use crate::feature_selection::{FRegression, RRegression, score_function};
    use crate::labels::Labels;
    use crate::traits::{FeatureNamesOut, Transform};
    use ndarray::array;

    const NAN: f64 = f64::NAN;

    fn chosen(mask: Vec<bool>) -> Vec<usize> {
        super::super::support::indices(&mask)
    }

    #[test]
    fn ties_go_as_in_scikit_learn() {
        // Of equal scores the last for a count, the first for a percentage.
        let scores = [2.0, 1.0, 2.0, 2.0, NAN];
        assert_eq!(chosen(best(&scores, 1)), [3]);
        assert_eq!(chosen(best(&scores, 2)), [2, 3]);
        assert_eq!(chosen(best(&scores, 5)), [0, 1, 2, 3, 4]);
        assert_eq!(chosen(best(&[-0.0, 0.0, -0.0], 1)), [2]);
        assert_eq!(chosen(best_percentile(&scores, 40.0)), [0, 2]);
        assert_eq!(
            chosen(best_percentile(&[f64::INFINITY, 1.0, 2.0], 34.0)),
            [0]
        );
        assert_eq!(chosen(best_percentile(&[f64::INFINITY; 4], 50.0)), [0, 1]);
    }

    #[test]
    fn rules_on_p_values() {
        let p = [0.01, 0.02, 0.03, 0.5, NAN];
        assert_eq!(chosen(below(&p, 0.03)), [0, 1]);
        assert_eq!(chosen(bonferroni(&p, 0.06)), [0]);
        // Thresholds 0.01, 0.02, 0.03: the third is met, so the first three are kept.
        assert_eq!(chosen(benjamini_hochberg(&p, 0.05)), [0, 1, 2]);
        assert!(chosen(benjamini_hochberg(&p, 0.04)).is_empty());
        assert!(chosen(below(&p, 0.0)).is_empty());
    }

    fn data() -> (ndarray::Array2<f64>, Labels) {
        let x = array![
            [1.0, 0.0, 7.0],
            [2.0, 1.0, 7.0],
            [4.0, 0.0, 7.0],
            [5.0, 1.0, 7.0]
        ];
        (x, Labels::from([0, 0, 1, 1]))
    }

    #[test]
    fn more_features_than_there_are_keep_all() {
        let (x, y) = data();
        let ten = SelectKBest::new().fit(&x, &y).unwrap();
        assert_eq!(ten.support(), [true; 3]);
        let all = SelectKBest::new().k(K::All).fit(&x, &y).unwrap();
        assert_eq!(all.support(), [true; 3]);
        assert!(all.scores()[2].is_nan());
        assert_eq!(
            SelectKBest::new()
                .k(2)
                .fit(&x, &y)
                .unwrap()
                .support_indices(),
            [0, 1]
        );
    }

    #[test]
    fn nothing_selected_has_no_columns() {
        let (x, y) = data();
        let none = SelectKBest::new().k(0).fit(&x, &y).unwrap();
        assert_eq!(none.transform(&x).unwrap().dim(), (4, 0));
        assert!(none.feature_names_out(None).unwrap().is_empty());
    }

    #[test]
    fn p_values_are_asked_for_where_they_are_needed() {
        let (x, _) = data();
        let y = array![1.0, 2.0, 3.0, 5.0];
        let e = SelectFpr::new()
            .score_func(RRegression::new())
            .fit(&x, &y)
            .unwrap_err();
        assert!(
            e.to_string()
                .starts_with("`score_func` of `SelectFpr` must be"),
            "{e}"
        );
        let one = score_function("one", |_: &ArrayRef2<f64>, _: &Labels| {
            Ok(FeatureScores::new(array![1.0]))
        });
        assert!(
            SelectKBest::new()
                .score_func(one)
                .k(1)
                .fit(&x, &data().1)
                .is_err()
        );
    }

    #[test]
    fn parameters_by_name() {
        let select = SelectKBest::new().score_func(FRegression::new());
        assert_eq!(select.params().len(), 3);
        let new = select.with_param("k", "all").unwrap();
        let new = new.with_param("score_func__center", false).unwrap();
        assert_eq!(
            new.to_string(),
            "SelectKBest(k=\"all\", score_func=FRegression(center=false))"
        );
        assert_eq!(new.params()["k"], "all");
        let e = select.with_param("k", -1).unwrap_err().to_string();
        assert_eq!(
            e,
            "`k` of `SelectKBest` must be a number of features or \"all\", got -1"
        );
        let e = select.with_param("kk", 1).unwrap_err().to_string();
        assert!(e.contains("k, score_func__center"), "{e}");
        let again = SelectKBest::<FRegression>::from_bytes(&new.to_bytes().unwrap()).unwrap();
        assert_eq!(again, new);
        let (x, y) = data();
        let generic = GenericUnivariateSelect::new();
        for (mode, param, fits) in [
            ("k_best", 1.5.into(), false),
            ("k_best", Value::from("all"), true),
            ("fdr", "all".into(), false),
            ("percentile", 101.into(), false),
            ("fwe", 1.into(), true),
            ("fpr", "nan".into(), false),
        ] {
            let changed = generic.with_param("mode", mode).unwrap();
            let changed = changed.with_value("param", param).unwrap();
            assert_eq!(changed.fit(&x, &y).is_ok(), fits, "{changed}");
        }
    }
}
