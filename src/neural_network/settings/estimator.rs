//! The declaration of an estimator of networks.

/// Declares setters: the name, the type of the argument (of the same name), what is kept of it.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty => $value:expr;)+) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $name: $type) -> Self {
            self.$name = $value;
            self
        }
    )+};
}
pub(crate) use setters;

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

            $crate::neural_network::settings::setters! {
                /// Units of each hidden layer, from the input on; none makes the model linear.
                hidden_layer_sizes: impl Into<Vec<usize>> => hidden_layer_sizes.into();
                /// What the units of the hidden layers make of their weighted sums: one activation for all layers, or a list
                /// with one for each.
                activation: impl Into<$crate::neural_network::Activations> => activation.into();
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

            $crate::neural_network::settings::setters! {
                /// Strength of the penalty on the squared weights.
                alpha: f64 => alpha;
                /// Rows of a batch: a number, or [`BatchSize::Auto`](crate::neural_network::BatchSize).
                batch_size: impl Into<$crate::neural_network::BatchSize> => batch_size.into();
                /// The learning rate at the start, of `sgd` and `adam`.
                learning_rate_init: f64 => learning_rate_init;
                /// The most epochs, or iterations of `lbfgs`.
                max_iter: usize => max_iter;
                /// Whether each epoch takes the rows in a new order.
                shuffle: bool => shuffle;
                /// The seed of the first weights, the orders of rows and the rows held back.
                random_state: u64 => random_state;
                /// The least progress of an epoch that counts; for `lbfgs` the largest component of the gradient at which it
                /// stops.
                tol: f64 => tol;
                /// Whether a part of the rows is held back: its score decides when to stop, and the weights of the best epoch
                /// are restored. With [`fit_with_validation`](crate::FitWithValidation) the given rows take its place, whatever
                /// this says.
                early_stopping: bool => early_stopping;
                /// The share of rows that early stopping holds back.
                validation_fraction: f64 => validation_fraction;
                /// Epochs in a row without progress that are borne; `usize::MAX` for any number.
                n_iter_no_change: usize => n_iter_no_change;
                /// The validation score that decides: the model's own, the loss, or another metric.
                monitor: $monitor => monitor;
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

            $crate::neural_network::settings::setters! {
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
                optimizer: impl Into<Option<$crate::neural_network::Optimizer>> => optimizer.into();
                /// How the learning rate changes from update to update; it multiplies what `learning_rate` of `sgd` makes of it.
                schedule: $crate::neural_network::Schedule => schedule;
                /// Updates over which the rate rises from 0 to its start, before the schedule begins.
                warmup_steps: usize => warmup_steps;
                /// How large a gradient may be; `None` for any size.
                clip: impl Into<Option<$crate::neural_network::Clip>> => clip.into();
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
                dropout: f64 => dropout;
                /// Writes the state of the fit to a file as it goes, and goes on from what is there: see
                /// [`Checkpoint`](crate::neural_network::Checkpoint). Learning batch by batch does without.
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
                checkpoint: impl Into<Option<$crate::neural_network::Checkpoint>> => $crate::neural_network::checkpoint::Place(checkpoint.into());
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
