//! Model-based search: the next candidates in the light of those before.

mod parzen;

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use self::parzen::{Dimension, Mixture};
use super::distributions::{Kind, ParamDistributions};
use super::param_values;
use super::random_search::{check_n_iter, from_distributions};
use super::scoring::DefaultScore;
use super::search::{Batch, Batches, SearchCv, Setting, Strategy, Tried};
use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::params::{Hyperparameters, Params, Value};
use crate::random;

/// Searches with a model of what was tried: the tree-structured Parzen estimator.
///
/// After some random candidates, those tried so far are divided by score into the best share `gamma` (at most 25 of them) and the
/// rest. For each parameter, l is a density estimated from the values of the best, and g from those of the rest. Of
/// `n_ei_candidates` values drawn from l, the one of greatest l / g is tried next, which is where the expected improvement is
/// greatest. scikit-learn has no such search; the defaults are Optuna's.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `n_iter` | 50 | the number of candidates |
/// | `n_startup` | 10 | how many of them are drawn at random first |
/// | `batch_size` | 4 | how many candidates are proposed at once and tried side by side; fewer learn more from each other |
/// | `gamma` | 0.1 | the share of candidates that count as good, in (0, 1) |
/// | `n_ei_candidates` | 24 | values drawn from l for each proposal |
/// | `prior_weight` | 1 | the weight of the parameter's own distribution in l and g, where each candidate weighs 1 |
/// | `multivariate` | false | one joint density of all parameters, which sees that some belong together, instead of one for each |
/// | `random_state` | 0 | the seed |
///
/// The other settings are those of [`SearchCv`], and the space is a [`ParamDistributions`]. Of several spaces, which one to draw
/// from is learned like any other choice, and what lies within one is learned from the candidates of that one.
/// Distributions of [`Draw::from_distribution`](super::Draw::from_distribution) are refused: nothing is known of their shape.
///
/// Proposals depend on the seed and on the scores alone, not on the number of threads. Those of one batch count as tried
/// without success for the next of the same batch, so that they differ. No candidate is tried twice while there are others.
///
/// # Complexity
/// Each proposal takes O(n `n_ei_candidates` p) for n candidates and p parameters, little beside a fit.
///
/// # Source
/// J. Bergstra, R. Bardenet, Y. Bengio and B. Kégl, Algorithms for Hyper-Parameter Optimization, NIPS 2011; S. Watanabe,
/// Tree-Structured Parzen Estimator: Understanding Its Algorithm Components and Their Roles for Better Empirical Performance,
/// 2023, for the widths of the kernels.
///
/// ```
/// use fitwell::model_selection::{ParamDistributions, TpeSearchCv, log_uniform};
/// use fitwell::{linear_model::LogisticRegression, preprocessing::StandardScaler, prelude::*};
///
/// let wine = fitwell::datasets::load_wine()?;
/// let pipe = pipeline("scale", StandardScaler::new()).then("clf", LogisticRegression::new());
/// let space = ParamDistributions::new()
///     .with("clf__C", log_uniform(1e-4, 1e4))
///     .with("scale__with_std", [true, false]);
/// let search = TpeSearchCv::new(pipe, space).n_iter(20).fit(&wine.x, &wine.target)?;
/// assert!(search.best_score() > 0.95);
/// assert_eq!(search.best_params()["scale__with_std"], true);
/// # Ok::<(), Error>(())
/// ```
pub type TpeSearchCv<E, S = DefaultScore, C = usize> = SearchCv<E, ParzenTree, S, C>;

/// The [`Strategy`] of a [`TpeSearchCv`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParzenTree {
    distributions: ParamDistributions,
    settings: Settings,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    n_iter: usize,
    n_startup: usize,
    batch_size: usize,
    #[serde(with = "crate::params::number")]
    gamma: f64,
    n_ei_candidates: usize,
    #[serde(with = "crate::params::number")]
    prior_weight: f64,
    multivariate: bool,
    random_state: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            n_iter: 50,
            n_startup: 10,
            batch_size: 4,
            gamma: 0.1,
            n_ei_candidates: 24,
            prior_weight: 1.0,
            multivariate: false,
            random_state: 0,
        }
    }
}

