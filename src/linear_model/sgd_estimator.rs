//! What the settings of the estimators that learn by stochastic gradient descent have in common.

/// Declares an estimator: the settings that all share and its own, each with its default, which is also what
/// [`Settings`](super::stochastic_gradient::Settings) are made of.
macro_rules! sgd_estimator {
    (
        $(#[$doc:meta])*
        pub struct $estimator:ident {
            $($(#[$attr:meta])* $field:ident: $type:ty = $default:expr => $about:literal;)*
        }
        defaults { penalty: $penalty:expr, eta0: $eta0:expr }
        own($this:ident) $own:expr;
        check($that:ident) $check:expr;
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $estimator {
            $($(#[$attr])* $field: $type,)*
            penalty: Option<$crate::linear_model::SgdPenalty>,
            #[serde(with = "crate::params::number")]
            alpha: f64,
            #[serde(with = "crate::params::number")]
            l1_ratio: f64,
            fit_intercept: bool,
            max_iter: usize,
            #[serde(with = "crate::params::optional_number")]
            tol: Option<f64>,
            shuffle: bool,
            #[serde(with = "crate::params::number")]
            eta0: f64,
            early_stopping: bool,
            #[serde(with = "crate::params::number")]
            validation_fraction: f64,
            n_iter_no_change: usize,
            random_state: u64,
            #[serde(skip)]
            watch: $crate::observer::Watch,
        }

        impl Default for $estimator {
            fn default() -> Self {
                $estimator {
                    $($field: $default,)*
                    penalty: $penalty,
                    alpha: 1e-4,
                    l1_ratio: 0.15,
                    fit_intercept: true,
                    max_iter: 1000,
                    tol: Some(1e-3),
                    shuffle: true,
                    eta0: $eta0,
                    early_stopping: false,
                    validation_fraction: 0.1,
                    n_iter_no_change: 5,
                    random_state: 0,
                    watch: $crate::observer::Watch::default(),
                }
            }
        }

        impl $estimator {
            /// The defaults.
            pub fn new() -> Self {
                Self::default()
            }

            $(
                #[doc = $about]
                #[must_use]
                pub fn $field(mut self, $field: $type) -> Self {
                    self.$field = $field;
                    self
                }
            )*

            /// The penalty; `None` for none.
            #[must_use]
            pub fn penalty(
                mut self,
                penalty: impl Into<Option<$crate::linear_model::SgdPenalty>>,
            ) -> Self {
                self.penalty = penalty.into();
                self
            }

            /// The strength of the penalty, and the step size of the schedule `optimal`.
            #[must_use]
            pub fn alpha(mut self, alpha: f64) -> Self {
                self.alpha = alpha;
                self
            }

            /// The L1 share of the elastic net penalty.
            #[must_use]
            pub fn l1_ratio(mut self, l1_ratio: f64) -> Self {
                self.l1_ratio = l1_ratio;
                self
            }

            /// Whether there is an intercept.
            #[must_use]
            pub fn fit_intercept(mut self, fit_intercept: bool) -> Self {
                self.fit_intercept = fit_intercept;
                self
            }

            /// The most epochs of a fit. `partial_fit` makes one.
            #[must_use]
            pub fn max_iter(mut self, max_iter: usize) -> Self {
                self.max_iter = max_iter;
                self
            }

            /// What an epoch must improve to count as an improvement; `None` makes all `max_iter` epochs.
            #[must_use]
            pub fn tol(mut self, tol: impl Into<Option<f64>>) -> Self {
                self.tol = tol.into();
                self
            }

            /// Whether every epoch takes the rows in another random order; without it, in theirs.
            #[must_use]
            pub fn shuffle(mut self, shuffle: bool) -> Self {
                self.shuffle = shuffle;
                self
            }

            /// The first step size, or the only one.
            #[must_use]
            pub fn eta0(mut self, eta0: f64) -> Self {
                self.eta0 = eta0;
                self
            }

            /// Whether the score on rows that are held out says when to stop, and not the objective.
            #[must_use]
            pub fn early_stopping(mut self, early_stopping: bool) -> Self {
                self.early_stopping = early_stopping;
                self
            }

            /// The share of rows to hold out for `early_stopping`.
            #[must_use]
            pub fn validation_fraction(mut self, validation_fraction: f64) -> Self {
                self.validation_fraction = validation_fraction;
                self
            }

            /// Epochs in a row without an improvement after which the fit ends.
            #[must_use]
            pub fn n_iter_no_change(mut self, n_iter_no_change: usize) -> Self {
                self.n_iter_no_change = n_iter_no_change;
                self
            }

            /// The seed of the order of rows and of the rows held out.
            #[must_use]
            pub fn random_state(mut self, random_state: u64) -> Self {
                self.random_state = random_state;
                self
            }

            /// Reports every epoch with the objective, or with the score on the rows held out, and can stop the fit.
            #[must_use]
            pub fn observer(mut self, observer: impl $crate::observer::Observer + 'static) -> Self {
                self.watch = $crate::observer::Watch::by(observer);
                self
            }

            fn settings(&self) -> $crate::linear_model::stochastic_gradient::Settings {
                let $this = self;
                $crate::linear_model::stochastic_gradient::Settings {
                    name: NAME,
                    own: $own,
                    penalty: self.penalty,
                    alpha: self.alpha,
                    l1_ratio: self.l1_ratio,
                    eta0: self.eta0,
                    fit_intercept: self.fit_intercept,
                    max_iter: self.max_iter,
                    tol: self.tol,
                    shuffle: self.shuffle,
                    early_stopping: self.early_stopping,
                    validation_fraction: self.validation_fraction,
                    n_iter_no_change: self.n_iter_no_change,
                    random_state: self.random_state,
                }
            }
        }

        impl $crate::params::Hyperparameters for $estimator {
            const NAME: &'static str = NAME;

            fn restore(mut self, original: &Self) -> Self {
                self.watch = original.watch.clone();
                self
            }

            fn check(&self) -> $crate::Result<()> {
                self.settings().check()?;
                let $that = self;
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
pub(super) use sgd_estimator;
