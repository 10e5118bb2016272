//! Networks built layer by layer, as in Keras's `Sequential`.

mod classifier;
mod embedding;
mod fit;
mod labels;
mod layer;
mod network;
mod norm;
mod regressor;
mod settings;
mod summary;
mod train;

#[cfg(test)]
mod tests;

use ndarray::ArrayRef2;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::float::Float;
use crate::neural_network::Activation;
use crate::params::Value;

pub use classifier::{FittedSequentialClassifier, SequentialClassifier};
pub use labels::FittedSequentialMultiLabel;
pub use layer::{Initializer, Layer};
pub use regressor::{FittedSequentialRegressor, SequentialRegressor};
pub use summary::{LayerSummary, Summary};

use network::Network;

/// The layers of a network, from the input on; a [`SequentialClassifier`] or [`SequentialRegressor`] adds the last one and
/// learns.
///
/// ```
/// use fitwell::neural_network::{Activation, Sequential};
///
/// let layers = Sequential::new()
///     .embedding([1], 3) // column 1 holds the numbers of categories
///     .dense(32, Activation::Relu)
///     .batch_normalization()
///     .dropout(0.2)
///     .dense(16, Activation::Selu);
/// assert_eq!(layers.layers().len(), 5);
/// ```
///
/// A list of layers is a parameter like any other, so that a search can choose among networks:
///
/// ```
/// use fitwell::model_selection::{GridSearchCv, ParamGrid};
/// use fitwell::neural_network::{Activation, Sequential, SequentialClassifier};
/// use fitwell::prelude::*;
///
/// let iris = fitwell::datasets::load_iris()?;
/// let small = Sequential::new().dense(2, Activation::Tanh);
/// let large = Sequential::new().dense(16, Activation::Tanh);
/// let network = SequentialClassifier::new(small.clone()).learning_rate_init(0.02).max_iter(30);
/// let grid = ParamGrid::new().with("layers", [small, large.clone()]);
/// let search = GridSearchCv::new(network, grid).cv(3).fit(&iris.x, &iris.target)?;
/// assert_eq!(search.best_params()["layers"], fitwell::params::Value::from(large));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sequential {
    layers: Vec<Layer>,
}

impl Sequential {
    /// No layers: what follows is linear in the features.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more layer.
    #[must_use]
    pub fn layer(mut self, layer: Layer) -> Self {
        self.layers.push(layer);
        self
    }

    /// f(x W + b) with `units` outputs, W drawn uniformly after Glorot and b = 0 at the start.
    #[must_use]
    pub fn dense(self, units: usize, activation: Activation) -> Self {
        self.layer(Layer::Dense {
            units,
            activation,
            kernel_initializer: Initializer::GlorotUniform,
            use_bias: true,
            l2: 0.0,
        })
    }

    /// f(x).
    #[must_use]
    pub fn activation(self, activation: Activation) -> Self {
        self.layer(Layer::Activation(activation))
    }

    /// While learning, sets each value to 0 with probability `rate` and divides the others by 1 − `rate`.
    #[must_use]
    pub fn dropout(self, rate: f64) -> Self {
        self.layer(Layer::Dropout { rate })
    }

    /// Normalises each column over the batch, with Keras's momentum of 0.99 and ε of 0.001.
    #[must_use]
    pub fn batch_normalization(self) -> Self {
        self.layer(Layer::BatchNormalization {
            momentum: 0.99,
            epsilon: 1e-3,
        })
    }

    /// Normalises each row, with Keras's ε of 0.001.
    #[must_use]
    pub fn layer_normalization(self) -> Self {
        self.layer(Layer::LayerNormalization { epsilon: 1e-3 })
    }

    /// Columns of whole numbers become learned vectors of length `output_dim`; it can only be the first layer.
    #[must_use]
    pub fn embedding(self, columns: impl IntoIterator<Item = usize>, output_dim: usize) -> Self {
        self.layer(Layer::Embedding {
            columns: columns.into_iter().collect(),
            output_dim,
            input_dim: None,
        })
    }

    /// The layers.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The layers with their shapes and numbers of parameters, for samples of `n_features` columns and a last layer of
    /// `n_outputs` values. An embedding without `input_dim` counts its unknown category alone.
    ///
    /// # Errors
    /// `InvalidParameter` for a setting out of range; `TooLarge`.
    pub fn summary(&self, n_features: usize, n_outputs: usize) -> Result<Summary> {
        self.check("Sequential")?;
        let nodes = network::nodes(
            "Sequential",
            &self.layers,
            n_features,
            n_outputs,
            self.given_categories().unwrap_or_default(),
        )?;
        Ok(Summary::of(&nodes))
    }

    fn check(&self, estimator: &str) -> Result<()> {
        for (i, layer) in self.layers.iter().enumerate() {
            layer.check(estimator, i)?;
        }
        Ok(())
    }

    /// The numbers of categories that the settings give; `None` where they are to be learned.
    fn given_categories(&self) -> Option<Vec<usize>> {
        match self.layers.first() {
            Some(Layer::Embedding {
                columns, input_dim, ..
            }) => input_dim.map(|k| vec![k; columns.len()]),
            _ => Some(Vec::new()),
        }
    }

    /// The columns that are embedded hold whole numbers, in rows that count.
    ///
    /// # Errors
    /// `InvalidInput`.
    fn check_columns<F: Float>(&self, x: &ArrayRef2<F>) -> Result<Vec<usize>> {
        match self.layers.first() {
            Some(Layer::Embedding { columns, .. }) => embedding::categories(x, columns),
            _ => Ok(Vec::new()),
        }
    }

    /// The network for these samples, of which `rows` count; without rows, samples that only begin a stream.
    fn network<F: Float>(
        &self,
        estimator: &str,
        x: &ArrayRef2<F>,
        rows: Option<&[usize]>,
        n_outputs: usize,
        random_state: u64,
    ) -> Result<Network<F>> {
        let counted = self.check_columns(x)?;
        let categories = match (self.given_categories(), rows) {
            (Some(given), _) => given,
            (None, Some(rows)) if rows.len() == x.nrows() => counted,
            (None, Some(rows)) => {
                self.check_columns(&ndarray::ArrayRef::select(x, ndarray::Axis(0), rows))?
            }
            (None, None) => {
                return Err(Error::invalid_parameter(
                    estimator,
                    "layers[0].input_dim",
                    "given: the number of categories of a stream is not known when it starts",
                    "none",
                ));
            }
        };
        Network::new(
            estimator,
            &self.layers,
            x.ncols(),
            n_outputs,
            categories,
            random_state,
        )
    }
}

impl FromIterator<Layer> for Sequential {
    fn from_iter<I: IntoIterator<Item = Layer>>(layers: I) -> Self {
        Sequential {
            layers: layers.into_iter().collect(),
        }
    }
}

impl From<Vec<Layer>> for Sequential {
    fn from(layers: Vec<Layer>) -> Self {
        Sequential { layers }
    }
}

impl From<Sequential> for Value {
    fn from(layers: Sequential) -> Value {
        serde_json::to_value(layers).unwrap_or(Value::Null)
    }
}