/// More of the best than this say no more about where they lie.
const MOST_GOOD: usize = 25;
const MOST_DRAWN: usize = 1_000_000;

impl Hyperparameters for Settings {
    const NAME: &'static str = "TpeSearchCv";
    fn check(&self) -> Result<()> {
        check_n_iter(Self::NAME, self.n_iter)?;
        check::count(Self::NAME, "n_startup", self.n_startup, 1)?;
        check::count(Self::NAME, "batch_size", self.batch_size, 1)?;
        check::real(Self::NAME, "gamma", self.gamma, Interval::open(0.0, 1.0))?;
        if !(1..=MOST_DRAWN).contains(&self.n_ei_candidates) {
            let (expected, got) = (format!("in [1, {MOST_DRAWN}]"), self.n_ei_candidates);
            return Err(Error::invalid_parameter(
                Self::NAME,
                "n_ei_candidates",
                expected,
                got,
            ));
        }
        check::real(
            Self::NAME,
            "prior_weight",
            self.prior_weight,
            Interval::above(0.0),
        )
    }
}

impl ParzenTree {
    /// The default settings over this space.
    pub fn new(distributions: impl Into<ParamDistributions>) -> Self {
        ParzenTree {
            distributions: distributions.into(),
            settings: Settings::default(),
        }
    }

    /// What is searched.
    pub fn distributions(&self) -> &ParamDistributions {
        &self.distributions
    }
}

impl<E> TpeSearchCv<E> {
    /// A search of 50 candidates by five folds and the model's own score.
    pub fn new(estimator: E, distributions: impl Into<ParamDistributions>) -> Self {
        SearchCv::with_strategy(estimator, ParzenTree::new(distributions))
    }
}

impl<E, S, C> TpeSearchCv<E, S, C> {
    /// The number of candidates.
    pub fn n_iter(mut self, n_iter: usize) -> Self {
        self.strategy.settings.n_iter = n_iter;
        self
    }

    /// How many candidates are drawn at random first.
    pub fn n_startup(mut self, n_startup: usize) -> Self {
        self.strategy.settings.n_startup = n_startup;
        self
    }

    /// How many candidates are proposed at once.
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.strategy.settings.batch_size = batch_size;
        self
    }

    /// The share of candidates that count as good.
    pub fn gamma(mut self, gamma: f64) -> Self {
        self.strategy.settings.gamma = gamma;
        self
    }

    /// How many values are drawn for each proposal.
    pub fn n_ei_candidates(mut self, n_ei_candidates: usize) -> Self {
        self.strategy.settings.n_ei_candidates = n_ei_candidates;
        self
    }

    /// The weight of the parameters' own distributions.
    pub fn prior_weight(mut self, prior_weight: f64) -> Self {
        self.strategy.settings.prior_weight = prior_weight;
        self
    }

    /// One joint density of all parameters.
    pub fn multivariate(mut self, yes: bool) -> Self {
        self.strategy.settings.multivariate = yes;
        self
    }

    /// The seed.
    pub fn random_state(mut self, random_state: u64) -> Self {
        self.strategy.settings.random_state = random_state;
        self
    }
}

impl Strategy for ParzenTree {
    const NAME: &'static str = Settings::NAME;

