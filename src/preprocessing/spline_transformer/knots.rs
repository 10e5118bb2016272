//! Where polynomials meet.

use ndarray::{Array2, ArrayBase, ArrayRef2, Data, Ix2};
use serde::{Deserialize, Serialize};

use super::{Extrapolation, SplineTransformer};
use crate::float::Float;
use crate::parallel;
use crate::preprocessing::linspace::evenly_spaced;
use crate::preprocessing::quantiles::{
    QuantileMethod, column_quantiles, weighted_column_quantiles,
};

/// Where a [`SplineTransformer`] puts the knots.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Knots {
    /// At equal distances from the least value to the greatest.
    #[default]
    Uniform,
    /// At quantiles, with equally many values between two.
    Quantile,
    /// Here: (n_knots, n_features) as rows, ascending in every column. `n_knots` does not count then.
    Given(Vec<Vec<f64>>),
}

impl<S: Data<Elem = f64>> From<&ArrayBase<S, Ix2>> for Knots {
    fn from(knots: &ArrayBase<S, Ix2>) -> Self {
        Knots::Given(knots.rows().into_iter().map(|row| row.to_vec()).collect())
    }
}

impl From<Array2<f64>> for Knots {
    fn from(knots: Array2<f64>) -> Self {
        Knots::from(&knots)
    }
}

impl SplineTransformer {
    /// The knots of each column, without those that are added.
    pub(super) fn base<F: Float>(
        &self,
        x: &ArrayRef2<F>,
        weights: Option<&[f64]>,
    ) -> Vec<Vec<f64>> {
        match &self.knots {
            Knots::Given(rows) => (0..x.ncols())
                .map(|j| rows.iter().map(|row| row[j]).collect())
                .collect(),
            Knots::Uniform => {
                let counts = |i: usize| weights.is_none_or(|w| w[i] > 0.0);
                let ends = parallel::map(x.ncols(), |j| {
                    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
                    for (i, v) in x.column(j).iter().enumerate() {
                        if counts(i) {
                            // NaN are passed over by both.
                            low = low.min(v.f64());
                            high = high.max(v.f64());
                        }
                    }
                    if low <= high { (low, high) } else { (0.0, 0.0) }
                });
                let ends = ends.into_iter();
                ends.map(|(low, high)| evenly_spaced(low, high, self.n_knots))
                    .collect()
            }
            Knots::Quantile => {
                let levels: Vec<f64> = (evenly_spaced(0.0, 1.0, self.n_knots).iter())
                    .map(|q| 100.0 * q / 100.0)
                    .collect();
                let knots = match weights {
                    None => column_quantiles(x, &levels, QuantileMethod::Linear),
                    Some(weights) => weighted_column_quantiles(x, weights, &levels, false),
                };
                let known = |v: &f64| if v.is_nan() { 0.0 } else { *v };
                knots
                    .columns()
                    .into_iter()
                    .map(|column| column.iter().map(known).collect())
                    .collect()
            }
        }
    }

    /// The knots of a column with those beyond both ends.
    pub(super) fn extended(&self, base: &[f64]) -> Vec<f64> {
        let (n, d) = (base.len(), self.degree);
        let (first, last) = (base[0], base[n - 1]);
        let (before, after): (Vec<f64>, Vec<f64>) = if self.extrapolation == Extrapolation::Periodic
        {
            let period = last - first;
            (
                base[n - 1 - d..n - 1].iter().map(|t| t - period).collect(),
                base[1..=d].iter().map(|t| t + period).collect(),
            )
        } else {
            let (low, high) = (base[1] - first, last - base[n - 2]);
            (
                evenly_spaced(first - d as f64 * low, first - low, d),
                evenly_spaced(last + high, last + d as f64 * high, d),
            )
        };
        [&before, base, &after].concat()
    }
}
