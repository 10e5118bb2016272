//! What a score function is and gives.

use std::collections::BTreeMap;
use std::fmt;

use ndarray::{Array1, ArrayRef2};

use crate::error::{Error, ErrorKind, Result};
use crate::params::{Params, Value};

/// The score of each feature, greater is better, and its p-value where there is one.
///
/// A feature that says nothing either way, a constant one for [`f_classif`](super::f_classif), has score and p-value NaN;
/// selectors put it last.
#[derive(Clone, Debug)]
pub struct FeatureScores {
    scores: Array1<f64>,
    pvalues: Option<Array1<f64>>,
}

impl FeatureScores {
    /// Scores alone.
    pub fn new(scores: Array1<f64>) -> Self {
        FeatureScores {
            scores,
            pvalues: None,
        }
    }

    /// Scores with the probability of a score at least as great when feature and target are independent.
    pub fn with_pvalues(scores: Array1<f64>, pvalues: Array1<f64>) -> Self {
        FeatureScores {
            scores,
            pvalues: Some(pvalues),
        }
    }

    /// The scores.
    pub fn scores(&self) -> &Array1<f64> {
        &self.scores
    }

    /// The p-values, if the score has any.
    pub fn pvalues(&self) -> Option<&Array1<f64>> {
        self.pvalues.as_ref()
    }

    /// One score for each feature, one p-value for each score.
    pub(super) fn into_parts(
        self,
        n_features: usize,
    ) -> Result<(Array1<f64>, Option<Array1<f64>>)> {
        let lengths = [Some(&self.scores), self.pvalues.as_ref()];
        for values in lengths.into_iter().flatten() {
            if values.len() != n_features {
                let what = "number of scores of the score function";
                return Err(Error::shape(what, n_features, values.len()));
            }
        }
        Ok((self.scores, self.pvalues))
    }
}

/// Scores each feature by itself against the target.
///
/// [`FClassif`](super::FClassif), [`Chi2`](super::Chi2) and [`MutualInfoClassif`](super::MutualInfoClassif) take classes,
/// [`FRegression`](super::FRegression), [`RRegression`](super::RRegression) and
/// [`MutualInfoRegression`](super::MutualInfoRegression) a real target; a mix-up does not compile:
///
/// ```compile_fail,E0277
/// use fitwell::{feature_selection::{FRegression, SelectKBest}, prelude::*};
/// use ndarray::array;
///
/// let y = Labels::from([0, 1]);
/// SelectKBest::new().score_func(FRegression::new()).fit(&array![[0.0], [1.0]], &y);
/// ```
///
/// [`score_function`] makes one of a closure.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not score features of `{F}` against `{Y}`",
    note = "`FClassif`, `Chi2`, `MutualInfoClassif` need `Labels`; `FRegression`, `RRegression`, `MutualInfoRegression` a 1-dimensional real array of the samples' element type"
)]
pub trait ScoreFunction<F, Y: ?Sized> {
    /// The scores of the columns of `x` (n_samples, n_features).
    ///
    /// # Errors
    /// As the function says.
    fn score_features(&self, x: &ArrayRef2<F>, y: &Y) -> Result<FeatureScores>;
}

/// A score function made of a closure by [`score_function`].
#[derive(Clone)]
pub struct NamedScore<C> {
    name: String,
    closure: C,
}

/// A score function of your own, under a name for the eye.
///
/// ```
/// use fitwell::{feature_selection::{FeatureScores, SelectKBest, score_function}, prelude::*};
/// use ndarray::{ArrayRef2, Axis, array};
///
/// let mean = score_function("mean", |x: &ArrayRef2<f64>, _: &Labels| {
///     Ok(FeatureScores::new(x.sum_axis(Axis(0)) / x.nrows() as f64))
/// });
/// let (x, y) = (array![[1.0, 5.0], [2.0, 0.0]], Labels::from([0, 1]));
/// let model = SelectKBest::new().score_func(mean).k(1).fit(&x, &y)?;
/// assert_eq!(model.support_indices(), [1]);
/// # Ok::<(), Error>(())
/// ```
pub fn score_function<C>(name: impl Into<String>, closure: C) -> NamedScore<C> {
    NamedScore {
        name: name.into(),
        closure,
    }
}

impl<C, F, Y: ?Sized> ScoreFunction<F, Y> for NamedScore<C>
where
    C: Fn(&ArrayRef2<F>, &Y) -> Result<FeatureScores>,
{
    fn score_features(&self, x: &ArrayRef2<F>, y: &Y) -> Result<FeatureScores> {
        (self.closure)(x, y)
    }
}

/// A closure has no parameters.
impl<C: Clone> Params for NamedScore<C> {
    fn params(&self) -> BTreeMap<String, Value> {
        BTreeMap::new()
    }

    fn with_value(&self, name: &str, _: Value) -> Result<Self> {
        Err(ErrorKind::UnknownParameter {
            estimator: self.name.clone(),
            name: name.into(),
            known: Vec::new(),
        }
        .into())
    }
}

impl<C> fmt::Debug for NamedScore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamedScore")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl<C> fmt::Display for NamedScore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Without settings: a type of one value.
macro_rules! plain_function {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub struct $name;

        impl $crate::params::Hyperparameters for $name {
            const NAME: &'static str = stringify!($name);
            fn check(&self) -> $crate::Result<()> {
                Ok(())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}
pub(super) use plain_function;
