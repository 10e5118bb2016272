//! Successive halving: many candidates on few resources, few candidates on many.

use std::collections::BTreeMap;
use std::fmt;

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::param_grid::ParamGrid;
use super::random_search::RandomDraws;
use super::scoring::DefaultScore;
use super::search::{Batch, Batches, SearchCv, Setting, Strategy, Tried};
use super::search_results::CandidateResult;
use super::splitter::{Split, Splits};
use crate::check::{self, Interval};
use crate::error::{Error, ErrorKind, Result};
use crate::labels::Labels;
use crate::model_selection::ParamDistributions;
use crate::params::{Hyperparameters, Params, Value};
use crate::random;

/// A [`GridSearchCv`](super::GridSearchCv) by successive halving: all candidates of the grid on few rows, the best third of
/// them on three times as many, and so on.
///
/// With n candidates, a factor f and r₀ resources to begin with, iteration i tries ⌈n / fⁱ⌉ candidates on r₀ fⁱ resources each. The
/// best candidate is that of the last iteration. The numbers of candidates and resources are scikit-learn's; see
/// [`SearchResults::schedule`](super::SearchResults::schedule).
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `factor` | 3 | how many candidates compete for one place in the next iteration, above 1 |
/// | `resource` | [`Resource::Rows`] | rows, or an integer parameter such as `max_iter` |
/// | `max_resources` | all rows | what a candidate may use at most; must be given for a parameter |
/// | `min_resources` | [`MinResources::Exhaust`] | what the first iteration uses |
/// | `aggressive_elimination` | false | repeats the first iteration's resources until what is left can end with fewer than `factor` candidates |
/// | `random_state` | 0 | which rows are selected |
///
/// The other settings are those of [`SearchCv`]; training rows are scored by default, as in scikit-learn.
///
/// Of each fold's training and test rows the same share is selected, at random and rounded, more rows later holding those of
/// before. Of classes the selection keeps the proportions. (scikit-learn's does not, and then fits without a class at times; it
/// rounds down, and then scores R² on one row, which is NaN.)
///
/// # Errors
/// Those of [`SearchCv`]; `InvalidParameter` for settings that contradict each other or the data.
///
/// # Source
/// Z. Karnin, T. Koren and O. Somekh, Almost Optimal Exploration in Multi-Armed Bandits, ICML 2013; K. Jamieson and A.
/// Talwalkar, Non-stochastic Best Arm Identification and Hyperparameter Optimization, AISTATS 2016.
///
/// ```
/// use fitwell::model_selection::{HalvingGridSearchCv, ParamGrid};
/// use fitwell::{linear_model::LogisticRegression, preprocessing::StandardScaler, prelude::*};
///
/// let cancer = fitwell::datasets::load_breast_cancer()?;
/// let pipe = pipeline("scale", StandardScaler::new()).then("clf", LogisticRegression::new());
/// let grid = ParamGrid::new().with("clf__C", [0.001, 0.01, 0.1, 1.0, 10.0, 100.0]);
/// let search = HalvingGridSearchCv::new(pipe, grid).fit(&cancer.x, &cancer.target)?;
/// let schedule = search.results().schedule().ok_or(Error::invalid_input("search", "without a schedule"))?;
/// assert_eq!(schedule.n_candidates(), [6, 2]);
/// assert_eq!(schedule.n_resources(), [189, 567]);
/// assert!(search.best_score() > 0.9);
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "HalvingGridSearchCV")]
pub type HalvingGridSearchCv<E, S = DefaultScore, C = usize> =
    SearchCv<E, Halving<ParamGrid>, S, C>;

/// A [`RandomizedSearchCv`](super::RandomizedSearchCv) by successive halving; see
/// [`HalvingGridSearchCv`] for how and [`RandomDraws`] for the candidates.
///
/// `n_candidates` is [`NCandidates::Exhaust`] by default: as many as the rows suffice for. `min_resources` is
/// [`MinResources::Smallest`].
///
/// ```
/// use fitwell::model_selection::{HalvingRandomSearchCv, ParamDistributions, log_uniform};
/// use fitwell::{linear_model::Ridge, prelude::*};
///
/// let data = fitwell::datasets::load_diabetes()?;
/// let space = ParamDistributions::new().with("alpha", log_uniform(1e-4, 1e2));
/// let search = HalvingRandomSearchCv::new(Ridge::new(), space).fit(&data.x, &data.target)?;
/// let schedule = search.results().schedule().ok_or(Error::invalid_input("search", "without a schedule"))?;
/// assert_eq!(schedule.n_candidates(), [44, 15, 5, 2]);
/// assert_eq!(schedule.n_resources(), [10, 30, 90, 270]);
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "HalvingRandomSearchCV")]
pub type HalvingRandomSearchCv<E, S = DefaultScore, C = usize> =
    SearchCv<E, Halving<RandomDraws>, S, C>;

