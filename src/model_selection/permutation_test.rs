//! Whether a score could be chance: the same with shuffled targets.

use std::borrow::Borrow;
use std::fmt;

use ndarray::Array1;

use super::cross_validate::{DynScorer, deviation, mean};
use super::splitter::CrossValidator;
use super::tasks::{self, Folds};
use crate::error::{Error, Result};
use crate::labels::Labels;
use crate::random;
use crate::samples::{AsSamples, Samples};
use crate::targets::{AsTargets, Targets};
use crate::traits::Estimator;

/// The cross-validated score beside those with shuffled targets: [`PermutationTest`] with its defaults.
///
/// # Errors
/// As [`PermutationTest::run`].
///
/// ```
/// use fitwell::model_selection::{Accuracy, permutation_test_score};
/// use fitwell::{linear_model::LogisticRegression, prelude::*};
/// use ndarray::Array2;
///
/// let x = Array2::from_shape_fn((30, 1), |(i, _)| (7 * i % 30) as f64);
/// let y: Labels = (0..30).map(|i| 7 * i % 30 < 15).collect();
/// let test = permutation_test_score(&LogisticRegression::new(), &x, &y, &3, &Accuracy)?;
/// assert!(test.score() > 0.9 && test.pvalue() < 0.02);
/// println!("{test}");
/// # Ok::<(), Error>(())
/// ```
pub fn permutation_test_score<E, X, Y, C>(
    estimator: &E,
    x: &X,
    y: &Y,
    cv: &C,
    scorer: &DynScorer<'_, E, X, Y>,
) -> Result<PermutationTestScore>
where
    X: AsSamples + ?Sized,
    Y: AsTargets + ?Sized,
    E: Estimator<X::Samples, Y::Targets> + Sync,
    C: CrossValidator + ?Sized,
{
    PermutationTest::new().cv(cv).run(estimator, x, y, scorer)
}

/// A test of the hypothesis that samples and target have nothing to do with each other.
///
/// The score s is the mean over the folds. Then the targets are shuffled, N times, each time split and scored anew. Under the
/// hypothesis s is one of N + 1 draws, and the p-value is (C + 1) / (N + 1), where C counts the shuffles that score s or more.
/// A small one says that the model found some dependence, not that it is a good model.
///
/// Weights stay with their rows. Where the target carries groups, targets are shuffled within each group: only that they
/// may be exchanged there is then assumed.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `cv` | 5 | a number of folds (stratified for classes), a splitter, or a list of splits |
/// | `n_permutations` | 100 | N, at least 1; the p-value is at least 1 / (N + 1) |
/// | `random_state` | 0 | the seed; shuffle number i comes from its stream i |
///
/// # Source
/// M. Ojala, G. C. Garriga, "Permutation tests for studying classifier performance", Journal of Machine Learning Research 11
/// (2010), test 1.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct PermutationTest<C = usize> {
    cv: C,
    n_permutations: usize,
    random_state: u64,
}

impl Default for PermutationTest {
    fn default() -> Self {
        PermutationTest {
            cv: 5,
            n_permutations: 100,
            random_state: 0,
        }
    }
}

impl PermutationTest {
    /// Five folds and a hundred shuffles.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<C> PermutationTest<C> {
    /// The most shuffles that are accepted.
    pub const MAX_PERMUTATIONS: usize = 1_000_000;

    /// A number of folds, a splitter, or a list of splits.
    pub fn cv<D: CrossValidator>(self, cv: D) -> PermutationTest<D> {
        PermutationTest {
            cv,
            n_permutations: self.n_permutations,
            random_state: self.random_state,
        }
    }

    /// The number of shuffles, at least 1.
    pub fn n_permutations(mut self, n: usize) -> Self {
        self.n_permutations = n;
        self
    }

    /// The seed.
    pub fn random_state(mut self, seed: u64) -> Self {
        self.random_state = seed;
        self
    }

