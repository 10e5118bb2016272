//! The log of a search: a line of JSON for each candidate as it finishes, from which an interrupted search goes on.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::record::FoldRecord;
use super::strategy::Batch;
use crate::error::{Error, ErrorKind, Result};
use crate::params::Value;

/// The first line: what must be the same for scores to be the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub(super) fitwell_search_log: u32,
    pub(super) estimator: String,
    pub(super) params: BTreeMap<String, Value>,
    pub(super) scorers: Vec<String>,
    pub(super) train_scores: bool,
    pub(super) error_score: Value,
    pub(super) n_samples: usize,
    pub(super) n_features: usize,
    /// Of the features' values, of the target with its weights and groups, and of the splits.
    pub(super) data: String,
    pub(super) target: String,
    pub(super) splits: String,
}

/// Every other line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<K, F> {
    candidate: K,
    folds: F,
}

/// What tells a candidate of the log from others: its parameters, and the rows it was tried on.
pub(super) fn key(params: &BTreeMap<String, Value>, batch: &Batch) -> String {
    let rows = batch.rows.map(|(share, seed)| (share.to_bits(), seed));
    // Maps of JSON values can always be written.
    serde_json::to_string(&(params, rows)).unwrap_or_default()
}

/// Writes lines at the end of a file.
pub(super) struct LogWriter {
    path: PathBuf,
    file: Mutex<File>,
}

impl LogWriter {
    /// Goes on with the file at `path`, or begins it. Also what the file holds already, by candidate.
    ///
    /// A line that is not whole, the last one of a search that was interrupted, is taken off.
    pub(super) fn open(
        path: &Path,
        head: &Head,
        n_folds: usize,
    ) -> Result<(Self, HashMap<String, Vec<FoldRecord>>)> {
        let io = |source| {
            Error::from(ErrorKind::Io {
                path: path.into(),
                source,
            })
        };
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(path)
            .map_err(io)?;
        let text = std::fs::read(path).map_err(io)?;
        let whole = text
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |end| end + 1);
        if whole < text.len() {
            file.set_len(whole as u64).map_err(io)?;
        }
        let known = match read(&text[..whole], head, n_folds) {
            Ok(Some(known)) => known,
            Ok(None) => {
                let line = serde_json::to_string(head).unwrap_or_default();
                file.write_all(format!("{line}\n").as_bytes()).map_err(io)?;
                HashMap::new()
            }
            Err(reason) => {
                return Err(Error::invalid_input(
                    format!("search log {}", path.display()),
                    reason,
                ));
            }
        };
        let writer = LogWriter {
            path: path.into(),
            file: Mutex::new(file),
        };
        Ok((writer, known))
    }

    pub(super) fn write(&self, key: &str, folds: &[&FoldRecord]) -> Result<()> {
        let line = Line {
            candidate: key,
            folds,
        };
        let io = |source| {
            Error::from(ErrorKind::Io {
                path: self.path.clone(),
                source,
            })
        };
        let text = serde_json::to_string(&line).map_err(|e| io(e.into()))?;
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // One call a line, so that lines of two threads do not mix.
        file.write_all(format!("{text}\n").as_bytes()).map_err(io)
    }
}

/// The candidates of a log; `None` if it is empty. An error says why it cannot be gone on with.
fn read(
    text: &[u8],
    head: &Head,
    n_folds: usize,
) -> std::result::Result<Option<HashMap<String, Vec<FoldRecord>>>, String> {
    let text = std::str::from_utf8(text).map_err(|e| e.to_string())?;
    let mut lines = text.lines().enumerate();
    let Some((_, first)) = lines.next() else {
        return Ok(None);
    };
    let there: Head = serde_json::from_str(first).map_err(|e| format!("line 1: {e}"))?;
    if let Some(difference) = there.difference(head) {
        return Err(format!(
            "was written by another search: {difference} differs"
        ));
    }
    let mut known = HashMap::new();
    for (number, line) in lines {
        let wrong = |reason: String| format!("line {}: {reason}", number + 1);
        let line: Line<String, Vec<FoldRecord>> =
            serde_json::from_str(line).map_err(|e| wrong(e.to_string()))?;
        let right = |f: &FoldRecord| {
            let train = f.train.as_ref();
            f.test.len() == head.scorers.len()
                && train.is_some() == head.train_scores
                && train.is_none_or(|t| t.len() == head.scorers.len())
        };
        if line.folds.len() != n_folds || !line.folds.iter().all(right) {
            return Err(wrong("another number of folds or scores".into()));
        }
        known.insert(line.candidate, line.folds);
    }
    Ok(Some(known))
}

impl Head {
    /// The first part in which two heads differ.
    fn difference(&self, other: &Self) -> Option<&'static str> {
        [
            (
                self.fitwell_search_log != other.fitwell_search_log,
                "the version",
            ),
            (
                self.estimator != other.estimator,
                "the type of the estimator",
            ),
            (self.params != other.params, "a parameter of the estimator"),
            (self.scorers != other.scorers, "the list of scorers"),
            (
                self.train_scores != other.train_scores,
                "`return_train_score`",
            ),
            (self.error_score != other.error_score, "`error_score`"),
            (self.n_samples != other.n_samples, "the number of rows"),
            (self.n_features != other.n_features, "the number of columns"),
            (self.data != other.data, "the data"),
            (
                self.target != other.target,
                "the target, its weights or its groups",
            ),
            (self.splits != other.splits, "a split"),
        ]
        .into_iter()
        .find_map(|(differs, what)| differs.then_some(what))
    }
}