/// The [`Strategy`] of successive halving over the candidates of another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Halving<P> {
    candidates: P,
    settings: Settings,
}

/// What successive halving gives more of to fewer candidates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// Rows of the data. scikit-learn's `"n_samples"`.
    #[default]
    Rows,
    /// The integer parameter of this name.
    Parameter(String),
}

/// The resources of the first iteration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MinResources {
    /// So many that the last iteration uses as many as it can.
    #[default]
    Exhaust,
    /// Of rows, 2 for each fold, times the number of classes; of a parameter, 1.
    Smallest,
    /// This number.
    Exactly(usize),
}

/// How many candidates a [`HalvingRandomSearchCv`] begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NCandidates {
    /// So many that the last iteration uses as many resources as it can.
    #[default]
    Exhaust,
    /// This number.
    Exactly(usize),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    #[serde(with = "crate::params::number")]
    factor: f64,
    resource: Resource,
    max_resources: Option<usize>,
    min_resources: MinResources,
    aggressive_elimination: bool,
    n_candidates: NCandidates,
    random_state: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            factor: 3.0,
            resource: Resource::Rows,
            max_resources: None,
            min_resources: MinResources::Exhaust,
            aggressive_elimination: false,
            n_candidates: NCandidates::Exhaust,
            random_state: 0,
        }
    }
}

impl Hyperparameters for Settings {
    const NAME: &'static str = "HalvingSearchCv";
    fn check(&self) -> Result<()> {
        check::real(Self::NAME, "factor", self.factor, Interval::above(1.0))?;
        let positive = |name: &str, value: Option<usize>| match value {
            Some(0) => Err(Error::invalid_parameter(Self::NAME, name, "at least 1", 0)),
            _ => Ok(()),
        };
        positive("max_resources", self.max_resources)?;
        positive(
            "min_resources",
            match self.min_resources {
                MinResources::Exactly(n) => Some(n),
                _ => None,
            },
        )?;
        if let NCandidates::Exactly(n) = self.n_candidates
            && !(1..=ParamGrid::MAX_CANDIDATES).contains(&(n as u64))
        {
            let expected = format!("in [1, {}]", ParamGrid::MAX_CANDIDATES);
            return Err(Error::invalid_parameter(
                Self::NAME,
                "n_candidates",
                expected,
                n,
            ));
        }
        Ok(())
    }
}

impl<E> HalvingGridSearchCv<E> {
    /// A search by five folds, the model's own score, and rows as the resource.
    pub fn new(estimator: E, param_grid: impl Into<ParamGrid>) -> Self {
        let strategy = Halving {
            candidates: param_grid.into(),
            settings: Settings::default(),
        };
        SearchCv::with_strategy(estimator, strategy).return_train_score(true)
    }
}

impl<E> HalvingRandomSearchCv<E> {
    /// A search by five folds, the model's own score, and rows as the resource.
    pub fn new(estimator: E, distributions: impl Into<ParamDistributions>) -> Self {
        let settings = Settings {
            min_resources: MinResources::Smallest,
            ..Settings::default()
        };
        let strategy = Halving {
            candidates: RandomDraws::new(distributions),
            settings,
        };
        SearchCv::with_strategy(estimator, strategy).return_train_score(true)
    }
}

impl<E, S, C> HalvingRandomSearchCv<E, S, C> {
    /// How many candidates to begin with.
    pub fn n_candidates(mut self, n_candidates: NCandidates) -> Self {
        self.strategy.settings.n_candidates = n_candidates;
        self
    }
}

impl<E, P, S, C> SearchCv<E, Halving<P>, S, C> {
    /// How many candidates compete for one place in the next iteration.
    pub fn factor(mut self, factor: f64) -> Self {
        self.strategy.settings.factor = factor;
        self
    }

    /// Rows, or an integer parameter.
    pub fn resource(mut self, resource: Resource) -> Self {
        self.strategy.settings.resource = resource;
        self
    }

