//! What a search gives: the best model, and the results.

use std::fmt;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::engine::place;
use crate::boxed::Confidence;
use crate::error::Result;
use crate::labels::Class;
use crate::model::Model;
use crate::model_selection::param_values::ParamValues;
use crate::model_selection::search_results::SearchResults;
use crate::samples::Samples;
use crate::targets::Targets;
use crate::traits::{
    Classes, DecisionFunction, FeatureNamesOut, InverseTransform, Known, Predict, PredictProba,
    PredictStd, Score, Transform,
};

/// The best candidate of a search, fitted on all rows, with the results of the search.
///
/// It predicts, transforms and scores as the best model does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedSearchCv<M> {
    best: M,
    results: SearchResults,
}

impl<M> FittedSearchCv<M> {
    pub(super) fn new(best: M, results: SearchResults) -> Self {
        FittedSearchCv { best, results }
    }

    /// The best candidate, fitted on all rows.
    pub fn best_estimator(&self) -> &M {
        &self.best
    }

    /// The best candidate, fitted on all rows, without the results.
    pub fn into_best_estimator(self) -> M {
        self.best
    }

    /// The scores of every candidate; scikit-learn's `cv_results_`.
    #[doc(alias = "cv_results")]
    pub fn results(&self) -> &SearchResults {
        &self.results
    }

    /// The best candidate's hyper-parameters.
    pub fn best_params(&self) -> &ParamValues {
        self.results.best_params()
    }

    /// The best candidate's mean score over the folds.
    pub fn best_score(&self) -> f64 {
        self.results.best_score()
    }

    /// The best candidate's position among the candidates.
    pub fn best_index(&self) -> usize {
        self.results.best_index()
    }
}

impl<M: Model> Model for FittedSearchCv<M> {
    fn type_name() -> String {
        format!("FittedSearchCv<{}>", M::type_name())
    }

    fn importances(&self) -> Option<Result<Array2<f64>>> {
        self.best.importances()
    }
    fn importances_are_sparse(&self) -> bool {
        self.best.importances_are_sparse()
    }
    fn validate(&self) -> Result<()> {
        self.results.validate()?;
        self.best.validate().map_err(|e| e.within("best estimator"))
    }
}

/// The winner and its score, then the model.
impl<M: fmt::Display> fmt::Display for FittedSearchCv<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let results = &self.results;
        write!(
            f,
            "best of {}: {}, {} {:.4}",
            results.candidates().len(),
            place(results.best_index(), results.best_params()),
            results.scorer(),
            results.best_score()
        )?;
        for line in self.best.to_string().lines() {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}

macro_rules! through_best {
    ($trait:ident { type $assoc:ident; $(fn $method:ident -> $out:ty;)+ }) => {
        impl<X: Samples + ?Sized, M: $trait<X>> $trait<X> for FittedSearchCv<M> {
            type $assoc = M::$assoc;
            $(fn $method(&self, x: &X) -> Result<$out> {
                self.best.$method(x)
            })+
        }
    };
}
through_best!(Predict { type Output; fn predict -> M::Output; });
through_best!(PredictStd { type Output; fn predict_std -> (M::Output, M::Output); });
through_best!(InverseTransform { type Output; fn inverse_transform -> M::Output; });
through_best!(DecisionFunction { type Float; fn decision_function -> Array2<M::Float>; });
through_best!(PredictProba {
    type Float;
    fn predict_proba -> Array2<M::Float>;
    fn predict_log_proba -> Array2<M::Float>;
});

impl<X: Samples + ?Sized, M: Transform<X>> Transform<X> for FittedSearchCv<M> {
    type Output = M::Output;
    fn transform(&self, x: &X) -> Result<M::Output> {
        self.best.transform(x)
    }
    fn transform_fitted(&self, x: &X, known: Known) -> Result<M::Output> {
        self.best.transform_fitted(x, known)
    }
}

impl<X: Samples + ?Sized, Y: Targets + ?Sized, M: Score<X, Y>> Score<X, Y> for FittedSearchCv<M> {
    fn score(&self, x: &X, y: &Y) -> Result<f64> {
        self.best.score(x, y)
    }
}

impl<X: Samples + ?Sized, M: Confidence<X>> Confidence<X> for FittedSearchCv<M> {
    type Float = M::Float;
    fn maybe_proba(&self, x: &X) -> Option<Result<Array2<M::Float>>> {
        self.best.maybe_proba(x)
    }
    fn maybe_log_proba(&self, x: &X) -> Option<Result<Array2<M::Float>>> {
        self.best.maybe_log_proba(x)
    }
    fn maybe_decision(&self, x: &X) -> Option<Result<Array2<M::Float>>> {
        self.best.maybe_decision(x)
    }
}

impl<M: Classes> Classes for FittedSearchCv<M> {
    fn classes(&self) -> &[Class] {
        self.best.classes()
    }
}

impl<M: FeatureNamesOut> FeatureNamesOut for FittedSearchCv<M> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        self.best.feature_names_out(input)
    }
}
