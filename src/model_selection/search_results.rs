//! What a search found.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::cross_validate::{deviation, mean};
use super::param_values::ParamValues;
use super::search::{Batch, FoldRecord, HalvingSchedule};
use crate::error::{Error, ErrorKind, Result};
use crate::params::Value;

/// The scores of every candidate of a search.
///
/// `Display` shows a table, the best first; [`to_csv`](Self::to_csv) and [`to_table`](Self::to_table) give every score and
/// time. Of several scorers, one ranks the candidates (see [`Refit`](super::Refit)); the others are reached by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchResults {
    pub(super) scorers: Vec<String>,
    pub(super) ranked_by: usize,
    /// The name of the rule that chose the best, if that was not its rank.
    rule: Option<String>,
    pub(super) candidates: Vec<CandidateResult>,
    best_index: usize,
    schedule: Option<HalvingSchedule>,
}

/// One candidate of a search and its scores.
///
/// Scores are those of the scorer that ranks; see [`SearchResults`] for the others.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CandidateResult {
    params: ParamValues,
    /// For each scorer, the score of each fold.
    pub(super) test: Vec<Vec<Number>>,
    pub(super) train: Option<Vec<Vec<Number>>>,
    ranked_by: usize,
    /// For each scorer.
    pub(super) ranks: Vec<usize>,
    failure: Option<String>,
    iteration: Option<usize>,
    n_resources: Option<usize>,
    /// Times differ from run to run: they are no part of what was learned, neither in comparisons nor in files.
    #[serde(skip)]
    fit_times: Vec<f64>,
    #[serde(skip)]
    score_times: Vec<f64>,
}

/// A score, which may be NaN where a failed candidate was given that score.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Number(#[serde(with = "crate::params::number")] pub(super) f64);

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.0.is_nan() && other.0.is_nan()
    }
}

impl PartialEq for CandidateResult {
    fn eq(&self, other: &Self) -> bool {
        self.params == other.params
            && self.test == other.test
            && self.train == other.train
            && self.ranked_by == other.ranked_by
            && self.ranks == other.ranks
            && self.failure == other.failure
            && (self.iteration, self.n_resources) == (other.iteration, other.n_resources)
    }
}

fn plain(scores: &[Number]) -> Vec<f64> {
    scores.iter().map(|n| n.0).collect()
}

impl CandidateResult {
    /// What the folds of a candidate gave.
    pub(super) fn new(
        params: BTreeMap<String, Value>,
        batch: &Batch,
        folds: &[FoldRecord],
        n_scorers: usize,
        ranked_by: usize,
    ) -> Self {
        let of = |scores: &dyn Fn(&FoldRecord) -> f64| {
            let numbers = folds.iter().map(|f| Number(scores(f)));
            numbers.collect::<Vec<Number>>()
        };
        let train = folds.iter().all(|f| f.train.is_some()).then(|| {
            let score = |s: usize| {
                of(&|f| {
                    f.train
                        .as_ref()
                        .and_then(|t| t.get(s))
                        .map_or(f64::NAN, |n| n.0)
                })
            };
            (0..n_scorers).map(score).collect()
        });
        let test = |s: usize| of(&|f| f.test.get(s).map_or(f64::NAN, |n| n.0));
        CandidateResult {
            params: params.into(),
            test: (0..n_scorers).map(test).collect(),
            train,
            ranked_by,
            ranks: vec![0; n_scorers],
            failure: folds.iter().find_map(|f| f.failure.clone()),
            iteration: batch.iteration,
            n_resources: batch.n_resources,
            fit_times: folds.iter().map(|f| f.fit_time).collect(),
            score_times: folds.iter().map(|f| f.score_time).collect(),
        }
    }

    /// The hyper-parameters that were set, by name.
    pub fn params(&self) -> &ParamValues {
        &self.params
    }

    /// The score of each fold's test rows.
    pub fn test_scores(&self) -> Vec<f64> {
        self.test
            .get(self.ranked_by)
            .map_or_else(Vec::new, |s| plain(s))
    }