    /// What a candidate may use at most; of rows, all of them if not set.
    pub fn max_resources(mut self, max_resources: usize) -> Self {
        self.strategy.settings.max_resources = Some(max_resources);
        self
    }

    /// What a candidate uses in the first iteration.
    pub fn min_resources(mut self, min_resources: MinResources) -> Self {
        self.strategy.settings.min_resources = min_resources;
        self
    }

    /// Whether the first iteration's resources are repeated until few enough candidates are left.
    pub fn aggressive_elimination(mut self, yes: bool) -> Self {
        self.strategy.settings.aggressive_elimination = yes;
        self
    }

    /// The seed of the selection of rows, and of the candidates of a random search.
    pub fn random_state(mut self, random_state: u64) -> Self {
        self.strategy.settings.random_state = random_state;
        self
    }
}

/// Where the candidates of a halving search come from: [`ParamGrid`] and [`RandomDraws`].
pub trait Candidates: Strategy {
    /// The name of the search.
    const HALVING: &'static str;

    /// The candidates: so many, where the source has no number of its own.
    ///
    /// # Errors
    /// As the search.
    fn candidates_for(&self, n: Option<usize>, seed: u64) -> Result<Vec<BTreeMap<String, Value>>>;

    /// Whether the source asks how many.
    fn asks_for_a_number(&self) -> bool;
}

impl Candidates for ParamGrid {
    const HALVING: &'static str = "HalvingGridSearchCv";
    fn candidates_for(&self, _: Option<usize>, _: u64) -> Result<Vec<BTreeMap<String, Value>>> {
        self.candidates()
    }
    fn asks_for_a_number(&self) -> bool {
        false
    }
}

impl Candidates for RandomDraws {
    const HALVING: &'static str = "HalvingRandomSearchCv";
    fn candidates_for(&self, n: Option<usize>, seed: u64) -> Result<Vec<BTreeMap<String, Value>>> {
        self.distributions().draw(n.unwrap_or(1), seed)
    }
    fn asks_for_a_number(&self) -> bool {
        true
    }
}

impl<P: Candidates> Strategy for Halving<P> {
    const NAME: &'static str = P::HALVING;

    fn check(&self) -> Result<()> {
        self.settings.check()?;
        self.candidates.check()
    }

    fn start(&self, setting: &Setting) -> Result<Box<dyn Batches>> {
        let s = &self.settings;
        let wrong = |name: &str, expected: &str, got: &dyn fmt::Display| {
            Error::invalid_parameter(P::HALVING, name, expected, got)
        };
        let smallest = match &s.resource {
            Resource::Rows => 2 * setting.n_splits * setting.n_classes.unwrap_or(1),
            Resource::Parameter(name) => {
                if !setting.names.contains(name) {
                    return Err(ErrorKind::UnknownParameter {
                        estimator: P::HALVING.into(),
                        name: name.clone(),
                        known: setting.names.clone(),
                    }
                    .into());
                }
                1
            }
        };
        let max = match (s.max_resources, &s.resource) {
            (Some(max), _) => max,
            (None, Resource::Rows) => setting.n_samples,
            (None, Resource::Parameter(_)) => {
                return Err(wrong(
                    "max_resources",
                    "a number where a parameter is the resource",
                    &"none",
                ));
            }
        };
        if s.resource == Resource::Rows && max > setting.n_samples {
            let expected = format!("at most the number of rows, {}", setting.n_samples);
            return Err(wrong("max_resources", &expected, &max));
        }
        let mut min = match s.min_resources {
            MinResources::Exactly(n) => n,
            MinResources::Exhaust | MinResources::Smallest => smallest,
        };
        if min > max {
            let expected = format!("at most `max_resources`, {max}");
            return Err(wrong("min_resources", &expected, &min));
        }
        let n = match s.n_candidates {
            _ if !self.candidates.asks_for_a_number() => None,
            NCandidates::Exactly(n) => Some(n),
            NCandidates::Exhaust if s.min_resources == MinResources::Exhaust => {
                let expected = "a number, or `n_candidates` one";
                return Err(wrong(
                    "min_resources",
                    expected,
                    &"both to exhaust the resources",
                ));
            }
            NCandidates::Exhaust => Some(max / min),
        };
        let candidates = self.candidates.candidates_for(n, s.random_state)?;
        if let Resource::Parameter(name) = &s.resource
            && candidates.iter().any(|c| c.contains_key(name))
        {
            return Err(wrong("resource", "no parameter that is searched", name));
        }

        // Python's `math.log(n, factor)` is this quotient, rounding and all.
        let steps = |n: f64| ((n.ln() / s.factor.ln()).floor().max(0.0)) as usize;
        let n_required = 1 + steps(candidates.len() as f64);
        let power = |i: usize| s.factor.powi(i32::try_from(i).unwrap_or(i32::MAX));
        let mut least = min as f64;
        if s.min_resources == MinResources::Exhaust {
            least = least.max((max as f64 / power(n_required - 1)).floor());
            min = least as usize;
        }
        let n_possible = 1 + steps((max as f64 / least).floor());
        let n_iterations = match s.aggressive_elimination {
            true => n_required,
            false => n_required.min(n_possible),
        };
        let resources = |i: usize| {
            let i = match s.aggressive_elimination {
                true => (i + n_possible).saturating_sub(n_required),
                false => i,
            };
            ((power(i) * least) as usize).min(max)
        };
        // What is left when one of `factor` stays, rounded up.
        let kept = |n: usize| (n as f64 / s.factor).ceil() as usize;
        let n_candidates: Vec<usize> =
            std::iter::successors(Some(candidates.len()), |&n| Some(kept(n)))
                .take(n_iterations)
                .collect();
        let n_remaining = n_candidates.last().map_or(0, |&n| kept(n));
        let schedule = HalvingSchedule {
            n_resources: (0..n_iterations).map(resources).collect(),
            n_candidates,
            n_remaining_candidates: n_remaining,
            n_required_iterations: n_required,
            n_possible_iterations: n_possible,
            min_resources: min,
            max_resources: max,
        };
        Ok(Box::new(Rounds {
            first: candidates,
            resource: s.resource.clone(),
            n_samples: setting.n_samples,
            seed: s.random_state,
            schedule,
            next: 0,
        }))
    }

