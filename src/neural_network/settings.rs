//! What the two estimators have in common: settings under scikit-learn's names, and how they are written.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::check::{self, Interval};
use crate::error::{Error, Result};

use super::activation::Activation;
use super::clip::Clip;
use super::learning_rate::LearningRate;
use super::optimizer::Optimizer;
use super::schedule::Schedule;
use super::train::{FullBatch, Stochastic};

/// The most units of a layer: more is a mistake, whatever the memory.
const MOST_UNITS: usize = 1 << 30;

/// What finds the weights, with the settings that belong to it.
///
/// By parameter name, as in scikit-learn: `solver` is `"adam"`, `"sgd"` or `"lbfgs"`, the settings stand beside it
/// (`beta_1`, `momentum`, `max_fun`, ...).
///
/// ```
/// use fitwell::neural_network::{LearningRate, MlpClassifier, Solver};
/// use fitwell::prelude::*;
///
/// let typed = MlpClassifier::new().solver(Solver::Sgd {
///     momentum: 0.5,
///     nesterovs_momentum: true,
///     learning_rate: LearningRate::Adaptive,
/// });
/// let named = MlpClassifier::new()
///     .with_param("solver", "sgd")?
///     .with_param("momentum", 0.5)?
///     .with_param("learning_rate", "adaptive")?;
/// assert_eq!(typed, named);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Solver {
    /// Adam over batches of rows: the default, good for thousands of rows and more.
    Adam {
        /// How slowly the mean gradient is forgotten, in [0, 1); 0.9 by default.
        beta_1: f64,
        /// How slowly the mean squared gradient is forgotten, in [0, 1); 0.999 by default.
        beta_2: f64,
        /// Added to the root of the mean squared gradient, above 0; 10⁻⁸ by default.
        epsilon: f64,
    },
    /// Gradient descent with momentum over batches of rows.
    Sgd {
        /// The share of the last step that is made again, in [0, 1]; 0.9 by default.
        momentum: f64,
        /// Whether to look ahead by that share; true by default.
        nesterovs_momentum: bool,
        /// How the learning rate changes; constant by default.
        learning_rate: LearningRate,
    },
    /// Limited-memory BFGS over all rows at once: for small data it takes fewer passes and ends lower.
    Lbfgs {
        /// The most evaluations of loss and gradient; 15,000 by default.
        max_fun: usize,
    },
}

impl Solver {
    /// Adam with scikit-learn's settings.
    pub const fn adam() -> Self {
        Solver::Adam {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
        }
    }

    /// Gradient descent with scikit-learn's settings.
    pub const fn sgd() -> Self {
        Solver::Sgd {
            momentum: 0.9,
            nesterovs_momentum: true,
            learning_rate: LearningRate::Constant,
        }
    }

    /// Limited-memory BFGS with scikit-learn's settings.
    pub const fn lbfgs() -> Self {
        Solver::Lbfgs { max_fun: 15_000 }
    }
}

impl Default for Solver {
    fn default() -> Self {
        Self::adam()
    }
}

/// Rows of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BatchSize {
    /// 200, or all rows if there are fewer.
    #[default]
    Auto,
    /// So many, at most all.
    Rows(usize),
}

impl From<usize> for BatchSize {
    fn from(rows: usize) -> Self {
        BatchSize::Rows(rows)
    }
}

/// The activations of the hidden layers: one for all of them, or one for each.
///
/// ```
/// use fitwell::neural_network::{Activation, MlpRegressor};
/// use fitwell::prelude::*;
///
/// let typed = MlpRegressor::new().hidden_layer_sizes([8, 4]).activation([Activation::Tanh, Activation::Gelu]);
/// let named = MlpRegressor::new()
///     .with_param("hidden_layer_sizes", vec![8, 4])?
///     .with_param("activation", vec!["tanh", "gelu"])?;
/// assert_eq!(typed, named);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Activations {
    /// The same for every layer.
    Every(Activation),
    /// One for each layer, from the input on.
    Each(Vec<Activation>),
}

impl Default for Activations {
    /// ReLU.
    fn default() -> Self {
        Activations::Every(Activation::Relu)
    }
}

impl From<Activation> for Activations {
    fn from(activation: Activation) -> Self {
        Activations::Every(activation)
    }
}