    /// The score of each fold's training rows, if they were scored.
    pub fn train_scores(&self) -> Option<Vec<f64>> {
        Some(plain(self.train.as_ref()?.get(self.ranked_by)?))
    }

    /// The mean of the test scores.
    pub fn mean_test_score(&self) -> f64 {
        mean(&self.test_scores())
    }

    /// The standard deviation of the test scores over the folds (of the population, as NumPy's `std`).
    pub fn std_test_score(&self) -> f64 {
        deviation(&self.test_scores())
    }

    /// The place by mean test score: 1 is the best, ties share the better place, failed candidates come last.
    pub fn rank(&self) -> usize {
        self.ranks.get(self.ranked_by).copied().unwrap_or(0)
    }

    /// What went wrong, for a candidate that failed and was given a score instead.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// The iteration of successive halving, from 0, in which these scores were found.
    pub fn iteration(&self) -> Option<usize> {
        self.iteration
    }

    /// The resources of that iteration: rows, or the value of the parameter that is the resource.
    pub fn n_resources(&self) -> Option<usize> {
        self.n_resources
    }

    /// The seconds each fold's fit took; empty for results from a file. First steps that several candidates share count for
    /// the first of them.
    pub fn fit_times(&self) -> &[f64] {
        &self.fit_times
    }

    /// The seconds scoring each fold's test rows took; empty for results from a file.
    pub fn score_times(&self) -> &[f64] {
        &self.score_times
    }
}

/// Places by value, the greatest first; ties share the better place and NaN comes last.
fn ranks(means: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..means.len()).collect();
    order.sort_by(|&a, &b| match (means[a].is_nan(), means[b].is_nan()) {
        (false, false) => means[b].total_cmp(&means[a]).then(a.cmp(&b)),
        (a_failed, b_failed) => a_failed.cmp(&b_failed).then(a.cmp(&b)),
    });
    let mut ranks = vec![0; means.len()];
    for (position, &i) in order.iter().enumerate() {
        let before = position.checked_sub(1).map(|p| order[p]);
        ranks[i] = match before {
            Some(b) if means[b] == means[i] || means[b].is_nan() && means[i].is_nan() => ranks[b],
            _ => position + 1,
        };
    }
    ranks
}

impl SearchResults {
    /// Ranks the candidates by every scorer. The best is the first of those with the greatest mean score; after successive
    /// halving, of those of the last iteration.
    pub(super) fn new(
        scorers: Vec<String>,
        ranked_by: usize,
        mut candidates: Vec<CandidateResult>,
        schedule: Option<HalvingSchedule>,
    ) -> Result<Self> {
        for scorer in 0..scorers.len() {
            let mean_of =
                |c: &CandidateResult| c.test.get(scorer).map_or(f64::NAN, |s| mean(&plain(s)));
            let means: Vec<f64> = candidates.iter().map(mean_of).collect();
            for (candidate, rank) in candidates.iter_mut().zip(ranks(&means)) {
                if let Some(slot) = candidate.ranks.get_mut(scorer) {
                    *slot = rank;
                }
            }
        }
        let mut results = SearchResults {
            scorers,
            ranked_by,
            rule: None,
            candidates,
            best_index: 0,
            schedule,
        };
        let last = results.last();
        let best = last.iter().min_by_key(|&&i| results.candidates[i].rank());
        let Some(&best) = best else {
            return Err(ErrorKind::EmptyInput {
                what: "list of candidates".into(),
            }
            .into());
        };
        results.best_index = best;
        Ok(results)
    }

    /// The same results with another best candidate, chosen by a rule of this name.
    pub(super) fn chosen_by(mut self, rule: &str, best_index: usize) -> Result<Self> {
        if best_index >= self.candidates.len() {
            let reason = format!("chose candidate {best_index} of {}", self.candidates.len());
            return Err(Error::invalid_input(format!("rule `{rule}`"), reason));
        }
        self.rule = Some(rule.into());
        self.best_index = best_index;
        Ok(self)
    }

    /// The positions of the candidates that may be the best: all, or those of the last iteration of successive halving.
    fn last(&self) -> Vec<usize> {
        let last = self.candidates.iter().map(|c| c.iteration).max().flatten();
        let all = 0..self.candidates.len();
        all.filter(|&i| self.candidates[i].iteration == last)
            .collect()
    }

