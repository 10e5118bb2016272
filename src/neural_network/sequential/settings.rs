//! The settings that classifiers and regressors built of layers share.

/// Declares an estimator: its settings, their setters and checks.
macro_rules! settings {
    (
        $(#[$doc:meta])*
        pub struct $name:ident($text:literal) {
            loss: $loss:ty,
            monitor: $monitor:ty,
            metric: $metric:ty,
            $($(#[$extra_doc:meta])* $extra:ident: $extra_type:ty,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            /// The layers before the last one.
            layers: $crate::neural_network::Sequential,
            /// What is minimised.
            loss: $loss,
            /// How a gradient becomes an update.
            optimizer: $crate::neural_network::Optimizer,
            /// How the learning rate changes.
            learning_rate: $crate::neural_network::Schedule,
            /// The learning rate at the start.
            #[serde(with = "crate::params::number")]
            learning_rate_init: f64,
            /// Updates over which the rate rises to its start.
            warmup_steps: usize,
            /// How large a gradient may be.
            clip: Option<$crate::neural_network::Clip>,
            /// Rows of an update.
            batch_size: Option<usize>,
            /// The most epochs.
            max_iter: usize,
            /// Whether the rows come in another order in each epoch.
            shuffle: bool,
            /// The seed of weights, orders and dropout.
            random_state: u64,
            /// What counts as better.
            #[serde(with = "crate::params::number")]
            tol: f64,
            /// Epochs without anything better before the end.
            n_iter_no_change: usize,
            /// Whether validation rows decide when to end and which network is kept.
            early_stopping: bool,
            /// The share of the rows that validate, if none are given.
            #[serde(with = "crate::params::number")]
            validation_fraction: f64,
            /// What validation rows are judged by.
            monitor: $monitor,
            /// Where the parameters start.
            initial_weights: Option<Vec<::ndarray::Array2<f64>>>,
            $($(#[$extra_doc])* $extra: $extra_type,)*
            #[serde(skip)]
            own_loss: $crate::neural_network::losses::OwnLoss,
            #[serde(skip)]
            own_metric: $metric,
            #[serde(skip)]
            checkpoint: $crate::neural_network::checkpoint::Place,
            #[serde(skip)]
            watch: $crate::observer::Watch,
        }

        impl Default for $name {
            fn default() -> Self {
                $name {
                    layers: Default::default(),
                    loss: Default::default(),
                    optimizer: Default::default(),
                    learning_rate: Default::default(),
                    learning_rate_init: 0.001,
                    warmup_steps: 0,
                    clip: None,
                    batch_size: None,
                    max_iter: 200,
                    shuffle: true,
                    random_state: 0,
                    tol: 1e-4,
                    n_iter_no_change: 10,
                    early_stopping: false,
                    validation_fraction: 0.1,
                    monitor: Default::default(),
                    initial_weights: None,
                    $($extra: Default::default(),)*
                    own_loss: Default::default(),
                    own_metric: Default::default(),
                    checkpoint: Default::default(),
                    watch: Default::default(),
                }
            }
        }

        impl $name {
            /// These layers, and a last one that is as wide as the target needs; everything else at its default.
            pub fn new(layers: impl Into<$crate::neural_network::Sequential>) -> Self {
                $name {
                    layers: layers.into(),
                    ..Self::default()
                }
            }

            $crate::neural_network::settings::setters! {
                /// The layers before the last one.
                layers: impl Into<$crate::neural_network::Sequential> => layers.into();
                /// What is minimised.
                loss: $loss => loss;
            }

            /// A loss of your own, in place of those of [`loss`](Self::loss).
            #[must_use]
            pub fn custom_loss(mut self, loss: impl $crate::neural_network::Loss + 'static) -> Self {
                self.loss = <$loss>::Custom;
                self.own_loss = $crate::neural_network::losses::OwnLoss::new(loss);
                self
            }

            $crate::neural_network::settings::setters! {
                /// How a gradient becomes an update.
                optimizer: $crate::neural_network::Optimizer => optimizer;
                /// How the learning rate changes from update to update.
                learning_rate: $crate::neural_network::Schedule => learning_rate;
                /// The learning rate at the start; of one cycle its highest.
                learning_rate_init: f64 => learning_rate_init;
                /// Updates over which the rate rises from 0 to its start, before the schedule begins.
                warmup_steps: usize => warmup_steps;
                /// How large a gradient may be; `None` for any size.
                clip: impl Into<Option<$crate::neural_network::Clip>> => clip.into();
                /// Rows of an update; `None` for min(200, n_samples).
                batch_size: impl Into<Option<usize>> => batch_size.into();
                /// The most epochs.
                #[doc(alias = "epochs")]
                max_iter: usize => max_iter;
                /// Whether the rows come in another order in each epoch.
                shuffle: bool => shuffle;
                /// The seed of the weights, the orders, the validation rows and the dropout.
                random_state: u64 => random_state;
                /// By how much the loss, or what is monitored, must get better to count as better.
                tol: f64 => tol;
                /// Epochs without anything better before the fit ends.
                #[doc(alias = "patience")]
                n_iter_no_change: usize => n_iter_no_change;
                /// Whether validation rows decide when the fit ends, and which epoch's network is kept. They are those given to
                /// `fit_with_validation`, or else a share of the training rows.
                early_stopping: bool => early_stopping;
                /// The share of the training rows that validate, where `early_stopping` is on and no others are given.
                validation_fraction: f64 => validation_fraction;
                /// What validation rows are judged by.
                monitor: $monitor => monitor;
                /// Where the parameters start, as [`weights`] of a fitted network gives them; `None` draws them.
                ///
                #[doc = concat!("[`weights`]: Fitted", $text, "::weights")]
                initial_weights: impl Into<Option<Vec<::ndarray::Array2<f64>>>> => initial_weights.into();
                /// Writes the state of the fit to a file as it goes, and goes on from what is there.
                checkpoint: impl Into<Option<$crate::neural_network::Checkpoint>> => $crate::neural_network::checkpoint::Place(checkpoint.into());
            }

            /// Reports every epoch with its loss, and can stop the fit.
            #[must_use]
            pub fn observer(mut self, observer: impl $crate::observer::Observer + 'static) -> Self {
                self.watch = $crate::observer::Watch::by(observer);
                self
            }

            /// The layers with their shapes and numbers of parameters, for samples of `n_features` columns and a last layer
            /// of `n_outputs` values: one for two classes or a real target, otherwise one for each class or target.
            ///
            /// # Errors
            /// `InvalidParameter` for a setting out of range; `TooLarge`.
            pub fn summary(
                &self,
                n_features: usize,
                n_outputs: usize,
            ) -> $crate::Result<$crate::neural_network::Summary> {
                self.layers.summary(n_features, n_outputs)
            }

            fn check_shared(&self) -> $crate::Result<()> {
                use $crate::check::{self, Interval};
                self.layers.check($text)?;
                self.loss.check($text)?;
                self.optimizer.check($text)?;
                self.learning_rate.check($text, "learning_rate")?;
                check::real($text, "learning_rate_init", self.learning_rate_init, Interval::above(0.0))?;
                if let Some(clip) = self.clip {
                    clip.check($text)?;
                }
                if let Some(rows) = self.batch_size {
                    check::count($text, "batch_size", rows, 1)?;
                }
                check::count($text, "max_iter", self.max_iter, 1)?;
                check::real($text, "tol", self.tol, Interval::at_least(0.0))?;
                check::count($text, "n_iter_no_change", self.n_iter_no_change, 1)?;
                check::real($text, "validation_fraction", self.validation_fraction, Interval::open(0.0, 1.0))?;
                for weights in self.initial_weights.iter().flatten() {
                    check::finite(weights, "initial_weights")?;
                }
                Ok(())
            }

            /// What a fitted network needs of its settings: all but where it started and what watched it.
            pub(super) fn kept(&self) -> Self {
                $name {
                    initial_weights: None,
                    checkpoint: Default::default(),
                    watch: Default::default(),
                    ..self.clone()
                }
            }
        }

        impl $crate::neural_network::sequential::fit::Build for $name {
            const NAME: &'static str = $text;

            fn sequence(&self) -> &$crate::neural_network::Sequential {
                &self.layers
            }

            fn plan(&self) -> $crate::Result<$crate::neural_network::sequential::train::Plan<'_>> {
                let mut settings = $crate::params::Params::params(self);
                settings.remove("max_iter");
                Ok($crate::neural_network::sequential::train::Plan {
                    name: $text,
                    loss: self.row_loss()?,
                    optimizer: self.optimizer,
                    schedule: self.learning_rate,
                    rate: self.learning_rate_init,
                    warmup_steps: self.warmup_steps,
                    clip: self.clip,
                    batch_size: self.batch_size,
                    max_iter: self.max_iter,
                    shuffle: self.shuffle,
                    random_state: self.random_state,
                    tol: self.tol,
                    n_iter_no_change: self.n_iter_no_change,
                    early_stopping: self.early_stopping,
                    watch: &self.watch,
                    checkpoint: self.checkpoint.0.as_ref(),
                    settings: format!("{settings:?}"),
                })
            }

            fn start<F: $crate::Float>(
                &self,
                x: &::ndarray::ArrayRef2<F>,
                rows: Option<&[usize]>,
                n_outputs: usize,
            ) -> $crate::Result<$crate::neural_network::sequential::train::State<F>> {
                let mut network = self.layers.network($text, x, rows, n_outputs, self.random_state)?;
                if let Some(weights) = &self.initial_weights {
                    network.set_weights($text, weights)?;
                }
                Ok($crate::neural_network::sequential::train::State::new(network, &self.optimizer))
            }

            fn held_back(&self) -> f64 {
                self.validation_fraction
            }

            fn judged(&self) -> bool {
                self.monitor != <$monitor>::Loss
            }

            fn judge<F: $crate::Float>(
                &self,
                data: &$crate::neural_network::sequential::train::Data<'_, F>,
                rows: &[usize],
                outputs: ::ndarray::Array2<F>,
            ) -> $crate::Result<f64> {
                self.judge_rows(data, rows, outputs)
            }
        }

        impl $crate::params::Hyperparameters for $name {
            const NAME: &'static str = $text;

            fn restore(mut self, original: &Self) -> Self {
                self.own_loss = original.own_loss.clone();
                self.own_metric = original.own_metric.clone();
                self.checkpoint = original.checkpoint.clone();
                self.watch = original.watch.clone();
                self
            }

            fn check(&self) -> $crate::Result<()> {
                self.check_shared()?;
                self.check_own()
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&$crate::params::describe(self))
            }
        }
    };
}
pub(super) use settings;

/// Declares what is read from a fitted network, whatever its target.
macro_rules! fitted {
    ($fitted:ident<F $(, $d:ident: $bound:path)?>) => {
        impl<F: $crate::Float $(, $d: $bound)?> $fitted<F $(, $d)?> {
            /// The number of features at fit.
            pub fn n_features_in(&self) -> usize {
                self.state.network.n_features()
            }

            /// The epochs made.
            pub fn n_iter(&self) -> usize {
                self.state.n_iter()
            }

            /// The updates made.
            pub fn t(&self) -> u64 {
                self.state.updates
            }

            /// What there is to say about the fit, with advice: a dead start, that it did not converge.
            pub fn notices(&self) -> Vec<$crate::observer::Notice> {
                self.state.notices()
            }

            /// Whether no gradient reached the first layer in the whole first epoch, so that it never learned: scale the
            /// features, take another `random_state` or activation, or make the layers wider.
            pub fn dead_start(&self) -> bool {
                self.state.dead_start
            }

            /// Whether the fit ended because nothing was gained any more, and not at `max_iter`.
            pub fn converged(&self) -> bool {
                self.state.converged
            }

            /// The mean loss of the batches of each epoch, as they were learned from.
            pub fn loss_curve(&self) -> &[f64] {
                &self.state.loss_curve
            }

            /// The loss of the last epoch.
            pub fn loss(&self) -> f64 {
                self.state.loss_curve.last().copied().unwrap_or(0.0)
            }

            /// The smallest loss of an epoch.
            pub fn best_loss(&self) -> f64 {
                self.state.loss_curve.iter().copied().fold(f64::INFINITY, f64::min)
            }

            /// The loss of the validation rows after each epoch; empty without validation rows.
            pub fn validation_loss_curve(&self) -> &[f64] {
                &self.state.validation_losses
            }

            /// What the validation rows were judged by after each epoch; empty without validation rows, or where it is the
            /// loss.
            pub fn validation_scores(&self) -> &[f64] {
                &self.state.validation_scores
            }

            /// The largest of [`validation_scores`](Self::validation_scores).
            pub fn best_validation_score(&self) -> Option<f64> {
                self.state.validation_scores.iter().copied().reduce(f64::max)
            }

            /// What each layer learned, in the order of Keras's `get_weights`: of a dense layer W (n_inputs, units) and b, of a
            /// normalisation γ and β and of a batch normalisation the running means and variances, of an embedding a table for
            /// each column whose first row is the unknown category. Vectors are matrices of one row.
            pub fn weights(&self) -> Vec<::ndarray::Array2<F>> {
                self.state.network.weights()
            }

            /// The layers with their shapes and numbers of parameters.
            pub fn summary(&self) -> $crate::neural_network::Summary {
                self.state.network.summary()
            }
        }
    };
}
pub(super) use fitted;
