//! Which candidate is the best one.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model_selection::SearchResults;
use crate::params::Value;

/// Which candidate counts as the best and is fitted again on all rows.
///
/// A search that fits nothing again is [`SearchCv::search`](super::SearchCv::search).
///
/// ```
/// use fitwell::model_selection::{Accuracy, GridSearchCv, NegLogLoss, ParamGrid, Refit};
/// use fitwell::{linear_model::LogisticRegression, prelude::*};
///
/// let iris = fitwell::datasets::load_iris()?;
/// let search = GridSearchCv::new(LogisticRegression::new(), ParamGrid::new().with("C", [0.01, 0.1, 1.0, 10.0]))
///     .scoring((Accuracy, NegLogLoss));
///
/// let by_loss = search.clone().refit("neg_log_loss").fit(&iris.x, &iris.target)?;
/// assert_eq!(by_loss.results().scorer(), "neg_log_loss");
///
/// // The strongest regularisation that is as good as the best, as far as five folds can tell.
/// let simple = Refit::one_standard_error(|params| params["C"].as_f64().unwrap_or(f64::INFINITY));
/// let by_rule = search.refit(simple).fit(&iris.x, &iris.target)?;
/// assert!(by_rule.best_params()["C"].as_f64() <= by_loss.best_params()["C"].as_f64());
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Refit {
    /// The first scorer ranks.
    #[default]
    First,
    /// The scorer of this name ranks.
    Scorer(String),
    /// A rule chooses; made by [`Refit::rule`]. A search with a rule cannot be saved.
    #[serde(skip)]
    Rule(Rule),
}

type Choose = dyn Fn(&SearchResults) -> Result<usize> + Send + Sync;

/// Chooses the best candidate of a search.
#[derive(Clone)]
pub struct Rule {
    name: String,
    choose: Arc<Choose>,
}

impl Refit {
    /// The candidate at the position that `choose` returns.
    pub fn rule(
        name: impl Into<String>,
        choose: impl Fn(&SearchResults) -> Result<usize> + Send + Sync + 'static,
    ) -> Self {
        Refit::Rule(Rule {
            name: name.into(),
            choose: Arc::new(choose),
        })
    }

    /// The candidate of least `complexity` among those whose mean is at most one standard error below the best; see
    /// [`SearchResults::within_one_standard_error`]. Of equals the one with the greater mean.
    pub fn one_standard_error(
        complexity: impl Fn(&BTreeMap<String, Value>) -> f64 + Send + Sync + 'static,
    ) -> Self {
        Refit::rule("one standard error", move |results| {
            let near = results.within_one_standard_error();
            let of = |i: usize| {
                let candidate = &results.candidates()[i];
                (complexity(candidate.params()), -candidate.mean_test_score())
            };
            let simplest = near.into_iter().min_by(|&a, &b| {
                let ((a, worse_a), (b, worse_b)) = (of(a), of(b));
                a.total_cmp(&b).then(worse_a.total_cmp(&worse_b))
            });
            Ok(simplest.unwrap_or(results.best_index()))
        })
    }

    /// The position of the scorer that ranks.
    pub(crate) fn ranked_by(&self, search: &str, scorers: &[String]) -> Result<usize> {
        let Refit::Scorer(name) = self else {
            return Ok(0);
        };
        let found = scorers.iter().position(|n| n == name);
        found.ok_or_else(|| {
            let expected = format!("the name of a scorer, one of: {}", scorers.join(", "));
            Error::invalid_parameter(search, "refit", expected, format!("\"{name}\""))
        })
    }

    /// The results with the best candidate that the rule chooses, if there is a rule.
    pub(crate) fn choose(&self, results: SearchResults) -> Result<SearchResults> {
        let Refit::Rule(rule) = self else {
            return Ok(results);
        };
        let place = || format!("rule `{}`", rule.name);
        let best = (rule.choose)(&results).map_err(|e| e.within(place()))?;
        results.chosen_by(&rule.name, best)
    }
}

impl From<&str> for Refit {
    fn from(scorer: &str) -> Self {
        Refit::Scorer(scorer.into())
    }
}

impl From<String> for Refit {
    fn from(scorer: String) -> Self {
        Refit::Scorer(scorer)
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule({:?})", self.name)
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && Arc::ptr_eq(&self.choose, &other.choose)
    }
}
