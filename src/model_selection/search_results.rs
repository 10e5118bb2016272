//! What a search found.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::cross_validate::{deviation, mean};
use super::param_grid::as_text;
use super::tasks::Outcome;
use crate::error::{Error, ErrorKind, Result};
use crate::params::Value;

/// The scores of every candidate of a search.
///
/// `Display` shows a table, the best first; [`to_csv`](Self::to_csv) writes every score and time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchResults {
    scorer: String,
    candidates: Vec<CandidateResult>,
    best_index: usize,
}

/// One candidate of a search and its scores.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CandidateResult {
    #[serde(with = "as_text")]
    params: BTreeMap<String, Value>,
    test_scores: Vec<Number>,
    train_scores: Option<Vec<Number>>,
    rank: usize,
    failure: Option<String>,
    /// Times differ from run to run: they are no part of what was learned, neither in comparisons nor in files.
    #[serde(skip)]
    fit_times: Vec<f64>,
    #[serde(skip)]
    score_times: Vec<f64>,
}

/// A score, which may be NaN where a failed candidate was given that score.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Number(#[serde(with = "crate::params::number")] f64);

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.0.is_nan() && other.0.is_nan()
    }
}

impl PartialEq for CandidateResult {
    fn eq(&self, other: &Self) -> bool {
        self.params == other.params
            && self.test_scores == other.test_scores
            && self.train_scores == other.train_scores
            && self.rank == other.rank
            && self.failure == other.failure
    }
}

impl CandidateResult {
    /// A candidate that was scored on every fold.
    pub(super) fn scored(params: BTreeMap<String, Value>, folds: Vec<Outcome>) -> Self {
        let train = folds
            .iter()
            .map(|o| o.train.as_ref().map(|t| Number(t[0])))
            .collect();
        CandidateResult {
            params,
            test_scores: folds.iter().map(|o| Number(o.test[0])).collect(),
            train_scores: train,
            rank: 0,
            failure: None,
            fit_times: folds.iter().map(|o| o.fit_time).collect(),
            score_times: folds.iter().map(|o| o.score_time).collect(),
        }
    }

    /// A candidate that failed on some fold and gets a given score for it.
    pub(super) fn failed(
        params: BTreeMap<String, Value>,
        folds: Vec<std::result::Result<Outcome, Error>>,
        score: f64,
        score_train: bool,
    ) -> Self {
        let failure = folds.iter().find_map(|f| f.as_ref().err());
        let value = |test: bool| {
            let of = |o: &Outcome| {
                if test {
                    o.test[0]
                } else {
                    o.train.as_ref().map_or(score, |t| t[0])
                }
            };
            let scores = folds.iter().map(|f| f.as_ref().map_or(score, of));
            scores.map(Number).collect()
        };
        let time =
            |of: fn(&Outcome) -> f64| folds.iter().map(|f| f.as_ref().map_or(0.0, of)).collect();
        CandidateResult {
            params,
            test_scores: value(true),
            train_scores: score_train.then(|| value(false)),
            rank: 0,
            failure: failure.map(Error::to_string),
            fit_times: time(|o| o.fit_time),
            score_times: time(|o| o.score_time),
        }
    }

    /// The hyper-parameters that were set, by name.
    pub fn params(&self) -> &BTreeMap<String, Value> {
        &self.params
    }

    /// The score of each fold's test rows.
    pub fn test_scores(&self) -> Vec<f64> {
        self.test_scores.iter().map(|n| n.0).collect()
    }

    /// The score of each fold's training rows, if they were scored.
    pub fn train_scores(&self) -> Option<Vec<f64>> {
        self.train_scores
            .as_ref()
            .map(|t| t.iter().map(|n| n.0).collect())
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
        self.rank
    }

    /// What went wrong, for a candidate that failed and was given a score instead.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// The seconds each fold's fit took; empty for results from a file.
    pub fn fit_times(&self) -> &[f64] {
        &self.fit_times
    }

    /// The seconds scoring each fold's test rows took; empty for results from a file.
    pub fn score_times(&self) -> &[f64] {
        &self.score_times
    }
}

impl SearchResults {
    /// Ranks the candidates. The best is the first of those with the greatest mean score.
    pub(super) fn new(scorer: String, mut candidates: Vec<CandidateResult>) -> Result<Self> {
        let means: Vec<f64> = candidates
            .iter()
            .map(CandidateResult::mean_test_score)
            .collect();
        let mut order: Vec<usize> = (0..means.len()).collect();
        order.sort_by(|&a, &b| match (means[a].is_nan(), means[b].is_nan()) {
            (false, false) => means[b].total_cmp(&means[a]).then(a.cmp(&b)),
            (a_failed, b_failed) => a_failed.cmp(&b_failed).then(a.cmp(&b)),
        });
        let mut rank = 0;
        for (position, &i) in order.iter().enumerate() {
            let tied = position > 0 && {
                let before = means[order[position - 1]];
                before == means[i] || before.is_nan() && means[i].is_nan()
            };
            if !tied {
                rank = position + 1;
            }
            candidates[i].rank = rank;
        }
        let best_index = candidates.iter().position(|c| c.rank == 1).ok_or_else(|| {
            Error::from(ErrorKind::EmptyInput {
                what: "parameter grid".into(),
            })
        })?;
        Ok(SearchResults {
            scorer,
            candidates,
            best_index,
        })
    }

    /// The name of the scorer that ranked the candidates.
    pub fn scorer(&self) -> &str {
        &self.scorer
    }

