//! Search results as text, CSV and table.

use std::cmp::Reverse;
use std::fmt;

use crate::error::Result;
use crate::model_selection::cross_validate::{deviation, mean};
use crate::model_selection::results_table::{Cells, Columns, as_columns, plain};
use crate::model_selection::search_results::{CandidateResult, Number, SearchResults};

as_columns! {
    /// Writes one line a candidate: `rank_test_score`, `param_...`, `mean_test_score`, `std_test_score`, the score of each
    /// fold as `split0_test_score` and so on, the same for training rows if they were scored, `mean_fit_time`,
    /// `std_fit_time`, `mean_score_time` and `std_score_time` in seconds, and `failure`. Of several scorers each has its
    /// columns, with its name in place of `score`; after successive halving there are `iter` and `n_resources`.
    SearchResults;
    /// The columns of [`to_csv`](Self::to_csv) as a [`Table`](crate::table::Table). A parameter is a column of numbers,
    /// booleans or texts, as its values are; what a candidate does not set is missing.
    ///
    /// ```
    /// use fitwell::model_selection::{GridSearchCv, ParamGrid};
    /// use fitwell::{linear_model::Ridge, prelude::*, table::SortKey};
    ///
    /// let data = fitwell::datasets::load_diabetes()?;
    /// let grid = ParamGrid::new().with("alpha", [0.01, 0.1, 1.0]);
    /// let results = GridSearchCv::new(Ridge::new(), grid).search(&data.x, &data.target)?;
    /// let table = results.to_table()?.sort_values([SortKey::ascending("rank_test_score")])?;
    /// assert_eq!(table.column("param_alpha")?.number(0), results.best_params()["alpha"].as_f64());
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` when a parameter's name is that of another column.
}

impl SearchResults {
    /// Every column with its name.
    fn columns(&self) -> Columns {
        let candidates = self.candidates();
        let several = self.scorers.len() > 1;
        let title = |s: usize| match several {
            true => self.scorers[s].clone(),
            false => "score".to_string(),
        };
        let rank = |s: usize| {
            let ranks = candidates.iter().map(|c| c.ranks.get(s).copied());
            (
                format!("rank_test_{}", title(s)),
                Cells::Count(ranks.collect()),
            )
        };
        let mut columns = vec![rank(self.ranked_by)];
        if self.schedule().is_some() {
            let count = |of: fn(&CandidateResult) -> Option<usize>| {
                Cells::Count(candidates.iter().map(of).collect())
            };
            columns.push(("iter".into(), count(CandidateResult::iteration)));
            columns.push(("n_resources".into(), count(CandidateResult::n_resources)));
        }
        for name in self.names() {
            let values = candidates.iter().map(|c| c.params().get(name).cloned());
            columns.push((format!("param_{name}"), Cells::Param(values.collect())));
        }
        let n_splits = candidates.first().map_or(0, |c| c.test_scores().len());
        let train = candidates.iter().any(|c| c.train.is_some());
        for s in 0..self.scorers.len() {
            for side in if train {
                &["test", "train"][..]
            } else {
                &["test"]
            } {
                let name = title(s);
                let scores = |c: &CandidateResult| -> Option<Vec<f64>> {
                    let of_scorer = match *side {
                        "test" => c.test.get(s)?,
                        _ => c.train.as_ref()?.get(s)?,
                    };
                    Some(of_scorer.iter().map(|n: &Number| n.0).collect())
                };
                let all: Vec<Option<Vec<f64>>> = candidates.iter().map(scores).collect();
                let summary = |of: fn(&[f64]) -> f64| {
                    Cells::Real(all.iter().map(|s| s.as_ref().map(|s| of(s))).collect())
                };
                columns.push((format!("mean_{side}_{name}"), summary(mean)));
                columns.push((format!("std_{side}_{name}"), summary(deviation)));
                for k in 0..n_splits {
                    let split = all
                        .iter()
                        .map(|s| s.as_ref().and_then(|s| s.get(k).copied()));
                    let cells = Cells::Real(split.collect());
                    columns.push((format!("split{k}_{side}_{name}"), cells));
                }
            }
            if several && s != self.ranked_by {
                columns.push(rank(s));
            }
        }
        let time = |times: fn(&CandidateResult) -> &[f64], of: fn(&[f64]) -> f64| {
            let cell = |c: &CandidateResult| Some(times(c)).filter(|t| !t.is_empty()).map(of);
            Cells::Real(candidates.iter().map(cell).collect())
        };
        for (name, times) in [
            (
                "fit",
                CandidateResult::fit_times as fn(&CandidateResult) -> &[f64],
            ),
            ("score", CandidateResult::score_times),
        ] {
            columns.push((format!("mean_{name}_time"), time(times, mean)));
            columns.push((format!("std_{name}_time"), time(times, deviation)));
        }
        let failures = candidates.iter().map(|c| c.failure().map(String::from));
        columns.push(("failure".into(), Cells::Text(failures.collect())));
        columns
    }
}

/// The table, the best candidate first, at most twenty rows; of successive halving the last iteration first.
pub(crate) fn show(results: &SearchResults, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const SHOWN: usize = 20;
    let names = results.names();
    let mut order: Vec<&CandidateResult> = results.candidates().iter().collect();
    order.sort_by_key(|c| (Reverse(c.iteration()), c.rank()));
    let halved = results.schedule().is_some();
    // The scorer that ranks stands first.
    let mut scorers: Vec<usize> = (0..results.scorers.len()).collect();
    scorers.sort_by_key(|&s| s != results.ranked_by);
    let failed = order.iter().take(SHOWN).any(|c| c.failure().is_some());

    let mut rows = vec![vec!["rank".to_string()]];
    if halved {
        rows[0].extend(["iter", "resources"].map(String::from));
    }
    rows[0].extend(names.iter().map(|n| n.to_string()));
    for &s in &scorers {
        rows[0].extend([format!("mean {}", results.scorers[s]), "std".into()]);
    }
    rows[0].push("fit s".into());
    if failed {
        rows[0].push("failure".into());
    }
    for candidate in order.iter().take(SHOWN) {
        let mut row = vec![candidate.rank().to_string()];
        if halved {
            let count = |n: Option<usize>| n.map(|n| n.to_string()).unwrap_or_default();
            row.extend([count(candidate.iteration()), count(candidate.n_resources())]);
        }
        let value = |name: &&String| candidate.params().get(*name).map(plain);
        row.extend(names.iter().map(|n| value(n).unwrap_or_default()));
        for &s in &scorers {
            let scores = candidate
                .test
                .get(s)
                .map(|s| s.iter().map(|n| n.0).collect());
            let scores: Vec<f64> = scores.unwrap_or_default();
            row.extend([mean(&scores), deviation(&scores)].map(|v| format!("{v:.4}")));
        }
        row.push(match candidate.fit_times() {
            [] => "-".into(),
            times => format!("{:.3}", mean(times)),
        });
        if failed {
            row.push(candidate.failure().unwrap_or_default().to_string());
        }
        rows.push(row);
    }
    let width = |c: usize| {
        rows.iter()
            .map(|r| r[c].chars().count())
            .fold(0, usize::max)
    };
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    for (i, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (c, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let gap = if c > 0 { "  " } else { "" };
            // What went wrong is a sentence: it stands to the left.
            if failed && c + 1 == row.len() {
                line += &format!("{gap}{cell}");
            } else {
                line += &format!("{gap}{cell:>width$}");
            }
        }
        let end = if i > 0 { "\n" } else { "" };
        write!(f, "{end}{}", line.trim_end())?;
    }
    if order.len() > SHOWN {
        write!(f, "\n... ({} in all)", order.len())?;
    }
    Ok(())
}