    /// The name of the scorer that ranked the candidates.
    pub fn scorer(&self) -> &str {
        self.scorers.get(self.ranked_by).map_or("", String::as_str)
    }

    /// The names of all scorers.
    pub fn scorers(&self) -> &[String] {
        &self.scorers
    }

    /// The name of the rule that chose the best candidate, if it was not the scorer's rank.
    pub fn rule(&self) -> Option<&str> {
        self.rule.as_deref()
    }

    /// Every candidate, in the order in which they were proposed.
    pub fn candidates(&self) -> &[CandidateResult] {
        &self.candidates
    }

    /// How successive halving spent its resources, after a search that did.
    pub fn schedule(&self) -> Option<&HalvingSchedule> {
        self.schedule.as_ref()
    }

    /// The position of the best candidate: the first of those with the greatest mean test score, or what the rule chose.
    pub fn best_index(&self) -> usize {
        self.best_index
    }

    /// The best candidate.
    pub fn best(&self) -> &CandidateResult {
        &self.candidates[self.best_index]
    }

    /// The best candidate's hyper-parameters.
    pub fn best_params(&self) -> &ParamValues {
        self.best().params()
    }

    /// The best candidate's mean test score.
    pub fn best_score(&self) -> f64 {
        self.best().mean_test_score()
    }

    fn place(&self, scorer: &str) -> Result<usize> {
        self.scorers
            .iter()
            .position(|n| n == scorer)
            .ok_or_else(|| {
                let known = self.scorers.join(", ");
                Error::invalid_input(
                    "search results",
                    format!("no scorer `{scorer}`; there are: {known}"),
                )
            })
    }

    /// One scorer's test scores, (n_candidates, n_splits).
    ///
    /// # Errors
    /// `InvalidInput` when no scorer has this name; it lists those there are.
    pub fn test_scores(&self, scorer: &str) -> Result<Array2<f64>> {
        let s = self.place(scorer)?;
        Ok(self.matrix(|c| c.test.get(s)))
    }

    /// One scorer's scores of the training rows, (n_candidates, n_splits), if they were scored.
    ///
    /// # Errors
    /// As [`test_scores`](Self::test_scores).
    pub fn train_scores(&self, scorer: &str) -> Result<Option<Array2<f64>>> {
        let s = self.place(scorer)?;
        let scored = self.candidates.iter().all(|c| c.train.is_some());
        Ok(scored.then(|| self.matrix(|c| c.train.as_ref()?.get(s))))
    }

    fn matrix<'a>(
        &'a self,
        of: impl Fn(&'a CandidateResult) -> Option<&'a Vec<Number>>,
    ) -> Array2<f64> {
        let rows: Vec<Vec<f64>> = self
            .candidates
            .iter()
            .map(|c| of(c).map_or_else(Vec::new, |s| plain(s)))
            .collect();
        let n_splits = rows.first().map_or(0, Vec::len);
        Array2::from_shape_fn((rows.len(), n_splits), |(i, k)| {
            rows[i].get(k).copied().unwrap_or(f64::NAN)
        })
    }

    /// One scorer's mean test score of each candidate.
    ///
    /// # Errors
    /// As [`test_scores`](Self::test_scores).
    pub fn mean_test_scores(&self, scorer: &str) -> Result<Vec<f64>> {
        let scores = self.test_scores(scorer)?;
        Ok(scores
            .rows()
            .into_iter()
            .map(|r| mean(&r.to_vec()))
            .collect())
    }

    /// The standard deviation of one scorer's test scores over the folds, for each candidate.
    ///
    /// # Errors
    /// As [`test_scores`](Self::test_scores).
    pub fn std_test_scores(&self, scorer: &str) -> Result<Vec<f64>> {
        let scores = self.test_scores(scorer)?;
        Ok(scores
            .rows()
            .into_iter()
            .map(|r| deviation(&r.to_vec()))
            .collect())
    }

