//! The rows that have a say in a prediction, and how much.

use ndarray::{Array2, ArrayRef2, s};
use serde::{Deserialize, Serialize};

use super::estimators::enough;
use super::search::{Found, Index, Settings, select};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::model::ensure;

/// How much a neighbour counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NeighborWeights {
    /// All the same.
    #[default]
    Uniform,
    /// By the inverse of the distance; where some are at distance 0, those alone.
    Distance,
}

/// Which neighbours are asked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Reach {
    /// So many.
    Count(usize),
    /// All as near as this.
    Radius(f64),
}

/// Rows to be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub(super) struct Voters<F: Float> {
    pub(super) index: Index<F>,
    reach: Reach,
    by: NeighborWeights,
    /// The weight of each row, if they are not all 1; positive.
    row_weights: Option<Vec<f64>>,
}

/// Neighbours and their weights, of several queries.
pub(super) struct Asked {
    indptr: Vec<usize>,
    indices: Vec<usize>,
    weights: Vec<f64>,
}

impl Asked {
    /// Those of one query.
    pub(super) fn of(&self, i: usize) -> (&[usize], &[f64]) {
        let range = self.indptr[i]..self.indptr[i + 1];
        (&self.indices[range.clone()], &self.weights[range])
    }
}

/// Queries that are answered at once.
const BLOCK: usize = 8192;

impl<F: Float> Voters<F> {
    /// Over checked rows, without those of weight 0; the numbers of the rows that stay are returned too.
    pub(super) fn new(
        estimator: &str,
        x: &ArrayRef2<F>,
        settings: Settings,
        reach: Reach,
        by: NeighborWeights,
        weights: Option<&[f64]>,
    ) -> Result<(Self, Vec<usize>)> {
        let precomputed = settings.metric == crate::metrics::pairwise::Metric::Precomputed;
        let kept: Vec<usize> = (0..x.nrows())
            .filter(|&i| weights.is_none_or(|w| w[i] > 0.0))
            .collect();
        if let Reach::Count(k) = reach {
            let total = weights.map_or(x.nrows() as f64, |w| w.iter().sum());
            if k as f64 > total {
                return Err(Error::invalid_parameter(
                    estimator,
                    "n_neighbors",
                    format!(
                        "at most the rows to choose from, or the sum of their weights, {total}"
                    ),
                    k,
                ));
            }
        }
        let index = if kept.len() == x.nrows() {
            Index::new(estimator, x, settings)?
        } else if precomputed {
            let what = "precomputed distances";
            return Err(Error::invalid_input(what, "a row has the weight 0"));
        } else {
            Index::new(estimator, &select(x, &kept), settings)?
        };
        let row_weights: Option<Vec<f64>> = weights.map(|w| kept.iter().map(|&i| w[i]).collect());
        let voters = Voters {
            index,
            reach,
            by,
            row_weights: row_weights.filter(|w| w.iter().any(|&w| w != 1.0)),
        };
        Ok((voters, kept))
    }

    /// Calls `each` with the number of each row of `x` and its neighbours, in order.
    pub(super) fn ask(
        &self,
        x: &ArrayRef2<F>,
        mut each: impl FnMut(usize, &[usize], &[f64]) -> Result<()>,
    ) -> Result<()> {
        self.index.check(x)?;
        for first in (0..x.nrows()).step_by(BLOCK) {
            let block = x.slice(s![first..x.nrows().min(first + BLOCK), ..]);
            let asked = self.block(&block)?;
            for i in 0..block.nrows() {
                let (rows, weights) = asked.of(i);
                each(first + i, rows, weights)?;
            }
        }
        Ok(())
    }

    fn block(&self, x: &ArrayRef2<F>) -> Result<Asked> {
        let (mut found, mut weights) = match (self.reach, &self.row_weights) {
            (Reach::Radius(radius), rows) => {
                let found = self.index.within(Some(x), radius, true)?;
                let weights = match rows {
                    Some(rows) => found.indices.iter().map(|&i| rows[i]).collect(),
                    None => vec![1.0; found.indices.len()],
                };
                (found, weights)
            }
            (Reach::Count(k), None) => {
                let (distances, indices) = self.index.nearest(x, k)?;
                let weights = vec![1.0; indices.len()];
                (listed(distances, indices), weights)
            }
            (Reach::Count(k), Some(rows)) => self.by_mass(x, k, rows)?,
        };
        if self.by == NeighborWeights::Distance {
            for pair in found.indptr.windows(2) {
                let distances = &mut found.distances[pair[0]..pair[1]];
                let nearest = distances.first().map_or(0.0, |d| d.f64());
                let each = weights[pair[0]..pair[1]].iter_mut();
                for (weight, d) in each.zip(distances.iter()) {
                    // In units of the nearest, so that nothing overflows; equal to the nearest is 1, 0/0 and ∞/∞ too.
                    let ratio = nearest / d.f64();
                    *weight *= if ratio.is_nan() { 1.0 } else { ratio };
                }
            }
        }
        Ok(Asked {
            indptr: found.indptr,
            indices: found.indices,
            weights,
        })
    }

    /// The nearest rows whose weights sum to k; the last counts with what is missing.
    fn by_mass(&self, x: &ArrayRef2<F>, k: usize, rows: &[f64]) -> Result<(Found<F>, Vec<f64>)> {
        let n = self.index.n();
        let least = rows.iter().fold(f64::INFINITY, |m, &w| m.min(w));
        let enough = ((k as f64 / least).ceil() as usize).min(n);
        let mut asked = k.min(n);
        loop {
            let (distances, indices) = self.index.nearest(x, asked)?;
            let mut found = Found {
                indptr: vec![0],
                indices: Vec::new(),
                distances: Vec::new(),
            };
            let mut weights = Vec::new();
            let mut all = true;
            for (distances, indices) in distances.rows().into_iter().zip(indices.rows()) {
                let mut missing = k as f64;
                for (&d, &i) in distances.iter().zip(indices) {
                    if missing <= 0.0 {
                        break;
                    }
                    found.distances.push(d);
                    found.indices.push(i);
                    weights.push(rows[i].min(missing));
                    missing -= rows[i];
                }
                all &= missing <= 0.0;
                found.indptr.push(found.indices.len());
            }
            if all || asked >= enough {
                return Ok((found, weights));
            }
            asked = (2 * asked).min(enough);
        }
    }

    /// What a model file must satisfy.
    pub(super) fn validate(&self) -> Result<()> {
        let n = self.index.n();
        if let Some(weights) = &self.row_weights {
            ensure::equal("number of row weights", weights.len(), n)?;
            ensure::positive("row weights", weights)?;
        }
        match self.reach {
            Reach::Count(k) => {
                ensure::at_least("n_neighbors", k, 1)?;
                let total = match &self.row_weights {
                    Some(weights) => weights.iter().sum(),
                    None => n as f64,
                };
                ensure::that(k as f64 <= total, || format!("{k} neighbours of {n} rows"))
            }
            Reach::Radius(radius) => ensure::non_negative("radius", &[radius]),
        }
    }
}

fn listed<F: Float>(distances: Array2<F>, indices: Array2<usize>) -> Found<F> {
    let (n, k) = indices.dim();
    Found {
        indptr: (0..=n).map(|i| i * k).collect(),
        indices: indices.into_raw_vec_and_offset().0,
        distances: distances.into_raw_vec_and_offset().0,
    }
}

/// As [`enough`], for a search of one's own neighbours.
pub(super) fn enough_others(estimator: &str, k: usize, n: usize) -> Result<()> {
    enough(estimator, k, n.saturating_sub(1))
}