    fn start(&self, _: &Setting) -> Result<Box<dyn Batches>> {
        let settings = self.settings.clone();
        let total = self.distributions.n_candidates();
        let all = usize::try_from(total.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        Ok(Box::new(Proposals {
            spaces: self
                .distributions
                .spaces
                .iter()
                .map(Space::new)
                .collect::<Result<_>>()?,
            distributions: self.distributions.clone(),
            n_iter: settings.n_iter.min(all),
            seen: HashSet::new(),
            settings,
        }))
    }

    from_distributions!();
}

/// The parameters of one space as dimensions.
struct Space {
    names: Vec<String>,
    dimensions: Vec<Dimension>,
}

impl Space {
    fn new(space: &BTreeMap<String, super::Draw>) -> Result<Self> {
        let dimension = |(name, draw): (&String, &super::Draw)| match &draw.0 {
            Kind::List(values) => Ok(Dimension::choice(values.clone())),
            Kind::Real { low, high, log } => Ok(Dimension::real(*low, *high, *log)),
            Kind::Whole { low, high, log } => Ok(Dimension::whole(*low, *high, *log)),
            Kind::Normal { mean, std } => Ok(Dimension::normal(*mean, *std)),
            Kind::Own(_) => {
                let reason = format!("`{name}`: nothing is known of the shape of {draw}");
                Err(Error::invalid_input("parameter distributions", reason))
            }
        };
        Ok(Space {
            names: space.keys().cloned().collect(),
            dimensions: space.iter().map(dimension).collect::<Result<_>>()?,
        })
    }

    /// A candidate as a point; `None` if it is of another space.
    fn encode(&self, params: &BTreeMap<String, Value>) -> Option<Vec<f64>> {
        if params.len() != self.names.len() {
            return None;
        }
        let pairs = self.names.iter().zip(&self.dimensions);
        pairs
            .map(|(name, dimension)| dimension.encode(params.get(name)?))
            .collect()
    }

    fn decode(&self, point: &[f64]) -> BTreeMap<String, Value> {
        let pairs = self.names.iter().zip(&self.dimensions).zip(point);
        pairs
            .map(|((name, dimension), &at)| (name.clone(), dimension.decode(at)))
            .collect()
    }
}

/// A search under way.
struct Proposals {
    spaces: Vec<Space>,
    distributions: ParamDistributions,
    n_iter: usize,
    seen: HashSet<String>,
    settings: Settings,
}

/// A candidate so far: its space, its point there, and whether it counts as good.
struct Known {
    space: usize,
    point: Vec<f64>,
    good: bool,
}

impl Batches for Proposals {
    fn next(&mut self, tried: &[Tried]) -> Result<Option<Batch>> {
        let done = tried.len();
        let random_ones = self
            .settings
            .n_startup
            .min(self.n_iter)
            .saturating_sub(done);
        let n = match random_ones {
            0 => self
                .settings
                .batch_size
                .min(self.n_iter.saturating_sub(done)),
            n => n,
        };
        let mut known = self.known(tried);
        let mut candidates = Vec::with_capacity(n);
        for i in done..done + n {
            // A stream for each candidate: what it draws does not depend on the batch it is in.
            let mut rng = random::stream(self.settings.random_state, i as u64);
            let modelled = (random_ones == 0).then_some(known.as_slice());
            let candidate = self.propose(modelled, &mut rng);
            self.seen.insert(text(&candidate));
            let found = self.spaces.iter().enumerate().find_map(|(k, space)| {
                let point = space.encode(&candidate)?;
                Some(Known {
                    space: k,
                    point,
                    good: false,
                })
            });
            known.extend(found);
            candidates.push(candidate);
        }
        Ok((n > 0).then(|| Batch::new(candidates)))
    }

    fn total(&self) -> Option<usize> {
        Some(self.n_iter)
    }
}

fn text(candidate: &BTreeMap<String, Value>) -> String {
    serde_json::to_string(candidate).unwrap_or_default()
}

impl Proposals {
    /// What was tried, in order, divided into good and bad.
    fn known(&self, tried: &[Tried]) -> Vec<Known> {
        let mut order: Vec<usize> = (0..tried.len()).collect();
        order.sort_by(|&a, &b| {
            let (a, b) = (tried[a].score, tried[b].score);
            a.is_nan().cmp(&b.is_nan()).then(b.total_cmp(&a))
        });
        let n_good = ((self.settings.gamma * tried.len() as f64).ceil() as usize).min(MOST_GOOD);
        let good: HashSet<usize> = order.into_iter().take(n_good).collect();
        let known = tried.iter().enumerate().filter_map(|(i, candidate)| {
            self.spaces.iter().enumerate().find_map(|(space, names)| {
                let point = names.encode(&candidate.params)?;
                Some(Known {
                    space,
                    point,
                    good: good.contains(&i),
                })
            })
        });
        known.collect()
    }