    /// The place of each candidate by one scorer.
    ///
    /// # Errors
    /// As [`test_scores`](Self::test_scores).
    pub fn ranks(&self, scorer: &str) -> Result<Vec<usize>> {
        let s = self.place(scorer)?;
        let rank = |c: &CandidateResult| c.ranks.get(s).copied().unwrap_or(0);
        Ok(self.candidates.iter().map(rank).collect())
    }

    /// The positions of the candidates whose mean is at most one standard error below the greatest: as good as the best, as
    /// far as these folds can tell. The standard error is that of the best candidate's mean: s/√k with s the standard
    /// deviation of the sample of its k scores.
    ///
    /// # Source
    /// L. Breiman, J. Friedman, R. Olshen and C. Stone, Classification and Regression Trees (1984), section 3.4.3.
    pub fn within_one_standard_error(&self) -> Vec<usize> {
        let last = self.last();
        let Some(&top) = last.iter().min_by_key(|&&i| self.candidates[i].rank()) else {
            return Vec::new();
        };
        let scores = self.candidates[top].test_scores();
        // s/√k with s² the sum of squares over k − 1.
        let error = match scores.len() {
            0 | 1 => 0.0,
            k => deviation(&scores) / ((k - 1) as f64).sqrt(),
        };
        let least = mean(&scores) - error;
        let near = last.into_iter();
        near.filter(|&i| i == top || self.candidates[i].mean_test_score() >= least)
            .collect()
    }

    /// Every name that some candidate sets.
    pub(super) fn names(&self) -> BTreeSet<&String> {
        self.candidates
            .iter()
            .flat_map(|c| c.params.keys())
            .collect()
    }

    /// What results from a file must satisfy.
    pub(super) fn validate(&self) -> Result<()> {
        let wrong = |reason: &str| Err(Error::model_file(format!("search results: {reason}")));
        let Some(best) = self.candidates.get(self.best_index) else {
            return wrong("no best candidate");
        };
        let distinct: BTreeSet<&String> = self.scorers.iter().collect();
        if self.ranked_by >= self.scorers.len() || distinct.len() != self.scorers.len() {
            return wrong("no scorer that ranks");
        }
        let n_splits = best.test.first().map_or(0, Vec::len);
        let right = |scores: &Vec<Vec<Number>>| {
            scores.len() == self.scorers.len() && scores.iter().all(|s| s.len() == n_splits)
        };
        let whole = |c: &CandidateResult| {
            right(&c.test)
                && c.train.as_ref().is_none_or(right)
                && c.train.is_some() == best.train.is_some()
                && c.ranks.len() == self.scorers.len()
                && c.ranked_by == self.ranked_by
        };
        if n_splits == 0 || !self.candidates.iter().all(whole) {
            return wrong("candidates differ in their number of folds");
        }
        let halved = |c: &CandidateResult| {
            (c.iteration.is_some(), c.n_resources.is_some())
                == (self.schedule.is_some(), self.schedule.is_some())
        };
        if !self.candidates.iter().all(halved) {
            return wrong("iterations and their schedule do not go together");
        }
        if let Some(schedule) = &self.schedule {
            schedule.validate(&self.candidates)?;
        }
        let candidates = self.candidates.clone();
        let mut ranked = Self::new(
            self.scorers.clone(),
            self.ranked_by,
            candidates,
            self.schedule.clone(),
        )?;
        if let Some(rule) = &self.rule {
            ranked = ranked.chosen_by(rule, self.best_index)?;
        }
        if ranked != *self {
            return wrong("ranks do not follow from the scores");
        }
        Ok(())
    }
}

/// The table, the best candidate first, at most twenty rows.
impl fmt::Display for SearchResults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::search::show(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_share_the_better_place_and_nan_comes_last() {
        assert_eq!(
            ranks(&[0.5, 0.9, 0.5, f64::NAN, 0.9, f64::NAN]),
            [3, 1, 3, 5, 1, 5]
        );
        assert_eq!(ranks(&[f64::NAN, f64::NAN]), [1, 1]);
        assert_eq!(ranks(&[]), Vec::<usize>::new());
    }
}