impl From<Vec<Activation>> for Activations {
    fn from(each: Vec<Activation>) -> Self {
        Activations::Each(each)
    }
}

impl<const N: usize> From<[Activation; N]> for Activations {
    fn from(each: [Activation; N]) -> Self {
        Activations::Each(each.into())
    }
}

impl Activations {
    /// Those of `layers` hidden layers.
    pub(crate) fn of(&self, layers: usize) -> Vec<Activation> {
        match self {
            Activations::Every(activation) => vec![*activation; layers],
            Activations::Each(each) => each.clone(),
        }
    }

    /// The one that first weights into this layer, the last included, are drawn for.
    pub(crate) fn towards(&self, layer: usize) -> Activation {
        match self {
            Activations::Every(activation) => *activation,
            Activations::Each(each) => {
                let found = each.get(layer).or(each.last());
                found.copied().unwrap_or(Activation::Identity)
            }
        }
    }

    fn check(&self, estimator: &str, layers: usize) -> Result<()> {
        match self {
            Activations::Every(activation) => activation.check(estimator),
            Activations::Each(each) if each.len() == layers => {
                each.iter().try_for_each(|a| a.check(estimator))
            }
            Activations::Each(each) => Err(Error::invalid_parameter(
                estimator,
                "activation",
                format!("one activation, or one for each of the {layers} hidden layers"),
                format!("{} of them", each.len()),
            )),
        }
    }
}

/// The solver's name alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SolverName {
    Adam,
    Sgd,
    Lbfgs,
}

/// The name of a way to lead the learning rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RateName {
    Constant,
    #[serde(rename = "invscaling")]
    InvScaling,
    Adaptive,
}

/// What Keras has beside scikit-learn's solvers; the default changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Extras {
    /// In place of the solver's.
    pub optimizer: Option<Optimizer>,
    pub schedule: Schedule,
    pub warmup_steps: usize,
    pub clip: Option<Clip>,
    pub dropout: f64,
}

impl Extras {
    fn check(&self, estimator: &str, solver: &Solver) -> Result<()> {
        self.schedule.check(estimator, "schedule")?;
        if let Some(clip) = self.clip {
            clip.check(estimator)?;
        }
        let share = Interval::open(0.0, 1.0).including_low();
        check::real(estimator, "dropout", self.dropout, share)?;
        let full_batch = matches!(solver, Solver::Lbfgs { .. });
        if full_batch && self.dropout > 0.0 {
            return Err(Error::invalid_parameter(
                estimator,
                "dropout",
                "0 with the solver lbfgs, which minimises one function",
                self.dropout,
            ));
        }
        let Some(optimizer) = self.optimizer else {
            return Ok(());
        };
        if full_batch {
            return Err(Error::invalid_parameter(
                estimator,
                "optimizer",
                "none with the solver lbfgs, which goes by all rows at once",
                "one",
            ));
        }
        optimizer.check(estimator)
    }
}

/// The settings of an estimator, whichever it is.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub estimator: &'static str,
    pub hidden_layer_sizes: Vec<usize>,
    pub activation: Activations,
    pub solver: Solver,
    pub alpha: f64,
    pub batch_size: BatchSize,
    pub learning_rate_init: f64,
    pub max_iter: usize,
    pub shuffle: bool,
    pub random_state: u64,
    pub tol: f64,
    pub early_stopping: bool,
    pub validation_fraction: f64,
    pub n_iter_no_change: usize,
    pub extras: Extras,
}

impl Settings {
    pub(crate) fn check(&self) -> Result<()> {
        let name = self.estimator;
        if let Some(layer) = self.hidden_layer_sizes.iter().position(|&n| n == 0) {
            return Err(Error::invalid_parameter(
                name,
                "hidden_layer_sizes",
                "a list of sizes of at least 1",
                format!("0 for layer {layer}"),
            ));
        }
        let largest = self.hidden_layer_sizes.iter().max();
        if let Some(&size) = largest.filter(|&&n| n > MOST_UNITS) {
            return Err(Error::invalid_parameter(
                name,
                "hidden_layer_sizes",
                format!("a list of sizes of at most {MOST_UNITS}"),
                size,
            ));
        }
        let layers = self.hidden_layer_sizes.len();
        self.activation.check(name, layers)?;
        self.extras.check(name, &self.solver)?;
        check::real(name, "alpha", self.alpha, Interval::at_least(0.0))?;
        if let BatchSize::Rows(rows) = self.batch_size {
            check::count(name, "batch_size", rows, 1)?;
        }
        check::real(
            name,
            "learning_rate_init",
            self.learning_rate_init,
            Interval::above(0.0),
        )?;
        check::count(name, "max_iter", self.max_iter, 1)?;
        check::real(name, "tol", self.tol, Interval::at_least(0.0))?;
        check::count(name, "n_iter_no_change", self.n_iter_no_change, 1)?;
        check::real(
            name,
            "validation_fraction",
            self.validation_fraction,
            Interval::open(0.0, 1.0).including_low(),
        )
    }

