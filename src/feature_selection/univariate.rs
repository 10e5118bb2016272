//! Selectors that look at each feature by itself.

mod rules;

use std::collections::BTreeMap;
use std::fmt;

use ndarray::{Array1, ArrayRef2};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use self::rules::{Fdr, Fpr, Fwe, Generic, KBest, Percentile, Rule};
use super::classes::FClassif;
use super::score::ScoreFunction;
use super::support::{Kept, numbers, params_with, same_numbers, selector, with_value_of};
use super::written::{count, from_real, real, written};
use crate::check::{self};
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
mod tests;