    /// Fits and scores.
    ///
    /// # Errors
    /// `InvalidParameter` for a number of shuffles that is 0 or above [`MAX_PERMUTATIONS`](Self::MAX_PERMUTATIONS); otherwise
    /// as [`cross_validate`](super::cross_validate()), with the shuffle (from 0) in [`Error::context`].
    pub fn run<E, X, Y>(
        &self,
        estimator: &E,
        x: &X,
        y: &Y,
        scorer: &DynScorer<'_, E, X, Y>,
    ) -> Result<PermutationTestScore>
    where
        X: AsSamples + ?Sized,
        Y: AsTargets + ?Sized,
        E: Estimator<X::Samples, Y::Targets> + Sync,
        C: CrossValidator,
    {
        if !(1..=Self::MAX_PERMUTATIONS).contains(&self.n_permutations) {
            return Err(Error::invalid_parameter(
                "PermutationTest",
                "n_permutations",
                format!("at least 1 and at most {}", Self::MAX_PERMUTATIONS),
                self.n_permutations,
            ));
        }
        let (x, y) = (x.as_samples(), y.as_targets());
        let average = |y: &Y::Targets| -> Result<f64> {
            let folds = Folds::new(x, y, &self.cv, 1)?;
            let scores = tasks::run(folds.len(), |k| {
                folds.evaluate(k, |x, y| estimator.fit(x, y), &[scorer], false)
            })?;
            Ok(mean(&scores.iter().map(|o| o.test[0]).collect::<Vec<_>>()))
        };
        let score = average(y)?;
        let shuffled = tasks::run(self.n_permutations, |i| {
            let order = shuffled(x.n_samples(), y.groups(), self.random_state, i as u64);
            let place = |e: Error| e.within(format!("shuffle {i}"));
            average(y.rearranged(&order).map_err(place)?.borrow()).map_err(place)
        })?;
        let reached = shuffled.iter().filter(|&&s| s >= score).count();
        Ok(PermutationTestScore {
            score,
            pvalue: (reached + 1) as f64 / (shuffled.len() + 1) as f64,
            permutation_scores: shuffled.into(),
        })
    }
}

/// The row whose target each row gets; of the same group, where there are groups.
fn shuffled(n: usize, groups: Option<&Labels>, seed: u64, index: u64) -> Vec<usize> {
    let mut rng = random::stream(seed, index);
    let Some(groups) = groups else {
        return random::permutation(n, &mut rng);
    };
    let mut members = vec![Vec::new(); groups.classes().len()];
    for (row, &group) in groups.codes().iter().enumerate() {
        members[group as usize].push(row);
    }
    let mut order: Vec<usize> = (0..n).collect();
    for rows in &members {
        let mut drawn = rows.clone();
        random::shuffle(&mut drawn, &mut rng);
        for (&row, from) in rows.iter().zip(drawn) {
            order[row] = from;
        }
    }
    order
}

/// What [`PermutationTest`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct PermutationTestScore {
    score: f64,
    permutation_scores: Array1<f64>,
    pvalue: f64,
}

impl PermutationTestScore {
    /// The mean score over the folds, with the targets as they are.
    pub fn score(&self) -> f64 {
        self.score
    }

    /// The mean score over the folds for each shuffle.
    pub fn permutation_scores(&self) -> &Array1<f64> {
        &self.permutation_scores
    }

    /// How likely a score as good is by chance.
    pub fn pvalue(&self) -> f64 {
        self.pvalue
    }
}

/// The score, what shuffled targets score, and the p-value.
impl fmt::Display for PermutationTestScore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shuffled = self.permutation_scores.to_vec();
        let best = shuffled.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        write!(
            f,
            "score    {:>10.4}\nshuffled {:>10.4} (std {:.4}, best {best:.4}, {} shuffles)\np-value  {:>10.4}",
            self.score,
            mean(&shuffled),
            deviation(&shuffled),
            shuffled.len(),
            self.pvalue
        )
    }
}