    /// The settings of an optimiser that goes by batches, or of limited-memory BFGS.
    pub(crate) fn plan(&self) -> Plan {
        let (optimizer, learning_rate) = match self.solver {
            Solver::Adam {
                beta_1,
                beta_2,
                epsilon,
            } => {
                let adam = Optimizer::Adam {
                    beta_1,
                    beta_2,
                    epsilon,
                };
                (adam, LearningRate::Constant)
            }
            Solver::Sgd {
                momentum,
                nesterovs_momentum,
                learning_rate,
            } => {
                let sgd = Optimizer::Sgd {
                    momentum,
                    nesterovs_momentum,
                };
                (sgd, learning_rate)
            }
            Solver::Lbfgs { max_fun } => {
                return Plan::FullBatch(FullBatch {
                    estimator: self.estimator,
                    alpha: self.alpha,
                    tol: self.tol,
                    max_iter: self.max_iter,
                    max_fun,
                    n_iter_no_change: self.n_iter_no_change,
                });
            }
        };
        Plan::Stochastic(Box::new(Stochastic {
            estimator: self.estimator,
            optimizer: self.extras.optimizer.unwrap_or(optimizer),
            extras: self.extras,
            learning_rate,
            learning_rate_init: self.learning_rate_init,
            alpha: self.alpha,
            batch_size: match self.batch_size {
                BatchSize::Auto => None,
                BatchSize::Rows(rows) => Some(rows),
            },
            max_iter: self.max_iter,
            shuffle: self.shuffle,
            random_state: self.random_state,
            tol: self.tol,
            n_iter_no_change: self.n_iter_no_change,
            partial: false,
        }))
    }
}

/// How to train.
pub(crate) enum Plan {
    Stochastic(Box<Stochastic>),
    FullBatch(FullBatch),
}

/// An activation, or a list of them; in binary files, whether it is a list, and the list.
impl Serialize for Activations {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Activations::Every(one) if serializer.is_human_readable() => one.serialize(serializer),
            Activations::Each(each) if serializer.is_human_readable() => each.serialize(serializer),
            Activations::Every(one) => (false, [one].as_slice()).serialize(serializer),
            Activations::Each(each) => (true, each.as_slice()).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Activations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            let (list, each) = <(bool, Vec<Activation>)>::deserialize(deserializer)?;
            return match (list, each.as_slice()) {
                (false, [one]) => Ok(Activations::Every(*one)),
                (false, _) => Err(de::Error::custom("expected one activation")),
                (true, _) => Ok(Activations::Each(each)),
            };
        }
        let value = serde_json::Value::deserialize(deserializer)?;
        let read = match value.is_array() {
            true => serde_json::from_value(value).map(Activations::Each),
            false => serde_json::from_value(value).map(Activations::Every),
        };
        read.map_err(|e| de::Error::custom(format!("an activation, or a list of them: {e}")))
    }
}

/// `"auto"` or a number; in binary files an option.
impl Serialize for BatchSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            _ if !serializer.is_human_readable() => match self {
                BatchSize::Auto => None::<usize>.serialize(serializer),
                BatchSize::Rows(rows) => Some(rows).serialize(serializer),
            },
            BatchSize::Auto => serializer.serialize_str("auto"),
            BatchSize::Rows(rows) => rows.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for BatchSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Ok(Option::deserialize(deserializer)?.map_or(BatchSize::Auto, BatchSize::Rows));
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Text {
            Rows(usize),
            Name(String),
        }
        match Text::deserialize(deserializer) {
            Ok(Text::Rows(rows)) => Ok(BatchSize::Rows(rows)),
            Ok(Text::Name(name)) if name == "auto" => Ok(BatchSize::Auto),
            _ => Err(de::Error::custom("expected \"auto\" or a number of rows")),
        }
    }
}

