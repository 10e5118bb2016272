//! Our numbers beside scikit-learn's. `tests/reference/generate.py` writes the JSON files, each case with its data, its
//! settings, scikit-learn's results and the tolerance with its reason; here the same is computed and compared.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "reference/categories.rs"]
mod categories;
#[path = "reference/cluster.rs"]
mod cluster;
#[path = "reference/compare.rs"]
mod compare;
#[path = "reference/compose.rs"]
mod compose;
#[path = "reference/data.rs"]
mod data;
#[path = "reference/decomposition.rs"]
mod decomposition;
#[path = "reference/density.rs"]
mod density;
#[path = "reference/feature_selection.rs"]
mod feature_selection;
#[path = "reference/features.rs"]
mod features;
#[path = "reference/glm.rs"]
mod glm;
#[path = "reference/groups.rs"]
mod groups;
#[path = "reference/impute.rs"]
mod impute;
#[path = "reference/kernel_density.rs"]
mod kernel_density;
#[path = "reference/linear_model.rs"]
mod linear_model;
#[path = "reference/logistic.rs"]
mod logistic;
#[path = "reference/meta.rs"]
mod meta;
#[path = "reference/metric_functions.rs"]
mod metric_functions;
#[path = "reference/metrics.rs"]
mod metrics;
#[path = "reference/mixture.rs"]
mod mixture;
#[path = "reference/mlp.rs"]
mod mlp;
#[path = "reference/neighbors.rs"]
mod neighbors;
#[path = "reference/networks.rs"]
mod networks;
#[path = "reference/optim.rs"]
mod optim;
#[path = "reference/preprocessing.rs"]
mod preprocessing;
#[path = "reference/ridge.rs"]
mod ridge;
#[path = "reference/scaling.rs"]
mod scaling;
#[path = "reference/searches.rs"]
mod searches;
#[path = "reference/selection.rs"]
mod selection;
#[path = "reference/selection_splits.rs"]
mod selection_splits;
#[path = "reference/sgd.rs"]
mod sgd;
#[path = "reference/sparse.rs"]
mod sparse;
#[path = "reference/spectral.rs"]
mod spectral;
#[path = "reference/table.rs"]
mod table;
#[path = "reference/valleys.rs"]
mod valleys;