    /// A candidate that was not there yet, if one can be found.
    fn propose(&self, known: Option<&[Known]>, rng: &mut ChaCha8Rng) -> BTreeMap<String, Value> {
        const TRIES: usize = 8;
        let mut candidate = BTreeMap::new();
        for _ in 0..TRIES {
            candidate = match known {
                None => self.distributions.sample(rng),
                Some(known) => self.model(known, rng),
            };
            if !self.seen.contains(&text(&candidate)) {
                return candidate;
            }
        }
        // Few are left: the next one in order, from a random place.
        if let Some(total) = self.distributions.n_candidates() {
            let start = (random::uniform(rng) * total as f64) as u64;
            let most = total.min(self.seen.len() as u64 + 1);
            let places = (0..most).map(|step| (start % total + step) % total);
            let mut left = places.map(|place| self.distributions.nth(place));
            return left
                .find(|c| !self.seen.contains(&text(c)))
                .unwrap_or(candidate);
        }
        candidate
    }

    /// The best of some values drawn from the density of the good ones.
    fn model(&self, known: &[Known], rng: &mut ChaCha8Rng) -> BTreeMap<String, Value> {
        let chosen = match self.spaces.len() {
            1 => 0,
            n => {
                let which = Dimension::choice((0..n).map(Value::from).collect());
                let of = |good: bool| {
                    let these = known.iter().filter(move |k| k.good == good);
                    these.map(|k| vec![k.space as f64]).collect::<Vec<_>>()
                };
                self.best_of(&[&which], &of(true), &of(false), rng)[0] as usize
            }
        };
        let space = &self.spaces[chosen.min(self.spaces.len() - 1)];
        let of = |good: bool| {
            let these = known
                .iter()
                .filter(move |k| k.good == good && k.space == chosen);
            these.map(|k| k.point.clone()).collect::<Vec<_>>()
        };
        let (good, bad) = (of(true), of(false));
        let all: Vec<&Dimension> = space.dimensions.iter().collect();
        let point = if self.settings.multivariate {
            self.best_of(&all, &good, &bad, rng)
        } else {
            let column = |points: &[Vec<f64>], d: usize| {
                points.iter().map(|p| vec![p[d]]).collect::<Vec<_>>()
            };
            let one = |(d, dimension): (usize, &&Dimension)| {
                self.best_of(&[*dimension], &column(&good, d), &column(&bad, d), rng)[0]
            };
            all.iter().enumerate().map(one).collect()
        };
        space.decode(&point)
    }

    /// Of points drawn from the density of the good, the one where it is greatest beside that of the bad.
    fn best_of(
        &self,
        dimensions: &[&Dimension],
        good: &[Vec<f64>],
        bad: &[Vec<f64>],
        rng: &mut ChaCha8Rng,
    ) -> Vec<f64> {
        let Settings {
            prior_weight,
            multivariate,
            n_ei_candidates,
            ..
        } = self.settings;
        let below = Mixture::new(dimensions, good, prior_weight, multivariate);
        let above = Mixture::new(dimensions, bad, prior_weight, multivariate);
        let (mut best, mut most) = (Vec::new(), f64::NEG_INFINITY);
        for _ in 0..n_ei_candidates {
            let point = below.sample(rng);
            let gain = below.log_density(&point) - above.log_density(&point);
            if best.is_empty() || gain > most {
                (best, most) = (point, gain);
            }
        }
        best
    }
}

#[cfg(test)]
mod tests;
