//! Search over candidates drawn at random.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::distributions::ParamDistributions;
use super::param_grid::ParamGrid;
use super::param_values;
use super::scoring::DefaultScore;
use super::search::{Batches, Once, SearchCv, Setting, Strategy};
use crate::error::{Error, Result};
use crate::params::{Hyperparameters, Params, Value};

/// Tries candidates drawn at random by cross-validation and fits the best again on all rows.
///
/// Where few of many parameters matter, which is the rule, random candidates try more different values of those few than a
/// grid of the same size.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `n_iter` | 10 | the number of candidates |
/// | `random_state` | 0 | the seed they are drawn with |
///
/// The other settings are those of [`SearchCv`]. Where every parameter is a list or a range of whole numbers, no candidate is
/// drawn twice, and there are no more of them than combinations.
///
/// # Source
/// J. Bergstra and Y. Bengio, Random Search for Hyper-Parameter Optimization, Journal of Machine Learning Research 13 (2012).
///
/// ```
/// use fitwell::model_selection::{ParamDistributions, RandomizedSearchCv, log_uniform};
/// use fitwell::{linear_model::LogisticRegression, preprocessing::StandardScaler, prelude::*};
///
/// let wine = fitwell::datasets::load_wine()?;
/// let pipe = pipeline("scale", StandardScaler::new()).then("clf", LogisticRegression::new());
/// let space = ParamDistributions::new()
///     .with("clf__C", log_uniform(1e-3, 1e3))
///     .with("clf__fit_intercept", [true, false]);
/// let search = RandomizedSearchCv::new(pipe, space).n_iter(20).random_state(7).fit(&wine.x, &wine.target)?;
/// assert_eq!(search.results().candidates().len(), 20);
/// assert!(search.best_score() > 0.95);
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "RandomizedSearchCV")]
pub type RandomizedSearchCv<E, S = DefaultScore, C = usize> = SearchCv<E, RandomDraws, S, C>;

/// The [`Strategy`] of a [`RandomizedSearchCv`]: candidates drawn at random, in one batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomDraws {
    distributions: ParamDistributions,
    settings: Settings,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    n_iter: usize,
    random_state: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            n_iter: 10,
            random_state: 0,
        }
    }
}

impl Hyperparameters for Settings {
    const NAME: &'static str = "RandomizedSearchCv";
    fn check(&self) -> Result<()> {
        check_n_iter(Self::NAME, self.n_iter)
    }
}

/// A number of candidates from 1 to what a search accepts.
pub(super) fn check_n_iter(estimator: &str, n_iter: usize) -> Result<()> {
    if (1..=ParamGrid::MAX_CANDIDATES).contains(&(n_iter as u64)) {
        return Ok(());
    }
    let expected = format!("in [1, {}]", ParamGrid::MAX_CANDIDATES);
    Err(Error::invalid_parameter(
        estimator, "n_iter", expected, n_iter,
    ))
}

/// What strategies share that draw from `distributions` by `settings`.
macro_rules! from_distributions {
    () => {
        fn check(&self) -> Result<()> {
            self.settings.check()?;
            self.distributions.check()
        }

        fn examples(&self) -> Vec<(String, Value)> {
            self.distributions.examples()
        }

        fn params(&self) -> BTreeMap<String, Value> {
            self.settings.params()
        }

        fn with_value(&self, name: &str, value: Value) -> Result<Option<Self>> {
            if !self.params().contains_key(name) {
                return Ok(None);
            }
            Ok(Some(Self {
                distributions: self.distributions.clone(),
                settings: self.settings.with_value(name, value)?,
            }))
        }

        /// The distributions, then the number of candidates, the seed, and what is not its default.
        fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let (mut all, defaults) = (self.params(), Settings::default().params());
            all.retain(|name, value| {
                matches!(name.as_str(), "n_iter" | "random_state") || defaults[name] != *value
            });
            write!(f, "{}\n{}", self.distributions, param_values::text(&all))
        }
    };
}
pub(super) use from_distributions;

impl RandomDraws {
    /// Ten candidates of these distributions.
    pub fn new(distributions: impl Into<ParamDistributions>) -> Self {
        RandomDraws {
            distributions: distributions.into(),
            settings: Settings::default(),
        }
    }

    /// What is drawn from.
    pub fn distributions(&self) -> &ParamDistributions {
        &self.distributions
    }
}

impl<E> RandomizedSearchCv<E> {
    /// A search of ten candidates by five folds and the model's own score.
    pub fn new(estimator: E, distributions: impl Into<ParamDistributions>) -> Self {
        SearchCv::with_strategy(estimator, RandomDraws::new(distributions))
    }
}

impl<E, S, C> RandomizedSearchCv<E, S, C> {
    /// The number of candidates.
    pub fn n_iter(mut self, n_iter: usize) -> Self {
        self.strategy.settings.n_iter = n_iter;
        self
    }

    /// The seed the candidates are drawn with.
    pub fn random_state(mut self, random_state: u64) -> Self {
        self.strategy.settings.random_state = random_state;
        self
    }
}

impl Strategy for RandomDraws {
    const NAME: &'static str = Settings::NAME;

    fn start(&self, _: &Setting) -> Result<Box<dyn Batches>> {
        let Settings {
            n_iter,
            random_state,
        } = self.settings;
        Ok(Box::new(Once::new(
            self.distributions.draw(n_iter, random_state)?,
        )))
    }

    from_distributions!();
}
