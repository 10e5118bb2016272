//! The layers a network is built of.

use serde::{Deserialize, Serialize};

use crate::check::{self, Interval};
use crate::error::Result;
use crate::neural_network::Activation;
use crate::random;

/// One layer; [`Sequential`](super::Sequential) has a method for each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Layer {
    /// f(x W + b), with W of shape (n_inputs, units).
    Dense {
        /// The width of the output.
        units: usize,
        /// f.
        #[serde(default)]
        activation: Activation,
        /// How W is drawn; b starts at 0.
        #[serde(default)]
        kernel_initializer: Initializer,
        /// Whether there is a b.
        #[serde(default = "yes")]
        use_bias: bool,
        /// The weight of ‖W‖² in the loss, at least 0.
        #[serde(with = "crate::params::number", default)]
        l2: f64,
    },
    /// f(x).
    Activation(Activation),
    /// While learning, each value is 0 with probability `rate`, and the others are divided by 1 − `rate`.
    Dropout {
        /// In [0, 1).
        #[serde(with = "crate::params::number")]
        rate: f64,
    },
    /// γ (x − mean) / √(variance + ε) + β, column by column. While learning, mean and variance are those of the batch;
    /// afterwards their running means, which keep `momentum` of themselves at each batch.
    BatchNormalization {
        /// In [0, 1).
        #[serde(with = "crate::params::number", default = "momentum")]
        momentum: f64,
        /// Above 0.
        #[serde(with = "crate::params::number", default = "epsilon")]
        epsilon: f64,
    },
    /// γ (x − mean) / √(variance + ε) + β, with the mean and the variance of each row.
    LayerNormalization {
        /// Above 0.
        #[serde(with = "crate::params::number", default = "epsilon")]
        epsilon: f64,
    },
    /// Columns of whole numbers 0, 1, 2, ... become learned vectors; the other columns stay and come first. It can only be
    /// the first layer.
    ///
    /// A number that is negative or not below the number of categories is an unknown category; all of those share one vector,
    /// which starts at 0.
    Embedding {
        /// The columns, counted from 0.
        columns: Vec<usize>,
        /// The length of the vectors.
        output_dim: usize,
        /// The number of categories of each column: if none is given, as many as the training rows have.
        #[serde(default)]
        input_dim: Option<usize>,
    },
}

fn yes() -> bool {
    true
}
fn momentum() -> f64 {
    0.99
}
fn epsilon() -> f64 {
    1e-3
}

impl Layer {
    /// Checks every range.
    pub(super) fn check(&self, estimator: &str, position: usize) -> Result<()> {
        let name = |setting: &str| format!("layers[{position}].{setting}");
        let real = |setting: &str, value: f64, range: Interval| {
            check::real(estimator, &name(setting), value, range)
        };
        let unit = Interval::open(0.0, 1.0).including_low();
        match self {
            Layer::Dense {
                units,
                activation,
                l2,
                ..
            } => {
                check::count(estimator, &name("units"), *units, 1)?;
                activation.check(estimator)?;
                real("l2", *l2, Interval::at_least(0.0))
            }
            Layer::Activation(activation) => activation.check(estimator),
            Layer::Dropout { rate } => real("rate", *rate, unit),
            Layer::BatchNormalization { momentum, epsilon } => {
                real("momentum", *momentum, unit)?;
                real("epsilon", *epsilon, Interval::above(0.0))
            }
            Layer::LayerNormalization { epsilon } => {
                real("epsilon", *epsilon, Interval::above(0.0))
            }
            Layer::Embedding {
                columns,
                output_dim,
                input_dim,
            } => {
                check::count(estimator, &name("output_dim"), *output_dim, 1)?;
                check::count(estimator, &name("input_dim"), input_dim.unwrap_or(1), 1)?;
                let mut sorted = columns.clone();
                sorted.sort_unstable();
                sorted.dedup();
                if sorted.len() != columns.len() || columns.is_empty() {
                    return Err(crate::Error::invalid_parameter(
                        estimator,
                        name("columns"),
                        "at least one column, each once",
                        format!("{columns:?}"),
                    ));
                }
                if position > 0 {
                    return Err(crate::Error::invalid_parameter(
                        estimator,
                        "layers",
                        "a list in which only the first layer is an embedding",
                        format!("an embedding at position {position}"),
                    ));
                }
                Ok(())
            }
        }
    }
}