    /// Every candidate, in the order of the grid.
    pub fn candidates(&self) -> &[CandidateResult] {
        &self.candidates
    }

    /// The position of the best candidate: the first of those with the greatest mean test score.
    pub fn best_index(&self) -> usize {
        self.best_index
    }

    /// The best candidate.
    pub fn best(&self) -> &CandidateResult {
        &self.candidates[self.best_index]
    }

    /// The best candidate's hyper-parameters.
    pub fn best_params(&self) -> &BTreeMap<String, Value> {
        self.best().params()
    }

    /// The best candidate's mean test score.
    pub fn best_score(&self) -> f64 {
        self.best().mean_test_score()
    }

    /// Writes one line a candidate: `rank_test_score`, `param_...`, `mean_test_score`, `std_test_score`, the score of each
    /// fold as `split0_test_score` and so on, the same for training rows if they were scored, `mean_fit_time` and
    /// `mean_score_time` in seconds, and `failure`.
    ///
    /// # Errors
    /// `Io`.
    pub fn to_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let io = |source| {
            Error::from(ErrorKind::Io {
                path: path.into(),
                source,
            })
        };
        let file = std::fs::File::create(path).map_err(io)?;
        self.write_csv(std::io::BufWriter::new(file)).map_err(io)
    }

    /// As [`to_csv`](Self::to_csv), to any writer.
    ///
    /// # Errors
    /// The writer's.
    pub fn write_csv(&self, writer: impl Write) -> std::io::Result<()> {
        let names = self.names();
        let n_splits = self.candidates.first().map_or(0, |c| c.test_scores.len());
        let train = self.candidates.iter().any(|c| c.train_scores.is_some());
        let mut out = csv::Writer::from_writer(writer);
        let mut header = vec!["rank_test_score".to_string()];
        header.extend(names.iter().map(|n| format!("param_{n}")));
        for side in if train {
            &["test", "train"][..]
        } else {
            &["test"]
        } {
            header.extend([format!("mean_{side}_score"), format!("std_{side}_score")]);
            header.extend((0..n_splits).map(|k| format!("split{k}_{side}_score")));
        }
        header.extend(["mean_fit_time", "mean_score_time", "failure"].map(String::from));
        out.write_record(&header)?;
        for candidate in &self.candidates {
            let mut record = vec![candidate.rank.to_string()];
            record.extend(names.iter().map(|n| plain(candidate.params.get(*n))));
            let sides = [Some(candidate.test_scores()), candidate.train_scores()];
            for scores in sides.into_iter().flatten() {
                record.extend([mean(&scores).to_string(), deviation(&scores).to_string()]);
                record.extend(scores.iter().map(f64::to_string));
            }
            for times in [&candidate.fit_times, &candidate.score_times] {
                record.push(if times.is_empty() {
                    String::new()
                } else {
                    mean(times).to_string()
                });
            }
            record.push(candidate.failure.clone().unwrap_or_default());
            out.write_record(&record)?;
        }
        out.flush()
    }

    /// Every name that some candidate sets.
    fn names(&self) -> BTreeSet<&String> {
        self.candidates
            .iter()
            .flat_map(|c| c.params.keys())
            .collect()
    }

    /// What results from a file must satisfy.
    pub(super) fn validate(&self) -> Result<()> {
        let Some(best) = self.candidates.get(self.best_index) else {
            return Err(Error::model_file("search results: no best candidate"));
        };
        let n_splits = best.test_scores.len();
        let right = |c: &CandidateResult| {
            let n_train = c.train_scores.as_ref().map_or(n_splits, Vec::len);
            n_splits > 0 && c.test_scores.len() == n_splits && n_train == n_splits
        };
        if !self.candidates.iter().all(right) {
            return Err(Error::model_file(
                "search results: candidates differ in their number of folds",
            ));
        }
        let ranked = Self::new(self.scorer.clone(), self.candidates.clone())?;
        if ranked != *self {
            return Err(Error::model_file(
                "search results: ranks do not follow from the scores",
            ));
        }
        Ok(())
    }
}

/// Texts without quotes, all else as JSON, nothing for a parameter that is not set.
fn plain(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The table, the best candidate first, at most twenty rows.
impl fmt::Display for SearchResults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20;
        let names = self.names();
        let mut order: Vec<&CandidateResult> = self.candidates.iter().collect();
        order.sort_by_key(|c| c.rank);
        let mut rows = vec![vec!["rank".to_string()]];
        rows[0].extend(names.iter().map(|n| n.to_string()));
        rows[0].extend([
            format!("mean {}", self.scorer),
            "std".into(),
            "fit s".into(),
        ]);
        for candidate in order.iter().take(SHOWN) {
            let mut row = vec![candidate.rank.to_string()];
            row.extend(names.iter().map(|n| plain(candidate.params.get(*n))));
            row.push(format!("{:.4}", candidate.mean_test_score()));
            row.push(format!("{:.4}", candidate.std_test_score()));
            row.push(match candidate.fit_times.as_slice() {
                [] => "-".into(),
                times => format!("{:.3}", mean(times)),
            });
            rows.push(row);
        }
        let widths: Vec<usize> = (0..rows[0].len())
            .map(|c| {
                rows.iter()
                    .map(|r| r[c].chars().count())
                    .fold(0, usize::max)
            })
            .collect();
        for (i, row) in rows.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            for (c, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let gap = if c > 0 { "  " } else { "" };
                write!(f, "{gap}{cell:>width$}")?;
            }
        }
        if order.len() > SHOWN {
            write!(f, "\n... ({} in all)", order.len())?;
        }
        Ok(())
    }
}
