//! Where bins begin and end.

use ndarray::{ArrayRef2, s};

use super::{BinStrategy, KBinsDiscretizer, NARROW};
use crate::error::{ErrorKind, Result};
use crate::float::Float;
use crate::parallel;
use crate::params::Hyperparameters;
use crate::preprocessing::k_means_1d::k_means_1d;
use crate::preprocessing::linspace::evenly_spaced;
use crate::preprocessing::quantiles::{
    QuantileMethod, column_quantiles, weighted_column_quantiles,
};
use crate::random::{self, WeightedIndex};

impl KBinsDiscretizer {
    /// Positions of `n` rows out of `n_rows`, with replacement.
    pub(super) fn draw(
        &self,
        n_rows: usize,
        n: usize,
        weights: Option<&[f64]>,
    ) -> Result<Vec<usize>> {
        let mut rng = random::generator(self.random_state);
        if let Some(weights) = weights {
            let choice = WeightedIndex::new(weights)?;
            return Ok((0..n).map(|_| choice.sample(&mut rng)).collect());
        }
        let Some(n_rows) = std::num::NonZeroUsize::new(n_rows) else {
            return Ok(Vec::new());
        };
        Ok((0..n).map(|_| random::below(n_rows, &mut rng)).collect())
    }

    /// The edges of each column's bins; the one value of a column that has one bin.
    pub(super) fn edges<F: Float>(
        &self,
        x: &ArrayRef2<F>,
        weights: Option<&[f64]>,
        n_bins: &[usize],
    ) -> Result<Vec<Vec<f64>>> {
        if self.strategy == BinStrategy::Quantile {
            return self.quantile_edges(x, weights, n_bins);
        }
        let ranges = ranges(x, weights);
        if self.strategy == BinStrategy::Uniform {
            let columns = ranges.iter().zip(n_bins);
            return Ok(columns
                .map(|(&(low, high), &n)| {
                    if low == high {
                        return vec![low.f64()];
                    }
                    let edges = evenly_spaced(low, high, n + 1);
                    edges.into_iter().map(Float::f64).collect()
                })
                .collect());
        }
        let most = n_bins.iter().copied().max().unwrap_or(0);
        if x.nrows() < most && ranges.iter().any(|(low, high)| low < high) {
            return Err(ErrorKind::TooFewSamples {
                what: format!("{} clusters", Self::NAME),
                needed: most,
                got: x.nrows(),
            }
            .into());
        }
        Ok(parallel::map(x.ncols(), |j| {
            let (low, high) = ranges[j];
            if low == high {
                return vec![low.f64()];
            }
            let steps = evenly_spaced(low, high, n_bins[j] + 1);
            let half = F::of(0.5);
            let start: Vec<f64> = steps
                .windows(2)
                .map(|e| ((e[1] + e[0]) * half).f64())
                .collect();
            if start.iter().any(|c| !c.is_finite()) {
                return start; // too far apart for the type: the caller says so
            }
            let values: Vec<f64> = x.column(j).iter().map(|v| v.f64()).collect();
            let mut centres = k_means_1d(&values, weights, &start);
            centres.sort_unstable_by(f64::total_cmp);
            let inner = centres.windows(2).map(|c| (c[1] + c[0]) * 0.5);
            let edges = [low.f64()].into_iter().chain(inner).chain([high.f64()]);
            wide(edges.collect())
        }))
    }

    fn quantile_edges<F: Float>(
        &self,
        x: &ArrayRef2<F>,
        weights: Option<&[f64]>,
        n_bins: &[usize],
    ) -> Result<Vec<Vec<f64>>> {
        let method = self.quantile_method;
        let averaged = method == QuantileMethod::AveragedInvertedCdf;
        if weights.is_some() && !averaged && method != QuantileMethod::InvertedCdf {
            let expected = "`inverted_cdf` or `averaged_inverted_cdf` with sample weights";
            let got = match serde_json::to_value(method) {
                Ok(serde_json::Value::String(name)) => name,
                _ => format!("{method:?}"),
            };
            return Err(Self::refuse("quantile_method", expected, got));
        }
        let of = |x: &ArrayRef2<F>, n: usize| -> Vec<Vec<f64>> {
            let levels: Vec<f64> = (evenly_spaced(0.0, 100.0, n + 1).into_iter())
                .map(|percent: f64| percent / 100.0)
                .collect();
            let edges = match weights {
                None => column_quantiles(x, &levels, method),
                Some(weights) => weighted_column_quantiles(x, weights, &levels, averaged),
            };
            edges
                .columns()
                .into_iter()
                .map(|e| wide(e.to_vec()))
                .collect()
        };
        if n_bins.windows(2).all(|n| n[0] == n[1]) {
            return Ok(of(x, n_bins[0]));
        }
        let columns = parallel::map(x.ncols(), |j| of(&x.slice(s![.., j..=j]), n_bins[j]));
        Ok(columns.into_iter().flatten().collect())
    }
}

/// The edges that are more than a hair above the one before.
fn wide(edges: Vec<f64>) -> Vec<f64> {
    let mut kept: Vec<f64> = Vec::with_capacity(edges.len());
    for (i, &edge) in edges.iter().enumerate() {
        let apart = i == 0 || edge - edges[i - 1] > NARROW;
        if !edge.is_finite() || (apart && kept.last().is_none_or(|last| *last < edge)) {
            kept.push(edge);
        }
    }
    kept
}

/// The least and the greatest value of each column, rows of weight zero left out.
fn ranges<F: Float>(x: &ArrayRef2<F>, weights: Option<&[f64]>) -> Vec<(F, F)> {
    let p = x.ncols();
    let start = || vec![(F::infinity(), F::neg_infinity()); p];
    let join = |all: &mut (F, F), (low, high): (F, F)| {
        all.0 = if low < all.0 { low } else { all.0 };
        all.1 = if high > all.1 { high } else { all.1 };
    };
    let chunk = parallel::row_chunks(x.nrows(), p);
    let parts = parallel::map_chunks(x.nrows(), chunk, |rows| {
        let mut part = start();
        for i in rows {
            if weights.is_some_and(|w| w[i] <= 0.0) {
                continue;
            }
            part.iter_mut()
                .zip(x.row(i))
                .for_each(|(all, v)| join(all, (*v, *v)));
        }
        part
    });
    parts.iter().fold(start(), |mut all, part| {
        all.iter_mut()
            .zip(part)
            .for_each(|(all, part)| join(all, *part));
        all
    })
}