/// How the weights of a dense layer are drawn. With n inputs and m outputs, of mean 0 and variance
///
/// | initializer | variance |
/// |---|---|
/// | Glorot | 2 / (n + m) |
/// | He | 2 / n |
/// | LeCun | 1 / n |
///
/// either uniformly or normally, cut at two standard deviations, as in Keras.
///
/// # Sources
/// X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010. K. He and
/// others, "Delving deep into rectifiers", ICCV 2015. Y. LeCun and others, "Efficient backprop", 1998.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum Initializer {
    #[default]
    GlorotUniform,
    GlorotNormal,
    HeUniform,
    HeNormal,
    LecunUniform,
    LecunNormal,
}

impl Initializer {
    /// One weight after the other.
    pub(super) fn draw<'a>(
        self,
        n_inputs: usize,
        n_outputs: usize,
        rng: &'a mut impl rand::Rng,
    ) -> impl FnMut() -> f64 + 'a {
        /// The standard deviation of a standard normal number cut at 2.
        const CUT: f64 = 0.879_625_661_034_239_8;
        let (n, m) = (n_inputs.max(1) as f64, n_outputs.max(1) as f64);
        let (variance, normal) = match self {
            Initializer::GlorotUniform => (2.0 / (n + m), false),
            Initializer::GlorotNormal => (2.0 / (n + m), true),
            Initializer::HeUniform => (2.0 / n, false),
            Initializer::HeNormal => (2.0 / n, true),
            Initializer::LecunUniform => (1.0 / n, false),
            Initializer::LecunNormal => (1.0 / n, true),
        };
        let deviation = variance.sqrt();
        move || {
            if !normal {
                return deviation * 3f64.sqrt() * (2.0 * random::uniform(rng) - 1.0);
            }
            loop {
                let z = random::standard_normal(rng);
                if z.abs() <= 2.0 {
                    return deviation / CUT * z;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_have_the_variance_they_should() {
        for (initializer, variance) in [
            (Initializer::GlorotUniform, 2.0 / 50.0),
            (Initializer::GlorotNormal, 2.0 / 50.0),
            (Initializer::HeUniform, 2.0 / 20.0),
            (Initializer::HeNormal, 2.0 / 20.0),
            (Initializer::LecunUniform, 1.0 / 20.0),
            (Initializer::LecunNormal, 1.0 / 20.0),
        ] {
            let mut rng = random::generator(1);
            let mut draw = initializer.draw(20, 30, &mut rng);
            let found = (0..20_000).map(|_| draw().powi(2)).sum::<f64>() / 20_000.0;
            assert!((found / variance - 1.0).abs() < 0.05, "{initializer:?}");
        }
    }

    #[test]
    fn layers_are_read_with_their_defaults() {
        let layer: Layer = serde_json::from_str("{\"dense\":{\"units\":3}}").unwrap();
        assert!(matches!(
            layer,
            Layer::Dense {
                units: 3,
                use_bias: true,
                ..
            }
        ));
        let bad = Layer::Dropout { rate: 1.0 }.check("E", 2).unwrap_err();
        assert!(bad.to_string().contains("layers[2].rate"), "{bad}");
        let late = Layer::Embedding {
            columns: vec![0],
            output_dim: 1,
            input_dim: None,
        };
        assert!(late.check("E", 0).is_ok() && late.check("E", 1).is_err());
    }
}
