//! What all estimators of neighbours share.

/// The settings of a search, as fields follow them: setters, and [`Settings`](super::search::Settings) from them.
macro_rules! search_setters {
    ($estimator:ident) => {
        impl $estimator {
            /// How neighbours are looked for.
            pub fn algorithm(mut self, algorithm: $crate::neighbors::NeighborsAlgorithm) -> Self {
                self.algorithm = algorithm;
                self
            }

            /// About how many rows a leaf of a tree holds.
            pub fn leaf_size(mut self, leaf_size: usize) -> Self {
                self.leaf_size = leaf_size;
                self
            }

            /// The distance.
            pub fn metric(mut self, metric: $crate::metrics::pairwise::Metric) -> Self {
                self.metric = metric;
                self
            }

            /// The power of the Minkowski distance, unless `metric_params` has one.
            pub fn p(mut self, p: f64) -> Self {
                self.p = p;
                self
            }

            /// What the metric needs besides the rows.
            pub fn metric_params(
                mut self,
                params: impl Into<Option<$crate::metrics::pairwise::MetricParams>>,
            ) -> Self {
                self.metric_params = params.into();
                self
            }

            fn settings(&self, n_neighbors: Option<usize>) -> $crate::neighbors::search::Settings {
                $crate::neighbors::search::Settings {
                    metric: self.metric,
                    params: self.metric_params.clone(),
                    p: self.p,
                    algorithm: self.algorithm,
                    leaf_size: self.leaf_size,
                    n_neighbors,
                }
            }
        }
    };
}
pub(crate) use search_setters;

use crate::error::{Error, Result};

/// There are as many rows as neighbours asked for.
pub(crate) fn enough(estimator: &str, n_neighbors: usize, rows: usize) -> Result<()> {
    if n_neighbors <= rows {
        return Ok(());
    }
    let expected = format!("at most the number of rows to choose from, {rows}");
    Err(Error::invalid_parameter(
        estimator,
        "n_neighbors",
        expected,
        n_neighbors,
    ))
}