/// Serde for `hidden_layer_sizes`: a list, or one number for one layer.
pub(crate) mod sizes {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        sizes: &[usize],
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        sizes.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Vec<usize>, D::Error> {
        if !deserializer.is_human_readable() {
            return Vec::deserialize(deserializer);
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Text {
            One(usize),
            Several(Vec<usize>),
        }
        match Text::deserialize(deserializer) {
            Ok(Text::One(size)) => Ok(vec![size]),
            Ok(Text::Several(sizes)) => Ok(sizes),
            Err(_) => Err(de::Error::custom("expected a list of sizes, or one size")),
        }
    }
}

/// Serde for `n_iter_no_change`: a number, or `"inf"` for `usize::MAX`.
pub(crate) mod patience {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        epochs: &usize,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        if *epochs == usize::MAX && serializer.is_human_readable() {
            return serializer.serialize_str("inf");
        }
        epochs.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<usize, D::Error> {
        if !deserializer.is_human_readable() {
            return usize::deserialize(deserializer);
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Text {
            Epochs(usize),
            Name(String),
        }
        match Text::deserialize(deserializer) {
            Ok(Text::Epochs(epochs)) => Ok(epochs),
            Ok(Text::Name(name)) if name == "inf" => Ok(usize::MAX),
            _ => Err(de::Error::custom("expected a number of epochs, or \"inf\"")),
        }
    }
}

/// Declares an estimator of networks: the settings both have, their defaults and setters. Further fields come from the
/// caller.
macro_rules! mlp_estimator {
    (
        $(#[$doc:meta])*
        pub struct $estimator:ident {
            monitor: $monitor:ty,
            metric: $metric:ty,
            $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr,)*
        }
        check($this:ident) $check:block
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $estimator {
            /// Units of each hidden layer.
            #[serde(with = "crate::neural_network::settings::sizes")]
            hidden_layer_sizes: Vec<usize>,
            /// Of the hidden layers.
            activation: $crate::neural_network::Activations,
            /// What finds the weights.
            solver: $crate::neural_network::settings::SolverName,
            /// Strength of the penalty.
            #[serde(with = "crate::params::number")]
            alpha: f64,
            /// Rows of a batch.
            batch_size: $crate::neural_network::BatchSize,
            /// How the learning rate of `sgd` changes.
            learning_rate: $crate::neural_network::settings::RateName,
            /// The learning rate at the start.
            #[serde(with = "crate::params::number")]
            learning_rate_init: f64,
            /// The exponent of `invscaling`.
            #[serde(with = "crate::params::number")]
            power_t: f64,
            /// The most epochs, or iterations of `lbfgs`.
            max_iter: usize,
            /// Whether each epoch takes the rows in a new order.
            shuffle: bool,
            /// The seed of weights, orders and the validation set.
            random_state: u64,
            /// The progress that counts.
            #[serde(with = "crate::params::number")]
            tol: f64,
            /// The momentum of `sgd`.
            #[serde(with = "crate::params::number")]
            momentum: f64,
            /// Whether `sgd` looks ahead.
            nesterovs_momentum: bool,
            /// Whether a part of the rows is held back, and decides when to stop.
            early_stopping: bool,
            /// The share of rows held back.
            #[serde(with = "crate::params::number")]
            validation_fraction: f64,
            /// The first decay of `adam`.
            #[serde(with = "crate::params::number")]
            beta_1: f64,
            /// The second decay of `adam`.
            #[serde(with = "crate::params::number")]
            beta_2: f64,
            /// The ε of `adam`.
            #[serde(with = "crate::params::number")]
            epsilon: f64,
            /// Epochs without progress before it stops.
            #[serde(with = "crate::neural_network::settings::patience")]
            n_iter_no_change: usize,
            /// The most evaluations of `lbfgs`.
            max_fun: usize,
            /// The validation score that decides.
            monitor: $monitor,
            /// An optimiser in place of the solver's.
            optimizer: Option<$crate::neural_network::Optimizer>,
            /// How the rate changes from update to update.
            schedule: $crate::neural_network::Schedule,
            /// Updates over which the rate rises to its start.
            warmup_steps: usize,
            /// How large a gradient may be.
            clip: Option<$crate::neural_network::Clip>,
            /// The share of the outputs of hidden layers that a step leaves out.
            #[serde(with = "crate::params::number")]
            dropout: f64,
            /// Weights to start from, if any.
            coefs_init: Option<Vec<::ndarray::Array2<f64>>>,
            /// Intercepts to start from, if any.
            intercepts_init: Option<Vec<::ndarray::Array1<f64>>>,
            $($(#[$field_doc])* $field: $type,)*
            #[serde(skip)]
            own_metric: $metric,
            #[serde(skip)]
            checkpoint: $crate::neural_network::checkpoint::Place,
            #[serde(skip)]
            watch: $crate::observer::Watch,
        }

        impl Default for $estimator {
            fn default() -> Self {
                $estimator {
                    hidden_layer_sizes: vec![100],
                    activation: Default::default(),
                    solver: $crate::neural_network::settings::SolverName::Adam,
                    alpha: 1e-4,
                    batch_size: $crate::neural_network::BatchSize::Auto,
                    learning_rate: $crate::neural_network::settings::RateName::Constant,
                    learning_rate_init: 1e-3,
                    power_t: 0.5,
                    max_iter: 200,
                    shuffle: true,
                    random_state: 0,
                    tol: 1e-4,
                    momentum: 0.9,
                    nesterovs_momentum: true,
                    early_stopping: false,
                    validation_fraction: 0.1,
                    beta_1: 0.9,
                    beta_2: 0.999,
                    epsilon: 1e-8,
                    n_iter_no_change: 10,
                    max_fun: 15_000,
                    monitor: Default::default(),
                    optimizer: None,
                    schedule: $crate::neural_network::Schedule::Constant,
                    warmup_steps: 0,
                    clip: None,
                    dropout: 0.0,
                    coefs_init: None,
                    intercepts_init: None,
                    $($field: $default,)*
                    own_metric: Default::default(),
                    checkpoint: Default::default(),
                    watch: $crate::observer::Watch::default(),
                }
            }
        }

        impl $estimator {
            /// The defaults: scikit-learn's.
            pub fn new() -> Self {
                Self::default()
            }

            /// Units of each hidden layer, from the input on; none makes the model linear.
            #[must_use]
            pub fn hidden_layer_sizes(mut self, sizes: impl Into<Vec<usize>>) -> Self {
                self.hidden_layer_sizes = sizes.into();
                self
            }

            /// What the units of the hidden layers make of their weighted sums: one activation for all layers, or a list
            /// with one for each.
            #[must_use]
            pub fn activation(
                mut self,
                activation: impl Into<$crate::neural_network::Activations>,
            ) -> Self {
                self.activation = activation.into();
                self
            }

            /// What finds the weights.
            #[must_use]
            pub fn solver(mut self, solver: $crate::neural_network::Solver) -> Self {
                use $crate::neural_network::settings::{RateName, SolverName};
                use $crate::neural_network::{LearningRate, Solver};
                match solver {
                    Solver::Adam { beta_1, beta_2, epsilon } => {
                        self.solver = SolverName::Adam;
                        self.beta_1 = beta_1;
                        self.beta_2 = beta_2;
                        self.epsilon = epsilon;
                    }
                    Solver::Sgd { momentum, nesterovs_momentum, learning_rate } => {
                        self.solver = SolverName::Sgd;
                        self.momentum = momentum;
                        self.nesterovs_momentum = nesterovs_momentum;
                        self.learning_rate = match learning_rate {
                            LearningRate::Constant => RateName::Constant,
                            LearningRate::InvScaling { power_t } => {
                                self.power_t = power_t;
                                RateName::InvScaling
                            }
                            LearningRate::Adaptive => RateName::Adaptive,
                        };
                    }
                    Solver::Lbfgs { max_fun } => {
                        self.solver = SolverName::Lbfgs;
                        self.max_fun = max_fun;
                    }
                }
                self
            }

            /// Strength of the penalty on the squared weights.
            #[must_use]
            pub fn alpha(mut self, alpha: f64) -> Self {
                self.alpha = alpha;
                self
            }

            /// Rows of a batch: a number, or [`BatchSize::Auto`](crate::neural_network::BatchSize).
            #[must_use]
            pub fn batch_size(mut self, batch_size: impl Into<$crate::neural_network::BatchSize>) -> Self {
                self.batch_size = batch_size.into();
                self
            }

            /// The learning rate at the start, of `sgd` and `adam`.
            #[must_use]
            pub fn learning_rate_init(mut self, learning_rate_init: f64) -> Self {
                self.learning_rate_init = learning_rate_init;
                self
            }

            /// The most epochs, or iterations of `lbfgs`.
            #[must_use]
            pub fn max_iter(mut self, max_iter: usize) -> Self {
                self.max_iter = max_iter;
                self
            }

            /// Whether each epoch takes the rows in a new order.
            #[must_use]
            pub fn shuffle(mut self, shuffle: bool) -> Self {
                self.shuffle = shuffle;
                self
            }

            /// The seed of the first weights, the orders of rows and the rows held back.
            #[must_use]
            pub fn random_state(mut self, random_state: u64) -> Self {
                self.random_state = random_state;
                self
            }

            /// The least progress of an epoch that counts; for `lbfgs` the largest component of the gradient at which it
            /// stops.
            #[must_use]
            pub fn tol(mut self, tol: f64) -> Self {
                self.tol = tol;
                self
            }

            /// Whether a part of the rows is held back: its score decides when to stop, and the weights of the best epoch
            /// are restored. With [`fit_with_validation`](crate::FitWithValidation) the given rows take its place, whatever
            /// this says.
            #[must_use]
            pub fn early_stopping(mut self, early_stopping: bool) -> Self {
                self.early_stopping = early_stopping;
                self
            }

            /// The share of rows that early stopping holds back.
            #[must_use]
            pub fn validation_fraction(mut self, validation_fraction: f64) -> Self {
                self.validation_fraction = validation_fraction;
                self
            }

            /// Epochs in a row without progress that are borne; `usize::MAX` for any number.
            #[must_use]
            pub fn n_iter_no_change(mut self, n_iter_no_change: usize) -> Self {
                self.n_iter_no_change = n_iter_no_change;
                self
            }

            /// The validation score that decides: the model's own, the loss, or another metric.
            #[must_use]
            pub fn monitor(mut self, monitor: $monitor) -> Self {
                self.monitor = monitor;
                self
            }

            /// Weights, (inputs, outputs) for each layer, and intercepts to start from instead of random ones.
            #[must_use]
            pub fn initial_weights(
                mut self,
                coefs: impl Into<Vec<::ndarray::Array2<f64>>>,
                intercepts: impl Into<Vec<::ndarray::Array1<f64>>>,
            ) -> Self {
                self.coefs_init = Some(coefs.into());
                self.intercepts_init = Some(intercepts.into());
                self
            }

            /// An optimiser beyond scikit-learn's, in place of that of the solver: AdamW, Nadam, RMSprop, Adagrad. Not with
            /// the solver `lbfgs`.
            ///
            /// ```
            /// use fitwell::neural_network::{Clip, MlpRegressor, Optimizer, Schedule};
            /// use fitwell::prelude::*;
            /// use ndarray::Array2;
            ///
            /// let x = Array2::from_shape_fn((100, 1), |(i, _)| i as f64 / 50.0 - 1.0);
            /// let y = x.column(0).mapv(|v| (3.0 * v).sin());
            /// let model = MlpRegressor::new()
            ///     .optimizer(Optimizer::nadam())
            ///     .schedule(Schedule::one_cycle(200))
            ///     .clip(Clip::GlobalNorm(1.0))
            ///     .learning_rate_init(0.02)
            ///     .fit(&x, &y)?;
            /// assert!(model.score(&x, &y)? > 0.9);
            /// # Ok::<(), Error>(())
            /// ```
            #[must_use]
            pub fn optimizer(
                mut self,
                optimizer: impl Into<Option<$crate::neural_network::Optimizer>>,
            ) -> Self {
                self.optimizer = optimizer.into();
                self
            }

            /// How the learning rate changes from update to update; it multiplies what `learning_rate` of `sgd` makes of it.
            #[must_use]
            pub fn schedule(mut self, schedule: $crate::neural_network::Schedule) -> Self {
                self.schedule = schedule;
                self
            }

            /// Updates over which the rate rises from 0 to its start, before the schedule begins.
            #[must_use]
            pub fn warmup_steps(mut self, updates: usize) -> Self {
                self.warmup_steps = updates;
                self
            }

            /// How large a gradient may be; `None` for any size.
            #[must_use]
            pub fn clip(mut self, clip: impl Into<Option<$crate::neural_network::Clip>>) -> Self {
                self.clip = clip.into();
                self
            }

            /// The share of the outputs of each hidden layer that a step leaves out, drawn anew for each row; the others
            /// are divided by what is left. Not with the solver `lbfgs`.
            ///
            /// ```
            /// use fitwell::neural_network::MlpRegressor;
            /// use fitwell::prelude::*;
            /// use ndarray::Array2;
            ///
            /// let x = Array2::from_shape_fn((100, 1), |(i, _)| i as f64 / 50.0 - 1.0);
            /// let y = x.column(0).mapv(|v| (3.0 * v).sin());
            /// let network = MlpRegressor::new().learning_rate_init(0.01).n_iter_no_change(50).dropout(0.05);
            /// assert!(network.fit(&x, &y)?.score(&x, &y)? > 0.8);
            /// # Ok::<(), Error>(())
            /// ```
            #[must_use]
            pub fn dropout(mut self, dropout: f64) -> Self {
                self.dropout = dropout;
                self
            }

            /// Writes the state of the fit to a file as it goes, and goes on from what is there: see
            /// [`Checkpoint`](crate::neural_network::Checkpoint). Not with the solver `lbfgs`; learning batch by batch does
            /// without.
            ///
            /// ```
            /// use fitwell::neural_network::{Checkpoint, MlpRegressor};
            /// use fitwell::prelude::*;
            ///
            /// let data = fitwell::datasets::load_diabetes()?;
            /// let y = &data.target / 100.0;
            /// let path = std::env::temp_dir().join(format!("fitwell-mlp-{}.checkpoint", std::process::id()));
            /// let network = MlpRegressor::new().hidden_layer_sizes([8]).tol(0.0);
            /// let saving = network.clone().checkpoint(Checkpoint::new(&path));
            /// saving.clone().max_iter(3).fit(&data.x, &y)?; // ends after three epochs
            /// let model = saving.max_iter(6).fit(&data.x, &y)?; // starts at the fourth
            /// assert_eq!(model.coefs(), network.max_iter(6).fit(&data.x, &y)?.coefs());
            /// # std::fs::remove_file(&path).ok();
            /// # Ok::<(), Error>(())
            /// ```
            #[must_use]
            pub fn checkpoint(
                mut self,
                checkpoint: impl Into<Option<$crate::neural_network::Checkpoint>>,
            ) -> Self {
                self.checkpoint = $crate::neural_network::checkpoint::Place(checkpoint.into());
                self
            }

            /// The layers with their shapes and numbers of parameters, for samples of `n_features` columns and `n_outputs`
            /// outputs: one for two classes or a real target, otherwise one for each class, label or target.
            ///
            /// # Errors
            /// `InvalidParameter` for a setting out of range; `TooLarge`.
            pub fn summary(
                &self,
                n_features: usize,
                n_outputs: usize,
            ) -> $crate::Result<$crate::neural_network::Summary> {
                $crate::params::Hyperparameters::check(self)?;
                let units = $crate::neural_network::mlp::units(n_features, &self.hidden_layer_sizes, n_outputs);
                $crate::neural_network::layout::Layout::new::<f64>(&units)?;
                let activations = self.activation.of(self.hidden_layer_sizes.len());
                Ok($crate::neural_network::Summary::of_perceptron(&units, &activations, self.dropout))
            }

            /// Reports every epoch with the loss, and can stop the fit.
            #[must_use]
            pub fn observer(mut self, observer: impl $crate::observer::Observer + 'static) -> Self {
                self.watch = $crate::observer::Watch::by(observer);
                self
            }

            /// The learning rate's way.
            fn rate(&self) -> $crate::neural_network::LearningRate {
                use $crate::neural_network::LearningRate;
                use $crate::neural_network::settings::RateName;
                match self.learning_rate {
                    RateName::Constant => LearningRate::Constant,
                    RateName::InvScaling => LearningRate::InvScaling { power_t: self.power_t },
                    RateName::Adaptive => LearningRate::Adaptive,
                }
            }

            pub(super) fn settings(&self) -> $crate::neural_network::settings::Settings {
                use $crate::neural_network::Solver;
                use $crate::neural_network::settings::SolverName;
                $crate::neural_network::settings::Settings {
                    estimator: <Self as $crate::params::Hyperparameters>::NAME,
                    hidden_layer_sizes: self.hidden_layer_sizes.clone(),
                    activation: self.activation.clone(),
                    solver: match self.solver {
                        SolverName::Adam => Solver::Adam {
                            beta_1: self.beta_1,
                            beta_2: self.beta_2,
                            epsilon: self.epsilon,
                        },
                        SolverName::Sgd => Solver::Sgd {
                            momentum: self.momentum,
                            nesterovs_momentum: self.nesterovs_momentum,
                            learning_rate: self.rate(),
                        },
                        SolverName::Lbfgs => Solver::Lbfgs { max_fun: self.max_fun },
                    },
                    alpha: self.alpha,
                    batch_size: self.batch_size,
                    learning_rate_init: self.learning_rate_init,
                    max_iter: self.max_iter,
                    shuffle: self.shuffle,
                    random_state: self.random_state,
                    tol: self.tol,
                    early_stopping: self.early_stopping,
                    validation_fraction: self.validation_fraction,
                    n_iter_no_change: self.n_iter_no_change,
                    extras: $crate::neural_network::settings::Extras {
                        optimizer: self.optimizer,
                        schedule: self.schedule,
                        warmup_steps: self.warmup_steps,
                        clip: self.clip,
                        dropout: self.dropout,
                    },
                }
            }

            /// The settings as text, without those that a fit may change when it goes on.
            fn fixed(&self) -> String {
                let mut settings = $crate::params::Params::params(self);
                settings.remove("max_iter");
                format!("{settings:?}")
            }

            /// Weights to start from.
            pub(super) fn given(&self) -> Option<$crate::neural_network::mlp::Given<'_>> {
                match (&self.coefs_init, &self.intercepts_init) {
                    (None, None) => None,
                    (coefs, intercepts) => Some($crate::neural_network::mlp::Given {
                        coefs: coefs.as_deref().unwrap_or_default(),
                        intercepts: intercepts.as_deref().unwrap_or_default(),
                        name: if coefs.is_some() { "coefs_init" } else { "intercepts_init" },
                    }),
                }
            }

            /// The settings that go with the model, for learning on.
            pub(super) fn kept(&self) -> Self {
                Self {
                    coefs_init: None,
                    intercepts_init: None,
                    checkpoint: Default::default(),
                    ..self.clone()
                }
            }
        }

        impl $crate::params::Hyperparameters for $estimator {
            const NAME: &'static str = stringify!($estimator);

            fn restore(mut self, original: &Self) -> Self {
                self.own_metric = original.own_metric.clone();
                self.checkpoint = original.checkpoint.clone();
                self.watch = original.watch.clone();
                self
            }

            fn check(&self) -> $crate::Result<()> {
                use $crate::check::{self, Interval};
                let name = Self::NAME;
                self.settings().check()?;
                // Also those of solvers not in use: a wrong one is a mistake wherever it stands.
                let decay = Interval::open(0.0, 1.0).including_low();
                check::real(name, "momentum", self.momentum, Interval::closed(0.0, 1.0))?;
                check::real(name, "beta_1", self.beta_1, decay)?;
                check::real(name, "beta_2", self.beta_2, decay)?;
                check::real(name, "epsilon", self.epsilon, Interval::above(0.0))?;
                check::real(name, "power_t", self.power_t, Interval::at_least(0.0))?;
                check::count(name, "max_fun", self.max_fun, 1)?;
                let lbfgs = $crate::neural_network::settings::SolverName::Lbfgs;
                if self.checkpoint.0.is_some() && self.solver == lbfgs {
                    let expected = "none with the solver lbfgs, which has no epochs to go on from";
                    return Err($crate::Error::invalid_parameter(name, "checkpoint", expected, "one"));
                }
                let $this = self;
                $check
            }
        }

        impl ::std::fmt::Display for $estimator {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&$crate::params::describe(self))
            }
        }
    };
}
pub(crate) use mlp_estimator;