    fn examples(&self) -> Vec<(String, Value)> {
        self.candidates.examples()
    }

    fn params(&self) -> BTreeMap<String, Value> {
        let mut all = self.settings.params();
        if !self.candidates.asks_for_a_number() {
            all.remove("n_candidates");
        }
        all
    }

    fn with_value(&self, name: &str, value: Value) -> Result<Option<Self>> {
        if !self.params().contains_key(name) {
            return Ok(None);
        }
        Ok(Some(Halving {
            candidates: self.candidates.clone(),
            settings: self.settings.with_value(name, value)?,
        }))
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.candidates.describe(f)?;
        let defaults = Settings::default().params();
        for (name, value) in self.params() {
            if defaults.get(&name) != Some(&value) {
                write!(f, "\n{name}={value}")?;
            }
        }
        Ok(())
    }
}

/// How successive halving spends its resources, as scikit-learn's attributes of these names say it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HalvingSchedule {
    n_candidates: Vec<usize>,
    n_resources: Vec<usize>,
    n_remaining_candidates: usize,
    n_required_iterations: usize,
    n_possible_iterations: usize,
    min_resources: usize,
    max_resources: usize,
}

impl HalvingSchedule {
    /// The number of candidates in each iteration.
    pub fn n_candidates(&self) -> &[usize] {
        &self.n_candidates
    }

    /// What each candidate uses in each iteration.
    pub fn n_resources(&self) -> &[usize] {
        &self.n_resources
    }

    /// The number of iterations.
    pub fn n_iterations(&self) -> usize {
        self.n_resources.len()
    }

    /// The number of candidates that one more iteration would have had.
    pub fn n_remaining_candidates(&self) -> usize {
        self.n_remaining_candidates
    }

    /// The iterations it takes to end with fewer than `factor` candidates.
    pub fn n_required_iterations(&self) -> usize {
        self.n_required_iterations
    }

    /// The iterations for which the resources suffice.
    pub fn n_possible_iterations(&self) -> usize {
        self.n_possible_iterations
    }

    /// The resources of the first iteration.
    pub fn min_resources(&self) -> usize {
        self.min_resources
    }

    /// The most resources.
    pub fn max_resources(&self) -> usize {
        self.max_resources
    }

    /// The candidates of a file are those of the schedule.
    pub(super) fn validate(&self, candidates: &[CandidateResult]) -> Result<()> {
        let wrong = || Error::model_file("search results: another schedule than the candidates");
        if self.n_candidates.len() != self.n_resources.len() {
            return Err(wrong());
        }
        let mut left = candidates.iter();
        for (iteration, (&n, &resources)) in
            self.n_candidates.iter().zip(&self.n_resources).enumerate()
        {
            let right = |c: &CandidateResult| {
                (c.iteration(), c.n_resources()) == (Some(iteration), Some(resources))
            };
            let found = left.by_ref().take(n).filter(|c| right(c)).count();
            if found != n {
                return Err(wrong());
            }
        }
        if left.next().is_some() {
            return Err(wrong());
        }
        Ok(())
    }
}

