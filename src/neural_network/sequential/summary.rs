//! What a network is made of: layers, shapes, numbers of parameters.

use std::fmt;

use crate::neural_network::Activation;

use super::layer::Layer;
use super::network::Node;

/// The layers of a network with their shapes and numbers of parameters; its text is a table.
///
/// ```
/// use fitwell::neural_network::{Activation, Sequential};
///
/// let layers = Sequential::new().dense(100, Activation::Relu).batch_normalization().dropout(0.5);
/// let summary = layers.summary(784, 10)?;
/// assert_eq!(summary.n_parameters(), 784 * 100 + 100 + 2 * 100 + 100 * 10 + 10);
/// assert_eq!(summary.layers()[1].n_statistics, 200); // running means and variances
/// assert!(summary.to_string().contains("batch_normalization"));
/// # Ok::<(), fitwell::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    layers: Vec<LayerSummary>,
}

/// One layer of a [`Summary`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LayerSummary {
    /// What the layer is, with what there is to say of it: `dense (relu)`.
    pub name: String,
    /// The width of its output.
    pub n_outputs: usize,
    /// The parameters it learns by their gradient.
    pub n_parameters: usize,
    /// What it learns without one: running means and variances.
    pub n_statistics: usize,
}

impl Summary {
    /// Of dense layers of these units, inputs and outputs included, with dropout after the hidden ones.
    pub(crate) fn of_perceptron(units: &[usize], activations: &[Activation], dropout: f64) -> Self {
        let mut layers = Vec::with_capacity(2 * units.len());
        for (l, pair) in units.windows(2).enumerate() {
            let hidden = activations.get(l).filter(|_| l + 2 < units.len());
            let activation = hidden.copied().unwrap_or(Activation::Identity);
            layers.push(LayerSummary {
                name: format!("dense ({})", activation.name()),
                n_outputs: pair[1],
                n_parameters: pair[0].saturating_add(1).saturating_mul(pair[1]),
                n_statistics: 0,
            });
            if hidden.is_some() && dropout > 0.0 {
                layers.push(LayerSummary {
                    name: name(&Layer::Dropout { rate: dropout }),
                    n_outputs: pair[1],
                    n_parameters: 0,
                    n_statistics: 0,
                });
            }
        }
        Summary { layers }
    }

    pub(super) fn of(nodes: &[Node]) -> Self {
        let layers = nodes.iter().map(|node| LayerSummary {
            name: name(&node.layer),
            n_outputs: node.n_outputs,
            n_parameters: node.n_parameters().unwrap_or(0),
            n_statistics: node.n_statistics(),
        });
        Summary {
            layers: layers.collect(),
        }
    }

    /// Layer by layer, the last one included.
    pub fn layers(&self) -> &[LayerSummary] {
        &self.layers
    }

    /// All parameters that are learned by their gradient.
    pub fn n_parameters(&self) -> usize {
        self.layers.iter().map(|layer| layer.n_parameters).sum()
    }
}

fn name(layer: &Layer) -> String {
    match layer {
        Layer::Dense { activation: f, .. } => format!("dense ({})", f.name()),
        Layer::Activation(f) => format!("activation ({})", f.name()),
        Layer::Dropout { rate } => format!("dropout ({rate})"),
        Layer::BatchNormalization { .. } => "batch_normalization".into(),
        Layer::LayerNormalization { .. } => "layer_normalization".into(),
        Layer::Embedding { columns, .. } => format!("embedding (of {})", columns.len()),
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.layers.iter().map(|layer| layer.name.len());
        let width = names.chain([5]).max().unwrap_or(5);
        writeln!(
            f,
            "{:width$}  {:>12}  {:>10}",
            "layer", "output", "parameters"
        )?;
        for layer in &self.layers {
            let shape = format!("(n, {})", layer.n_outputs);
            let n = layer.n_parameters;
            writeln!(f, "{:width$}  {shape:>12}  {n:>10}", layer.name)?;
        }
        write!(f, "{} parameters", self.n_parameters())?;
        match self.layers.iter().map(|layer| layer.n_statistics).sum() {
            0usize => Ok(()),
            n => write!(f, ", {n} running statistics"),
        }
    }
}