/// The iterations of a search under way.
struct Rounds {
    first: Vec<BTreeMap<String, Value>>,
    resource: Resource,
    n_samples: usize,
    seed: u64,
    schedule: HalvingSchedule,
    next: usize,
}

impl Batches for Rounds {
    fn next(&mut self, tried: &[Tried]) -> Result<Option<Batch>> {
        let round = self.next;
        let sizes = (
            self.schedule.n_candidates.get(round),
            self.schedule.n_resources.get(round),
        );
        let (Some(&n), Some(&resources)) = sizes else {
            return Ok(None);
        };
        self.next += 1;
        let mut candidates = match round {
            0 => std::mem::take(&mut self.first),
            _ => {
                // The best of the round before, in the order of their scores, the best one last; failures count least.
                let mut last: Vec<&Tried> = tried.iter().filter(|t| t.batch + 1 == round).collect();
                last.sort_by(|a, b| match (a.score.is_nan(), b.score.is_nan()) {
                    (false, false) => a.score.total_cmp(&b.score),
                    (a_failed, b_failed) => b_failed.cmp(&a_failed),
                });
                let best = last.split_off(last.len().saturating_sub(n));
                best.into_iter().map(|t| t.params.clone()).collect()
            }
        };
        let rows = match &self.resource {
            Resource::Rows => Some((resources as f64 / self.n_samples as f64, self.seed)),
            Resource::Parameter(name) => {
                for candidate in &mut candidates {
                    candidate.insert(name.clone(), resources.into());
                }
                None
            }
        };
        let mut batch = Batch::new(candidates);
        batch.iteration = Some(round);
        batch.n_resources = Some(resources);
        batch.rows = rows;
        Ok(Some(batch))
    }

    fn total(&self) -> Option<usize> {
        Some(self.schedule.n_candidates.iter().sum())
    }

    fn schedule(&self) -> Option<HalvingSchedule> {
        Some(self.schedule.clone())
    }
}

/// The same share of the rows of every part of every split, in their order; of classes in their proportions.
pub(super) fn subsample(splits: &Splits, labels: Option<&Labels>, share: f64, seed: u64) -> Splits {
    let (splits, labels) = (splits.clone(), labels.cloned());
    Splits::new(splits.len(), move |k| {
        let split = splits.get(k).unwrap_or_default();
        let part = |rows: &[usize], stream: usize| {
            selection(
                rows,
                labels.as_ref(),
                share,
                &mut random::stream(seed, stream as u64),
            )
        };
        Split {
            train: part(&split.train, 2 * k),
            test: part(&split.test, 2 * k + 1),
        }
    })
}

fn selection(
    rows: &[usize],
    labels: Option<&Labels>,
    share: f64,
    rng: &mut ChaCha8Rng,
) -> Vec<usize> {
    // Rounded, so that 2 rows for each fold, the least there are by default, are 2 in folds a little smaller than others.
    let n = ((share * rows.len() as f64).round() as usize).min(rows.len());
    let order = random::permutation(rows.len(), rng);
    let mut order: Vec<usize> = order.into_iter().map(|i| rows[i]).collect();
    if let Some(labels) = labels {
        // The i-th of c rows of a class stands at (i + ½) / c: a beginning of any length has each class in proportion.
        let (codes, mut seen) = (labels.codes(), vec![0usize; labels.classes().len()]);
        let mut counts = vec![0usize; seen.len()];
        // Rows that are not there are refused when the split is used.
        let class = |row: usize| codes.get(row).map_or(0, |&code| code as usize);
        order.iter().for_each(|&row| counts[class(row)] += 1);
        let mut placed: Vec<(f64, usize)> = order
            .iter()
            .map(|&row| {
                let class = class(row);
                seen[class] += 1;
                ((seen[class] as f64 - 0.5) / counts[class] as f64, row)
            })
            .collect();
        placed.sort_by(|a, b| a.0.total_cmp(&b.0));
        order = placed.into_iter().map(|(_, row)| row).collect();
    }
    order.truncate(n);
    order.sort_unstable();
    order
}
